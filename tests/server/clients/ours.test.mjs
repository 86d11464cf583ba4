// Our own client, the library and its program `aigne-hub chat`, against AIGNE's own server and against
// the vendors.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { startImitation } from '../../support/providers/server.mjs';
import { PNG, WEATHER, baseUrls, program, startAll, upstreamKeys } from './harness.mjs';
import { HUB_DID, startReferenceHub } from './reference_hub.mjs';

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

/* What the library gives: {code, reply, error, events: [[word, value]]}. */
const lib = (mode, settings, request) =>
  new Promise((resolve) => {
    const text = typeof request === 'string' ? request : JSON.stringify(request);
    execFile(process.env.AIGNE_ASK, [mode, JSON.stringify(settings), text], { timeout: 20000, encoding: 'buffer', env: {} }, (error, stdout) => {
      const out = { code: error ? (error.code ?? error.signal) : 0, events: [] };
      for (let rest = stdout; rest.length; ) {
        const [head, word, length] = /^(\w+) (\d+) /.exec(rest.toString('latin1'));
        const data = rest.subarray(head.length, head.length + Number(length)).toString();
        if (word === 'reply' || word === 'error') out[word] = data ? JSON.parse(data) : null;
        else out.events.push([word, word === 'text' || word === 'thought' ? data : JSON.parse(data)]);
        rest = rest.subarray(head.length + Number(length) + 1);
      }
      resolve(out);
    });
  });
const tools = [{ type: 'function', function: { name: 'weather', description: 'Weather of a city', parameters: WEATHER } }];
const user = (content, more = {}) => ({ messages: [{ role: 'user', content }], ...more });
const textOf = (answer) => answer.events.filter(([word]) => word === 'text').map(([, text]) => text).join('');

/* The same conversation whoever answers. */
function conversation(settings) {
  it('answers, and streams the same', async () => {
    const plain = await lib('invoke', settings(), user('hello #stream=12'));
    assert.equal(plain.reply.text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n');
    assert.equal(plain.reply.usage.inputTokens, 20);
    assert.equal(plain.reply.usage.outputTokens, 12);
    const streamed = await lib('stream', settings(), user('hello #stream=12'));
    assert.equal(textOf(streamed), plain.reply.text);
    assert.equal(streamed.events.filter(([word]) => word === 'text').length >= 12, true);
    assert.equal(streamed.reply.text, plain.reply.text);
    assert.equal(streamed.events.filter(([word]) => word === 'usage').at(-1)[1].outputTokens, 12);
  });
  it('takes a plain string as the message', async () => {
    assert.equal((await lib('invoke', settings(), { messages: 'Hello, AIGNE Hub!' })).reply.text, 'Hello from the imitation');
  });
  it('calls tools, each whole, and takes their results', async () => {
    const input = user('weather? #tools', { tools });
    const first = await lib('stream', settings(), input);
    const called = first.events.filter(([word]) => word === 'tool').map(([, call]) => call);
    assert.deepEqual(called.map((c) => [c.name, c.arguments]), [['weather', { city: 'Paris' }], ['weather', { city: 'São Paulo' }]]);
    assert.deepEqual(first.reply.toolCalls.map((c) => c.function.arguments), called.map((c) => c.arguments));
    assert.deepEqual((await lib('invoke', settings(), input)).reply.toolCalls.map((c) => c.function), first.reply.toolCalls.map((c) => c.function));
    const history = [...input.messages, { role: 'agent', toolCalls: first.reply.toolCalls }, ...called.map((c, i) => ({ role: 'tool', toolCallId: c.id, content: `r${i}` }))];
    assert.equal((await lib('invoke', settings(), { messages: history, tools })).reply.text, 'Result: r0 | r1');
  });
  it('answers by a schema', async () => {
    const input = user('where?', { responseFormat: { type: 'json_schema', jsonSchema: { name: 'place', schema: WEATHER, strict: true } } });
    assert.deepEqual((await lib('invoke', settings(), input)).reply.json, { city: 'Paris' });
    assert.deepEqual((await lib('stream', settings(), input)).reply.json, { city: 'Paris' });
  });
  it('sends an image and a system message', async () => {
    const answer = await lib('invoke', settings(), { messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: [{ type: 'text', text: 'x' }, { type: 'file', data: PNG, mimeType: 'image/png' }] }] });
    assert.equal(answer.reply.text, 'Hello from the imitation');
  });
  it('refuses what is no request before anything is sent', async () => {
    for (const bad of [{ messages: 5 }, { messages: [{ role: 'wizard', content: 'x' }] }, '{', '[]', {}]) {
      const { code, error } = await lib('invoke', settings(), bad);
      assert.equal(code, 1);
      assert.equal(error.name, 'AIGNE_E_REQUEST', JSON.stringify(error));
    }
  });
  it('fails when a stream breaks', async () => {
    const { error, events } = await lib('stream', settings(), user('x #error-mid #stream=9'));
    assert.ok(error && events.length > 0);
  });
}

describe('the library against AIGNE\'s own server', () => {
  const settings = (more = {}) => ({ url: hub.url, accessKey: hub.key, model: 'openai/gpt-4o-mini', ...more });
  conversation(settings);
  it('sends the input as AIGNE\'s own client does', async () => {
    await lib('invoke', settings(), user('x', { modelOptions: { temperature: 0.5, invented: { a: [1] } }, extra: 'kept' }));
    const { input } = { input: hub.log.inputs.at(-1) };
    assert.equal(input.modelOptions.temperature, 0.5);
    assert.deepEqual(input.modelOptions.invented, { a: [1] });
    assert.equal(input.extra, 'kept');
  });
  it('knows every name of its settings', async () => {
    assert.equal((await lib('invoke', { baseURL: hub.url, apiKey: hub.key, model: 'openai/gpt-4o-mini' }, user('x'))).reply.text, 'Hello from the imitation');
    assert.match((await lib('invoke', { url: hub.url, acessKey: 'x' }, user('x'))).error.text, /accessKey/);
  });
  it('tells the credits', async () => {
    const { reply } = await lib('invoke', settings(), user('x'));
    assert.equal(reply.usage.aigneHubCredits, 0.0000054);
    assert.equal(reply.usage.creditPrefix, '$');
  });
  it('tells errors with the status and the hub\'s words', async () => {
    for (const [status, name] of [[400, 'AIGNE_E_REQUEST'], [402, 'AIGNE_E_CREDIT'], [429, 'AIGNE_E_RATE'], [500, 'AIGNE_E_UPSTREAM'], [503, 'AIGNE_E_UPSTREAM']]) {
      const { error } = await lib('invoke', settings(), user(`x #status=${status} #message=words-${status}`));
      assert.equal(error.name, name, JSON.stringify(error));
      assert.equal(error.http, status);
      assert.match(error.text, new RegExp(`words-${status}`));
    }
    const { error } = await lib('invoke', settings({ accessKey: 'wrong' }), user('x'));
    assert.deepEqual([error.name, error.http], ['AIGNE_E_AUTH', 401]);
  });
  it('never asks twice', async () => {
    hub.log.inputs.length = 0;
    await lib('invoke', settings(), user('x #status=503'));
    await lib('stream', settings(), user('x #error-mid #stream=9'));
    assert.equal(hub.log.inputs.length, 2);
  });
  it('lists the models', async () => {
    const { reply } = await lib('list', settings(), 'chat');
    assert.equal((reply.models ?? reply)[0].model, 'gpt-4o-mini');
  });
});

describe('the library against a hub of ours says how it is carried out', () => {
  let all;
  before(async () => (all = await startAll()));
  after(() => all?.stop());
  const settings = (more = {}) => ({ url: all.hub.url, accessKey: all.key, model: 'openai/gpt-4o-mini', ...more });
  const made = () => all.imitation.log.entries.length;
  it('carries out once what has one idempotencyKey, of all kinds', async () => {
    const inputs = [[{}, user('once', { idempotencyKey: 'order 1' })], [{ type: 'embedding', model: 'openai/text-embedding-3-small' }, { input: 'x', idempotencyKey: 'order 2' }]];
    for (const [more, input] of inputs) {
      all.imitation.log.clear();
      const first = await lib('invoke', settings(more), input);
      const again = await lib('invoke', settings(more), input);
      assert.equal(first.code, 0, JSON.stringify(first.error));
      assert.deepEqual(again.reply, first.reply);
      assert.equal(made(), 1);
    }
    const other = await lib('invoke', settings(), user('another', { idempotencyKey: 'order 1' }));
    assert.match(other.error.text, /Idempotency-Key was used for another request/);
  });
  it('sends what a policy says', async () => {
    all.imitation.log.clear();
    const cached = user('cached', { policy: { cache: 'exact', cacheTime: 60000, hedge: false, explain: true, onCut: 'resume', connectTimeout: 5000, firstByteTimeout: 5000, idleTimeout: 5000, totalTimeout: 9000, retries: 1, attempts: 2, repeatSent: false, headersAfter: 0 }, idempotencyKey: '' });
    for (let i = 0; i < 2; i++) assert.equal((await lib('invoke', settings(), cached)).code, 0);
    assert.equal(made(), 1);
    const { error } = await lib('invoke', settings(), user('x #slow=5000', { policy: { totalTimeout: 200, retries: 0 } }));
    assert.equal(error.http, 504, JSON.stringify(error));
  });
  it('refuses by name what no header says', async () => {
    all.imitation.log.clear();
    for (const [more, words] of [[{ policy: { drainTime: 5 } }, /policy\.drainTime/], [{ policy: { totalTimout: 5 } }, /totalTimeout/], [{ policy: { cache: 'some' } }, /cache/], [{ policy: 5 }, /policy must be/], [{ idempotencyKey: 'a\r\nx-b: c' }, /idempotencyKey/], [{ idempotencyKey: 7 }, /idempotencyKey/]]) {
      const { error } = await lib('invoke', settings(), user('x', more));
      assert.equal(error.name, 'AIGNE_E_REQUEST', JSON.stringify(error));
      assert.match(error.text, words);
    }
    assert.equal(made(), 0);
  });
});

for (const [provider, model] of [['openai', 'gpt-4o-mini'], ['anthropic', 'claude-haiku-4-5'], ['google', 'gemini-2.5-flash']])
  describe(`the library straight to ${provider}`, () => {
    const settings = (more = {}) => ({ provider, baseURL: baseUrls(imitation)[provider], apiKey: upstreamKeys[provider], model, ...more });
    conversation(settings);
    it('tells errors with the status and the vendor\'s words', async () => {
      for (const [status, name] of [[400, 'AIGNE_E_REQUEST'], [429, 'AIGNE_E_RATE'], [500, 'AIGNE_E_UPSTREAM'], [503, 'AIGNE_E_UPSTREAM']]) {
        const { error } = await lib('invoke', settings(), user(`x #status=${status}`));
        assert.equal(error.name, name, JSON.stringify(error));
        assert.equal(error.http, status);
        assert.equal(error.provider, provider);
      }
      assert.equal((await lib('invoke', settings(), user('x #status=429 #retry=3'))).error.retry_ms, 3000);
    });
    it('lists the models', async () => {
      const { reply } = await lib('list', settings(), 'chat');
      assert.ok((reply.models ?? reply).some((m) => m.model === model), JSON.stringify(reply).slice(0, 300));
    });
  });

describe('the library against hubs with manners of their own', () => {
  let server, url, answer, posts;
  before(async () => {
    server = createServer((request, response) => {
      if (request.method === 'GET') return response.end(JSON.stringify({ componentMountPoints: [{ did: HUB_DID, mountPoint: '/' }] }));
      posts++;
      request.resume().on('end', () => {
        const { status = 200, type = 'text/event-stream', body = '', cut = false } = answer;
        response.writeHead(status, { 'content-type': type });
        for (let i = 0; i < body.length; i += 5) response.write(body.slice(i, i + 5));
        if (cut) return setTimeout(() => response.socket.destroy(), 20);
        response.end();
      });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => server.close());
  const give = async (mode, what) => {
    answer = what;
    posts = 0;
    return lib(mode, { url, accessKey: 'k', model: 'openai/gpt-4o-mini' }, user('x'));
  };
  const data = (value) => `data: ${JSON.stringify(value)}\n\n`;
  const text = (t) => data({ delta: { text: { text: t } } });
  const usage = (more) => data({ delta: { json: { usage: { inputTokens: 1, outputTokens: 2, ...more } } } });
  const streams = {
    'a comment and line ends of Windows': [': ping\r\n\r\n' + text('Hel').replaceAll('\n', '\r\n') + text('lo').replaceAll('\n', '\r\n') + usage()],
    'a repeated whole at the end': [text('Hel') + text('lo') + data({ delta: { json: { text: 'Hello', model: 'm', usage: { inputTokens: 1, outputTokens: 2 } } } })],
    'a fresh start in the middle': [text('wrong') + data({ delta: { json: { text: null } } }) + text('Hel') + text('lo') + usage()],
    'a timing event and [DONE]': [text('Hello') + usage() + 'event: server-timing\ndata: ttfb;dur=8, total;dur=11\n\n' + 'data: [DONE]\n\n'],
    'progress': [data({ progress: { event: 'agentStarted' } }) + text('Hello') + usage()],
    'no line end at the last event': [text('Hello') + usage().trimEnd()],
    'an empty credit prefix and credits as exponents': [text('Hello') + 'data: {"delta":{"json":{"usage":{"inputTokens":1,"outputTokens":2,"aigneHubCredits":1e-7,"creditPrefix":""}}}}\n\n'],
    'usage twice and members nobody knows': [text('Hello') + usage({ modelCallId: '7' }) + usage({ modelCallId: '7' }) + data({ delta: { json: { invented: { a: 1 }, modelWithProvider: 'openai/x' } } })],
    'text and more in one event': [data({ delta: { text: { text: 'Hello' }, json: { usage: { inputTokens: 1, outputTokens: 2 } } } })],
    'usage as null': [text('Hello') + data({ delta: { json: { usage: null, files: null, toolCalls: null } } }) + usage()],
  };
  for (const [name, [body]] of Object.entries(streams))
    it(`reads ${name}`, async () => {
      const { reply, error } = await give('stream', { body });
      assert.equal(error, undefined, JSON.stringify(error));
      assert.equal(reply.text, 'Hello');
      assert.deepEqual([reply.usage.inputTokens, reply.usage.outputTokens], [1, 2]);
    });
  const failures = {
    'an error event': [{ body: text('Hel') + 'event: error\ndata: {"message":"it broke"}\n\n' }, /it broke/],
    'an error as data': [{ body: text('Hel') + data({ error: { message: 'it broke' } }) }, /it broke/],
    'an error as data, with status 200 and nothing else': [{ body: data({ error: 'it broke' }) }, /it broke/],
    'a connection that breaks': [{ body: text('Hel'), cut: true }, /./],
    'an event that is no JSON': [{ body: text('Hel') + 'data: {"delta":\n\n' }, /./],
    'an error as text': [{ status: 400, type: 'application/json', body: '{"error":"Unsupported model gpt-9"}' }, /Unsupported model gpt-9/, 400],
    'an error as an object': [{ status: 404, type: 'application/json', body: '{"error":{"message":"No active credentials","type":"x"}}' }, /No active credentials/, 404],
    'no credits': [{ status: 402, type: 'application/json', body: JSON.stringify({ error: { message: 'Hello, please first buy some credits in the link below. https://pay.example/x', type: 'NOT_ENOUGH', link: 'https://pay.example/x' } }) }, /https:\/\/pay\.example\/x/, 402],
    'HTML': [{ status: 502, type: 'text/html', body: '<html>bad gateway</html>' }, /502/, 502],
    'nothing at all': [{ status: 500, body: '' }, /500/, 500],
    'a message': [{ status: 500, type: 'application/json', body: '{"message":"boom"}' }, /boom/, 500],
  };
  for (const [name, [what, words, status]] of Object.entries(failures))
    it(`tells of ${name}`, async () => {
      for (const mode of ['stream', 'invoke']) {
        if (!status && mode === 'invoke') continue;
        const { error } = await give(mode, what);
        assert.ok(error, `${mode} succeeded`);
        assert.match(error.text, words);
        if (status) assert.equal(error.http, status);
        assert.equal(posts, 1, 'asked once');
      }
    });
  it('reads plain answers of every kind', async () => {
    const json = { type: 'application/json' };
    const { reply } = await give('invoke', { ...json, body: JSON.stringify({ text: 'Hello', thoughts: 'hm', toolCalls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }], usage: { inputTokens: 1, outputTokens: 2, aigneHubCredits: 1e-7, creditPrefix: '' }, modelWithProvider: 'openai/x', files: [{ type: 'url', url: 'https://x/y.png', mimeType: 'image/png' }] }) });
    assert.equal(reply.text, 'Hello');
    assert.equal(reply.thoughts, 'hm');
    assert.deepEqual(reply.toolCalls[0].function.arguments, { x: 1 }, 'arguments as text are read');
    assert.equal(reply.files[0].url, 'https://x/y.png');
    for (const body of ['', '[]', '{"text":', 'null', '<html>']) assert.ok((await give('invoke', { ...json, body })).error, `"${body}" is no answer`);
  });
  it('reads an answer that is not streamed though it was asked to be', async () => {
    const { reply } = await give('stream', { type: 'application/json', body: '{"text":"Hello","usage":{"inputTokens":1,"outputTokens":2}}' });
    assert.equal(reply.text, 'Hello');
  });
  it('refuses a hub that cannot be found', async () => {
    const other = createServer((_, response) => response.end('<html>'));
    await new Promise((done) => other.listen(0, '127.0.0.1', done));
    const { error } = await lib('invoke', { url: `http://127.0.0.1:${other.address().port}`, accessKey: 'k', model: 'x/y' }, user('x'));
    assert.ok(error.text.length > 10);
    other.close();
  });
});

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
