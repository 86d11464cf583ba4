// Vercel's ai with @ai-sdk/anthropic against our server: relayed, and through other providers.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import { PNG, WEATHER, startAll } from './harness.mjs';

let all;
let anthropic;
before(async () => {
  all = await startAll();
  for (const [provider, model] of [['anthropic', 'claude-sonnet-4-5'], ['google', 'gemini-3-pro']])
    await all.hub.do('rate.put', { provider, model, type: 'chat', inputRate: '0.00000015', outputRate: '0.0000006' });
  anthropic = createAnthropic({ baseURL: `${all.hub.url}/v1`, apiKey: all.key });
});
after(() => all?.stop());

const weather = tool({ description: 'Weather of a city', inputSchema: jsonSchema(WEATHER), execute: async ({ city }) => `sunny in ${city}` });
const sent = () => all.imitation.log.entries.at(-1);
const once = { maxRetries: 0, maxOutputTokens: 1000 };

for (const [name, model] of Object.entries({ 'relayed to Anthropic': 'anthropic/claude-haiku-4-5', 'through OpenAI': 'openai/gpt-4o-mini', 'through Gemini': 'google/gemini-2.5-flash' }))
  describe(name, () => {
    it('generates text', async () => {
      const r = await generateText({ ...once, model: anthropic(model), system: 'Be brief.', prompt: 'hello' });
      assert.equal(r.text, 'Hello from the imitation');
      assert.equal(r.finishReason, 'stop');
      assert.deepEqual([r.usage.inputTokens, r.usage.outputTokens], [20, 4]);
      assert.ok(sent().raw.includes('Be brief.'));
    });
    it('streams text', async () => {
      const r = streamText({ ...once, model: anthropic(model), prompt: 'hello #stream=12 #split=7' });
      let text = '';
      for await (const piece of r.textStream) text += piece;
      assert.equal(text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
      assert.equal(await r.finishReason, 'stop');
      assert.equal((await r.usage).outputTokens, 12);
    });
    it('calls tools and goes on, at once and in a stream', async () => {
      const request = { ...once, model: anthropic(model), prompt: 'weather? #tools', tools: { weather }, stopWhen: stepCountIs(3) };
      const r = await generateText(request);
      assert.equal(r.steps.length, 2);
      assert.equal(r.text, 'Result: sunny in Paris | sunny in São Paulo');
      const s = streamText(request);
      assert.equal(await s.text, 'Result: sunny in Paris | sunny in São Paulo');
      assert.equal((await s.steps)[0].toolCalls.length, 2);
    });
    it('generates objects', async () => {
      const schema = jsonSchema({ type: 'object', properties: { city: { type: 'string' }, size: { type: 'integer' } }, required: ['city', 'size'], additionalProperties: false });
      const r = await generateObject({ ...once, model: anthropic(model), schema, prompt: 'where?' });
      assert.equal(r.object.city, 'Paris');
    });
    it('shows images', async () => {
      const content = [{ type: 'text', text: 'see' }, { type: 'image', image: Buffer.from(PNG, 'base64'), mediaType: 'image/png' }];
      assert.equal((await generateText({ ...once, model: anthropic(model), messages: [{ role: 'user', content }] })).text, 'Hello from the imitation');
      assert.ok(sent().raw.includes(PNG));
    });
    it('tells errors, also in a stream', async () => {
      await assert.rejects(generateText({ ...once, model: anthropic(model), prompt: 'x #status=429' }), (e) => e.statusCode === 429);
      let failed = null;
      const r = streamText({ ...once, model: anthropic(model), prompt: 'x #stream=12 #error-mid', onError: ({ error }) => (failed = error) });
      for await (const part of r.fullStream) if (part.type === 'error') failed ??= part.error;
      assert.ok(failed, 'the error was seen');
    });
  });

describe('reasoning', () => {
  it('of Claude is shown, and carried through the steps', async () => {
    const providerOptions = { anthropic: { thinking: { type: 'enabled', budgetTokens: 2000 } } };
    const request = { ...once, model: anthropic('anthropic/claude-sonnet-4-5'), prompt: 'weather? #reason #tool', tools: { weather }, stopWhen: stepCountIs(3), providerOptions, maxOutputTokens: 9000 };
    for (const r of [await generateText(request), streamText(request)]) {
      assert.equal((await r.steps)[0].reasoningText, 'Let me think.');
      assert.equal(await r.text, 'Result: sunny in Paris');
      assert.match(sent().raw, /"signature":/);
    }
  });
  it('of Gemini comes back sealed with the call', async () => {
    const request = { ...once, model: anthropic('google/gemini-3-pro'), prompt: 'weather? #reason #tool', tools: { weather }, stopWhen: stepCountIs(3), maxOutputTokens: 9000 };
    for (const r of [await generateText(request), streamText(request)]) {
      assert.equal(await r.text, 'Result: sunny in Paris');
      assert.match(sent().raw, /"thoughtSignature":/);
    }
  });
});
