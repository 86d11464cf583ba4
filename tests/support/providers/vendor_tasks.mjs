// Knows xAI's and Ark's images and videos: what is refused and how answers look.
import { openai } from './openai.mjs';
import { MP4, PNG, answer, file, guarded, isDone, jobOf, mustBeImage, newJob, readJson, refuseUnless, staged } from './tasks.mjs';

const only = (body, names) => {
  for (const name of Object.keys(body)) refuseUnless(names.includes(name), `Unknown field: ${name}`, { param: name });
  refuseUnless(typeof body.model === 'string' && !/no-such/.test(body.model), `The model ${body.model} does not exist.`, { code: 'model_not_found' }, 404);
};
const here = (ctx) => `http://${ctx.request.headers.host}`;

/* ---- xAI ---- */

async function xaiImage(ctx) {
  const body = readJson(ctx);
  ctx.entry.body = body;
  const edits = ctx.route.what === 'edits';
  only(body, ['model', 'prompt', 'n', 'response_format', 'aspect_ratio', 'resolution', 'user', ...(edits ? ['image', 'images'] : [])]);
  refuseUnless(!body.aspect_ratio || /^\d+:\d+$/.test(body.aspect_ratio), 'Invalid aspect_ratio.');
  if (edits) {
    refuseUnless(Boolean(body.image) !== Boolean(body.images), 'Exactly one of image and images is needed.');
    for (const image of body.images ?? [body.image]) {
      refuseUnless(image.type === 'image_url', 'image.type must be image_url.');
      mustBeImage(image.url);
    }
  }
  if (!(await staged(ctx, body.prompt, body.model))) return;
  const image = body.response_format === 'b64_json' ? { b64_json: PNG.toString('base64') } : { url: `${here(ctx)}/files/a.jpg` };
  answer(ctx, { data: Array.from({ length: body.n ?? 1 }, () => ({ ...image, revised_prompt: '', mime_type: 'image/jpeg' })), usage: { cost_in_usd_ticks: 400000000 } });
}

async function xaiVideo(ctx) {
  const body = readJson(ctx);
  ctx.entry.body = body;
  only(body, ['model', 'prompt', 'duration', 'aspect_ratio', 'resolution', 'user', 'image', 'video']);
  refuseUnless(body.duration === undefined || Number.isInteger(body.duration), 'duration must be an integer.');
  if (body.image) mustBeImage(body.image.url);
  const scenario = await staged(ctx, body.prompt, body.model);
  if (scenario) answer(ctx, { request_id: newJob(scenario, { body }) });
}

async function xaiAsk(ctx) {
  const job = jobOf(ctx.route.id);
  if (!isDone(job)) return answer(ctx, { status: 'pending', progress: 30 });
  if (job.scenario.expire) return answer(ctx, { status: 'expired' });
  answer(ctx, { status: 'done', video: { url: `${here(ctx)}/files/a.mp4`, duration: job.body.duration ?? 6, respect_moderation: !job.scenario.withhold }, model: job.body.model });
}

/* ---- Ark ---- */

async function arkImage(ctx) {
  const body = readJson(ctx);
  ctx.entry.body = body;
  only(body, ['model', 'prompt', 'image', 'size', 'seed', 'guidance_scale', 'response_format', 'watermark', 'sequential_image_generation', 'sequential_image_generation_options', 'stream']);
  for (const image of [].concat(body.image ?? [])) mustBeImage(image);
  refuseUnless(['url', 'b64_json', undefined].includes(body.response_format), 'The parameter `response_format` is not valid.');
  const scenario = await staged(ctx, body.prompt, body.model);
  if (!scenario) return;
  const n = body.sequential_image_generation === 'auto' ? (body.sequential_image_generation_options?.max_images ?? 1) : 1;
  const image = body.response_format === 'b64_json' ? { b64_json: PNG.toString('base64') } : { url: `${here(ctx)}/files/a.jpg` };
  const data = Array.from({ length: n }, () => ({ ...image, size: '2048x2048' }));
  if (scenario.withhold) data[0] = { error: { code: 'OutputImageSensitiveContentDetected', message: 'The output may be sensitive. Request id: 1' } };
  answer(ctx, { model: body.model, created: 1764000000, data, usage: { generated_images: n, output_tokens: 16384 * n, total_tokens: 16384 * n } });
}

async function arkVideo(ctx) {
  const body = readJson(ctx);
  ctx.entry.body = body;
  only(body, ['model', 'content', 'ratio', 'resolution', 'duration', 'seed', 'watermark', 'generate_audio', 'camera_fixed', 'return_last_frame', 'service_tier']);
  refuseUnless(Array.isArray(body.content) && body.content[0]?.type === 'text', 'The parameter `content` is missing.', { code: 'MissingParameter' });
  for (const part of body.content.slice(1)) {
    refuseUnless(part.type === 'image_url' && ['first_frame', 'last_frame', 'reference_image'].includes(part.role), 'The parameter `content` is not valid.', { code: 'InvalidParameter' });
    mustBeImage(part.image_url.url);
  }
  refuseUnless(body.duration === undefined || Number.isInteger(body.duration), 'The parameter `duration` is not valid.', { code: 'InvalidParameter' });
  const scenario = await staged(ctx, body.content[0].text, body.model);
  if (scenario) answer(ctx, { id: newJob(scenario, { body }) });
}

async function arkAsk(ctx) {
  const job = jobOf(ctx.route.id);
  const facts = { id: ctx.route.id, model: job.body.model, created_at: 1, updated_at: 2, error: null };
  if (!isDone(job)) return answer(ctx, { ...facts, status: 'running' });
  if (job.scenario.fail) return answer(ctx, { ...facts, status: 'failed', error: { code: 'OutputVideoSensitiveContentDetected', message: 'The output may be sensitive.' } });
  answer(ctx, { ...facts, status: 'succeeded', content: { video_url: `${here(ctx)}/files/a.mp4` }, usage: { completion_tokens: 108900, total_tokens: 108900 }, duration: job.body.duration ?? 5, resolution: '720p', ratio: job.body.ratio ?? '16:9' });
}

async function arkEmbedding(ctx) {
  const body = readJson(ctx);
  ctx.entry.body = body;
  only(body, ['model', 'input', 'encoding_format', 'dimensions', 'instructions']);
  refuseUnless(Array.isArray(body.input) && body.input.every((part) => part.type === 'text' && typeof part.text === 'string'), 'The parameter `input` is not valid.', { code: 'InvalidParameter' });
  const text = body.input.map((part) => part.text).join('');
  if (!(await staged(ctx, text, body.model))) return;
  const embedding = Array.from({ length: body.dimensions ?? 3 }, (_, i) => (text.length + i) / 16);
  answer(ctx, { created: 1, data: { embedding, object: 'embedding' }, id: 'e', model: body.model, object: 'list', usage: { prompt_tokens: 2, prompt_tokens_details: { text_tokens: 2, image_tokens: 0 }, total_tokens: 2 } });
}

const ROUTES = [
  [/^\/doubao\/api\/v3\/embeddings\/(multimodal)$/, 'POST', arkEmbedding, 'doubao'],
  [/^\/xai\/v1\/images\/(generations|edits)$/, 'POST', xaiImage, 'xai'],
  [/^\/xai\/v1\/videos\/(generations|edits)$/, 'POST', xaiVideo, 'xai'],
  [/^\/xai\/v1\/videos\/([^/]+)$/, 'GET', xaiAsk, 'xai'],
  [/^\/doubao\/api\/v3\/images\/(generations)$/, 'POST', arkImage, 'doubao'],
  [/^\/doubao\/api\/v3\/contents\/generations\/(tasks)$/, 'POST', arkVideo, 'doubao'],
  [/^\/doubao\/api\/v3\/contents\/generations\/tasks\/([^/]+)$/, 'GET', arkAsk, 'doubao'],
];

export const vendorTasks = {
  ...openai,
  name: 'vendor-tasks',
  route(method, path) {
    for (const [pattern, wanted, serve, dialect] of ROUTES) {
      const found = pattern.exec(path);
      if (found) return { dialect, what: found[1], id: found[1], method: wanted, serve: guarded(serve) };
    }
    return null;
  },
};

/* Where links lead to. Who sends a key there gives it away. */
export const files = {
  name: 'files',
  route: (method, path) => (/^\/files\/[a-z]\.(png|jpg|mp4)$/.test(path) ? { method: 'GET', what: 'file', serve: guarded(serveFile) } : null),
  authenticate: (headers) => ({ key: headers.authorization ?? headers['api-key'] ?? null }),
  headers: () => ({}),
  error: (status, detail) => ({ error: detail.message }),
};

async function serveFile(ctx) {
  refuseUnless(ctx.auth.key === null, 'A key was sent to a link.');
  ctx.entry.status = 200;
  const film = ctx.request.url.endsWith('.mp4');
  file(ctx, film ? 'video/mp4' : 'image/png', film ? MP4 : PNG);
}
