// Administration by the Model Context Protocol: both generations of its official client, and what is no client.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Client as Newer, StreamableHTTPClientTransport as NewerTransport } from '@modelcontextprotocol/client';
import { Client as Older } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { post, settled, startHub } from './harness.mjs';

const PAGE = 'https://console.example';
const SECRET = 'sk-mcp-secret-0123456789';
const MODERN = '2026-07-28';
const ALL = [MODERN, '2025-11-25', '2025-06-18', '2025-03-26'];
const META = (version = MODERN) => ({ 'io.modelcontextprotocol/protocolVersion': version, 'io.modelcontextprotocol/clientCapabilities': {} });
let hub, admin, user;

before(async () => {
  hub = await startHub({ flags: ['--mount-point', '/hub', '--mcp-origins', `https://other.example, ${PAGE}`] });
  admin = await hub.key('admin', 'admin');
  user = await hub.key('plain');
  await settled(async () => (await post(`${hub.url}/api/admin/verb.list`, {}, { authorization: `Bearer ${user}` })).status === 403);
});
after(() => hub?.stop());

const say = (message, headers = {}, path = '/mcp') => post(`${hub.url}${path}`, message, { authorization: `Bearer ${admin}`, accept: 'application/json, text/event-stream', ...headers });
const call = (name, args, more = {}) => say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, ...more } });
const verb = async (name, args = {}) => (await post(`${hub.url}/api/admin/${name}`, args, { authorization: `Bearer ${admin}` })).json;
const modern = (method, params = {}, headers = {}) =>
  say({ jsonrpc: '2.0', id: 'm', method, params: { _meta: META(), ...params } }, { 'mcp-protocol-version': MODERN, 'mcp-method': method, ...(params.name ? { 'mcp-name': params.name } : {}), ...headers });
const options = () => ({ requestInit: { headers: { authorization: `Bearer ${admin}` } } });

/* What any client must be able to do. */
async function administer(client) {
  const { tools } = await client.listTools();
  const verbs = (await verb('verb.list')).list;
  assert.deepEqual(tools.map((t) => t.name), verbs.map((v) => v.name.replace('.', '_')));
  for (const [i, tool] of tools.entries()) {
    assert.match(tool.name, /^[a-zA-Z0-9_-]{1,64}$/);
    assert.equal(tool.title, verbs[i].name);
    assert.equal(tool.description, verbs[i].description);
    assert.deepEqual(tool.inputSchema, verbs[i].arguments);
    const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = tool.annotations;
    for (const hint of [readOnlyHint, destructiveHint, idempotentHint, openWorldHint]) assert.equal(typeof hint, 'boolean', tool.name);
    assert.ok(!(readOnlyHint && destructiveHint), tool.name);
    if (/_(put|delete|revoke|reset|reseal|archive|import|rerate|create|grant)$/.test(tool.name)) assert.equal(readOnlyHint, false, tool.name);
    if (/_(get|list)$/.test(tool.name)) assert.equal(readOnlyHint, true, tool.name);
  }
  const name = `team${Math.random()}`;
  const made = await client.callTool({ name: 'team_put', arguments: { name } });
  assert.equal(made.isError, false);
  assert.equal(made.structuredContent.name, name);
  assert.deepEqual(JSON.parse(made.content[0].text), made.structuredContent);
  assert.ok((await verb('team.list')).list.some((t) => t.name === name));
  const wrong = await client.callTool({ name: 'team_put', arguments: { nmae: 'x' } });
  assert.equal(wrong.isError, true);
  assert.match(wrong.content[0].text, /nmae/);
  assert.equal(wrong.content[0].text, (await verb('team.put', { nmae: 'x' })).error.message);
  await assert.rejects(client.callTool({ name: 'team.put', arguments: {} }), (e) => e.code === -32602 && /Unknown tool: team\.put/.test(e.message));
  const secret = await client.callTool({ name: 'credential_put', arguments: { provider: 'openai', name: `c${Math.random()}`, value: SECRET } });
  assert.equal(secret.isError, false);
  assert.doesNotMatch(JSON.stringify(secret), new RegExp(SECRET));
  assert.doesNotMatch(JSON.stringify(await client.callTool({ name: 'credential_list' })), new RegExp(SECRET));
}

describe('the official client', () => {
  it('of the first generation administers the hub', async () => {
    const client = new Older({ name: 'test', version: '1' });
    const transport = new OlderTransport(new URL(`${hub.url}/mcp`), options());
    await client.connect(transport);
    assert.equal(transport.protocolVersion, '2025-11-25');
    assert.equal(client.getServerVersion().name, 'aigne-hub');
    assert.match(client.getInstructions(), /verb/);
    await client.ping();
    await administer(client);
    await client.close();
  });
  it('of the second administers it, in the newer manner and in the older', async () => {
    for (const [mode, version] of [['auto', MODERN], [{ pin: MODERN }, MODERN], ['legacy', '2025-11-25']]) {
      const client = new Newer({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
      await client.connect(new NewerTransport(new URL(`${hub.url}/hub/mcp/`), options()));
      assert.equal(client.getNegotiatedProtocolVersion(), version);
      assert.equal(client.getServerVersion().name, 'aigne-hub');
      await administer(client);
      await client.close();
    }
  });
  it('is told why it may not', async () => {
    for (const [key, status] of [['nonsense', 401], [user, 403]]) {
      const client = new Older({ name: 'test', version: '1' });
      const transport = new OlderTransport(new URL(`${hub.url}/mcp`), { requestInit: { headers: { authorization: `Bearer ${key}` } } });
      await assert.rejects(client.connect(transport), (e) => e.code === status || e.constructor.name === 'UnauthorizedError' || new RegExp(`${status}`).test(e.message));
    }
  });
});

describe('who may ask', () => {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  it('is an administrator, whatever is asked', async () => {
    for (const message of [ping, '{', [], { jsonrpc: '2.0', method: 'notifications/initialized' }, { jsonrpc: '2.0', id: 1, method: 'nothing' }]) {
      const none = await post(`${hub.url}/mcp`, message);
      assert.equal(none.status, 401);
      assert.equal(none.headers.get('www-authenticate'), 'Bearer');
      assert.match(none.json.error.message, /access key/);
      const plain = await post(`${hub.url}/mcp`, message, { authorization: `Bearer ${user}` });
      assert.equal(plain.status, 403);
      assert.match(plain.json.error.message, /administrator/);
    }
    assert.equal((await post(`${hub.url}/mcp?key=${admin}`, ping)).status, 401);
  });
  it('is no page of an origin that was not named', async () => {
    for (const origin of ['http://evil.example', 'null', '', `${PAGE}.evil.example`, hub.url, `${PAGE}, https://other.example`]) {
      const { status, headers } = await say(ping, { origin });
      assert.equal(status, 403, origin);
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
    const page = await say(ping, { origin: PAGE });
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('access-control-allow-origin'), PAGE);
    const asked = await fetch(`${hub.url}/mcp`, { method: 'OPTIONS', headers: { origin: PAGE, 'access-control-request-method': 'POST' } });
    assert.equal(asked.status, 204);
    assert.match(asked.headers.get('access-control-allow-headers'), /authorization.*mcp-method/);
    assert.equal((await fetch(`${hub.url}/mcp`, { method: 'OPTIONS', headers: { origin: 'http://evil.example' } })).status, 403);
  });
  it('sends messages, and gets no stream', async () => {
    for (const method of ['GET', 'DELETE', 'PUT', 'HEAD']) {
      const response = await fetch(`${hub.url}/mcp`, { method, headers: { authorization: `Bearer ${admin}` } });
      assert.equal(response.status, 405, method);
      assert.equal(response.headers.get('allow'), 'POST');
    }
    assert.equal((await say(JSON.stringify(ping), { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await say(ping, { 'content-type': 'application/json; charset=utf-8' })).status, 200);
    for (const path of ['/mcpx', '/hubmcp', '/hub/mcp/x', '/mcp//', '/api/mcp']) assert.ok([404, 405].includes((await say(ping, {}, path)).status), path);
    for (const path of ['/mcp/', '/mcp?x=1', '/hub/mcp']) assert.equal((await say(ping, {}, path)).status, 200, path);
  });
});

describe('a message', () => {
  const bad = async (message, code, status = 400, headers = {}) => {
    const answer = await say(message, headers);
    const what = (typeof message === 'string' ? message : JSON.stringify(message)).slice(0, 120);
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    assert.equal(answer.json?.jsonrpc, '2.0', what);
    assert.equal(answer.json.error.code, code, `${what}: ${answer.text}`);
    assert.ok(answer.json.error.message.length > 3);
    return answer.json;
  };
  it('that is not JSON is refused as such', async () => {
    for (const text of ['', ' ', '{', '{}x', "{'a':1}", '{"a":1,}', '{"jsonrpc":"2.0","id":01,"method":"ping"}', '{"a":"\\x"}', '{"a":"\u0001"}', '\ufeff{}', '{"a":NaN}', '{"a":-}', '{"a":1.}', '{"a":1e}', '{/**/}', '{"a" 1}', '{"a":tru}', '{"\\u12":1}', '['.repeat(100000), '{"a":'.repeat(100000)])
      assert.equal((await bad(text, -32700)).id, null);
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe6, 0x97], [0xf5, 0x80, 0x80, 0x80], [0xf0, 0x80, 0x80, 0x80], [0x80]])
      await bad(Buffer.concat([Buffer.from('{"jsonrpc":"2.0","method":"ping","id":"'), Buffer.from(bytes), Buffer.from('"}')]), -32700);
  });
  it('that is JSON but no message is refused as such', async () => {
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    for (const message of [[], [ping], [ping, ping], 5, 'null', '"x"', {}, { ...ping, jsonrpc: '1.0' }, { id: 1, method: 'ping' }, { ...ping, id: null }, { ...ping, id: {} }, { ...ping, id: 1.5 }, { ...ping, id: true }, { ...ping, method: 5 }, { ...ping, method: null }, { jsonrpc: '2.0', id: 3 }])
      await bad(message, -32600);
    await bad({ ...ping, params: [] }, -32602);
    assert.equal((await bad({ id: 'x\u00fc"', method: 'ping' }, -32600)).id, 'x\u00fc"');
  });
  it('is answered under its own id', async () => {
    for (const id of [0, -7, 12345678901234567, 'a', '', '\u2028 "\\/', '\ud83d\ude00'])
      assert.deepEqual((await say({ jsonrpc: '2.0', id, method: 'ping' })).json, { jsonrpc: '2.0', id, result: {} });
    const spelt = await say('{ "\\u006asonrpc" : "2.0", "id":"\\u0041", "method":"p\\u0069ng" } \n');
    assert.deepEqual(spelt.json, { jsonrpc: '2.0', id: 'A', result: {} });
  });
  it('of an unknown kind is told so', async () => {
    for (const method of ['resources/list', 'prompts/list', 'tools', 'Ping', '', 'x"\\', '\u0000', 'server/discover/x']) await bad({ jsonrpc: '2.0', id: 1, method }, -32601, 200);
    await bad({ jsonrpc: '2.0', id: 1, method: 'm'.repeat(100000) }, -32601, 200);
    await bad({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor: 'x' } }, -32602, 200);
    await bad({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }, -32602, 200);
    for (const params of [{}, { name: 5 }, { name: null }, { name: 'nothing' }, { name: '' }, { name: '\u0000' }, { name: 'a'.repeat(100000) }, { name: 'hub_status', arguments: [] }, { name: 'hub_status', arguments: 'x' }, { name: 'hub_status', arguments: null }, { name: '../user/info' }, { name: 'usage/export' }, { name: 'hub.status' }])
      await bad({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }, -32602, 200);
  });
  it('that wants no answer is taken', async () => {
    for (const message of [{ jsonrpc: '2.0', method: 'notifications/initialized' }, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }, { jsonrpc: '2.0', method: 'tools/call', params: { name: 'user_put', arguments: { name: 'nobody' } } }, { jsonrpc: '2.0', id: 1, result: {} }, { jsonrpc: '2.0', id: 1, error: {} }]) {
      const { status, text } = await say(message);
      assert.equal(status, 202);
      assert.equal(text, '');
    }
    assert.ok(!(await verb('user.list')).list.some((u) => u.name === 'nobody'));
  });
  it('may say a version that is known', async () => {
    const begin = async (version) => (await say({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: version, capabilities: {}, clientInfo: { name: 'x', version: '1' } } })).json.result.protocolVersion;
    for (const version of ALL.slice(1)) assert.equal(await begin(version), version);
    for (const version of ['2024-11-05', MODERN, '1.0', '']) assert.equal(await begin(version), '2025-11-25');
    for (const version of ALL.slice(1)) assert.equal((await say({ jsonrpc: '2.0', id: 1, method: 'ping' }, { 'mcp-protocol-version': version })).status, 200);
    for (const version of ['2024-11-05', '1900-01-01', 'x', '"\\']) {
      const { error } = await bad({ jsonrpc: '2.0', id: 1, method: 'ping' }, -32022, 400, { 'mcp-protocol-version': version });
      assert.deepEqual(error.data, { supported: ALL, requested: version });
    }
  });
  it('in the newer manner says the same in its head', async () => {
    const found = await modern('server/discover');
    assert.equal(found.status, 200);
    assert.deepEqual(found.json.result.supportedVersions, ALL);
    assert.equal(found.json.result.resultType, 'complete');
    assert.equal(found.json.result._meta['io.modelcontextprotocol/serverInfo'].name, 'aigne-hub');
    assert.ok(found.json.result.ttlMs >= 0 && found.json.result.cacheScope === 'private');
    const list = (await modern('tools/list')).json.result;
    assert.ok(list.tools.length > 20 && list.ttlMs >= 0 && list.cacheScope === 'private' && list.resultType === 'complete');
    assert.equal((await modern('tools/call', { name: 'hub_status' })).json.result.structuredContent.store, 'sqlite');
    assert.equal((await modern('tools/call', { name: 'hub_status' }, { 'mcp-name': `=?base64?${Buffer.from('hub_status').toString('base64')}?=` })).status, 200);
    const code = async (answer, wanted, status = 400) => {
      const { status: got, json, text } = await answer;
      assert.deepEqual([got, json?.error?.code], [status, wanted], text);
      return json;
    };
    for (const [method, headers] of [['tools/list', { 'mcp-method': 'tools/call' }], ['tools/list', { 'mcp-method': '' }], ['tools/list', { 'mcp-protocol-version': '2025-11-25' }]]) await code(modern(method, {}, headers), -32020);
    await code(modern('tools/call', { name: 'hub_status' }, { 'mcp-name': 'user_list' }), -32020);
    await code(say({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META() } }), -32020);
    await code(say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hub_status', _meta: META() } }, { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call' }), -32020);
    await code(modern('tools/list', { _meta: {} }), -32602);
    await code(modern('tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': MODERN } }), -32602);
    const old = await code(modern('tools/list', { _meta: META('1900-01-01') }, { 'mcp-protocol-version': '1900-01-01' }), -32022);
    assert.deepEqual(old.error.data, { supported: ALL, requested: '1900-01-01' });
    for (const method of ['ping', 'initialize', 'resources/list', 'subscriptions/listen']) await code(modern(method, { protocolVersion: MODERN }), -32601, 404);
  });
});

describe('a tool', () => {
  it('gives what its verb gives, in every script, and its failures as its own', async () => {
    const displayName = 'Gr\u00fc\u00dfe "\\ \u6587\u5b57 \ud83d\ude00 \u0001';
    const { json } = await call('provider_put', { name: 'mcp-own', type: 'openai', baseUrl: 'http://127.0.0.1:9', displayName: displayName.replace('\u0001', '') });
    assert.equal(json.result.isError, false, JSON.stringify(json));
    const list = (await call('provider_list', {})).json.result;
    assert.deepEqual(list.structuredContent, await verb('provider.list'));
    assert.deepEqual(JSON.parse(list.content[0].text), list.structuredContent);
    for (const [name, args] of [['key_get', { id: 'nobody' }], ['provider_put', { name: 'opnai' }], ['credit_grant', { user: 'x', amount: -1 }], ['catalog_import', { url: 'http://127.0.0.1:9/x' }]]) {
      const failed = (await call(name, args)).json.result;
      assert.equal(failed.isError, true, name);
      assert.equal(failed.structuredContent, undefined);
      assert.ok(failed.content[0].text.length > 10 && !failed.content[0].text.startsWith('{'), failed.content[0].text);
    }
  });
  it('does what is asked once for each that ask, by their name', async () => {
    const all = await Promise.all(Array.from({ length: 40 }, (_, i) => call('user_put', { name: `parallel${i}` })));
    for (const { json } of all) assert.equal(json.result.isError, false);
    assert.equal((await verb('user.list')).list.filter((u) => u.name.startsWith('parallel')).length, 40);
    await call('rate_put', { provider: 'openai', model: 'm', type: 'chat', inputRate: '1', outputRate: '1' });
    assert.equal((await verb('rate.history')).list[0].who, 'admin');
  });
  it('takes long arguments, but not any', async () => {
    const long = await call('settings_put', { name: 'n'.repeat(900000) });
    assert.equal(long.status, 200);
    assert.equal(long.json.result.isError, true); // the verb's own limit
    assert.match(JSON.stringify((await call('settings_put', { name: 'n'.repeat(1200000) })).json), /longer than/);
    const { status, json } = await call('settings_put', { name: 'n'.repeat(3000000) });
    assert.deepEqual([status, json.error.code], [413, -32600]);
    assert.equal((await call('hub_status', {})).status, 200);
  });
});

/* Everything that a socket gives after these pieces, each sent when the one before has left. */
const raw = (pieces, { leave = false } = {}) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(hub.url);
    let received = '';
    const socket = connect(Number(port), hostname, async () => {
      socket.setNoDelay(true);
      for (const piece of pieces) await new Promise((sent) => socket.write(piece, sent));
      if (leave) socket.destroy();
    });
    socket.on('data', (chunk) => (received += chunk));
    socket.on('error', (e) => (leave || e.code === 'ECONNRESET' || e.code === 'EPIPE' ? resolve(received) : reject(e)));
    socket.on('close', () => resolve(received));
  });
const head = (length, more = '') => `POST /mcp HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${admin}\r\ncontent-type: application/json\r\n${more}content-length: ${length}\r\n\r\n`;

describe('on the wire', () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hub_status' } });
  it('a message may come in bytes, and behind another', async () => {
    const text = await raw([...head(body.length, 'connection: close\r\n') + body]);
    assert.match(text, /^HTTP\/1\.1 200 [\s\S]*"isError":false/);
    const three = await raw([(head(body.length) + body).repeat(2) + head(body.length, 'connection: close\r\n') + body]);
    assert.equal(three.match(/"isError":false/g).length, 3);
  });
  it('who may not is told so before sending the body', async () => {
    const text = await raw([`POST /mcp HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n`]);
    assert.match(text, /^HTTP\/1\.1 401 /);
  });
  it('clients that go away, at any byte, leave nothing behind', async () => {
    const whole = head(body.length) + body;
    await Promise.all(Array.from({ length: Math.ceil(whole.length / 3) }, (_, i) => raw([whole.slice(0, i * 3 + 1)], { leave: true })));
    await Promise.all(Array.from({ length: 50 }, () => raw([whole], { leave: true })));
    await raw([head(5000000), 'x'.repeat(3000000)], { leave: true });
    assert.equal((await call('hub_status', {})).json.result.isError, false);
  });
  it('a message of any changed byte is answered or refused', async () => {
    let seed = 7;
    const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    const plain = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 'a\u00fc', method: 'tools/call', params: { name: 'limit_list', arguments: { page: 1 }, _meta: { x: [1, null, true] } } }));
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(plain);
      for (let k = random(3); k >= 0; k--) bytes[random(bytes.length)] = random(2) ? random(256) : '{}[]",:\\'.charCodeAt(random(8));
      const answer = await say(bytes);
      assert.ok([200, 202, 400].includes(answer.status), `${bytes}: ${answer.status} ${answer.text}`);
      if (answer.status === 202) continue;
      assert.equal(answer.json?.jsonrpc, '2.0', `${bytes}: ${answer.text}`);
      let parsed;
      try {
        parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
      } catch {
        parsed = undefined;
      }
      assert.equal(answer.json.error?.code === -32700, parsed === undefined, `${JSON.stringify(bytes.toString())}: ${answer.text}`);
    }
  });
});
