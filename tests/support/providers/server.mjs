// Knows which path belongs to which imitated provider and keeps the log; refuses to know formats.
import { createServer } from 'node:http';
import { anthropic } from './anthropic.mjs';
import { bedrock } from './bedrock.mjs';
import { gemini } from './gemini.mjs';
import { ollama } from './ollama.mjs';
import { ideogram } from './ideogram.mjs';
import { openai } from './openai.mjs';
import { openaiCount } from './openai_count.mjs';
import { openaiResponses } from './openai_responses.mjs';
import { openaiTasks } from './openai_tasks.mjs';
import { files, vendorTasks } from './vendor_tasks.mjs';
import { azure, groq, mistral } from './vendors.mjs';
import { brokenAnswers, parseStrictly, readBody, sendJson, sendStream, sleep } from './http.mjs';
import { number, readScenario } from './scenario.mjs';

const PROVIDERS = [gemini, bedrock, anthropic, ollama, azure, groq, mistral, openaiCount, openaiResponses, openai, openaiTasks, vendorTasks, ideogram, files];
const LOG_LIMIT = 20000;

function find(method, path, query, headers) {
  for (const provider of PROVIDERS) {
    const route = provider.route(method, path, query);
    if (route && !(route.shared && !headers['anthropic-version'])) return { provider, route };
  }
  return null;
}

class Log {
  entries = [];
  next = 1;
  begin(fields) {
    const entry = { number: this.next++, ...fields, sent: 0, outcome: 'running' };
    if (this.entries.length < LOG_LIMIT) this.entries.push(entry);
    return entry;
  }
  clear() {
    this.entries = [];
  }
}

async function answer(request, response, log) {
  const url = new URL(request.url, 'http://imitation');
  const found = find(request.method, url.pathname, url.searchParams, request.headers);
  const entry = log.begin({
    provider: found?.provider.name ?? null, dialect: found?.route.dialect, method: request.method, path: url.pathname,
    query: url.search, headers: request.headers, at: Date.now(),
  });
  response.on('close', () => (entry.outcome = response.writableFinished ? 'complete' : entry.outcome === 'broken' ? 'broken' : 'client-gone'));
  const bytes = await readBody(request);
  entry.raw = bytes.length < 65536 ? bytes.toString() : `${bytes.length} bytes`;
  if (!found) return sendJson(response, 404, { error: { message: `Invalid URL (${request.method} ${url.pathname})`, type: 'invalid_request_error', param: null, code: null } });
  const { provider, route } = found;
  const id = `i${String(entry.number).padStart(6, '0')}`;
  const refuse = ([status, detail], headers = {}) => {
    entry.status = status;
    entry.refused = detail.message;
    sendJson(response, status, provider.error(status, detail, route, id), { ...provider.headers(id, status, detail), ...headers });
  };
  if (request.method !== route.method) return refuse([405, { message: `Not allowed to ${request.method}`, type: 'invalid_request_error' }]);
  const auth = provider.authenticate(request.headers, url.searchParams, route, { method: request.method, target: request.url, bytes });
  entry.key = auth.key;
  if (auth.refuse) return refuse(auth.refuse);
  // A route that is not a chat answers by itself.
  if (route.serve) return route.serve({ route, request, response, entry, id, bytes, refuse, auth, headers: provider.headers(id) });
  if (route.what === 'models') return sendJson(response, 200, provider.models(route), provider.headers(id));
  let body;
  try {
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw new SyntaxError('content-type is not application/json');
    body = parseStrictly(bytes);
    if (!body || typeof body !== 'object' || Array.isArray(body)) throw new SyntaxError('not an object');
  } catch (error) {
    return refuse(provider.unparsable(error.message));
  }
  entry.body = bytes.length < 65536 ? body : undefined;
  const refusal = provider.refuse(body, route, auth);
  if (refusal) return refuse(refusal);
  return behave({ provider, route, body, response, entry, id, refuse, auth });
}

async function behave({ provider, route, body, response, entry, id, refuse, auth }) {
  const view = provider.view(body, route);
  const scenario = readScenario(view.text, view.model);
  Object.assign(entry, { model: view.model, stream: view.stream, scenario });
  if (scenario.slow) await sleep(number(scenario.slow, 500));
  if (scenario.status) {
    const detail = {};
    if (scenario.code) detail.code = scenario.code;
    if (scenario.quota) Object.assign(detail, { type: 'insufficient_quota', code: 'insufficient_quota', message: 'You exceeded your current quota, please check your plan and billing details.' });
    if (scenario.leak) detail.message = `Refused: the key ${auth.key} may not do that (Authorization: Bearer ${auth.key}, x-api-key=${auth.key}).`;
    if (scenario['leak-prompt']) detail.message = `Refused for its text: ${view.text}`;
    if (scenario.long) detail.message = 'm'.repeat(number(scenario.long, 10000));
    const headers = scenario.retry ? { 'retry-after': scenario.retry } : {};
    if (scenario['retry-ms']) headers['retry-after-ms'] = scenario['retry-ms'];
    return refuse([number(scenario.status), detail], headers);
  }
  for (const [name, send] of Object.entries(brokenAnswers))
    if (name in scenario) {
      entry.outcome = 'broken';
      entry.status = 0;
      return send(response, scenario[name]);
    }
  entry.status = 200;
  if (!view.stream) {
    const headers = provider.headers(id);
    return sendJson(response, 200, spoil(provider.plain(view, scenario, id, route), scenario), headers);
  }
  let frames = provider.stream(view, scenario, id, route);
  if (scenario.nul || scenario.surrogate) frames = frames.map((f) => spoil(f, scenario));
  if (provider.name === 'gemini' && !route.sse) {
    const events = frames.map((f) => f.slice(6).trim());
    return sendStream(response, events.map((e, i) => `${i ? ',\r\n' : '['}${e}`).concat(']'), scenario, { ...provider, contentType: 'application/json', headers: provider.headers(id) }, entry);
  }
  const tools = { error: provider.errorFrame, textFrame: provider.textFrame, terminal: provider.terminal, contentType: provider.contentType, headers: provider.headers(id) };
  return sendStream(response, frames, scenario, tools, entry);
}

// Text that is legal JSON and still hard to carry.
function spoil(value, scenario) {
  if (!scenario.nul && !scenario.surrogate) return value;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/Hello/g, scenario.nul ? 'He\\u0000llo' : 'He\\ud83dllo');
}

async function control(request, response, log) {
  if (request.method === 'DELETE') log.clear();
  const bytes = JSON.stringify({ requests: log.entries });
  sendJson(response, 200, bytes);
}

/* Starts on `port` of the loopback (0: any); gives {url, port, log, close}. */
export function startImitation({ port = 0, host = '127.0.0.1' } = {}) {
  const log = new Log();
  const server = createServer({ keepAliveTimeout: 60000, maxHeaderSize: 65536 }, (request, response) => {
    const run = request.url.startsWith('/__log') ? control(request, response, log) : answer(request, response, log);
    run.catch((error) => {
      if (response.destroyed) return;
      if (!response.headersSent) sendJson(response, 599, { imitation: String(error.stack) });
      else response.destroy();
    });
  });
  server.on('clientError', (error, socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const actual = server.address().port;
      resolve({
        port: actual, url: `http://${host}:${actual}`, log,
        close: () => new Promise((done) => (server.closeAllConnections(), server.close(done))),
      });
    });
  });
}
