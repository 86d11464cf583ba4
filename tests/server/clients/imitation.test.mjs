// The imitation of providers, tried with the vendors' own SDKs and against their own descriptions.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { Validator, loadSchema } from '../../support/providers/schema.mjs';
import { startImitation } from '../../support/providers/server.mjs';

let imitation, openai, anthropic, google;
const WEATHER = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const openaiTool = { type: 'function', function: { name: 'weather', description: 'Weather of a city', parameters: WEATHER } };

before(async () => {
  imitation = await startImitation();
  openai = new OpenAI({ baseURL: `${imitation.url}/v1`, apiKey: 'sk-good', maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: imitation.url, apiKey: 'ak-good', maxRetries: 0 });
  google = new GoogleGenAI({ apiKey: 'gk-good', httpOptions: { baseUrl: `${imitation.url}/gemini` } });
});
after(() => imitation.close());

const ask = (content, more = {}) => ({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }], ...more });
const fetchJson = async (path, body, headers) => {
  const r = await fetch(imitation.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: r.status, body: await r.json() };
};

describe('as OpenAI', () => {
  it('answers plainly and in a stream alike', async () => {
    const plain = await openai.chat.completions.create(ask('hi #stream=7'));
    let text = '', usage = null;
    for await (const chunk of await openai.chat.completions.create({ ...ask('hi #stream=7 #split=3'), stream: true, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, plain.choices[0].message.content);
    assert.deepEqual(usage, plain.usage);
    const seen = imitation.log.entries.at(-1);
    assert.equal(seen.key, 'sk-good');
    assert.equal(seen.provider, 'openai');
  });
  it('calls tools at once and takes their results', async () => {
    const request = ask('weather? #tools', { tools: [openaiTool] });
    const stream = openai.chat.completions.stream(request);
    const message = (await stream.finalChatCompletion()).choices[0].message;
    assert.equal(message.tool_calls.length, 2);
    assert.deepEqual(JSON.parse(message.tool_calls[1].function.arguments), { city: 'São Paulo' });
    const second = await openai.chat.completions.create({ ...request, messages: [...request.messages, message, ...message.tool_calls.map((c, i) => ({ role: 'tool', tool_call_id: c.id, content: `r${i}` }))] });
    assert.equal(second.choices[0].message.content, 'Result: r0 | r1');
  });
  it('lists models', async () => {
    const ids = [];
    for await (const m of openai.models.list()) ids.push(m.id);
    assert.ok(ids.includes('gpt-4o-mini'));
  });
  it('errors as the SDK expects', async () => {
    await assert.rejects(openai.chat.completions.create(ask('#status=429 #retry=3')), (e) => e instanceof OpenAI.RateLimitError && e.headers.get('retry-after') === '3');
    await assert.rejects(openai.chat.completions.create({ ...ask('x'), model: 'no-such-model' }), OpenAI.NotFoundError);
    await assert.rejects(new OpenAI({ baseURL: `${imitation.url}/v1`, apiKey: 'bad-key', maxRetries: 0 }).chat.completions.create(ask('x')), OpenAI.AuthenticationError);
    await assert.rejects(openai.chat.completions.create({ ...ask('#error-mid'), stream: true }).then(async (s) => { for await (const _ of s); }), /had an error/);
  });
  const refusals = {
    'an unknown member': [{ invented: 1 }, /Unrecognized request argument supplied: invented/],
    'a member AIGNE leaks into calls': [{ messages: [{ role: 'user', content: 'x' }, { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' }, metadata: {} }] }, { role: 'tool', tool_call_id: 'a', content: 'r' }] }, /Unknown parameter: 'messages\[1\]\.tool_calls\[0\]\.metadata'/],
    'max_tokens on a reasoning model': [{ model: 'gpt-5-mini', max_tokens: 5 }, /max_completion_tokens/],
    'temperature on a reasoning model': [{ model: 'gpt-5-mini', temperature: 0.5 }, /Only the default \(1\)/],
    'tool_choice without tools': [{ tool_choice: 'auto' }, /only allowed when 'tools'/],
    'parallel_tool_calls without tools': [{ parallel_tool_calls: true }, /only allowed when 'tools'/],
    'no tools in the list': [{ tools: [] }, /empty array/],
    'a stray tool message': [{ messages: [{ role: 'tool', tool_call_id: 'a', content: 'x' }] }, /must be a response to a preceeding message/],
    'a call without its result': [{ messages: [{ role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] }, { role: 'user', content: 'x' }] }, /did not have response messages: a/],
    'arguments as an object': [{ messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: {} } }] }] }, /Invalid type/],
    'a loose strict schema': [{ response_format: { type: 'json_schema', json_schema: { name: 'a', strict: true, schema: { type: 'object', properties: {} } } } }, /additionalProperties/],
    'json_object without the word': [{ response_format: { type: 'json_object' } }, /must contain the word/],
    'stream_options without stream': [{ stream_options: { include_usage: true } }, /stream_options/],
    'an unknown role': [{ messages: [{ role: 'agent', content: 'x' }] }, /messages\[0\]/],
    'temperature above 2': [{ temperature: 3 }, /temperature/],
    'a raw base64 image': [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'iVBORw0KGgo=' } }] }] }, /image_url/],
    'reasoning_effort on gpt-4o': [{ reasoning_effort: 'low' }, /reasoning_effort/],
  };
  for (const [name, [more, expected]] of Object.entries(refusals))
    it(`refuses ${name}`, async () => {
      const { status, body } = await fetchJson('/v1/chat/completions', ask('x', more), { authorization: 'Bearer k' });
      assert.equal(status, 400);
      assert.match(body.error.message, expected);
    });
  it('refuses a missing key, a broken body and a lone surrogate', async () => {
    assert.equal((await fetchJson('/v1/chat/completions', ask('x'))).status, 401);
    assert.match((await fetchJson('/v1/chat/completions', '{"model":', { authorization: 'Bearer k' })).body.error.message, /could not parse/);
    assert.equal((await fetchJson('/v1/chat/completions', '{"model":"gpt-4o","messages":[{"role":"user","content":"\\ud83d"}]}', { authorization: 'Bearer k' })).status, 400);
  });
});

describe('as Anthropic', () => {
  const base = (content, more = {}) => ({ model: 'claude-haiku-4-5', max_tokens: 2000, messages: [{ role: 'user', content }], ...more });
  const tool = { name: 'weather', input_schema: WEATHER };
  it('answers plainly and in a stream alike', async () => {
    const plain = await anthropic.messages.create(base('hi #stream=7 #cache'));
    const streamed = await anthropic.messages.stream(base('hi #stream=7 #cache #split=5')).finalMessage();
    assert.equal(streamed.content[0].text, plain.content[0].text);
    assert.equal(streamed.usage.cache_read_input_tokens, 8);
    assert.equal(streamed.usage.input_tokens, 8);
  });
  it('thinks, calls tools at once and takes the turn back', async () => {
    const request = base('weather? #tools #reason', { thinking: { type: 'enabled', budget_tokens: 1024 }, tools: [tool] });
    const first = await anthropic.messages.stream(request).finalMessage();
    assert.deepEqual(first.content.map((b) => b.type), ['thinking', 'tool_use', 'tool_use']);
    const results = first.content.slice(1).map((b, i) => ({ type: 'tool_result', tool_use_id: b.id, content: `r${i}` }));
    const history = first.content.map(({ caller, ...b }) => b);
    const second = await anthropic.messages.create({ ...request, messages: [...request.messages, { role: 'assistant', content: history }, { role: 'user', content: results }] });
    assert.equal(second.content.at(-1).text, 'Result: r0 | r1');
    const forged = [{ ...history[0], signature: 'c2ln' }, ...history.slice(1)];
    await assert.rejects(anthropic.messages.create({ ...request, messages: [...request.messages, { role: 'assistant', content: forged }, { role: 'user', content: results }] }), /signature/);
  });
  it('errors as the SDK expects', async () => {
    await assert.rejects(anthropic.messages.create(base('#status=529')), (e) => e.status === 529 && e.error.error.type === 'overloaded_error');
    await assert.rejects(new Anthropic({ baseURL: imitation.url, apiKey: 'bad', maxRetries: 0 }).messages.create(base('x')), Anthropic.AuthenticationError);
    await assert.rejects(anthropic.messages.stream(base('#error-mid')).finalMessage(), /Overloaded/);
  });
  const use = (id, input = {}) => ({ role: 'assistant', content: [{ type: 'tool_use', id, name: 'f', input }] });
  const result = (id) => ({ type: 'tool_result', tool_use_id: id, content: 'r' });
  const start = { role: 'user', content: 'x' };
  const refusals = {
    'no max_tokens': [{ max_tokens: undefined }, /max_tokens: Field required/],
    'an unknown member': [{ n: 1 }, /n: Extra inputs are not permitted/],
    'a stray member in a block': [{ messages: [{ role: 'user', content: [{ type: 'text', text: 'x', name: 'y' }] }] }, /Extra inputs/],
    'an assistant first': [{ messages: [{ role: 'assistant', content: 'x' }] }, /first message must use/],
    'a tool_use without its result': [{ messages: [start, use('a'), start] }, /`tool_use` ids were found without/],
    'results spread over two turns': [{ messages: [start, { role: 'assistant', content: [...use('a').content, ...use('b').content] }, { role: 'user', content: [result('a')] }, { role: 'user', content: [result('b')] }] }, /`tool_use` ids were found without/],
    'text between results': [{ messages: [start, { role: 'assistant', content: [...use('a').content, ...use('b').content] }, { role: 'user', content: [result('a'), { type: 'text', text: 'x' }, result('b')] }] }, /`tool_use` ids were found without/],
    'a stray result': [{ messages: [{ role: 'user', content: [result('zz')] }] }, /unexpected `tool_use_id`/],
    'an input that is text': [{ messages: [start, use('a', '{}'), { role: 'user', content: [result('a')] }] }, /valid dictionary/],
    'an id with a dot': [{ messages: [start, use('a.b'), { role: 'user', content: [result('a.b')] }] }, /should match pattern/],
    'empty text': [{ messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] }, /must be non-empty/],
    'blank text': [{ messages: [{ role: 'user', content: ' ' }] }, /non-whitespace/],
    'a role of OpenAI': [{ messages: [start, { role: 'tool', content: 'x' }] }, /messages\.1/],
    'a false media type': [{ messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'iVBORw0KGgo=' } }] }] }, /does not match the provided media type/],
    'too many tokens': [{ model: 'claude-3-5-haiku-20241022', max_tokens: 9000 }, /maximum allowed number of output tokens/],
    'temperature on a new model': [{ model: 'claude-opus-4-8', temperature: 0.5 }, /deprecated for this model/],
    'temperature above 1': [{ temperature: 1.5 }, /temperature/],
    'a forced tool while thinking': [{ thinking: { type: 'enabled', budget_tokens: 1024 }, tools: [tool], tool_choice: { type: 'any' } }, /Thinking may not be enabled/],
    'a budget above max_tokens': [{ thinking: { type: 'enabled', budget_tokens: 4000 } }, /greater than `thinking\.budget_tokens`/],
    'a loose schema': [{ output_config: { format: { type: 'json_schema', schema: { type: 'object', properties: {} } } } }, /additionalProperties/],
  };
  for (const [name, [more, expected]] of Object.entries(refusals))
    it(`refuses ${name}`, async () => {
      const { status, body } = await fetchJson('/v1/messages', base('x', more), { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' });
      assert.equal(status, 400);
      assert.match(body.error.message, expected);
    });
  it('refuses a missing key and a missing version', async () => {
    assert.deepEqual((await fetchJson('/v1/messages', base('x'))).body.error, { type: 'authentication_error', message: 'x-api-key header is required' });
    assert.match((await fetchJson('/v1/messages', base('x'), { 'x-api-key': 'k' })).body.error.message, /anthropic-version/);
  });
});

describe('as Gemini', () => {
  const declared = [{ functionDeclarations: [{ name: 'weather', description: 'd', parametersJsonSchema: WEATHER }] }];
  it('answers plainly and in a stream alike', async () => {
    const request = { model: 'gemini-2.5-flash', contents: 'hi #stream=7 #reason', config: { thinkingConfig: { includeThoughts: true } } };
    const plain = await google.models.generateContent(request);
    let text = '', usage;
    for await (const chunk of await google.models.generateContentStream(request)) {
      text += chunk.text ?? '';
      usage = chunk.usageMetadata;
    }
    assert.equal(text, plain.text);
    assert.equal(usage.thoughtsTokenCount, 5);
    assert.equal(usage.candidatesTokenCount, plain.usageMetadata.candidatesTokenCount);
  });
  it('calls functions and wants the signature back', async () => {
    const contents = [{ role: 'user', parts: [{ text: 'weather? #tools' }] }];
    const first = await google.models.generateContent({ model: 'gemini-3-pro-preview', contents, config: { tools: declared } });
    const turn = first.candidates[0].content;
    assert.equal(first.functionCalls.length, 2);
    const results = { role: 'user', parts: first.functionCalls.map((c, i) => ({ functionResponse: { id: c.id, name: c.name, response: { output: `r${i}` } } })) };
    const second = await google.models.generateContent({ model: 'gemini-3-pro-preview', contents: [...contents, turn, results], config: { tools: declared } });
    assert.equal(second.text, 'Result: r0 | r1');
    const bare = { ...turn, parts: turn.parts.map(({ functionCall }) => ({ functionCall })) };
    await assert.rejects(google.models.generateContent({ model: 'gemini-3-pro-preview', contents: [...contents, bare, results], config: { tools: declared } }), /thought_signature/);
  });
  it('errors as the SDK expects', async () => {
    await assert.rejects(google.models.generateContent({ model: 'gemini-2.5-flash', contents: '#status=503' }), (e) => e.status === 503);
    const bad = new GoogleGenAI({ apiKey: 'bad', httpOptions: { baseUrl: `${imitation.url}/gemini` } });
    await assert.rejects(bad.models.generateContent({ model: 'gemini-2.5-flash', contents: 'x' }), (e) => e.status === 400 && /API_KEY_INVALID/.test(e.message));
  });
  const user = (text) => ({ role: 'user', parts: [{ text }] });
  const called = { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] };
  const answered = (name) => ({ role: 'user', parts: [{ functionResponse: { name, response: {} } }] });
  const refusals = {
    'an unknown member': [{ invented: 1 }, /Unknown name "invented": Cannot find field/],
    'an unknown setting': [{ generationConfig: { maxTokens: 1 } }, /Unknown name "maxTokens" at 'generation_config'/],
    'no contents': [{ contents: [] }, /contents is not specified/],
    'an unknown role': [{ contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] }, /valid role: user, model/],
    'empty parts': [{ contents: [{ role: 'user', parts: [] }] }, /must not be empty/],
    'a call that follows nothing': [{ contents: [called, answered('f')] }, /comes immediately after a user turn/],
    'a call without a result': [{ contents: [user('x'), called, user('y')] }, /number of function response parts/],
    'two results for one call': [{ contents: [user('x'), called, { role: 'user', parts: [...answered('f').parts, ...answered('f').parts] }] }, /number of function response parts/],
    'the result of another function': [{ contents: [user('x'), called, answered('g')] }, /matches the function call/],
    'a result that is text': [{ contents: [user('x'), called, { role: 'user', parts: [{ functionResponse: { name: 'f', response: 'x' } }] }] }, /Invalid value/],
    'an empty object as parameters': [{ tools: [{ functionDeclarations: [{ name: 'f', description: 'd', parameters: { type: 'OBJECT', properties: {} } }] }] }, /should be non-empty/],
    'additionalProperties in parameters': [{ tools: [{ functionDeclarations: [{ name: 'f', description: 'd', parameters: WEATHER }] }] }, /additionalProperties/],
    'JSON output with functions': [{ tools: declared, generationConfig: { responseMimeType: 'application/json' } }, /is unsupported/],
    'a schema without its mime type': [{ generationConfig: { responseJsonSchema: WEATHER } }, /response_mime_type/],
    'allowed names without ANY': [{ tools: declared, toolConfig: { functionCallingConfig: { mode: 'AUTO', allowedFunctionNames: ['weather'] } } }, /ANY or VALIDATED/],
    'a thinking level on 2.5': [{ generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } }, /not supported/],
    'a thinking budget out of range': [{ generationConfig: { thinkingConfig: { thinkingBudget: 99999 } } }, /thinking budget/],
    'a model turn last': [{ contents: [user('x'), { role: 'model', parts: [{ text: 'y' }] }] }, /end with a user role/],
  };
  for (const [name, [more, expected]] of Object.entries(refusals))
    it(`refuses ${name}`, async () => {
      const { status, body } = await fetchJson('/v1beta/models/gemini-2.5-flash:generateContent', { contents: [user('x')], ...more }, { 'x-goog-api-key': 'k' });
      assert.equal(status, 400);
      assert.match(body.error.message, expected);
    });
  it('refuses a missing key', async () => {
    assert.equal((await fetchJson('/v1beta/models/gemini-2.5-flash:generateContent', { contents: [user('x')] })).status, 403);
  });
});

describe('by the descriptions of the providers', () => {
  const words = ['', '#stream=12', '#tool', '#tools', '#tool #talk', '#reason', '#refuse', '#length', '#filter', '#cache', '#bad-arguments #tool'];
  const check = (validator, value, name) => assert.deepEqual(validator.check(value, name).filter((p) => !(p.kind === 'unknown' && /annotations|obfuscation|reasoning_content/.test(p.path.at(-1)))), []);
  const events = (text) => text.split(/\r?\n\r?\n/).map((f) => f.split('\n').find((l) => l.startsWith('data: '))?.slice(6)).filter((d) => d && d !== '[DONE]').map((d) => JSON.parse(d));
  const post = async (path, body, headers) => (await fetch(imitation.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })).text();
  for (const word of words) {
    it(`OpenAI ${word || 'plain'}`, async () => {
      const v = new Validator(loadSchema('openai'));
      const body = ask(`x ${word}`, { tools: [openaiTool] });
      check(v, JSON.parse(await post('/v1/chat/completions', body, { authorization: 'Bearer k' })), 'CreateChatCompletionResponse');
      for (const e of events(await post('/v1/chat/completions', { ...body, stream: true, stream_options: { include_usage: true } }, { authorization: 'Bearer k' }))) check(v, e, 'CreateChatCompletionStreamResponse');
    });
    it(`Anthropic ${word || 'plain'}`, async () => {
      const v = new Validator(loadSchema('anthropic'));
      const body = { model: 'claude-haiku-4-5', max_tokens: 2000, thinking: { type: 'enabled', budget_tokens: 1024 }, messages: [{ role: 'user', content: `x ${word}` }], tools: [{ name: 'weather', input_schema: WEATHER }] };
      const headers = { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' };
      check(v, JSON.parse(await post('/v1/messages', body, headers)), 'Message');
      for (const e of events(await post('/v1/messages', { ...body, stream: true }, headers))) if (e.type !== 'ping') check(v, e, 'RawMessageStreamEvent');
    });
    it(`Gemini ${word || 'plain'}`, async () => {
      const v = new Validator(loadSchema('gemini'));
      const body = { contents: [{ role: 'user', parts: [{ text: `x ${word}` }] }], generationConfig: { thinkingConfig: { includeThoughts: true } }, tools: [{ functionDeclarations: [{ name: 'weather', description: 'd', parametersJsonSchema: WEATHER }] }] };
      const path = '/v1beta/models/gemini-2.5-flash';
      check(v, JSON.parse(await post(`${path}:generateContent`, body, { 'x-goog-api-key': 'k' })), 'GenerateContentResponse');
      for (const e of events(await post(`${path}:streamGenerateContent?alt=sse`, body, { 'x-goog-api-key': 'k' }))) check(v, e, 'GenerateContentResponse');
      const array = JSON.parse(await post(`${path}:streamGenerateContent`, body, { 'x-goog-api-key': 'k' }));
      assert.ok(Array.isArray(array) && array.length);
    });
  }
});
