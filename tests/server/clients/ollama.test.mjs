// Ollama: its imitation tried with its own SDK, and the hub before it in its own API and in OpenAI's.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import OpenAI from 'openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, stepCountIs, streamText, tool as aiTool } from 'ai';
import { Ollama } from 'ollama';
import { PNG, WEATHER, collect, post, settled, startAll } from './harness.mjs';

let all, direct, client;
const tool = { type: 'function', function: { name: 'weather', description: 'Weather of a city', parameters: WEATHER } };
const ask = (content, more = {}) => ({ model: 'llama3.2', messages: [{ role: 'user', content }], ...more });

before(async () => {
  all = await startAll();
  direct = new Ollama({ host: all.imitation.url });
  await all.hub.do('provider.put', { name: 'ollama', baseUrl: `${all.imitation.url}/ollama` });
  // A second one, under a name of its own, whose address names the API and whose key is wanted.
  await all.hub.do('provider.put', { name: 'gpu', type: 'ollama', baseUrl: `${all.imitation.url}/ollama/v1`, config: { api: 'native', numCtx: 16384, keepAlive: '30m', headers: { 'X-Title': 'tests' } } });
  await all.hub.do('credential.put', { provider: 'gpu', name: 'main', value: 'ollama-key-0123456789' });
  client = new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
  await settled(() => client.chat.completions.create({ ...ask('x'), model: 'gpu/llama3.2' }).then(() => true, () => false));
});
beforeEach(() => all.calm());
after(() => all?.stop());

/* In AIGNE's format, which never goes on as it is. */
const aigne = async (input, more = {}) => post(`${all.hub.url}/api/v2/chat`, { input, options: { streaming: false, ...more } }, { authorization: `Bearer ${all.key}` });
const said = (model, content, more = {}) => ({ messages: typeof content === 'string' ? [{ role: 'user', content }] : content, modelOptions: { model, ...more.options }, ...more.input });
const last = () => all.imitation.log.entries.at(-1);

describe('the imitation, by the SDK', () => {
  it('answers plainly and in a stream alike', async () => {
    const plain = await direct.chat(ask('hi #stream=7'));
    const pieces = await collect(await direct.chat({ ...ask('hi #stream=7 #split=5'), stream: true }));
    assert.equal(pieces.map((p) => p.message.content).join(''), plain.message.content);
    assert.equal(pieces.at(-1).done_reason, 'stop');
    assert.equal(pieces.at(-1).eval_count, plain.eval_count);
  });
  it('thinks, calls tools and takes results', async () => {
    const thought = await direct.chat({ ...ask('x #reason'), model: 'qwen3:8b', think: true });
    assert.equal(thought.message.thinking, 'Let me think.');
    const request = ask('weather? #tools', { tools: [tool] });
    const first = await direct.chat(request);
    assert.equal(first.message.tool_calls.length, 2);
    const second = await direct.chat({ ...request, messages: [...request.messages, first.message, { role: 'tool', tool_name: 'weather', content: 'r0' }] });
    assert.equal(second.message.content, 'Result: r0');
  });
  it('embeds, lists and refuses', async () => {
    assert.equal((await direct.embed({ model: 'nomic-embed-text', input: ['a', 'b'] })).embeddings.length, 2);
    assert.ok((await direct.list()).models.some((m) => m.model === 'llama3.2:latest'));
    await assert.rejects(direct.chat({ ...ask('x'), model: 'no-such' }), /not found/);
    await assert.rejects(direct.chat({ ...ask('x'), think: true }), /does not support thinking/);
    await assert.rejects(direct.chat({ ...ask('x'), options: { temperature: 'hot' } }), /cannot unmarshal/);
    await assert.rejects(direct.chat({ ...ask('#error-mid'), stream: true }).then(collect), /unexpected EOF/);
  });
});

describe('by its own API', () => {
  it('answers, plainly and in a stream', async () => {
    const { json } = await aigne(said('ollama/llama3.2', 'x'));
    assert.equal(json.text, 'Hello from the imitation');
    assert.deepEqual([json.usage.inputTokens, json.usage.outputTokens], [20, 4]);
    assert.equal(last().path, '/ollama/api/chat');
    assert.equal(last().body.stream, false);
    const { text } = await aigne(said('ollama/llama3.2', 'x #stream=40 #split=3'), { streaming: true });
    assert.match(text, /"outputTokens":40/);
    assert.equal(last().body.stream, true);
  });
  it('says what the operator set for one of several', async () => {
    const { json } = await aigne(said('gpu/llama3.2', 'x', { options: { temperature: 0.5, maxTokens: 64, seed: 7 } }));
    assert.equal(json.modelWithProvider, 'gpu/llama3.2');
    const { path, key, headers, body } = last();
    assert.equal(path, '/ollama/api/chat');
    assert.equal(key, 'ollama-key-0123456789');
    assert.equal(headers['x-title'], 'tests');
    assert.deepEqual(body.options, { temperature: 0.5, num_predict: 64, seed: 7, num_ctx: 16384 });
    assert.equal(body.keep_alive, '30m');
  });
  it('takes pictures, a schema and an effort', async () => {
    const picture = [{ role: 'user', content: [{ type: 'text', text: 'what? #pictures' }, { type: 'file', data: PNG, mimeType: 'image/png' }] }];
    assert.equal((await aigne(said('ollama/llava:7b', picture))).json.text, '1 pictures');
    const responseFormat = { type: 'json_schema', jsonSchema: { name: 'place', schema: WEATHER, strict: true } };
    assert.deepEqual((await aigne(said('ollama/llama3.2', 'where?', { input: { responseFormat } }))).json.json, { city: 'Paris' });
    const thought = await aigne(said('ollama/qwen3:8b', 'x #reason', { options: { reasoningEffort: 'medium' } }));
    assert.equal(thought.json.thoughts, 'Let me think.');
    assert.equal(last().body.think, 'medium');
    const url = [{ role: 'user', content: [{ type: 'url', url: 'https://example.com/a.png' }] }];
    assert.equal((await aigne(said('ollama/llava:7b', url))).status, 400);
  });
  it('calls tools at once and takes their results', async () => {
    const input = said('ollama/llama3.2', 'weather? #tools', { input: { tools: [tool] } });
    const { toolCalls } = (await aigne(input)).json;
    assert.equal(toolCalls.length, 2);
    assert.notEqual(toolCalls[0].id, toolCalls[1].id);
    input.messages.push({ role: 'agent', toolCalls }, ...toolCalls.map((c, i) => ({ role: 'tool', toolCallId: c.id, content: `r${i}` })));
    assert.equal((await aigne(input)).json.text, 'Result: r0 | r1');
    assert.deepEqual(last().body.messages.slice(-2).map((m) => m.tool_name), ['weather', 'weather']);
    assert.equal((await aigne({ ...input, toolChoice: 'required' })).status, 400);
  });
  it('passes its errors on, also in the middle', async () => {
    const gone = await aigne(said('ollama/no-such', 'x'));
    assert.equal(gone.status, 404);
    assert.match(gone.json.error.message, /not found/);
    const busy = await aigne(said('ollama/llama3.2', 'x #status=429 #retry=7'));
    assert.equal(busy.status, 429);
    const refused = await aigne(said('ollama/llama3.2', 'x', { options: { reasoningEffort: 'high' } }));
    assert.equal(refused.status, 400);
    assert.match(refused.json.error.message, /does not support thinking/);
    for (const word of ['error-mid', 'cut', 'end-early', 'garbage-frame', 'scalar-frame'])
      assert.doesNotMatch((await aigne(said('ollama/llama3.2', `x #stream=9 #${word}`), { streaming: true })).text, /modelWithProvider/, word);
  });
});

describe('by OpenAI\'s format', () => {
  const compatible = () => createOpenAICompatible({ name: 'hub', baseURL: `${all.hub.url}/v1`, apiKey: all.key });

  it('goes on to /v1 as it came, unless the operator says native', async () => {
    const request = { ...ask('x', { logit_bias: { 50256: -100 } }), model: 'ollama/llama3.2' };
    assert.equal((await client.chat.completions.create(request)).choices[0].message.content, 'Hello from the imitation');
    assert.equal(last().path, '/ollama/v1/chat/completions');
    assert.deepEqual(last().body.logit_bias, { 50256: -100 });
    await client.chat.completions.create({ ...ask('x'), model: 'gpu/llama3.2' });
    assert.equal(last().path, '/ollama/api/chat');
  });
  it('measures, relayed to /v1', async () => {
    const { data } = await new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 }).embeddings.create({ model: 'ollama/nomic-embed-text', input: ['a', 'b'] });
    assert.deepEqual(data.map((d) => d.embedding.length), [3, 3]);
  });
  it('streams from the native API in OpenAI\'s chunks', async () => {
    const chunks = await collect(await client.chat.completions.create({ ...ask('weather? #tools #talk', { tools: [tool] }), model: 'gpu/llama3.2', stream: true, stream_options: { include_usage: true } }));
    const calls = chunks.flatMap((c) => c.choices[0]?.delta.tool_calls ?? []);
    assert.deepEqual([...new Set(calls.map((c) => c.index))], [0, 1]);
    assert.equal(chunks.find((c) => c.choices[0]?.finish_reason)?.choices[0].finish_reason, 'tool_calls');
    assert.equal(chunks.at(-1).usage.prompt_tokens, 20);
  });
  it('carries a loop of tools of the AI SDK, relayed and translated', async () => {
    for (const model of ['ollama/llama3.2', 'gpu/llama3.2']) {
      const weather = aiTool({ description: 'Weather', inputSchema: jsonSchema(WEATHER), execute: async ({ city }) => `sunny in ${city}` });
      const { text, steps } = await generateText({ model: compatible()(model), prompt: 'weather? #tool', tools: { weather }, stopWhen: stepCountIs(3) });
      assert.equal(steps.length, 2);
      assert.match(text, /Result: .*sunny in Paris/);
    }
  });
  it('streams thoughts to the AI SDK', async () => {
    const { fullStream } = streamText({ model: compatible()('gpu/qwen3:8b'), prompt: 'x #reason' });
    const parts = await collect(fullStream);
    assert.equal(parts.filter((p) => p.type === 'reasoning-delta').map((p) => p.text).join(''), 'Let me think.');
    assert.equal(parts.filter((p) => p.type === 'text-delta').map((p) => p.text).join(''), 'Hello from the imitation');
  });
  it('tells what it left out', async () => {
    const response = await client.chat.completions.create({ ...ask('x', { user: 'u' }), model: 'gpu/llama3.2' }).asResponse();
    assert.match(response.headers.get('x-aigne-hub-dropped') ?? '', /user/);
  });
  it('carries a megabyte of context', async () => {
    const { json } = await aigne(said('ollama/llama3.2', `${'word '.repeat(200000)} #bytes=100000`));
    assert.equal(json.text.length, 100000);
  });
  it('hangs up when the client does', async () => {
    const stream = await client.chat.completions.create({ ...ask('x #stream=200 #drip=20'), model: 'gpu/llama3.2', stream: true });
    for await (const _ of stream) break;
    await settled(() => last().outcome === 'client-gone');
  });
});

describe('the verbs', () => {
  it('try a provider of one\'s own', async () => {
    await all.hub.do('rate.put', { provider: 'gpu', model: 'llama3.2', type: 'chat', inputRate: '0.000001', outputRate: '0.000002' });
    assert.equal((await all.hub.do('provider.test', { name: 'gpu' })).model, 'gpu/llama3.2');
    assert.ok((await all.hub.do('credential.test', { provider: 'gpu', name: 'main', model: 'qwen3:8b' })).ok);
    await assert.rejects(all.hub.do('provider.put', { name: 'gpu', config: { numctx: 1 } }), /the nearest known one is .*numCtx/);
    await assert.rejects(all.hub.do('provider.put', { name: 'gpu', config: { headers: { authorization: 'x' } } }), /credential/);
    const rows = (await all.hub.do('usage.list', { pageSize: 5 })).list;
    assert.ok(rows.some((r) => r.provider === 'gpu'));
  });
});
