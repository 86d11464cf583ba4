// AIGNE's npm client and OpenAI's SDK with a provider that is silent for longer than the client waits for a
// head: the client's patience is cut down to what a test can wait.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { collect, post, settled, startAll } from './harness.mjs';

process.env.TIMEOUT = '700'; // milliseconds until AIGNE's client gives up and asks again; 60000 by itself
const { AIGNEHubChatModel, AIGNEHubImageModel } = await import('@aigne/aigne-hub');

let all;
const options = (model) => ({ baseURL: all.hub.url, apiKey: all.key, model: `aignehub/${model}` });
const chat = (model = 'openai/gpt-4o-mini') => new AIGNEHubChatModel(options(model));
const user = (content) => ({ messages: [{ role: 'user', content }] });
const asked = () => all.imitation.log.entries.length;

before(async () => {
  all = await startAll({ flags: ['--head-wait', '200', '--keep-alive-interval', '200'] });
});
after(() => all?.stop());

describe('a silent provider', () => {
  it('is asked once for a plain answer', async () => {
    const before = asked();
    const reply = await chat().invoke(user('hello #slow=1500'));
    assert.equal(reply.text, 'Hello from the imitation');
    assert.equal(reply.usage.outputTokens, 4);
    assert.equal(asked() - before, 1);
  });
  it('is asked once for a stream', async () => {
    const before = asked();
    const chunks = await collect(await chat('anthropic/claude-haiku-4-5').invoke(user('hello #slow=1500'), { streaming: true }));
    assert.equal(chunks.map((c) => c.delta.text?.text ?? '').join(''), 'Hello from the imitation');
    assert.equal(asked() - before, 1);
  });
  it('is asked once for an image', async () => {
    const before = asked();
    const model = new AIGNEHubImageModel(options('openai/gpt-image-1'));
    const { images } = await model.invoke({ prompt: 'a cat #slow=1500' });
    assert.equal(images.length, 1);
    assert.equal(asked() - before, 1);
  });
  it('that fails at last fails the call, once', async () => {
    const before = asked();
    await assert.rejects(chat().invoke(user('hello #slow=1500 #status=400')));
    assert.equal(asked() - before, 1);
    await assert.rejects(async () => collect(await chat().invoke(user('hello #slow=1500 #status=400'), { streaming: true })));
    assert.equal(asked() - before, 2);
  });
  it('has a head before it is known who answers: what that one could not say stands in the record', async () => {
    await all.hub.do('route.put', { name: 'slow', targets: [{ model: 'openai/imitate-slow_900.status_503' }, { model: 'anthropic/claude-haiku-4-5' }] });
    const ask = () => post(`${all.hub.url}/v1/chat/completions`, { model: 'slow', stream: true, seed: 7, messages: [{ role: 'user', content: 'hello' }] }, { authorization: `Bearer ${all.key}` });
    await settled(async () => (await ask()).status === 200);
    const { text, headers } = await ask();
    assert.match(text, /Hello/);
    assert.equal(headers.get('x-aigne-hub-dropped'), null);
    const { list } = await all.hub.do('usage.list', { pageSize: 1 });
    assert.match(list[0].dropped ?? '', /seed/, JSON.stringify(list[0]));
  });
  it('keeps OpenAI\'s clients waiting, with signs of life in a stream, and their status without one', async () => {
    const openai = new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
    const request = (content) => ({ model: 'openai/gpt-4o-mini', messages: [{ role: 'user', content }] });
    const chunks = await collect(await openai.chat.completions.create({ ...request('hello #slow=1000'), stream: true }));
    assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'Hello from the imitation');
    await assert.rejects(async () => collect(await openai.chat.completions.create({ ...request('hello #slow=1000 #status=400'), stream: true })), OpenAI.APIError);
    const plain = await openai.chat.completions.create(request('hello #slow=1000 #status=429')).catch((e) => e);
    assert.equal(plain.status, 429);
  });
});

describe('a stream that is held breaks off, and its spare answers', () => {
  const CUT = 'hello #stream=12 #drip=60 #cut';
  before(async () => {
    await all.hub.do('provider.put', { name: 'echo' });
    for (const [name, model] of [['openai', 'gpt-4o-mini'], ['anthropic', 'claude-haiku-4-5'], ['google', 'gemini-2.5-flash']])
      await all.hub.do('route.put', { name: `held-${name}`, policy: { onCut: 'hold' }, targets: [{ model: `${name}/${model}` }, { model: 'echo/echo' }] });
    await all.calm();
  });
  const raw = async (path, body, headers) => (await fetch(all.hub.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })).text();
  const bearer = () => ({ authorization: `Bearer ${all.key}` });
  const openai = () => new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
  const ways = {
    responses: {
      ask: async (model) => {
        const events = await collect(await openai().responses.create({ model, input: CUT, stream: true }));
        assert.deepEqual(events.map((e) => e.sequence_number), events.map((_, i) => i));
        assert.equal(events.filter((e) => e.type === 'response.created').length, 1);
        assert.equal(events.at(-1).type, 'response.completed');
        assert.equal(events.at(-1).response.model, 'echo/echo');
        return events.filter((e) => e.type === 'response.output_text.delta').map((e) => e.delta).join('');
      },
      raw: (model) => raw('/v1/responses', { model, input: CUT, stream: true }, bearer()),
    },
    'chat completions': {
      ask: async (model) => {
        const chunks = await collect(await openai().chat.completions.create({ model, messages: [{ role: 'user', content: CUT }], stream: true }));
        assert.equal(chunks.at(-1).model, 'echo/echo');
        return chunks.map((c) => c.choices[0]?.delta.content ?? '').join('');
      },
      raw: (model) => raw('/v1/chat/completions', { model, messages: [{ role: 'user', content: CUT }], stream: true }, bearer()),
    },
    messages: {
      ask: async (model) => {
        const message = await new Anthropic({ baseURL: all.hub.url, apiKey: all.key, maxRetries: 0 }).messages.stream({ model, max_tokens: 100, messages: [{ role: 'user', content: CUT }] }).finalMessage();
        assert.equal(message.model, 'echo/echo');
        return message.content.map((block) => block.text).join('');
      },
      raw: (model) => raw('/v1/messages', { model, max_tokens: 100, messages: [{ role: 'user', content: CUT }], stream: true }, { 'x-api-key': all.key, 'anthropic-version': '2023-06-01' }),
    },
    generateContent: {
      ask: async (model) => {
        const ai = new GoogleGenAI({ apiKey: all.key, httpOptions: { baseUrl: all.hub.url } });
        const chunks = await collect(await ai.models.generateContentStream({ model, contents: CUT }));
        assert.equal(chunks.at(-1).modelVersion, 'echo/echo');
        return chunks.map((c) => c.text ?? '').join('');
      },
      raw: (model) => raw(`/v1beta/models/${model}:streamGenerateContent?alt=sse`, { contents: [{ parts: [{ text: CUT }] }] }, { 'x-goog-api-key': all.key }),
    },
    'AIGNE\'s chat': {
      ask: async (model) => (await collect(await chat(model).invoke(user(CUT), { streaming: true }))).map((c) => c.delta.text?.text ?? '').join(''),
      raw: (model) => raw('/api/v2/chat', { input: { ...user(CUT), modelOptions: { model } }, options: { streaming: true } }, bearer()),
    },
  };
  // Google's clients take nothing but chunks.
  for (const [i, [name, way]] of Object.entries(ways).entries()) {
    const vendor = ['openai', 'anthropic', 'google'][i % 3];
    it(`to ${name}, of ${vendor}`, async () => {
      const before = asked();
      const alone = await collect(await openai().chat.completions.create({ model: 'echo/echo', messages: [{ role: 'user', content: CUT }], stream: true }));
      const expected = alone.map((c) => c.choices[0]?.delta.content ?? '').join('');
      assert.equal(await way.ask(`held-${vendor}`), expected);
      const text = await way.raw(`held-${vendor}`);
      if (name !== 'generateContent') assert.match(text, /^(: |event: ping)/m, 'signs of life');
      assert.doesNotMatch(text, /imitation/, 'nothing of the first is seen');
      assert.equal(asked() - before, 2);
      await all.calm();
    });
  }
});
