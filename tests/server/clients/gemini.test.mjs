// The npm @google/genai SDK against our server: relayed to Google, and across to the other providers.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ApiError, FinishReason, FunctionCallingConfigMode, GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { Validator, loadSchema } from '../../support/providers/schema.mjs';
import { VIDEO } from '../../support/providers/gemini_tasks.mjs';
import { PNG, WEATHER, collect, post, startAll, upstreamKeys } from './harness.mjs';

let all;
const described = new Validator(loadSchema('gemini'));
const client = (key = all.key, more = {}) => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: all.hub.url, retryOptions: { attempts: 1 }, ...more } });
const tools = [{ functionDeclarations: [{ name: 'weather', description: 'Weather of a city', parametersJsonSchema: WEATHER }] }];
const problems = (value) => described.check(JSON.parse(JSON.stringify(value)), 'GenerateContentResponse');
const last = () => all.imitation.log.entries.at(-1);
const ask = (path, body, headers = { 'x-goog-api-key': all.key }) => post(`${all.hub.url}${path}`, body, headers);
const say = (text) => ({ contents: [{ role: 'user', parts: [{ text }] }] });

const reject = async (promise, status, pattern) => {
  const e = await promise.then(() => null, (x) => x);
  assert.ok(e instanceof ApiError, `no ApiError: ${e}`);
  assert.equal(e.status, status, e.message);
  if (pattern) assert.match(e.message, pattern);
  return e;
};

before(async () => {
  all = await startAll();
});
beforeEach(() => all.calm());
after(() => all?.stop());

const ROUTES = {
  google: { model: 'google/gemini-2.5-flash', relayed: true },
  openai: { model: 'openai/gpt-4o-mini' },
  anthropic: { model: 'anthropic/claude-haiku-4-5' },
};

for (const [provider, { model, relayed }] of Object.entries(ROUTES))
  describe(`through ${provider}`, () => {
    const generate = (contents, config) => client().models.generateContent({ model, contents, config });
    it('answers as described', async () => {
      const before = all.imitation.log.entries.length;
      const reply = await generate('hello');
      assert.equal(reply.text, 'Hello from the imitation');
      assert.equal(reply.candidates[0].finishReason, FinishReason.STOP);
      assert.equal(reply.modelVersion, relayed ? 'gemini-2.5-flash' : model);
      assert.ok(reply.responseId);
      const { promptTokenCount, candidatesTokenCount, totalTokenCount } = reply.usageMetadata;
      assert.deepEqual([promptTokenCount, candidatesTokenCount, totalTokenCount], [20, 4, 24]);
      assert.equal(all.imitation.log.entries.length, before + 1);
      assert.equal(last().key, upstreamKeys[provider]);
      const { json } = await ask(`/v1beta/models/${model}:generateContent`, say('hello'));
      assert.deepEqual(problems(json), []);
    });
    it('streams', async () => {
      const chunks = await collect(await client().models.generateContentStream({ model, contents: 'hello #stream=12 #split=5' }));
      assert.equal(chunks.map((c) => c.text ?? '').join(''), 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
      assert.equal(new Set(chunks.map((c) => c.responseId)).size, 1);
      assert.deepEqual(chunks.map((c) => c.candidates?.[0].finishReason).filter(Boolean), ['STOP']);
      assert.deepEqual([chunks.at(-1).usageMetadata.promptTokenCount, chunks.at(-1).usageMetadata.candidatesTokenCount], [20, 12]);
      const { text } = await ask(`/v1beta/models/${model}:streamGenerateContent?alt=sse`, say('hello'));
      for (const line of text.split(/\r\n\r\n/).filter(Boolean)) assert.deepEqual(problems(JSON.parse(line.slice(6))), []);
    });
    it('streams as one array', async () => {
      const { json, headers } = await ask(`/v1beta/models/${model}:streamGenerateContent`, say('hello #stream=12'));
      assert.match(headers.get('content-type'), /^application\/json/);
      assert.equal(json.map((c) => c.candidates?.[0].content.parts.map((p) => p.text).join('') ?? '').join(''), 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
      assert.equal(json.at(-1).candidates[0].finishReason, 'STOP');
      const broken = await ask(`/v1beta/models/${model}:streamGenerateContent`, say('hello #stream=9 #cut=4'));
      assert.ok(broken.json.at(-1).error.code >= 500);
      const refused = await ask(`/v1beta/models/${model}:streamGenerateContent`, say('hello #status=500'));
      assert.equal(refused.json[0].error.status, 'INTERNAL');
    });
    it('calls tools at once and in a stream, and takes the results', async () => {
      const first = await generate('weather? #tools', { tools });
      assert.deepEqual(first.functionCalls.map((c) => c.args), [{ city: 'Paris' }, { city: 'São Paulo' }]);
      assert.equal(first.candidates[0].finishReason, 'STOP');
      const streamed = await collect(await client().models.generateContentStream({ model, contents: 'weather? #tools', config: { tools } }));
      assert.deepEqual(streamed.flatMap((c) => c.functionCalls ?? []).map((c) => [c.name, c.args]), [['weather', { city: 'Paris' }], ['weather', { city: 'São Paulo' }]]);
      const results = first.functionCalls.map((c, i) => ({ functionResponse: { id: c.id, name: c.name, response: { output: `r${i}` } } }));
      const contents = [{ role: 'user', parts: [{ text: 'weather? #tools' }] }, first.candidates[0].content, { role: 'user', parts: results }];
      assert.equal((await generate(contents, { tools })).text, 'Result: r0 | r1');
      for (const r of results) delete r.functionResponse.id;
      for (const p of contents[1].parts) delete p.functionCall?.id;
      assert.equal((await generate(contents, { tools })).text, 'Result: r0 | r1', 'without ids');
    });
    it('obeys the choice of tools', async () => {
      const names = async (text, mode, allowedFunctionNames) => ((await generate(text, { tools, toolConfig: { functionCallingConfig: { mode, allowedFunctionNames } } })).functionCalls ?? []).map((c) => c.name);
      assert.deepEqual(await names('hi', FunctionCallingConfigMode.ANY), ['weather']);
      assert.deepEqual(await names('hi', FunctionCallingConfigMode.ANY, ['weather']), ['weather']);
      assert.deepEqual(await names('hi #tool', FunctionCallingConfigMode.NONE), []);
    });
    it('answers by a schema, its own or a JSON Schema', async () => {
      const own = { type: 'OBJECT', properties: { city: { type: 'STRING' }, size: { type: 'INTEGER', nullable: true }, tags: { type: 'ARRAY', items: { type: 'STRING' } } }, required: ['city', 'size', 'tags'], propertyOrdering: ['city', 'size', 'tags'] };
      const made = JSON.parse((await generate('where?', { responseMimeType: 'application/json', responseSchema: own })).text);
      assert.equal(made.city, 'Paris');
      const json = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
      assert.deepEqual(JSON.parse((await generate('where?', { responseMimeType: 'application/json', responseJsonSchema: json })).text), { city: 'Paris' });
      assert.equal(typeof JSON.parse((await generate('json?', { responseMimeType: 'application/json' })).text), 'object');
    });
    it('takes system instructions, images and history', async () => {
      const contents = [
        { role: 'user', parts: [{ text: 'earlier' }] },
        { role: 'model', parts: [{ text: 'yes' }] },
        { role: 'user', parts: [{ text: 'what is it?' }, { inlineData: { mimeType: 'image/png', data: PNG } }] },
      ];
      const reply = await generate(contents, { systemInstruction: 'Be brief.', temperature: 0.5, maxOutputTokens: 100, stopSequences: ['END'] });
      assert.equal(reply.text, 'Hello from the imitation');
      for (const part of [PNG, 'Be brief.', 'earlier', 'END']) assert.ok(last().raw.includes(part), part.slice(0, 20));
    });
    it('keeps a conversation of the SDK\'s own, streamed', async () => {
      const chat = client().chats.create({ model, config: { tools } });
      const first = await collect(await chat.sendMessageStream({ message: 'hello #stream=6' }));
      assert.ok(first.length > 3);
      assert.equal((await chat.sendMessage({ message: 'weather? #tool' })).functionCalls.length, 1);
      const call = chat.getHistory().at(-1).parts.find((p) => p.functionCall).functionCall;
      const reply = await chat.sendMessage({ message: [{ functionResponse: { id: call.id, name: call.name, response: { output: 'sunny' } } }] });
      assert.equal(reply.text, 'Result: sunny');
    });
    it('says why it ended', async () => {
      const reason = async (word) => (await generate(`x #${word}`)).candidates?.[0].finishReason;
      assert.equal(await reason('length'), 'MAX_TOKENS');
      assert.match(await reason('filter'), /SAFETY|PROHIBITED_CONTENT/);
    });
    it('counts cached tokens inside the prompt', async () => {
      const { usageMetadata: u } = await generate('x #cache');
      assert.equal(u.promptTokenCount, 20);
      assert.ok(u.cachedContentTokenCount > 0 && u.cachedContentTokenCount < 20);
    });
    it('tells errors as Google does', async () => {
      await reject(generate('x #status=400'), 400, /INVALID_ARGUMENT/);
      const limited = await ask(`/v1beta/models/${model}:generateContent`, say('x #status=429 #retry=7'));
      assert.equal(limited.status, 429);
      assert.equal(limited.json.error.status, 'RESOURCE_EXHAUSTED');
      if (!relayed) assert.ok(limited.json.error.details.some((d) => d['@type'] === 'type.googleapis.com/google.rpc.RetryInfo' && d.retryDelay === '7s'));
      await reject(generate('x #status=500'), 500, /INTERNAL/);
      await reject(client().models.generateContent({ model: `${provider}/no-such-model`, contents: 'x' }), 404, /NOT_FOUND/);
      const e = await collect(await client().models.generateContentStream({ model, contents: 'x #stream=9 #error-mid' })).then(() => null, (x) => x);
      assert.ok(e instanceof ApiError && [500, 503].includes(e.status), `${e?.status} ${e?.message}`);
      await assert.rejects(collect(await client().models.generateContentStream({ model, contents: 'x #stream=9 #cut=4' })));
    });
    it('takes a megabyte', async () => {
      assert.equal((await generate(`${'long '.repeat(210000)} hello`)).text, 'Hello from the imitation');
    });
    it('is cancelled', async () => {
      const stop = new AbortController();
      const stream = await client().models.generateContentStream({ model, contents: 'x #stream=100 #drip=20', config: { abortSignal: stop.signal } });
      await assert.rejects(async () => {
        for await (const chunk of stream) if (chunk.text) stop.abort();
      });
      const entry = last();
      for (let i = 0; i < 100 && entry.outcome === 'running'; i++) await new Promise((done) => setTimeout(done, 20));
      assert.equal(entry.outcome, 'client-gone');
    });
  });

describe('reasoning', () => {
  it('is shown and sent back sealed, through Anthropic', async () => {
    const model = 'anthropic/claude-sonnet-4-5';
    const config = { tools, thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } };
    const chunks = await collect(await client().models.generateContentStream({ model, contents: 'weather? #tool #reason', config }));
    const parts = chunks.flatMap((c) => c.candidates?.[0].content?.parts ?? []);
    assert.ok(parts.some((p) => p.thought && p.text));
    assert.ok(parts.some((p) => p.thought && p.thoughtSignature));
    const call = parts.find((p) => p.functionCall).functionCall;
    const contents = [{ role: 'user', parts: [{ text: 'weather? #tool #reason' }] }, { role: 'model', parts }, { role: 'user', parts: [{ functionResponse: { id: call.id, name: call.name, response: { output: 'sun' } } }] }];
    assert.equal((await client().models.generateContent({ model, contents, config })).text, 'Result: sun');
    assert.match(last().raw, /"signature":/);
    const elsewhere = await client().models.generateContent({ model: 'google/gemini-2.5-flash', contents, config });
    assert.equal(elsewhere.text, 'Result: sun', 'what Anthropic sealed does not reach Google');
    assert.doesNotMatch(last().raw, /YWlnbmVzZWFsZWQ6/);
  });
  it('passes Google\'s signatures through, Gemini 3', async () => {
    const model = 'google/gemini-3-pro-preview';
    const first = await client().models.generateContent({ model, contents: 'weather? #tools', config: { tools } });
    assert.ok(first.candidates[0].content.parts[0].thoughtSignature);
    const results = first.functionCalls.map((c, i) => ({ functionResponse: { id: c.id, name: c.name, response: { output: `r${i}` } } }));
    const contents = [{ role: 'user', parts: [{ text: 'weather? #tools' }] }, first.candidates[0].content, { role: 'user', parts: results }];
    assert.equal((await client().models.generateContent({ model, contents, config: { tools } })).text, 'Result: r0 | r1');
  });
});

describe('bodies for Google', () => {
  it('go through untouched, and so do answers', async () => {
    const body = ` {"contents": [{"parts":[{"text":"x"}],"role":"user"}],\n "safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}], "generation_config":{"topK":3}}`;
    const { json } = await ask('/v1beta/models/google/gemini-2.5-flash:generateContent', body);
    assert.equal(last().raw, body.trim());
    assert.equal(json.modelVersion, 'gemini-2.5-flash');
  });
  it('are refused by Google in its own words', async () => {
    const { status, json } = await ask('/v1beta/models/google/gemini-2.5-flash:generateContent', { ...say('x'), invented: 1 });
    assert.equal(status, 400);
    assert.match(json.error.message, /Unknown name \\?"invented/);
  });
  it('show a blocked prompt as Google does', async () => {
    const reply = await client().models.generateContent({ model: 'google/gemini-2.5-flash', contents: 'x #block' });
    assert.equal(reply.promptFeedback.blockReason, 'PROHIBITED_CONTENT');
    const streamed = await collect(await client().models.generateContentStream({ model: 'google/gemini-2.5-flash', contents: 'x #block' }));
    assert.equal(streamed[0].promptFeedback.blockReason, 'PROHIBITED_CONTENT');
  });
});

describe('calls other than chats', () => {
  it('measures texts, one and many, at Google', async () => {
    const model = 'google/gemini-embedding-001';
    const many = await client().models.embedContent({ model, contents: ['one', 'three'], config: { taskType: 'CLUSTERING', outputDimensionality: 3 } });
    assert.deepEqual(many.embeddings.map((e) => e.values), [[3, 0.125, 0.25], [5, 0.125, 0.25]]);
    assert.equal(last().body.requests[0].model, 'models/gemini-embedding-001');
    const { json } = await ask(`/v1beta/models/${model}:embedContent`, { content: { parts: [{ text: 'four' }] }, taskType: 'RETRIEVAL_QUERY' });
    assert.equal(json.embedding.values[0], 4);
    const refused = await ask(`/v1beta/models/${model}:embedContent`, { content: { parts: [{ text: 'x' }] }, title: 'T' });
    assert.equal(refused.status, 400);
    assert.match(refused.json.error.message, /title/);
  });
  it('measures texts of OpenAI\'s clients at Google', async () => {
    const { json, status } = await post(`${all.hub.url}/v1/embeddings`, { model: 'google/gemini-embedding-001', input: ['one', 'three'], dimensions: 2 }, { authorization: `Bearer ${all.key}` });
    assert.equal(status, 200);
    assert.deepEqual(json.data.map((e) => e.embedding), [[3, 0.125], [5, 0.125]]);
    assert.equal(json.usage.prompt_tokens, 6);
  });
  it('counts tokens, of Google and of Anthropic', async () => {
    const counted = await client().models.countTokens({ model: 'google/gemini-2.5-flash', contents: ['a', 'b'] });
    assert.ok(counted.totalTokens > 0);
    const { json } = await ask('/v1beta/models/google/gemini-2.5-flash:countTokens', { generateContentRequest: { model: 'models/google/gemini-2.5-flash', contents: [{ role: 'user', parts: [{ text: 'a' }] }], tools } });
    assert.equal(json.totalTokens, 27);
  });
  it('makes images by a chat and by prediction', async () => {
    const drawn = await client().models.generateContent({ model: 'google/gemini-2.5-flash-image', contents: 'a cat', config: { responseModalities: ['TEXT', 'IMAGE'], imageConfig: { aspectRatio: '16:9' } } });
    assert.equal(drawn.candidates[0].content.parts.find((p) => p.inlineData).inlineData.data, PNG);
    const imagen = await ask('/v1beta/models/google/imagen-4.0-generate-001:predict', { instances: [{ prompt: 'a cat' }], parameters: { sampleCount: 2 } });
    assert.equal(imagen.json.predictions.length, 2, imagen.text);
    const other = await ask('/v1beta/models/google/gemini-2.5-flash-image:predict', { instances: [{ prompt: 'a cat' }], parameters: { aspectRatio: '1:1' } });
    assert.equal(other.json.predictions[0].bytesBase64Encoded, PNG, other.text);
  });
  it('draws, edits and speaks for OpenAI\'s clients', async () => {
    const bearer = { authorization: `Bearer ${all.key}` };
    for (const model of ['google/imagen-4.0-generate-001', 'google/gemini-2.5-flash-image']) {
      const { json, text } = await post(`${all.hub.url}/v1/images/generations`, { model, prompt: 'a cat', size: '1024x1024' }, bearer);
      assert.equal(json.data[0].b64_json, PNG, text);
    }
    const form = new FormData();
    form.set('model', 'google/gemini-2.5-flash-image');
    form.set('prompt', 'make it red');
    form.set('image', new Blob([Buffer.from(PNG, 'base64')], { type: 'image/png' }), 'a.png');
    const edited = await fetch(`${all.hub.url}/v1/images/edits`, { method: 'POST', body: form, headers: bearer });
    assert.equal((await edited.json()).data[0].b64_json, PNG);
    assert.equal(last().body.contents[0].parts[0].inlineData.data, PNG);
    const spoken = await fetch(`${all.hub.url}/v1/audio/speech`, { method: 'POST', headers: { ...bearer, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'google/gemini-2.5-flash-preview-tts', input: 'Hello', voice: 'Kore', response_format: 'wav' }) });
    const wav = Buffer.from(await spoken.arrayBuffer());
    assert.equal(spoken.headers.get('content-type'), 'audio/wav');
    assert.equal(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 16), 'RIFFWAVEfmt ');
    assert.deepEqual([wav.readUInt32LE(24), wav.readUInt32LE(40), wav.length], [24000, 480, 524]);
  });
  it('writes down what Gemini hears', async () => {
    const form = new FormData();
    form.set('model', 'google/gemini-2.5-flash');
    form.set('file', new Blob([Buffer.from('RIFF\x24\0\0\0WAVEfmt ', 'latin1')], { type: 'audio/wav' }), 'a.wav');
    const heard = await fetch(`${all.hub.url}/v1/audio/transcriptions`, { method: 'POST', body: form, headers: { authorization: `Bearer ${all.key}` } });
    assert.equal((await heard.json()).text, 'Hello from the imitation');
    assert.equal(last().body.contents[0].parts[0].inlineData.mimeType, 'audio/wav');
  });
  it('films, and hands out the film itself', async () => {
    const film = (prompt, more) => ask('/v1beta/models/google/veo-3.1-generate-preview:predictLongRunning', { instances: [{ prompt }], parameters: { aspectRatio: '9:16', durationSeconds: 6, ...more } });
    const { json, text } = await film('waves', { sampleCount: 2, resolution: '720p' });
    assert.equal(json.done, true, text);
    const samples = json.response.generateVideoResponse.generatedSamples;
    assert.equal(samples.length, 2);
    assert.deepEqual(Buffer.from(samples[0].video.encodedVideo, 'base64'), VIDEO);
    const asked = all.imitation.log.entries.slice(-10);
    assert.ok(asked.some((e) => e.method === 'POST' && e.body?.parameters?.sampleCount === 2 && e.body.parameters.resolution === '720p'));
    assert.ok(asked.filter((e) => e.path.includes('/download/')).every((e) => e.key === upstreamKeys.google));
    const withheld = await film('waves #filter');
    assert.equal(withheld.status, 400);
    assert.match(withheld.json.error.message, /filter/);
    assert.match((await film('waves #fail')).json.error.message, /violates the rules/);
  });
});

describe('models', () => {
  it('are listed in Google\'s form, page by page', async () => {
    const listed = [];
    for await (const model of await client().models.list({ config: { pageSize: 2 } })) listed.push(model.name);
    for (const name of ['models/openai/gpt-4o-mini', 'models/anthropic/claude-haiku-4-5', 'models/google/gemini-2.5-flash']) assert.ok(listed.includes(name), `${name} in ${listed}`);
    assert.equal(new Set(listed).size, listed.length);
    const one = await client().models.get({ model: 'models/openai/gpt-4o-mini' });
    assert.equal(one.name, 'models/openai/gpt-4o-mini');
    assert.ok(one.supportedActions.includes('generateContent'));
    await reject(client().models.get({ model: 'models/nobody/nothing' }), 404, /NOT_FOUND/);
    const first = await fetch(`${all.hub.url}/v1/models?pageSize=1`, { headers: { 'x-goog-api-key': all.key } });
    assert.equal((await first.json()).models.length, 1);
  });
});

describe('paths and keys', () => {
  it('has the API at four places, and takes the model as it may be written', async () => {
    for (const root of ['/v1beta', '/v1', '/gemini/v1beta', '/gemini/v1'])
      for (const model of ['models/gemini-2.5-flash', 'models/google/gemini-2.5-flash', 'models/openai%2Fgpt-4o-mini', 'models/openai/gpt-4o-mini']) {
        const { status, text } = await ask(`${root}/${model}:generateContent`, say('x'));
        assert.equal(status, 200, `${root}/${model}: ${text}`);
      }
  });
  it('takes the key in each manner, and never hands it on', async () => {
    for (const [path, headers] of [['', { 'x-goog-api-key': all.key }], ['', { authorization: `Bearer ${all.key}` }], [`?key=${all.key}`, {}], [`?alt=json&key=${all.key}`, {}]]) {
      const { status } = await ask(`/v1beta/models/gemini-2.5-flash:generateContent${path}`, say('x'), headers);
      assert.equal(status, 200);
      assert.doesNotMatch(JSON.stringify([last().query, last().headers]), new RegExp(all.key));
    }
    assert.doesNotMatch(all.hub.output, new RegExp(all.key));
    await reject(client('wrong-key').models.generateContent({ model: 'gemini-2.5-flash', contents: 'x' }), 401, /UNAUTHENTICATED/);
    assert.equal((await ask('/v1beta/models/gemini-2.5-flash:generateContent', say('x'), {})).json.error.status, 'UNAUTHENTICATED');
  });
  it('gives several answers, both ways, at once and as they come', async () => {
    const asked = { model: 'openai/gpt-4o-mini', contents: 'x #tool', config: { candidateCount: 2, tools } };
    const whole = await client().models.generateContent(asked);
    assert.deepEqual(whole.candidates.map((c) => [c.index, c.content.parts.at(-1).functionCall.args.city]), [[0, 'Paris'], [1, 'Paris']]);
    assert.equal(last().body.n, 2);
    const texts = ['', ''];
    const chunks = await collect(await client().models.generateContentStream({ ...asked, contents: 'x' }));
    for (const c of chunks.flatMap((chunk) => chunk.candidates)) texts[c.index] += c.content.parts[0].text;
    assert.deepEqual(texts, ['Hello from the imitation', 'Hello from the imitation']);
    assert.deepEqual(chunks.flatMap((c) => c.candidates).filter((c) => c.finishReason).map((c) => c.index), [0, 1]);
    assert.equal(chunks.at(-1).usageMetadata.promptTokenCount, 20);

    const openai = new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
    const request = { model: 'google/gemini-2.5-flash', n: 3, messages: [{ role: 'user', content: 'x' }] };
    const { choices } = await openai.chat.completions.create(request);
    assert.deepEqual(choices.map((c) => [c.index, c.message.content, c.finish_reason]), [0, 1, 2].map((i) => [i, 'Hello from the imitation', 'stop']));
    assert.equal(last().body.generationConfig.candidateCount, 3);
    const told = ['', '', ''];
    for await (const chunk of await openai.chat.completions.create({ ...request, stream: true }))
      for (const c of chunk.choices) told[c.index] += c.delta.content ?? '';
    assert.deepEqual(told, Array(3).fill('Hello from the imitation'));
    for (const model of ['anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash']) {
      const error = await openai.chat.completions.create({ ...request, model, n: 9 }).catch((e) => e);
      assert.deepEqual([error.status, error.param], [400, 'n'], model);
    }
    const refused = await ask('/api/v2/chat', { input: { messages: [{ role: 'user', content: 'x' }], modelOptions: { model: 'openai/gpt-4o-mini', n: 2 } } }, { authorization: `Bearer ${all.key}` });
    assert.equal(refused.status, 400, refused.text);
  });
  it('does not know other methods', async () => {
    const { status, json } = await ask('/v1beta/models/gemini-2.5-flash:dream', say('x'));
    assert.equal(status, 404);
    assert.equal(json.error.status, 'NOT_FOUND');
    assert.equal((await ask('/v1beta/dreams', say('x'))).json.error.status, 'NOT_FOUND');
  });
  it('names what it cannot pass on', async () => {
    await reject(client().models.generateContent({ model: 'openai/gpt-4o-mini', contents: 'x', config: { tools: [{ googleSearch: {} }] } }), 400, /googleSearch/);
    await reject(client().models.generateContent({ model: 'anthropic/claude-haiku-4-5', contents: 'x', config: { candidateCount: 2 } }), 400, /candidateCount/);
    await reject(client().models.generateContent({ model: 'openai/gpt-4o-mini', contents: 'x', config: { cachedContent: 'cachedContents/1' } }), 400, /cachedContent/);
    const { headers } = await ask('/v1beta/models/openai/gpt-4o-mini:generateContent', { ...say('x'), safetySettings: [] });
    assert.match(headers.get('x-aigne-hub-dropped'), /safetySettings/);
  });
});
