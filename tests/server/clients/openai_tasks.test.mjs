// The npm openai SDK and Vercel's ai SDK against our server for all that is no chat: embeddings, images,
// speech, transcriptions, the list of models; through OpenAI as it is imitated, and through others.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { embed, embedMany, experimental_generateSpeech as generateSpeech, experimental_transcribe as transcribe, generateImage } from 'ai';
import OpenAI, { toFile } from 'openai';
import { PNG, collect, post, settled, startAll, upstreamKeys } from './harness.mjs';

let all;
const client = (path = '/v1', more = {}) => new OpenAI({ baseURL: `${all.hub.url}${path}`, apiKey: all.key, maxRetries: 0, ...more });
const png = (name = 'a.png') => toFile(Buffer.from(PNG, 'base64'), name, { type: 'image/png' });
const wav = () => toFile(Buffer.from('RIFF\0\0\0\0WAVEfmt '), 'talk.wav', { type: 'audio/wav' });
/* Silence of so many seconds. */
const silence = (seconds) => {
  const head = Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\0\0\0\0', 'latin1');
  head.writeUInt32LE(seconds * 8000, 40);
  return toFile(Buffer.concat([head, Buffer.alloc(seconds * 8000, 0x80)]), 'talk.wav', { type: 'audio/wav' });
};
const last = () => all.imitation.log.entries.at(-1);
const rows = async () => (await all.hub.do('usage.list', { pageSize: 50 })).list ?? [];
const reject = async (promise, status, pattern, param) => {
  let caught;
  await assert.rejects(promise, (e) => ((caught = e), true));
  assert.equal(caught.status, status, caught.message);
  assert.match(caught.message, pattern);
  if (param !== undefined) assert.equal(caught.param, param);
  return caught;
};
const EMBEDDINGS = 'openai/text-embedding-3-small';
const IMAGES = 'openai/gpt-image-1';
const SPEECH = 'openai/gpt-4o-mini-tts';
const WHISPER = 'openai/whisper-1';
const TRANSCRIBE = 'openai/gpt-4o-transcribe';

before(async () => {
  all = await startAll();
  await all.hub.do('provider.put', { name: 'echo' });
  for (const [model, type] of [['text-embedding-3-small', 'embedding'], ['gpt-image-1', 'imageGeneration'], ['gpt-4o-mini-tts', 'speech'], ['whisper-1', 'transcription']])
    await all.hub.do('rate.put', { provider: 'openai', model, type, inputRate: '0.000001', outputRate: '0.000002' });
});
after(() => all?.stop());

describe('embeddings', () => {
  it('come as base64 when nothing is said, and are relayed as they are', async () => {
    const { data, usage, model } = await client().embeddings.create({ model: EMBEDDINGS, input: 'hello world' });
    assert.deepEqual(data[0].embedding, [0.6875, 0.75, 0.8125]);
    assert.equal(last().body.encoding_format, 'base64');
    assert.equal(last().body.model, 'text-embedding-3-small');
    assert.equal(last().key, upstreamKeys.openai);
    assert.deepEqual(usage, { prompt_tokens: 2, total_tokens: 2 });
    assert.equal(model, 'text-embedding-3-small');
  });
  it('come as numbers, for texts and tokens, of any size', async () => {
    for (const input of [['a', 'bb'], [1, 2, 3], [[1, 2], [3]]]) {
      const { data } = await client('/openai/v1').embeddings.create({ model: EMBEDDINGS, input, encoding_format: 'float', dimensions: 5 });
      assert.equal(data.length, typeof input[0] === 'number' ? 1 : 2);
      for (const [i, d] of data.entries()) assert.deepEqual([d.index, d.embedding.length], [i, 5]);
    }
  });
  it('of another provider are the same, however they are asked for', async () => {
    const c = client('');
    const floats = await c.embeddings.create({ model: 'echo/echo', input: ['one two', 'three'], encoding_format: 'float' });
    const bytes = await c.embeddings.create({ model: 'echo/echo', input: ['one two', 'three'] });
    assert.equal(floats.data.length, 2);
    for (const [i, d] of bytes.data.entries()) assert.deepEqual(d.embedding, Array.from(Float32Array.from(floats.data[i].embedding)));
    assert.ok(floats.data[0].embedding.length > 1);
    assert.ok(bytes.usage.prompt_tokens > 0);
    const raw = await post(`${all.hub.url}/v1/embeddings`, { model: 'echo/echo', input: 'x', encoding_format: 'base64' }, { authorization: `Bearer ${all.key}` });
    assert.equal(typeof raw.json.data[0].embedding, 'string');
  });
  it('come at the paths that AIGNE Hub\'s documents have, too', async () => {
    const c = client('/api');
    assert.equal((await c.embeddings.create({ model: EMBEDDINGS, input: 'hello world' })).data[0].embedding.length, 3);
    assert.equal((await c.images.generate({ model: 'echo/echo', prompt: 'a cat' })).data.length, 1);
    assert.equal((await c.chat.completions.create({ model: 'openai/gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] })).choices.length, 1);
    const speech = await client('/api/v2').audio.speech.create({ model: SPEECH, voice: 'alloy', input: 'Hello' });
    assert.ok((await speech.arrayBuffer()).byteLength > 100);
  });
  it('are refused by name', async () => {
    const c = client().embeddings;
    await reject(c.create({ model: EMBEDDINGS }), 400, /input/, 'input'); // by the provider: the body is relayed
    await reject(c.create({ model: 'echo/echo' }), 400, /input is missing/, 'input');
    await reject(c.create({ model: 'echo/echo', input: [] }), 400, /input is missing or empty/, 'input');
    await reject(c.create({ model: 'echo/echo', input: 'a', encoding_format: 'int8' }), 400, /encoding_format must be float or base64/, 'encoding_format');
    await reject(c.create({ input: 'a' }), 400, /model/, 'model');
    await reject(c.create({ model: 'anthropic/claude-haiku-4-5', input: 'a' }), 400, /embedding/);
    const form = new FormData();
    form.set('model', EMBEDDINGS);
    const refused = await fetch(`${all.hub.url}/v1/embeddings`, { method: 'POST', headers: { authorization: `Bearer ${all.key}` }, body: form });
    assert.equal(refused.status, 415);
  });
  it('tell a provider\'s errors as it does', async () => {
    const c = client().embeddings;
    const busy = await reject(c.create({ model: EMBEDDINGS, input: 'a #status=429 #retry=7' }), 429, /./);
    assert.equal(busy.headers.get('retry-after'), '7');
    await reject(c.create({ model: EMBEDDINGS, input: 'a #status=500' }), 500, /./);
    await reject(c.create({ model: EMBEDDINGS, input: 'a #status=400' }), 400, /./);
    await reject(c.create({ model: 'openai/text-embedding-no-such', input: 'a' }), 404, /no-such/);
    await reject(new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: 'wrong', maxRetries: 0 }).embeddings.create({ model: EMBEDDINGS, input: 'a' }), 401, /key/);
  });
});

describe('images', () => {
  it('are made though the client names a format that the model refuses', async () => {
    const made = await client().images.generate({ model: IMAGES, prompt: 'a cat', response_format: 'b64_json', user: 'u-1' });
    assert.equal(made.data[0].b64_json.slice(0, 8), 'iVBORw0K');
    assert.deepEqual(last().body, { model: 'gpt-image-1', prompt: 'a cat', user: 'u-1' });
    assert.match((await client().images.generate({ model: IMAGES, prompt: 'a cat', response_format: 'url' })).data[0].url, /^data:image\/png;base64,iVBORw0K/);
  });
  it('are made, and the body passes untouched', async () => {
    const made = await client().images.generate({ model: IMAGES, prompt: 'a cat', n: 2, size: '1024x1024', quality: 'low', background: 'opaque', output_format: 'png' });
    assert.equal(made.data.length, 2);
    assert.equal(made.data[0].b64_json.slice(0, 8), 'iVBORw0K');
    assert.equal(made.usage.output_tokens, 200);
    assert.deepEqual(last().body, { model: 'gpt-image-1', prompt: 'a cat', n: 2, size: '1024x1024', quality: 'low', background: 'opaque', output_format: 'png' });
  });
  it('come in a stream, partial ones first', async () => {
    const events = await collect(await client().images.generate({ model: IMAGES, prompt: 'a cat', stream: true, partial_images: 2 }));
    assert.deepEqual(events.map((e) => e.type), ['image_generation.partial_image', 'image_generation.partial_image', 'image_generation.completed']);
    assert.equal(events.at(-1).usage.total_tokens, 130);
  });
  it('are edited: the form passes but for the model\'s name', async () => {
    const made = await client().images.edit({ model: IMAGES, prompt: 'a hat', image: [await png('a.png'), await png('b.png')], mask: await png('mask.png'), n: 1, input_fidelity: 'high' });
    assert.equal(made.data.length, 1);
    const sent = last().body;
    assert.equal(sent.model, 'gpt-image-1');
    assert.equal(sent.input_fidelity, 'high');
    assert.deepEqual(sent.image.map((i) => [i.name, i.type, i.size]), [['a.png', 'image/png', 70], ['b.png', 'image/png', 70]]);
    assert.equal(sent.mask.name, 'mask.png');
    const events = await collect(await client().images.edit({ model: IMAGES, prompt: 'a hat', image: await png(), stream: true, partial_images: 1 }));
    assert.deepEqual(events.map((e) => e.type), ['image_edit.partial_image', 'image_edit.completed']);
  });
  it('are edited as JSON', async () => {
    const url = `data:image/png;base64,${PNG}`;
    const { status, json } = await post(`${all.hub.url}/v1/images/edits`, { model: IMAGES, prompt: 'a hat', images: [{ image_url: url }] }, { authorization: `Bearer ${all.key}` });
    assert.equal(status, 200);
    assert.equal(json.data.length, 1);
    assert.equal(last().body.images[0].image_url, url);
  });
  it('of another provider come in OpenAI\'s shape', async () => {
    const c = client();
    const made = await c.images.generate({ model: 'echo/echo', prompt: 'a cat', n: 2 });
    assert.equal(made.data.length, 2);
    assert.ok(Buffer.from(made.data[1].b64_json, 'base64').length > 10);
    const edited = await c.images.edit({ model: 'echo/echo', prompt: 'a hat', image: await png() });
    assert.equal(edited.data.length, 1);
    const link = await c.images.generate({ model: 'echo/echo', prompt: 'a cat', response_format: 'url' });
    assert.match(link.data[0].url, /^(data:image\/|https?:)/);
    const events = await collect(await c.images.generate({ model: 'echo/echo', prompt: 'a cat', stream: true }));
    assert.equal(events.at(-1).type, 'image_generation.completed');
    assert.ok(events.at(-1).b64_json.length > 10);
  });
  it('tell the prompt as it was revised', async () => {
    const { data } = await client().images.generate({ model: 'openai/dall-e-3', prompt: 'a cat', response_format: 'b64_json' });
    assert.equal(data[0].revised_prompt, 'a cat');
  });
  it('of others: what was left out or cannot be had has the name that the client gave it', async () => {
    const { response } = await client().images.generate({ model: 'google/gemini-2.5-flash-image', prompt: 'a cat', output_format: 'png', output_compression: 80 }).withResponse();
    assert.equal(response.headers.get('x-aigne-hub-dropped'), 'output_format, output_compression');
    await reject(client().audio.transcriptions.create({ model: 'google/gemini-2.5-flash', file: await wav(), response_format: 'srt' }), 400, /^400 response_format: this provider/, 'response_format');
  });
  it('are edited by others without what only OpenAI knows', async () => {
    const at = { xai: '/xai/v1', doubao: '/doubao/api/v3', openrouter: '/openrouter/api/v1' };
    for (const [name, base] of Object.entries(at)) {
      await all.hub.do('provider.put', { name, baseUrl: all.imitation.url + base });
      await all.hub.do('credential.put', { provider: name, name: 'main', value: `sk-${name}-0123456789abcdef` });
    }
    const c = client().images;
    const edit = async (model) => c.edit({ model, prompt: 'a hat', image: [await png(), await png()], size: 'auto', quality: 'auto', input_fidelity: 'high' }).withResponse();
    await settled(async () => edit('openrouter/google/gemini-2.5-flash-image').then(() => true, (e) => e.status !== 404));
    for (const model of ['xai/grok-2-image', 'doubao/doubao-seedream-4-0-250828', 'openrouter/google/gemini-2.5-flash-image']) {
      const { data, response } = await edit(model);
      assert.equal(data.data.length, 1);
      assert.equal(response.headers.get('x-aigne-hub-dropped'), 'input_fidelity', model);
      assert.equal(last().body.size, undefined);
    }
  });
  it('are refused by name', async () => {
    const c = client().images;
    await reject(c.generate({ model: 'echo/echo' }), 400, /prompt is missing/, 'prompt');
    await reject(c.edit({ model: 'echo/echo', image: await png() }), 400, /prompt is missing/, 'prompt');
    await reject(c.generate({ model: IMAGES, prompt: 'a', style: 'vivid' }), 400, /style/, 'style');
    await reject(c.generate({ model: IMAGES, prompt: 'a #status=400 #code=moderation_blocked' }), 400, /./);
  });
});

describe('speech', () => {
  it('comes as bytes, piece by piece, under its own type', async () => {
    const response = await client().audio.speech.create({ model: SPEECH, voice: 'alloy', input: 'Hello', response_format: 'wav', instructions: 'softly', speed: 1.5 });
    assert.equal(response.headers.get('content-type'), 'audio/wav');
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(bytes.toString('latin1', 0, 4), 'RIFF');
    assert.equal(bytes.length, 844);
    assert.deepEqual(last().body, { model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'Hello', response_format: 'wav', instructions: 'softly', speed: 1.5 });
  });
  it('comes as events from who gives them so', async () => {
    const response = await client().audio.speech.create({ model: SPEECH, voice: 'alloy', input: 'Hello', stream_format: 'sse' });
    assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    const told = (await response.text()).trim().split('\n\n').map((f) => JSON.parse(f.replace(/^data: /, '')));
    assert.deepEqual([told.at(-1).type, told.at(-1).usage.total_tokens], ['speech.audio.done', 25]);
    assert.equal(Buffer.concat(told.slice(0, -1).map((e) => Buffer.from(e.audio, 'base64'))).length, 844);
  });
  it('that breaks off is no clean end', async () => {
    const response = await client().audio.speech.create({ model: SPEECH, voice: 'alloy', input: 'Hello #cut' });
    await assert.rejects(response.arrayBuffer());
  });
  it('of another provider comes as bytes, or as events', async () => {
    const c = client();
    const response = await c.audio.speech.create({ model: 'echo/echo', voice: 'alloy', input: 'Hello there' });
    assert.match(response.headers.get('content-type'), /^audio\//);
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.ok(bytes.length > 100);
    const events = await post(`${all.hub.url}/v1/audio/speech`, { model: 'echo/echo', voice: 'alloy', input: 'Hello there', stream_format: 'sse' }, { authorization: `Bearer ${all.key}` });
    const told = events.text.trim().split('\n\n').map((f) => JSON.parse(f.replace(/^data: /, '')));
    assert.equal(told.at(-1).type, 'speech.audio.done');
    const heard = Buffer.concat(told.filter((e) => e.type === 'speech.audio.delta').map((e) => Buffer.from(e.audio, 'base64')));
    assert.deepEqual(heard, bytes);
  });
  it('is refused by name', async () => {
    await reject(client().audio.speech.create({ model: 'echo/echo', voice: 'alloy' }), 400, /input is missing/, 'input');
    await reject(client().audio.speech.create({ model: 'echo/echo', input: 'a' }), 400, /voice is missing/, 'voice');
    await reject(client().audio.speech.create({ model: SPEECH, voice: 'alloy', input: 'a #status=503' }), 503, /./);
  });
});

describe('transcriptions', () => {
  it('come in every form', async () => {
    const c = client().audio.transcriptions;
    const json = await c.create({ model: WHISPER, file: await wav(), language: 'en', temperature: 0.2 });
    assert.equal(json.text, 'Heard 16 bytes.');
    assert.deepEqual(last().body, { model: 'whisper-1', language: 'en', temperature: '0.2', file: { name: 'talk.wav', type: 'audio/wav', size: 16 } });
    assert.equal(await c.create({ model: WHISPER, file: await wav(), response_format: 'text' }), 'Heard 16 bytes.\n');
    assert.match(await c.create({ model: WHISPER, file: await wav(), response_format: 'srt' }), /^1\n00:00:00,000 --> /);
    assert.match(await c.create({ model: WHISPER, file: await wav(), response_format: 'vtt' }), /^WEBVTT\n/);
    const verbose = await c.create({ model: WHISPER, file: await wav(), response_format: 'verbose_json', timestamp_granularities: ['word'] });
    assert.equal(verbose.words[0].word, 'Heard');
    assert.equal((await client().audio.translations.create({ model: WHISPER, file: await wav() })).text, 'Heard 16 bytes in English.');
  });
  it('come as they are heard', async () => {
    const events = await collect(await client().audio.transcriptions.create({ model: TRANSCRIBE, file: await wav(), stream: true }));
    assert.deepEqual([...new Set(events.map((e) => e.type))], ['transcript.text.delta', 'transcript.text.done']);
    assert.equal(events.at(-1).text, 'Heard 16 bytes.');
    assert.equal(events.at(-1).usage.total_tokens, 19);
    const told = await collect(await client().audio.transcriptions.create({ model: WHISPER, file: await wav(), stream: true })); // whisper does not stream
    assert.equal(told.at(-1).text, 'Heard 16 bytes.');
  });
  it('that break off tell so', async () => {
    await assert.rejects(async () => collect(await client().audio.transcriptions.create({ model: TRANSCRIBE, file: await wav(), stream: true, prompt: '#cut' })));
  });
  it('of another provider come in OpenAI\'s shape', async () => {
    const c = client().audio.transcriptions;
    const { text } = await c.create({ model: 'echo/echo', file: await wav() });
    assert.ok(text.length > 0);
    assert.equal(await c.create({ model: 'echo/echo', file: await wav(), response_format: 'text' }), `${text}\n`);
    const events = await collect(await c.create({ model: 'echo/echo', file: await wav(), stream: true }));
    assert.equal(events.at(-1).type, 'transcript.text.done');
    assert.equal(events.filter((e) => e.type === 'transcript.text.delta').map((e) => e.delta).join(''), events.at(-1).text);
  });
  it('are refused by name', async () => {
    const c = client().audio.transcriptions;
    await reject(c.create({ model: 'echo/echo', file: await wav(), response_format: 'xml' }), 400, /response_format must be/, 'response_format');
    await reject(c.create({ file: await wav() }), 400, /model/, 'model');
    const { status, json } = await post(`${all.hub.url}/v1/audio/transcriptions`, { model: WHISPER }, { authorization: `Bearer ${all.key}` });
    assert.equal(status, 415);
    assert.match(json.error.message, /multipart\/form-data/);
    await reject(c.create({ model: WHISPER, file: await wav(), prompt: '#status=500' }), 500, /./);
  });
});

describe('the books', () => {
  it('have each kind in its own units', async () => {
    const c = client();
    await c.images.generate({ model: IMAGES, prompt: 'a cat', n: 2 });
    await (await c.audio.speech.create({ model: SPEECH, voice: 'alloy', input: 'Größe' })).arrayBuffer();
    await c.audio.transcriptions.create({ model: WHISPER, file: await wav() });
    await c.embeddings.create({ model: EMBEDDINGS, input: 'a b c' });
    const seen = (await rows()).filter((r) => r.provider === 'openai' && r.status === 'success');
    const of = (type) => seen.find((r) => r.type === type);
    assert.deepEqual([of('image').images, of('image').ingress], [2, 'openai']);
    assert.equal(of('speech').characters, 5);
    assert.equal(of('transcription').milliseconds, 3000);
    assert.equal(of('embedding').inputTokens, 3);
    for (const type of ['image', 'speech', 'transcription', 'embedding']) assert.match(of(type).credits, /^0\.0*[1-9]/, type);
  });
  it('have the seconds of what was heard, whatever form the answer has', async () => {
    const create = client().audio.transcriptions;
    for (const [response_format, seconds, expected] of [
      ['json', 5, [3000, false]], // as the provider counts
      ['text', 5, [3000, false]],
      ['verbose_json', 5, [3000, false]],
      ['srt', 5, [5000, true]], // as the file says
      ['vtt', 1, [3000, true]], // as the last subtitle says
    ]) {
      const before = (await rows())[0].id;
      const told = await create.create({ model: WHISPER, file: await silence(seconds), response_format });
      if (response_format === 'text') assert.match(told, /^Heard 40044 bytes\.\n$/);
      await settled(async () => (await rows())[0].id !== before);
      const row = (await rows())[0];
      assert.deepEqual([row.milliseconds, row.estimated], expected, response_format);
      assert.match(row.credits, /^0\.0*[1-9]/, response_format);
    }
  });
});

describe('through Azure and Groq', () => {
  const SERVERS = [['azure', '/azure', '/azure/openai/v1/', ''], ['azure-eu', '/azure', '/azure/openai/deployments/mine/', '?api-version=2024-10-21'], ['groq', '/groq/openai/v1', '/groq/openai/v1/', '']];
  before(async () => {
    for (const [name, at] of SERVERS) {
      const more = name === 'azure-eu' ? { type: 'azure', config: { apiVersion: '2024-10-21' } } : {};
      await all.hub.do('provider.put', { name, baseUrl: all.imitation.url + at, ...more });
      await all.hub.do('credential.put', { provider: name, name: 'main', value: `key-of-${name}-0123` });
      await all.hub.do('rate.put', { provider: name, model: 'mine', type: 'transcription', inputRate: '0.0001', outputRate: '0' });
    }
    await settled(() => client().audio.speech.create({ model: 'groq/mine', voice: 'a', input: 'x' }).then(() => true, () => false));
  });
  for (const [name, , path, query] of SERVERS) {
    const model = `${name}/mine`;
    const at = (what) => {
      assert.equal(last().path, path + what);
      assert.equal(last().query ?? '', query);
      assert.equal(last().key, `key-of-${name}-0123`);
    };
    it(`speaks and listens: ${name}`, async () => {
      const c = client();
      const speech = await c.audio.speech.create({ model, voice: 'alloy', input: 'Hello' });
      assert.equal(Buffer.from(await speech.arrayBuffer()).toString('latin1', 0, 4), 'RIFF');
      at('audio/speech');
      assert.equal((await c.audio.transcriptions.create({ model, file: await silence(2) })).text, 'Heard 16044 bytes.');
      at('audio/transcriptions');
      assert.equal(last().body.model, 'mine');
      assert.equal(await c.audio.transcriptions.create({ model, file: await silence(2), response_format: 'text' }), 'Heard 16044 bytes.\n');
      assert.match((await c.audio.translations.create({ model, file: await silence(2) })).text, /in English/);
      at('audio/translations');
    });
    if (name === 'groq') continue;
    it(`measures and draws: ${name}`, async () => {
      const c = client();
      assert.equal((await c.embeddings.create({ model, input: 'hello world', dimensions: 5 })).data[0].embedding.length, 5);
      at('embeddings');
      assert.equal((await c.images.generate({ model, prompt: 'a cat', n: 2 })).data.length, 2);
      at('images/generations');
      assert.equal((await c.images.edit({ model, prompt: 'a hat', image: await png() })).data.length, 1);
      at('images/edits');
      await reject(c.embeddings.create({ model: `${name}/no-such`, input: 'x' }), 404, /./);
    });
  }
  it('charges the seconds of the file where Groq tells none', async () => {
    const before = (await rows())[0].id;
    await client().audio.transcriptions.create({ model: 'groq/mine', file: await silence(7) });
    await settled(async () => (await rows())[0].id !== before);
    const [row] = await rows();
    assert.deepEqual([row.milliseconds, row.estimated, Number(row.credits)], [7000, true, 0.0007]);
  });
  it('hands on that Groq makes no subtitles', async () => {
    await reject(client().audio.transcriptions.create({ model: 'groq/mine', file: await silence(1), response_format: 'srt' }), 400, /response_format/);
  });
});

describe('models', () => {
  it('are listed once each, whatever they do, and found one by one', async () => {
    const listed = await collect(await client().models.list());
    const ids = listed.map((m) => m.id);
    for (const id of [EMBEDDINGS, IMAGES, SPEECH, WHISPER, 'openai/gpt-4o-mini']) assert.ok(ids.includes(id), id);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal((await client().models.retrieve(EMBEDDINGS)).id, EMBEDDINGS);
    assert.equal((await client().models.retrieve('whisper-1')).id, 'whisper-1');
    await reject(client().models.retrieve('openai/no-such'), 404, /no such model/);
  });
  it('are available by kind', async () => {
    const status = async (query) => (await (await fetch(`${all.hub.url}/api/v2/status?${query}`)).json());
    assert.deepEqual(await status(`model=${EMBEDDINGS}&type=embedding`), { available: true });
    assert.deepEqual(await status(`model=${EMBEDDINGS}`), { available: true });
    assert.equal((await status('model=anthropic/claude-haiku-4-5&type=image')).available, false);
    assert.equal((await status('model=openai/x&type=smell')).available, false);
  });
});

describe('the ai SDK', () => {
  const openai = () => createOpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key });
  for (const [name, e, i, s, t] of [['through OpenAI', EMBEDDINGS, IMAGES, SPEECH, WHISPER], ['through echo', 'echo/echo', 'echo/echo', 'echo/echo', 'echo/echo']])
    it(`embeds, paints, speaks and listens ${name}`, async () => {
      const p = openai();
      const one = await embed({ model: p.embedding(e), value: 'hello', maxRetries: 0 });
      assert.ok(one.embedding.length > 1);
      const many = await embedMany({ model: p.embedding(e), values: ['hello', 'you'], maxRetries: 0 });
      assert.equal(many.embeddings.length, 2);
      assert.deepEqual(many.embeddings[0], one.embedding);
      const { image } = await generateImage({ model: p.image(i), prompt: 'a cat', maxRetries: 0 });
      assert.ok(image.uint8Array.length > 10);
      const { audio } = await generateSpeech({ model: p.speech(s), text: 'Hello', voice: 'alloy', outputFormat: 'wav', maxRetries: 0 });
      assert.ok(audio.uint8Array.length > 100);
      const heard = await transcribe({ model: p.transcription(t), audio: audio.uint8Array, maxRetries: 0 });
      assert.ok(heard.text.length > 0);
    });
});
