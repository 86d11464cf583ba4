// Knows Gemini's generateContent: what is refused, in which words, and how an answer looks.
import { Validator, loadSchema } from './schema.mjs';
import { compose } from './scenario.mjs';
import { mediaAnswer, refuseMedia, taskRoute } from './gemini_tasks.mjs';

const validator = new Validator(loadSchema('gemini'));
const MODELS = ['gemini-2.0-flash', 'gemini-2.5-flash', 'gemini-2.5-pro', 'gemini-3-pro-preview'];
const BUDGETS = { 'gemini-2.5-flash-lite': [512, 24576], 'gemini-2.5-flash': [0, 24576], 'gemini-2.5-pro': [128, 32768] };
const PLACEHOLDERS = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go'];
const isThree = (model) => /gemini-3/.test(model);
const thinks = (model) => /gemini-(2\.5|3)|imitate-/.test(model);

export const gemini = {
  name: 'gemini',
  contentType: 'text/event-stream',
  terminal: (frame) => /"finishReason":/.test(frame),
  headers: () => ({ 'server-timing': 'gfet4t7; dur=12' }),

  route(method, path, query) {
    const found = /^(?:\/gemini|\/google)?\/v1(?:beta|alpha)?\/models(?:\/([^/:]+):(generateContent|streamGenerateContent))?$/.exec(path);
    const prefix = /^(?:\/gemini|\/google)?\/v1(?:beta|alpha)/.exec(path)?.[0];
    if (!found && prefix) return taskRoute(method, path, prefix);
    if (!found || (!found[1] && path === '/v1/models')) return null;
    if (!found[1]) return { what: 'models', method: 'GET' };
    const stream = found[2] === 'streamGenerateContent';
    return { what: 'chat', method: 'POST', model: decodeURIComponent(found[1]), stream, sse: query.get('alt') === 'sse' };
  },

  authenticate(headers, query) {
    const key = headers['x-goog-api-key'] ?? query.get('key');
    if (!key) return { refuse: [403, { message: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.", status: 'PERMISSION_DENIED' }] };
    if (key.startsWith('bad'))
      return { key, refuse: [400, { message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT', details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com', metadata: { service: 'generativelanguage.googleapis.com' } }] }] };
    return { key };
  },

  error(status, detail = {}, route) {
    const known = STATUS[status] ?? { status: 'INTERNAL', message: 'An internal error has occurred.' };
    const { message, status: name, details } = { ...known, ...detail };
    const error = { code: status, message, status: name };
    if (details) error.details = details;
    return route?.stream && !route.sse ? [{ error }] : { error };
  },
  unparsable: (why) => [400, { message: `Invalid JSON payload received. ${why}` }],
  errorFrame: () => `data: ${JSON.stringify({ error: { code: 503, message: 'The model is overloaded. Please try again later.', status: 'UNAVAILABLE' } })}\r\n\r\n`,
  textFrame: (text) => frame({ candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0 }] }),
  models: () => ({ models: MODELS.map((id) => ({ name: `models/${id}`, version: '001', displayName: id, inputTokenLimit: 1048576, outputTokenLimit: 65536, supportedGenerationMethods: ['generateContent', 'countTokens'] })) }),

  refuse(body, route) {
    canonical(body);
    const [problem] = validator.check(body, 'GenerateContentRequest').filter((p) => !tolerated(p));
    if (problem) return [400, { message: describe(problem) }];
    if (!/^gemini-|imitate-/.test(route.model) || /no-such/.test(route.model))
      return [404, { message: `models/${route.model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.` }];
    return conversation(body, route) ?? tools(body, route) ?? generation(body, route) ?? refuseMedia(body, route);
  },

  view(body, route) {
    const contents = body.contents;
    const last = contents.at(-1);
    const text = (c) => (c?.parts ?? []).filter((p) => typeof p.text === 'string').map((p) => p.text).join('\n');
    const calling = body.toolConfig?.functionCallingConfig ?? {};
    const g = body.generationConfig ?? {};
    const declared = (body.tools ?? []).flatMap((t) => t.functionDeclarations ?? []);
    return {
      text: text(contents.filter((c) => c.role !== 'model' && text(c)).at(-1)),
      model: route.model,
      stream: route.stream,
      results: last.parts.filter((p) => p.functionResponse).map((p) => ({ id: p.functionResponse.id, text: resultText(p.functionResponse.response) })),
      tools: declared.map((d) => ({ name: d.name, schema: d.parametersJsonSchema ?? d.parameters ?? { type: 'object' } })),
      choice: calling.mode === 'NONE' ? 'none' : calling.mode === 'ANY' ? (calling.allowedFunctionNames?.length === 1 ? 'named' : 'required') : 'auto',
      choiceName: calling.allowedFunctionNames?.[0],
      schema: g.responseMimeType === 'application/json' ? (g.responseJsonSchema ?? g.responseSchema ?? null) : null,
      json: g.responseMimeType === 'application/json',
      choices: g.candidateCount ?? 1,
      thinking: thinks(route.model) && g.thinkingConfig?.includeThoughts === true,
    };
  },

  plain(view, scenario, id) {
    const answer = compose(scenario, view);
    const reply = envelope(view, id, usage(answer.usage, scenario));
    if (answer.finish === 'block') return { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, ...reply };
    const media = mediaAnswer(view.model);
    if (media) reply.usageMetadata = { promptTokenCount: 20, candidatesTokenCount: media.tokens, totalTokenCount: 20 + media.tokens, candidatesTokensDetails: [{ modality: media.modality, tokenCount: media.tokens }] };
    const parts = media ? media.parts : partsOf(answer, view, id).flat();
    const content = parts.length ? { parts, role: 'model' } : { role: 'model' };
    const candidates = Array.from({ length: view.choices }, (_, index) => ({ content, finishReason: FINISH[answer.finish], index }));
    return { candidates, ...reply };
  },

  stream(view, scenario, id) {
    const answer = compose(scenario, view);
    const total = usage(answer.usage, scenario);
    if (answer.finish === 'block') return [frame({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, ...envelope(view, id, total) })];
    const groups = partsOf(answer, view, id);
    const early = { promptTokenCount: total.promptTokenCount, totalTokenCount: total.promptTokenCount };
    const events = groups.map((parts) => ({ candidates: [{ content: { parts, role: 'model' }, index: 0 }], ...envelope(view, id, early) }));
    events.push({ candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: FINISH[answer.finish], index: 0 }], ...envelope(view, id, total) });
    const each = (event) => Array.from({ length: view.choices }, (_, index) => ({ ...event, candidates: [{ ...event.candidates[0], index }] }));
    return events.flatMap(each).map(frame);
  },
};

// Google takes each member by its name with underscores too; what is inside these is the caller's own.
const OWN = ['args', 'response', 'parametersJsonSchema', 'responseJsonSchema', 'labels', 'default', 'example', 'enum'];
export function canonical(value, names = true) {
  if (Array.isArray(value)) for (const item of value) canonical(item);
  if (!value || typeof value !== 'object' || Array.isArray(value)) return;
  for (const key of Object.keys(value)) {
    const camel = names ? key.replace(/_([a-z])/g, (all, c) => c.toUpperCase()) : key;
    if (camel !== key) {
      value[camel] = value[key];
      delete value[key];
    }
    if (!OWN.includes(camel)) canonical(value[camel], !(names && camel === 'properties'));
  }
}

const FINISH = { stop: 'STOP', tools: 'STOP', length: 'MAX_TOKENS', refusal: 'SAFETY', filter: 'PROHIBITED_CONTENT' };
const STATUS = {
  400: { status: 'INVALID_ARGUMENT', message: 'The request was refused on purpose.' },
  401: { status: 'UNAUTHENTICATED', message: 'Request had invalid authentication credentials.' },
  402: { status: 'RESOURCE_EXHAUSTED', message: 'Your prepaid credits are used up.' },
  403: { status: 'PERMISSION_DENIED', message: 'Your project has been denied access.' },
  404: { status: 'NOT_FOUND', message: 'models/gemini-none is not found for API version v1beta.' },
  429: { status: 'RESOURCE_EXHAUSTED', message: 'You exceeded your current quota, please check your plan and billing details.' },
  500: { status: 'INTERNAL', message: 'An internal error has occurred. Please retry.' },
  503: { status: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' },
};

// Google ends its lines with CRLF.
const frame = (event) => `data: ${JSON.stringify(event)}\r\n\r\n`;
const envelope = (view, id, usageMetadata) => ({ usageMetadata, modelVersion: view.model, responseId: `resp${id}` });
const signatureOf = (text) => Buffer.from(`gsig:${text}`).toString('base64');
const resultText = (r) => (typeof r.result === 'string' ? r.result : typeof r.output === 'string' ? r.output : JSON.stringify(r));

function usage(u, scenario) {
  if (scenario['negative-usage']) return { promptTokenCount: -5, candidatesTokenCount: -1, totalTokenCount: -6 };
  if (scenario['huge-usage']) return { promptTokenCount: 1e300, candidatesTokenCount: 'many' };
  const counts = { promptTokenCount: u.prompt, candidatesTokenCount: u.output, totalTokenCount: u.prompt + u.output + u.reasoning };
  if (u.cacheRead) counts.cachedContentTokenCount = u.cacheRead;
  if (u.reasoning) counts.thoughtsTokenCount = u.reasoning;
  return counts;
}

// Calls are never split; the signature sits on the first call, or on the last text part.
function partsOf(answer, view, id) {
  const groups = answer.reasoning.map((text) => [{ text, thought: true }]);
  groups.push(...answer.pieces.map((text) => [{ text }]));
  const calls = answer.calls.map((c, i) => {
    const functionCall = { name: c.name, args: c.arguments };
    if (isThree(view.model)) functionCall.id = `fc_${id}_${i}`;
    return i === 0 && thinks(view.model) ? { functionCall, thoughtSignature: signatureOf(c.name) } : { functionCall };
  });
  if (calls.length) groups.push(calls);
  return groups;
}

// Missing contents are refused in other words below; the names of types may be in lower case.
const tolerated = (p) =>
  (p.kind === 'missing' && p.path[0] === 'contents' && p.path.length === 1) ||
  (p.kind === 'enum' && p.path.at(-1) === 'type' && p.expected.includes(String(p.value).toUpperCase()));

function snake(path) {
  return path.reduce((s, k) => (typeof k === 'number' ? `${s}[${k}]` : `${s}${s ? '.' : ''}${k.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`), '');
}

function describe(problem) {
  const name = problem.path.at(-1);
  if (problem.kind === 'unknown')
    return `Invalid JSON payload received. Unknown name "${name}"${problem.path.length > 1 ? ` at '${snake(problem.path.slice(0, -1))}'` : ''}: Cannot find field.`;
  if (problem.kind === 'oneof') return `Invalid JSON payload received. oneof field 'data' is already set at '${snake(problem.path)}'. Cannot set '${problem.value[1]}'`;
  if (problem.kind === 'missing') return `* GenerateContentRequest.${snake(problem.path)}: required field is missing`;
  return `Invalid value at '${snake(problem.path)}' (${problem.expected ?? problem.kind}), ${JSON.stringify(problem.value)?.slice(0, 100)}`;
}

const invalid = (message) => [400, { message }];
const at = (i, k) => `* GenerateContentRequest.contents[${i}]${k === undefined ? '' : `.parts[${k}]`}`;
const DATA = ['text', 'inlineData', 'functionCall', 'functionResponse', 'fileData', 'executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'];

function conversation(body, route) {
  const { contents } = body;
  if (!contents?.length) return invalid('* GenerateContentRequest.contents: contents is not specified');
  for (const [i, c] of contents.entries()) {
    if (c.role !== undefined && !['user', 'model', 'function'].includes(c.role)) return invalid('Please use a valid role: user, model.');
    if (c.role === undefined && contents.length > 1) return invalid('Please use a valid role: user, model.');
    if (!c.parts?.length) return invalid(`${at(i)}.parts: contents.parts must not be empty.`);
    for (const [k, p] of c.parts.entries()) {
      if (!DATA.some((d) => d in p)) return invalid(`${at(i, k)}.data: required oneof field 'data' must have one initialized field`);
      if (p.text === '' && c.role !== 'model' && c.parts.length === 1) return invalid(`${at(i, k)}.data: text must not be empty`);
      if (p.inlineData && (!p.inlineData.mimeType || !p.inlineData.data)) return invalid(`${at(i, k)}.inline_data: required field is not set`);
    }
  }
  if (contents.at(-1).role === 'model') return invalid('Please ensure that single turn requests end with a user role or the role field is empty.');
  return body.systemInstruction && !body.systemInstruction.parts?.length ? invalid('* GenerateContentRequest.system_instruction.parts: parts must not be empty.') : functionTurns(contents, route.model);
}

function functionTurns(contents, model) {
  const calls = (c) => (c?.role === 'model' ? c.parts.filter((p) => p.functionCall) : []);
  const results = (c) => (c && c.role !== 'model' ? c.parts.filter((p) => p.functionResponse) : []);
  const turnStart = contents.findLastIndex((c) => c.role !== 'model' && !results(c).length);
  for (const [i, c] of contents.entries()) {
    const asked = calls(c), given = results(c);
    if (asked.length && (i === 0 || contents[i - 1].role === 'model')) return invalid('Please ensure that function call turn comes immediately after a user turn or after a function response turn.');
    if (given.length) {
      const before = calls(contents[i - 1]);
      if (!before.length) return invalid('Please ensure that function response turn comes immediately after a function call turn.');
      if (before.length !== given.length) return invalid('Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.');
      const unmatched = given.find((g, k) => !(g.functionResponse.id ? before.some((b) => b.functionCall.id === g.functionResponse.id && b.functionCall.name === g.functionResponse.name) : before[k].functionCall.name === g.functionResponse.name));
      if (unmatched) return invalid(`Please ensure that function response name '${unmatched.functionResponse.name}' matches the function call of the previous turn.`);
    }
    if (asked.length && !results(contents[i + 1]).length) return invalid('Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.');
    const signature = asked[0]?.thoughtSignature;
    if (asked.length && isThree(model) && i > turnStart) {
      if (!signature) return invalid(`Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${asked[0].functionCall.name}\`, position ${i + 1}.`);
      if (signature !== signatureOf(asked[0].functionCall.name) && !PLACEHOLDERS.includes(signature)) return invalid('Thought signature is not valid.');
    }
  }
  return null;
}

function tools(body, route) {
  for (const [t, tool] of (body.tools ?? []).entries())
    for (const [d, declared] of (tool.functionDeclarations ?? []).entries()) {
      const where = `* GenerateContentRequest.tools[${t}].function_declarations[${d}]`;
      if (!/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/.test(declared.name)) return invalid(`${where}.name: Invalid function name. Must start with a letter or an underscore.`);
      if (declared.parameters && declared.parametersJsonSchema) return invalid(`${where}: only one of parameters and parameters_json_schema may be set.`);
      const empty = emptyObject(declared.parameters, 'parameters');
      if (empty) return invalid(`${where}.${empty}.properties: should be non-empty for OBJECT type`);
    }
  const names = (body.tools ?? []).flatMap((t) => (t.functionDeclarations ?? []).map((d) => d.name));
  const twice = names.find((n, i) => names.indexOf(n) !== i);
  if (twice) return invalid(`Duplicate function declaration found: ${twice}`);
  const calling = body.toolConfig?.functionCallingConfig;
  if (calling?.allowedFunctionNames?.length && !['ANY', 'VALIDATED'].includes(calling.mode)) return invalid('Allowed function names should be set only when function calling mode is ANY or VALIDATED.');
  if (calling?.mode && calling.mode !== 'NONE' && calling.mode !== 'AUTO' && !names.length) return invalid('Function calling config is set without function_declarations.');
  const stray = calling?.allowedFunctionNames?.find((n) => !names.includes(n));
  if (stray) return invalid(`Allowed function name ${stray} is not declared.`);
  if (names.length && body.generationConfig?.responseMimeType === 'application/json' && !isThree(route.model)) return invalid("Function calling with a response mime type: 'application/json' is unsupported");
  return null;
}

function emptyObject(schema, path) {
  if (!schema) return null;
  if (String(schema.type).toUpperCase() === 'OBJECT' && !Object.keys(schema.properties ?? {}).length) return path;
  for (const [k, v] of Object.entries(schema.properties ?? {})) {
    const inner = emptyObject(v, `${path}.properties[${k}]`);
    if (inner) return inner;
  }
  return schema.items ? emptyObject(schema.items, `${path}.items`) : null;
}

function generation(body, route) {
  const g = body.generationConfig ?? {};
  const range = (name, low, high) => g[name] !== undefined && (g[name] < low || g[name] > high);
  if (range('temperature', 0, 2)) return invalid(`* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].`);
  if (range('topP', 0, 1)) return invalid('* GenerateContentRequest.generation_config.top_p: top_p must be in the range [0.0, 1.0].');
  if (range('candidateCount', 1, 8)) return invalid('* GenerateContentRequest.generation_config.candidate_count: candidate_count must be in the range [1, 8].');
  if (range('maxOutputTokens', 1, 1 << 30)) return invalid('* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be positive.');
  if ((g.stopSequences ?? []).length > 5) return invalid('The number of stop sequences must not exceed 5.');
  if ((g.responseSchema || g.responseJsonSchema) && g.responseMimeType !== 'application/json') return invalid('response_schema requires response_mime_type to be application/json');
  if (g.responseSchema && g.responseJsonSchema) return invalid('only one of response_schema and response_json_schema may be set.');
  const t = g.thinkingConfig;
  if (!t) return null;
  if (!thinks(route.model)) return invalid(`Thinking is not enabled for models/${route.model}`);
  if (t.thinkingBudget !== undefined && t.thinkingLevel !== undefined) return invalid('You can only set only one of thinking budget and thinking level.');
  if (t.thinkingLevel !== undefined && !isThree(route.model)) return invalid('Thinking level is not supported for this model.');
  const bounds = Object.entries(BUDGETS).find(([name]) => route.model.startsWith(name))?.[1];
  if (bounds && t.thinkingBudget !== undefined && t.thinkingBudget !== -1 && (t.thinkingBudget < bounds[0] || t.thinkingBudget > bounds[1]) && !(t.thinkingBudget === 0 && bounds[0] === 512))
    return invalid(`The thinking budget ${t.thinkingBudget} is invalid. Please choose a value between ${bounds[0]} and ${bounds[1]}.`);
  return null;
}
