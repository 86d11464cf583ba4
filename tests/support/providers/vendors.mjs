// Knows servers that speak OpenAI's format and keep to rules of their own: Azure, Groq, Mistral; refuses to
// know the format itself.
import { openai } from './openai.mjs';
import { SERVE } from './openai_tasks.mjs';
import { guarded, refuseUnless } from './tasks.mjs';

/* A frame of a stream, changed as an object. */
const changed = (frames, change) =>
  frames.flatMap((frame) => {
    if (!frame.startsWith('data: {')) return [frame];
    const now = change(JSON.parse(frame.slice(6)));
    return now ? [`data: ${JSON.stringify(now)}\n\n`] : [];
  });

const bearer = (headers, words) => {
  const key = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  return !key || key.startsWith('bad') ? { key: key ?? null, refuse: [401, words] } : { key };
};

// ---- Azure: a deployment in the path at a dated version, or in the body at /openai/v1 ----

const SAFE = Object.fromEntries(['hate', 'self_harm', 'sexual', 'violence'].map((k) => [k, { filtered: false, severity: 'safe' }]));
const JUDGED = [{ prompt_index: 0, content_filter_results: SAFE }];

/* A deployment that is there, at a version that is one. */
const mustBeThere = ({ route }) => {
  refuseUnless(!route.wrongVersion, 'Resource not found', { code: '404' }, 404);
  refuseUnless(!/no-such/.test(route.deployment ?? ''), 'The API deployment for this resource does not exist.', { code: 'DeploymentNotFound' }, 404);
};

export const azure = {
  ...openai,
  name: 'azure',
  headers: (id) => ({ 'apim-request-id': id, 'x-ms-region': 'East US', 'x-request-id': `req_${id}` }),
  route(method, path, query) {
    const job = /^\/azure\/openai\/v1\/videos\/([^/]+)(\/content)?$/.exec(path);
    if (job) return { dialect: 'azure', what: job[2] ? 'content' : 'video', id: job[1], method: 'GET', serve: guarded(SERVE.video) };
    const found = /^\/azure\/openai\/(?:v1|deployments\/([^/]+))\/(chat\/completions|models|embeddings|images\/generations|images\/edits|audio\/speech|audio\/transcriptions|audio\/translations|videos)$/.exec(path);
    if (!found) return null;
    const version = query.get('api-version');
    const task = SERVE[found[2]];
    return { dialect: 'azure', what: task ? found[2] : found[2] === 'models' ? 'models' : 'chat', method: found[2] === 'models' ? 'GET' : 'POST',
      ...(task && { serve: guarded((ctx) => (mustBeThere(ctx), task(ctx))) }), deployment: found[1] && decodeURIComponent(found[1]), wrongVersion: found[1] ? !/^\d{4}-\d\d-\d\d(-preview)?$/.test(version ?? '') : version !== null && version !== 'preview' };
  },
  authenticate(headers) {
    const key = headers['api-key'] ?? /^Bearer (eyJ.+)$/.exec(headers.authorization ?? '')?.[1];
    if (!key || key.startsWith('bad'))
      return { key: key ?? null, refuse: [401, { code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.' }] };
    return { key };
  },
  error(status, { message, code, param = null, ...more } = {}) {
    return { error: { message: message ?? 'The server had an error.', type: null, param, code: code ?? String(status), ...more } };
  },
  refuse(body, route) {
    const deployment = route.deployment ?? body.model;
    if (route.wrongVersion) return [404, { code: '404', message: 'Resource not found' }];
    if (/no-such/.test(deployment)) return [404, { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.' }];
    if (JSON.stringify(body.messages).includes('#judged'))
      return [400, { code: 'content_filter', param: 'prompt', status: 400, message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { ...SAFE, hate: { filtered: true, severity: 'high' } } } }];
    return openai.refuse(body, route);
  },
  plain: (...args) => {
    const answer = openai.plain(...args);
    return { ...answer, prompt_filter_results: JUDGED, choices: answer.choices.map((c) => ({ ...c, content_filter_results: SAFE })) };
  },
  stream: (...args) => [
    `data: ${JSON.stringify({ choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: JUDGED })}\n\n`,
    ...changed(openai.stream(...args), (c) => ({ ...c, choices: c.choices.map((x) => ({ ...x, content_filter_results: {} })) })),
  ],
};

// ---- Groq ----

export const groq = {
  ...openai,
  name: 'groq',
  route(method, path) {
    const found = /^\/groq\/openai\/v1\/(chat\/completions|models|audio\/speech|audio\/transcriptions|audio\/translations)$/.exec(path);
    const task = found && SERVE[found[1]];
    if (task) return { dialect: 'groq', what: found[1], method: 'POST', serve: guarded(task) };
    return found && { dialect: 'groq', what: found[1] === 'models' ? 'models' : 'chat', method: found[1] === 'models' ? 'GET' : 'POST' };
  },
  authenticate: (headers) => bearer(headers, { message: 'Invalid API Key', type: 'invalid_request_error', code: 'invalid_api_key' }),
  refuse(body, route) {
    const refused = ['logprobs', 'logit_bias', 'top_logprobs'].find((name) => body[name]);
    if (refused) return [400, { message: `property '${refused}' is unsupported`, type: 'invalid_request_error' }];
    const named = body.messages?.findIndex((m) => m.name !== undefined) ?? -1;
    if (named >= 0) return [400, { message: `'messages.${named}' : for 'role:${body.messages[named].role}' the following must be satisfied[('messages.${named}' : property 'name' is unsupported)]`, type: 'invalid_request_error' }];
    if ((body.n ?? 1) !== 1) return [400, { message: "'n' : number must be at most 1", type: 'invalid_request_error' }];
    const uploaded = (body.messages ?? []).flatMap((m) => (Array.isArray(m.content) ? m.content : [])).find((p) => p.type === 'file');
    if (uploaded && !uploaded.file_id) return forbidden(['messages', 'user', 'content', 'FileChunk', 'file'], uploaded.file);
    return openai.refuse({ ...body, messages: body.messages?.map(documentsAside) }, route);
  },
  plain: (...args) => {
    const answer = openai.plain(...args);
    for (const { message } of answer.choices) renameReasoning(message);
    return { ...answer, x_groq: { id: 'req_1' } };
  },
  // Usage rides on the last chunk, in a member of its own.
  stream(view, scenario, id, route) {
    const { usage } = openai.plain(view, scenario, id, route);
    return changed(openai.stream({ ...view, includeUsage: false }, scenario, id, route), (c) => {
      renameReasoning(c.choices[0].delta);
      return c.choices[0].finish_reason ? { ...c, x_groq: { id: 'req_1', usage } } : c;
    });
  },
};

function renameReasoning(message) {
  if (message.reasoning_content === undefined) return;
  message.reasoning = message.reasoning_content;
  delete message.reasoning_content;
}

// ---- Mistral: refuses every member it does not know ----

const TAKEN = ['model', 'messages', 'temperature', 'top_p', 'max_tokens', 'stream', 'stop', 'random_seed', 'response_format', 'tools', 'tool_choice', 'presence_penalty', 'frequency_penalty', 'n', 'prediction', 'parallel_tool_calls', 'prompt_mode', 'safe_prompt', 'metadata'];
const MEMBERS = { system: ['role', 'content'], user: ['role', 'content'], assistant: ['role', 'content', 'tool_calls', 'prefix'], tool: ['role', 'content', 'tool_call_id', 'name'] };
const forbidden = (loc, input) => [422, { body: { object: 'error', message: { detail: [{ type: 'extra_forbidden', loc: ['body', ...loc], msg: 'Extra inputs are not permitted', input }] }, type: 'invalid_request_error', param: null, code: null } }];

const MEASURED = ['model', 'input', 'metadata', 'encoding_format', 'output_dimension', 'output_dtype'];
const measure = (ctx) => {
  const strange = Object.keys(JSON.parse(ctx.bytes)).find((k) => !MEASURED.includes(k));
  refuseUnless(!strange, 'Extra inputs are not permitted', { type: 'extra_forbidden', param: strange }, 422);
  return SERVE.embeddings(ctx);
};
const documentsAside = (message) => (Array.isArray(message.content) ? { ...message, content: message.content.map((p) => (p.type === 'document_url' && typeof p.document_url === 'string' ? { type: 'text', text: 'a document' } : p)) } : message);

export const mistral = {
  ...openai,
  name: 'mistral',
  headers: (id) => ({ 'mistral-correlation-id': id }),
  route(method, path) {
    const found = /^\/mistral\/v1\/(chat\/completions|models|embeddings)$/.exec(path);
    if (found?.[1] === 'embeddings') return { dialect: 'mistral', what: 'embeddings', method: 'POST', serve: guarded(measure) };
    return found && { dialect: 'mistral', what: found[1] === 'models' ? 'models' : 'chat', method: found[1] === 'models' ? 'GET' : 'POST' };
  },
  authenticate: (headers) => bearer(headers, { body: { detail: 'Unauthorized' } }),
  error: (status, detail = {}) => detail.body ?? { object: 'error', message: detail.message ?? 'Service unavailable.', type: detail.type ?? 'invalid_request_error', param: null, code: detail.code ?? null },
  refuse(body, route) {
    const extra = Object.keys(body).find((k) => !TAKEN.includes(k));
    if (extra) return forbidden([extra], body[extra]);
    for (const [i, message] of (body.messages ?? []).entries()) {
      const member = Object.keys(message).find((k) => !MEMBERS[message.role]?.includes(k));
      if (member) return forbidden(['messages', i, message.role, member], message[member]);
      for (const id of [message.tool_call_id, ...(message.tool_calls ?? []).map((c) => c.id)])
        if (id !== undefined && !/^[a-zA-Z0-9]{9}$/.test(id)) return [400, { message: `Tool call id was ${id} but must be a-z, A-Z, 0-9, with a length of 9.`, type: 'invalid_function_call', code: '3280' }];
    }
    const uploaded = (body.messages ?? []).flatMap((m) => (Array.isArray(m.content) ? m.content : [])).find((p) => p.type === 'file');
    if (uploaded && !uploaded.file_id) return forbidden(['messages', 'user', 'content', 'FileChunk', 'file'], uploaded.file);
    return openai.refuse({ ...body, messages: body.messages?.map(documentsAside) }, route);
  },
  plain: (...args) => {
    const answer = openai.plain(...args);
    for (const { message } of answer.choices) shorten(thinkInParts(message));
    return answer;
  },
  stream(view, scenario, id, route) {
    const { usage } = openai.plain(view, scenario, id, route);
    return changed(openai.stream({ ...view, includeUsage: false }, scenario, id, route), (c) => {
      shorten(thinkInParts(c.choices[0].delta));
      return c.choices[0].finish_reason ? { ...c, usage } : c;
    });
  },
};

function thinkInParts(message) {
  const { reasoning_content: thought, refusal: _, ...rest } = message;
  for (const k of Object.keys(message)) delete message[k];
  Object.assign(message, rest);
  if (thought !== undefined) message.content = [{ type: 'thinking', thinking: [{ type: 'text', text: thought }] }, ...(message.content ? [{ type: 'text', text: message.content }] : [])];
  return message;
}

function shorten(message) {
  for (const c of message.tool_calls ?? []) if (c.id) c.id = c.id.replace(/[^a-zA-Z0-9]/g, '').slice(-9).padStart(9, 'A');
}
