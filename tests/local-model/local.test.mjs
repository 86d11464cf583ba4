// A model on this machine as a provider under a name of one's own, through two vendors' SDKs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { collect, post, settled, startHub } from '../server/clients/harness.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const require = createRequire(here('../server/clients/package.json'));
const OpenAI = require('openai');
const Anthropic = require('@anthropic-ai/sdk');
const QUESTION = { role: 'user', content: 'Write one short sentence about the sea.' };
const LENGTH = 24;

let front, url, hub, key, openai, anthropic, said;

before(async () => {
  front = spawn(process.execPath, [here('front.mjs'), here('packages')], { stdio: ['ignore', 'pipe', 'inherit'] });
  url = await new Promise((resolve, reject) => {
    front.stdout.on('data', (text) => resolve(String(text).trim()));
    front.on('exit', (code) => reject(new Error(`the front ended with ${code}`)));
  });
  hub = await startHub();
  await hub.do('provider.put', { name: 'local', type: 'openai', baseUrl: `${url}/v1`, keyless: true });
  await hub.do('rate.put', { provider: 'local', model: 'gemma', type: 'chat', inputRate: '0.000001', outputRate: '0.000002' });
  key = await hub.key('tests');
  openai = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: hub.url, apiKey: key, maxRetries: 0 });
  await settled(async () => (await fetch(`${hub.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).ok);
});
after(async () => {
  await hub?.stop();
  front?.kill();
});

const ask = (more = {}) => ({ model: 'local/gemma', messages: [QUESTION], max_tokens: LENGTH, temperature: 0, ...more });

describe('a local model', () => {
  it('is tried by the hub itself', async () => {
    assert.equal((await hub.do('provider.test', { name: 'local' })).model, 'local/gemma');
  });
  it('streams through OpenAI\'s SDK', async () => {
    const chunks = await collect(await openai.chat.completions.create(ask({ stream: true, stream_options: { include_usage: true } })));
    const pieces = chunks.map((c) => c.choices[0]?.delta.content ?? '').filter(Boolean);
    said = { text: pieces.join(''), usage: chunks.at(-1).usage };
    console.log(`it says: ${JSON.stringify(said.text)}`);
    assert.ok(pieces.length > 3, 'it comes in pieces');
    assert.ok(said.usage.prompt_tokens > 5 && said.usage.completion_tokens > 3);
  });
  it('streams the same through Anthropic\'s SDK, translated', async () => {
    const stream = anthropic.messages.stream(ask());
    let pieces = 0;
    stream.on('text', () => pieces++);
    const message = await stream.finalMessage();
    assert.ok(pieces > 3);
    assert.equal(message.content[0].text.trim(), said.text.trim());
    assert.equal(message.usage.input_tokens, said.usage.prompt_tokens);
    assert.equal(message.usage.output_tokens, said.usage.completion_tokens);
  });
  it('says the same whole, and in AIGNE\'s format', async () => {
    const plain = await openai.chat.completions.create(ask());
    assert.equal(plain.choices[0].message.content.trim(), said.text.trim());
    const { json } = await post(`${hub.url}/api/v2/chat`, { input: { messages: [QUESTION], modelOptions: { model: 'local/gemma', temperature: 0, maxTokens: LENGTH } }, options: {} }, { authorization: `Bearer ${key}` });
    assert.equal(json.text.trim(), said.text.trim());
    assert.equal(json.usage.outputTokens, said.usage.completion_tokens);
  });
  it('stops when the client hangs up', async () => {
    const stream = await openai.chat.completions.create(ask({ stream: true, max_tokens: 400 }));
    for await (const _ of stream) break;
    await settled(async () => (await (await fetch(`${url}/__state`)).json()).brokenOff === 1, 20000);
  });
  it('is recorded', async () => {
    await assert.rejects(openai.chat.completions.create(ask({ model: 'local/llama' })), OpenAI.NotFoundError);
    const { list } = await hub.do('usage.list', { pageSize: 20 });
    const row = list.find((r) => r.model === 'gemma' && r.status === 'success');
    assert.equal(row.provider, 'local');
  });
});
