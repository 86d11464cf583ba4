// The npm openai SDK's Responses against our server: relayed to a provider that has them, and translated for
// the others; and chats with models that have nothing else.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { Validator, loadSchema } from '../../support/providers/schema.mjs';
import { PNG, WEATHER, collect, post, startAll } from './harness.mjs';

let all;
const described = new Validator(loadSchema('openai_responses'));
const client = (path = '/v1', key = all.key) => new OpenAI({ baseURL: `${all.hub.url}${path}`, apiKey: key, maxRetries: 0 });
const ask = (model, input, more = {}) => client().responses.create({ model, input, ...more });
const tool = { type: 'function', name: 'weather', description: 'Weather of a city', parameters: WEATHER, strict: false };
const well = (value, name) => assert.deepEqual(described.check(value, name).filter((p) => !/obfuscation|output_text|parsed/.test(String(p.path.at(-1)))), []);
const sent = () => all.imitation.log.entries.at(-1);
const rejected = async (promise, kind, status, pattern) => {
  let caught;
  await assert.rejects(promise, (e) => ((caught = e), true));
  assert.ok(caught instanceof kind, `${caught.constructor.name} is no ${kind.name}: ${caught.message}`);
  assert.equal(caught.status, status);
  if (pattern) assert.match(caught.message, pattern);
  return caught;
};

before(async () => {
  all = await startAll();
  await all.hub.do('provider.put', { name: 'compatible', type: 'openai', baseUrl: `${all.imitation.url}/v1` });
  await all.hub.do('credential.put', { provider: 'compatible', name: 'main', value: 'sk-compatible' });
  await all.hub.do('provider.put', { name: 'native', type: 'openai', baseUrl: `${all.imitation.url}/v1`, config: { api: 'responses' } });
  await all.hub.do('credential.put', { provider: 'native', name: 'main', value: 'sk-native' });
  await all.hub.do('rate.put', { provider: 'native', model: 'gpt-4o', type: 'chat', inputRate: '0.00000015', outputRate: '0.0000006' });
  await all.hub.do('rate.put', { provider: 'compatible', model: 'gpt-4o-mini', type: 'chat', inputRate: '0.00000015', outputRate: '0.0000006' });
  await new Promise((done) => setTimeout(done, 1500));
});
beforeEach(() => all.calm());
after(() => all?.stop());

/* The order that the description promises: one response begun and ended, each item and part inside it. */
function legal(events) {
  assert.deepEqual(events.slice(0, 2).map((e) => e.type), ['response.created', 'response.in_progress']);
  assert.match(events.at(-1).type, /^response\.(completed|incomplete)$/);
  const open = new Map();
  let last = -1;
  for (const e of events) {
    well(e, 'ResponseStreamEvent');
    assert.ok(e.sequence_number > last, 'the numbers rise');
    last = e.sequence_number;
    if (e.type === 'response.output_item.added') {
      assert.ok(!open.has(e.output_index));
      open.set(e.output_index, { id: e.item.id, text: '', done: false });
      continue;
    }
    const item = e.output_index === undefined ? null : open.get(e.output_index);
    if (e.output_index !== undefined) assert.ok(item && !item.done, `${e.type} belongs to an open item`);
    if (e.item_id) assert.equal(e.item_id, item.id);
    if (e.type.endsWith('.delta')) item.text += e.delta;
    const whole = e.text ?? e.refusal ?? e.arguments;
    if (/_text\.done$|refusal\.done$|arguments\.done$/.test(e.type)) assert.equal(whole, item.text, 'what was told piece by piece');
    if (e.type === 'response.output_item.done') Object.assign(item, { done: true, item: e.item });
  }
  const response = events.at(-1).response;
  assert.deepEqual(response.output, [...open.values()].map((i) => i.item));
  return response;
}

const ROUTES = {
  'relayed to OpenAI': { model: 'openai/gpt-4o-mini', relayed: true },
  'through Anthropic': { model: 'anthropic/claude-haiku-4-5' },
  'through Gemini': { model: 'google/gemini-2.5-flash' },
  'through a server with chats alone': { model: 'compatible/gpt-4o-mini' },
};

for (const [name, { model, relayed }] of Object.entries(ROUTES))
  describe(name, () => {
    it('answers as described', async () => {
      const r = await ask(model, 'hello', { instructions: 'Be brief.' });
      assert.equal(r.output_text, 'Hello from the imitation');
      assert.equal(r.status, 'completed');
      assert.equal(r.model, relayed ? 'gpt-4o-mini-2026-01-01' : model);
      assert.deepEqual([r.usage.input_tokens, r.usage.output_tokens, r.usage.total_tokens], [20, 4, 24]);
      well(r, 'Response');
      assert.ok(sent().raw.includes('Be brief.'));
      if (relayed) assert.equal(sent().path, '/v1/responses');
    });
    it('streams as described', async () => {
      const events = await collect(await ask(model, 'hello #stream=12 #split=5', { stream: true }));
      const response = legal(events);
      assert.equal(response.output[0].content[0].text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
      assert.deepEqual([response.usage.input_tokens, response.usage.output_tokens], [20, 12]);
    });
    it('is gathered by the SDK\'s own helper', async () => {
      const stream = client().responses.stream({ model, input: 'hello #stream=6' });
      let text = '';
      stream.on('response.output_text.delta', (e) => (text += e.delta));
      const final = await stream.finalResponse();
      assert.equal(final.output_text, 'Hello from the imitation, grüße');
      assert.equal(text, final.output_text);
    });
    it('calls tools, takes the results in the second turn', async () => {
      const request = { model, tools: [tool], parallel_tool_calls: true };
      for (const stream of [false, true]) {
        const input = [{ role: 'user', content: 'weather? #tools' }];
        const first = stream ? legal(await collect(await client().responses.create({ ...request, input, stream }))) : await client().responses.create({ ...request, input });
        const calls = first.output.filter((i) => i.type === 'function_call');
        assert.deepEqual(calls.map((c) => JSON.parse(c.arguments)), [{ city: 'Paris' }, { city: 'São Paulo' }]);
        assert.equal(new Set(calls.map((c) => c.call_id)).size, 2);
        input.push(...first.output, ...calls.map((c, i) => ({ type: 'function_call_output', call_id: c.call_id, output: `r${i}` })));
        assert.equal((await client().responses.create({ ...request, input })).output_text, 'Result: r0 | r1');
      }
    });
    it('obeys tool_choice', async () => {
      const calls = async (input, more) => (await ask(model, input, { tools: [tool], ...more })).output.filter((i) => i.type === 'function_call').map((i) => i.name);
      assert.deepEqual(await calls('hi', { tool_choice: 'required' }), ['weather']);
      assert.deepEqual(await calls('hi', { tool_choice: { type: 'function', name: 'weather' } }), ['weather']);
      assert.deepEqual(await calls('hi #tool', { tool_choice: 'none' }), []);
    });
    it('calls a tool that takes nothing', async () => {
      const bare = { type: 'function', name: 'now', parameters: { type: 'object', properties: {} }, strict: false };
      for (const stream of [false, true]) {
        const r = stream ? legal(await collect(await ask(model, 'x #tool', { tools: [bare], stream }))) : await ask(model, 'x #tool', { tools: [bare] });
        assert.deepEqual(JSON.parse(r.output.find((i) => i.type === 'function_call').arguments), {});
      }
    });
    it('answers by a schema', async () => {
      const Place = z.object({ city: z.string(), size: z.number().int(), tags: z.array(z.string()) });
      const parsed = await client().responses.parse({ model, input: 'where?', text: { format: zodTextFormat(Place, 'place') } });
      assert.equal(parsed.output_parsed.city, 'Paris');
      assert.equal(typeof parsed.output_parsed.size, 'number');
    });
    it('takes images, roles and history', async () => {
      const input = [
        { role: 'developer', content: 'Be kind.' },
        { role: 'user', content: [{ type: 'input_text', text: 'earlier' }] },
        { role: 'assistant', content: 'yes' },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'what is it?' }, { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${PNG}` }, { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0xLjQK' }] },
      ];
      assert.equal((await ask(model, input)).output_text, 'Hello from the imitation');
      for (const part of [PNG, 'Be kind.', 'earlier', 'JVBERi0xLjQK']) assert.ok(sent().raw.includes(part), part.slice(0, 20));
    });
    it('says why it ended', async () => {
      const long = await ask(model, 'x #length');
      assert.deepEqual([long.status, long.incomplete_details.reason], ['incomplete', 'max_output_tokens']);
      const filtered = await ask(model, 'x #filter');
      assert.deepEqual([filtered.status, filtered.incomplete_details.reason], ['incomplete', 'content_filter']);
      assert.equal(legal(await collect(await ask(model, 'x #length', { stream: true }))).status, 'incomplete');
    });
    it('counts cached tokens inside the input', async () => {
      const { usage } = await ask(model, 'x #cache');
      assert.equal(usage.input_tokens, 20);
      assert.equal(usage.input_tokens_details.cached_tokens, 8);
    });
    it('tells errors in the format, before the stream and inside it', async () => {
      await rejected(ask(model, 'x #status=400'), OpenAI.BadRequestError, 400);
      await rejected(ask(model, 'x #status=429 #retry=7'), OpenAI.RateLimitError, 429);
      await rejected(ask(model, 'x #status=500'), OpenAI.InternalServerError, 500);
      await rejected(ask(model, 'x #status=429', { stream: true }), OpenAI.RateLimitError, 429);
      const e = await rejected((async () => collect(await ask(model, 'hello #stream=12 #error-mid', { stream: true })))(), OpenAI.APIError, undefined);
      assert.ok(e.message.length > 5);
    });
    it('never ends a cut stream cleanly', async () => {
      await assert.rejects((async () => collect(await ask(model, 'hello #stream=12 #cut', { stream: true })))(), OpenAI.APIError);
    });
    it('stops the provider when the client goes', async () => {
      const stream = await ask(model, 'hello #stream=200 #drip=30', { stream: true });
      for await (const e of stream) if (e.type === 'response.output_text.delta') break;
      const entry = sent();
      for (let i = 0; i < 100 && entry.outcome === 'running'; i++) await new Promise((done) => setTimeout(done, 20));
      assert.equal(entry.outcome, 'client-gone');
    });
    it('takes a megabyte', async () => {
      assert.equal((await ask(model, 'x'.repeat(1 << 20))).output_text, 'Hello from the imitation');
    });
  });

describe('reasoning', () => {
  it('comes sealed from OpenAI and goes back unharmed', async () => {
    const request = { model: 'openai/gpt-5-mini', store: false, include: ['reasoning.encrypted_content'], reasoning: { effort: 'low', summary: 'auto' }, tools: [tool] };
    const input = [{ role: 'user', content: 'weather? #reason #tool' }];
    const first = legal(await collect(await client().responses.create({ ...request, input, stream: true })));
    assert.equal(first.output[0].type, 'reasoning');
    assert.ok(first.output[0].encrypted_content);
    input.push(...first.output, { type: 'function_call_output', call_id: first.output.at(-1).call_id, output: 'sunny' });
    assert.equal((await client().responses.create({ ...request, input })).output_text, 'Result: sunny');
  });
  it('comes signed from Claude and goes back unharmed', async () => {
    for (const word of ['reason', 'reason #redacted']) {
      const request = { model: 'anthropic/claude-haiku-4-5', reasoning: { effort: 'low', summary: 'auto' }, max_output_tokens: 9000, tools: [tool] };
      const input = [{ role: 'user', content: `weather? #${word} #tool` }];
      for (const stream of [false, true]) {
        const first = stream ? legal(await collect(await client().responses.create({ ...request, input, stream }))) : await client().responses.create({ ...request, input });
        assert.equal(first.output[0].type, 'reasoning');
        assert.match(first.output[0].encrypted_content, /^hub:anthropic:/);
        const second = [...input, ...first.output, { type: 'function_call_output', call_id: first.output.at(-1).call_id, output: 'sunny' }];
        assert.equal((await client().responses.create({ ...request, input: second })).output_text, 'Result: sunny');
        assert.match(sent().raw, /"signature":|redacted_thinking/);
      }
    }
  });
  it('of Claude is left out where OpenAI goes on', async () => {
    const request = { reasoning: { effort: 'low', summary: 'auto' }, max_output_tokens: 9000 };
    const first = await client().responses.create({ ...request, model: 'anthropic/claude-haiku-4-5', input: 'x #reason' });
    const input = [{ role: 'user', content: 'x' }, ...first.output, { role: 'user', content: 'y' }];
    assert.equal((await client().responses.create({ ...request, model: 'openai/gpt-5-mini', input })).output_text, 'Hello from the imitation');
    assert.ok(!sent().raw.includes('hub:'));
  });
  it('of OpenAI is left out where Claude goes on', async () => {
    const first = await client().responses.create({ model: 'openai/gpt-5-mini', input: 'x #reason', store: false, include: ['reasoning.encrypted_content'], reasoning: { summary: 'auto' } });
    const input = [{ role: 'user', content: 'x' }, ...first.output, { role: 'user', content: 'y' }];
    assert.equal((await ask('anthropic/claude-haiku-4-5', input)).output_text, 'Hello from the imitation');
    assert.ok(!sent().raw.includes('gAAAA'));
  });
});

describe('what only a provider of Responses can do', () => {
  const items = (model, more) => ask(model, 'x', more);
  it('passes where the body is relayed', async () => {
    const first = await ask('openai/gpt-4o-mini', 'x');
    const second = await ask('openai/gpt-4o-mini', 'y', { previous_response_id: first.id, future_member: undefined });
    assert.equal(second.previous_response_id, first.id);
    const searched = await ask('openai/gpt-4o-mini', 'x #search #cite #image', { tools: [{ type: 'web_search' }, { type: 'image_generation' }] });
    assert.deepEqual(searched.output.map((i) => i.type), ['web_search_call', 'image_generation_call', 'message']);
    assert.equal(searched.output[2].content[0].annotations[0].url, 'https://example.com/source');
    assert.equal(sent().body.tools[0].type, 'web_search');
  });
  it('is refused by name where it is translated', async () => {
    for (const [more, param] of [
      [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
      [{ conversation: 'conv_1' }, 'conversation'],
      [{ background: true, stream: true }, 'background'],
      [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
      [{ tools: [tool], tool_choice: { type: 'web_search' } }, 'tool_choice.type'],
    ]) {
      const before = all.imitation.log.entries.length;
      const e = await rejected(items('anthropic/claude-haiku-4-5', more), OpenAI.BadRequestError, 400);
      assert.equal(e.param, param);
      assert.equal(all.imitation.log.entries.length, before, 'the provider was not asked');
    }
    const e = await rejected(ask('google/gemini-2.5-flash', [{ type: 'item_reference', id: 'msg_1' }]), OpenAI.BadRequestError, 400, /store/);
    assert.equal(e.param, 'input[0].id');
  });
  it('is never an answer that nobody could fetch', async () => {
    const e = await rejected(items('openai/gpt-4o-mini', { background: true }), OpenAI.BadRequestError, 400);
    assert.equal(e.param, 'background');
  });
  it('passes byte for byte but for the model', async () => {
    const body = '{ "model" : "openai/gpt-4o-mini", "input":"x", "metadata": {"a":"1"} ,"temperature":0.50}';
    const { status, json } = await post(`${all.hub.url}/v1/responses`, body, { authorization: `Bearer ${all.key}` });
    assert.equal(status, 200);
    assert.equal(sent().raw, body.replace('openai/gpt-4o-mini', 'gpt-4o-mini'));
    assert.equal(json.metadata.a, '1');
  });
});

describe('at every path', () => {
  it('answers', async () => {
    for (const path of ['/v1', '', '/openai/v1']) assert.equal((await client(path).responses.create({ model: 'openai/gpt-4o-mini', input: 'x' })).output_text, 'Hello from the imitation');
  });
  it('refuses a wrong key, an unknown model and no model', async () => {
    await rejected(client('/v1', 'wrong').responses.create({ model: 'openai/gpt-4o-mini', input: 'x' }), OpenAI.AuthenticationError, 401);
    await rejected(ask('openai/no-such-model', 'x'), OpenAI.NotFoundError, 404);
    await rejected(ask(undefined, 'x'), OpenAI.BadRequestError, 400, /model/);
  });
});

describe('models that have Responses alone, asked by chats', () => {
  const chat = (content, more = {}) => client().chat.completions.create({ model: 'openai/gpt-5-codex', messages: [{ role: 'user', content }], ...more });
  const chatTool = { type: 'function', function: { name: 'weather', parameters: WEATHER } };
  it('answer and stream', async () => {
    assert.equal((await chat('hello')).choices[0].message.content, 'Hello from the imitation');
    assert.equal(sent().path, '/v1/responses');
    const chunks = await collect(await chat('hello', { stream: true, stream_options: { include_usage: true } }));
    assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'Hello from the imitation');
    assert.equal(chunks.at(-1).usage.completion_tokens, 4);
  });
  it('call tools in two turns', async () => {
    const first = await client().chat.completions.stream({ model: 'openai/gpt-5-codex', messages: [{ role: 'user', content: 'x #tools' }], tools: [chatTool] }).finalChatCompletion();
    const message = first.choices[0].message;
    assert.equal(message.tool_calls.length, 2);
    const messages = [{ role: 'user', content: 'x #tools' }, message, ...message.tool_calls.map((c, i) => ({ role: 'tool', tool_call_id: c.id, content: `r${i}` }))];
    const second = await client().chat.completions.create({ model: 'openai/gpt-5-codex', messages, tools: [chatTool], reasoning_effort: 'minimal', max_completion_tokens: 5, verbosity: 'low' });
    assert.equal(second.choices[0].message.content, 'Result: r0 | r1');
    assert.deepEqual(sent().body.reasoning, { effort: 'low' });
  });
  it('refuse what cannot be said, and say what fails', async () => {
    const e = await rejected(chat('x', { n: 2 }), OpenAI.BadRequestError, 400);
    assert.equal(e.param, 'n');
    await rejected(chat('x #status=429'), OpenAI.RateLimitError, 429);
    await assert.rejects((async () => collect(await chat('x #stream=12 #error-mid', { stream: true })))(), OpenAI.APIError);
  });
});

describe('reasoning sealed by OpenAI', () => {
  const again = () => assert.match(sent().raw, /"encrypted_content":"gAAAA/);
  it('is carried by Anthropic\'s clients', async () => {
    const claude = new Anthropic({ baseURL: all.hub.url, apiKey: all.key, maxRetries: 0 });
    const request = { model: 'openai/gpt-5-codex', max_tokens: 9000, thinking: { type: 'enabled', budget_tokens: 2048 }, tools: [{ name: 'weather', input_schema: WEATHER }] };
    for (const stream of [false, true]) {
      const messages = [{ role: 'user', content: 'weather? #reason #tool' }];
      const first = stream ? await claude.messages.stream({ ...request, messages }).finalMessage() : await claude.messages.create({ ...request, messages });
      assert.equal(first.content[0].thinking, 'Let me think.');
      messages.push({ role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: first.content.at(-1).id, content: 'sunny' }] });
      assert.equal((await claude.messages.create({ ...request, messages })).content.at(-1).text, 'Result: sunny');
      again();
    }
  });
  it('is carried by clients of chats that bring back what they got', async () => {
    const request = { model: 'openai/gpt-5-codex', tools: [{ type: 'function', function: { name: 'weather', parameters: WEATHER } }] };
    const messages = [{ role: 'user', content: 'weather? #reason #tool' }];
    const { message } = (await client().chat.completions.create({ ...request, messages })).choices[0];
    messages.push(message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'sunny' });
    assert.equal((await client().chat.completions.create({ ...request, messages })).choices[0].message.content, 'Result: sunny');
    again();
  });
});

describe('what is said about pieces of an answer', () => {
  const URL = 'https://example.com/source';
  it('comes from a chat to clients of Responses', async () => {
    for (const stream of [false, true]) {
      const more = { include: ['message.output_text.logprobs'], top_logprobs: 2, stream };
      const r = stream ? legal(await collect(await ask('compatible/gpt-4o-mini', 'x #cite', more))) : await ask('compatible/gpt-4o-mini', 'x #cite', more);
      const part = r.output[0].content[0];
      assert.equal(part.annotations[0].url, URL);
      assert.deepEqual(part.logprobs.map((l) => l.token).join(''), 'Hello from the imitation');
      assert.deepEqual([sent().body.logprobs, sent().body.top_logprobs], [true, 2]);
    }
  });
  it('comes from Responses to clients of chats', async () => {
    const request = { model: 'native/gpt-4o', messages: [{ role: 'user', content: 'x #cite' }], logprobs: true, top_logprobs: 2, n: 1, metadata: { a: 'b' }, user: 'u', prompt_cache_key: 'k', service_tier: 'flex' };
    const [choice] = (await client().chat.completions.create(request)).choices;
    assert.equal(choice.message.annotations[0].url_citation.url, URL);
    assert.equal(choice.logprobs.content.map((l) => l.token).join(''), 'Hello from the imitation');
    const { metadata, user, prompt_cache_key, service_tier, store, top_logprobs } = sent().body;
    assert.deepEqual({ metadata, user, prompt_cache_key, service_tier, store, top_logprobs }, { metadata: { a: 'b' }, user: 'u', prompt_cache_key: 'k', service_tier: 'flex', store: false, top_logprobs: 2 });
    const chunks = await collect(await client().chat.completions.create({ ...request, stream: true }));
    assert.equal(chunks.flatMap((c) => c.choices[0]?.logprobs?.content ?? []).map((l) => l.token).join(''), 'Hello from the imitation');
    assert.equal(chunks.flatMap((c) => c.choices[0]?.delta.annotations ?? [])[0].url_citation.url, URL);
  });
});
