// The same scenarios through each vendor's SDK and each provider: what an application meets, whichever two it has.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { secretOf } from '../../support/providers/sigv4.mjs';
import { PNG, post, settled, startAll } from './harness.mjs';

const PLACE = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const MODELS = {
  openai: 'openai/gpt-4o-mini',
  anthropic: 'anthropic/claude-haiku-4-5',
  google: 'google/gemini-2.5-flash',
  bedrock: 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  ollama: 'ollama/llama3.2',
};
let all;

const openai = () => new OpenAI({ baseURL: `${all.hub.url}/openai/v1`, apiKey: all.key, maxRetries: 0 });
const anthropic = () => new Anthropic({ baseURL: `${all.hub.url}/anthropic`, apiKey: all.key, maxRetries: 0 });
const google = () => new GoogleGenAI({ apiKey: all.key, httpOptions: { baseUrl: `${all.hub.url}/gemini` } });

/* Of each SDK: a whole answer's text, and a stream of pieces of text. `turns` are texts, the user's first. */
const SDKS = {
  'openai chat': {
    body: (model, turns, { system, schema, image } = {}) => ({
      model,
      messages: [...(system ? [{ role: 'system', content: system }] : []),
        ...turns.map((text, i) => (i % 2 ? { role: 'assistant', content: text } : { role: 'user', content: image ? [{ type: 'text', text }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }] : text }))],
      ...(schema && { response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } } }),
    }),
    async whole(...given) {
      return (await openai().chat.completions.create(this.body(...given))).choices[0].message.content;
    },
    async* pieces(signal, ...given) {
      for await (const chunk of await openai().chat.completions.create({ ...this.body(...given), stream: true }, { signal })) if (chunk.choices[0]?.delta.content) yield chunk.choices[0].delta.content;
    },
    retryAfter: (e) => e.headers.get('retry-after'),
  },
  'openai responses': {
    body: (model, turns, { system, schema, image } = {}) => ({
      model,
      input: turns.map((text, i) => (i % 2 ? { role: 'assistant', content: text } : { role: 'user', content: [{ type: 'input_text', text }, ...(image ? [{ type: 'input_image', image_url: `data:image/png;base64,${PNG}` }] : [])] })),
      ...(system && { instructions: system }),
      ...(schema && { text: { format: { type: 'json_schema', name: 'place', schema, strict: true } } }),
    }),
    async whole(...given) {
      return (await openai().responses.create(this.body(...given))).output_text;
    },
    async* pieces(signal, ...given) {
      for await (const e of await openai().responses.create({ ...this.body(...given), stream: true }, { signal })) {
        if (e.type === 'response.output_text.delta') yield e.delta;
        if (e.type === 'response.failed') throw new Error(e.response.error.message);
      }
    },
    retryAfter: (e) => e.headers.get('retry-after'),
  },
  anthropic: {
    body: (model, turns, { system, schema, image } = {}) => ({
      model, max_tokens: 1000,
      messages: turns.map((text, i) => (i % 2 ? { role: 'assistant', content: text } : { role: 'user', content: image ? [{ type: 'text', text }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }] : text })),
      ...(system && { system }),
      ...(schema && { output_config: { format: { type: 'json_schema', schema } } }),
    }),
    async whole(...given) {
      return (await anthropic().messages.create(this.body(...given))).content.map((b) => b.text ?? '').join('');
    },
    async* pieces(signal, ...given) {
      for await (const e of await anthropic().messages.create({ ...this.body(...given), stream: true }, { signal })) if (e.delta?.text) yield e.delta.text;
    },
    retryAfter: (e) => e.headers.get('retry-after'),
  },
  genai: {
    body: (model, turns, { system, schema, image } = {}, abortSignal) => ({
      model,
      contents: turns.map((text, i) => ({ role: i % 2 ? 'model' : 'user', parts: [{ text }, ...(image && !(i % 2) ? [{ inlineData: { mimeType: 'image/png', data: PNG } }] : [])] })),
      config: { abortSignal, ...(system && { systemInstruction: system }), ...(schema && { responseMimeType: 'application/json', responseJsonSchema: schema }) },
    }),
    async whole(...given) {
      return (await google().models.generateContent(this.body(...given))).text;
    },
    async* pieces(signal, model, turns, more) {
      for await (const chunk of await google().models.generateContentStream(this.body(model, turns, more, signal))) if (chunk.text) yield chunk.text;
    },
    retryAfter: (e) => /"retryDelay":"(\d+)s"/.exec(e.message)?.[1],
  },
};

const read = async (pieces) => {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
};
const last = () => all.imitation.log.entries.at(-1);

before(async () => {
  all = await startAll();
  await all.hub.do('provider.put', { name: 'bedrock', baseUrl: `${all.imitation.url}/bedrock`, region: 'eu-west-1' });
  await all.hub.do('credential.put', { provider: 'bedrock', name: 'main', value: { access_key_id: 'AKIAIMITATION0001', secret_access_key: secretOf('AKIAIMITATION0001') } });
  await all.hub.do('provider.put', { name: 'ollama', baseUrl: `${all.imitation.url}/ollama` });
  for (const model of [MODELS.bedrock, MODELS.ollama])
    await settled(async () => (await post(`${all.hub.url}/v1/chat/completions`, { model, messages: [{ role: 'user', content: 'x' }] }, { authorization: `Bearer ${all.key}` })).status === 200);
});
beforeEach(() => all.calm());
after(() => all?.stop());

for (const [name, sdk] of Object.entries(SDKS))
  for (const [provider, model] of Object.entries(MODELS))
    describe(`${name} to ${provider}`, () => {
      const ask = (text, more) => sdk.whole(model, [text], more);
      const stream = (text, signal) => sdk.pieces(signal, model, [text]);

      it('answers in the third turn, under a system prompt', async () => {
        assert.equal(await sdk.whole(model, ['first question', 'first answer', 'hello'], { system: 'Be brief.' }), 'Hello from the imitation');
        for (const part of ['first question', 'first answer', 'Be brief.']) assert.ok(last().raw.includes(part), part);
      });

      it('streams what was split anywhere', async () => {
        assert.equal(await read(stream('hello #stream=12 #split=3')), 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
      });

      it('answers by a schema', async () => {
        assert.deepEqual(Object.keys(JSON.parse(await ask('where?', { schema: PLACE }))), ['city']);
      });

      it('takes a picture', async () => {
        const picture = provider === 'ollama' ? 'ollama/llava:7b' : model;
        assert.match(await sdk.whole(picture, ['what is it?'], { image: true }), /Hello from the imitation|1 pictures/);
        assert.ok(last().raw.includes(PNG));
      });

      it('takes a megabyte', async () => {
        assert.equal(await ask(`${'long '.repeat(210000)} hello`), 'Hello from the imitation');
      });

      it('tells errors by their status', async () => {
        for (const [status, told] of [[400, 400], [404, 404], [500, 500]]) await assert.rejects(ask(`x #status=${status}`), (e) => (assert.equal(e.status, told, e.message), true));
        await assert.rejects(ask('x #status=429 #retry=7'), (e) => (assert.deepEqual([e.status, sdk.retryAfter(e)], [429, '7'], e.message), true));
      });

      it('breaks off where the provider does', async () => {
        for (const how of ['#error-mid', '#cut']) {
          let text = '';
          await assert.rejects(async () => {
            for await (const piece of stream(`x #stream=20 ${how}`)) text += piece;
          }, how);
          assert.ok(text.length > 0, `${how}: nothing came before the end`);
        }
      });

      it('lets go of the provider when its caller does', async () => {
        const leave = new AbortController();
        const began = all.imitation.log.entries.length;
        await assert.rejects(async () => {
          for await (const piece of stream('x #stream=400 #drip=20', leave.signal)) {
            assert.ok(piece);
            leave.abort();
          }
          throw new Error('a stream that was left may also just end');
        });
        await settled(() => all.imitation.log.entries.slice(began).some((entry) => entry.outcome === 'client-gone'));
      });
    });
