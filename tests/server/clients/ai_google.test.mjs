// Vercel's AI SDK with its Google provider against our server: relayed, and across to the other providers.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createGoogle, createGoogleGenerativeAI } from '@ai-sdk/google';
import { embedMany, generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { PNG, startAll } from './harness.mjs';

let all, google;
const MODELS = ['google/gemini-2.5-flash', 'google/gemini-3-pro-preview', 'openai/gpt-4o-mini', 'anthropic/claude-haiku-4-5'];
const last = () => all.imitation.log.entries.at(-1);

before(async () => {
  all = await startAll();
  google = (createGoogle ?? createGoogleGenerativeAI)({ baseURL: `${all.hub.url}/v1beta`, apiKey: all.key });
});
after(() => all?.stop());

for (const name of MODELS)
  describe(`through ${name}`, () => {
    const model = () => google(name);
    it('generates text', async () => {
      const { text, usage, finishReason } = await generateText({ model: model(), system: 'Be brief.', prompt: 'hello', maxRetries: 0 });
      assert.equal(text, 'Hello from the imitation');
      assert.equal(finishReason, 'stop');
      assert.deepEqual([usage.inputTokens, usage.outputTokens], [20, 4]);
    });
    it('streams text', async () => {
      const result = streamText({ model: model(), prompt: 'hello #stream=12 #split=5', maxRetries: 0 });
      let text = '';
      for await (const piece of result.textStream) text += piece;
      assert.equal(text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
      assert.equal((await result.usage).outputTokens, 12);
    });
    it('calls tools and goes on with their results', async () => {
      const weather = tool({ description: 'Weather of a city', inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `sunny in ${city}` });
      for (const run of [generateText, streamText]) {
        const result = await run({ model: model(), prompt: 'weather? #tools', tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0 });
        assert.match(await result.text, /^Result: .*sunny in Paris.*sunny in São Paulo/);
        assert.equal((await result.steps).length, 2);
      }
    });
    it('generates objects', async () => {
      const schema = jsonSchema({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false });
      const { object } = await generateObject({ model: model(), prompt: 'where?', schema, maxRetries: 0 });
      assert.equal(object.city, 'Paris');
    });
    it('sees images', async () => {
      const content = [{ type: 'text', text: 'what is it?' }, { type: 'image', image: Buffer.from(PNG, 'base64'), mediaType: 'image/png' }];
      assert.equal((await generateText({ model: model(), messages: [{ role: 'user', content }], maxRetries: 0 })).text, 'Hello from the imitation');
      assert.ok(last().raw.includes(PNG));
    });
    it('fails as Google does', async () => {
      const e = await generateText({ model: model(), prompt: 'x #status=429', maxRetries: 0 }).then(() => null, (x) => x);
      assert.equal(e.statusCode, 429);
    });
  });

describe('embeddings', () => {
  it('come for each value', async () => {
    const { embeddings } = await embedMany({ model: google.embedding('google/gemini-embedding-001'), values: ['one', 'three'], maxRetries: 0 });
    assert.deepEqual(embeddings.map((e) => e[0]), [3, 5]);
  });
});
