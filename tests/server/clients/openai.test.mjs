// The npm openai SDK against our server: at /v1 and at the mount point, through every provider.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { Validator, loadSchema } from '../../support/providers/schema.mjs';
import { PNG, WEATHER, collect, post, startAll, startHub, upstreamKeys } from './harness.mjs';

let all;
const described = new Validator(loadSchema('openai'));
const client = (path = '/v1', key = all.key, more = {}) => new OpenAI({ baseURL: `${all.hub.url}${path}`, apiKey: key, maxRetries: 0, ...more });
const user = (model, content, more = {}) => ({ model, messages: [{ role: 'user', content }], ...more });
const tool = { type: 'function', function: { name: 'weather', description: 'Weather of a city', parameters: WEATHER } };
const problems = (value, name) => described.check(value, name).filter((p) => !/annotations|obfuscation/.test(String(p.path.at(-1))));
const reject = async (promise, kind, status, pattern) => {
  let caught;
  await assert.rejects(promise, (e) => ((caught = e), true));
  assert.ok(caught instanceof kind, `${caught.constructor.name} is no ${kind.name}: ${caught.message}`);
  assert.equal(caught.status, status);
  if (pattern) assert.match(caught.message, pattern);
  return caught;
};

before(async () => {
  all = await startAll();
  await all.hub.do('provider.put', { name: 'echo' });
});
beforeEach(() => all.calm());
after(() => all?.stop());

const ROUTES = {
  openai: { model: 'openai/gpt-4o-mini', relayed: true },
  anthropic: { model: 'anthropic/claude-haiku-4-5' },
  google: { model: 'google/gemini-2.5-flash' },
};

for (const [provider, { model, relayed }] of Object.entries(ROUTES))
  describe(`through ${provider}`, () => {
    it('answers as described', async () => {
      const before = all.imitation.log.entries.length;
      const { data, response } = await client().chat.completions.create(user(model, 'hello')).withResponse();
      assert.equal(data.choices[0].message.content, 'Hello from the imitation');
      assert.equal(data.choices[0].finish_reason, 'stop');
      assert.equal(data.choices[0].message.role, 'assistant');
      assert.deepEqual([data.usage.prompt_tokens, data.usage.completion_tokens, data.usage.total_tokens], [20, 4, 24]);
      assert.equal(data.object, 'chat.completion');
      assert.equal(data.model, relayed ? 'gpt-4o-mini-2026-01-01' : model);
      assert.match(response.headers.get('content-type'), /^application\/json/);
      assert.deepEqual(problems(data, 'CreateChatCompletionResponse'), []);
      const seen = all.imitation.log.entries.slice(before);
      assert.equal(seen.length, 1);
      assert.equal(seen[0].key, upstreamKeys[provider]);
    });
    it('streams as described, with usage and without', async () => {
      for (const include of [true, false, undefined]) {
        const more = include === undefined ? {} : { stream_options: { include_usage: include } };
        const chunks = await collect(await client().chat.completions.create({ ...user(model, 'hello #stream=12 #split=5'), stream: true, ...more }));
        assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
        for (const c of chunks) assert.deepEqual(problems(c, 'CreateChatCompletionStreamResponse'), []);
        assert.equal(new Set(chunks.map((c) => c.id)).size, 1, 'one id');
        assert.equal(chunks[0].choices[0].delta.role, 'assistant');
        const finished = chunks.filter((c) => c.choices[0]?.finish_reason);
        assert.deepEqual(finished.map((c) => c.choices[0].finish_reason), ['stop']);
        const used = chunks.filter((c) => c.usage);
        assert.equal(used.length, include ? 1 : 0);
        assert.equal(chunks.filter((c) => c.choices.length === 0).length, include ? 1 : 0);
        if (include) {
          assert.deepEqual([used[0].usage.prompt_tokens, used[0].usage.completion_tokens], [20, 12]);
          assert.equal(chunks.at(-1), used[0], 'the usage comes last');
        }
      }
    });
    it('ends a stream with [DONE]', async () => {
      const { text, headers } = await post(`${all.hub.url}/v1/chat/completions`, { ...user(model, 'hello'), stream: true }, { authorization: `Bearer ${all.key}` });
      assert.match(headers.get('content-type'), /^text\/event-stream/);
      assert.ok(text.endsWith('data: [DONE]\n\n'));
      assert.equal(text.split('[DONE]').length, 2);
    });
    it('calls tools at once, in a stream, and takes the results', async () => {
      const request = user(model, 'weather? #tools', { tools: [tool] });
      const final = await client().chat.completions.stream(request).finalChatCompletion();
      const message = final.choices[0].message;
      assert.equal(final.choices[0].finish_reason, 'tool_calls');
      assert.deepEqual(message.tool_calls.map((c) => JSON.parse(c.function.arguments)), [{ city: 'Paris' }, { city: 'São Paulo' }]);
      const history = [...request.messages, message, ...message.tool_calls.map((c, i) => ({ role: 'tool', tool_call_id: c.id, content: `r${i}` }))];
      const second = await client().chat.completions.create({ ...request, messages: history });
      assert.equal(second.choices[0].message.content, 'Result: r0 | r1');
      const swapped = [...history.slice(0, 2), history[3], history[2]];
      assert.match((await client().chat.completions.create({ ...request, messages: swapped })).choices[0].message.content, /r0/, 'results may come in any order');
    });
    it('calls a tool plainly, and one without arguments', async () => {
      const plain = await client().chat.completions.create(user(model, 'weather? #tool', { tools: [tool] }));
      const call = plain.choices[0].message.tool_calls[0];
      assert.equal(plain.choices[0].finish_reason, 'tool_calls');
      assert.equal(call.type, 'function');
      assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Paris' });
      assert.equal(plain.choices[0].message.content, null);
      const bare = { type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } };
      for (const stream of [false, true]) {
        const message = stream
          ? (await client().chat.completions.stream(user(model, 'x #tool', { tools: [bare] })).finalChatCompletion()).choices[0].message
          : (await client().chat.completions.create(user(model, 'x #tool', { tools: [bare] }))).choices[0].message;
        assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), {});
      }
    });
    it('obeys tool_choice and parallel_tool_calls', async () => {
      const ask = async (content, more) => (await client().chat.completions.create(user(model, content, { tools: [tool], ...more }))).choices[0].message;
      assert.equal((await ask('hi', { tool_choice: 'required' })).tool_calls.length, 1);
      assert.equal((await ask('hi', { tool_choice: { type: 'function', function: { name: 'weather' } } })).tool_calls[0].function.name, 'weather');
      assert.equal((await ask('hi #tool', { tool_choice: 'none' })).tool_calls, undefined);
      if (provider !== 'google') assert.equal((await ask('hi #tools', { parallel_tool_calls: false })).tool_calls.length, 1);
    });
    it('answers by a schema, read by the SDK\'s own helper', async () => {
      const Place = z.object({ city: z.string(), size: z.number().int(), tags: z.array(z.string()), near: z.object({ name: z.string() }).nullable() });
      const parsed = await client().chat.completions.parse(user(model, 'where?', { response_format: zodResponseFormat(Place, 'place') }));
      assert.equal(parsed.choices[0].message.parsed.city, 'Paris');
      assert.equal(typeof parsed.choices[0].message.parsed.size, 'number');
      const streamed = await client().chat.completions.stream(user(model, 'where?', { response_format: zodResponseFormat(Place, 'place') })).finalChatCompletion();
      assert.deepEqual(streamed.choices[0].message.parsed, parsed.choices[0].message.parsed);
    });
    it('takes images, system and developer messages, and history with calls', async () => {
      const messages = [
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
        { role: 'user', content: [{ type: 'text', text: 'earlier' }] },
        { role: 'assistant', content: 'yes' },
        { role: 'user', content: [{ type: 'text', text: 'what is it?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'low' } }] },
      ];
      const reply = await client().chat.completions.create({ model, messages });
      assert.equal(reply.choices[0].message.content, 'Hello from the imitation');
      const sent = all.imitation.log.entries.at(-1).raw;
      for (const part of [PNG, 'Be brief.', 'Be kind.', 'earlier']) assert.ok(sent.includes(part), part.slice(0, 20));
    });
    it('says why it ended', async () => {
      const reason = async (word) => (await client().chat.completions.create(user(model, `x #${word}`))).choices[0];
      assert.equal((await reason('length')).finish_reason, 'length');
      assert.equal((await reason('filter')).finish_reason, 'content_filter');
    });
    it('counts cached tokens and reasoning as OpenAI does', async () => {
      const { usage } = await client().chat.completions.create(user(model, 'x #cache'));
      assert.equal(usage.prompt_tokens, 20, 'caches are inside the prompt');
      assert.equal(usage.prompt_tokens_details.cached_tokens, 8);
    });
    it('sends the sampling on', async () => {
      await client().chat.completions.create(user(model, 'x', { temperature: 0.25, max_tokens: 77, stop: ['END'] }));
      const { body } = all.imitation.log.entries.at(-1);
      const g = body.generationConfig ?? body;
      assert.equal(g.temperature, 0.25);
      assert.equal(g.max_tokens ?? g.maxOutputTokens, 77);
      assert.deepEqual(g.stop ?? g.stop_sequences ?? g.stopSequences, ['END']);
    });
    it('keeps the provider\'s errors', async () => {
      const ask = (word) => client().chat.completions.create(user(model, `x #${word}`));
      await reject(ask('status=400'), OpenAI.BadRequestError, 400, /refused on purpose/);
      await reject(ask('status=403'), OpenAI.PermissionDeniedError, 403);
      await reject(ask('status=404'), OpenAI.NotFoundError, 404);
      const limited = await reject(ask('status=429 #retry=7'), OpenAI.RateLimitError, 429);
      assert.equal(limited.headers.get('retry-after'), '7');
      await reject(ask('status=500'), OpenAI.InternalServerError, 500);
      await reject(ask('status=503'), OpenAI.InternalServerError, 503);
      await reject(client().chat.completions.create(user(`${provider}/no-such-model`, 'x')), OpenAI.NotFoundError, 404, /no-such-model/);
      const streamed = client().chat.completions.create({ ...user(model, 'x #status=429 #retry=7'), stream: true });
      assert.equal((await reject(streamed, OpenAI.RateLimitError, 429)).headers.get('retry-after'), '7');
    });
    it('is told of a key the provider refuses, but not by 401 alone', async () => {
      const e = await client().chat.completions.create(user(model, 'x #status=401')).then(() => null, (x) => x);
      assert.ok([401, 502, 503].includes(e.status), String(e.status));
      assert.doesNotMatch(e.message, new RegExp(upstreamKeys[provider].slice(-6)));
    });
    it('never ends a cut stream well', async () => {
      for (const word of ['cut', 'end-early', 'error-mid', 'garbage-frame']) {
        await all.calm();
        const { text, status } = await post(`${all.hub.url}/v1/chat/completions`, { ...user(model, `x #stream=8 #${word}`), stream: true }, { authorization: `Bearer ${all.key}` });
        assert.equal(status, 200);
        assert.match(text, /Hello/, 'what arrived before the cut is not lost');
        assert.doesNotMatch(text, /\[DONE\]/, word);
        const last = text.trim().split('\n\n').at(-1);
        assert.match(last, /^data: \{"error":\{/, word);
        assert.equal(typeof JSON.parse(last.slice(6)).error.message, 'string');
        await assert.rejects(client().chat.completions.create({ ...user(model, `x #stream=8 #${word}`), stream: true }).then(collect), word === 'garbage-frame' ? undefined : OpenAI.APIError, word);
      }
    });
    it('lets go of the provider when the client leaves', async () => {
      const stop = new AbortController();
      const stream = await client().chat.completions.create({ ...user(model, 'x #stream=500 #drip=20'), stream: true }, { signal: stop.signal });
      const entry = all.imitation.log.entries.at(-1);
      for await (const _ of stream) break;
      stop.abort();
      const end = Date.now() + 3000;
      while (entry.outcome === 'running' && Date.now() < end) await new Promise((done) => setTimeout(done, 10));
      assert.equal(entry.outcome, 'client-gone');
      assert.ok(entry.sent < 400);
    });
  });

describe('long streams', () => {
  for (const { model } of Object.values(ROUTES))
    it(`of ${model} arrive whole`, async () => {
      const pieces = await collect(await client().chat.completions.create({ ...user(model, 'x #stream=12000'), stream: true, stream_options: { include_usage: true } }));
      const text = pieces.map((c) => c.choices[0]?.delta.content ?? '').join('');
      assert.equal(text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n'.repeat(1000));
      assert.equal(pieces.at(-1).usage.completion_tokens, 12000);
    });
});

describe('under a mount point', () => {
  it('serves at the mount point and at /v1', async () => {
    const hub = await startHub({ flags: ['--mount-point', '/ai-kit'] });
    try {
      await hub.do('provider.put', { name: 'echo' });
      const key = await hub.key('tests');
      for (const path of ['/ai-kit', '/ai-kit/v1', '/v1']) {
        const sdk = new OpenAI({ baseURL: hub.url + path, apiKey: key, maxRetries: 0 });
        assert.match((await sdk.chat.completions.create(user('echo/echo', 'mounted'))).choices[0].message.content, /mounted/, path);
        await collect(sdk.models.list());
      }
    } finally {
      await hub.stop();
    }
  });
});

describe('relayed bodies', () => {
  it('keep members we do not know, both ways', async () => {
    const request = user('openai/gpt-4o-mini', 'x', { metadata: { a: '1' }, store: false, seed: 7, logit_bias: { 50256: -100 } });
    const reply = await client().chat.completions.create(request);
    assert.equal(reply.system_fingerprint, 'fp_imitation');
    const { model, ...rest } = request;
    const { model: sent, ...seen } = all.imitation.log.entries.at(-1).body;
    assert.equal(sent, 'gpt-4o-mini');
    assert.deepEqual(seen, rest);
  });
  it('are refused by the provider in its own words', async () => {
    const e = await reject(client().chat.completions.create(user('openai/gpt-4o-mini', 'x', { invented: 1 })), OpenAI.BadRequestError, 400, /Unrecognized request argument supplied: invented/);
    assert.equal(e.type, 'invalid_request_error');
    const model = await reject(client().chat.completions.create(user('openai/no-such-model', 'x')), OpenAI.NotFoundError, 404);
    assert.equal(model.code, 'model_not_found');
    await reject(client().chat.completions.create(user('openai/gpt-5-mini', 'x', { max_tokens: 5 })), OpenAI.BadRequestError, 400, /max_completion_tokens/);
  });
});

describe('what the server itself says', () => {
  for (const path of ['/v1', ''])
    it(`works at ${path || 'the mount point'}`, async () => {
      assert.equal((await client(path).chat.completions.create(user('openai/gpt-4o-mini', 'x'))).choices[0].message.content, 'Hello from the imitation');
    });
  it('echoes', async () => {
    const reply = await client().chat.completions.create(user('echo/echo', 'Hello, hub!'));
    assert.match(reply.choices[0].message.content, /Hello, hub!/);
    assert.deepEqual(problems(reply, 'CreateChatCompletionResponse'), []);
    const chunks = await collect(await client().chat.completions.create({ ...user('echo/echo', 'Hello, hub!'), stream: true }));
    assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), reply.choices[0].message.content);
  });
  it('lists the models', async () => {
    const list = await collect(client().models.list());
    assert.deepEqual(described.check({ object: 'list', data: list.map((m) => ({ ...m })) }, 'ListModelsResponse'), []);
    const ids = list.map((m) => m.id);
    for (const id of ['openai/gpt-4o-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash']) assert.ok(ids.includes(id), `${id} in ${ids}`);
  });
  it('refuses a wrong and a missing key', async () => {
    const wrong = await reject(client('/v1', 'wrong-key').chat.completions.create(user('openai/gpt-4o-mini', 'x')), OpenAI.AuthenticationError, 401);
    assert.doesNotMatch(wrong.message, /wrong-key/);
    assert.equal(wrong.code, 'invalid_api_key');
    const missing = await post(`${all.hub.url}/v1/chat/completions`, user('openai/gpt-4o-mini', 'x'));
    assert.equal(missing.status, 401);
    assert.equal(typeof missing.json.error.message, 'string');
    await reject(client('/v1', 'wrong-key').chat.completions.create({ ...user('openai/gpt-4o-mini', 'x'), stream: true }), OpenAI.AuthenticationError, 401);
  });
  it('refuses what is no request, naming the member', async () => {
    const e = await reject(client().chat.completions.create({ model: 'anthropic/claude-haiku-4-5', messages: [{ role: 'user', content: 5 }] }), OpenAI.BadRequestError, 400, /content/);
    assert.match(e.param, /messages/);
    await reject(client().chat.completions.create({ model: 'anthropic/claude-haiku-4-5', messages: [{ role: 'wizard', content: 'x' }] }), OpenAI.BadRequestError, 400, /role/);
    await reject(client().chat.completions.create({ model: 'anthropic/claude-haiku-4-5' }), OpenAI.BadRequestError, 400, /messages/);
  });
  it('refuses models nobody serves', async () => {
    for (const model of ['nobody/nothing', 'no-such-vendor-model', 'bedrock/amazon.nova']) {
      const e = await client().chat.completions.create(user(model, 'x')).then(() => null, (x) => x);
      assert.ok([400, 404, 503].includes(e?.status), `${model}: ${e?.status}`);
      assert.match(e.message, /model|provider/i);
    }
  });
  it('finds bare names by their vendor', async () => {
    assert.equal((await client().chat.completions.create(user('gpt-4o-mini', 'x'))).choices[0].message.content, 'Hello from the imitation');
    assert.equal(all.imitation.log.entries.at(-1).provider, 'openai');
    await client().chat.completions.create(user('claude-haiku-4-5', 'x'));
    assert.equal(all.imitation.log.entries.at(-1).provider, 'anthropic');
  });
  it('repeats once what the provider says it has not done, and never what it may have done', async () => {
    const asked = async (word, headers) => {
      await all.calm();
      const before = all.imitation.log.entries.length;
      await assert.rejects(client().chat.completions.create(user('openai/gpt-4o-mini', `x #${word}`), { headers }));
      return all.imitation.log.entries.length - before;
    };
    for (const word of ['status=500', 'status=429']) {
      assert.equal(await asked(word), 2, word);
      assert.equal(await asked(word, { 'x-aigne-hub-retries': '0' }), 1, word);
    }
    for (const word of ['reset', 'cut-plain', 'garbage', 'empty'])
      assert.equal(await asked(word), 1, word);
  });
});
