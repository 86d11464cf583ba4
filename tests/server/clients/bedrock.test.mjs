// Amazon Bedrock: the imitation with Amazon's own SDK, then the npm clients of OpenAI and AIGNE through the hub
// to the imitation, which checks every signature.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, beforeEach, describe, it } from 'node:test';
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, CountTokensCommand, InvokeModelCommand, InvokeModelWithResponseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { AIGNEHubChatModel } from '@aigne/aigne-hub';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { secretOf, tokenOf } from '../../support/providers/sigv4.mjs';
import { PNG, WEATHER, collect, post, settled, startAll } from './harness.mjs';

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const NOVA = 'us.amazon.nova-pro-v1:0';
const ARN = 'arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2';
const PAIR = { access_key_id: 'AKIAIMITATION0001', secret_access_key: secretOf('AKIAIMITATION0001') };
const TEMPORARY = { access_key_id: 'ASIAIMITATION0002', secret_access_key: secretOf('ASIAIMITATION0002'), session_token: tokenOf('ASIAIMITATION0002') };
const PDF = 'JVBERi0xLjQKJcOkw7zDtsOfCg==';
const tool = { type: 'function', function: { name: 'weather', description: 'Weather of a city', parameters: WEATHER } };
const clock = { type: 'function', function: { name: 'the.clock', parameters: { type: 'object', properties: {} } } };

let all;
const last = () => all.imitation.log.entries.at(-1);
const openai = () => new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
const ask = (model, content, more = {}) => openai().chat.completions.create({ model: `bedrock/${model}`, messages: [].concat(content).map((m) => (typeof m === 'string' ? { role: 'user', content: m } : m)), ...more });
const aigne = (model) => new AIGNEHubChatModel({ baseURL: all.hub.url, apiKey: all.key, model: `aignehub/bedrock/${model}` });
const refused = async (promise, status, words) => {
  const error = await promise.then(() => assert.fail('was answered'), (e) => e);
  assert.equal(error.status ?? error.$metadata?.httpStatusCode, status, error.message);
  if (words) assert.match(error.message, words);
  return error;
};

before(async () => {
  all = await startAll();
  await all.hub.do('provider.put', { name: 'bedrock', baseUrl: `${all.imitation.url}/bedrock`, region: 'eu-west-1' });
  await all.hub.do('credential.put', { provider: 'bedrock', name: 'main', value: PAIR });
  await all.hub.do('rate.put', { provider: 'bedrock', model: CLAUDE, type: 'chat', inputRate: '0.000003', outputRate: '0.000015' });
  await settled(async () => (await post(`${all.hub.url}/v1/chat/completions`, { model: `bedrock/${CLAUDE}`, messages: [{ role: 'user', content: 'x' }] }, { authorization: `Bearer ${all.key}` })).status === 200);
});
beforeEach(() => all.calm());
after(() => all?.stop());

describe('the imitation with Amazon\'s SDK', () => {
  const sdk = (credentials, more = {}) => new BedrockRuntimeClient({ endpoint: `${all.imitation.url}/bedrock`, region: 'eu-west-1', maxAttempts: 1, requestHandler: new NodeHttpHandler(), credentials: credentials ?? { accessKeyId: PAIR.access_key_id, secretAccessKey: PAIR.secret_access_key }, ...more });
  const said = (text, more = {}) => ({ modelId: CLAUDE, messages: [{ role: 'user', content: [{ text }] }], ...more });

  it('answers, streams and counts', async () => {
    const plain = await sdk().send(new ConverseCommand(said('hello')));
    assert.equal(plain.output.message.content[0].text, 'Hello from the imitation');
    assert.deepEqual(plain.usage, { inputTokens: 20, outputTokens: 4, totalTokens: 24 });
    const { stream } = await sdk().send(new ConverseStreamCommand(said('hello #stream=6 #split=9')));
    const events = await collect(stream);
    assert.equal(events.map((e) => e.contentBlockDelta?.delta.text ?? '').join(''), 'Hello from the imitation, grüße');
    assert.deepEqual(events.slice(-2).map((e) => Object.keys(e)[0]), ['messageStop', 'metadata']);
    const { inputTokens } = await sdk().send(new CountTokensCommand({ modelId: CLAUDE, input: { converse: { messages: said('x').messages } } }));
    assert.equal(inputTokens, 17);
  });
  it('invokes Claude in its own format', async () => {
    const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] });
    const plain = await sdk().send(new InvokeModelCommand({ modelId: CLAUDE, body, contentType: 'application/json' }));
    assert.equal(JSON.parse(Buffer.from(plain.body)).content[0].text, 'Hello from the imitation');
    const stream = await sdk().send(new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body, contentType: 'application/json' }));
    const events = (await collect(stream.body)).map((e) => JSON.parse(Buffer.from(e.chunk.bytes)));
    assert.equal(events.at(-1).type, 'message_stop');
    assert.equal(events.map((e) => e.delta?.text ?? '').join(''), 'Hello from the imitation');
  });
  it('takes an ARN, temporary keys and an API key', async () => {
    await sdk().send(new ConverseCommand({ ...said('x'), modelId: ARN }));
    assert.equal(last().path, `/bedrock/model/${encodeURIComponent(ARN)}/converse`);
    await sdk({ accessKeyId: TEMPORARY.access_key_id, secretAccessKey: TEMPORARY.secret_access_key, sessionToken: TEMPORARY.session_token }).send(new ConverseCommand(said('x')));
    await sdk({ accessKeyId: 'x', secretAccessKey: 'y' }, { token: { token: 'ABSK-key' }, authSchemePreference: ['httpBearerAuth'] }).send(new ConverseCommand(said('x')));
    assert.equal(last().key, 'ABSK-key');
  });
  it('calls tools, one and two, and takes their results', async () => {
    const toolConfig = { tools: [{ toolSpec: { name: 'weather', inputSchema: { json: WEATHER } } }] };
    const { output, stopReason } = await sdk().send(new ConverseCommand(said('#tools', { toolConfig })));
    assert.equal(stopReason, 'tool_use');
    assert.equal(output.message.content.length, 2);
    const results = output.message.content.map((b) => ({ toolResult: { toolUseId: b.toolUse.toolUseId, content: [{ text: 'sun' }] } }));
    const messages = [...said('#tools').messages, output.message, { role: 'user', content: results }];
    const second = await sdk().send(new ConverseCommand({ modelId: CLAUDE, messages, toolConfig }));
    assert.equal(second.output.message.content[0].text, 'Result: sun | sun');
    await refused(sdk().send(new ConverseCommand({ modelId: CLAUDE, messages })), 400, /toolConfig field must be defined/);
    await refused(sdk().send(new ConverseCommand({ modelId: CLAUDE, messages: messages.slice(0, 2), toolConfig })), 400, /Expected toolResult/);
  });
  it('refuses as Amazon does', async () => {
    assert.equal((await refused(sdk({ accessKeyId: 'AKIABAD', secretAccessKey: 'x' }).send(new ConverseCommand(said('x'))), 403)).name, 'UnrecognizedClientException');
    assert.equal((await refused(sdk({ accessKeyId: PAIR.access_key_id, secretAccessKey: 'wrong' }).send(new ConverseCommand(said('x'))), 403)).name, 'InvalidSignatureException');
    assert.equal((await refused(sdk().send(new ConverseCommand(said('#status=429'))), 429)).name, 'ThrottlingException');
    assert.equal((await refused(sdk().send(new ConverseCommand(said(' '))), 400, /is blank/)).name, 'ValidationException');
    await refused(sdk().send(new ConverseCommand({ modelId: 'no-such', messages: said('x').messages })), 400, /identifier is invalid/);
  });
  it('breaks off, and damages what it sends', async () => {
    const run = async (text) => collect((await sdk().send(new ConverseStreamCommand(said(text)))).stream);
    assert.equal((await run('x #error-mid=2 #stream=9').then(() => null, (e) => e)).name, 'ThrottlingException');
    for (const way of ['wrong-crc', 'wrong-prelude-crc', 'turned-bit']) await assert.rejects(run(`x #${way}`), /checksum/i);
  });
});

describe('OpenAI\'s client', () => {
  it('is answered, whole and streamed', async () => {
    const reply = await ask(CLAUDE, 'hello', { temperature: 1.7, top_p: 0.5, max_tokens: 50, stop: ['END'] });
    assert.equal(reply.choices[0].message.content, 'Hello from the imitation');
    assert.equal(reply.choices[0].finish_reason, 'stop');
    assert.deepEqual([reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens], [20, 4, 24]);
    assert.equal(last().headers.authorization.split('/')[2], 'eu-west-1');
    assert.deepEqual(last().body.inferenceConfig, { maxTokens: 50, temperature: 1, stopSequences: ['END'] });
    const chunks = await collect(await ask(CLAUDE, 'hello #stream=12 #split=5', { stream: true, stream_options: { include_usage: true } }));
    assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
    assert.equal(chunks.at(-1).usage.total_tokens, 32);
    assert.equal(last().path, `/bedrock/model/${encodeURIComponent(CLAUDE)}/converse-stream`);
  });
  it('may name the model by Amazon\'s name alone, or an ARN', async () => {
    assert.equal((await openai().chat.completions.create({ model: CLAUDE, messages: [{ role: 'user', content: 'x' }] })).choices[0].finish_reason, 'stop');
    await ask(ARN, 'x');
    assert.equal(last().path, `/bedrock/model/${encodeURIComponent(ARN)}/converse`);
  });
  it('calls tools in parallel, streamed, and sends their results out of order', async () => {
    const chunks = await collect(await ask(CLAUDE, 'go #tools', { stream: true, tools: [tool, clock] }));
    const calls = [];
    for (const { choices } of chunks)
      for (const c of choices[0]?.delta.tool_calls ?? []) {
        calls[c.index] ??= { id: c.id, type: 'function', function: { name: c.function.name, arguments: '' } };
        calls[c.index].function.arguments += c.function.arguments ?? '';
      }
    assert.deepEqual(calls.map((c) => c.function.name), ['weather', 'the.clock']);
    assert.deepEqual(calls.map((c) => JSON.parse(c.function.arguments || '{}')), [{ city: 'Paris' }, {}]);
    assert.equal(chunks.map((c) => c.choices[0]?.finish_reason).filter(Boolean).join(), 'tool_calls');
    const history = ['go', { role: 'assistant', content: null, tool_calls: calls.map((c) => ({ ...c, id: `${c.id}:x`, function: { ...c.function, arguments: c.function.arguments || '{}' } })) }, { role: 'tool', tool_call_id: `${calls[1].id}:x`, content: 'noon' }, { role: 'tool', tool_call_id: `${calls[0].id}:x`, content: 'sun' }];
    const reply = await ask(CLAUDE, history, { tools: [tool, clock] });
    assert.equal(reply.choices[0].message.content, 'Result: noon | sun');
    assert.equal((await ask(CLAUDE, history)).choices[0].message.content, 'Result: noon | sun', 'without tools any more');
    const one = await ask(CLAUDE, 'go #tools', { tools: [tool, clock], parallel_tool_calls: false });
    assert.equal(one.choices[0].message.tool_calls.length, 1);
    const named = await ask(NOVA, 'go', { tools: [tool, clock], tool_choice: { type: 'function', function: { name: 'the.clock' } } });
    assert.equal(named.choices[0].message.tool_calls[0].function.name, 'the.clock');
    await refused(ask('meta.llama3-1-70b-instruct-v1:0', 'go', { tools: [tool], tool_choice: 'required' }), 400, /tool_choice/);
  });
  it('sends images and documents', async () => {
    const parts = [{ type: 'text', text: 'see' }, { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${PNG}` } }, { type: 'file', file: { filename: 'A: b.pdf', file_data: `data:application/pdf;base64,${PDF}` } }];
    const messages = [{ role: 'user', content: parts }, { role: 'assistant', content: 'ok' }, { role: 'user', content: parts.slice(2) }];
    assert.equal((await ask(CLAUDE, messages)).choices[0].finish_reason, 'stop');
    const blocks = last().body.messages[0].content;
    assert.deepEqual([blocks[1].image.format, blocks[2].document.name], ['png', 'A- b']);
    await refused(ask(CLAUDE, [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }]), 400, /follows no links/);
  });
  it('gets an answer by a schema, natively and as a call', async () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'place', schema: WEATHER, strict: true } };
    for (const model of [CLAUDE, NOVA, 'anthropic.claude-3-haiku-20240307-v1:0', 'openai.gpt-oss-120b-1:0']) {
      const reply = await ask(model, 'where', { response_format });
      assert.deepEqual(JSON.parse(reply.choices[0].message.content), { city: 'Paris' }, model);
      assert.equal(reply.choices[0].finish_reason, 'stop', model);
      const chunks = await collect(await ask(model, 'where', { response_format, stream: true }));
      assert.deepEqual(JSON.parse(chunks.map((c) => c.choices[0]?.delta.content ?? '').join('')), { city: 'Paris' }, model);
    }
  });
  it('asks for reasoning', async () => {
    const reply = await ask(CLAUDE, 'x #reason', { reasoning_effort: 'low', temperature: 0.3 });
    assert.equal(reply.choices[0].message.reasoning_content, 'Let me think.');
    await ask('us.anthropic.claude-opus-4-7', 'x #reason', { reasoning_effort: 'high', temperature: 0.3 });
    assert.equal(last().body.outputConfig.effort, 'high');
    for (const effort of ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'])
      for (const model of [CLAUDE, NOVA, 'us.amazon.nova-2-lite-v1:0', 'anthropic.claude-3-haiku-20240307-v1:0', 'openai.gpt-oss-120b-1:0']) await ask(model, 'x', { reasoning_effort: effort });
  });
  it('is told what Bedrock has no words for', async () => {
    const { response } = await ask(CLAUDE, 'x', { seed: 1, frequency_penalty: 0.5, logit_bias: { 1: 1 }, user: 'u-1', metadata: { team: 'a' }, service_tier: 'flex' }).withResponse();
    assert.equal(response.headers.get('x-aigne-hub-dropped'), 'frequency_penalty, seed, logit_bias');
    assert.deepEqual(last().body.requestMetadata, { user: 'u-1', team: 'a' });
    assert.deepEqual(last().body.serviceTier, { type: 'flex' });
  });
  it('is told why it failed', async () => {
    await refused(ask(CLAUDE, '#status=400'), 400, /on purpose/);
    assert.equal((await refused(ask(CLAUDE, '#status=429 #retry=7'), 429)).headers.get('retry-after'), '7');
    await refused(ask(CLAUDE, '#status=404'), 404);
    for (const status of [500, 503, 408, 424]) assert.ok((await ask(CLAUDE, `#status=${status}`).catch((e) => e)).status >= 500, String(status));
    assert.ok((await ask(CLAUDE, '#status=403').catch((e) => e)).status >= 400);
    await refused(ask('no-such', 'x'), 400, /identifier is invalid/);
    for (const way of ['garbage', 'not-object', 'empty', 'reset']) assert.ok((await ask(CLAUDE, `#${way}`).catch((e) => e)).status >= 500, way);
  });
  it('never takes a broken stream for a whole one', async () => {
    for (const way of ['error-mid=3 #stream=9', 'cut=3 #stream=9', 'end-early', 'wrong-crc', 'wrong-prelude-crc', 'turned-bit', 'garbage-frame'])
      await assert.rejects(async () => collect(await ask(CLAUDE, `x #${way}`, { stream: true })), undefined, way);
    await all.calm();
    const seen = [];
    const error = await (async () => {
      for await (const c of await ask(CLAUDE, 'x #error-mid=4 #stream=9', { stream: true })) seen.push(c.choices[0]?.delta.content ?? '');
    })().catch((e) => e);
    assert.equal(seen.join(''), 'Hello from the');
    assert.match(error.message, /Too many tokens/);
  });
  it('goes away', async () => {
    const stream = await ask(CLAUDE, 'x #stream=500 #drip=20', { stream: true });
    for await (const _ of stream) break;
    stream.controller.abort();
    await settled(() => last().outcome === 'client-gone');
    assert.equal((await ask(CLAUDE, 'still there?')).choices[0].finish_reason, 'stop');
  });
  it('sends and gets a megabyte', async () => {
    const long = 'wörter '.repeat(150_000);
    assert.equal((await ask(CLAUDE, `${long} #say=ok`)).choices[0].message.content, 'ok');
    const chunks = await collect(await ask(CLAUDE, 'x #bytes=1000000', { stream: true }));
    assert.equal(chunks.reduce((n, c) => n + (c.choices[0]?.delta.content ?? '').length, 0), 1_000_000);
  });
});

describe('OpenAI\'s client, for other things than chats', () => {
  it('gets embeddings, one request for each text where the model takes one', async () => {
    const before = all.imitation.log.entries.length;
    const titan = await openai().embeddings.create({ model: 'bedrock/amazon.titan-embed-text-v2:0', input: ['a', 'bb', 'ccc'], dimensions: 8 });
    assert.deepEqual(titan.data.map((e) => [e.index, e.embedding.length, e.embedding[1]]), [[0, 8, 0.25], [1, 8, 0.25], [2, 8, 0.25]]);
    assert.equal(titan.usage.prompt_tokens, 6);
    assert.equal(all.imitation.log.entries.length - before, 3);
    const cohere = await openai().embeddings.create({ model: 'bedrock/cohere.embed-english-v3', input: Array.from({ length: 100 }, (_, i) => `t${i}`) });
    assert.equal(cohere.data.length, 100);
    assert.equal(cohere.usage.prompt_tokens, 22);
    await refused(openai().embeddings.create({ model: 'bedrock/amazon.nova-pro-v1:0', input: 'a' }), 400, /can be asked for/);
  });
  it('gets images', async () => {
    const two = await openai().images.generate({ model: 'bedrock/amazon.nova-canvas-v1:0', prompt: 'a cat', n: 2, size: '1024x1024', response_format: 'b64_json' });
    assert.deepEqual(two.data.map((d) => d.b64_json), [PNG, PNG]);
    const one = await openai().images.generate({ model: 'bedrock/stability.sd3-5-large-v1:0', prompt: 'a cat', size: '1024x1024', response_format: 'b64_json' });
    assert.equal(one.data[0].b64_json, PNG);
    await refused(openai().images.generate({ model: 'bedrock/stability.sd3-5-large-v1:0', prompt: '#withheld', response_format: 'b64_json' }), 400, /Filter reason/);
  });
});

describe('Anthropic\'s client', () => {
  const claude = () => new Anthropic({ baseURL: all.hub.url, apiKey: all.key, maxRetries: 0 });
  const said = (content, more = {}) => ({ model: `bedrock/${CLAUDE}`, max_tokens: 200, messages: [{ role: 'user', content }], ...more });

  it('is relayed to Claude in its own format, whole and streamed', async () => {
    const system = [{ type: 'text', text: 'long', cache_control: { type: 'ephemeral', ttl: '1h' } }];
    const reply = await claude().messages.create(said('hello', { system }), { headers: { 'anthropic-beta': 'context-1m-2025-08-07,other' } });
    assert.equal(reply.content[0].text, 'Hello from the imitation');
    assert.equal(last().path, `/bedrock/model/${encodeURIComponent(CLAUDE)}/invoke`);
    assert.deepEqual(last().body.system, system);
    assert.deepEqual(last().body.anthropic_beta, ['context-1m-2025-08-07', 'other']);
    const stream = claude().messages.stream(said('hello #stream=12 #split=5'));
    assert.equal((await stream.finalMessage()).content[0].text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
    assert.match((await stream.withResponse()).response.headers.get('content-type'), /^text\/event-stream/);
    assert.equal(last().path, `/bedrock/model/${encodeURIComponent(CLAUDE)}/invoke-with-response-stream`);
  });
  it('calls tools and sends thinking back', async () => {
    const tools = [{ name: 'weather', input_schema: WEATHER }];
    const thinking = { type: 'enabled', budget_tokens: 1024 };
    const first = await claude().messages.create(said('#tool #reason', { tools, thinking, max_tokens: 2000 }));
    assert.deepEqual(first.content.map((b) => b.type), ['thinking', 'tool_use']);
    const messages = [{ role: 'user', content: '#tool #reason' }, { role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: first.content[1].id, content: 'sun' }] }];
    const second = await claude().messages.create(said('', { tools, thinking, max_tokens: 2000, messages }));
    assert.equal(second.content.at(-1).text, 'Result: sun');
  });
  it('is translated for other models', async () => {
    const reply = await claude().messages.create({ ...said('hello'), model: `bedrock/${NOVA}` });
    assert.equal(reply.content[0].text, 'Hello from the imitation');
    assert.match(last().path, /converse$/);
    const final = await claude().messages.stream({ ...said('#tools', { tools: [{ name: 'weather', input_schema: WEATHER }] }), model: `bedrock/${NOVA}` }).finalMessage();
    assert.deepEqual(final.content.map((b) => b.name), ['weather', 'weather']);
  });
  it('counts tokens', async () => {
    assert.equal((await claude().messages.countTokens({ model: `bedrock/${CLAUDE}`, messages: [{ role: 'user', content: 'x' }] })).input_tokens, 17);
  });
  it('is told why it failed, also in the middle', async () => {
    await refused(claude().messages.create(said('#status=429')), 429, /Too many requests/);
    await refused(claude().messages.create(said('x', { max_tokens: 0 })), 400, /max_tokens/);
    for (const way of ['error-mid=4 #stream=9', 'cut=4 #stream=9', 'end-early', 'wrong-crc', 'turned-bit']) await assert.rejects(claude().messages.stream(said(`x #${way}`)).finalMessage(), undefined, way);
  });
});

describe('AIGNE\'s client', () => {
  const user = (content, more = {}) => ({ messages: [{ role: 'user', content }], ...more });

  it('is answered, with reasoning, tools and the cache', async () => {
    const reply = await aigne(CLAUDE).invoke(user('hello #cache'));
    assert.equal(reply.text, 'Hello from the imitation');
    assert.deepEqual([reply.usage.inputTokens, reply.usage.cacheReadInputTokens, reply.usage.cacheCreationInputTokens], [8, 8, 4]);
    const tools = [{ type: 'function', function: { name: 'weather', description: 'Weather of a city', parameters: WEATHER } }];
    const called = await aigne(CLAUDE).invoke(user('#tool', { tools }));
    assert.deepEqual(called.toolCalls[0].function, { name: 'weather', arguments: { city: 'Paris' } });
    const second = await aigne(CLAUDE).invoke({ tools, messages: [{ role: 'user', content: '#tool' }, { role: 'agent', toolCalls: called.toolCalls }, { role: 'tool', toolCallId: called.toolCalls[0].id, content: 'sun' }] });
    assert.equal(second.text, 'Result: sun');
    const thought = await aigne(CLAUDE).invoke(user('#reason', { modelOptions: { reasoningEffort: 'medium' } }));
    assert.equal(thought.thoughts, 'Let me think.');
    await aigne(CLAUDE).invoke({ messages: [{ role: 'system', content: 'long' }, { role: 'user', content: 'x' }], tools, modelOptions: { cacheConfig: { enabled: true, autoBreakpoints: { lastMessage: true } } } });
    assert.equal((JSON.stringify(last().body).match(/"cachePoint"/g) ?? []).length, 3);
  });
  it('streams', async () => {
    const chunks = await collect(await aigne(NOVA).invoke(user('hello #stream=6'), { streaming: true }));
    assert.equal(chunks.map((c) => c.delta.text?.text ?? '').join(''), 'Hello from the imitation, grüße');
  });
});

describe('credentials', () => {
  const use = async (value) => {
    await all.hub.do('credential.put', { provider: 'bedrock', name: 'main', value });
    const key = value.access_key_id ?? value;
    await settled(async () => {
      await ask(CLAUDE, 'x').catch(() => null);
      return last().key === key;
    });
  };
  it('temporary ones, and an API key', async () => {
    await use(TEMPORARY);
    assert.equal((await ask(CLAUDE, 'hello', {})).choices[0].finish_reason, 'stop');
    await use('ABSK-imitation-0003');
    assert.equal((await ask(CLAUDE, 'hello')).choices[0].finish_reason, 'stop');
  });
  it('are tried, and told apart from what a client did wrong', async () => {
    const good = await all.hub.do('credential.test', { provider: 'bedrock', name: 'main' });
    assert.equal(good.ok, true, JSON.stringify(good));
    await use({ ...PAIR, secret_access_key: 'wrong-secret' });
    await assert.rejects(all.hub.do('credential.test', { provider: 'bedrock', name: 'main' }), /signature we calculated does not match/);
    const error = await ask(CLAUDE, 'x').catch((e) => e);
    assert.equal(error.type, 'upstream_error');
    assert.ok(!JSON.stringify(error).includes('wrong-secret'));
  });
});

describe('the library without a hub', () => {
  /* Runs tests/server/ask; gives its output and exit code. */
  const run = (mode, settings, text, env = {}) => new Promise((resolve) => execFile(process.env.AIGNE_ASK, [mode, JSON.stringify(settings), text], { env, timeout: 20000 }, (error, stdout) => resolve({ code: error?.code ?? 0, stdout })));
  const here = (more) => ({ provider: 'bedrock', url: `${all.imitation.url}/bedrock`, model: CLAUDE, ...more });
  const hello = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }] });

  it('takes a pair, an API key, and both from the environment when told to', async () => {
    const environment = { AWS_ACCESS_KEY_ID: TEMPORARY.access_key_id, AWS_SECRET_ACCESS_KEY: TEMPORARY.secret_access_key, AWS_SESSION_TOKEN: TEMPORARY.session_token, AWS_REGION: 'ap-south-1' };
    const ways = [
      [{ accessKey: JSON.stringify(PAIR), region: 'eu-north-1' }, {}, PAIR.access_key_id, 'eu-north-1'],
      [{ accessKey: JSON.stringify(PAIR) }, environment, PAIR.access_key_id, 'us-east-1'],
      [{ accessKey: 'ABSK-imitation' }, {}, 'ABSK-imitation'],
      [{ env: true }, environment, TEMPORARY.access_key_id, 'ap-south-1'],
      [{ env: true }, { ...environment, AWS_BEARER_TOKEN_BEDROCK: 'ABSK-environment' }, 'ABSK-environment'],
    ];
    for (const [settings, env, key, region] of ways) {
      const { code, stdout } = await run('stream', here(settings), hello, env);
      assert.equal(code, 0, stdout);
      assert.match(stdout, /Hello/);
      assert.equal(last().key, key);
      if (region) assert.equal(last().headers.authorization.split('/')[2], region);
    }
  });
  it('lists the models', async () => {
    const { stdout } = await run('list', here({ accessKey: JSON.stringify(PAIR) }), 'chat');
    assert.match(stdout, /us\.anthropic\.claude-sonnet-4-5-20250929-v1:0/);
    assert.equal(last().query, '?byOutputModality=TEXT');
  });
});
