// A small server in front of a model on this machine, in OpenAI's format; knows nothing of hubs.
//
//     node front.mjs PACKAGES     prints its URL; GET /__state tells how many answers were broken off
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const packages = process.argv[2];
const { getLlama, LlamaChatSession } = await import(pathToFileURL(join(packages, 'node_modules/node-llama-cpp/dist/index.js')));
const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: 'error' });
const model = await llama.loadModel({ modelPath: join(packages, 'model.gguf') });
// One thread: several wait for each other longer than they work where cores are few.
const context = await model.createContext({ contextSize: 1024, threads: 1 });
const sequence = context.getSequence();
const state = { answered: 0, brokenOff: 0 };
let queue = Promise.resolve();

const refuse = (response, status, message, code = null) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code } }));
};

function historyOf(messages) {
  const texts = messages.map((m) => ({ role: m.role, text: typeof m.content === 'string' ? m.content : m.content.map((p) => p.text).join('\n') }));
  const history = texts.slice(0, -1).map(({ role, text }) => (role === 'assistant' ? { type: 'model', response: [text] } : { type: role, text }));
  return { history, prompt: texts.at(-1).text };
}

/* One answer; `tell` is given its pieces. */
async function generate(body, signal, tell) {
  await sequence.clearHistory();
  const session = new LlamaChatSession({ contextSequence: sequence });
  const { history, prompt } = historyOf(body.messages);
  if (history.length) session.setChatHistory(history);
  const before = sequence.tokenMeter.getState();
  try {
    const { responseText, stopReason } = await session.promptWithMeta(prompt, {
      temperature: body.temperature ?? 0, maxTokens: body.max_completion_tokens ?? body.max_tokens ?? 32, signal, stopOnAbortSignal: true, onTextChunk: tell,
    });
    const used = sequence.tokenMeter.diff(before);
    return {
      text: responseText, finish: stopReason === 'maxTokens' ? 'length' : 'stop',
      usage: { prompt_tokens: used.usedInputTokens, completion_tokens: used.usedOutputTokens, total_tokens: used.usedInputTokens + used.usedOutputTokens },
    };
  } finally {
    session.dispose({ disposeSequence: false });
  }
}

async function answer(body, response) {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const base = { id: `chatcmpl-${state.answered}`, created: Math.floor(Date.now() / 1000), model: body.model };
  const send = (choices, more = {}) => response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices, ...more })}\n\n`);
  if (body.stream) response.writeHead(200, { 'content-type': 'text/event-stream' });
  const tell = (content) => body.stream && send([{ index: 0, delta: { content }, finish_reason: null }]);
  const { text, finish, usage } = await generate(body, gone.signal, tell);
  if (gone.signal.aborted) return state.brokenOff++;
  state.answered++;
  if (!body.stream) {
    const choice = { index: 0, message: { role: 'assistant', content: text }, finish_reason: finish };
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ ...base, object: 'chat.completion', choices: [choice], usage }));
  }
  send([{ index: 0, delta: {}, finish_reason: finish }]);
  if (body.stream_options?.include_usage) send([], { usage });
  response.end('data: [DONE]\n\n');
}

async function serve(request, response) {
  if (request.url === '/__state') return response.end(JSON.stringify(state));
  if (request.url !== '/v1/chat/completions') return refuse(response, 404, 'There is no such path.');
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks));
  if (body.model !== 'gemma') return refuse(response, 404, `The model '${body.model}' does not exist.`, 'model_not_found');
  queue = queue.then(() => answer(body, response)).catch((error) => (process.stderr.write(`${error.stack}\n`), response.destroy()));
}

const server = createServer((request, response) => serve(request, response).catch((error) => refuse(response, 400, String(error))));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
