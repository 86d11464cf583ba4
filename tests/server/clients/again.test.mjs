// What the SDKs see of attempts that follow others: answers as if nothing had been, streams that tell how it
// went, the provider's own words where nothing helps, and connections that close when the SDK gives up.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { collect, settled, startAll } from './harness.mjs';

const ASK = { 'x-aigne-hub-explain': 'true' };
const TEXT = 'Hello from the imitation';
let all;
let openai, anthropic, google;

before(async () => {
  all = await startAll();
  await all.hub.do('route.put', { name: 'smart', targets: [{ model: 'openai/gpt-4o-mini' }, { model: 'anthropic/claude-haiku-4-5' }] });
  openai = new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: all.hub.url, apiKey: all.key, maxRetries: 0 });
  google = new GoogleGenAI({ apiKey: all.key, httpOptions: { baseUrl: all.hub.url, retryOptions: { attempts: 1 }, headers: ASK } });
});
after(() => all?.stop());

const chat = (model, content) => ({ model, messages: [{ role: 'user', content }] });
const way = (response) => JSON.parse(response.headers.get('x-aigne-hub-explain'));

describe('how a call went', () => {
  it('stands in the head of an answer, and of an error', async () => {
    const { data, response } = await openai.chat.completions.create(chat('smart', 'hello'), { headers: ASK }).withResponse();
    assert.equal(data.choices[0].message.content, TEXT);
    assert.equal(way(response).requested, 'smart');
    assert.deepEqual(way(response).targets.map((t) => [t.provider, t.result]), [['openai', 'success'], ['anthropic', 'not asked']]);
    const e = await openai.chat.completions.create(chat('smart', 'x #status=400'), { headers: ASK }).catch((x) => x);
    assert.equal(e.status, 400);
    assert.deepEqual(way(e).targets.map((t) => [t.provider, t.result, t.http]), [['openai', 'error', 400], ['anthropic', 'not asked', undefined]]);
  });
  it('is no trouble to those who read streams', async () => {
    const chunks = await collect(await openai.chat.completions.create({ ...chat('smart', 'hello'), stream: true }, { headers: ASK }));
    assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), TEXT);
    const response = await openai.responses.create({ model: 'smart', input: 'hello', stream: true }, { headers: ASK });
    assert.equal((await collect(response)).at(-1).response.output_text ?? TEXT, TEXT);
    const message = await anthropic.messages.stream({ ...chat('smart', 'hello'), max_tokens: 50 }, { headers: ASK }).finalMessage();
    assert.equal(message.content[0].text, TEXT);
    const parts = await collect(await google.models.generateContentStream({ model: 'smart', contents: 'hello' }));
    assert.equal(parts.map((p) => p.text ?? '').join(''), TEXT);
  });
});

describe('a provider that says to come back', () => {
  it('is heard by each SDK', async () => {
    const e = await openai.chat.completions.create(chat('openai/gpt-4o-mini', 'x #status=429 #retry=7')).catch((x) => x);
    assert.ok(e instanceof OpenAI.RateLimitError);
    assert.equal(e.headers.get('retry-after'), '7');
    assert.ok(e.headers.get('x-upstream-request-id'));
    const a = await anthropic.messages.create({ ...chat('anthropic/claude-haiku-4-5', 'x #status=529 #retry=7'), max_tokens: 50 }).catch((x) => x);
    assert.ok(a instanceof Anthropic.APIError);
    assert.equal(a.status, 529);
    assert.equal(a.headers.get('retry-after'), '7');
    const g = await google.models.generateContent({ model: 'google/gemini-2.5-flash', contents: 'x #status=503 #retry=7' }).catch((x) => x);
    assert.equal(g.status, 503);
    await all.hub.do('health.reset', {});
  });
});

describe('an SDK that gives up', () => {
  it('has its row at once', async () => {
    const giveUp = new AbortController();
    const asked = openai.chat.completions.create(chat('openai/gpt-4o-mini', 'x #hang'), { signal: giveUp.signal });
    const before = all.imitation.log.entries.length;
    await settled(() => all.imitation.log.entries.length > before);
    giveUp.abort();
    await assert.rejects(asked, OpenAI.APIUserAbortError);
    await settled(async () => (await all.hub.do('usage.list', { status: 'cancelled' })).count === 1);
  });
});
