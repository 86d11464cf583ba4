// Knows Anthropic's messages: what is refused, in which words, and how an answer looks.
import { Validator, loadSchema } from './schema.mjs';
import { parseStrictly, sendJson } from './http.mjs';
import { compose } from './scenario.mjs';

const document = loadSchema('anthropic');
const validator = new Validator(document);
const VERSIONS = ['2023-06-01', '2026-10-21'];
const MODELS = ['claude-3-5-haiku-20241022', 'claude-sonnet-4-5', 'claude-opus-4-8', 'claude-haiku-4-5'];
const NO_SAMPLING = /^claude-(opus-4-[78]|opus-5|sonnet-5|haiku-5|fable|mythos)/;
const SAMPLING = { temperature: [0, 1], top_p: [0, 1], top_k: [0, Infinity] };

export const anthropic = {
  name: 'anthropic',
  contentType: 'text/event-stream; charset=utf-8',
  terminal: (frame) => frame.startsWith('event: message_delta'),
  headers: (id) => ({ 'request-id': `req_${id}`, 'anthropic-organization-id': 'org-imitation' }),

  route(method, path) {
    const found = /^(\/anthropic)?\/v1\/(messages(?:\/count_tokens)?|models(?:\/([^/]+))?)$/.exec(path);
    if (!found) return null;
    const [, root, what, model] = found;
    // OpenAI lists its models under the same path; the version header tells which is meant.
    if (what.startsWith('models')) return { what: 'models', method: 'GET', shared: !root, serve: (ctx) => serveModels(ctx, model) };
    if (what.endsWith('count_tokens')) return { what: 'count', method: 'POST', serve: serveCount };
    return { what: 'chat', method: 'POST' };
  },

  authenticate(headers) {
    const key = headers['x-api-key'] ?? /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    if (!key) return { refuse: [401, { type: 'authentication_error', message: 'x-api-key header is required' }] };
    if (key.startsWith('bad')) return { key, refuse: [401, { type: 'authentication_error', message: 'invalid x-api-key' }] };
    const version = headers['anthropic-version'];
    if (!version) return { key, refuse: [400, { message: 'anthropic-version: header is required' }] };
    if (!VERSIONS.includes(version)) return { key, refuse: [400, { message: `anthropic-version: "${version}" is not a valid version` }] };
    return { key, version, betas: headers['anthropic-beta'] ?? '' };
  },

  error(status, detail = {}, route, id) {
    const known = STATUS[status] ?? STATUS[500];
    const { type, message, code } = { ...known, ...detail };
    const error = { type, message };
    if (code) error.details = { error_code: code };
    return { type: 'error', error, request_id: `req_${id}` };
  },
  unparsable: (why) => [400, { message: `The request body is not valid JSON: ${why}` }],
  errorFrame: () => `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })}\n\n`,
  textFrame: (text) => frame({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  refuse(body, route, auth) {
    const lost = findThread(body, auth);
    if (lost) return lost;
    const { sampling, rest } = splitSampling(body, auth.version);
    const name = rest.stream === true ? 'MessageCreateParamsStreaming' : 'MessageCreateParamsNonStreaming';
    const [problem] = validator.check(rest, name);
    if (problem) return [400, { message: describe(problem) }];
    if (!/^claude-|imitate-/.test(body.model) || /no-such/.test(body.model)) return [404, { message: `model: ${body.model}` }];
    return limits(body) ?? marks(body) ?? samplingRules(sampling, body) ?? conversation(body) ?? tools(body) ?? thinking(body) ?? output(body);
  },

  view(body) {
    const last = body.messages.at(-1);
    const blocks = (m) => (typeof m.content === 'string' ? [{ type: 'text', text: m.content }] : m.content);
    const users = body.messages.filter((m) => m.role === 'user' && blocks(m).some((b) => b.type === 'text'));
    const results = last.role === 'user' ? blocks(last).filter((b) => b.type === 'tool_result') : [];
    const choice = body.tool_choice?.type;
    return {
      body,
      text: blocks(users.at(-1) ?? { content: '' }).filter((b) => b.type === 'text').map((b) => b.text).join('\n'),
      model: body.model,
      stream: body.stream === true,
      results: results.map((r) => ({ id: r.tool_use_id, text: (r.is_error ? 'failed: ' : '') + [].concat(r.content ?? []).map((c) => (typeof c === 'string' ? c : c.text ?? `[${c.type}]`)).join('') })),
      tools: (body.tools ?? []).map((t) => ({ name: t.name, schema: t.input_schema })),
      choice: { any: 'required', tool: 'named', none: 'none' }[choice] ?? 'auto',
      choiceName: body.tool_choice?.name,
      parallel: !body.tool_choice?.disable_parallel_tool_use,
      schema: body.output_config?.format?.schema ?? null,
      cites: blocks(users.at(-1) ?? { content: '' }).some((b) => b.citations?.enabled),
      thinking: /enabled|adaptive|between_tools/.test(body.thinking?.type) && body.thinking.display !== 'omitted',
    };
  },

  plain(view, scenario, id) {
    const answer = compose(scenario, view);
    keepThread(view, id, blocksOf(answer, id, scenario, view));
    return { ...message(view, id, usage(answer.usage, scenario)), content: blocksOf(answer, id, scenario, view), stop_reason: STOP[answer.finish], stop_details: stopDetails(answer) };
  },

  stream(view, scenario, id) {
    const answer = compose(scenario, view);
    keepThread(view, id, blocksOf(answer, id, scenario, view));
    const total = usage(answer.usage, scenario);
    const frames = [frame({ type: 'message_start', message: { ...message(view, id, { ...total, output_tokens: 1 }), content: [] } })];
    frames.push(frame({ type: 'ping' }));
    blocksOf(answer, id, scenario, view).forEach((block, index) => frames.push(...blockFrames(block, index, answer)));
    frames.push(frame({ type: 'message_delta', delta: { stop_reason: STOP[answer.finish], stop_sequence: null, stop_details: stopDetails(answer), container: null }, usage: deltaUsage(total) }));
    frames.push(frame({ type: 'message_stop' }));
    return frames;
  },
};

// ---- conversations that are kept here between turns: what stands in a body is then only what is new ----

const threads = new Map(); // by the id of the reply that ended them so far
const THREADED = Symbol('threaded');

/* Makes the body whole; the refusal when the thread is not here. */
function findThread(body, auth) {
  if (!body.thread) return null;
  if (!auth.betas.includes('message-threads-2026-08-12')) return invalid('thread: Extra inputs are not permitted');
  const held = threads.get(body.thread.previous_message_id);
  if (body.thread.type === 'continue' && !held) return [404, { message: 'The thread was not found.', code: 'thread_not_found' }];
  if (held) Object.assign(body, held, { messages: [...held.messages, ...body.messages] });
  delete body.thread;
  Object.defineProperty(body, THREADED, { value: true });
  return null;
}

function keepThread({ body }, id, content) {
  if (!body[THREADED]) return;
  const { tools, system, tool_choice } = body;
  threads.set(`msg_${id}`, { ...(tools && { tools }), ...(system && { system }), ...(tool_choice && { tool_choice }), messages: [...body.messages, { role: 'assistant', content }] });
}

const STOP = { stop: 'end_turn', tools: 'tool_use', length: 'max_tokens', refusal: 'refusal', filter: 'refusal', block: 'refusal' };
const STATUS = {
  400: { type: 'invalid_request_error', message: 'The request was refused on purpose.' },
  401: { type: 'authentication_error', message: 'invalid x-api-key' },
  402: { type: 'billing_error', message: 'Your credit balance is too low to access the Anthropic API.' },
  403: { type: 'permission_error', message: 'Your API key does not have permission to use the specified resource.' },
  404: { type: 'not_found_error', message: 'model: claude-none' },
  413: { type: 'request_too_large', message: 'Request exceeds the maximum size' },
  429: { type: 'rate_limit_error', message: "This request would exceed your organization's rate limit of 50 requests per minute." },
  500: { type: 'api_error', message: 'Internal server error' },
  503: { type: 'api_error', message: 'Service unavailable' },
  529: { type: 'overloaded_error', message: 'Overloaded' },
};

function serveModels({ request, response, id, headers, refuse }, model) {
  const query = new URL(request.url, 'http://imitation').searchParams;
  const info = (name) => ({ type: 'model', id: name, display_name: name, created_at: '2026-01-01T00:00:00Z', capabilities: null, deprecated_at: null, lifecycle: 'active', line: null, max_input_tokens: 200000, max_tokens: 64000, retires_at: null });
  if (model && !MODELS.includes(model)) return refuse([404, { message: `model: ${model}` }]);
  if (model) return sendJson(response, 200, info(model), headers);
  const limit = Number(query.get('limit') ?? 20);
  if (!(limit >= 1 && limit <= 1000)) return refuse([400, { message: 'limit: Input should be greater than or equal to 1' }]);
  const data = MODELS.slice(MODELS.indexOf(query.get('after_id')) + 1).slice(0, limit).map(info);
  return sendJson(response, 200, { data, has_more: data.at(-1)?.id !== MODELS.at(-1), first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }, headers);
}

// Counts characters: the same prompt has the same length, a longer one more.
function serveCount({ request, response, bytes, entry, refuse, headers }) {
  let body;
  try {
    body = parseStrictly(bytes);
  } catch (error) {
    return refuse(anthropic.unparsable(error.message));
  }
  entry.body = body;
  const [problem] = validator.check(body, 'MessageCountTokensParams');
  if (problem) return refuse([400, { message: describe(problem) }]);
  if (/no-such/.test(body.model)) return refuse([404, { message: `model: ${body.model}` }]);
  const refusal = marks(body) ?? conversation(body) ?? tools(body);
  if (refusal) return refuse(refusal);
  entry.status = 200;
  return sendJson(response, 200, { input_tokens: JSON.stringify([body.system, body.tools, body.messages]).length }, headers);
}

const frame = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
const signatureOf = (text) => `c2ln${Buffer.from(text).toString('base64')}`;

function message(view, id, used) {
  return { id: `msg_${id}`, type: 'message', role: 'assistant', model: view.model, content: [], stop_reason: null, stop_sequence: null, stop_details: null, container: null, diagnostics: null, usage: used };
}

function usage(u, scenario) {
  const base = { cache_creation: { ephemeral_5m_input_tokens: u.cacheWrite, ephemeral_1h_input_tokens: 0 }, cache_creation_input_tokens: u.cacheWrite, cache_read_input_tokens: u.cacheRead, inference_geo: null, output_tokens_details: u.reasoning ? { thinking_tokens: u.reasoning } : null, server_tool_use: null, service_tier: 'standard', speed: null };
  if (scenario['negative-usage']) return { ...base, input_tokens: -5, output_tokens: -1 };
  if (scenario['huge-usage']) return { ...base, input_tokens: 1e300, output_tokens: 'many' };
  return { ...base, input_tokens: u.prompt - u.cacheRead - u.cacheWrite, output_tokens: u.output + u.reasoning };
}

const deltaUsage = ({ cache_creation_input_tokens, cache_read_input_tokens, input_tokens, output_tokens, output_tokens_details, server_tool_use }) => ({ cache_creation_input_tokens, cache_read_input_tokens, input_tokens, output_tokens, output_tokens_details, server_tool_use });
const stopDetails = (answer) => (STOP[answer.finish] === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null);

const CITED = { type: 'char_location', cited_text: 'the document says so', document_index: 0, document_title: 'D', file_id: null, start_char_index: 0, end_char_index: 20 };

function blocksOf(answer, id, scenario, view) {
  const blocks = [];
  const thought = answer.reasoning.join('');
  if (thought) blocks.push({ type: 'thinking', thinking: thought, signature: signatureOf(thought) });
  if (scenario.redacted) blocks.push({ type: 'redacted_thinking', data: 'cmVkYWN0ZWQ=' });
  if (answer.pieces.length) blocks.push({ type: 'text', text: answer.pieces.join(''), citations: view.cites ? [CITED] : null });
  answer.calls.forEach((c, i) => blocks.push({ type: 'tool_use', id: `toolu_${id}_${i}`, name: c.name, input: c.arguments, caller: { type: 'direct' } }));
  return blocks;
}

const EMPTY = { text: { text: '', citations: null }, thinking: { thinking: '', signature: '' }, redacted_thinking: {}, tool_use: { input: {} } };

function blockFrames(block, index, answer) {
  const delta = (d) => frame({ type: 'content_block_delta', index, delta: d });
  const frames = [frame({ type: 'content_block_start', index, content_block: { ...block, ...EMPTY[block.type] } })];
  if (block.type === 'text') for (const text of answer.pieces) frames.push(delta({ type: 'text_delta', text }));
  for (const citation of block.citations ?? []) frames.push(delta({ type: 'citations_delta', citation }));
  if (block.type === 'thinking') {
    for (const thinking of answer.reasoning) frames.push(delta({ type: 'thinking_delta', thinking }));
    frames.push(delta({ type: 'signature_delta', signature: block.signature }));
  }
  if (block.type === 'tool_use') {
    const text = JSON.stringify(block.input);
    frames.push(delta({ type: 'input_json_delta', partial_json: '' }));
    for (let i = 0; text !== '{}' && i < text.length; i += 4) frames.push(delta({ type: 'input_json_delta', partial_json: text.slice(i, i + 4) }));
  }
  frames.push(frame({ type: 'content_block_stop', index }));
  return frames;
}

// The newest version's types have no sampling members; the older one takes them.
function splitSampling(body, version) {
  if (version !== '2023-06-01') return { sampling: {}, rest: body };
  const sampling = {}, rest = { ...body };
  for (const name of Object.keys(SAMPLING))
    if (name in rest) {
      sampling[name] = rest[name];
      delete rest[name];
    }
  return { sampling, rest };
}

function describe(problem) {
  const where = problem.path.join('.');
  const inner = problem.kind === 'union' ? problem.inner.find((p) => p.kind === 'enum') : null;
  if (problem.kind === 'unknown') return `${where}: Extra inputs are not permitted`;
  if (problem.kind === 'missing') return `${where}: Field required`;
  if (problem.kind === 'type') return `${where}: Input should be a valid ${{ object: 'dictionary', array: 'list', boolean: 'boolean' }[problem.expected] ?? problem.expected}`;
  if (inner) return `${where}: Input tag '${inner.value}' found using 'type' does not match any of the expected tags`;
  if (problem.kind === 'enum') return `${where}: Input should be ${problem.expected.map((v) => `'${v}'`).join(' or ')}`;
  return `${where}: ${problem.kind}`;
}

const invalid = (text) => [400, { message: text }];

function limits(body) {
  const most = /claude-3-5/.test(body.model) ? 8192 : /claude-3-(haiku|opus)/.test(body.model) ? 4096 : /opus-4-(1|2025)/.test(body.model) ? 32000 : /sonnet-4|haiku-4/.test(body.model) ? 64000 : 128000;
  if (!Number.isInteger(body.max_tokens) || body.max_tokens < 1) return invalid('max_tokens: Input should be greater than or equal to 1');
  if (body.max_tokens > most) return invalid(`max_tokens: ${body.max_tokens} > ${most}, which is the maximum allowed number of output tokens for ${body.model}`);
  if ((body.stop_sequences ?? []).some((s) => !s.trim())) return invalid('stop_sequences: each stop sequence must contain non-whitespace');
  return null;
}

// At most four, and what is kept for an hour stands before what is kept for less.
function marks(body) {
  const found = JSON.stringify([body.tools, body.system, body.messages, { cache_control: body.cache_control }]).match(/"cache_control":\{[^}]*\}/g) ?? [];
  if (found.length > 4) return invalid(`A maximum of 4 blocks with cache_control may be provided. Found ${found.length}.`);
  const late = found.findIndex((m, i) => /"1h"/.test(m) && found.slice(0, i).some((e) => !/"1h"/.test(e)));
  return late < 0 ? null : invalid("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: `tools`, `system`, `messages`.");
}

function samplingRules(sampling, body) {
  for (const [name, [low, high]] of Object.entries(SAMPLING)) {
    if (!(name in sampling)) continue;
    if (NO_SAMPLING.test(body.model)) return invalid(`\`${name}\` is deprecated for this model.`);
    const v = sampling[name];
    if (typeof v !== 'number' || v < low || v > high) return invalid(`${name}: Input should be between ${low} and ${high}`);
  }
  if ('temperature' in sampling && 'top_p' in sampling && /-4-5|opus-4-1/.test(body.model)) return invalid('`temperature` and `top_p` cannot both be specified for this model. Please use only one.');
  return null;
}

function conversation(body) {
  if (!body.messages.length) return invalid('messages: at least one message is required');
  if (body.messages[0].role !== 'user') return invalid('messages: first message must use the "user" role');
  const ids = new Set();
  let open = [];
  for (const [i, m] of body.messages.entries()) {
    const last = i === body.messages.length - 1;
    const blocks = typeof m.content === 'string' ? (m.content ? [{ type: 'text', text: m.content }] : []) : m.content;
    if (!blocks.length && !(last && m.role === 'assistant')) return invalid(`messages.${i}: all messages must have non-empty content except for the optional final assistant message`);
    if (m.role === 'system') return invalid(`messages: Unexpected role "system". The Messages API accepts a top-level \`system\` parameter, not "system" as an input message role.`);
    const bad = blockRules(blocks, m, i) ?? answers(blocks, m, i, open) ?? calls(blocks, m, i, ids);
    if (bad) return bad;
    open = m.role === 'assistant' ? blocks.filter((b) => b.type === 'tool_use').map((b) => b.id) : [];
    if (last && m.role === 'assistant') {
      if (NO_SAMPLING.test(body.model)) return invalid('This model does not support assistant message prefill. The conversation must end with a user message.');
      if (/\s$/.test(blocks.at(-1)?.text ?? '')) return invalid('messages: final assistant content cannot end with trailing whitespace');
    }
  }
  return open.length ? invalid(unanswered(body.messages.length - 1, open)) : null;
}

const unanswered = (i, ids) => `messages.${i}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;

function blockRules(blocks, m, i) {
  for (const [k, b] of blocks.entries()) {
    const where = `messages.${i}.content.${k}`;
    if (b.type === 'text' && !b.text) return invalid('messages: text content blocks must be non-empty');
    if (b.type === 'text' && !b.text.trim()) return invalid('messages: text content blocks must contain non-whitespace text');
    if (m.role === 'assistant' && /^(image|document|tool_result)$/.test(b.type)) return invalid(`${where}: \`${b.type}\` blocks can only be in user messages`);
    if (m.role === 'user' && /^(tool_use|thinking|redacted_thinking)$/.test(b.type)) return invalid(`${where}: \`${b.type}\` blocks can only be in \`assistant\` messages`);
    for (const [n, inner] of [b, ...(b.type === 'tool_result' && Array.isArray(b.content) ? b.content : [])].entries()) {
      const bad = inner.type === 'image' && inner.source.type === 'base64' ? badImage(inner.source, n ? `${where}.tool_result.content.${n - 1}` : where) : null;
      if (bad) return bad;
      if (n && inner.type === 'text' && !inner.text) return invalid('messages: text content blocks must be non-empty');
      if (inner.type === 'document' && inner.source.type === 'base64' && !/^JVBERi0/.test(inner.source.data)) return invalid(`${where}.document.source.base64.data: The PDF specified was not valid.`);
    }
  }
  return null;
}

const MAGIC = { 'image/png': /^iVBORw0KGgo/, 'image/jpeg': /^\/9j\//, 'image/gif': /^R0lGOD/, 'image/webp': /^UklGR/ };

function badImage(source, where) {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(source.data)) return invalid(`${where}.image.source.base64.data: Invalid base64 data`);
  const actual = Object.keys(MAGIC).find((t) => MAGIC[t].test(source.data));
  if (!actual) return invalid(`${where}.image.source.base64.data: Could not process image`);
  if (actual !== source.media_type) return invalid(`${where}.image.source.base64.data: Image does not match the provided media type ${source.media_type}`);
  return null;
}

function answers(blocks, m, i, open) {
  if (m.role !== 'user') return open.length ? invalid(unanswered(i - 1, open)) : null;
  const results = blocks.filter((b) => b.type === 'tool_result');
  const missing = open.filter((id) => !results.some((r) => r.tool_use_id === id));
  const first = blocks.findIndex((b) => b.type !== 'tool_result');
  if (missing.length || (open.length && first >= 0 && blocks.slice(first).some((b) => b.type === 'tool_result'))) return invalid(unanswered(i - 1, missing.length ? missing : open));
  const stray = results.findIndex((r) => !open.includes(r.tool_use_id));
  if (stray >= 0) return invalid(`messages.${i}.content.${stray}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${results[stray].tool_use_id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`);
  const seen = new Set(results.map((r) => r.tool_use_id));
  return seen.size === results.length ? null : invalid(`messages.${i}: each tool_use must have a single result.`);
}

function calls(blocks, m, i, ids) {
  for (const [k, b] of blocks.entries()) {
    if (b.type !== 'tool_use') continue;
    if (!/^[a-zA-Z0-9_-]+$/.test(b.id)) return invalid(`messages.${i}.content.${k}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
    if (ids.has(b.id)) return invalid(`messages.${i}.content.${k}: \`tool_use\` ids must be unique`);
    ids.add(b.id);
    if (!b.input || typeof b.input !== 'object' || Array.isArray(b.input)) return invalid(`messages.${i}.content.${k}.tool_use.input: Input should be a valid dictionary`);
    if (!/^[a-zA-Z0-9_-]{1,200}$/.test(b.name)) return invalid(`messages.${i}.content.${k}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,200}$'`);
  }
  return null;
}

function tools(body) {
  const names = (body.tools ?? []).map((t) => t.name);
  const bad = names.findIndex((n) => !/^[a-zA-Z0-9_-]{1,128}$/.test(n));
  if (bad >= 0) return invalid(`tools.${bad}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
  if (new Set(names).size !== names.length) return invalid('tools: Tool names must be unique.');
  const choice = body.tool_choice;
  if (choice && choice.type !== 'none' && !names.length) return invalid('tool_choice: may only be specified while providing tools');
  if (choice?.type === 'tool' && !names.includes(choice.name)) return invalid(`tool_choice: Tool '${choice.name}' not found in provided tools`);
  return null;
}

function thinking(body) {
  const t = body.thinking;
  if (!t || t.type === 'disabled') return null;
  if (t.type === 'enabled') {
    if (NO_SAMPLING.test(body.model)) return invalid('"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.');
    if (/claude-3-5|claude-3-(haiku|opus)/.test(body.model)) return invalid(`'${body.model}' does not support thinking.`);
    if (t.budget_tokens < 1024) return invalid('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024');
    if (t.budget_tokens >= body.max_tokens) return invalid('`max_tokens` must be greater than `thinking.budget_tokens`.');
    if ((body.temperature ?? 1) !== 1) return invalid('`temperature` may only be set to 1 when thinking is enabled.');
    if (body.top_k !== undefined) return invalid('`top_k` must be unset when thinking is enabled.');
  } else if (/claude-(3|sonnet-4-5|haiku-4|opus-4-[15])/.test(body.model)) return invalid('adaptive thinking is not supported on this model');
  if (/^(any|tool)$/.test(body.tool_choice?.type)) return invalid('Thinking may not be enabled when tool_choice forces tool use.');
  const lastUser = body.messages.findLastIndex((m) => m.role === 'user' && !(Array.isArray(m.content) && m.content.some((b) => b.type === 'tool_result')));
  for (const [i, m] of body.messages.entries()) {
    const blocks = Array.isArray(m.content) ? m.content : [];
    for (const b of blocks) if (b.type === 'thinking' && b.signature !== signatureOf(b.thinking)) return invalid(`messages.${i}.content.0: Invalid \`signature\` in \`thinking\` block`);
    if (t.type === 'enabled' && i > lastUser && m.role === 'assistant' && blocks.some((b) => b.type === 'tool_use') && !/thinking/.test(blocks[0].type))
      return invalid(`messages.${i}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${blocks[0].type}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`);
  }
  return null;
}

function output(body) {
  const effort = body.output_config?.effort;
  if (effort && /claude-(3|sonnet-4|haiku-4|opus-4-1)/.test(body.model)) return invalid('This model does not support the effort parameter.');
  const format = body.output_config?.format;
  if (!format) return null;
  if (/claude-(3|sonnet-4-2|opus-4-2)/.test(body.model)) return invalid(`'${body.model}' does not support output format.`);
  const loose = looseAt(format.schema);
  return loose ? invalid(`output_config.format.schema: ${loose}`) : null;
}

function looseAt(schema) {
  if (!schema || typeof schema !== 'object') return null;
  if (schema.type === 'object' && schema.additionalProperties !== false) return "For 'object' type, 'additionalProperties' must be explicitly set to false";
  for (const inner of [...Object.values(schema.properties ?? {}), schema.items, ...(schema.anyOf ?? [])]) {
    const found = looseAt(inner);
    if (found) return found;
  }
  return null;
}
