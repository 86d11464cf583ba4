// Providers that speak OpenAI's format with manners of their own, through the hub.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { detailsOf } from '../../support/providers/openai.mjs';
import { WEATHER, collect, post, settled, startAll } from './harness.mjs';

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
beforeEach(() => all.calm());
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

describe('what OpenRouter seals', () => {
  const model = 'openrouter/anthropic/claude-sonnet-4.5';
  const asked = 'weather? #tool #reason';
  const cameBack = () => {
    const { messages } = all.imitation.log.entries.at(-1).body;
    const turn = messages.find((m) => m.role === 'assistant');
    assert.deepEqual(turn.reasoning_details, detailsOf('Let me think.'));
    assert.equal(turn.tool_calls.length, 1);
    assert.equal(messages.at(-1).content, 'sunny');
  };
  it('comes back unharmed from Anthropic\'s clients', async () => {
    const anthropic = new Anthropic({ baseURL: `${all.hub.url}/anthropic`, apiKey: all.key, maxRetries: 0 });
    const request = { model, max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 }, tools: [{ name: 'weather', input_schema: WEATHER }] };
    const question = { role: 'user', content: asked };
    for (const stream of [false, true]) {
      const first = await (stream ? anthropic.messages.stream({ ...request, messages: [question] }).finalMessage() : anthropic.messages.create({ ...request, messages: [question] }));
      const result = { type: 'tool_result', tool_use_id: first.content.at(-1).id, content: 'sunny' };
      const second = await anthropic.messages.create({ ...request, messages: [question, { role: 'assistant', content: first.content }, { role: 'user', content: [result] }] });
      assert.equal(second.content.at(-1).text, 'Result: sunny');
      cameBack();
    }
  });
  it('comes back unharmed from Google\'s clients', async () => {
    const google = new GoogleGenAI({ apiKey: all.key, httpOptions: { baseUrl: all.hub.url, retryOptions: { attempts: 1 } } });
    const config = { thinkingConfig: { includeThoughts: true }, tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: WEATHER }] }] };
    const question = { role: 'user', parts: [{ text: asked }] };
    const first = await google.models.generateContent({ model, contents: [question], config });
    const response = { role: 'user', parts: [{ functionResponse: { id: first.functionCalls[0].id, name: 'weather', response: { output: 'sunny' } } }] };
    const second = await google.models.generateContent({ model, contents: [question, first.candidates[0].content, response], config });
    assert.match(second.text, /sunny/);
    assert.deepEqual(all.imitation.log.entries.at(-1).body.messages.find((m) => m.role === 'assistant').reasoning_details, detailsOf('Let me think.'));
  });
  it('comes back unharmed from OpenAI\'s and AIGNE\'s clients', async () => {
    const question = { role: 'user', content: asked };
    const { choices: [{ message }] } = await client.chat.completions.create({ model, tools: [tool], messages: [question] });
    await client.chat.completions.create({ model, tools: [tool], messages: [question, message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'sunny' }] });
    cameBack();
    const chat = async (messages) => (await post(`${all.hub.url}/api/v2/chat`, { input: { messages, tools: [tool], modelOptions: { model, reasoningEffort: 'high' } } }, { authorization: `Bearer ${all.key}` })).json;
    const first = await chat([question]);
    await chat([question, { role: 'agent', toolCalls: first.toolCalls }, { role: 'tool', toolCallId: first.toolCalls[0].id, content: 'sunny' }]);
    cameBack();
  });
});
