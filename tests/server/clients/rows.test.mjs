// Providers that speak OpenAI's format with manners of their own, through the hub.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { WEATHER, collect, settled, startAll } from './harness.mjs';

let all, client;
const tool = { type: 'function', function: { name: 'weather', parameters: WEATHER } };
const ROWS = {
  deepseek: { base: '/deepseek', model: 'deepseek-v4-flash', thoughts: true },
  xai: { base: '/xai/v1', model: 'grok-4.3', thoughts: true },
  openrouter: { base: '/openrouter/api/v1', model: 'openai/gpt-4o-mini', thoughts: true },
  ollama: { base: '/ollama', given: '/ollama/v1', model: 'qwen3:8b', thoughts: true },
  doubao: { base: '/doubao/api/v3', model: 'doubao-seed-1-6-flash-250828', thoughts: true },
  poe: { base: '/poe/v1', model: 'GPT-4o-mini', oneCall: true },
};

before(async () => {
  all = await startAll();
  for (const [provider, { base, given }] of Object.entries(ROWS)) {
    await all.hub.do('provider.put', { name: provider, baseUrl: all.imitation.url + (given ?? base) });
    if (provider !== 'ollama') await all.hub.do('credential.put', { provider, name: 'main', value: `sk-${provider}-0123456789abcdef` });
  }
  client = new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
  await settled(() => client.chat.completions.create({ model: 'poe/GPT-4o-mini', messages: [{ role: 'user', content: 'x' }] }).then(() => true, () => false));
});
after(() => all?.stop());

const user = (row, content, more = {}) => ({ model: row, messages: [{ role: 'user', content }], ...more });
/* The same request in AIGNE's format, which is translated and not relayed. */
const aigne = async (model, content, more = {}, streaming = false) => {
  const response = await fetch(`${all.hub.url}/api/v2/chat`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${all.key}` },
    body: JSON.stringify({ input: { messages: [{ role: 'user', content }], modelOptions: { model }, ...more }, options: { streaming } }),
  });
  return { status: response.status, json: streaming ? null : await response.json(), text: streaming ? await response.text() : '' };
};

for (const [provider, { base, model, thoughts, oneCall }] of Object.entries(ROWS)) {
  const name = `${provider}/${model}`;
  describe(provider, () => {
    it('answers, plainly and in a stream, in both formats', async () => {
      const plain = await client.chat.completions.create(user(name, 'x'));
      assert.equal(plain.choices[0].message.content, 'Hello from the imitation');
      const entry = all.imitation.log.entries.at(-1);
      assert.ok(entry.path.startsWith(base));
      assert.equal(entry.body.model, model);
      assert.equal(entry.key, provider === 'ollama' ? null : `sk-${provider}-0123456789abcdef`);
      const chunks = await collect(await client.chat.completions.create({ ...user(name, 'x'), stream: true }));
      assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'Hello from the imitation');
      const reply = (await aigne(name, 'x')).json;
      assert.equal(reply.text, 'Hello from the imitation');
      assert.equal(reply.modelWithProvider, name);
      assert.deepEqual([reply.usage.inputTokens, reply.usage.outputTokens], [20, 4]);
      assert.match((await aigne(name, 'x', {}, true)).text, /"outputTokens":4/);
    });
    it('calls tools', async () => {
      const { json } = await aigne(name, 'x #tools', { tools: [tool] });
      assert.equal(json.toolCalls.length, oneCall ? 1 : 2);
      assert.deepEqual(json.toolCalls[0].function, { name: 'weather', arguments: { city: 'Paris' } });
      const streamed = await aigne(name, 'x #tool', { tools: [tool] }, true);
      assert.match(streamed.text, /"arguments":\{"city":"Paris"\}/);
    });
    it('counts reasoning as output, wherever the vendor puts it', async () => {
      const { json } = await aigne(name, 'x #reason');
      assert.equal(json.usage.outputTokens, 9);
      if (thoughts) assert.equal(json.thoughts, 'Let me think.');
    });
    it('answers by a schema as far as the vendor can', async () => {
      const responseFormat = { type: 'json_schema', jsonSchema: { name: 'place', schema: WEATHER, strict: true } };
      const { status, json } = await aigne(name, 'where?', { responseFormat });
      assert.equal(status, 200, JSON.stringify(json));
      assert.ok(json.json || json.text);
    });
    it('fails in the vendor\'s words', async () => {
      const { status, json } = await aigne(name, 'x #status=429');
      assert.equal(status, 429);
      assert.match(json.error.message, /Rate limit|too many requests/);
      assert.doesNotMatch((await aigne(name, 'x #cut #stream=9', {}, true)).text, /modelWithProvider/);
    });
  });
}
