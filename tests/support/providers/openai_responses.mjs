// Knows OpenAI's Responses: what is refused, in which words, and how an answer looks, streamed or whole.
import { DIALECTS, NAME, REASONING, describe, invalid, looseAt, openai } from './openai.mjs';
import { compose } from './scenario.mjs';
import { Validator, loadSchema } from './schema.mjs';

const validator = new Validator(loadSchema('openai_responses'), { closed: true });
const INCLUDE = { encrypted: 'reasoning.encrypted_content', logprobs: 'message.output_text.logprobs' };
const stored = new Set(); // ids of answers that were to be kept

export const openaiResponses = {
  ...openai,
  terminal: (frame) => /"type":"response\.(completed|incomplete|failed)"/.test(frame),
  errorFrame: () => event({ type: 'error', sequence_number: 9, error: { type: 'server_error', code: null, message: 'The server had an error while processing your request. Sorry about that!', param: null } }),
  textFrame: (text) => event({ type: 'response.output_text.delta', sequence_number: 9, item_id: 'msg_1', output_index: 0, content_index: 0, delta: text, logprobs: [] }),

  route(method, path) {
    const found = /^(?:\/(openai|xai|openrouter|ollama|doubao|poe))?(?:\/api)?(?:\/v[13])?\/responses$/.exec(path);
    return found && { dialect: found[1] ?? 'openai', what: 'responses', method: 'POST' };
  },

  refuse(body, route) {
    const dialect = DIALECTS[route.dialect];
    const [problem] = validator.check(body, 'CreateResponse').filter((p) => !tolerated(p));
    if (problem && !dialect.open) return [400, unknown(problem)];
    if (typeof body.model !== 'string' || !dialect.known.test(body.model) || /no-such/.test(body.model))
      return [404, { message: `The model \`${body.model}\` does not exist or you do not have access to it.`, type: 'invalid_request_error', code: 'model_not_found' }];
    return parameters(body, dialect) ?? tools(body) ?? input(body) ?? formats(body);
  },

  view(body, route) {
    const items = itemsOf(body);
    const last = items.findLastIndex((i) => i.role === 'assistant' || /^(function_call|reasoning)$/.test(i.type));
    const choice = body.tool_choice;
    const format = body.text?.format;
    const reasons = REASONING.test(body.model) || route.dialect !== 'openai';
    return {
      text: textOf(items.filter((i) => i.role === 'user').at(-1)?.content),
      model: body.model,
      stream: body.stream === true,
      results: items.slice(last + 1).filter((i) => i.type === 'function_call_output').map((i) => ({ id: i.call_id, text: textOf(i.output) })),
      tools: (body.tools ?? []).filter((t) => t.type === 'function').map((t) => ({ name: t.name, schema: t.parameters })),
      choice: typeof choice === 'object' && choice ? 'named' : choice,
      choiceName: choice?.name,
      parallel: body.parallel_tool_calls ?? true,
      schema: format?.type === 'json_schema' ? format.schema : null,
      json: format?.type === 'json_object',
      thinking: reasons && Boolean(body.reasoning?.summary),
      sealed: reasons && (body.include ?? []).includes(INCLUDE.encrypted),
      logprobs: (body.include ?? []).includes(INCLUDE.logprobs),
      reasons,
      body,
    };
  },

  plain(view, scenario, id) {
    const answer = compose(scenario, view);
    if (view.body.background) return response(view, id, 'queued', [], null);
    return finished(view, scenario, id, answer, output(view, scenario, id, answer));
  },

  stream(view, scenario, id) {
    const answer = compose(scenario, view);
    const items = output(view, scenario, id, answer);
    const frames = [];
    const tell = (e) => frames.push(event({ type: e.type, sequence_number: frames.length, ...e }));
    const started = response(view, id, 'in_progress', [], null);
    tell({ type: 'response.created', response: started });
    tell({ type: 'response.in_progress', response: started });
    items.forEach((item, i) => tellItem(tell, item, i, answer));
    const end = finished(view, scenario, id, answer, items);
    tell({ type: `response.${end.status}`, response: end });
    return frames;
  },
};

const event = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const itemsOf = (body) => (typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : body.input ?? []);
const textOf = (content) => (typeof content === 'string' ? content : (content ?? []).filter((p) => p.text !== undefined).map((p) => p.text).join('\n'));

/* ---- what is refused ---- */

// What clients get in answers and send back is taken.
const tolerated = (p) => p.kind === 'unknown' && p.path[0] === 'input' && /^(parsed|parsed_arguments|output_text)$/.test(String(p.path.at(-1)));

function unknown(problem) {
  const where = problem.path.join('.');
  if (problem.kind === 'unknown') return { message: `Unknown parameter: '${where}'.`, type: 'invalid_request_error', param: where, code: 'unknown_parameter' };
  return describe(problem);
}

function parameters(body, dialect) {
  const unsupported = (name) => invalid(`Unsupported parameter: '${name}' is not supported with this model.`, name, 'unsupported_parameter');
  if (body.input === undefined && !body.previous_response_id && !body.prompt && !body.conversation)
    return invalid("Missing required parameter: 'input'.", 'input', 'missing_required_parameter');
  if (dialect.open) return null;
  if (REASONING.test(body.model)) {
    for (const name of ['temperature', 'top_p', 'top_logprobs']) if ((body[name] ?? 1) !== 1) return unsupported(name);
  } else {
    for (const name of ['effort', 'summary']) if (body.reasoning?.[name]) return unsupported(`reasoning.${name}`);
    if ((body.include ?? []).includes(INCLUDE.encrypted)) return invalid('Encrypted content is not supported with this model.', 'include');
  }
  if ((body.user ?? '').length > 64)
    return invalid(`Invalid 'user': string too long. Expected a string with maximum length 64, but got a string with length ${body.user.length} instead.`, 'user', 'string_above_max_length');
  if (body.previous_response_id && !stored.has(body.previous_response_id))
    return invalid(`Previous response with id '${body.previous_response_id}' not found.`, 'previous_response_id', 'previous_response_not_found');
  return null;
}

function tools(body) {
  const list = body.tools ?? [];
  for (const [i, t] of list.entries()) {
    if (t.type !== 'function') continue;
    if (!NAME.test(t.name)) return invalid(`Invalid 'tools[${i}].name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`, `tools[${i}].name`, 'invalid_value');
    if (t.parameters && t.parameters.type !== 'object') return invalid(`Invalid schema for function '${t.name}': schema must be a JSON Schema of 'type: "object"', got 'type: "${t.parameters.type}"'.`, `tools[${i}].parameters`, 'invalid_function_parameters');
    const loose = t.strict ? looseAt(t.parameters ?? {}) : null;
    if (loose) return invalid(`Invalid schema for function '${t.name}': ${loose}`, `tools[${i}].parameters`, 'invalid_function_parameters');
  }
  const named = body.tool_choice?.type === 'function' && body.tool_choice.name;
  if (named && !list.some((t) => t.name === named)) return invalid(`Tool choice 'function' not found in 'tools' parameter.`, 'tool_choice');
  return null;
}

const PREFIX = { message: 'msg_', function_call: 'fc_', reasoning: 'rs_', function_call_output: 'fc' };

// Calls and their results come in pairs; what was sealed must come back as it was.
function input(body) {
  const items = itemsOf(body);
  const calls = new Set();
  const results = new Set();
  for (const [i, item] of items.entries()) {
    const type = item.type ?? 'message';
    if (item.id && PREFIX[type] && !item.id.startsWith(PREFIX[type]) && type !== 'function_call_output')
      return invalid(`Invalid 'input[${i}].id': '${item.id}'. Expected an ID that begins with '${PREFIX[type].slice(0, -1)}'.`, `input[${i}].id`, 'invalid_value');
    const wrong = item.role === 'assistant' && Array.isArray(item.content) && item.content.findIndex((p) => !/^(output_text|refusal)$/.test(p.type));
    if (wrong !== false && wrong >= 0) return invalid(`Invalid value: '${item.content[wrong].type}'. Supported values are: 'output_text' and 'refusal'.`, `input[${i}].content[${wrong}]`, 'invalid_value');
    if (type === 'function_call') calls.add(item.call_id);
    if (type === 'function_call_output' && !calls.has(item.call_id) && !body.previous_response_id)
      return invalid(`No tool call found for function call output with call_id ${item.call_id}.`, 'input');
    if (type === 'function_call_output') results.add(item.call_id);
    if (type === 'reasoning' && !sealedHere(item, body)) return invalid(`The encrypted content for item ${item.id} could not be verified. Reason: Encrypted content item_id did not match the target item id.`, null, 'invalid_encrypted_content');
    if (type === 'item_reference') return [404, { message: `Item with id '${item.id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`, type: 'invalid_request_error', param: 'input' }];
  }
  const open = [...calls].find((c) => !results.has(c));
  return open ? invalid(`No tool output found for function call ${open}.`, 'input') : null;
}

const seal = (id, summary) => `gAAAA${Buffer.from(`${id}|${summary}`).toString('base64url')}`;

function sealedHere(item, body) {
  if (!item.encrypted_content) return body.store !== false;
  const text = item.summary.map((s) => s.text).join('\n\n');
  const [id, summary] = Buffer.from(item.encrypted_content.slice(5), 'base64url').toString().split('|');
  return item.encrypted_content.startsWith('gAAAA') && (item.id === undefined || item.id === id) && text === summary;
}

function formats(body) {
  const format = body.text?.format;
  if (format?.type === 'json_object' && !/json/i.test(JSON.stringify(body.input) + (body.instructions ?? '')))
    return invalid("Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.", 'input');
  if (format?.type !== 'json_schema') return null;
  if (!NAME.test(format.name)) return invalid("Invalid 'text.format.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.", 'text.format.name', 'invalid_value');
  const loose = format.strict ? looseAt(format.schema) : null;
  return loose ? invalid(`Invalid schema for response_format '${format.name}': ${loose}`, 'text.format.schema', 'invalid_json_schema') : null;
}

/* ---- what is answered ---- */

const logprobsOf = (text) => [{ token: text, logprob: -0.25, bytes: [...Buffer.from(text)], top_logprobs: [] }];
const CITED = { type: 'url_citation', url: 'https://example.com/source', title: 'A source', start_index: 0, end_index: 5 };
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

function output(view, scenario, id, answer) {
  const items = [];
  if (view.reasons && scenario.reason) {
    const summary = answer.reasoning.length ? [{ type: 'summary_text', text: answer.reasoning.join('') }] : [];
    const item = { id: `rs_${id}`, type: 'reasoning', summary };
    if (view.sealed) item.encrypted_content = seal(item.id, summary.map((s) => s.text).join('\n\n'));
    items.push(item);
  }
  if (scenario.search) items.push({ id: `ws_${id}`, type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'q' } });
  if (scenario.image) items.push({ id: `ig_${id}`, type: 'image_generation_call', status: 'completed', result: PIXEL });
  const text = answer.pieces.join('');
  const status = answer.finish === 'length' ? 'incomplete' : 'completed';
  const part = answer.finish === 'refusal' ? { type: 'refusal', refusal: text } : { type: 'output_text', text, annotations: scenario.cite ? [CITED] : [], logprobs: view.logprobs ? answer.pieces.flatMap(logprobsOf) : [] };
  if (text) items.push({ id: `msg_${id}`, type: 'message', status, role: 'assistant', content: [part] });
  answer.calls.forEach((c, i) => {
    const text = scenario['bad-arguments'] ? '{"city": Par' : scenario['empty-arguments'] ? '' : JSON.stringify(c.arguments);
    items.push({ id: `fc_${id}_${i}`, type: 'function_call', status: 'completed', arguments: text, call_id: `call_${id}_${i}`, name: c.name });
  });
  return items;
}

function usage(u, scenario) {
  if (scenario['negative-usage']) return { input_tokens: -5, input_tokens_details: { cached_tokens: -1 }, output_tokens: -1, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: -6 };
  if (scenario['huge-usage']) return { input_tokens: 1e300, output_tokens: 99999999999999999999, total_tokens: 'many' };
  return { input_tokens: u.prompt, input_tokens_details: { cached_tokens: u.cacheRead, cache_write_tokens: 0 }, output_tokens: u.output + u.reasoning, output_tokens_details: { reasoning_tokens: u.reasoning }, total_tokens: u.prompt + u.output + u.reasoning };
}

function response(view, id, status, items, used, more = {}) {
  const { body } = view;
  if (body.store !== false) stored.add(`resp_${id}`);
  return {
    id: `resp_${id}`, object: 'response', created_at: 1764000000, status, background: body.background ?? false, error: null, incomplete_details: null,
    instructions: body.instructions ?? null, max_output_tokens: body.max_output_tokens ?? null, model: `${view.model}-2026-01-01`, output: items,
    parallel_tool_calls: body.parallel_tool_calls ?? true, previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: body.reasoning?.summary ?? null }, service_tier: 'default', store: body.store ?? true,
    temperature: body.temperature ?? 1, text: body.text?.format ? body.text : { format: { type: 'text' } }, tool_choice: body.tool_choice ?? 'auto', tools: body.tools ?? [],
    top_p: body.top_p ?? 1, truncation: 'disabled', usage: used, user: body.user ?? null, metadata: body.metadata ?? {}, ...more,
  };
}

function finished(view, scenario, id, answer, items) {
  const reason = { length: 'max_output_tokens', filter: 'content_filter', block: 'content_filter' }[answer.finish];
  return response(view, id, reason ? 'incomplete' : 'completed', items, usage(answer.usage, scenario), reason ? { incomplete_details: { reason } } : {});
}

/* ---- item by item ---- */

function tellItem(tell, item, output_index, answer) {
  const at = { item_id: item.id, output_index };
  const begun = { ...item, ...{ message: { status: 'in_progress', content: [] }, reasoning: { summary: [], encrypted_content: undefined }, function_call: { status: 'in_progress', arguments: '' }, image_generation_call: { status: 'in_progress', result: null } }[item.type] };
  tell({ type: 'response.output_item.added', output_index, item: begun });
  if (item.type === 'message') tellPart(tell, { ...at, content_index: 0 }, item.content[0], answer);
  else if (item.type === 'reasoning') tellSummary(tell, { ...at, summary_index: 0 }, item, answer);
  else if (item.type === 'function_call') tellArguments(tell, at, item);
  else if (item.type === 'web_search_call') tell({ type: 'response.web_search_call.completed', ...at });
  tell({ type: 'response.output_item.done', output_index, item });
}

function tellPart(tell, at, part, answer) {
  const refusal = part.type === 'refusal';
  tell({ type: 'response.content_part.added', ...at, part: refusal ? { type: 'refusal', refusal: '' } : { type: 'output_text', text: '', annotations: [], logprobs: [] } });
  for (const piece of answer.pieces)
    tell(refusal ? { type: 'response.refusal.delta', ...at, delta: piece } : { type: 'response.output_text.delta', ...at, delta: piece, logprobs: part.logprobs.length ? logprobsOf(piece) : [], obfuscation: 'abcdEFGH' });
  (part.annotations ?? []).forEach((annotation, annotation_index) => tell({ type: 'response.output_text.annotation.added', ...at, annotation_index, annotation }));
  tell(refusal ? { type: 'response.refusal.done', ...at, refusal: part.refusal } : { type: 'response.output_text.done', ...at, text: part.text, logprobs: part.logprobs });
  tell({ type: 'response.content_part.done', ...at, part });
}

function tellSummary(tell, at, item, answer) {
  if (!item.summary.length) return;
  tell({ type: 'response.reasoning_summary_part.added', ...at, part: { type: 'summary_text', text: '' } });
  for (const piece of answer.reasoning) tell({ type: 'response.reasoning_summary_text.delta', ...at, delta: piece, obfuscation: 'ab' });
  tell({ type: 'response.reasoning_summary_text.done', ...at, text: item.summary[0].text });
  tell({ type: 'response.reasoning_summary_part.done', ...at, part: item.summary[0] });
}

// Arguments cut anywhere, also inside escapes.
function tellArguments(tell, at, item) {
  for (let i = 0; i < item.arguments.length; i += 3) tell({ type: 'response.function_call_arguments.delta', ...at, delta: item.arguments.slice(i, i + 3), obfuscation: 'a' });
  tell({ type: 'response.function_call_arguments.done', ...at, name: item.name, arguments: item.arguments });
}
