// Knows what imitated calls other than chats have in common: forms, scenarios, jobs; refuses to know vendors.
import { brokenAnswers, parseStrictly, sendJson, sleep } from './http.mjs';
import { number, readScenario } from './scenario.mjs';

/* A one-pixel PNG. */
export const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==', 'base64');
export const MP4 = Buffer.from('AAAAGGZ0eXBpc29tAAACAGlzb21tcDQxAAAACGZyZWU=', 'base64');

export class Refusal extends Error {
  constructor(status, detail) {
    super(detail.message);
    this.refusal = [status, detail];
  }
}
export const refuseUnless = (condition, message, more = {}, status = 400) => {
  if (!condition) throw new Refusal(status, { message, type: 'invalid_request_error', ...more });
};

const typeOf = (request) => request.headers['content-type'] ?? '';
export const isForm = (request) => /^multipart\/form-data;\s*boundary=/i.test(typeOf(request));

export function readJson({ request, bytes }) {
  refuseUnless(/^application\/json\b/i.test(typeOf(request)), 'content-type is not application/json');
  try {
    const body = parseStrictly(bytes);
    refuseUnless(body && typeof body === 'object' && !Array.isArray(body), 'not an object');
    return body;
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, { message: `We could not parse the JSON body of your request: ${error.message}`, type: 'invalid_request_error' });
  }
}

/* Fields by name, `name[]` as lists; files as {name, type, bytes}. */
export async function readForm({ request, bytes }) {
  refuseUnless(isForm(request), 'content-type is not multipart/form-data');
  let form;
  try {
    form = await new Response(bytes, { headers: { 'content-type': typeOf(request) } }).formData();
  } catch {
    throw new Refusal(400, { message: 'Could not parse multipart form', type: 'invalid_request_error' });
  }
  const fields = {};
  for (const [key, value] of form) {
    const name = key.endsWith('[]') ? key.slice(0, -2) : key;
    const content = typeof value === 'string' ? value : { name: value.name, type: value.type, bytes: Buffer.from(await value.arrayBuffer()) };
    if (key.endsWith('[]')) (fields[name] ??= []).push(content);
    else if (name in fields) fields[name] = [].concat(fields[name], content);
    else fields[name] = content;
  }
  return fields;
}

export const brief = (fields) => Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, v?.bytes ? { name: v.name, type: v.type, size: v.bytes.length } : Array.isArray(v) ? v.map((i) => (i?.bytes ? { name: i.name, type: i.type, size: i.bytes.length } : i)) : v]));

/* Runs `serve` and turns its refusals, and those that the prompt asks for, into answers. True when the
 * scenario has already answered. */
export async function staged(ctx, text, model) {
  const scenario = readScenario(text, model);
  ctx.entry.scenario = scenario;
  ctx.entry.model = model;
  if (scenario.slow) await sleep(number(scenario.slow, 500));
  if (scenario.status) {
    const headers = scenario.retry ? { 'retry-after': scenario.retry } : {};
    ctx.refuse([number(scenario.status), {}], headers);
    return null;
  }
  for (const [name, send] of Object.entries(brokenAnswers))
    if (name in scenario) {
      ctx.entry.outcome = 'broken';
      send(ctx.response, scenario[name]);
      return null;
    }
  ctx.entry.status = 200;
  return scenario;
}

export const guarded = (serve) => async (ctx) => {
  try {
    await serve(ctx);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    ctx.refuse(error.refusal);
  }
};

export const answer = (ctx, value) => sendJson(ctx.response, 200, value, ctx.headers);
export const file = (ctx, type, bytes) => {
  ctx.response.writeHead(200, { 'content-type': type, 'content-length': bytes.length, ...ctx.headers });
  ctx.response.end(bytes);
};

/* A data: URL's bytes or an https link; anything else is refused. */
export function mustBeImage(url) {
  const found = /^data:(image\/[a-z]+);base64,([A-Za-z0-9+/]+=*)$/.exec(url ?? '');
  refuseUnless(found || /^https?:\/\//.test(url ?? ''), 'Invalid image URL.', { code: 'invalid_image_url' });
  if (found) refuseUnless(Buffer.from(found[2], 'base64').length > 3, 'The image is empty.');
}

/* Jobs live as long as the program does. `polls=N` says how often they are asked about before they are done. */
const jobs = new Map();
let next = 1;
export function newJob(scenario, facts) {
  const id = `job_${next++}`;
  jobs.set(id, { ...facts, scenario, asked: 0 });
  return id;
}
export function jobOf(id) {
  const job = jobs.get(id);
  refuseUnless(job, `No job ${id}.`, { code: 'not_found' }, 404);
  return job;
}
export const isDone = (job) => ++job.asked >= number(job.scenario.polls, 1);
