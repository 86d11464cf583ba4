// Knows bytes, sockets and every way to break an answer; refuses to know what an answer means.
import { number } from './scenario.mjs';

const sleep = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

export async function readBody(request, limit = 256 * 1024 * 1024) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > limit) throw new Error('body too large for the imitation');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/* Strictly what RFC 8259 allows between systems: valid UTF-8 and paired surrogates. */
export function parseStrictly(body) {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  const value = JSON.parse(text);
  if (/\\u[dD][89a-fA-F]/.test(text) && hasLoneSurrogate(value)) throw new SyntaxError('lone surrogate in a string');
  return value;
}

function hasLoneSurrogate(value) {
  if (typeof value === 'string') return /[\ud800-\udfff]/u.test(value);
  if (value && typeof value === 'object')
    return Object.entries(value).some(([k, v]) => hasLoneSurrogate(k) || hasLoneSurrogate(v));
  return false;
}

export function sendJson(response, status, value, headers = {}) {
  const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, ...headers });
  response.end(body);
}

const HTML = '<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n';
const deep = (n) => '['.repeat(n) + ']'.repeat(n);
const raw = (response, bytes) => (response.socket.write(bytes), response.socket.end());

/* Answers that are broken whatever the format. Each takes the response and its scenario value. */
export const brokenAnswers = {
  html: (r) => (r.writeHead(502, { 'content-type': 'text/html' }), r.end(HTML)),
  'html-ok': (r) => (r.writeHead(200, { 'content-type': 'text/html' }), r.end(HTML)),
  empty: (r, v) => (r.writeHead(number(v, 200), { 'content-type': 'application/json', 'content-length': 0 }), r.end()),
  'no-content': (r) => (r.writeHead(204), r.end()),
  garbage: (r) => sendJson(r, 200, '{"id":"x","choi'),
  'garbage-error': (r) => sendJson(r, 500, '{"error":{"mess'),
  'not-object': (r) => sendJson(r, 200, '[]'),
  scalar: (r) => sendJson(r, 200, '42'),
  nothing: (r) => sendJson(r, 200, 'null'),
  'empty-object': (r) => sendJson(r, 200, '{}'),
  'wrong-types': (r) => sendJson(r, 200, '{"id":5,"choices":"none","content":7,"candidates":{"0":true},"usage":[],"usageMetadata":"x"}'),
  depth: (r, v) => sendJson(r, 200, `{"choices":${deep(number(v, 100000))}}`),
  'error-depth': (r) => sendJson(r, 400, `{"error":{"message":${deep(5000)}}}`),
  reset: (r) => r.socket.destroy(),
  'cut-plain': (r) => {
    r.writeHead(200, { 'content-type': 'application/json', 'content-length': 5000 });
    r.write('{"id":"cut","object":"chat.completion","choices":[');
    setTimeout(() => r.socket?.destroy(), 20);
  },
  'bad-status': (r) => raw(r, 'HTTP/1.1 banana\r\n\r\n'),
  'bad-chunk': (r) => raw(r, 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nzz\r\ndata: {}\r\n\r\n'),
  'huge-headers': (r) => raw(r, `HTTP/1.1 200 OK\r\n${`x-filler: ${'f'.repeat(8000)}\r\n`.repeat(40)}content-length: 2\r\n\r\n{}`),
  'false-gzip': (r) => sendJson(r, 200, '{"not":"gzip"}', { 'content-encoding': 'gzip' }),
  redirect: (r) => (r.writeHead(307, { location: `http://${r.req.headers.host}/elsewhere` }), r.end()),
  'big-error': (r) => sendJson(r, 500, { error: { message: 'e'.repeat(2_000_000), type: 'server_error' } }),
  'text-error': (r) => (r.writeHead(503, { 'content-type': 'text/plain' }), r.end('upstream connect error or disconnect/reset before headers')),
  'flat-error': (r) => sendJson(r, 400, { error: 'a flat error text' }),
  'bad-utf8-error': (r) => (r.writeHead(400, { 'content-type': 'application/json' }), r.end(Buffer.from('{"error":{"message":"caf\xe9 \xff","type":"invalid_request_error"}}', 'latin1'))),
  hang: () => {},
};

/* Send the frames of a stream as the scenario says. `tools` are the format's own pieces:
 * {error(), terminal: is this the frame that says why the answer ended, contentType}. */
export async function sendStream(response, frames, scenario, tools, entry) {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, {
    'content-type': scenario['wrong-type'] ? 'application/json' : tools.contentType,
    'cache-control': 'no-cache',
    ...tools.headers,
  });
  response.flushHeaders();
  if (scenario['slow-body']) await sleep(number(scenario['slow-body'], 500), gone.signal);
  const breakAt = breakingPoint(scenario, frames, tools.terminal);
  for (let i = 0; i < frames.length && !gone.signal.aborted; i++) {
    if (i === breakAt.at) return breakStream(response, scenario, tools, breakAt.how, entry);
    if (i && scenario.drip) await sleep(number(scenario.drip, 50), gone.signal);
    await sendPiece(response, frames[i], scenario);
    entry.sent++;
  }
  if (gone.signal.aborted) return;
  if (breakAt.at >= frames.length) return breakStream(response, scenario, tools, breakAt.how, entry);
  response.end();
}

const BREAKS = {
  cut: (r) => setTimeout(() => r.socket?.destroy(), 10),
  'error-mid': (r, tools) => (r.write(tools.error()), r.end()),
  'end-early': (r) => r.end(),
  'garbage-frame': (r) => (r.write('data: {"id":nope\n\n'), r.end()),
  'scalar-frame': (r) => (r.write('data: 42\n\n'), r.end()),
  'depth-frame': (r) => (r.write(`event: message\ndata: {"x":${deep(20000)}}\n\n`), r.end()),
  'utf8-frame': (r, tools) => (r.write(Buffer.from(tools.textFrame('\u00ff?').replace('\u00ff', 'RAW')).toString('latin1').replace('RAW', '\xff\xfe'), 'latin1'), r.end()),
  'huge-frame': (r, tools, value) => {
    r.write('data: {"junk":"');
    const piece = 'j'.repeat(1024 * 1024);
    for (let i = 0; i < number(value, 80) && !r.destroyed; i++) r.write(piece);
    r.end('"}\n\n');
  },
  stall: () => {},
};

// `cut=3` breaks after three frames; `end-early` leaves out just what makes the proper end.
function breakingPoint(scenario, frames, terminal) {
  const last = Math.max(0, frames.findIndex(terminal));
  for (const how of Object.keys(BREAKS))
    if (how in scenario) return { how, at: how === 'end-early' ? last : Math.min(how === 'huge-frame' ? 5 : number(scenario[how], 5), last) };
  return { how: null, at: -1 };
}

function breakStream(response, scenario, tools, how, entry) {
  if (how === 'cut') entry.outcome = 'broken';
  BREAKS[how](response, tools, scenario[how]);
}

async function sendPiece(response, frame, scenario) {
  const bytes = Buffer.from(frame);
  if (!scenario.split) return void response.write(bytes);
  const step = number(scenario.split, 7);
  for (let i = 0; i < bytes.length && !response.destroyed; i += step) {
    response.write(bytes.subarray(i, i + step));
    await new Promise(setImmediate);
  }
}

export { sleep };
