// Calls other than chats through the hub, in AIGNE's formats, to each provider that has them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AIGNEHubImageModel, AIGNEHubVideoModel } from '@aigne/aigne-hub';
import { PNG, post, settled, startAll, startHub } from './harness.mjs';

let all, second;
const BASES = { xai: '/xai/v1', doubao: '/doubao/api/v3', openrouter: '/openrouter/api/v1', ideogram: '/ideogram', mistral: '/mistral/v1', azure: '/azure' };
const RATES = [
  ['openai', 'gpt-image-1', 'image', '0', '0.04'], ['openai', 'sora-2', 'video', '0', '0.1'], ['openai', 'text-embedding-3-small', 'embedding', '0.001', '0'],
  ['openai', 'tts-1', 'speech', '0.001', '0'], ['openai', 'whisper-1', 'transcription', '0.0001', '0'], ['ideogram', 'ideogram-v3', 'image', '0', '0.06'],
];

before(async () => {
  all = await startAll();
  for (const [provider, base] of Object.entries(BASES)) {
    await all.hub.do('provider.put', { name: provider, baseUrl: all.imitation.url + base });
    await all.hub.do('credential.put', { provider, name: 'main', value: `sk-${provider}-0123456789abcdef` });
  }
  await all.hub.do('provider.put', { name: 'echo' });
  for (const [provider, model, type, inputRate, outputRate] of RATES) await all.hub.do('rate.put', { provider, model, type, inputRate, outputRate });
  second = await startHub();
  await second.do('provider.put', { name: 'aignehub', baseUrl: all.hub.url });
  await second.do('credential.put', { provider: 'aignehub', name: 'first', value: all.key });
  second.accessKey = await second.key('tests');
  await settled(async () => (await ask('image', 'ideogram/ideogram-v3', { prompt: 'x' })).status === 200);
  await settled(async () => (await ask('embeddings', 'openai/text-embedding-3-small', { input: 'x' })).json.usage?.aigneHubCredits > 0);
});
after(async () => {
  await second?.stop();
  await all?.stop();
});

const ask = (kind, model, input, hub = all.hub, key = all.key) =>
  post(`${hub.url}/api/v2/${kind}`, { agent: '$CHAT_MODEL', input: { ...input, modelOptions: { model, ...input.modelOptions } }, options: {} }, { authorization: `Bearer ${key}` });
const good = async (kind, model, input) => {
  const { status, json, text } = await ask(kind, model, input);
  assert.equal(status, 200, text);
  return json;
};
const bad = async (status, kind, model, input, words) => {
  const answer = await ask(kind, model, input);
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.json.error.message, words);
};
const lastSent = (path) => all.imitation.log.entries.filter((e) => e.path.includes(path)).at(-1);
const newest = async () => (await all.hub.do('usage.list', { pageSize: 1 })).list[0];
const png = { type: 'file', data: PNG, mimeType: 'image/png' };

describe('embeddings', () => {
  for (const model of ['openai/text-embedding-3-small', 'openrouter/openai/text-embedding-3-small', 'doubao/doubao-embedding-text-240715', 'mistral/codestral-embed'])
    it(model, async () => {
      const reply = await good('embeddings', model, { input: ['one two', 'three #shuffle'], dimensions: 4 });
      assert.deepEqual(reply.embeddings, [[0.4375, 0.5, 0.5625, 0.625], [0.875, 0.9375, 1, 1.0625]]);
      assert.equal(reply.usage.inputTokens, 4);
      assert.equal(reply.modelWithProvider, model);
      assert.equal(lastSent('/embeddings').body.encoding_format, 'float');
    });
  it('doubao, by a model that also sees: a question for each input', async () => {
    const reply = await good('embeddings', 'doubao/doubao-embedding-vision-250615', { input: ['one two', 'three'], dimensions: 1 });
    assert.deepEqual(reply.embeddings, [[0.4375], [0.3125]]);
    assert.equal(reply.usage.inputTokens, 4);
  });
  it('takes tokens and one text, and refuses what is none', async () => {
    assert.equal((await good('embeddings', 'openai/text-embedding-3-small', { input: [[1, 2], [3]] })).embeddings.length, 2);
    assert.equal((await good('embeddings', 'openai/text-embedding-3-small', { input: 'one' })).embeddings.length, 1);
    await bad(400, 'embeddings', 'openai/text-embedding-3-small', { input: 'a', dimensions: 'x' }, /dimensions/);
    await bad(502, 'embeddings', 'openai/text-embedding-3-small', { input: ['#fewer', 'a'] }, /1 embeddings of 2/);
    await bad(429, 'embeddings', 'openai/text-embedding-3-small', { input: 'a #status=429' }, /Rate limit/);
    await bad(404, 'embeddings', 'openai/text-embedding-no-such', { input: 'a' }, /does not exist/);
  });
  it('is recorded in tokens and charged', async () => {
    await good('embeddings', 'openai/text-embedding-3-small', { input: 'one two three' });
    const row = await newest();
    assert.equal(row.type, 'embedding');
    assert.equal(row.usage?.inputTokens ?? row.inputTokens, 3);
    assert.equal(Number(row.credits), 0.003);
  });
});

describe('images', () => {
  it('openai makes and edits', async () => {
    const reply = await good('image', 'openai/gpt-image-1', { prompt: 'a cat', n: 2, size: '1024x1024', quality: 'low', outputFileType: 'url' });
    assert.equal(reply.images.length, 2);
    assert.equal(reply.images[0].mimeType, 'image/png');
    assert.equal(reply.usage.aigneHubCredits, 0.08);
    assert.deepEqual([reply.usage.inputTokens, reply.usage.outputTokens, reply.usage.images], [30, 200, 2]);
    await good('image', 'openai/gpt-image-1', { prompt: 'a hat', image: [png], mask: png, inputFidelity: 'high' });
    assert.deepEqual(lastSent('/images/edits').body.image, { name: 'image.png', type: 'image/png', size: 70 });
    await good('image', 'openai/gpt-image-1', { prompt: 'a hat', image: [{ type: 'url', url: 'https://files.test/a.png' }, png] });
    assert.equal(lastSent('/images/edits').body.images.length, 2);
    const linked = await good('image', 'openai/dall-e-3', { prompt: 'a cat', outputFileType: 'url' });
    assert.equal(linked.images[0].type, 'url');
    await bad(400, 'image', 'openai/gpt-image-1', { prompt: 'a', negativePrompt: 'b' }, /negativePrompt/);
    await bad(400, 'image', 'openai/gpt-image-1', { prompt: 'a #status=400' }, /refused on purpose/);
  });
  it('xai', async () => {
    const reply = await good('image', 'xai/grok-imagine-image', { prompt: 'a cat', n: 2, aspectRatio: '16:9', outputFileType: 'file' });
    assert.equal(reply.images.length, 2);
    assert.equal(reply.images[0].type, 'file');
    await good('image', 'xai/grok-imagine-image', { prompt: 'a hat', image: [png, png] });
    assert.equal(lastSent('/xai/v1/images/edits').body.images.length, 2);
    await bad(503, 'image', 'xai/grok-imagine-image', { prompt: 'a #status=503' }, /overloaded/);
  });
  it('doubao', async () => {
    const reply = await good('image', 'doubao/doubao-seedream-4-0-250828', { prompt: 'a cat #withhold', n: 2, size: '2K', outputFileType: 'file', watermark: false });
    assert.equal(reply.images.length, 1);
    await bad(400, 'image', 'doubao/doubao-seedream-4-0-250828', { prompt: 'a cat #withhold' }, /sensitive/);
    const edited = await good('image', 'doubao/doubao-seededit-3-0-i2i', { prompt: 'a hat', image: [png] });
    assert.equal(edited.images[0].type, 'url');
  });
  it('openrouter', async () => {
    const reply = await good('image', 'openrouter/google/gemini-2.5-flash-image', { prompt: 'a cat', aspectRatio: '1:1', image: [png] });
    assert.equal(reply.images[0].mimeType, 'image/png');
    await bad(502, 'image', 'openrouter/google/gemini-2.5-flash-image', { prompt: 'a cat #silent' }, /no image/);
  });
  it('ideogram', async () => {
    const reply = await good('image', 'ideogram/ideogram-v3', { prompt: 'a cat', n: 2, aspectRatio: '16:9', negativePrompt: 'dogs', modelOptions: { renderingSpeed: 'TURBO', colorPalette: { name: 'EMBER' } } });
    assert.equal(reply.images.length, 2);
    assert.equal(reply.usage.aigneHubCredits, 0.12);
    const row = await newest();
    assert.equal(row.usage?.images ?? row.images, 2);
    const bytes = await good('image', 'ideogram/ideogram-v3', { prompt: 'a cat', n: 2, outputFileType: 'file' });
    assert.deepEqual(bytes.images.map((i) => [i.type, i.mimeType]), [['file', 'image/png'], ['file', 'image/png']]);
    assert.equal((await good('image', 'ideogram/ideogram-v3', { prompt: 'a cat #unsafe=first', n: 2 })).images.length, 1);
    await bad(422, 'image', 'ideogram/ideogram-v3', { prompt: 'a cat #unsafe' }, /unsafe/);
    await bad(422, 'image', 'ideogram/ideogram-v3', { prompt: 'a cat #status=422' }, /safety check/);
    for (const more of [{ image: [png] }, { image: [png], mask: png }, { image: [png], operation: 'reframe', size: '1536x512' }, { image: [png], operation: 'replace-background' }])
      await good('image', 'ideogram/ideogram-v3', { prompt: 'a hat', ...more });
    await good('image', 'ideogram/ideogram-v4', { prompt: 'a hat' });
    await good('image', 'ideogram/ideogram-4-5', { prompt: 'a hat' });
  });
});

describe('videos', () => {
  it('openai: made, asked about, fetched, counted in seconds', async () => {
    const reply = await good('video', 'openai/sora-2', { prompt: 'a cat #polls=2', seconds: '8', size: '1280x720', image: png, outputFileType: 'url' });
    assert.equal(reply.videos[0].mimeType, 'video/mp4');
    assert.equal(Buffer.from(reply.videos[0].data, 'base64').subarray(4, 8).toString(), 'ftyp');
    assert.equal(reply.usage.aigneHubCredits, 0.8);
    const row = await newest();
    assert.equal(row.usage?.milliseconds ?? row.milliseconds, 8000);
  });
  it('openai: bad moments while waiting are passed over, a failed job is not', async () => {
    await good('video', 'openai/sora-2', { prompt: 'a cat #poll-status=503' });
    const before = all.imitation.log.entries.length;
    await bad(400, 'video', 'openai/sora-2', { prompt: 'a cat #fail' }, /moderation/);
    assert.equal(all.imitation.log.entries.length - before, 2);
    await bad(429, 'video', 'openai/sora-2', { prompt: 'a cat #status=429' }, /Rate limit/);
  });
});

describe('videos that are watched', () => {
  const watch = async (model, prompt) => {
    const { status, headers, text } = await post(`${all.hub.url}/api/v2/video`, { input: { prompt, modelOptions: { model } }, options: { streaming: true } }, { authorization: `Bearer ${all.key}` });
    assert.equal(status, 200, text);
    assert.match(headers.get('content-type'), /^text\/event-stream/);
    return text.split('\n\n').filter((t) => t && !t.startsWith(':')).map((t) => (t.startsWith('event: error\n') ? { error: JSON.parse(t.slice(19)) } : JSON.parse(t.slice(6))));
  };
  it('tell how far they are, then what they are', async () => {
    const events = await watch('echo/echo', 'a');
    assert.deepEqual(events.slice(0, -1).map((e) => e.progress.progress), [0, 25, 50, 75, 100]);
    const { json } = events.at(-1).delta;
    assert.equal(json.videos[0].mimeType, 'video/mp4');
    assert.equal(json.seconds, 4);
    assert.equal(json.modelWithProvider, 'echo/echo');
    const made = await watch('openai/sora-2', 'a cat #polls=2');
    assert.ok(made.length > 1 && made.slice(0, -1).every((e) => typeof e.progress.status === 'string'), JSON.stringify(made).slice(0, 500));
    assert.equal(Buffer.from(made.at(-1).delta.json.videos[0].data, 'base64').subarray(4, 8).toString(), 'ftyp');
  });
  for (const model of ['azure/sora-2', 'xai/grok-imagine-video', 'doubao/doubao-seedance-1-0-pro'])
    it(`${model} tells the same whether it is watched or not, in seconds`, { concurrency: true }, async () => {
      const [whole, events] = await Promise.all([good('video', model, { prompt: 'a cat', seconds: '4' }), watch(model, 'a cat')]);
      const { usage, ...watched } = events.at(-1).delta.json;
      assert.deepEqual(Object.keys(watched).sort(), Object.keys(whole).filter((k) => k !== 'usage').sort());
      assert.deepEqual([whole.seconds, whole.usage.seconds, usage.seconds > 0], [4, 4, true]);
      assert.ok(events.slice(0, -1).every((e) => e.progress), JSON.stringify(events).slice(0, 300));
    });
  it('and that they fail', async () => {
    const events = await watch('echo/break-2', 'a');
    assert.match(events.at(-1).error.message, /as it was told/);
    assert.equal(events.length, 3);
  });
});

describe('videos behind links', { concurrency: true }, () => {
  it('xai', async () => {
    const reply = await good('video', 'xai/grok-imagine-video', { prompt: 'a cat', seconds: 6 });
    assert.equal(reply.videos[0].type, 'url');
    const bytes = await good('video', 'xai/grok-imagine-video', { prompt: 'a cat', outputFileType: 'file' });
    assert.equal(bytes.videos[0].type, 'file');
    await bad(502, 'video', 'xai/grok-imagine-video', { prompt: 'a cat #expire' }, /expired/);
    await bad(400, 'video', 'xai/grok-imagine-video', { prompt: 'a cat #withhold' }, /rules/);
  });
  it('doubao', async () => {
    const reply = await good('video', 'doubao/doubao-seedance-1-0-pro-250528', { prompt: 'a cat', seconds: 5, aspectRatio: '16:9', image: png });
    assert.equal(reply.videos[0].type, 'url');
    await bad(400, 'video', 'doubao/doubao-seedance-1-0-pro-250528', { prompt: 'a cat #fail' }, /sensitive/);
  });
});

describe('speech and transcriptions', () => {
  it('speaks', async () => {
    const reply = await good('speech', 'openai/tts-1', { input: 'Grüße', voice: 'nova', outputFormat: 'wav' });
    assert.equal(reply.audio.mimeType, 'audio/wav');
    assert.equal(Buffer.from(reply.audio.data, 'base64').subarray(0, 4).toString(), 'RIFF');
    assert.equal(Number((await newest()).credits), 0.005);
    await bad(400, 'speech', 'openai/tts-1', { input: 'x'.repeat(5000) }, /long/);
  });
  it('hears', async () => {
    const audio = { type: 'file', data: Buffer.from('ID3 sound').toString('base64'), mimeType: 'audio/mpeg' };
    const reply = await good('transcription', 'openai/whisper-1', { audio, language: 'en' });
    assert.equal(reply.text, 'Heard 9 bytes.');
    assert.equal(Number((await newest()).credits), 0.0003);
    const verbose = await good('transcription', 'openai/whisper-1', { audio, responseFormat: 'verbose_json', timestampGranularities: ['word'] });
    assert.equal(verbose.words[0].word, 'Heard');
    const tokens = await good('transcription', 'openai/gpt-4o-transcribe', { audio });
    assert.deepEqual([tokens.usage.inputTokens, tokens.usage.outputTokens], [14, 5]);
    await bad(400, 'transcription', 'openai/gpt-4o-transcribe', { audio, responseFormat: 'srt' }, /not compatible/);
    await bad(400, 'transcription', 'openai/whisper-1', { audio: 'https://files.test/a.mp3' }, /audio/);
  });
});

describe('echo', () => {
  it('hears what it said', async () => {
    const { audio } = await good('speech', 'echo/echo', { input: 'Hello, 東京!' });
    assert.equal((await good('transcription', 'echo/echo', { audio })).text, 'Hello, 東京!');
  });
  it('makes and embeds', async () => {
    assert.equal((await good('image', 'echo/echo', { prompt: 'a', n: 3 })).images.length, 3);
    assert.equal((await good('video', 'echo/echo', { prompt: 'a' })).videos[0].mimeType, 'video/mp4');
    const { embeddings } = await good('embeddings', 'echo/echo', { input: ['a', 'a', 'b'] });
    assert.deepEqual(embeddings[0], embeddings[1]);
    assert.notDeepEqual(embeddings[0], embeddings[2]);
    await bad(500, 'video', 'echo/break-2', { prompt: 'a' }, /as it was told/);
  });
});

describe("AIGNE's own clients", { concurrency: true }, () => {
  const through = { directly: () => ({ baseURL: all.hub.url, apiKey: all.key, prefix: 'aignehub/' }), 'through a second hub': () => ({ baseURL: second.url, apiKey: second.accessKey, prefix: 'aignehub/hub/' }) };
  for (const [name, to] of Object.entries(through)) {
    const open = (Model, model) => new Model({ baseURL: to().baseURL, apiKey: to().apiKey, model: to().prefix + model });
    for (const model of ['openai/gpt-image-1', 'xai/grok-imagine-image', 'doubao/doubao-seedream-4-0-250828', 'openrouter/google/gemini-2.5-flash-image', 'ideogram/ideogram-v3', 'echo/echo'])
      it(`${name}: ${model} makes an image`, async () => {
        const reply = await open(AIGNEHubImageModel, model).invoke({ prompt: 'a cat' });
        assert.equal(reply.images.length, 1);
      });
    for (const model of ['openai/sora-2', 'xai/grok-imagine-video', 'doubao/doubao-seedance-1-0-pro-250528', 'echo/echo'])
      it(`${name}: ${model} makes a video`, async () => {
        const reply = await open(AIGNEHubVideoModel, model).invoke({ prompt: 'a cat', seconds: '4' });
        assert.equal(reply.videos.length, 1);
      });
  }
  it('charges a video by its seconds through a second hub too', async () => {
    const reply = await ask('video', 'aignehub/openai/sora-2', { prompt: 'a cat', seconds: '4' }, second, second.accessKey);
    assert.equal(reply.status, 200, reply.text);
    const row = (await second.do('usage.list', { requestId: reply.headers.get('x-request-id') })).list[0];
    assert.equal(row.usage?.milliseconds ?? row.milliseconds, 4000);
  });
});
