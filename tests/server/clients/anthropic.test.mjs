// The npm Anthropic SDK against our server: relayed to Anthropic, and through every other provider.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import OpenAI from 'openai';
import { Validator, loadSchema } from '../../support/providers/schema.mjs';
import { PNG, WEATHER, collect, post, settled, startAll, upstreamKeys } from './harness.mjs';

let all;
const described = new Validator(loadSchema('anthropic'));
const OLD = { 'anthropic-version': '2023-06-01' };
const client = (path = '', more = {}) => new Anthropic({ baseURL: `${all.hub.url}${path}`, apiKey: all.key, maxRetries: 0, ...more });
const user = (model, content, more = {}) => ({ model, max_tokens: 1000, messages: [{ role: 'user', content }], ...more });
const tool = { name: 'weather', description: 'Weather of a city', input_schema: WEATHER };
const textOf = (message) => message.content.filter((b) => b.type === 'text').map((b) => b.text).join('');
const last = () => all.imitation.log.entries.at(-1);
const reject = async (promise, kind, status, pattern) => {
  let caught;
  await assert.rejects(promise, (e) => ((caught = e), true));
  assert.ok(caught instanceof kind, `${caught.constructor.name} is no ${kind.name}: ${caught.message}`);
  assert.equal(caught.status, status);
  if (pattern) assert.match(caught.message, pattern);
  return caught;
};

/* What the documentation promises of a stream: one start, dense blocks that do not overlap, one end. */
function checkOrder(events) {
  const names = events.map((e) => e.type);
  assert.equal(names[0], 'message_start');
  assert.equal(names.filter((n) => n === 'message_start').length, 1);
  assert.deepEqual(names.slice(-2), ['message_delta', 'message_stop']);
  let open = null, next = 0;
  for (const e of events) {
    if (e.type === 'content_block_start') {
      assert.equal(open, null, 'blocks do not overlap');
      assert.equal(e.index, next++);
      open = e.index;
    } else if (e.type === 'content_block_delta') assert.equal(e.index, open);
    else if (e.type === 'content_block_stop') {
      assert.equal(e.index, open);
      open = null;
    }
  }
  assert.equal(open, null);
}

before(async () => {
  all = await startAll();
  for (const [provider, model] of [['anthropic', 'claude-opus-4-8'], ['anthropic', 'claude-sonnet-4-5'], ['openai', 'gpt-5-mini'], ['google', 'gemini-2.5-pro']])
    await all.hub.do('rate.put', { provider, model, type: 'chat', inputRate: '0.00000015', outputRate: '0.0000006' });
  await settled(async () => (await client().models.list({ limit: 100 })).data.length === 7);
});
beforeEach(() => all.calm());
after(() => all?.stop());

const ROUTES = {
  anthropic: { model: 'anthropic/claude-haiku-4-5', thinker: 'anthropic/claude-opus-4-8', relayed: true },
  openai: { model: 'openai/gpt-4o-mini', thinker: 'openai/gpt-5-mini' },
  google: { model: 'google/gemini-2.5-flash', thinker: 'google/gemini-2.5-pro' },
};

for (const [provider, { model, thinker, relayed }] of Object.entries(ROUTES))
  describe(`through ${provider}`, () => {
    it('answers as described, in both versions', async () => {
      for (const headers of [{}, OLD]) {
        const { data, response, request_id } = await client().messages.create(user(model, 'hello'), { headers }).withResponse();
        assert.equal(textOf(data), 'Hello from the imitation');
        assert.equal(data.stop_reason, 'end_turn');
        assert.deepEqual([data.usage.input_tokens, data.usage.output_tokens], [20, 4]);
        assert.equal(data.model, relayed ? 'claude-haiku-4-5' : model);
        assert.match(response.headers.get('content-type'), /^application\/json/);
        assert.ok(request_id);
        if (headers !== OLD) assert.deepEqual(described.check(data, 'Message'), []);
        else if (!relayed) assert.ok(!('diagnostics' in data) && !('stop_details' in data));
        assert.equal(last().key, upstreamKeys[provider]);
        if (relayed) assert.equal(last().headers['anthropic-version'], headers['anthropic-version'] ?? '2026-10-21');
      }
    });
    it('streams as described, in both versions', async () => {
      for (const headers of [{}, OLD]) {
        const events = await collect(await client().messages.create({ ...user(model, 'hello #stream=12 #split=5'), stream: true }, { headers }));
        checkOrder(events);
        assert.equal(events.map((e) => e.delta?.text ?? '').join(''), 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
        if (headers !== OLD) for (const e of events) assert.deepEqual(described.check(e, 'RawMessageStreamEvent'), [], JSON.stringify(e));
        const end = events.at(-2);
        assert.deepEqual([end.delta.stop_reason, end.usage.input_tokens, end.usage.output_tokens], ['end_turn', 20, 12]);
      }
    });
    it('names its frames and ends with message_stop', async () => {
      const { text, headers } = await post(`${all.hub.url}/anthropic/v1/messages`, { ...user(model, 'hello'), stream: true }, { 'x-api-key': all.key, ...OLD });
      assert.match(headers.get('content-type'), /^text\/event-stream/);
      for (const frame of text.trim().split('\n\n')) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(frame);
        assert.equal(JSON.parse(data).type, name);
      }
      assert.ok(text.endsWith('event: message_stop\ndata: {"type":"message_stop"}\n\n'));
    });
    it('calls tools at once, in a stream, and takes the results', async () => {
      const request = user(model, 'weather? #tools', { tools: [tool] });
      const events = [];
      const stream = client().messages.stream(request).on('streamEvent', (e) => events.push(e));
      const message = await stream.finalMessage();
      checkOrder(events);
      assert.equal(message.stop_reason, 'tool_use');
      const calls = message.content.filter((b) => b.type === 'tool_use');
      assert.deepEqual(calls.map((c) => c.input), [{ city: 'Paris' }, { city: 'São Paulo' }]);
      assert.equal(new Set(calls.map((c) => c.id)).size, 2);
      for (const c of calls) assert.match(c.id, /^[a-zA-Z0-9_-]+$/);
      const results = calls.map((c, i) => ({ type: 'tool_result', tool_use_id: c.id, content: i ? [{ type: 'text', text: 'r1' }] : 'r0' }));
      const history = [...request.messages, { role: 'assistant', content: message.content }, { role: 'user', content: results }];
      assert.equal(textOf(await client().messages.create({ ...request, messages: history })), 'Result: r0 | r1');
    });
    it('calls a tool plainly, and one without arguments', async () => {
      const plain = await client().messages.create(user(model, 'weather? #tool', { tools: [tool] }));
      assert.equal(plain.stop_reason, 'tool_use');
      assert.deepEqual(plain.content.at(-1).input, { city: 'Paris' });
      const bare = { name: 'now', input_schema: { type: 'object', properties: {} } };
      for (const stream of [false, true]) {
        const request = user(model, 'x #tool', { tools: [bare] });
        const message = stream ? await client().messages.stream(request).finalMessage() : await client().messages.create(request);
        assert.deepEqual(message.content.at(-1).input, {});
      }
    });
    it('tells a failed result, and one with an image', async () => {
      const request = user(model, 'weather? #tool', { tools: [tool] });
      const first = await client().messages.create(request);
      const id = first.content.at(-1).id;
      const ask = async (result) => textOf(await client().messages.create({ ...request, messages: [...request.messages, { role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, ...result }] }] }));
      assert.match(await ask({ content: 'no network', is_error: true }), /(failed: |Error: |error.*)no network/);
      assert.match(await ask({ content: [{ type: 'text', text: 'a picture' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }] }), /a picture/);
      assert.ok(last().raw.includes(PNG));
    });
    it('obeys tool_choice and disable_parallel_tool_use', async () => {
      const ask = async (content, choice) => (await client().messages.create(user(model, content, { tools: [tool], tool_choice: choice }))).content.filter((b) => b.type === 'tool_use');
      assert.equal((await ask('hi', { type: 'any' })).length, 1);
      assert.equal((await ask('hi', { type: 'tool', name: 'weather' }))[0].name, 'weather');
      assert.equal((await ask('hi #tool', { type: 'none' })).length, 0);
      if (provider !== 'google') assert.equal((await ask('hi #tools', { type: 'auto', disable_parallel_tool_use: true })).length, 1);
    });
    it('answers by a schema', async () => {
      const schema = { type: 'object', properties: { city: { type: 'string' }, size: { type: 'integer' } }, required: ['city', 'size'], additionalProperties: false };
      const message = await client().messages.create(user(model, 'where?', { output_config: { format: { type: 'json_schema', schema } } }));
      assert.equal(JSON.parse(textOf(message)).city, 'Paris');
    });
    it('thinks, and takes its thoughts back in a tool loop', async () => {
      const request = user(thinker, 'weather? #tool #reason', { max_tokens: 8000, tools: [tool], thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } });
      const events = [];
      const message = await client().messages.stream(request).on('streamEvent', (e) => events.push(e)).finalMessage();
      checkOrder(events);
      const kinds = message.content.map((b) => b.type);
      if (provider !== 'openai') {
        assert.equal(kinds[0], 'thinking', String(kinds));
        assert.equal(message.content[0].thinking, 'Let me think.');
      }
      assert.equal(kinds.at(-1), 'tool_use');
      if (relayed) assert.ok(message.content[0].signature);
      const result = { type: 'tool_result', tool_use_id: message.content.at(-1).id, content: 'sunny' };
      const second = await client().messages.create({ ...request, messages: [...request.messages, { role: 'assistant', content: message.content }, { role: 'user', content: [result] }] });
      assert.match(textOf(second), /Result: sunny/);
    });
    it('takes images, documents, system blocks and marks', async () => {
      const content = [
        { type: 'text', text: 'what is it?', cache_control: { type: 'ephemeral' } },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
        { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQK' }, title: 'paper.pdf' },
      ];
      const request = user(model, content, { system: [{ type: 'text', text: 'Be brief.' }, { type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral', ttl: '1h' } }] });
      request.messages.unshift({ role: 'user', content: 'earlier' }, { role: 'assistant', content: [{ type: 'text', text: 'yes' }] });
      assert.equal(textOf(await client().messages.create(request)), 'Hello from the imitation');
      for (const part of [PNG, 'JVBERi0xLjQK', 'Be brief.', 'Be kind.', 'earlier']) assert.ok(last().raw.includes(part), part.slice(0, 20));
    });
    it('says why it ended', async () => {
      const ask = (word) => client().messages.create(user(model, `x #${word}`));
      assert.equal((await ask('length')).stop_reason, 'max_tokens');
      assert.equal((await ask('refuse')).stop_reason, 'refusal');
    });
    it('counts cached tokens as Anthropic does', async () => {
      const { usage } = await client().messages.create(user(model, 'x #cache'));
      assert.equal(usage.cache_read_input_tokens, 8);
      assert.equal(usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens, 20);
    });
    it('keeps the provider\'s errors', async () => {
      const ask = (word, more) => client().messages.create({ ...user(model, `x #${word}`), ...more });
      const refused = await reject(ask('status=400'), Anthropic.BadRequestError, 400, /refused on purpose/);
      assert.equal(refused.error.error.type, 'invalid_request_error');
      assert.equal(refused.error.request_id, refused.requestID);
      await reject(ask('status=403'), Anthropic.PermissionDeniedError, 403);
      await reject(ask('status=404'), Anthropic.NotFoundError, 404);
      const limited = await reject(ask('status=429 #retry=7'), Anthropic.RateLimitError, 429);
      assert.equal(limited.headers.get('retry-after'), '7');
      assert.equal(limited.error.error.type, 'rate_limit_error');
      await reject(ask('status=500'), Anthropic.InternalServerError, 500);
      await reject(ask('status=503'), Anthropic.InternalServerError, 503);
      const streamed = await reject(ask('status=429 #retry=7', { stream: true }), Anthropic.RateLimitError, 429);
      assert.equal(streamed.headers.get('retry-after'), '7');
      await reject(client().messages.create(user(`${provider}/no-such-model`, 'x')), Anthropic.NotFoundError, 404, /no-such-model/);
    });
    it('never ends a cut stream well', async () => {
      for (const word of ['cut', 'end-early', 'error-mid', 'garbage-frame']) {
        await all.calm();
        const { text, status } = await post(`${all.hub.url}/v1/messages`, { ...user(model, `x #stream=8 #${word}`), stream: true }, { 'x-api-key': all.key });
        assert.equal(status, 200);
        assert.match(text, /Hello/);
        assert.doesNotMatch(text, /message_stop/, word);
        const frame = text.trim().split('\n\n').at(-1);
        assert.match(frame, /^event: error\ndata: \{"type":"error","error":\{/, word);
        await assert.rejects(client().messages.stream(user(model, `x #stream=8 #${word}`)).finalMessage(), Anthropic.AnthropicError, word);
      }
    });
    it('lets go of the provider when the client leaves', async () => {
      const stream = await client().messages.create({ ...user(model, 'x #stream=500 #drip=20'), stream: true });
      const entry = last();
      for await (const _ of stream) break;
      const end = Date.now() + 3000;
      while (entry.outcome === 'running' && Date.now() < end) await new Promise((done) => setTimeout(done, 10));
      assert.equal(entry.outcome, 'client-gone');
    });
    it('carries a prompt of a megabyte', async () => {
      const text = `${'0123456789abcdef'.repeat(65536)} hello`;
      assert.equal(textOf(await client().messages.create(user(model, text))), 'Hello from the imitation');
    });
  });

describe('relayed bodies', () => {
  it('keep members and headers nobody here knows, both ways', async () => {
    const request = user('anthropic/claude-opus-4-8', 'x', { speed: 'fast', metadata: { user_id: 'u' }, service_tier: 'standard_only' });
    await client().messages.create(request, { headers: { 'anthropic-beta': 'fast-mode-2026-02-01' } });
    const { model, ...rest } = request;
    const { model: sent, ...seen } = last().body;
    assert.equal(sent, 'claude-opus-4-8');
    assert.deepEqual(seen, rest);
    assert.equal(last().headers['anthropic-beta'], 'fast-mode-2026-02-01');
  });
  it('tell citations, redacted thoughts and signatures as they came', async () => {
    const document = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Green.' }, citations: { enabled: true } };
    const request = user('anthropic/claude-opus-4-8', [document, { type: 'text', text: 'x #reason #redacted' }], { max_tokens: 4000, thinking: { type: 'adaptive', display: 'summarized' } });
    for (const message of [await client().messages.create(request), await client().messages.stream(request).finalMessage()]) {
      assert.deepEqual(message.content.map((b) => b.type), ['thinking', 'redacted_thinking', 'text']);
      assert.equal(message.content[2].citations[0].cited_text, 'the document says so');
      await client().messages.create({ ...request, messages: [...request.messages, { role: 'assistant', content: message.content }, { role: 'user', content: 'so' }] });
    }
  });
  it('answer beta clients', async () => {
    const message = await client().beta.messages.create(user('anthropic/claude-haiku-4-5', 'hello', { betas: ['context-1m-2025-08-07'] }));
    assert.equal(textOf(message), 'Hello from the imitation');
    assert.match(last().headers['anthropic-beta'], /context-1m-2025-08-07/);
    await post(`${all.hub.url}/v1/messages?beta=true`, user('anthropic/claude-haiku-4-5', 'hello'), { 'x-api-key': all.key });
    assert.equal(last().query, '?beta=true');
  });
});

/* The SDK's own loop of tools leaves the conversation with the server, where that keeps any. */
describe('the SDK\'s runner of tools', () => {
  const weather = betaTool({ name: 'weather', description: 'd', inputSchema: WEATHER, run: ({ city }) => `sunny in ${city}` });
  for (const model of ['anthropic/claude-haiku-4-5', 'openai/gpt-4o-mini', 'google/gemini-2.5-flash'])
    for (const stream of [false, true])
      it(`goes on with ${model}${stream ? ', streamed' : ''}`, async () => {
        const runner = client().beta.messages.toolRunner({ ...user(model, 'x #tool'), tools: [weather], stream });
        const answer = await runner.runUntilDone();
        assert.match(textOf(answer), /^Result: sunny in /, JSON.stringify(answer.content));
      });
});

describe('what is Anthropic\'s alone', () => {
  it('is refused by name elsewhere', async () => {
    const ask = (more) => client().messages.create(user('openai/gpt-4o-mini', 'x', more));
    await reject(ask({ tools: [{ type: 'web_search_20260209', name: 'web_search' }] }), Anthropic.BadRequestError, 400, /tools\[0\]\.type.*web_search_20260209/);
    await reject(ask({ container: 'c_1' }), Anthropic.BadRequestError, 400, /container/);
    await reject(client().messages.create(user('google/gemini-2.5-flash', [{ type: 'image', source: { type: 'file', file_id: 'f' } }])), Anthropic.BadRequestError, 400, /file_id/);
  });
});

describe('tokens', () => {
  it('are counted by who can', async () => {
    const request = { model: 'anthropic/claude-haiku-4-5', system: 's', tools: [tool], messages: [{ role: 'user', content: 'how long is this?' }] };
    const { input_tokens: tokens } = await client().messages.countTokens(request);
    assert.ok(tokens > 100);
    const more = await client().messages.countTokens({ ...request, system: 'longer' });
    assert.equal(more.input_tokens, tokens + 5);
    assert.equal(last().path, '/v1/messages/count_tokens');
    await reject(client().messages.countTokens({ ...request, messages: [{ role: 'assistant', content: 'x' }] }), Anthropic.BadRequestError, 400, /first message/);
  });
  it('are counted by OpenAI too for Anthropic\'s clients', async () => {
    const { hub } = all;
    const request = { model: 'openai/gpt-4o-mini', system: 'Be brief.', tools: [tool], messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }] };
    assert.ok((await client().messages.countTokens(request)).input_tokens > 0);
    assert.equal(last().path, '/v1/responses/input_tokens');
    await hub.do('provider.put', { name: 'deepseek', baseUrl: `${all.imitation.url}/deepseek` });
    await hub.do('credential.put', { provider: 'deepseek', name: 'main', value: 'sk-upstream-deepseek' });
    const cannot = () => client().messages.countTokens({ model: 'deepseek/deepseek-chat', messages: [{ role: 'user', content: 'x' }] }).then(() => null, (e) => e);
    await settled(async () => /deepseek/.test((await cannot())?.message));
    const e = await cannot();
    assert.match(e.message, /deepseek.*count_tokens/);
    assert.ok(e.status >= 400 && e.status < 600);
  });
  it('are not charged, but written down', async () => {
    await client().messages.countTokens({ model: 'anthropic/claude-haiku-4-5', messages: [{ role: 'user', content: 'x' }] });
    await settled(async () => {
      const { list } = await all.hub.do('usage.list', { pageSize: 50 });
      const row = list.find((r) => r.type === 'count_tokens');
      return row && !Number(row.usedCredits ?? 0) && !row.inputTokens;
    });
  });
});

describe('models', () => {
  it('are told in Anthropic\'s way, page by page', async () => {
    const ids = [];
    for await (const m of client().models.list({ limit: 2 })) {
      assert.deepEqual(described.check(m, 'ModelInfo'), []);
      ids.push(m.id);
    }
    assert.equal(ids.length, 7);
    assert.ok(ids.includes('openai/gpt-4o-mini'));
    assert.equal((await client().models.retrieve('openai/gpt-4o-mini')).id, 'openai/gpt-4o-mini');
    assert.equal((await client('/anthropic').models.list()).data.length, 7);
    const back = await client().models.list({ before_id: ids[4], limit: 3 });
    assert.deepEqual(back.data.map((m) => m.id), ids.slice(1, 4));
    assert.equal(back.has_more, true);
    await reject(client().models.retrieve('none'), Anthropic.NotFoundError, 404);
    await reject(client().models.list({ after_id: 'none' }), Anthropic.BadRequestError, 400);
  });
});

describe('keys', () => {
  it('are asked for in Anthropic\'s way', async () => {
    const e = await reject(client('', { apiKey: 'nobody' }).messages.create(user('x', 'x')), Anthropic.AuthenticationError, 401);
    assert.equal(e.error.error.type, 'authentication_error');
    const bearer = new Anthropic({ baseURL: all.hub.url, apiKey: null, authToken: all.key, maxRetries: 0 });
    assert.equal(textOf(await bearer.messages.create(user('openai/gpt-4o-mini', 'hello'))), 'Hello from the imitation');
    await reject(client('/nowhere').messages.create(user('x', 'x')), Anthropic.NotFoundError, 404);
  });
});

describe('Claude\'s reasoning', () => {
  it('may follow upon another\'s, which is left out', async () => {
    const thinking = { type: 'adaptive', display: 'summarized' };
    const question = { role: 'user', content: 'weather? #reason #tool' };
    for (const other of ['google/gemini-2.5-pro', 'openai/gpt-5-mini']) {
      const first = await client().messages.create({ model: other, max_tokens: 4000, thinking, tools: [tool], messages: [question] });
      const result = { type: 'tool_result', tool_use_id: first.content.at(-1).id, content: 'sunny' };
      const second = await client().messages.create({ model: 'anthropic/claude-opus-4-8', max_tokens: 4000, thinking, tools: [tool], messages: [question, { role: 'assistant', content: first.content }, { role: 'user', content: [result] }] });
      assert.equal(textOf(second), 'Result: sunny');
    }
  });
  const wanted = (body) => {
    assert.equal(body.thinking?.type, 'enabled');
    const [first] = body.messages.find((m) => m.role === 'assistant').content;
    assert.deepEqual([first.type, first.thinking], ['thinking', 'Let me think.']);
    assert.ok(first.signature);
  };
  const functions = [{ type: 'function', function: { name: 'weather', parameters: WEATHER } }];
  it('comes back signed from OpenAI\'s clients', async () => {
    const openai = new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
    for (const stream of [false, true]) {
      const request = { model: 'anthropic/claude-sonnet-4-5', reasoning_effort: 'high', tools: functions, messages: [{ role: 'user', content: 'weather? #tool #reason' }] };
      let message;
      if (stream) {
        message = { role: 'assistant', content: null, tool_calls: [], reasoning_details: [] };
        for await (const { choices: [{ delta }] } of await openai.chat.completions.create({ ...request, stream: true })) {
          message.reasoning_details.push(...(delta.reasoning_details ?? []));
          for (const c of delta.tool_calls ?? []) {
            const call = (message.tool_calls[c.index] ??= { id: c.id, type: 'function', function: { name: c.function.name, arguments: '' } });
            call.function.arguments += c.function.arguments ?? '';
          }
        }
      } else message = (await openai.chat.completions.create(request)).choices[0].message;
      const second = await openai.chat.completions.create({ ...request, messages: [...request.messages, message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'sunny' }] });
      assert.equal(second.choices[0].message.content, 'Result: sunny');
      wanted(last().body);
    }
  });
  it('comes back signed from AIGNE\'s clients', async () => {
    const ask = async (messages) => (await post(`${all.hub.url}/api/v2/chat`, { input: { messages, tools: functions, modelOptions: { model: 'anthropic/claude-sonnet-4-5', reasoningEffort: 'high' } } }, { authorization: `Bearer ${all.key}` })).json;
    const question = { role: 'user', content: 'weather? #tool #reason' };
    const first = await ask([question]);
    const second = await ask([question, { role: 'agent', toolCalls: first.toolCalls }, { role: 'tool', toolCallId: first.toolCalls[0].id, content: 'sunny' }]);
    assert.equal(second.text, 'Result: sunny');
    wanted(last().body);
  });
});
