// Knows Ollama's own API: what it refuses, in which words, and how an answer looks.
import { parseStrictly, sendJson } from './http.mjs';
import { compose, number, readScenario } from './scenario.mjs';
import { Validator, loadSchema } from './schema.mjs';

const validator = new Validator(loadSchema('ollama'), { closed: true });
const THINKS = /^(qwen3|gpt-oss|deepseek-r1|magistral)/;
const MODELS = [['llama3.2:latest', 'llama'], ['qwen3:8b', 'qwen3'], ['llava:7b', 'llama'], ['nomic-embed-text:latest', 'nomic-bert']];
const GO = { object: 'map[string]interface {}', array: '[]interface {}', integer: 'int', number: 'float64', boolean: 'bool' };

export const ollama = {
  name: 'ollama',
  contentType: 'application/x-ndjson',
  terminal: (frame) => /"done":true/.test(frame),
  headers: () => ({}),

  route(method, path) {
    const found = /^(?:\/(ollama))?\/api\/(chat|embed|tags|version)$/.exec(path);
    if (!found) return null;
    const serve = { embed, tags, version: (c) => sendJson(c.response, 200, { version: '0.12.6' }) }[found[2]];
    return { dialect: 'ollama', what: found[2], method: /tags|version/.test(found[2]) ? 'GET' : 'POST', serve };
  },

  // Without a key at home; ollama.com wants one.
  authenticate(headers) {
    const key = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? null;
    return key?.startsWith('bad') ? { key, refuse: [401, { message: 'unauthorized' }] } : { key };
  },

  error: (status, detail = {}) => ({ error: detail.message ?? STATUS[status] ?? 'internal server error' }),
  unparsable: (message) => [400, { message: `invalid character: ${message}` }],
  errorFrame: () => `${JSON.stringify({ error: 'an error was encountered while running the model: unexpected EOF' })}\n`,
  textFrame: (text) => line({ model: 'llama3.2' }, { content: text }),

  refuse(body) {
    const problem = validator.check(body, 'ChatRequest')[0];
    if (problem) return describe(problem, 'ChatRequest');
    return absent(body.model) ?? pictures(body.messages) ?? capabilities(body);
  },

  view(body) {
    const { messages } = body;
    const lastAssistant = messages.map((m) => m.role).lastIndexOf('assistant');
    return {
      text: messages.filter((m) => m.role === 'user').at(-1)?.content ?? '',
      model: body.model,
      stream: body.stream ?? true,
      results: messages.slice(lastAssistant + 1).filter((m) => m.role === 'tool').map((m) => ({ id: m.tool_call_id, name: m.tool_name, text: m.content })),
      tools: (body.tools ?? []).map((t) => ({ name: t.function.name, schema: t.function.parameters })),
      schema: typeof body.format === 'object' ? body.format : null,
      json: body.format === 'json',
      thinking: THINKS.test(body.model) && body.think !== false,
      images: messages.flatMap((m) => m.images ?? []).length,
      limit: body.options?.num_predict,
    };
  },

  plain(view, scenario) {
    const answer = answerOf(view, scenario);
    const message = { role: 'assistant', content: answer.pieces.join('') };
    if (answer.reasoning.length) message.thinking = answer.reasoning.join('');
    if (answer.calls.length) message.tool_calls = answer.calls.map(call);
    return { ...stamp(view), message, ...ending(answer, scenario) };
  },

  // Calls come whole, each in a line of its own; the last line has the counts.
  stream(view, scenario) {
    const answer = answerOf(view, scenario);
    const base = stamp(view);
    return [
      ...answer.reasoning.map((piece) => line(base, { content: '', thinking: piece })),
      ...answer.pieces.map((piece) => line(base, { content: piece })),
      ...answer.calls.map((c, i) => line(base, { content: '', tool_calls: [call(c, i)] })),
      `${JSON.stringify({ ...base, message: { role: 'assistant', content: '' }, ...ending(answer, scenario) })}\n`,
    ];
  },
};

const STATUS = {
  400: 'invalid request', 401: 'unauthorized', 403: 'forbidden', 404: "model 'x' not found", 429: 'too many requests', 500: 'llama runner process has terminated: exit status 2',
  502: 'upstream error', 503: 'server busy, please try again.  maximum pending requests exceeded',
};
const stamp = (view) => ({ model: view.model, created_at: '2026-08-01T12:00:00.123456789Z' });
const line = (base, message) => `${JSON.stringify({ ...base, message: { role: 'assistant', ...message }, done: false })}\n`;
const call = (c, index) => ({ function: { index, name: c.name, arguments: c.arguments } });

function answerOf(view, scenario) {
  const answer = compose(scenario, view);
  if (scenario.pictures) answer.pieces = [`${view.images} pictures`];
  return answer;
}

function ending(answer, scenario) {
  const counts = { total_duration: 4883583458, load_duration: 1334875, prompt_eval_count: answer.usage.prompt, prompt_eval_duration: 342546000, eval_count: answer.usage.output + answer.usage.reasoning, eval_duration: 4535599000 };
  if (scenario['negative-usage']) Object.assign(counts, { prompt_eval_count: -5, eval_count: -1 });
  if (scenario['huge-usage']) Object.assign(counts, { prompt_eval_count: 1e300, eval_count: 99999999999999999999 });
  return { done: true, done_reason: answer.finish === 'length' ? 'length' : 'stop', ...counts };
}

// As Go's decoder says it.
function describe(problem, type) {
  const field = problem.path.filter((k) => typeof k === 'string').join('.');
  if (problem.kind === 'missing') return [400, { message: `${problem.path.at(-1)} is required` }];
  if (problem.kind === 'unknown') return [400, { message: `unknown field "${field}"` }];
  return [400, { message: `json: cannot unmarshal ${problem.actual ?? typeof problem.value} into Go struct field ${type}.${field} of type ${GO[problem.expected] ?? problem.expected ?? 'string'}` }];
}

const absent = (model) => (/no-such/.test(model) ? [404, { message: `model '${model}' not found` }] : null);

function pictures(messages) {
  for (const picture of messages.flatMap((m) => m.images ?? [])) {
    const at = picture.search(/[^A-Za-z0-9+/=]/);
    if (at >= 0 || picture.length % 4) return [400, { message: `illegal base64 data at input byte ${Math.max(at, 0)}` }];
  }
  return null;
}

function capabilities(body) {
  if (body.think && !THINKS.test(body.model)) return [400, { message: `"${body.model}" does not support thinking` }];
  if (body.tools?.length && /^llava/.test(body.model)) return [400, { message: `registry.ollama.ai/library/${body.model} does not support tools` }];
  if (body.logprobs !== true && body.top_logprobs) return [400, { message: 'top_logprobs requires logprobs' }];
  return null;
}

function tags({ response }) {
  const models = MODELS.map(([name, family]) => ({ name, model: name, modified_at: '2026-08-01T12:00:00Z', size: 2019393189, digest: 'a80c4f17acd5', details: { parent_model: '', format: 'gguf', family, families: [family], parameter_size: '3.2B', quantization_level: 'Q4_K_M' } }));
  sendJson(response, 200, { models });
}

function embed({ response, entry, bytes, refuse }) {
  let body;
  try {
    body = parseStrictly(bytes);
  } catch (error) {
    return refuse(ollama.unparsable(error.message));
  }
  entry.body = body;
  const problem = validator.check(body, 'EmbedRequest')[0];
  if (problem) return refuse(describe(problem, 'EmbedRequest'));
  const missing = absent(body.model);
  if (missing) return refuse(missing);
  const inputs = [].concat(body.input);
  const scenario = readScenario(inputs[0], body.model);
  if (scenario.status) return refuse([number(scenario.status), {}], scenario.retry ? { 'retry-after': scenario.retry } : {});
  entry.status = 200;
  const size = body.dimensions ?? 8;
  const embeddings = inputs.map((text) => Array.from({ length: size }, (_, i) => Math.sin(text.length + i) / 4));
  sendJson(response, 200, { model: body.model, embeddings, total_duration: 14143917, load_duration: 1019500, prompt_eval_count: 2 * inputs.length });
}
