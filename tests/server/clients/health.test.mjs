// What fails stays away and comes back: keys, rates, providers that flap; a caller's mistakes change nothing.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { post, settled, startAll } from './harness.mjs';

let all, admin;
const GOOD = 'sk-good-0123456789';
const BAD = 'bad-key-0123456789';
const live = async (verb, args = {}) => {
  const { status, json } = await post(`${all.hub.url}/api/admin/${verb}`, args, { authorization: `Bearer ${admin}` });
  assert.equal(status, 200, JSON.stringify(json));
  return json;
};
const ask = (model, content = 'x') => post(`${all.hub.url}/v1/chat/completions`, { model, messages: [{ role: 'user', content }] }, { authorization: `Bearer ${all.key}` });
const seen = (from) => all.imitation.log.entries.slice(from).map((e) => e.key);
const count = () => all.imitation.log.entries.length;
const credential = async (provider, name) => (await live('credential.list', { provider })).list.find((c) => c.name === name);

before(async () => {
  all = await startAll();
  admin = await all.hub.key('admin', 'admin');
  await settled(async () => (await post(`${all.hub.url}/api/admin/health.list`, {}, { authorization: `Bearer ${admin}` })).status === 200);
  await live('provider.put', { name: 'my-groq', type: 'openai', baseUrl: `${all.imitation.url}/groq/openai/v1`, config: { noNames: true } });
});
after(() => all?.stop());

describe('a refused key', () => {
  it('is asked once, then left alone, also after a restart', async () => {
    await live('credential.put', { provider: 'my-groq', name: 'a', value: BAD });
    await live('credential.put', { provider: 'my-groq', name: 'b', value: GOOD });
    const from = count();
    for (let i = 0; i < 8; i++) assert.equal((await ask('my-groq/m')).status, 200);
    assert.equal(seen(from).filter((k) => k === BAD).length, 1);
    assert.equal(seen(from).filter((k) => k === GOOD).length, 8);
    const a = await credential('my-groq', 'a');
    assert.equal(a.status, 'disabled');
    assert.match(a.reason, /^AIGNE_E_AUTH 401/);
    assert.ok(Date.parse(a.nextProbeAt) > Date.now());
    assert.doesNotMatch(JSON.stringify(await live('health.list')), /0123456789/);
    assert.match(all.hub.output, /health: credential my-groq\/\S+: disabled for \d+ ms/);
    // The commands beside the server see what is stored.
    await settled(async () => (await all.hub.do('credential.list', { provider: 'my-groq' })).list.some((c) => c.status === 'disabled'));
  });
  it('is used again when it was replaced', async () => {
    await live('credential.put', { provider: 'my-groq', name: 'a', value: 'sk-new-0123456789' });
    const from = count();
    for (let i = 0; i < 4; i++) assert.equal((await ask('my-groq/m')).status, 200);
    assert.equal(seen(from).filter((k) => k === 'sk-new-0123456789').length, 2);
    assert.equal((await credential('my-groq', 'a')).status, 'active');
  });
});

describe('too many requests', () => {
  it('leave a key alone for as long as the provider said', async () => {
    const from = count();
    assert.equal((await ask('my-groq/m', 'x #status=429 #retry=2')).status, 429);
    assert.deepEqual(new Set(seen(from)).size, 2); // both were tried
    await live('health.reset', { provider: 'my-groq' });
    await live('credential.put', { provider: 'my-groq', name: 'b', active: false });
    assert.equal((await ask('my-groq/m', 'x #status=429 #retry=2')).status, 429);
    await live('credential.put', { provider: 'my-groq', name: 'b', active: true });
    assert.equal((await credential('my-groq', 'a')).status, 'cooling');
    const cooling = count();
    for (let i = 0; i < 6; i++) assert.equal((await ask('my-groq/m')).status, 200);
    assert.deepEqual([...new Set(seen(cooling))], [GOOD]);
    await settled(async () => (await credential('my-groq', 'a')).status === 'active');
  });
});

describe('a provider that flaps', () => {
  it('is passed over while it fails, and asked again when it works', async () => {
    for (const [name, input] of [['openai', '0.000001'], ['my-groq', '0.000002']])
      await live('rate.put', { provider: name, model: 'gpt-4o-mini', type: 'chat', inputRate: input, outputRate: input });
    const at = (from) => all.imitation.log.entries.slice(from).map((e) => e.path.startsWith('/groq') ? 'groq' : 'openai');
    const from = count();
    assert.equal((await ask('gpt-4o-mini')).status, 200);
    const [first] = at(from);
    for (let i = 0; i < 3; i++) await ask(`${first === 'groq' ? 'my-groq' : 'openai'}/gpt-4o-mini`, 'x #status=503');
    const open = count();
    assert.equal((await ask('gpt-4o-mini')).status, 200);
    assert.equal((await ask('gpt-4o-mini')).status, 200);
    assert.ok(!at(open).includes(first), String(at(open)));
    const entry = async () => (await live('health.list')).list.find((e) => e.model === 'gpt-4o-mini');
    assert.equal((await entry()).state, 'open');
    await new Promise((done) => setTimeout(done, 4200));
    const due = count();
    assert.equal((await ask('gpt-4o-mini')).status, 200);
    assert.equal(at(due)[0], first);
    assert.equal((await entry()).state, 'closed');
    assert.match(all.hub.output, /gpt-4o-mini: open for \d+ ms \(AIGNE_E_UPSTREAM 503/);
  });
});

describe('a caller\'s mistakes', () => {
  it('are held against nobody', async () => {
    await live('health.reset');
    for (const status of [400, 403, 404, 413, 422])
      for (let i = 0; i < 4; i++) assert.equal((await ask('openai/gpt-4o-mini', `x #status=${status}`)).status, status);
    const { list } = await live('health.list', { provider: 'openai' });
    assert.ok(list.every((e) => e.state === 'closed' && e.failures === 0), JSON.stringify(list));
  });
});
