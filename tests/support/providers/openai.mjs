// Knows OpenAI's chat completions: what is refused, in which words, and how an answer looks.
import { Validator, loadSchema } from './schema.mjs';
import { compose } from './scenario.mjs';

const validator = new Validator(loadSchema('openai'), { closed: true });
const MODELS = ['gpt-4o-mini', 'gpt-4o', 'gpt-5-mini', 'gpt-5', 'o3-mini', 'o4-mini'];
const KNOWN = /^(gpt-|o[134](-|$)|chatgpt-|imitate-|.*imitate-)/;
export const REASONING = /^(o\d|gpt-5)/;
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==';
export const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/* Vendors that speak the same format, where they differ. */
export const DIALECTS = {
  openai: { known: KNOWN },
  deepseek: { known: /^deepseek-/, thoughts: true, open: true },
  xai: { known: /^grok-/, thoughts: true, open: true, flatErrors: true, outputExcludesReasoning: true, wholeToolCalls: true },
  openrouter: { known: /.+\/.+/, open: true, comments: true, usageAlways: true, thoughts: true },
  ollama: { known: /./, open: true, keyless: true },
  doubao: { known: /./, open: true, thoughts: true },
  poe: { known: /./, open: true },
  groq: { known: /./, open: true, thoughts: true },
  mistral: { known: /./, open: true, thoughts: true },
  azure: { known: /./ },
};

export const openai = {
  name: 'openai',
  contentType: 'text/event-stream; charset=utf-8',
  terminal: (frame) => /"finish_reason":"/.test(frame),
  headers: (id) => ({ 'x-request-id': `req_${id}`, 'openai-processing-ms': '12', 'x-ratelimit-remaining-requests': '99' }),

  route(method, path) {
    const found = /^(?:\/(openai|deepseek|xai|openrouter|ollama|doubao|poe))?(?:\/api)?(?:\/v[13])?\/(chat\/completions|models)$/.exec(path);
    if (!found) return null;
    const dialect = found[1] ?? 'openai';
    return { dialect, what: found[2] === 'models' ? 'models' : 'chat', method: found[2] === 'models' ? 'GET' : 'POST' };
  },

  authenticate(headers, query, route) {
    const match = /^Bearer (.+)$/.exec(headers.authorization ?? '');
    if (DIALECTS[route.dialect].keyless) return { key: match?.[1] ?? null };
    if (!match)
      return { refuse: [401, { message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).", type: 'invalid_request_error' }] };
    if (match[1].startsWith('bad'))
      return { key: match[1], refuse: [401, { message: `Incorrect API key provided: ${match[1].slice(0, 6)}${'*'.repeat(12)}${match[1].slice(-4)}. You can find your API key at https://platform.openai.com/account/api-keys.`, type: 'invalid_request_error', code: 'invalid_api_key' }] };
    return { key: match[1] };
  },

  error(status, detail = {}, route = { dialect: 'openai' }) {
    const known = STATUS[status] ?? { type: 'server_error', message: 'The server had an error while processing your request.' };
    const { message, type, param, code } = { param: null, code: null, ...known, ...detail };
    if (DIALECTS[route.dialect].flatErrors) return { code: String(code ?? type), error: message };
    return { error: { message, type, param, code } };
  },
  unparsable: () => [400, { message: 'We could not parse the JSON body of your request. (HINT: This likely means you aren’t using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)', type: 'invalid_request_error' }],
  errorFrame: () => `data: ${JSON.stringify({ error: { message: 'The server had an error while processing your request. Sorry about that!', type: 'server_error', param: null, code: null } })}\n\n`,
  textFrame: (text) => `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini', choices: [{ index: 0, delta: { content: text }, finish_reason: null }] })}\n\n`,
  models: (route) => ({ object: 'list', data: MODELS.map((id) => ({ id, object: 'model', created: 1700000000, owned_by: route.dialect })) }),

  refuse(body, route) {
    const dialect = DIALECTS[route.dialect];
    if (!dialect.open) {
      const [problem] = validator.check(body, 'CreateChatCompletionRequest').filter(known);
      if (problem) return [400, describe(problem)];
    }
    if (typeof body.model !== 'string' || !dialect.known.test(body.model) || /no-such/.test(body.model))
      return [404, { message: `The model \`${body.model}\` does not exist or you do not have access to it.`, type: 'invalid_request_error', code: 'model_not_found' }];
    return parameters(body, dialect) ?? tools(body) ?? conversation(body.messages) ?? schemas(body);
  },

  view(body, route) {
    const messages = body.messages ?? [];
    const lastAssistant = messages.map((m) => m.role).lastIndexOf('assistant');
    const choice = body.tool_choice;
    const lastUser = messages.filter((m) => m.role === 'user').at(-1);
    return {
      text: textOf(lastUser?.content),
      model: body.model,
      stream: body.stream === true,
      results: messages.slice(lastAssistant + 1).filter((m) => m.role === 'tool').map((m) => ({ id: m.tool_call_id, text: textOf(m.content) })),
      tools: (body.tools ?? []).map((t) => ({ name: t.function.name, schema: t.function.parameters })),
      choice: typeof choice === 'object' && choice ? 'named' : choice,
      choiceName: choice?.function?.name,
      parallel: body.parallel_tool_calls ?? true,
      schema: body.response_format?.type === 'json_schema' ? body.response_format.json_schema.schema : null,
      json: body.response_format?.type === 'json_object',
      thinking: DIALECTS[route.dialect].thoughts ?? false,
      includeUsage: body.stream_options?.include_usage === true || DIALECTS[route.dialect].usageAlways,
      choices: body.n ?? 1,
      logprobs: body.logprobs === true,
      images: route.dialect === 'openrouter' && (body.modalities ?? []).includes('image'),
    };
  },

  plain(view, scenario, id, route) {
    const answer = compose(scenario, view);
    const message = { role: 'assistant', content: answer.pieces.join(''), refusal: null, annotations: scenario.cite ? [CITED] : [] };
    if (answer.finish === 'refusal') Object.assign(message, { content: null, refusal: answer.pieces.join('') });
    if (answer.reasoning.length) think(message, answer.reasoning.join(''), route);
    if (answer.reasoning.length && route.dialect === 'openrouter') message.reasoning_details = detailsOf(message.reasoning);
    if (view.images && !scenario.silent) message.images = [{ type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } }];
    if (answer.calls.length) {
      message.tool_calls = answer.calls.map((c, i) => call(c, i, id, scenario));
      message.content = answer.pieces.length ? message.content : null;
    }
    const choices = Array.from({ length: view.choices }, (_, index) => ({ index, message, logprobs: view.logprobs ? logprobs(answer.pieces) : null, finish_reason: FINISH[answer.finish] }));
    return { id: `chatcmpl-${id}`, object: 'chat.completion', created: 1764000000, model: `${view.model}-2026-01-01`, choices, usage: usage(answer.usage, route, scenario), service_tier: 'default', system_fingerprint: 'fp_imitation' };
  },

  stream(view, scenario, id, route) {
    const answer = compose(scenario, view);
    const dialect = DIALECTS[route.dialect];
    const base = { id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: 1764000000, model: `${view.model}-2026-01-01`, service_tier: 'default', system_fingerprint: 'fp_imitation' };
    const chunk = (delta, finish = null, said = null) => {
      const c = { ...base, choices: [{ index: 0, delta, logprobs: said, finish_reason: finish }] };
      if (view.includeUsage) c.usage = null;
      if (!dialect.open) c.obfuscation = 'abcdEFGH';
      return `data: ${JSON.stringify(c)}\n\n`;
    };
    const frames = [chunk({ role: 'assistant', content: answer.calls.length && !answer.pieces.length ? null : '', refusal: null })];
    if (dialect.comments) frames.unshift(': OPENROUTER PROCESSING\n\n');
    for (const piece of answer.reasoning) frames.push(chunk(think({}, piece, route)));
    if (answer.reasoning.length && route.dialect === 'openrouter') for (const detail of detailsOf('')) frames.push(chunk({ reasoning_details: [detail] }));
    for (const piece of answer.pieces) frames.push(chunk(answer.finish === 'refusal' ? { refusal: piece } : { content: piece }, null, view.logprobs ? logprobs([piece]) : null));
    if (scenario.cite) frames.push(chunk({ annotations: [CITED] }));
    answer.calls.forEach((c, i) => frames.push(...callChunks(call(c, i, id, scenario), i, chunk, dialect)));
    frames.push(chunk({}, FINISH[answer.finish]));
    const each = (frame) => (frame.startsWith('data: {') ? Array.from({ length: view.choices }, (_, i) => frame.replace('"choices":[{"index":0', `"choices":[{"index":${i}`)) : [frame]);
    frames.splice(0, frames.length, ...frames.flatMap(each));
    if (view.includeUsage) frames.push(`data: ${JSON.stringify({ ...base, choices: [], usage: usage(answer.usage, route, scenario) })}\n\n`);
    frames.push('data: [DONE]\n\n');
    return frames;
  },
};

/* What OpenRouter seals: it must come back as it was. */
export const detailsOf = (text) => [
  { type: 'reasoning.text', text, signature: 'c2VhbGVkIGJ5IENsYXVkZQ==', format: 'anthropic-claude-v1', index: 0 },
  { type: 'reasoning.encrypted', data: 'b3BhcXVl', id: 'r1', format: 'anthropic-claude-v1', index: 1 },
];
const think = (message, text, route) => Object.assign(message, { [route.dialect === 'openrouter' ? 'reasoning' : 'reasoning_content']: text });

const CITED = { type: 'url_citation', url_citation: { url: 'https://example.com/source', title: 'A source', start_index: 0, end_index: 5 } };
const logprobs = (pieces) => ({ content: pieces.map((token) => ({ token, logprob: -0.25, bytes: [...Buffer.from(token)], top_logprobs: [] })), refusal: null });
const FINISH = { stop: 'stop', tools: 'tool_calls', length: 'length', refusal: 'stop', filter: 'content_filter', block: 'content_filter' };
const STATUS = {
  400: { type: 'invalid_request_error', message: 'The request was refused on purpose.' },
  401: { type: 'invalid_request_error', code: 'invalid_api_key', message: 'Incorrect API key provided.' },
  402: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'Insufficient Balance' },
  403: { type: 'invalid_request_error', code: 'unsupported_country_region_territory', message: 'Country, region, or territory not supported' },
  404: { type: 'invalid_request_error', code: 'model_not_found', message: 'The model does not exist.' },
  429: { type: 'requests', code: 'rate_limit_exceeded', message: 'Rate limit reached for requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.' },
  500: { type: 'server_error', message: 'The server had an error processing your request.' },
  503: { type: 'service_unavailable_error', code: 'server_is_overloaded', message: 'The engine is currently overloaded, please try again later' },
};

const textOf = (content) => (typeof content === 'string' ? content : Array.isArray(content) ? content.filter((p) => p.type === 'text').map((p) => p.text).join('\n') : '');

function call(c, i, id, scenario) {
  const text = scenario['bad-arguments'] ? '{"city": Par' : scenario['empty-arguments'] ? '' : JSON.stringify(c.arguments);
  return { id: `call_${id}_${i}`, type: 'function', function: { name: c.name, arguments: text } };
}

// id and name only in the first fragment; arguments cut anywhere, also inside escapes.
function callChunks(whole, index, chunk, dialect) {
  if (dialect.wholeToolCalls) return [chunk({ tool_calls: [{ index, ...whole }] })];
  const text = whole.function.arguments;
  const frames = [chunk({ tool_calls: [{ index, ...whole, function: { name: whole.function.name, arguments: '' } }] })];
  for (let i = 0; i < text.length; i += 3) frames.push(chunk({ tool_calls: [{ index, function: { arguments: text.slice(i, i + 3) } }] }));
  return frames;
}

function usage(u, route, scenario) {
  if (scenario['negative-usage']) return { prompt_tokens: -5, completion_tokens: -1, total_tokens: -6 };
  if (scenario['huge-usage']) return { prompt_tokens: 1e300, completion_tokens: 99999999999999999999, total_tokens: 'many' };
  const output = DIALECTS[route.dialect].outputExcludesReasoning ? u.output : u.output + u.reasoning;
  return {
    prompt_tokens: u.prompt, completion_tokens: output, total_tokens: u.prompt + u.output + u.reasoning,
    prompt_tokens_details: { cached_tokens: u.cacheRead, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: u.reasoning, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}

// What clients get in answers and send back is taken, though the request's schema does not name it.
const known = (p) => !(p.kind === 'unknown' && p.path[0] === 'messages' && /^(annotations|parsed|parsed_arguments)$/.test(p.path.at(-1)));

const dotted = (path) => path.reduce((s, k) => (typeof k === 'number' ? `${s}[${k}]` : s ? `${s}.${k}` : k), '');

export function describe(problem) {
  const where = dotted(problem.path);
  const base = { type: 'invalid_request_error', param: where };
  if (problem.kind === 'unknown' && problem.path.length === 1)
    return { ...base, param: null, message: `Unrecognized request argument supplied: ${where}` };
  if (problem.kind === 'unknown') return { ...base, code: 'unknown_parameter', message: `Unknown parameter: '${where}'.` };
  if (problem.kind === 'missing') return { ...base, code: 'missing_required_parameter', message: `Missing required parameter: '${where}'.` };
  if (problem.kind === 'type' || problem.kind === 'union')
    return { ...base, code: 'invalid_type', message: `Invalid type for '${where}': expected ${problem.expected ?? 'one of the documented types'}, but got ${problem.actual ?? JSON.stringify(problem.value)?.slice(0, 80)} instead.` };
  if (problem.kind === 'enum') return { ...base, code: 'invalid_value', message: `Invalid value: '${problem.value}'. Supported values are: ${problem.expected.map((v) => `'${v}'`).join(', ')}.` };
  return { ...base, code: `invalid_value`, message: `Invalid '${where}': ${problem.kind} (${problem.limit ?? problem.expected ?? ''}).` };
}

export const invalid = (message, param = null, code = null) => [400, { message, type: 'invalid_request_error', param, code }];

function parameters(body, dialect) {
  if (REASONING.test(body.model) && !dialect.open) {
    if (body.max_tokens !== undefined && body.max_tokens !== null)
      return invalid("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", 'max_tokens', 'unsupported_parameter');
    for (const name of ['temperature', 'top_p'])
      if ((body[name] ?? 1) !== 1)
        return invalid(`Unsupported value: '${name}' does not support ${body[name]} with this model. Only the default (1) value is supported.`, name, 'unsupported_value');
    for (const name of ['presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs', 'logit_bias'])
      if (body[name]) return invalid(`Unsupported parameter: '${name}' is not supported with this model.`, name, 'unsupported_parameter');
    if (body.stop) return invalid("Unsupported parameter: 'stop' is not supported with this model.", 'stop', 'unsupported_parameter');
  } else if (body.reasoning_effort !== undefined && body.reasoning_effort !== null && !dialect.open)
    return invalid('Unrecognized request argument supplied: reasoning_effort');
  if (body.max_tokens && body.max_completion_tokens)
    return invalid('Setting both max_tokens and max_completion_tokens is not supported.', 'max_tokens');
  for (const name of ['max_tokens', 'max_completion_tokens'])
    if (body[name] !== undefined && body[name] !== null && body[name] < 1)
      return invalid(`Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${body[name]} instead.`, name, 'integer_below_min_value');
  if (body.stream_options && !body.stream) return invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options');
  if (body.top_logprobs && !body.logprobs) return invalid("'top_logprobs' is only allowed when 'logprobs' is enabled.", 'top_logprobs');
  return null;
}

function tools(body) {
  if (body.tools === undefined) {
    for (const name of ['tool_choice', 'parallel_tool_calls'])
      if (body[name] !== undefined && body[name] !== null && !(name === 'tool_choice' && body[name] === 'none'))
        return invalid(`Invalid value for '${name}': '${name}' is only allowed when 'tools' are specified.`, name);
    return null;
  }
  if (!body.tools.length) return invalid("Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.", 'tools', 'empty_array');
  if (body.tools.length > 128) return invalid("Invalid 'tools': array too long.", 'tools', 'array_above_max_length');
  for (const [i, t] of body.tools.entries()) {
    if (!NAME.test(t.function.name)) return invalid(`Invalid 'tools[${i}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`, `tools[${i}].function.name`, 'invalid_value');
    const p = t.function.parameters;
    if (p && p.type !== 'object') return invalid(`Invalid schema for function '${t.function.name}': schema must be a JSON Schema of 'type: "object"', got 'type: "${p.type}"'.`, `tools[${i}].function.parameters`, 'invalid_function_parameters');
    const loose = t.function.strict ? looseAt(p ?? {}) : null;
    if (loose) return invalid(`Invalid schema for function '${t.function.name}': ${loose}`, `tools[${i}].function.parameters`, 'invalid_function_parameters');
  }
  const named = body.tool_choice?.function?.name;
  if (named && !body.tools.some((t) => t.function.name === named)) return invalid(`Invalid value for 'tool_choice': function '${named}' was not found in 'tools'.`, 'tool_choice', 'invalid_value');
  return null;
}

export function looseAt(schema, path = '()') {
  if (!schema || typeof schema !== 'object') return null;
  if (schema.type === 'object' || schema.properties) {
    if (schema.additionalProperties !== false) return `In context=${path}, 'additionalProperties' is required to be supplied and to be false.`;
    const missing = Object.keys(schema.properties ?? {}).find((k) => !(schema.required ?? []).includes(k));
    if (missing) return `In context=${path}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
  }
  for (const [k, v] of Object.entries(schema.properties ?? {})) {
    const inner = looseAt(v, `('properties', '${k}')`);
    if (inner) return inner;
  }
  return (schema.items && looseAt(schema.items, "('items')")) || (schema.anyOf ?? []).map((s) => looseAt(s, "('anyOf')")).find(Boolean) || null;
}

function conversation(messages) {
  let waiting = null;
  const unanswered = (i) => invalid(`An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...waiting].join(', ')}`, `messages.[${i}].role`);
  for (const [i, m] of messages.entries()) {
    if (m.role === 'tool') {
      if (!waiting) return invalid("Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.", `messages.[${i}].role`);
      if (!waiting.delete(m.tool_call_id)) return invalid(`Invalid parameter: 'tool_call_id' of '${m.tool_call_id}' not found in 'tool_calls' of previous message.`, `messages.[${i}].tool_call_id`);
      continue;
    }
    if (waiting?.size) return unanswered(i);
    waiting = null;
    if (m.role !== 'assistant') {
      const bad = badPart(m.content, i);
      if (bad) return bad;
      continue;
    }
    if ((m.content === null || m.content === undefined) && !m.tool_calls && !m.refusal && !m.audio)
      return invalid(`Invalid value for 'content': expected a string, got null.`, `messages.[${i}].content`);
    if (m.tool_calls) {
      if (!m.tool_calls.length) return invalid(`Invalid 'messages[${i}].tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.`, `messages[${i}].tool_calls`, 'empty_array');
      waiting = new Set(m.tool_calls.map((c) => c.id));
    }
  }
  return waiting?.size ? unanswered(messages.length) : null;
}

function badPart(content, i) {
  for (const [k, part] of (Array.isArray(content) ? content : []).entries()) {
    if (part.type !== 'image_url') continue;
    const url = part.image_url.url;
    if (!/^(https?:\/\/|data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*$)/.test(url))
      return invalid("Invalid image_url: expected a URL starting with 'http' or a base64-encoded data URL with an image MIME type.", `messages[${i}].content[${k}].image_url.url`, 'invalid_image_url');
  }
  return null;
}

function schemas(body) {
  const format = body.response_format;
  if (format?.type === 'json_object' && !/json/i.test(JSON.stringify(body.messages)))
    return invalid("'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.", 'messages');
  if (format?.type !== 'json_schema') return null;
  const { name, schema, strict } = format.json_schema;
  if (!NAME.test(name)) return invalid("Invalid 'response_format.json_schema.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.", 'response_format.json_schema.name', 'invalid_value');
  if (schema && schema.type !== 'object') return invalid(`Invalid schema for response_format '${name}': schema must be a JSON Schema of 'type: "object"', got 'type: "${schema.type}"'.`, 'response_format', null);
  const loose = strict ? looseAt(schema) : null;
  return loose ? invalid(`Invalid schema for response_format '${name}': ${loose}`, 'response_format', null) : null;
}
