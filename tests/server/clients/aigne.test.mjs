// The npm client of AIGNE Hub against our server, through every provider.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AIGNEHubChatModel } from '@aigne/aigne-hub';
import { PNG, WEATHER, collect, settled, startAll, startHub, upstreamKeys } from './harness.mjs';

let all, second;
const user = (content, more = {}) => ({ messages: [{ role: 'user', content }], ...more });
const tools = [{ type: 'function', function: { name: 'weather', description: 'Weather of a city', parameters: WEATHER } }];
const schema = { type: 'json_schema', jsonSchema: { name: 'place', schema: WEATHER, strict: true } };
const open = (model, { url = all.hub.url, key = all.key } = {}) => new AIGNEHubChatModel({ baseURL: url, apiKey: key, model: `aignehub/${model}` });

/* What a stream's deltas add up to, and how many pieces of text there were. */
async function streamed(model, input) {
  const chunks = await collect(await model.invoke(input, { streaming: true }));
  const whole = {};
  let pieces = 0;
  for (const { delta } of chunks) {
    for (const [k, v] of Object.entries(delta.text ?? {})) {
      whole[k] = (whole[k] ?? '') + v;
      pieces += k === 'text';
    }
    for (const [k, v] of Object.entries(delta.json ?? {})) if (k !== 'text' && k !== 'thoughts') whole[k] = v;
  }
  return { whole, pieces };
}

before(async () => {
  all = await startAll();
  await all.hub.do('provider.put', { name: 'echo' });
  second = await startHub();
  await second.do('provider.put', { name: 'aignehub', baseUrl: all.hub.url });
  await second.do('credential.put', { provider: 'aignehub', name: 'first', value: all.key });
  second.accessKey = await second.key('tests');
});
beforeEach(() => all.calm());
after(async () => {
  await second?.stop();
  await all?.stop();
});

const ROUTES = {
  openai: { model: 'openai/gpt-4o-mini', key: upstreamKeys.openai, priced: true },
  anthropic: { model: 'anthropic/claude-haiku-4-5', key: upstreamKeys.anthropic, priced: true },
  google: { model: 'google/gemini-2.5-flash', key: upstreamKeys.google, priced: true },
  'a second hub to openai': { model: 'aignehub/hub/openai/gpt-4o-mini', key: upstreamKeys.openai, chained: true, priced: true },
  'a second hub to anthropic': { model: 'aignehub/hub/anthropic/claude-haiku-4-5', key: upstreamKeys.anthropic, chained: true, priced: true },
};

for (const [name, route] of Object.entries(ROUTES))
  describe(`through ${name}`, () => {
    const model = () => (route.chained ? open(route.model, { url: second.url, key: second.accessKey }) : open(route.model));

    it('answers', async () => {
      const before = all.imitation.log.entries.length;
      const reply = await model().invoke(user('hello'));
      assert.equal(reply.text, 'Hello from the imitation');
      assert.equal(reply.usage.inputTokens, 20);
      assert.equal(reply.usage.outputTokens, 4);
      const seen = all.imitation.log.entries.slice(before);
      assert.equal(seen.length, 1, 'exactly one request went upstream');
      assert.equal(seen[0].key, route.key);
    });
    it('streams, in as many pieces as the provider sent', async () => {
      const { whole, pieces } = await streamed(model(), user('hello #stream=12'));
      assert.equal(whole.text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
      assert.ok(pieces >= 12, `${pieces} pieces`);
      assert.equal(whole.usage.inputTokens, 20);
      assert.equal(whole.usage.outputTokens, 12);
    });
    it('calls a tool, takes its result and ends', async () => {
      const input = user('weather? #tool', { tools });
      const first = await model().invoke(input);
      assert.equal(first.toolCalls.length, 1);
      assert.deepEqual(first.toolCalls[0].function, { name: 'weather', arguments: { city: 'Paris' } });
      const history = [...input.messages, { role: 'agent', toolCalls: first.toolCalls }, { role: 'tool', toolCallId: first.toolCalls[0].id, content: 'sunny' }];
      assert.equal((await model().invoke({ messages: history, tools })).text, 'Result: sunny');
      assert.equal((await streamed(model(), { messages: history, tools })).whole.text, 'Result: sunny');
    });
    it('streams parallel calls and takes both results', async () => {
      const input = user('weather? #tools', { tools });
      const { whole } = await streamed(model(), input);
      assert.deepEqual(whole.toolCalls.map((c) => c.function.arguments), [{ city: 'Paris' }, { city: 'São Paulo' }]);
      assert.notEqual(whole.toolCalls[0].id, whole.toolCalls[1].id);
      const history = [...input.messages, { role: 'agent', toolCalls: whole.toolCalls }, ...whole.toolCalls.map((c, i) => ({ role: 'tool', toolCallId: c.id, content: `r${i}` }))];
      assert.equal((await model().invoke({ messages: history, tools })).text, 'Result: r0 | r1');
    });
    it('obeys toolChoice', async () => {
      const required = await model().invoke(user('hi', { tools, toolChoice: 'required' }));
      assert.equal(required.toolCalls.length, 1);
      const named = await model().invoke(user('hi', { tools, toolChoice: tools[0] }));
      assert.equal(named.toolCalls[0].function.name, 'weather');
      const none = await model().invoke(user('hi #tool', { tools, toolChoice: 'none' }));
      assert.equal(none.toolCalls, undefined);
      assert.equal(none.text, 'Hello from the imitation');
    });
    it('answers by a schema', async () => {
      const reply = await model().invoke(user('where?', { responseFormat: schema }));
      assert.deepEqual(reply.json, { city: 'Paris' });
      assert.deepEqual((await streamed(model(), user('where?', { responseFormat: schema }))).whole.json, { city: 'Paris' });
    });
    it('takes an image and a system message', async () => {
      const reply = await model().invoke({ messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: [{ type: 'text', text: 'what is it?' }, { type: 'file', data: PNG, mimeType: 'image/png' }] }] });
      assert.equal(reply.text, 'Hello from the imitation');
      assert.ok(all.imitation.log.entries.at(-1).raw.includes(PNG), 'the image arrived');
      assert.ok(all.imitation.log.entries.at(-1).raw.includes('Be brief.'));
    });
    it('tells the credits and a prefix the client can read', async () => {
      for (const usage of [(await model().invoke(user('hi'))).usage, (await streamed(model(), user('hi'))).whole.usage]) {
        if (route.priced && !route.chained) assert.equal(usage.aigneHubCredits, 20 * 0.00000015 + 4 * 0.0000006);
        assert.ok(usage.creditPrefix === undefined || usage.creditPrefix === '$');
      }
    });
    it('sets what modelOptions say', async () => {
      await model().invoke(user('hi', { modelOptions: { temperature: 0.5, topP: undefined } }));
      const sent = all.imitation.log.entries.at(-1).body;
      assert.equal(sent.temperature ?? sent.generationConfig?.temperature, 0.5);
    });
    for (const status of [400, 403, 404, 429, 500, 503])
      it(`hands on the provider's ${status}`, async () => {
        const before = all.imitation.log.entries.length;
        await assert.rejects(model().invoke(user(`x #status=${status}`)), (e) => {
          assert.doesNotMatch(e.message, /Failed to fetch/, 'the error has the shape the client reads');
          assert.ok(e.message.length > 5);
          return true;
        });
        await assert.rejects(streamed(model(), user(`x #status=${status}`)));
        const asked = all.imitation.log.entries.length - before;
        assert.ok(asked >= 2 && asked <= (status === 429 || status >= 500 ? 4 : 2), `${asked}: one request each, or once more`);
      });
    it('never ends a cut stream well', async () => {
      for (const word of ['cut', 'end-early', 'error-mid', 'garbage-frame', 'cut=1'])
        await assert.rejects(streamed(model(), user(`x #${word} #stream=8`)), undefined, word);
    });
  });

describe('reasoning', () => {
  for (const [model, options] of [['anthropic/claude-haiku-4-5', { reasoningEffort: 'low' }], ['google/gemini-2.5-flash', { reasoningEffort: 'low' }]])
    it(`shows the thoughts of ${model}`, async () => {
      const reply = await open(model).invoke(user('hi #reason', { modelOptions: options }));
      assert.equal(reply.thoughts, 'Let me think.');
      assert.equal(reply.text, 'Hello from the imitation');
      const { whole } = await streamed(open(model), user('hi #reason', { modelOptions: options }));
      assert.equal(whole.thoughts, 'Let me think.');
      assert.equal(whole.usage.outputTokens, 9, 'reasoning counts as output');
    });
});

describe('the echo provider', () => {
  it('answers and streams', async () => {
    const reply = await open('echo/echo').invoke(user('Hello, AIGNE Hub!'));
    assert.match(reply.text, /Hello, AIGNE Hub!/);
    const { whole } = await streamed(open('echo/echo'), user('Hello, AIGNE Hub!'));
    assert.equal(whole.text, reply.text);
    assert.ok(Number.isInteger(whole.usage.inputTokens) && Number.isInteger(whole.usage.outputTokens));
  });
});

describe('what the server itself refuses', () => {
  const failing = async (promise) => {
    try {
      await promise;
    } catch (e) {
      return e;
    }
    throw new assert.AssertionError({ message: 'it did not fail' });
  };
  it('a wrong key, in a stream and without', async () => {
    for (const call of [(m) => m.invoke(user('x')), (m) => streamed(m, user('x'))]) {
      const e = await failing(call(open('openai/gpt-4o-mini', { key: 'wrong-key' })));
      assert.doesNotMatch(e.message, /wrong-key/);
      assert.match(e.message, /key|authenticated/i);
    }
  });
  it('an unknown model, provider and vendor', async () => {
    const before = all.imitation.log.entries.length;
    for (const model of ['no-such-vendor-model', 'nobody/nothing', 'bedrock/amazon.nova'])
      assert.match((await failing(open(model).invoke(user('x')))).message, /model|provider/i);
    assert.equal(all.imitation.log.entries.length, before);
  });
  it('a model the provider does not know, in the provider\'s words', async () => {
    assert.match((await failing(open('openai/no-such-model').invoke(user('x')))).message, /does not exist/);
    assert.match((await failing(open('anthropic/no-such-model').invoke(user('x')))).message, /no-such-model/);
    assert.match((await failing(open('google/no-such-model').invoke(user('x')))).message, /not found/);
  });
  it('a revoked key within a second', async () => {
    const key = await all.hub.key('to be revoked');
    const model = open('openai/gpt-4o-mini', { key });
    await settled(async () => (await model.invoke(user('x')).then(() => true, () => false)));
    const row = (await all.hub.do('key.list')).list.find((k) => k.name === 'to be revoked');
    await all.hub.do('key.delete', { id: row.id });
    const start = Date.now();
    await settled(async () => (await model.invoke(user('x')).then(() => false, () => true)));
    assert.ok(Date.now() - start < 2500);
  });
});

describe('models()', () => {
  it('lists what is priced, as the client wants it', async () => {
    process.env.AIGNE_HUB_API_URL = all.hub.url;
    const list = await open('openai/gpt-4o-mini').client.models();
    const row = list.find((m) => m.model === 'gpt-4o-mini');
    assert.equal(row.provider, 'openai');
    assert.equal(row.type, 'chat');
    assert.equal(row.input_credits_per_token, '0.00000015');
    assert.equal(row.output_credits_per_token, '0.0000006');
  });
});

describe('under a mount point', () => {
  it('is found by discovery', async () => {
    const hub = await startHub({ flags: ['--mount-point', '/ai-kit'] });
    try {
      await hub.do('provider.put', { name: 'echo' });
      const key = await hub.key('tests');
      const model = open('echo/echo', { url: `${hub.url}/some/path?x=1`, key });
      assert.match((await model.invoke(user('mounted'))).text, /mounted/);
      assert.equal((await model.client.credential).url, `${hub.url}/ai-kit/api/v2/chat`);
    } finally {
      await hub.stop();
    }
  });
});
