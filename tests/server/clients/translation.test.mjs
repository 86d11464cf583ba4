// Awkward but legal requests, translated for each vendor: what the hub sends is something the strict
// imitation takes, and nothing of the meaning is lost on the way.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { PNG, WEATHER, post, settled, startAll } from './harness.mjs';

let all;
before(async () => {
  all = await startAll();
});
beforeEach(() => all.calm());
after(() => all?.stop());

const OPENAI = 'openai/gpt-4o-mini', OPENAI5 = 'openai/gpt-5-mini';
const CLAUDE = 'anthropic/claude-haiku-4-5', CLAUDE8 = 'anthropic/claude-opus-4-8', CLAUDE35 = 'anthropic/claude-3-5-haiku-20241022';
const GEMINI = 'google/gemini-2.5-flash', GEMINI_PRO = 'google/gemini-2.5-pro', GEMINI_LITE = 'google/gemini-2.5-flash-lite', GEMINI3 = 'google/gemini-3-pro-preview', GEMINI2 = 'google/gemini-2.0-flash';
const TRANSLATED = [CLAUDE, CLAUDE8, GEMINI, GEMINI3];

/* {status, json, sent: the body that went upstream, refused: the provider's refusal}. */
async function ask(path, body) {
  all.imitation.log.clear();
  const answer = await post(all.hub.url + path, body, { authorization: `Bearer ${all.key}` });
  const entry = all.imitation.log.entries.at(-1);
  return { ...answer, sent: entry?.body, refused: entry?.refused, count: all.imitation.log.entries.length };
}
const openai = (model, messages, more = {}) => ask('/v1/chat/completions', { model, messages: typeof messages === 'string' ? [{ role: 'user', content: messages }] : messages, ...more });
const aigne = (model, messages, more = {}) => ask('/api/v2/chat', { input: { messages: typeof messages === 'string' ? [{ role: 'user', content: messages }] : messages, ...more, modelOptions: { ...more.modelOptions, model } } });
const taken = (answer, what) => {
  assert.equal(answer.refused, undefined, `${what}: the provider refused it`);
  assert.equal(answer.status, 200, `${what}: ${answer.text.slice(0, 300)}`);
  return answer;
};
const has = (answer, ...texts) => {
  const text = JSON.stringify(answer.sent);
  for (const t of texts) assert.ok(text.includes(t), `"${t}" is lost: ${text.slice(0, 900)}`);
};
const user = (content) => ({ role: 'user', content });
const call = (id, args = '{"city":"Paris"}', name = 'weather') => ({ id, type: 'function', function: { name, arguments: args } });
const calls = (...list) => ({ role: 'assistant', content: null, tool_calls: list });
const result = (id, content = 'sunny') => ({ role: 'tool', tool_call_id: id, content });
const tool = (parameters = WEATHER, name = 'weather', more = {}) => ({ type: 'function', function: { name, description: 'd', ...(parameters ? { parameters } : {}), ...more } });
const tools = [tool()];

describe('conversations of OpenAI\'s clients', () => {
  const cases = {
    'ids with dots, colons and great length': [[user('x'), calls(call('call.1:a|b'), call('c'.repeat(100))), result('call.1:a|b', 'first'), result('c'.repeat(100), 'second')], ['first', 'second']],
    'results in another order': [[user('x'), calls(call('a'), call('b')), result('b', 'second'), result('a', 'first')], ['first', 'second']],
    'the same tool twice': [[user('x'), calls(call('a', '{"city":"Rome"}'), call('b', '{"city":"Oslo"}')), result('a', 'one'), result('b', 'two')], ['Rome', 'Oslo', 'one', 'two']],
    'text beside a call': [[user('x'), { ...calls(call('a')), content: 'Let me look.' }, result('a')], ['Let me look.', 'sunny']],
    'empty text beside a call': [[user('x'), { ...calls(call('a')), content: '' }, result('a')], ['sunny']],
    'arguments that are empty': [[user('x'), calls(call('a', '')), result('a')], ['sunny']],
    'arguments that are not JSON': [[user('x'), calls(call('a', '{"city": Par')), result('a')], ['sunny']],
    'arguments that are a list': [[user('x'), calls(call('a', '[1,2]')), result('a')], ['sunny']],
    'an empty result': [[user('x'), calls(call('a')), result('a', '')], []],
    'a result in parts': [[user('x'), calls(call('a')), result('a', [{ type: 'text', text: 'one' }, { type: 'text', text: 'two' }])], ['one', 'two']],
    'a result that is JSON': [[user('x'), calls(call('a')), result('a', '{"degrees":[1,2]}')], ['degrees']],
    'a result that is a list': [[user('x'), calls(call('a')), result('a', '[1,2]')], []],
    'a question behind results': [[user('x'), calls(call('a')), result('a'), user('and then?')], ['and then?']],
    'two rounds of calls': [[user('x'), calls(call('a')), result('a', 'one'), calls(call('b')), result('b', 'two')], ['one', 'two']],
    'an answer between rounds': [[user('x'), calls(call('a')), result('a', 'one'), { role: 'assistant', content: 'it is one' }, user('more'), calls(call('b')), result('b', 'two')], ['it is one', 'two']],
    'ids used again later': [[user('x'), calls(call('a')), result('a', 'one'), { role: 'assistant', content: 'so' }, user('y'), calls(call('a')), result('a', 'two')], ['one', 'two']],
    'several users in a row': [[user('one'), user('two'), user('three')], ['one', 'two', 'three']],
    'several assistants in a row': [[user('x'), { role: 'assistant', content: 'one' }, { role: 'assistant', content: 'two' }, user('y')], ['one', 'two']],
    'an assistant first': [[{ role: 'assistant', content: 'Welcome.' }, user('x')], ['Welcome.']],
    'an empty assistant': [[user('x'), { role: 'assistant', content: '' }, user('y')], ['y']],
    'a blank user': [[user(' \n'), user('y')], ['y']],
    'only a system message': [[{ role: 'system', content: 'Greet.' }], ['Greet.']],
    'system messages everywhere': [[{ role: 'system', content: 'one' }, user('x'), { role: 'system', content: 'two' }, { role: 'developer', content: 'three' }, user('y')], ['one', 'two', 'three']],
    'a system message in parts': [[{ role: 'system', content: [{ type: 'text', text: 'one' }, { type: 'text', text: 'two' }] }, user('x')], ['one', 'two']],
    'an empty system message': [[{ role: 'system', content: '' }, user('x')], []],
    'names': [[{ role: 'user', content: 'x', name: 'anna' }], []],
    'what an SDK sends back': [[user('x'), { role: 'assistant', content: 'hi', refusal: null, annotations: [], audio: null, function_call: null, tool_calls: null }, user('y')], ['hi']],
    'an image and text': [[user([{ type: 'text', text: 'see' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }])], [PNG, 'see']],
    'an image under a false type': [[user([{ type: 'image_url', image_url: { url: `data:image/jpeg;base64,${PNG}` } }, { type: 'text', text: 'see' }])], [PNG]],
    'a PDF': [[user([{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0xLjQK' } }, { type: 'text', text: 'read' }])], ['JVBERi0xLjQK']],
    'many messages': [Array.from({ length: 400 }, (_, i) => (i % 2 ? { role: 'assistant', content: `a${i}` } : user(`u${i}`))).concat(user('end')), ['u0', 'a399', 'end']],
  };
  for (const [name, [messages, texts]] of Object.entries(cases))
    it(name, async () => {
      const withTools = messages.some((m) => m.role === 'tool');
      for (const model of TRANSLATED) {
        if (name === 'ids used again later' && model.startsWith('anthropic/')) continue; // it wants each id once
        has(taken(await openai(model, messages, withTools ? { tools } : {}), model), ...texts);
      }
    });
  it('history with calls and no tools any more', async () => {
    for (const model of TRANSLATED) taken(await openai(model, [user('x'), calls(call('a')), result('a')]), model);
  });
});

/* What providers' own tools did in earlier turns is said in words; what is sealed is left out and told. */
describe('history of tools that providers run themselves', () => {
  const anthropic = (...content) => ['/v1/messages', { max_tokens: 2000, messages: [user('x'), { role: 'assistant', content: [...content, { type: 'text', text: 'Found it.' }] }, user('go on')] }];
  const responses = (...items) => ['/v1/responses', { input: [user('x'), ...items, { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Found it.', annotations: [] }] }, user('go on')] }];
  const gemini = (...parts) => ['/v1beta/models/', { contents: [{ role: 'user', parts: [{ text: 'x' }] }, { role: 'model', parts: [...parts, { text: 'Found it.' }] }, { role: 'user', parts: [{ text: 'go on' }] }] }];
  const cases = {
    'Anthropic: a search': [anthropic({ type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'the weather' } }, { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [{ type: 'web_search_result', title: 'Rain in Oslo', url: 'https://example.com/oslo', encrypted_content: 'RU5D', page_age: null }] }), ['web_search', 'the weather', 'Rain in Oslo', 'https://example.com/oslo'], 'web_search_tool_result'],
    'Anthropic: nothing found': [anthropic({ type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } }, { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }), ['web_search'], 'web_search_tool_result'],
    'Anthropic: code': [anthropic({ type: 'server_tool_use', id: 'srvtoolu_1', name: 'code_execution', input: { code: 'print(6*7)' } }, { type: 'code_execution_tool_result', tool_use_id: 'srvtoolu_1', content: { type: 'code_execution_result', stdout: '42', stderr: '', return_code: 0, content: [] } }), ['print(6*7)', 'stdout: 42'], null],
    'Anthropic: a page': [anthropic({ type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_fetch', input: { url: 'https://example.com/a' } }, { type: 'web_fetch_tool_result', tool_use_id: 'srvtoolu_1', content: { type: 'web_fetch_result', url: 'https://example.com/a', content: { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Whole page.' }, title: 'A page' } } }), ['Whole page.', 'A page'], null],
    'Anthropic: a server of tools': [anthropic({ type: 'mcp_tool_use', id: 'mcptoolu_1', name: 'lookup', server_name: 's', input: { key: 'k1' } }, { type: 'mcp_tool_result', tool_use_id: 'mcptoolu_1', is_error: false, content: [{ type: 'text', text: 'value one' }] }), ['lookup', 'k1', 'value one'], null],
    'Gemini: code': [gemini({ executableCode: { language: 'PYTHON', code: 'print(6*7)' } }, { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '42' } }), ['print(6*7)', 'output: 42'], null],
    'Gemini: a search': [gemini({ toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['the weather'] }, id: 'a' } }, { toolResponse: { toolType: 'GOOGLE_SEARCH_WEB', response: { found: 'Rain in Oslo' }, id: 'a' } }), ['the weather', 'Rain in Oslo'], null],
    'Responses: a search': [responses({ type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'the weather' } }), ['the weather'], null],
    'Responses: files': [responses({ type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['the weather'], results: [{ file_id: 'file-1', filename: 'oslo.txt', score: 0.9, text: 'Rain in Oslo', attributes: {} }] }), ['the weather', 'oslo.txt', 'Rain in Oslo'], null],
    'Responses: code': [responses({ type: 'code_interpreter_call', id: 'ci_1', status: 'completed', container_id: 'cntr_1', code: 'print(6*7)', outputs: [{ type: 'logs', logs: '42' }] }), ['print(6*7)', 'logs: 42'], null],
    'Responses: a server of tools': [responses({ type: 'mcp_list_tools', id: 'mcpl_1', server_label: 's', tools: [] }, { type: 'mcp_call', id: 'mcp_1', server_label: 's', name: 'lookup', arguments: '{"key":"k1"}', output: 'value one' }), ['lookup', 'k1', 'value one'], 'mcp_list_tools'],
    'Responses: a shell': [responses({ type: 'local_shell_call', id: 'ls_1', call_id: 'c1', status: 'completed', action: { type: 'exec', command: ['ls'], env: {} } }, { type: 'local_shell_call_output', id: 'c1', output: 'a.txt' }), ['ls', 'a.txt'], null],
    'Responses: a drawing': [responses({ type: 'image_generation_call', id: 'ig_1', status: 'completed', result: PNG }), [PNG], null],
  };
  for (const [name, [[path, body], texts, left]] of Object.entries(cases))
    it(name, async () => {
      for (const model of [OPENAI, OPENAI5, CLAUDE, GEMINI, GEMINI3]) {
        const native = { '/v1/messages': 'anthropic/', '/v1/responses': 'openai/', '/v1beta/models/': 'google/' }[path];
        if (model.startsWith(native)) continue; // relayed as it is
        const answer = taken(await (path === '/v1beta/models/' ? ask(`${path}${model}:generateContent`, body) : ask(path, { model, ...body })), model);
        has(answer, 'Found it.', ...texts.map((t) => JSON.stringify(t).slice(1, -1)));
        assert.equal(answer.headers.get('x-aigne-hub-dropped'), left, model);
      }
    });
});

describe('tools', () => {
  const wide = Number.MAX_SAFE_INTEGER;
  const schemas = {
    'no parameters': undefined,
    'an empty object': { type: 'object', properties: {} },
    'only a type': { type: 'object' },
    'what zod writes': { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: { n: { type: 'integer', minimum: -wide, maximum: wide }, s: { anyOf: [{ type: 'string' }, { type: 'null' }] }, l: { type: 'array', items: { type: 'string' }, minItems: 1 } }, required: ['n'], additionalProperties: false },
    'references': { type: 'object', properties: { a: { $ref: '#/$defs/place' } }, $defs: { place: { type: 'object', properties: { city: { type: 'string' } }, additionalProperties: false } } },
    'unions of types': { type: 'object', properties: { a: { type: ['string', 'null'] }, b: { oneOf: [{ type: 'string' }, { type: 'number' }] }, c: { const: 'x' }, d: { enum: [1, 2] } } },
    'nested empty objects': { type: 'object', properties: { a: { type: 'object', properties: {} }, b: { type: 'array', items: {} } } },
    'a map': { type: 'object', properties: { a: { type: 'object', additionalProperties: { type: 'number' } } } },
  };
  for (const [name, parameters] of Object.entries(schemas))
    it(`with ${name}`, async () => {
      for (const model of [...TRANSLATED, CLAUDE35, GEMINI2]) {
        const answer = taken(await openai(model, 'x #tool', { tools: [tool(parameters)] }), model);
        assert.equal(answer.json.choices[0].message.tool_calls[0].function.name, 'weather', model);
        taken(await aigne(model, 'x #tool', { tools: [tool(parameters)] }), model);
      }
      taken(await aigne(OPENAI, 'x #tool', { tools: [tool(parameters)] }), OPENAI);
    });
  it('with names that not every vendor takes', async () => {
    for (const name of ['get-weather', '1st_tool', 'a'.repeat(64), '_x', '-x'])
      for (const model of TRANSLATED) {
        const first = taken(await openai(model, 'x #tool', { tools: [tool(WEATHER, name)] }), model);
        const message = first.json.choices[0].message;
        assert.equal(message.tool_calls[0].function.name, name, `${model}: the name came back`);
        taken(await openai(model, [user('x #tool'), message, result(message.tool_calls[0].id)], { tools: [tool(WEATHER, name)] }), model);
        const named = await openai(model, 'x', { tools: [tool(WEATHER, name)], tool_choice: { type: 'function', function: { name } } });
        assert.equal(taken(named, model).json.choices[0].message.tool_calls[0].function.name, name);
      }
  });
  it('with strict and without a description', async () => {
    for (const model of TRANSLATED) taken(await openai(model, 'x #tool', { tools: [{ type: 'function', function: { name: 'f', parameters: WEATHER, strict: true } }] }), model);
  });
  it('an empty list, with and without a choice', async () => {
    for (const model of TRANSLATED) taken(await openai(model, 'x', { tools: [] }), model);
    for (const model of [OPENAI, ...TRANSLATED]) {
      taken(await aigne(model, 'x', { tools: [] }), model);
      taken(await aigne(model, 'x', { tools: [], toolChoice: 'auto' }), model);
      taken(await aigne(model, 'x', { toolChoice: 'none' }), model);
    }
  });
  it('none, after calls were made', async () => {
    for (const model of TRANSLATED) {
      const answer = taken(await openai(model, [user('x #tool'), calls(call('a')), result('a'), user('#tool')], { tools, tool_choice: 'none' }), model);
      assert.equal(answer.json.choices[0].message.tool_calls, undefined);
    }
  });
});

/* What a provider cannot be told, the answer is made to keep to on its way. */
describe('stop sequences and single calls that a provider is not told of', () => {
  const STOP = ', grüße 東'; // over three pieces
  const SAID = 'Hello from the imitation';
  const many = ['a1', 'a2', 'a3', 'a4', 'a5', STOP];
  const cases = { 'a model that reasons': [OPENAI5, [STOP]], 'a model of Responses alone': ['openai/gpt-5-pro', [STOP]], 'more than four': [OPENAI, many], 'more than five': [GEMINI, many] };
  const sdk = () => new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
  const anthropic = () => new Anthropic({ baseURL: all.hub.url, apiKey: all.key, maxRetries: 0 });
  const gemini = () => new GoogleGenAI({ apiKey: all.key, httpOptions: { baseUrl: `${all.hub.url}/gemini` } });
  const row = async () => (await all.hub.do('usage.list', { pageSize: 1 })).list[0];
  const say = (model, prompt, stop) => ({ model, max_tokens: 2000, messages: [user(prompt)], stop_sequences: stop });
  for (const [name, [model, stop]] of Object.entries(cases)) {
    it(`${name}, whole`, async () => {
      if (model.startsWith('openai/') && model !== 'openai/gpt-5-pro') return; // relayed: what it does not take it refuses
      const chat = await openai(model, 'x #stream=64', { stop });
      assert.equal(taken(chat, model).json.choices[0].message.content, SAID);
      assert.equal(chat.json.choices[0].finish_reason, 'stop');
      assert.ok(chat.json.usage.completion_tokens >= 64, 'what the provider counted is told');
      assert.equal(chat.headers.get('x-aigne-hub-dropped'), null);
      assert.equal((await row()).estimated ?? false, false);
    });
    it(`${name}, in Anthropic's words`, async () => {
      const whole = await anthropic().messages.create(say(model, 'x #stream=64', stop));
      assert.deepEqual([whole.content.map((c) => c.text).join(''), whole.stop_reason, whole.stop_sequence], [SAID, 'stop_sequence', STOP]);
      const streamed = await anthropic().messages.stream(say(model, 'x #stream=64 #split=1', stop)).finalMessage();
      assert.deepEqual([streamed.content.map((c) => c.text).join(''), streamed.stop_reason, streamed.stop_sequence], [SAID, 'stop_sequence', STOP]);
    });
    it(`${name}, in Gemini's words`, async () => {
      if (model === GEMINI) return; // relayed
      let text = '', reason;
      for await (const chunk of await gemini().models.generateContentStream({ model, contents: 'x #stream=64', config: { stopSequences: stop } })) {
        text += chunk.text ?? '';
        reason = chunk.candidates?.[0].finishReason ?? reason;
      }
      assert.deepEqual([text, reason], [SAID, 'STOP']);
    });
    it(`${name}: the provider is left where the caller heard enough`, async () => {
      all.imitation.log.clear();
      const streamed = await anthropic().messages.stream(say(model, 'x #stream=400 #drip=20', stop)).finalMessage();
      assert.equal(streamed.content[0].text, SAID);
      await settled(() => all.imitation.log.entries.at(-1).outcome === 'client-gone');
      await settled(async () => (await row()).estimated);
      const { inputTokens, outputTokens, status } = await row();
      assert.equal(status, 'success');
      assert.ok(inputTokens > 0 && outputTokens > 0, 'it is no gift');
    });
  }
  it('a sequence of white space', async () => {
    const r = await openai(CLAUDE, 'x #stream=64', { stop: [' '] });
    assert.equal(taken(r, CLAUDE).json.choices[0].message.content, 'Hello');
    const never = await openai(CLAUDE, 'x #stream=12', { stop: ['\n\n'] });
    assert.ok(taken(never, CLAUDE).json.choices[0].message.content.endsWith('\n'), 'what was held back is told at the end');
  });
  it('more than is looked for', async () => {
    const answer = await openai('openai/gpt-5-pro', 'x', { stop: Array.from({ length: 65 }, (_, i) => `stop${i}`) });
    assert.deepEqual([answer.status, answer.json.error.param], [400, 'stop']);
  });
  it('a stream of OpenAI\'s, with its usage where the policy wants it read', async () => {
    await all.hub.do('settings.put', { policy: { onCancel: 'drain' } });
    await settled(async () => {
      const chunks = [];
      for await (const chunk of await sdk().chat.completions.create({ model: 'openai/gpt-5-pro', messages: [user('x #stream=64 #drip=2')], stop: STOP, stream: true, stream_options: { include_usage: true } })) chunks.push(chunk);
      assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), SAID);
      assert.deepEqual(chunks.flatMap((c) => c.choices[0]?.finish_reason ?? []), ['stop']);
      return chunks.at(-1).usage?.completion_tokens >= 64 && !(await row()).estimated;
    });
    await all.hub.do('settings.put', { policy: {} });
  });
  it('one call where two come', async () => {
    for (const model of [GEMINI, GEMINI3, CLAUDE]) {
      const body = { tools: [tool(), tool(WEATHER, 'time')], parallel_tool_calls: false };
      const first = taken(await openai(model, 'x #tools', body), model);
      const { message } = first.json.choices[0];
      assert.equal(message.tool_calls.length, 1, model);
      assert.equal(first.json.choices[0].finish_reason, 'tool_calls');
      assert.equal(first.headers.get('x-aigne-hub-dropped'), null);
      taken(await openai(model, [user('x #tools'), message, result(message.tool_calls[0].id)], body), model);
    }
  });
});

describe('what changes the answer and cannot be had', () => {
  const refused = { logprobs: { logprobs: true, top_logprobs: 2 }, modalities: { modalities: ['text', 'image'] } };
  for (const [name, more] of Object.entries(refused))
    it(`${name} is refused by its name`, async () => {
      const answer = await openai(CLAUDE, 'x', more);
      assert.deepEqual([answer.status, answer.json.error.param, answer.count], [400, name, 0]);
    });
});

describe('settings', () => {
  it('sampling beyond what the vendor takes', async () => {
    for (const model of TRANSLATED) {
      taken(await openai(model, 'x', { temperature: 1.7, top_p: 0.9 }), `${model} hot`);
      taken(await openai(model, 'x', { temperature: 0, top_p: 1 }), `${model} cold`);
      taken(await aigne(model, 'x', { modelOptions: { temperature: 0.3, topP: 0.5, frequencyPenalty: 0.5, presencePenalty: 0.5 } }), `${model} aigne`);
    }
    taken(await openai(CLAUDE35, 'x', { temperature: 1.7, top_p: 0.9 }), 'old claude');
  });
  it('members that only OpenAI knows', async () => {
    const more = { n: 1, logprobs: false, seed: 7, user: 'u', store: true, metadata: { a: 'b' }, service_tier: 'auto', logit_bias: { 5: 1 }, frequency_penalty: 0.5, presence_penalty: 0.5, verbosity: 'low', prompt_cache_key: 'k', safety_identifier: 's', modalities: ['text'], parallel_tool_calls: true, prediction: null, stop: null, tool_choice: null, stream_options: null, max_tokens: null };
    for (const model of TRANSLATED) taken(await openai(model, 'x', more), model);
  });
  it('members of the same name in two formats', async () => {
    const answer = taken(await ask('/v1/responses', { model: CLAUDE, input: 'x', context_management: [{ type: 'compaction', compact_threshold: 1000 }] }), 'compaction');
    assert.equal(answer.headers.get('x-aigne-hub-dropped'), 'context_management');
  });
  it('what is left out has the name that its client gave it', async () => {
    const answer = taken(await ask(`/v1beta/models/${OPENAI}:generateContent`, { contents: [{ role: 'user', parts: [{ text: 'x' }] }], generationConfig: { topK: 3 } }), 'Gemini');
    assert.equal(answer.headers.get('x-aigne-hub-dropped'), 'topK');
    assert.equal(taken(await openai(CLAUDE, 'x', { presence_penalty: 1 }), 'OpenAI').headers.get('x-aigne-hub-dropped'), 'presence_penalty');
  });
  it('members that nobody knows', async () => {
    for (const model of TRANSLATED) {
      const answer = await openai(model, 'x', { invented_by_a_framework: { a: 1 } });
      assert.equal(answer.refused, undefined, `${model}: an unknown member went upstream`);
      assert.ok([200, 400].includes(answer.status));
    }
  });
  it('stop sequences, too many and blank', async () => {
    for (const stop of ['END', ['a', 'b', 'c', 'd'], [' ', 'x'], ['\n']])
      for (const model of TRANSLATED) {
        const answer = await openai(model, 'x', { stop });
        assert.equal(answer.refused, undefined, `${model} ${JSON.stringify(stop)}`);
      }
  });
  it('both names for the most tokens', async () => {
    for (const model of TRANSLATED)
      for (const name of ['max_tokens', 'max_completion_tokens']) {
        const { sent } = taken(await openai(model, 'x', { [name]: 333 }), model);
        assert.equal(sent.max_tokens ?? sent.generationConfig.maxOutputTokens, 333);
      }
  });
  it('reasoning models of OpenAI, asked in AIGNE\'s format', async () => {
    taken(await aigne(OPENAI5, 'x', { modelOptions: { temperature: 0.5, topP: 0.5, presencePenalty: 0.5, frequencyPenalty: 0.5, maxTokens: 100, parallelToolCalls: true } }), OPENAI5);
    const { sent } = taken(await aigne(OPENAI5, 'x', { modelOptions: { reasoningEffort: 'low', max_tokens: 100 } }), OPENAI5);
    assert.equal(sent.reasoning_effort, 'low');
    taken(await aigne(OPENAI, 'x', { modelOptions: { reasoningEffort: 'low' } }), `${OPENAI}, which does not reason`);
  });
  it('every effort on every model', async () => {
    for (const effort of ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
      for (const model of [CLAUDE, CLAUDE8, CLAUDE35, GEMINI, GEMINI_PRO, GEMINI_LITE, GEMINI3, GEMINI2]) taken(await openai(model, 'x', { reasoning_effort: effort }), `${model} ${effort}`);
    for (const effort of [0, 100, 600, 2000, 6000, 50000])
      for (const model of [CLAUDE, CLAUDE8, GEMINI, GEMINI_PRO, GEMINI_LITE, GEMINI3, OPENAI5]) taken(await aigne(model, 'x', { modelOptions: { reasoningEffort: effort } }), `${model} ${effort}`);
    for (const model of [CLAUDE, CLAUDE8, GEMINI, GEMINI3]) taken(await openai(model, 'x', { reasoning_effort: 'high', max_tokens: 500, temperature: 0.2 }), `${model} with few tokens`);
  });
  it('reasoning with tools, forced and in the second turn', async () => {
    for (const model of TRANSLATED) {
      const more = { tools, reasoning_effort: 'low' };
      taken(await openai(model, 'x', { ...more, tool_choice: 'required' }), `${model} required`);
      taken(await openai(model, 'x', { ...more, tool_choice: { type: 'function', function: { name: 'weather' } } }), `${model} named`);
      const first = taken(await openai(model, 'x #tool #reason', more), model).json.choices[0].message;
      taken(await openai(model, [user('x #tool #reason'), first, result(first.tool_calls[0].id)], more), `${model} second turn`);
      const options = { tools, modelOptions: { reasoningEffort: 'low' } };
      const reply = taken(await aigne(model, 'x #tools #reason', options), model).json;
      const history = [user('x #tools #reason'), { role: 'agent', toolCalls: reply.toolCalls }, ...reply.toolCalls.map((c) => ({ role: 'tool', toolCallId: c.id, content: 'r' }))];
      taken(await aigne(model, history, options), `${model} second turn in AIGNE's format`);
      const foreign = [user('x'), calls(call('from_elsewhere')), result('from_elsewhere')];
      taken(await openai(model, foreign, more), `${model} with another vendor's history`);
    }
  });
});

describe('answers by a schema', () => {
  const format = (schema, strict = true) => ({ type: 'json_schema', json_schema: { name: 'place', schema, strict } });
  const Open = { type: 'object', properties: { city: { type: 'string' }, size: { type: 'integer' } } };
  it('strict and loose, plain JSON and with tools', async () => {
    for (const model of [...TRANSLATED, CLAUDE35, GEMINI2]) {
      for (const response_format of [format(WEATHER), format(Open, false), { type: 'json_object' }]) {
        const answer = taken(await openai(model, 'json, please', { response_format }), `${model} ${response_format.type}`);
        JSON.parse(answer.json.choices[0].message.content);
      }
      const both = taken(await openai(model, 'x #tool', { response_format: format(WEATHER), tools }), `${model} with tools`);
      assert.ok(both.json.choices[0].message.tool_calls?.length || both.json.choices[0].message.content, model);
      taken(await openai(model, [user('x #tool'), calls(call('a')), result('a')], { response_format: format(WEATHER), tools }), `${model} with results`);
    }
  });
  it('loose ones in AIGNE\'s format', async () => {
    const responseFormat = { type: 'json_schema', jsonSchema: { name: 'a place', description: 'd', schema: Open } };
    for (const model of [OPENAI, OPENAI5, ...TRANSLATED, CLAUDE35, GEMINI2]) {
      const { json } = taken(await aigne(model, 'where?', { responseFormat }), model);
      assert.equal(json.json?.city, 'Paris', `${model}: ${JSON.stringify(json)}`);
    }
  });
  it('with reasoning', async () => {
    for (const model of TRANSLATED) taken(await openai(model, 'where?', { response_format: format(WEATHER), reasoning_effort: 'low' }), model);
  });
});

/* Google gives lists and more; who gives objects alone is asked for one with the value in it. */
/* After a failover a body may hold what another vendor of the same format sealed: nothing in it says so. */
describe('seals of another vendor', () => {
  const anthropic = { max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 }, messages: [user('x'), { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm.', signature: 'c2VhbGVkIGVsc2V3aGVyZQ==' }, { type: 'text', text: 'Well.' }] }, user('go on')] };
  const search = { ...anthropic, tools: [{ type: 'web_search_20250305', name: 'web_search' }] };
  const responses = { store: false, input: [user('x'), { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAelsewhere' }, { role: 'assistant', content: 'Well.' }, user('go on')] };
  const gemini = { contents: [{ role: 'user', parts: [{ text: 'w' }] }, { role: 'model', parts: [{ functionCall: { name: 'weather', args: { city: 'Oslo' } }, thoughtSignature: 'ZWxzZXdoZXJl' }] }, { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { result: 'rain' } } }] }], tools: [{ functionDeclarations: [{ name: 'weather' }] }] };
  const cases = [['/v1/messages', { model: CLAUDE, ...anthropic }, 'Well.', 'thinking'], ['/v1/responses', { model: OPENAI5, ...responses }, 'Well.', 'redacted_thinking'], [`/v1beta/models/${GEMINI3}:generateContent`, gemini, 'rain', null]];
  for (const [path, body, text, left] of cases)
    it(`do not end a conversation: ${path.slice(0, 12)}`, async () => {
      const answer = await ask(path, body);
      taken(answer, path);
      has(answer, text);
      assert.equal(answer.count, 2, 'refused once, asked again without');
      assert.equal(answer.headers.get('x-aigne-hub-dropped'), left);
      const streamed = taken(await ask(path.replace(':generateContent', ':streamGenerateContent'), { ...body, ...(path.includes(':') ? {} : { stream: true }) }), path);
      assert.match(streamed.text, /Hello|Result/);
    });
  it('are told of where the rest can be said to that one alone', async () => {
    const answer = await ask('/v1/messages', { model: CLAUDE, ...search });
    assert.equal(answer.status, 400);
    assert.match(answer.json.error.message, /signature|input_schema/);
  });
});

describe('what cannot be said', () => {
  const film = { inlineData: { mimeType: 'video/mp4', data: 'AAAA' } };
  it('is named as the client wrote it', async () => {
    const gemini = await ask(`/v1beta/models/${CLAUDE}:generateContent`, { systemInstruction: { parts: [{ text: 's' }] }, contents: [{ role: 'user', parts: [{ text: 'x' }, film] }] });
    assert.match(gemini.json.error.message, /^contents\[0\]\.parts\[1\]: /);
    assert.equal(gemini.json.error.details[0].fieldViolations[0].field, 'contents[0].parts[1]');
    const responses = await ask('/v1/responses', { model: CLAUDE, instructions: 's', input: [{ role: 'user', content: 'a' }, { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } }] }] });
    assert.equal(responses.json.error.param, 'input[1].content[0]');
    const anthropic = await ask('/v1/messages', { model: OPENAI, max_tokens: 100, system: 's', messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } }] }] });
    assert.match(anthropic.json.error.message, /^messages\[0\]\.content\[1\]: /);
    const chat = await openai(CLAUDE, [{ role: 'system', content: 's' }, user([{ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } }])]);
    assert.equal(chat.json.error.param, 'messages[1].content[0]');
  });
});

describe('answers that are no objects', () => {
  const schema = { type: 'ARRAY', items: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] } };
  const body = { contents: [{ role: 'user', parts: [{ text: 'x' }] }], generationConfig: { responseMimeType: 'application/json', responseSchema: schema } };
  const value = (json) => JSON.parse(json.flatMap((r) => r.candidates?.[0].content?.parts ?? []).map((p) => (p.thought ? '' : p.text)).join(''));
  it('come as lists from everybody, at once and in a stream', async () => {
    for (const model of [OPENAI, OPENAI5, 'openai/gpt-5-codex', CLAUDE, CLAUDE8, CLAUDE35, GEMINI, GEMINI3]) {
      const plain = taken(await ask(`/v1beta/models/${model}:generateContent`, body), model);
      assert.deepEqual(value([plain.json]), [{ city: 'Paris' }], model);
      const stream = taken(await ask(`/v1beta/models/${model}:streamGenerateContent`, body), model);
      assert.deepEqual(value(stream.json), [{ city: 'Paris' }], model);
    }
  });
});

describe('conversations of AIGNE\'s clients', () => {
  const agent = (text, ...list) => ({ role: 'agent', ...(text === undefined ? {} : { content: text }), toolCalls: list.map(([id, args]) => ({ id, type: 'function', function: { name: 'weather', arguments: args ?? {} } })) });
  const told = (id, content) => ({ role: 'tool', toolCallId: id, content });
  const EVERY = [OPENAI, OPENAI5, ...TRANSLATED];
  const cases = {
    'text beside a call': [[user('x'), agent('Let me look.', ['a']), told('a', 'sunny')], ['Let me look.', 'sunny']],
    'an image as a result': [[user('x'), agent(undefined, ['a']), told('a', [{ type: 'text', text: 'see' }, { type: 'file', data: PNG, mimeType: 'image/png' }])], ['see']],
    'files without a type': [[user([{ type: 'text', text: 'see' }, { type: 'file', data: PNG }])], [PNG]],
    'files by their name': [[user([{ type: 'text', text: 'see' }, { type: 'file', data: PNG, filename: 'a.png' }])], [PNG]],
    'files of a type with two names': [[user([{ type: 'file', data: '/9j/4AAQSkZJRgABAQ==', mimeType: 'image/jpg' }, { type: 'text', text: 'see' }])], ['/9j/4AAQSkZJRgABAQ==']],
    'a PDF': [[user([{ type: 'file', data: 'JVBERi0xLjQK', mimeType: 'application/pdf', filename: 'a.pdf' }, { type: 'text', text: 'read' }])], ['JVBERi0xLjQK']],
    'many cache marks': [[{ role: 'system', content: 'one', cacheControl: { type: 'ephemeral' } }, ...Array.from({ length: 7 }, (_, i) => ({ role: 'user', content: [{ type: 'text', text: `part ${i}`, cacheControl: { type: 'ephemeral', ttl: '1h' } }] }))], ['part 6']],
    'metadata on calls': [[user('x'), { role: 'agent', toolCalls: [{ id: 'a', type: 'function', function: { name: 'weather', arguments: {} }, metadata: { thoughtSignature: 'abcd', x: 1 } }] }, told('a', 'r')], []],
    'nulls': [[{ role: 'user', content: 'x', name: null, cacheControl: null, toolCalls: null, toolCallId: null }], ['x']],
    'an agent without content': [[user('x'), { role: 'agent' }, user('y')], ['y']],
  };
  for (const [name, [messages, texts]] of Object.entries(cases))
    it(name, async () => {
      const more = messages.some((m) => m.role === 'tool') ? { tools } : {};
      for (const model of EVERY) {
        if (model === GEMINI3 && name === 'metadata on calls') continue; // a forged signature is refused, rightly
        has(taken(await aigne(model, messages, more), `${model}`), ...texts);
      }
    });
  it('the cache settings that its client always sends', async () => {
    for (const model of EVERY) taken(await aigne(model, 'x', { tools, modelOptions: { cacheConfig: { enabled: true, ttl: '1h', strategy: 'auto', autoBreakpoints: { tools: true, system: true, lastMessage: true } } }, outputFileType: 'url' }), model);
  });
  it('images elsewhere', async () => {
    for (const model of EVERY) {
      const answer = await aigne(model, [user([{ type: 'text', text: 'see' }, { type: 'url', url: 'https://example.com/a.png', mimeType: 'image/png' }])]);
      assert.equal(answer.refused, undefined, model);
      assert.ok([200, 400].includes(answer.status), `${model}: ${answer.status}`);
      if (answer.status === 200) has(answer, 'https://example.com/a.png');
    }
  });
});
