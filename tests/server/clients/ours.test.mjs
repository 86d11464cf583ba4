// Our own client, the program `aigne-hub chat`, against AIGNE's own server and against the vendors.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { startImitation } from '../../support/providers/server.mjs';
import { baseUrls, program, upstreamKeys } from './harness.mjs';
import { startReferenceHub } from './reference_hub.mjs';

let hub, imitation;
before(async () => {
  hub = await startReferenceHub();
  imitation = await startImitation();
});
after(async () => {
  await hub.close();
  await imitation.close();
});

const chat = (...args) =>
  new Promise((resolve) => execFile(program, ['chat', ...args], { timeout: 20000, env: { PATH: process.env.PATH } }, (error, stdout, stderr) => resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr })));
const ask = (text, more = [], url = hub.url, key = hub.key) => chat('--url', url, '--key', key, '--model', 'openai/gpt-4o-mini', ...more, text);

describe('against AIGNE\'s own server', () => {
  it('streams text', async () => {
    const { code, stdout, stderr } = await ask('hello #stream=12');
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.equal(stdout, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
  });
  it('finds the mount point once and sends what AIGNE\'s client sends', async () => {
    hub.log.requests.length = 0;
    await ask('hello');
    assert.deepEqual(hub.log.requests.map((r) => `${r.method} ${r.url}`), ['GET /__blocklet__.js?type=json', 'POST /ai-kit/api/v2/chat']);
    const [discovery, call] = hub.log.requests;
    assert.equal(discovery.headers.authorization, undefined, 'the key is not shown before the hub is known');
    assert.equal(call.headers.authorization, `Bearer ${hub.key}`);
    assert.match(call.headers['content-type'], /^application\/json/);
    assert.equal(hub.log.inputs.at(-1).modelOptions.model, 'openai/gpt-4o-mini');
  });
  it('uses a full URL as it is', async () => {
    hub.log.requests.length = 0;
    const { code } = await ask('hello', [], hub.chatUrl);
    assert.equal(code, 0);
    assert.deepEqual(hub.log.requests.map((r) => r.url), ['/ai-kit/api/v2/chat']);
  });
  it('shows thoughts and usage when asked', async () => {
    const { stdout, stderr } = await ask('hello #reason', ['--verbose']);
    assert.equal(stdout.trim(), 'Hello from the imitation');
    assert.match(stderr, /Let me think\./);
    assert.match(stderr, /"inputTokens":20/);
  });
  it('tells errors apart by its exit status', async () => {
    assert.equal((await ask('x', [], hub.url, 'wrong')).code, 4);
    const broken = await ask('x #status=500'); // in a stream, after status 200
    assert.equal(broken.code, 8);
    assert.match(broken.stderr, /refused with 500/);
    assert.equal((await ask('x', [], 'http://127.0.0.1:9')).code, 9);
  });
  it('fails when the stream breaks, after what arrived', async () => {
    const { code, stdout, stderr } = await ask('x #error-mid #stream=8');
    assert.notEqual(code, 0);
    assert.match(stdout, /^Hello/);
    assert.match(stderr, /the imitated model broke/);
  });
  it('never shows the key', async () => {
    const { stdout, stderr } = await ask('x #status=500', ['--log-level', 'debug'], hub.url, hub.key);
    assert.ok(!`${stdout}${stderr}`.includes(hub.key));
  });
});

describe('straight to a vendor', () => {
  for (const [provider, model] of [['openai', 'gpt-4o-mini'], ['anthropic', 'claude-haiku-4-5'], ['google', 'gemini-2.5-flash']]) {
    const direct = (text, key = upstreamKeys[provider]) => chat('--provider', provider, '--url', baseUrls(imitation)[provider], '--key', key, '--model', model, text);
    it(`${provider} streams`, async () => {
      const { code, stdout, stderr } = await direct('hello #stream=12');
      assert.equal(stderr, '');
      assert.equal(code, 0);
      assert.equal(stdout, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
    });
    it(`${provider} refuses a wrong key`, async () => {
      const { code, stderr } = await direct('hello', 'bad-key-000111222');
      assert.ok([4, 8].includes(code), String(code));
      assert.doesNotMatch(stderr, /000111222/);
    });
    it(`${provider} breaks`, async () => {
      for (const word of ['cut', 'end-early', 'error-mid', 'status=503']) assert.ok([8, 9].includes((await direct(`x #${word} #stream=8`)).code), word);
    });
  }
});
