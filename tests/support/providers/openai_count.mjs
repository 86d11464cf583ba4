// Knows how OpenAI counts the tokens of a prompt; refuses to know how it would answer it.
import { parseStrictly, sendJson } from './http.mjs';
import { openai } from './openai.mjs';

const MEMBERS = ['conversation', 'input', 'instructions', 'model', 'parallel_tool_calls', 'personality', 'previous_response_id', 'reasoning', 'text', 'tool_choice', 'tools', 'truncation'];
const ITEMS = { message: ['role', 'content', 'type', 'id', 'status', 'phase'], function_call: ['type', 'id', 'call_id', 'name', 'arguments', 'status'], function_call_output: ['type', 'id', 'call_id', 'output', 'status'], reasoning: ['type', 'id', 'summary', 'content', 'encrypted_content', 'status'] };
const TOOL = ['type', 'name', 'description', 'parameters', 'strict'];

const unknown = (object, names) => Object.keys(object).find((name) => !names.includes(name));
const refusal = (param, why = 'Unknown parameter') => [400, { message: `${why}: '${param}'.`, type: 'invalid_request_error', param, code: 'unknown_parameter' }];

function problem(body) {
  const extra = unknown(body, MEMBERS);
  if (extra) return refusal(extra);
  for (const [i, item] of [].concat(typeof body.input === 'string' ? [] : body.input ?? []).entries()) {
    const names = ITEMS[item.type ?? 'message'];
    if (!names) return refusal(`input[${i}].type`, 'Invalid value');
    const stray = unknown(item, names);
    if (stray) return refusal(`input[${i}].${stray}`);
  }
  for (const [i, tool] of (body.tools ?? []).entries()) {
    const stray = unknown(tool, TOOL);
    if (tool.type !== 'function' || !tool.name || stray) return refusal(`tools[${i}].${stray ?? 'type'}`);
  }
  return null;
}

function serve({ request, response, bytes, entry, refuse, headers }) {
  let body;
  try {
    body = parseStrictly(bytes);
  } catch (error) {
    return refuse(openai.unparsable(error.message));
  }
  entry.body = body;
  const found = problem(body);
  if (found) return refuse(found);
  entry.status = 200;
  return sendJson(response, 200, { object: 'response.input_tokens', input_tokens: JSON.stringify([body.instructions, body.input, body.tools]).length }, headers);
}

export const openaiCount = {
  ...openai,
  route: (method, path) => (path === '/v1/responses/input_tokens' ? { dialect: 'openai', what: 'count', method: 'POST', serve } : null),
};
