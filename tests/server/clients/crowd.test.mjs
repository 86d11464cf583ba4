// Many calls at once, of every kind and outcome: none gets another's answer, and each that went to a
// provider is in the books exactly once.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { settled, startAll } from './harness.mjs';

const CALLS = 600;
const AT_ONCE = 60;
let all;

before(async () => {
  all = await startAll();
  await all.hub.do('provider.put', { name: 'echo' });
});
after(() => all?.stop());

const MODELS = ['openai/gpt-4o-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];
const OUTCOMES = ['', '', '', '#split=11', '#drip=2 #stream=9', '#status=429', '#status=500', '#cut #stream=9', '#reset', '#slow=30', '#bytes=200000', 'LEAVE #drip=20 #stream=50'];

function requestOf(i) {
  const model = MODELS[i % 3];
  const outcome = OUTCOMES[(i * 7) % OUTCOMES.length];
  const stream = (i * 5) % 2 === 0 || outcome.startsWith('LEAVE');
  const say = /stream|bytes/.test(outcome) ? '' : `#say=mark-${i}-end`;
  const content = `call ${i} ${say} ${outcome}`;
  const openai = i % 2 === 0;
  const body = openai
    ? { model, stream, messages: [{ role: 'user', content }] }
    : { input: { messages: [{ role: 'user', content }], modelOptions: { model } }, options: { streaming: stream } };
  return { model, outcome, stream, path: openai ? '/v1/chat/completions' : '/api/v2/chat', body, mark: say ? `mark-${i}-end` : null };
}

async function call(i) {
  const { outcome, path, body, mark, stream } = requestOf(i);
  const stop = new AbortController();
  const head = { 'content-type': 'application/json', authorization: `Bearer ${all.key}`, 'x-aigne-hub-client-did': `call-${i}`, 'x-aigne-hub-retries': '0' };
  const response = await fetch(all.hub.url + path, { method: 'POST', headers: head, body: JSON.stringify(body), signal: stop.signal });
  if (outcome.startsWith('LEAVE')) {
    for await (const _ of response.body) break;
    stop.abort();
    return;
  }
  const text = await response.text();
  const marks = new Set(text.match(/mark-\d+-end/g) ?? []);
  if (/status|reset/.test(outcome)) {
    assert.ok(response.status >= 400, `${outcome}: ${response.status}`);
    assert.equal(marks.size, 0);
  } else if (/cut/.test(outcome)) {
    if (stream) assert.match(text, /error/);
  } else {
    assert.equal(response.status, 200, text.slice(0, 300));
    if (mark) assert.deepEqual([...marks], [mark], 'its own answer and no other');
    if (/bytes/.test(outcome)) assert.equal((text.match(/x{100}/g) ?? []).length >= 1900, true, 'nothing of a large answer is missing');
  }
}

it('serves a crowd without mixing up or losing anything', async () => {
  all.imitation.log.clear();
  let next = 0;
  const wrong = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let i = next++; i < CALLS; i = next++) await call(i).catch((e) => wrong.push(`${i}: ${e.message}`));
  }));
  assert.deepEqual(wrong.slice(0, 5), []);
  assert.equal(all.imitation.log.entries.length, CALLS, 'each call went to a provider exactly once');
  await settled(() => all.imitation.log.entries.every((e) => e.outcome !== 'running'));
  const left = all.imitation.log.entries.filter((e) => e.outcome === 'client-gone');
  assert.equal(left.length, Array.from({ length: CALLS }, (_, i) => requestOf(i)).filter((r) => r.outcome.startsWith('LEAVE')).length, 'only calls whose client left were broken off');

  let rows = [];
  await settled(async () => (rows = await usageOf(CALLS)).length >= CALLS);
  assert.equal(rows.length, CALLS, 'each call is in the books once');
  const byApp = new Map(rows.map((r) => [r.app ?? r.appDid, r]));
  assert.equal(byApp.size, CALLS);
  for (let i = 0; i < CALLS; i++) {
    const { outcome, model } = requestOf(i);
    const row = byApp.get(`call-${i}`);
    assert.equal(`${row.provider}/${row.model}`, model, `call ${i}`);
    const expected = outcome.startsWith('LEAVE') ? 'cancelled' : /status|reset|cut/.test(outcome) ? 'error' : 'success';
    assert.ok(row.status === expected || (/cut/.test(outcome) && !requestOf(i).stream && row.status === 'success'), `call ${i} ${outcome}: ${row.status}`);
    if (row.status === 'success') assert.ok(row.inputTokens === 20 || row.usage?.inputTokens === 20 || row.input === 20, JSON.stringify(row));
  }
  assert.ok(await all.hub.alive());
});

async function usageOf(count) {
  const found = [];
  for (let page = 1; found.length < count && page < 100; page++) {
    const { list } = await all.hub.do('usage.list', { page, pageSize: 100 });
    found.push(...list);
    if (list.length < 100) break;
  }
  return found;
}
