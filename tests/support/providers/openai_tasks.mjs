// Knows OpenAI's embeddings, images, speech, transcriptions and videos: what is refused and how answers look.
import { openai } from './openai.mjs';
import { Validator, loadSchema } from './schema.mjs';
import { sleep } from './http.mjs';
import { MP4, PNG, Refusal, answer, brief, file, guarded, isDone, isForm, jobOf, mustBeImage, newJob, readForm, readJson, refuseUnless, staged } from './tasks.mjs';

const validator = new Validator(loadSchema('openai_tasks'), { closed: true });
const MODELS = /^(text-embedding-|gpt-image-|chatgpt-image|dall-e-[23]$|tts-1|gpt-4o-mini-tts|gpt-4o-transcribe|gpt-4o-mini-transcribe|whisper-1|sora-2|.*imitate-)/;
const OPEN = { openrouter: /.+\/.+/, doubao: /./, xai: /./, azure: /./, groq: /./, ollama: /./, mistral: /./ };

function check(body, schema, dialect) {
  if (dialect === 'openai' || dialect === 'azure') {
    const [problem] = validator.check(body, schema);
    if (problem) throw new Refusal(400, { message: problem.kind === 'unknown' ? `Unknown parameter: '${problem.path.join('.')}'.` : `Invalid ${problem.path.join('.') || 'body'}: ${problem.kind}`, type: 'invalid_request_error', param: problem.path.join('.') || null, code: problem.kind === 'unknown' ? 'unknown_parameter' : 'invalid_value' });
  }
  const known = OPEN[dialect] ?? MODELS;
  refuseUnless(typeof body.model === 'string' && known.test(body.model) && !/no-such/.test(body.model), `The model '${body.model}' does not exist.`, { code: 'model_not_found' }, 404);
}

async function embeddings(ctx) {
  const body = readJson(ctx);
  check(body, 'CreateEmbeddingRequest', ctx.route.dialect);
  const inputs = Array.isArray(body.input) && (typeof body.input[0] !== 'number') ? body.input : [body.input];
  ctx.entry.body = body;
  for (const input of inputs) refuseUnless(input.length > 0, "Invalid 'input': input cannot be an empty string.", { param: 'input' });
  const scenario = await staged(ctx, typeof inputs[0] === 'string' ? inputs[0] : '', body.model);
  if (!scenario) return;
  const size = body.dimensions ?? body.output_dimension ?? 3;
  const vector = (input) => Float32Array.from({ length: size }, (_, i) => (input.length + i) / 16);
  const shown = (v) => (body.encoding_format === 'base64' ? Buffer.from(v.buffer).toString('base64') : Array.from(v));
  const tokens = inputs.reduce((sum, input) => sum + (typeof input === 'string' ? input.split(/\s+/).length : input.length), 0);
  let data = inputs.map((input, index) => ({ object: 'embedding', index, embedding: shown(vector(input)) }));
  if (scenario.shuffle) data = data.reverse();
  if (scenario.fewer) data = data.slice(1);
  answer(ctx, { object: 'list', data, model: body.model, usage: { prompt_tokens: tokens, total_tokens: tokens } });
}

const isDallE = (model) => model.startsWith('dall-e');
function imageRules(body) {
  const n = body.n ?? 1;
  if (isDallE(body.model)) {
    refuseUnless(body.model !== 'dall-e-3' || n === 1, "Invalid 'n': dall-e-3 makes one image at a time.", { param: 'n' });
    for (const name of ['background', 'moderation', 'output_format', 'output_compression']) refuseUnless(!(name in body), `Unknown parameter: '${name}'.`, { param: name, code: 'unknown_parameter' });
  } else {
    for (const name of ['response_format', 'style']) refuseUnless(!(name in body), `Unknown parameter: '${name}'.`, { param: name, code: 'unknown_parameter' });
  }
}

const imageUsage = (n) => ({ input_tokens: 30, input_tokens_details: { text_tokens: 20, image_tokens: 10 }, output_tokens: 100 * n, total_tokens: 30 + 100 * n });

async function sendImages(ctx, body, what) {
  const scenario = await staged(ctx, body.prompt, body.model);
  if (!scenario) return;
  const n = body.n ?? 1;
  const base64 = !isDallE(body.model) || body.response_format === 'b64_json';
  if (body.stream) return streamImages(ctx, body, what, scenario);
  const image = () => (base64 ? { b64_json: PNG.toString('base64'), ...(/^dall-e-3/.test(body.model) ? { revised_prompt: body.prompt } : {}) } : { url: `http://${ctx.request.headers.host}/files/a.png`, revised_prompt: body.prompt });
  answer(ctx, { created: 1764000000, data: Array.from({ length: n }, image), ...(isDallE(body.model) ? {} : { background: 'opaque', output_format: body.output_format ?? 'png', quality: 'low', size: '1024x1024', usage: imageUsage(n) }) });
}

async function streamImages(ctx, body, what, scenario) {
  const send = (event) => ctx.response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  ctx.response.writeHead(200, { 'content-type': 'text/event-stream', ...ctx.headers });
  const common = { b64_json: PNG.toString('base64'), created_at: 1, size: '1024x1024', quality: 'low', background: 'opaque', output_format: 'png' };
  for (let i = 0; i < (body.partial_images ?? 0); i++) send({ type: `${what}.partial_image`, partial_image_index: i, ...common });
  if (scenario.cut) return ctx.response.destroy();
  send({ type: `${what}.completed`, ...common, usage: imageUsage(1) });
  ctx.response.end();
}

async function generations(ctx) {
  const body = readJson(ctx);
  ctx.entry.body = body;
  check(body, 'CreateImageRequest', ctx.route.dialect);
  imageRules(body);
  await sendImages(ctx, body, 'image_generation');
}

const numbers = (fields, ...names) => {
  for (const name of names) if (name in fields) fields[name] = JSON.parse(fields[name]);
};

async function edits(ctx) {
  if (!isForm(ctx.request)) {
    const body = readJson(ctx);
    ctx.entry.body = body;
    check(body, 'EditImageBodyJsonParam', ctx.route.dialect);
    for (const image of body.images) mustBeImage(image.image_url);
    return sendImages(ctx, body, 'image_edit');
  }
  const fields = await readForm(ctx);
  ctx.entry.body = brief(fields);
  numbers(fields, 'n', 'stream', 'partial_images', 'output_compression');
  const images = [].concat(fields.image ?? []);
  refuseUnless(images.length, "Missing required parameter: 'image'.", { param: 'image', code: 'missing_required_parameter' });
  for (const image of [...images, ...[].concat(fields.mask ?? [])]) {
    refuseUnless(image.bytes, "Invalid type for 'image'.", { param: 'image' });
    refuseUnless(/^image\/(png|jpeg|webp)$/.test(image.type), `Invalid file 'image': unsupported mimetype ('${image.type}').`, { param: 'image', code: 'unsupported_file_mimetype' });
  }
  check({ ...fields, image: 'x', ...(fields.mask ? { mask: 'x' } : {}) }, 'CreateImageEditRequest', ctx.route.dialect);
  imageRules(fields);
  return sendImages(ctx, fields, 'image_edit');
}

/* A WAV that plays for a tenth of a second. */
const samples = Buffer.alloc(800, 0x80);
const WAV = Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\x20\x03\0\0', 'latin1'), samples]);

/* Not of the oldest models. */
function speechInEvents(ctx, body, scenario) {
  refuseUnless(!/^tts-1/.test(body.model), `Unsupported value: 'stream_format' does not support 'sse' with this model.`, { param: 'stream_format', code: 'unsupported_value' });
  ctx.response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...ctx.headers });
  const say = (event) => ctx.response.write(`data: ${JSON.stringify(event)}\n\n`);
  for (let at = 0; at < WAV.length; at += 200) {
    say({ type: 'speech.audio.delta', audio: WAV.subarray(at, at + 200).toString('base64') });
    if (scenario.cut && at > 200) return ctx.response.destroy();
  }
  say({ type: 'speech.audio.done', usage: { input_tokens: 5, output_tokens: 20, total_tokens: 25 } });
  ctx.response.end();
}

async function speech(ctx) {
  const body = readJson(ctx);
  ctx.entry.body = body;
  check(body, 'CreateSpeechRequest', ctx.route.dialect);
  refuseUnless(body.input.length <= 4096, 'String too long.', { param: 'input', code: 'string_above_max_length' });
  const scenario = await staged(ctx, body.input, body.model);
  if (!scenario) return;
  if (body.stream_format === 'sse') return speechInEvents(ctx, body, scenario);
  const types = { mp3: 'audio/mpeg', opus: 'audio/opus', aac: 'audio/aac', flac: 'audio/flac', wav: 'audio/wav', pcm: 'audio/pcm' };
  ctx.response.writeHead(200, { 'content-type': types[body.response_format ?? 'mp3'], ...ctx.headers });
  for (let at = 0; at < WAV.length; at += 200) {
    ctx.response.write(WAV.subarray(at, at + 200));
    await sleep(1);
    if (scenario.cut && at > 200) return ctx.response.destroy();
  }
  ctx.response.end();
}

async function transcriptions(ctx) {
  const fields = await readForm(ctx);
  const translating = ctx.route.what === 'audio/translations';
  ctx.entry.body = brief(fields);
  numbers(fields, 'temperature', 'stream');
  refuseUnless(fields.file?.bytes, "Missing required parameter: 'file'.", { param: 'file', code: 'missing_required_parameter' });
  refuseUnless(/\.(flac|mp3|mp4|mpeg|mpga|m4a|ogg|wav|webm)$/.test(fields.file.name), 'Unrecognized file format.', { param: 'file' });
  check({ ...fields, file: 'x' }, translating ? 'CreateTranslationRequest' : 'CreateTranscriptionRequest', ctx.route.dialect);
  const format = fields.response_format ?? 'json';
  const groq = ctx.route.dialect === 'groq';
  refuseUnless(!groq || !/^(srt|vtt)$/.test(format), 'response_format must be one of [json text verbose_json]', { param: 'response_format' });
  refuseUnless(!/^gpt-4o/.test(fields.model) || format === 'json', `response_format '${format}' is not compatible with model '${fields.model}'.`, { param: 'response_format', code: 'unsupported_value' });
  refuseUnless(!fields.timestamp_granularities || format === 'verbose_json', "timestamp_granularities need response_format 'verbose_json'.");
  const scenario = await staged(ctx, fields.prompt, fields.model);
  if (!scenario) return;
  const text = `Heard ${fields.file.bytes.length} bytes${translating ? ' in English' : ''}.`;
  const tokens = { type: 'tokens', total_tokens: 19, input_tokens: 14, input_token_details: { text_tokens: 4, audio_tokens: 10 }, output_tokens: 5 };
  const usage = fields.model === 'whisper-1' ? { type: 'duration', seconds: 3 } : tokens;
  if (fields.stream && fields.model !== 'whisper-1') return streamText(ctx, text, tokens, scenario);
  if (groq && format === 'json') return answer(ctx, { text, x_groq: { id: 'req_1' } });
  if (format === 'json') return answer(ctx, { text, usage });
  if (format === 'verbose_json') return answer(ctx, { task: 'transcribe', language: 'english', duration: 2.869999885559082, text, words: [{ word: 'Heard', start: 0, end: 0.5 }], segments: [], usage });
  const body = format === 'text' ? `${text}\n` : format === 'srt' ? `1\n00:00:00,000 --> 00:00:03,000\n${text}\n\n\n` : `WEBVTT\n\n00:00:00.000 --> 00:00:03.000\n${text}\n\n`;
  file(ctx, 'text/plain; charset=utf-8', Buffer.from(body));
}

function streamText(ctx, text, usage, scenario) {
  const send = (event) => ctx.response.write(`data: ${JSON.stringify(event)}\n\n`);
  ctx.response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...ctx.headers });
  for (const word of text.split(/(?<= )/)) send({ type: 'transcript.text.delta', delta: word, logprobs: [] });
  if (scenario.cut) return ctx.response.destroy();
  send({ type: 'transcript.text.done', text, logprobs: [], usage });
  ctx.response.end();
}

const shownVideo = (id, job, status, progress, error = null) => ({ id, object: 'video', model: job.body.model, status, progress, created_at: 1764000000, completed_at: status === 'completed' ? 1764000060 : null, expires_at: null, prompt: job.body.prompt, size: job.body.size ?? '720x1280', seconds: job.body.seconds ?? '4', remixed_from_video_id: null, error });

async function createVideo(ctx) {
  const body = readJson(ctx);
  ctx.entry.body = body;
  check(body, 'CreateVideoJsonBody', ctx.route.dialect);
  if (body.input_reference) mustBeImage(body.input_reference.image_url);
  const scenario = await staged(ctx, body.prompt, body.model);
  if (!scenario) return;
  const id = newJob(scenario, { body });
  answer(ctx, shownVideo(id, jobOf(id), 'queued', 0));
}

async function askVideo(ctx) {
  const job = jobOf(ctx.route.id);
  const { scenario } = job;
  if (scenario['poll-status'] && !job.failed) {
    job.failed = true;
    return ctx.refuse([Number(scenario['poll-status']), {}]);
  }
  if (ctx.route.what === 'content') {
    refuseUnless(job.done, 'Video is not ready yet.', {}, 404);
    return file(ctx, 'video/mp4', MP4);
  }
  const done = isDone(job);
  if (done && scenario.fail) return answer(ctx, shownVideo(ctx.route.id, job, 'failed', 40, { code: 'moderation_blocked', message: 'Your request was blocked by our moderation system.' }));
  job.done = done && !scenario.never;
  answer(ctx, shownVideo(ctx.route.id, job, job.done ? 'completed' : 'in_progress', job.done ? 100 : 40));
}

export const SERVE = { embeddings, 'images/generations': generations, 'images/edits': edits, 'audio/speech': speech, 'audio/transcriptions': transcriptions, 'audio/translations': transcriptions, videos: createVideo, video: askVideo, content: askVideo };

export const openaiTasks = {
  ...openai,
  name: 'openai-tasks',

  route(method, path) {
    const job = /^(?:\/openai)?\/v1\/videos\/([^/]+)(\/content)?$/.exec(path);
    if (job) return { dialect: 'openai', what: job[2] ? 'content' : 'video', id: job[1], method: 'GET', serve: guarded(askVideo) };
    const found = /^(?:\/(openai|openrouter|doubao|ollama))?(?:\/api)?\/v[13]\/(embeddings|images\/generations|images\/edits|audio\/speech|audio\/transcriptions|audio\/translations|videos)$/.exec(path);
    if (!found || (found[1] && found[1] !== 'openai' && found[2] !== 'embeddings')) return null;
    return { dialect: found[1] ?? 'openai', what: found[2], method: 'POST', serve: guarded(SERVE[found[2]]) };
  },
};
