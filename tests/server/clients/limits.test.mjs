// Real clients over their limits: each finds the status, the wait and what is left where its vendor puts them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AIGNEHubChatModel } from '@aigne/aigne-hub';
import Anthropic from '@anthropic-ai/sdk';
import { ApiError, GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { collect, post, settled, startHub } from './harness.mjs';

let hub, admin;
const messages = [{ role: 'user', content: 'one two three four' }];
const live = async (verb, args = {}) => {
  const { status, json } = await post(`${hub.url}/api/admin/${verb}`, args, { authorization: `Bearer ${admin}` });
  assert.equal(status, 200, JSON.stringify(json));
  return json;
};
/* A key with a limit of its own: {key, state()}. */
async function limited(limit) {
  const name = `l${Math.random()}`;
  const made = await live('key.create', { name });
  await live('limit.put', { name, on: 'key', id: made.id, ...limit });
  return { key: made.key, state: async () => live('limit.get', { name }) };
}
const refused = async (promise) => {
  try {
    await promise;
  } catch (e) {
    return e;
  }
  assert.fail('it was let in');
};

before(async () => {
  hub = await startHub();
  admin = await hub.key('admin', 'admin');
  await settled(async () => (await post(`${hub.url}/api/admin/limit.list`, {}, { authorization: `Bearer ${admin}` })).status === 200);
});
after(() => hub?.stop());

describe('over the limit', () => {
  it('OpenAI sees RateLimitError and x-ratelimit headers', async () => {
    const { key } = await limited({ requestsPerMinute: 1, tokensPerMinute: 50000 });
    const client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: key, maxRetries: 0 });
    const { response } = await client.chat.completions.create({ model: 'echo/echo', messages }).withResponse();
    assert.equal(response.headers.get('x-ratelimit-limit-requests'), '1');
    assert.equal(response.headers.get('x-ratelimit-remaining-requests'), '0');
    assert.match(response.headers.get('x-ratelimit-reset-requests'), /^(1m)?\d+s$/);
    assert.equal(response.headers.get('x-ratelimit-limit-tokens'), '50000');
    const e = await refused(client.chat.completions.create({ model: 'echo/echo', messages }));
    assert.ok(e instanceof OpenAI.RateLimitError);
    assert.equal(e.code, 'rate_limit_exceeded');
    assert.ok(Number(e.headers.get('retry-after')) >= 1 && Number(e.headers.get('retry-after')) <= 61);
    const streamed = await refused(client.chat.completions.create({ model: 'echo/echo', messages, stream: true }));
    assert.ok(streamed instanceof OpenAI.RateLimitError);
    assert.ok((await refused(client.responses.create({ model: 'echo/echo', input: 'x' }))) instanceof OpenAI.RateLimitError);
    assert.ok((await refused(client.embeddings.create({ model: 'echo/echo', input: 'x' }))) instanceof OpenAI.RateLimitError);
  });
  it('Anthropic sees RateLimitError and anthropic-ratelimit headers', async () => {
    const { key } = await limited({ requestsPerMinute: 1, tokensPerMinute: 50000 });
    const client = new Anthropic({ baseURL: hub.url, apiKey: key, maxRetries: 0 });
    const ask = () => client.messages.create({ model: 'echo/echo', max_tokens: 50, messages });
    const { response } = await ask().withResponse();
    assert.equal(response.headers.get('anthropic-ratelimit-requests-limit'), '1');
    assert.equal(response.headers.get('anthropic-ratelimit-requests-remaining'), '0');
    assert.ok(Date.parse(response.headers.get('anthropic-ratelimit-requests-reset')) > Date.now());
    assert.equal(response.headers.get('anthropic-ratelimit-tokens-limit'), '50000');
    const e = await refused(ask());
    assert.ok(e instanceof Anthropic.RateLimitError);
    assert.equal(e.error.error.type, 'rate_limit_error');
    assert.ok(Number(e.headers.get('retry-after')) >= 1);
  });
  it('Google sees RESOURCE_EXHAUSTED with RetryInfo', async () => {
    const { key } = await limited({ requestsPerMinute: 1 });
    const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: `${hub.url}/gemini` } });
    const ask = () => client.models.generateContent({ model: 'echo/echo', contents: 'x' });
    await ask();
    const e = await refused(ask());
    assert.ok(e instanceof ApiError);
    assert.equal(e.status, 429);
    assert.match(e.message, /RESOURCE_EXHAUSTED/);
    assert.match(e.message, /google\.rpc\.RetryInfo.*"retryDelay":"\d+s"/);
  });
  it("AIGNE's client sees the sentence", async () => {
    const { key } = await limited({ requestsPerMinute: 1 });
    const model = new AIGNEHubChatModel({ baseURL: hub.url, apiKey: key, model: 'aignehub/echo/echo' });
    await model.invoke({ messages });
    const { status, json, headers } = await post(`${hub.url}/api/v2/chat`, { input: { messages, modelOptions: { model: 'echo/echo' } } }, { authorization: `Bearer ${key}` });
    assert.equal(status, 429);
    assert.equal(json.error.type, 'rate_limit');
    assert.match(json.error.message, /Rate limit reached/);
    assert.ok(headers.get('retry-after'));
  });
  it('a client that waits as told is let in', async () => {
    const { key, state } = await limited({ concurrent: 1 });
    const client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: key, maxRetries: 5 });
    const all = await Promise.all([1, 2, 3].map(() => client.chat.completions.create({ model: 'echo/pace-20', messages })));
    assert.equal(all.length, 3);
    assert.equal((await state()).running, 0);
  });
});

describe('calls at the same time', () => {
  it('are given back when the client goes away', async () => {
    const { key, state } = await limited({ concurrent: 2 });
    const client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: key, maxRetries: 0 });
    for (let round = 0; round < 5; round++) {
      const streams = await Promise.all([1, 2].map(() => client.chat.completions.create({ model: 'echo/pace-10000', messages, stream: true })));
      assert.equal((await state()).running, 2);
      assert.ok((await refused(client.chat.completions.create({ model: 'echo/echo', messages }))) instanceof OpenAI.RateLimitError);
      for (const s of streams) s.controller.abort();
      await settled(async () => (await state()).running === 0);
    }
  });
  it('wait in a queue where there is one, and leave it when they go away', async () => {
    const { key, state } = await limited({ concurrent: 1, queue: 10 });
    const client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: key, maxRetries: 0 });
    const first = await client.chat.completions.create({ model: 'echo/pace-10000', messages, stream: true });
    const gone = new AbortController();
    const lost = client.chat.completions.create({ model: 'echo/echo', messages }, { signal: gone.signal }).catch((e) => e);
    await settled(async () => (await state()).waiting === 1);
    const waits = [1, 2, 3].map(() => client.chat.completions.create({ model: 'echo/echo', messages, stream: true }).then(collect));
    await settled(async () => (await state()).waiting === 4);
    gone.abort();
    await lost;
    await settled(async () => (await state()).waiting === 3);
    first.controller.abort();
    for (const answer of await Promise.all(waits)) assert.ok(answer.length > 1);
    assert.equal((await state()).running, 0);
    assert.equal((await state()).waiting, 0);
  });
  it('many at once are let in exactly as often as allowed', async () => {
    const { key, state } = await limited({ requestsPerMinute: 25 });
    const all = await Promise.all(Array.from({ length: 120 }, () => post(`${hub.url}/v1/chat/completions`, { model: 'echo/echo', messages }, { authorization: `Bearer ${key}` })));
    assert.equal(all.filter((r) => r.status === 200).length, 25);
    assert.equal(all.filter((r) => r.status === 429).length, 95);
    assert.equal((await state()).requests, 25);
    const rows = await live('usage.list', { status: 'refused' });
    assert.ok(rows.count < 60, `${rows.count} rows`);
  });
});
