// Knows Google's calls other than chats: embeddings, counts, Imagen, Veo's operations and files, and what
// image and speech models put into an answer; refuses what Google would refuse.
import { Validator, loadSchema } from './schema.mjs';
import { parseStrictly, sendJson, sleep } from './http.mjs';

const validator = new Validator(loadSchema('gemini'));
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const VIDEO = Buffer.from('\0\0\0\x18ftypmp42 the video', 'latin1');
const RATIOS = ['1:1', '3:4', '4:3', '9:16', '16:9'];
const invalid = (message) => [400, { message, status: 'INVALID_ARGUMENT' }];
const operations = new Map();

const METHODS = {
  embedContent: { schema: 'EmbedContentRequest', models: /embedding|imitate-/, answer: embedOne },
  batchEmbedContents: { schema: 'BatchEmbedContentsRequest', models: /embedding|imitate-/, answer: embedMany },
  countTokens: { schema: 'CountTokensRequest', models: /^gemini-|imitate-/, answer: count },
  predict: { schema: 'PredictRequest', models: /^imagen-/, answer: predict },
  predictLongRunning: { schema: 'PredictLongRunningRequest', models: /^veo-/, answer: predictLongRunning },
};

/* The routes of these calls; null: it is none. */
export function taskRoute(method, path, prefix) {
  const rest = path.replace(prefix, '');
  const asked = /^\/models\/([^/:]+):(\w+)$/.exec(rest);
  if (asked && METHODS[asked[2]]) return { what: 'task', method: 'POST', model: decodeURIComponent(asked[1]), name: asked[2], serve };
  const operation = /^\/models\/([^/:]+)\/operations\/([\w-]+)$/.exec(rest);
  if (operation) return { what: 'operation', method: 'GET', name: `models/${operation[1]}/operations/${operation[2]}`, serve: serveOperation };
  const file = /^\/files\/([\w-]+):download$/.exec(rest);
  if (file) return { what: 'file', method: 'GET', file: file[1], serve: serveFile };
  const moved = /^\/download\/files\/([\w-]+)$/.exec(rest);
  return moved ? { what: 'bytes', method: 'GET', file: moved[1], serve: serveBytes } : null;
}

async function serve({ route, response, entry, bytes, refuse, headers, request }) {
  const { canonical } = await import('./gemini.mjs');
  const method = METHODS[route.name];
  let body;
  try {
    body = parseStrictly(bytes);
  } catch (error) {
    return refuse(invalid(`Invalid JSON payload received. ${error.message}`));
  }
  entry.body = structuredClone(body);
  canonical(body);
  const [problem] = validator.check(body, method.schema);
  if (problem) return refuse(invalid(`Invalid value at '${problem.path.join('.')}' (${problem.expected ?? problem.kind})`));
  if (!method.models.test(route.model)) return refuse([404, { message: `models/${route.model} is not found for API version v1beta, or is not supported for ${route.name}.` }]);
  const status = /#status=(\d+)/.exec(JSON.stringify(body))?.[1];
  if (status) return refuse([Number(status), {}]);
  const answer = method.answer(body, route, { host: `http://${request.headers.host}` });
  if (Array.isArray(answer)) return refuse(answer);
  entry.status = 200;
  return sendJson(response, 200, answer, headers);
}

// ---- embeddings: a vector that tells its text, so that tests see which is whose ----

function vector(one, route) {
  const texts = one.content?.parts?.map((p) => p.text);
  if (!texts?.length || texts.some((t) => typeof t !== 'string')) return invalid('* EmbedContentRequest.content: contents is required.');
  if (one.title && one.taskType !== 'RETRIEVAL_DOCUMENT') return invalid('* EmbedContentRequest.title: title is only applicable when task_type is RETRIEVAL_DOCUMENT.');
  if (one.model !== undefined && one.model !== `models/${route.model}`) return invalid(`* EmbedContentRequest.model: Model must match the model in the request URL: ${one.model}.`);
  const size = Number(one.outputDimensionality ?? 4);
  return { values: Array.from({ length: size }, (_, i) => (i === 0 ? texts.join('\n').length : i / 8)) };
}

function embedOne(body, route) {
  const made = vector(body, route);
  return Array.isArray(made) ? made : { embedding: made, usageMetadata: { promptTokenCount: 3 } };
}

function embedMany(body, route) {
  if (!body.requests?.length) return invalid('* BatchEmbedContentsRequest.requests: requests is required.');
  const unnamed = body.requests.findIndex((r) => !r.model);
  if (unnamed >= 0) return invalid(`* BatchEmbedContentsRequest.requests[${unnamed}].model: model is required.`);
  const made = body.requests.map((r) => vector(r, route));
  return made.find(Array.isArray) ?? { embeddings: made, usageMetadata: { promptTokenCount: 3 * made.length } };
}

// ---- counts ----

function count(body, route) {
  const inner = body.generateContentRequest;
  if (inner && body.contents?.length) return invalid('generate_content_request and contents are mutually exclusive.');
  if (inner && inner.model !== `models/${route.model}`) return invalid('* CountTokensRequest.generate_content_request.model: must match the model in the URL.');
  const contents = inner?.contents ?? body.contents;
  if (!contents?.length) return invalid('* CountTokensRequest.contents: contents is not specified');
  return { totalTokens: 7 * contents.length + (inner?.tools ? 20 : 0), promptTokensDetails: [{ modality: 'TEXT', tokenCount: 7 }] };
}

// ---- Imagen ----

function predict(body) {
  const [instance, more] = body.instances;
  const p = body.parameters ?? {};
  const strange = Object.keys(p).find((k) => !['sampleCount', 'aspectRatio', 'personGeneration', 'imageSize', 'safetySetting', 'includeRaiReason', 'includeSafetyAttributes', 'language', 'outputOptions', 'sampleImageSize'].includes(k));
  if (strange) return invalid(`${strange} isn't supported in Imagen.`);
  if (!instance?.prompt || more) return invalid('The prompt parameter is invalid.');
  if (!Number.isInteger(p.sampleCount ?? 4) || (p.sampleCount ?? 4) < 1 || (p.sampleCount ?? 4) > 4) return invalid('The number of images must be between 1 and 4.');
  if (p.aspectRatio && !RATIOS.includes(p.aspectRatio)) return invalid(`The aspect ratio ${p.aspectRatio} is not supported.`);
  const predictions = Array.from({ length: p.sampleCount ?? 4 }, () => ({ mimeType: p.outputOptions?.mimeType ?? 'image/png', bytesBase64Encoded: PNG }));
  return { predictions: /#filter/.test(instance.prompt) ? [{ raiFilteredReason: 'filtered' }] : predictions };
}

// ---- Veo ----

function predictLongRunning(body, route, { host }) {
  const [instance] = body.instances;
  const p = body.parameters ?? {};
  const strange = Object.keys(p).find((k) => !['aspectRatio', 'durationSeconds', 'negativePrompt', 'personGeneration', 'resolution', 'sampleCount', 'seed', 'resizeMode', 'compressionQuality'].includes(k));
  if (strange) return invalid(`${strange} isn't supported by this model.`);
  if (!instance?.prompt && !instance?.image) return invalid('Either prompt or image must be given.');
  if (instance.image && (!instance.image.bytesBase64Encoded || !instance.image.mimeType)) return invalid('Image does not have either bytesBase64Encoded or gcsUri.');
  if (p.durationSeconds !== undefined && ![4, 5, 6, 7, 8].includes(p.durationSeconds)) return invalid('The number value for durationSeconds is out of bound.');
  if (p.aspectRatio && !['16:9', '9:16'].includes(p.aspectRatio)) return invalid('The aspect ratio is not supported.');
  const name = `models/${route.model}/operations/op-${operations.size + 1}`;
  const samples = Array.from({ length: p.sampleCount ?? 1 }, (_, i) => ({ video: { uri: `${host}/v1beta/files/v${i}:download?alt=media` } }));
  const error = /#fail/.test(instance.prompt) ? { code: 3, message: 'The prompt violates the rules.' } : undefined;
  operations.set(name, { polls: 0, samples: /#filter/.test(instance.prompt) ? [] : samples, error });
  return { name };
}

function serveOperation({ route, response, entry, refuse, headers }) {
  const o = operations.get(route.name);
  if (!o) return refuse([404, { message: `Operation ${route.name} not found.` }]);
  entry.status = 200;
  if (o.polls++ < 1) return sendJson(response, 200, { name: route.name, metadata: { progressPercent: 50 } }, headers);
  if (o.error) return sendJson(response, 200, { name: route.name, done: true, error: o.error }, headers);
  const generateVideoResponse = o.samples.length ? { generatedSamples: o.samples } : { raiMediaFilteredCount: 1 };
  return sendJson(response, 200, { name: route.name, done: true, response: { '@type': 'type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse', generateVideoResponse } }, headers);
}

// Files lie behind a redirection.
function serveFile({ route, request, response, entry }) {
  entry.status = 302;
  response.writeHead(302, { location: `http://${request.headers.host}/v1beta/download/files/${route.file}`, 'content-length': 0 });
  response.end();
}

async function serveBytes({ response, entry }) {
  entry.status = 200;
  await sleep(5);
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': VIDEO.length });
  response.end(VIDEO);
}

// ---- models whose answers are pictures or sound ----

export const isImageModel = (model) => /^gemini-.*-image/.test(model);
export const isSpeechModel = (model) => /^gemini-.*-tts/.test(model);

export function refuseMedia(body, route) {
  const g = body.generationConfig ?? {};
  const asked = g.responseModalities ?? ['TEXT'];
  if (isSpeechModel(route.model) !== asked.includes('AUDIO')) return invalid(asked.includes('AUDIO') ? 'The requested combination of response modalities (AUDIO) is not supported by the model.' : 'The requested combination of response modalities (TEXT) is not supported by the model. It accepts the following: AUDIO');
  if (asked.includes('IMAGE') && !isImageModel(route.model)) return invalid('Multi-modal output is not supported.');
  if (g.imageConfig?.aspectRatio && !/^(1:1|2:3|3:2|3:4|4:3|4:5|5:4|9:16|16:9|21:9)$/.test(g.imageConfig.aspectRatio)) return invalid('Invalid aspect ratio.');
  if (g.imageConfig?.imageSize && !['1K', '2K', '4K'].includes(g.imageConfig.imageSize)) return invalid('Invalid image size.');
  const voice = g.speechConfig?.voiceConfig?.prebuiltVoiceConfig?.voiceName;
  if (isSpeechModel(route.model) && voice && !/^[A-Z][a-z]+$/.test(voice)) return invalid(`Voice name ${voice} is not supported.`);
  return null;
}

/* The parts such a model answers with, and what its tokens are of; null: it speaks. */
export function mediaAnswer(model) {
  if (isImageModel(model)) return { parts: [{ text: 'Here it is.' }, { inlineData: { mimeType: 'image/png', data: PNG } }], modality: 'IMAGE', tokens: 1290 };
  if (isSpeechModel(model)) return { parts: [{ inlineData: { mimeType: 'audio/L16;codec=pcm;rate=24000', data: Buffer.alloc(480).toString('base64') } }], modality: 'AUDIO', tokens: 25 };
  return null;
}
