// Servers that speak OpenAI's format and keep to rules of their own, under their names or the operator's.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import OpenAI from 'openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, stepCountIs, tool as aiTool } from 'ai';
import { WEATHER, collect, post, settled, startAll } from './harness.mjs';

let all, client;
const tool = { type: 'function', function: { name: 'weather', description: 'Weather of a city', parameters: WEATHER } };
const PROVIDERS = [
  { name: 'groq', at: '/groq/openai/v1' },
  { name: 'mistral', at: '/mistral/v1' },
  { name: 'azure', at: '/azure' },
  { name: 'azure-eu', type: 'azure', at: '/azure', config: { apiVersion: '2024-10-21' } },
  // The same servers by nothing but what an operator can say of them.
  { name: 'my-groq', type: 'openai', at: '/groq/openai/v1', config: { noNames: true } },
  { name: 'my-mistral', type: 'openai', at: '/mistral/v1', config: { noNames: true, noUser: true, noStreamOptions: true, reasoningEffort: 'none', randomSeed: true, shortCallIds: true, maxTokensField: 'max_tokens', headers: { 'X-Title': 'tests' } } },
];
const model = (name) => `${name}/some-model`;
const last = () => all.imitation.log.entries.at(-1);

before(async () => {
  all = await startAll();
  for (const { at, ...provider } of PROVIDERS) {
    await all.hub.do('provider.put', { ...provider, baseUrl: all.imitation.url + at });
    await all.hub.do('credential.put', { provider: provider.name, name: 'main', value: `key-of-${provider.name}-0123` });
  }
  await all.hub.do('provider.put', { name: 'open', type: 'openai', baseUrl: `${all.imitation.url}/ollama/v1`, keyless: true });
  client = new OpenAI({ baseURL: `${all.hub.url}/v1`, apiKey: all.key, maxRetries: 0 });
  await settled(() => client.chat.completions.create({ model: model('open'), messages: [{ role: 'user', content: 'x' }] }).then(() => true, () => false));
});
beforeEach(() => all.calm());
after(() => all?.stop());

const user = (name, content, more = {}) => ({ model: model(name), messages: [{ role: 'user', content }], ...more });
/* In AIGNE's format, so that it is translated. */
const aigne = (name, content, { options, streaming = false, ...more } = {}) =>
  post(`${all.hub.url}/api/v2/chat`, { input: { messages: typeof content === 'string' ? [{ role: 'user', content, name: 'bob' }] : content, modelOptions: { model: model(name), ...options }, ...more }, options: { streaming } }, { authorization: `Bearer ${all.key}` });

for (const { name, at } of PROVIDERS)
  describe(name, () => {
    it('answers, relayed and translated, plainly and in a stream', async () => {
      assert.equal((await client.chat.completions.create(user(name, 'x'))).choices[0].message.content, 'Hello from the imitation');
      assert.equal(last().key, `key-of-${name}-0123`);
      assert.ok(last().path.startsWith(at));
      const chunks = await collect(await client.chat.completions.create({ ...user(name, 'x'), stream: true }));
      assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'Hello from the imitation');
      assert.doesNotMatch(JSON.stringify(chunks), /prompt_tokens/, 'usage is for who asks for it');
      const { json } = await aigne(name, 'x', { options: { maxTokens: 50, seed: 7, user: 'u' } });
      assert.equal(json.text, 'Hello from the imitation', JSON.stringify(json));
      assert.equal(json.modelWithProvider, model(name));
      assert.deepEqual([json.usage.inputTokens, json.usage.outputTokens], [20, 4]);
      assert.match((await aigne(name, 'x #split=3', { streaming: true })).text, /"outputTokens":4/);
    });
    if (/mistral/.test(name))
      it('takes what only OpenAI knows, and thinks in words that OpenAI\'s clients read', async () => {
        const asked = user(name, 'x #reason', { seed: 7, user: 'u', store: false, stream: true, stream_options: { include_usage: true } });
        const chunks = await collect(await client.chat.completions.create(asked));
        assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'Hello from the imitation');
        assert.equal(last().body.random_seed, 7);
        assert.ok(chunks.at(-1).usage.total_tokens > 0);
      });
    if (/mistral/.test(name))
      it('reads documents, here and elsewhere', async () => {
        const { status, text } = await aigne(name, [{ role: 'user', content: [{ type: 'file', data: 'JVBERi0xLjQK', mimeType: 'application/pdf' }, { type: 'url', url: 'https://example.com/b.pdf', mimeType: 'application/pdf' }] }], { options: { preferInputFileType: 'url' } });
        assert.equal(status, 200, text);
        assert.deepEqual(last().body.messages[0].content.map((p) => p.document_url), ['data:application/pdf;base64,JVBERi0xLjQK', 'https://example.com/b.pdf']);
      });
    it('streams to clients that ask for the usage, as most frameworks do', async () => {
      const stream = client.chat.completions.create({ ...user(name, 'x'), stream: true, stream_options: { include_usage: true } });
      const chunks = await collect(await stream);
      assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'Hello from the imitation');
      const used = chunks.filter((c) => c.usage);
      assert.deepEqual(used.map((c) => [c.usage.prompt_tokens, c.usage.completion_tokens]), [[20, 4]]);
      assert.equal(used[0], chunks.at(-1), 'the usage comes last');
      assert.equal((await stream.asResponse()).headers.get('x-aigne-hub-dropped'), null);
    });
    it('thinks and is recorded', async () => {
      const { json } = await aigne(name, 'x #reason');
      if (!name.startsWith('azure')) assert.equal(json.thoughts, 'Let me think.');
      assert.equal(json.usage.outputTokens, 9);
      const streamed = (await aigne(name, 'x #reason', { streaming: true })).text;
      assert.match(streamed, /"outputTokens":9/);
    });
    it('calls tools and takes their results', async () => {
      const messages = [{ role: 'user', content: 'weather? #tools' }];
      const { json } = await aigne(name, messages, { tools: [tool] });
      assert.equal(json.toolCalls?.length, 2, JSON.stringify(json));
      const calls = json.toolCalls.map((c, i) => ({ ...c, id: `call_of_another_vendor_${i}` }));
      const second = await aigne(name, [...messages, { role: 'agent', toolCalls: calls }, ...calls.map((c, i) => ({ role: 'tool', toolCallId: c.id, content: `r${i}` }))], { tools: [tool] });
      assert.equal(second.json.text, 'Result: r0 | r1', JSON.stringify(second.json));
    });
    it('carries a loop of tools of the AI SDK', async () => {
      const hub = createOpenAICompatible({ name: 'hub', baseURL: `${all.hub.url}/v1`, apiKey: all.key });
      const weather = aiTool({ description: 'Weather', inputSchema: jsonSchema(WEATHER), execute: async ({ city }) => `sunny in ${city}` });
      const { text } = await generateText({ model: hub(model(name)), prompt: 'weather? #tool', tools: { weather }, stopWhen: stepCountIs(3) });
      assert.match(text, /sunny in Paris/);
    });
    it('fails in the vendor\'s words, also in the middle', async () => {
      const busy = await aigne(name, 'x #status=429 #retry=7');
      assert.equal(busy.status, 429, JSON.stringify(busy.json));
      for (const word of ['cut', 'error-mid', 'end-early'])
        assert.doesNotMatch((await aigne(name, `x #stream=9 #${word}`, { streaming: true })).text, /modelWithProvider/, word);
    });
  });

describe('of Azure alone', () => {
  it('says what its filter found, and which deployment there is not', async () => {
    for (const name of ['azure', 'azure-eu']) {
      const judged = await client.chat.completions.create(user(name, 'x #judged')).catch((e) => e);
      assert.equal(judged.status, 400);
      assert.equal(judged.code, 'content_filter');
      assert.equal((await client.chat.completions.create({ ...user(name, 'x'), model: `${name}/no-such` }).catch((e) => e)).status, 404);
    }
  });
  it('names the deployment in the path at a dated version', async () => {
    await aigne('azure-eu', 'x');
    assert.equal(last().path, '/azure/openai/deployments/some-model/chat/completions');
    assert.equal(last().query, '?api-version=2024-10-21');
    await aigne('azure', 'x');
    assert.equal(last().path, '/azure/openai/v1/chat/completions');
  });
});

describe('of one\'s own', () => {
  it('needs no key when told so, and sends the operator\'s headers', async () => {
    assert.equal((await client.chat.completions.create(user('open', 'x'))).choices[0].message.content, 'Hello from the imitation');
    assert.equal(last().key, null);
    await client.chat.completions.create(user('my-mistral', 'x'));
    assert.equal(last().headers['x-title'], 'tests');
  });
  it('may have any vendor\'s ways', async () => {
    for (const [name, type, baseUrl, at] of [['my-claude', 'anthropic', all.imitation.url, 'anthropic/claude-haiku-4-5'], ['my-gemini', 'google', `${all.imitation.url}/v1beta`, 'google/gemini-2.5-flash']]) {
      await all.hub.do('provider.put', { name, type, baseUrl });
      await all.hub.do('credential.put', { provider: name, name: 'main', value: `key-of-${name}-0123` });
      const vendors = at.split('/')[1];
      await settled(() => client.chat.completions.create({ ...user(name, 'x'), model: `${name}/${vendors}` }).then(() => true, () => false));
      const { json } = await post(`${all.hub.url}/api/v2/chat`, { input: { messages: [{ role: 'user', content: 'x' }], modelOptions: { model: `${name}/${vendors}` } }, options: {} }, { authorization: `Bearer ${all.key}` });
      assert.equal(json.text, 'Hello from the imitation');
      assert.equal(json.modelWithProvider, `${name}/${vendors}`);
      assert.equal(last().key, `key-of-${name}-0123`);
    }
  });
  it('goes by its name: rates, bare names, tests, lists and records', async () => {
    const rate = { provider: 'open', model: 'unheard-of', type: 'chat', inputRate: '0.000001', outputRate: '0.000002' };
    await all.hub.do('rate.put', rate);
    await settled(() => client.chat.completions.create({ ...user('open', 'x'), model: 'unheard-of' }).then(() => true, () => false));
    assert.ok((await collect(client.models.list())).some((m) => m.id === 'open/unheard-of'));
    assert.equal((await all.hub.do('provider.test', { name: 'open' })).model, 'open/unheard-of');
    await assert.rejects(all.hub.do('provider.test', { name: 'my-groq' }), /needs .*model/);
    assert.ok((await all.hub.do('credential.test', { provider: 'my-groq', name: 'main', model: 'm' })).ok);
    await settled(async () => (await all.hub.do('usage.list', { pageSize: 50 })).list.some((r) => r.provider === 'open' && r.model === 'unheard-of'));
    await all.hub.do('provider.delete', { name: 'open' });
    await settled(() => client.chat.completions.create(user('open', 'x')).then(() => false, (e) => e.status === 404));
  });
  it('refuses what it cannot mean', async () => {
    for (const [args, words] of [
      [{ name: 'opn', type: 'opneai' }, /nearest known one is .*openai/],
      [{ name: 'together' }, /say its .*type/],
      [{ name: 'azure-us', type: 'azure' }, /baseUrl.* is missing/],
      [{ name: 'openai', type: 'azure' }, /already known/],
      [{ name: 'Mine', type: 'openai' }, /lower-case/],
      [{ name: 'mine', type: 'openai', config: { noSchemas: true } }, /noSchema/],
      [{ name: 'mine', type: 'openai', config: { headers: { 'X-Api-Key': 'x' } } }, /credential/],
    ])
      await assert.rejects(all.hub.do('provider.put', args), words);
  });
});
