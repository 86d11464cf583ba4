// Knows Bedrock's Converse: what is refused, in which words, and how an answer looks.
import { anthropic } from './anthropic.mjs';
import { damaged, message } from './eventstream.mjs';
import { number } from './scenario.mjs';
import { Validator, loadSchema } from './schema.mjs';
import { verify } from './sigv4.mjs';
import { compose } from './scenario.mjs';
import { sendJson } from './http.mjs';

const validator = new Validator(loadSchema('bedrock'));
const MODELS = [
  ['anthropic.claude-sonnet-4-5-20250929-v1:0', 'TEXT', 'INFERENCE_PROFILE'],
  ['amazon.nova-pro-v1:0', 'TEXT', 'ON_DEMAND'],
  ['amazon.titan-embed-text-v2:0', 'EMBEDDING', 'ON_DEMAND'],
];

export const bedrock = {
  name: 'bedrock',
  contentType: 'application/vnd.amazon.eventstream',
  terminal: (frame) => /^(messageStop|message_delta)$/.test(frame.event),
  headers: (id, status, detail) => ({ 'x-amzn-requestid': `5d1f6f6a-${id}`, ...(status >= 400 ? { 'x-amzn-errortype': `${typeOf(status, detail)}:http://internal.amazon.com/coral/com.amazon.bedrock/` } : {}) }),

  route(method, path) {
    if (/^(\/bedrock)?\/foundation-models$/.test(path)) return { what: 'models', method: 'GET' };
    const found = /^(?:\/bedrock)?\/model\/([^/]+)\/(converse|converse-stream|count-tokens|invoke|invoke-with-response-stream)$/.exec(path);
    if (!found) return null;
    const model = decodeURIComponent(found[1]);
    const route = { what: found[2], method: 'POST', model, dialect: found[2] };
    if (found[2] === 'invoke' && !claude(model)) return { ...route, serve: invokeTask };
    return found[2] === 'count-tokens' ? { ...route, serve: countTokens } : route;
  },

  authenticate(headers, query, route, request) {
    const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    if (bearer?.startsWith('bad')) return { key: bearer, refuse: [403, { type: 'AccessDeniedException', message: 'Authentication failed: Please make sure your API Key is valid.' }] };
    if (bearer) return { key: bearer };
    if (!headers.authorization) return { refuse: [403, { type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' }] };
    return verify(headers, request, 'bedrock');
  },

  error: (status, detail = {}) => ({ message: detail.message ?? STATUS[status]?.[1] ?? 'Unexpected.', ...(status === 424 ? { originalStatusCode: 500, resourceName: 'model' } : {}) }),
  unparsable: (why) => [400, { type: 'SerializationException', message: `The request body is not valid JSON: ${why}` }],
  errorFrame: () => message('exception', 'throttlingException', { message: 'Too many tokens, please wait before trying again.' }),
  models: () => ({ modelSummaries: MODELS.map(([modelId, out, served]) => ({ modelArn: `arn:aws:bedrock:us-east-1::foundation-model/${modelId}`, modelId, modelName: modelId, inputModalities: ['TEXT'], outputModalities: [out], inferenceTypesSupported: [served], modelLifecycle: { status: 'ACTIVE' }, responseStreamingSupported: true })) }),

  refuse(body, route) {
    if (route.what.startsWith('invoke')) return unknownModel(route.model) ?? claudesOwn(body, route);
    const [problem] = validator.check(body, route.what === 'converse' ? 'ConverseRequest' : 'ConverseStreamRequest');
    if (problem) return invalid(`1 validation error detected: Value at '${problem.path.join('.')}' failed to satisfy constraint: ${problem.kind}`);
    return unknownModel(route.model) ?? conversation(body) ?? tools(body, route.model) ?? caches(body, route.model) ?? parameters(body, route.model) ?? output(body, route.model);
  },

  view(body, route) {
    if (route.what.startsWith('invoke')) return { ...anthropic.view({ ...body, model: bare(route.model) }), model: route.model, stream: route.what !== 'invoke', claude: true };
    const last = body.messages.at(-1);
    const users = body.messages.filter((m) => m.role === 'user' && m.content.some((b) => b.text));
    const results = last.content.filter((b) => b.toolResult).map((b) => b.toolResult);
    const choice = Object.keys(body.toolConfig?.toolChoice ?? { auto: {} })[0];
    const extra = body.additionalModelRequestFields ?? {};
    const structure = body.outputConfig?.textFormat?.structure?.jsonSchema?.schema;
    return {
      text: (users.at(-1)?.content ?? []).map((b) => b.text ?? '').join('\n'),
      model: route.model,
      stream: route.what === 'converse-stream',
      results: results.map((r) => ({ id: r.toolUseId, text: r.content.map((c) => c.text ?? '').join('') })),
      tools: (body.toolConfig?.tools ?? []).filter((t) => t.toolSpec).map((t) => ({ name: t.toolSpec.name, schema: t.toolSpec.inputSchema.json })),
      choice: { any: 'required', tool: 'named' }[choice] ?? 'auto',
      choiceName: body.toolConfig?.toolChoice?.tool?.name,
      parallel: !extra.tool_choice?.disable_parallel_tool_use,
      schema: structure ? JSON.parse(structure) : null,
      thinking: /enabled|adaptive/.test(extra.thinking?.type ?? extra.reasoningConfig?.type),
    };
  },

  plain(view, scenario, id) {
    if (view.claude) return anthropic.plain({ ...view, model: bare(view.model) }, scenario, `bdrk_${id}`);
    const answer = compose(scenario, view);
    return { metrics: { latencyMs: 321 }, output: { message: { content: blocksOf(answer, id, scenario), role: 'assistant' } }, stopReason: STOP[answer.finish], usage: usage(answer.usage, scenario) };
  },

  stream(view, scenario, id) {
    if (view.claude) return anthropic.stream({ ...view, model: bare(view.model) }, scenario, `bdrk_${id}`).map(asChunk).map(damage(scenario));
    const answer = compose(scenario, view);
    const frames = [message('event', 'messageStart', { role: 'assistant' })];
    blocksOf(answer, id, scenario).forEach((block, i) => frames.push(...blockFrames(block, i, answer)));
    frames.push(message('event', 'messageStop', { stopReason: STOP[answer.finish] }));
    frames.push(message('event', 'metadata', { metrics: { latencyMs: 321 }, usage: usage(answer.usage, scenario) }));
    return frames.map(damage(scenario));
  },
};

const DAMAGES = { 'wrong-crc': -1, 'wrong-prelude-crc': 8, 'turned-bit': -8 };
const damage = (scenario) => (frame, i) => {
  const how = i === 2 && Object.keys(DAMAGES).find((k) => k in scenario);
  return how ? damaged(frame, DAMAGES[how]) : frame;
};
const STOP = { stop: 'end_turn', tools: 'tool_use', length: 'max_tokens', refusal: 'guardrail_intervened', filter: 'content_filtered', block: 'guardrail_intervened' };
const STATUS = {
  400: ['ValidationException', 'The request was refused on purpose.'],
  403: ['AccessDeniedException', "You don't have access to the model with the specified model ID."],
  404: ['ResourceNotFoundException', 'Could not resolve the foundation model from the provided model identifier.'],
  408: ['ModelTimeoutException', 'The model timed out.'],
  424: ['ModelErrorException', 'The model failed.'],
  429: ['ThrottlingException', 'Too many requests, please wait before trying again.'],
  500: ['InternalServerException', 'Unexpected.'],
  503: ['ServiceUnavailableException', 'Bedrock is unable to process your request.'],
};
const typeOf = (status, detail) => detail?.type ?? STATUS[status]?.[0] ?? 'InternalServerException';
const invalid = (text) => [400, { type: 'ValidationException', message: text }];
const signatureOf = (text) => `c2ln${Buffer.from(text).toString('base64')}`;
const claude = (model) => /anthropic\.claude/.test(model);
const nova = (model) => /amazon\.nova/.test(model);

function usage(u, scenario) {
  if (scenario['negative-usage']) return { inputTokens: -5, outputTokens: -1, totalTokens: -6 };
  if (scenario['huge-usage']) return { inputTokens: 1e300, outputTokens: 'many', totalTokens: 0 };
  const cached = scenario.cache ? { cacheReadInputTokens: u.cacheRead, cacheWriteInputTokens: u.cacheWrite, cacheDetails: [{ ttl: '5m', inputTokens: u.cacheWrite }] } : {};
  return { inputTokens: u.prompt - u.cacheRead - u.cacheWrite, outputTokens: u.output + u.reasoning, totalTokens: u.prompt + u.output + u.reasoning, ...cached };
}

function blocksOf(answer, id, scenario) {
  const blocks = [];
  const thought = answer.reasoning.join('');
  if (thought) blocks.push({ reasoningContent: { reasoningText: { text: thought, signature: signatureOf(thought) } } });
  if (scenario.redacted) blocks.push({ reasoningContent: { redactedContent: 'cmVkYWN0ZWQ=' } });
  if (answer.pieces.length) blocks.push({ text: answer.pieces.join('') });
  answer.calls.forEach((c, i) => blocks.push({ toolUse: { toolUseId: `tooluse_${id}_${i}`, name: c.name, input: c.arguments } }));
  return blocks;
}

// A start comes for tools only.
function blockFrames(block, contentBlockIndex, answer) {
  const delta = (d) => message('event', 'contentBlockDelta', { contentBlockIndex, delta: d });
  const frames = [];
  if (block.toolUse) {
    const { toolUseId, name, input } = block.toolUse;
    const text = JSON.stringify(input);
    frames.push(message('event', 'contentBlockStart', { contentBlockIndex, start: { toolUse: { toolUseId, name } } }));
    for (let i = 0; text !== '{}' && i < text.length; i += 4) frames.push(delta({ toolUse: { input: text.slice(i, i + 4) } }));
  }
  if (block.text) for (const text of answer.pieces) frames.push(delta({ text }));
  if (block.reasoningContent?.redactedContent) frames.push(delta(block));
  if (block.reasoningContent?.reasoningText) {
    for (const text of answer.reasoning) frames.push(delta({ reasoningContent: { text } }));
    frames.push(delta({ reasoningContent: { signature: block.reasoningContent.reasoningText.signature } }));
  }
  frames.push(message('event', 'contentBlockStop', { contentBlockIndex }));
  return frames;
}

// "us.anthropic.claude-sonnet-4-5-20250929-v1:0" is "claude-sonnet-4-5-20250929" elsewhere.
const bare = (model) => /claude-.+?(?=-v\d|$)/.exec(model)?.[0] ?? model;

function claudesOwn(body, route) {
  if (!claude(route.model)) return invalid('The imitation knows no other model\'s own format.');
  const extra = ['model', 'stream'].find((k) => k in body);
  if (extra) return invalid(`${extra}: Extra inputs are not permitted`);
  const { anthropic_version: version, anthropic_beta: betas, ...rest } = body;
  if (version !== 'bedrock-2023-05-31') return invalid('anthropic_version: Field required');
  if (betas !== undefined && !(Array.isArray(betas) && betas.every((b) => typeof b === 'string'))) return invalid('anthropic_beta: Input should be a valid list');
  const refusal = anthropic.refuse({ ...rest, model: bare(route.model), stream: route.what !== 'invoke' }, route, { version: '2023-06-01' });
  return refusal && invalid(refusal[1].message);
}

function asChunk(frame) {
  const event = JSON.parse(/^data: (.*)$/m.exec(frame)[1]);
  const told = event.type === 'message_stop' ? { ...event, 'amazon-bedrock-invocationMetrics': { inputTokenCount: 20, outputTokenCount: 4, invocationLatency: 300, firstByteLatency: 100 } } : event;
  const out = message('event', 'chunk', { bytes: Buffer.from(JSON.stringify(told)).toString('base64') });
  out.event = event.type;
  return out;
}

function unknownModel(model) {
  if (/no-such/.test(model) || !/^(arn:aws[a-z-]*:bedrock:.+|([a-z-]+\.)?(anthropic|amazon|meta|mistral|openai|cohere|qwen|stability)\.[a-z0-9.:_-]+)$/.test(model)) return invalid('The provided model identifier is invalid.');
  if (/^anthropic\.claude-(sonnet|opus|haiku)-4/.test(model)) return invalid(`Invocation of model ID ${model} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`);
  return null;
}

function conversation(body) {
  const messages = body.messages ?? [];
  if (!messages.length) return invalid('The messages field is empty. Add a message to the messages field, and try again.');
  if (messages[0].role !== 'user') return invalid('A conversation must start with a user message. Try again with a conversation that starts with a user message.');
  for (const [i, b] of (body.system ?? []).entries()) if (b.text !== undefined && !b.text.trim()) return invalid(`The text field in the SystemContentBlock object at system.${i} is blank. Add text to the text field, and try again.`);
  const names = new Set(), ids = new Set();
  let open = [];
  for (const [i, m] of messages.entries()) {
    if (i && messages[i - 1].role === m.role) return invalid(`messages: roles must alternate between "user" and "assistant", but found multiple "${m.role}" roles in a row`);
    if (!m.content.length) return invalid(`The content field in the Message object at messages.${i} is empty. Add a ContentBlock object to the content field and try again.`);
    const bad = blocks(m, i, names) ?? answers(m, i, open) ?? calls(m, i, ids);
    if (bad) return bad;
    open = m.content.filter((b) => b.toolUse).map((b) => b.toolUse.toolUseId);
  }
  if (open.length) return invalid(`Expected toolResult blocks at messages.${messages.length}.content for the following Ids: ${open.join(', ')}`);
  const end = messages.at(-1);
  if (end.role === 'assistant' && /\s$/.test(end.content.at(-1).text ?? '')) return invalid('messages: final assistant content cannot end with trailing whitespace');
  return null;
}

const MAGIC = { png: /^iVBORw0KGgo/, jpeg: /^\/9j\//, gif: /^R0lGOD/, webp: /^UklGR/ };

function blocks(m, i, names) {
  for (const [k, b] of m.content.entries()) {
    const where = `messages.${i}.content.${k}`;
    if (b.text !== undefined && !b.text.trim()) return invalid(`The text field in the ContentBlock object at ${where} is blank. Add text to the text field, and try again.`);
    if (m.role === 'assistant' && (b.image || b.document || b.toolResult)) return invalid(`The role of the message at messages.${i} must be user for this content.`);
    if (m.role === 'user' && (b.toolUse || b.reasoningContent)) return invalid(`The role of the message at messages.${i} must be assistant for this content.`);
    for (const c of b.toolResult?.content ?? []) if (c.text !== undefined && !c.text.trim()) return invalid(`The text field in the ContentBlock object at ${where}.toolResult.content is blank. Add text to the text field, and try again.`);
    for (const c of [b, ...(b.toolResult?.content ?? [])]) {
      const bad = file(c, where, names);
      if (bad) return bad;
    }
    const thought = b.reasoningContent?.reasoningText;
    if (thought && thought.signature !== signatureOf(thought.text)) return invalid(`messages.${i}.content.${k}: Invalid \`signature\` in \`thinking\` block`);
  }
  const told = m.content.some((b) => b.text);
  return m.role === 'user' && m.content.some((b) => b.document) && !told ? invalid(`A text content block is required at messages.${i}.content when a document is present.`) : null;
}

function file(c, where, names) {
  if (c.image?.source.bytes && !MAGIC[c.image.format].test(c.image.source.bytes)) return invalid(`${where}.image: Could not process image`);
  if (!c.document) return null;
  if (!/^[A-Za-z0-9\s()[\]-]+$/.test(c.document.name) || /\s\s/.test(c.document.name)) return invalid('The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can\'t contain more than one consecutive whitespace character.');
  if (names.has(c.document.name)) return invalid('The DocumentBlock objects must have unique names.');
  names.add(c.document.name);
  return null;
}

function answers(m, i, open) {
  const results = m.role === 'user' ? m.content.filter((b) => b.toolResult).map((b) => b.toolResult.toolUseId) : [];
  const missing = open.filter((id) => !results.includes(id));
  if (missing.length) return invalid(`Expected toolResult blocks at messages.${i}.content for the following Ids: ${missing.join(', ')}`);
  if (results.length > open.length || new Set(results).size !== results.length) return invalid(`The number of toolResult blocks at messages.${i}.content exceeds the number of toolUse blocks of previous turn.`);
  return null;
}

function calls(m, i, ids) {
  for (const b of m.content.filter((c) => c.toolUse)) {
    if (ids.has(b.toolUse.toolUseId)) return invalid(`messages.${i}: toolUse ids must be unique`);
    ids.add(b.toolUse.toolUseId);
    if (!b.toolUse.input || typeof b.toolUse.input !== 'object' || Array.isArray(b.toolUse.input)) return invalid(`The format of the value at messages.${i}.content.0.toolUse.input is invalid. Provide a json object for the field and try again.`);
  }
  return null;
}

function tools(body, model) {
  const used = body.messages.some((m) => m.content.some((b) => b.toolUse || b.toolResult));
  if (used && !body.toolConfig) return invalid('The toolConfig field must be defined when using toolUse and toolResult content blocks.');
  const names = (body.toolConfig?.tools ?? []).filter((t) => t.toolSpec).map((t) => t.toolSpec.name);
  if (new Set(names).size !== names.length) return invalid('The tool names must be unique.');
  for (const t of body.toolConfig?.tools ?? []) if (t.toolSpec && t.toolSpec.inputSchema.json?.type !== 'object') return invalid('The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.');
  const choice = Object.keys(body.toolConfig?.toolChoice ?? {})[0];
  if (choice === 'tool' && !names.includes(body.toolConfig.toolChoice.tool.name)) return invalid('The tool of toolChoice is not among the tools.');
  if (/meta\.llama/.test(model) && /any|tool/.test(choice)) return invalid(`This model doesn't support the toolConfig.toolChoice.${choice} field. Remove toolConfig.toolChoice.${choice} and try again.`);
  return null;
}

function caches(body, model) {
  const marks = (JSON.stringify([body.system, body.messages, body.toolConfig]).match(/"cachePoint":\{/g) ?? []).length;
  if (marks && !claude(model) && !nova(model) && !model.startsWith('arn:')) return [403, { type: 'AccessDeniedException', message: 'You invoked an unsupported model or your request did not allow prompt caching.' }];
  return marks > 4 ? invalid(`A maximum of 4 blocks with cache_control may be provided. Found ${marks}.`) : null;
}

function parameters(body, model) {
  const config = body.inferenceConfig ?? {}, extra = body.additionalModelRequestFields ?? {};
  if (/claude-(opus-4-[78]|opus-5|sonnet-5)/.test(model) && ('temperature' in config || 'topP' in config)) return invalid('`temperature` is deprecated for this model.');
  if (/-4-5|opus-4-1/.test(model) && 'temperature' in config && 'topP' in config) return invalid('`temperature` and `top_p` cannot both be specified for this model. Please use only one.');
  if (extra.thinking?.type === 'enabled') {
    if (extra.thinking.budget_tokens >= config.maxTokens) return invalid('`max_tokens` must be greater than `thinking.budget_tokens`.');
    if ((config.temperature ?? 1) !== 1) return invalid('`temperature` may only be set to 1 when thinking is enabled.');
    if (body.toolConfig?.toolChoice && !body.toolConfig.toolChoice.auto) return invalid('Thinking may not be enabled when tool_choice forces tool use.');
  }
  const known = claude(model) ? ['thinking', 'top_k', 'anthropic_beta', 'tool_choice'] : nova(model) ? ['inferenceConfig', 'reasoningConfig'] : ['reasoning_effort', 'top_k'];
  const odd = Object.keys(extra).find((k) => !known.includes(k));
  if (odd) return invalid(`The model returned the following errors: extraneous key [${odd}] is not permitted`);
  const labels = Object.entries(body.requestMetadata ?? {});
  const unfit = labels.find(([k, v]) => !/^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$/.test(k) || !/^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$/.test(v));
  return unfit || labels.length > 16 ? invalid(`Value at 'requestMetadata' failed to satisfy constraint`) : null;
}

function output(body, model) {
  const text = body.outputConfig?.textFormat?.structure?.jsonSchema?.schema;
  if (body.outputConfig?.effort && !/claude-(opus-4-[5-9]|opus-5|sonnet-[5-9]|sonnet-4-6)/.test(model)) return invalid('This model does not support the effort parameter.');
  if (!text) return null;
  if (!/claude-(sonnet|haiku|opus)-(4-[5-9]|5)|openai\.gpt-oss|qwen/.test(model)) return invalid("This model doesn't support the outputConfig.textFormat field.");
  try {
    if (JSON.parse(text).additionalProperties !== false) return invalid("outputConfig: For 'object' type, 'additionalProperties' must be explicitly set to false");
  } catch {
    return invalid('outputConfig.textFormat.structure.jsonSchema.schema is not JSON.');
  }
  return null;
}

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const vector = (n) => Array.from({ length: n ?? 4 }, (_, i) => (i + 1) / 8);
/* By the model's name: the members it takes, those it must have, and what it answers. */
const TASKS = [
  [/amazon\.titan-embed-text-v2/, ['inputText', 'dimensions', 'normalize'], ['inputText'], (b) => ({ embedding: vector(b.dimensions), inputTextTokenCount: b.inputText.length })],
  [/cohere\.embed/, ['texts', 'input_type', 'embedding_types', 'truncate', 'output_dimension'], ['texts', 'input_type'], (b) => ({ id: 'x', response_type: 'embeddings_by_type', texts: b.texts, embeddings: { float: b.texts.map(() => vector(b.output_dimension)) } })],
  [/amazon\.(nova-canvas|titan-image)/, ['taskType', 'textToImageParams', 'imageVariationParams', 'inPaintingParams', 'imageGenerationConfig'], ['taskType'], (b) => ({ images: Array.from({ length: b.imageGenerationConfig?.numberOfImages ?? 1 }, () => PNG), error: null })],
  [/stability\./, ['prompt', 'negative_prompt', 'aspect_ratio', 'mode', 'image', 'strength', 'seed', 'output_format'], ['prompt'], (b) => ({ seeds: [b.seed ?? 0], finish_reasons: [/#withheld/.test(b.prompt) ? 'Filter reason: prompt' : null], images: [/#withheld/.test(b.prompt) ? null : PNG] })],
];

function invokeTask({ route, response, entry, bytes, refuse, headers }) {
  const body = JSON.parse(bytes);
  entry.body = body;
  const [, known, needed, answer] = TASKS.find(([name]) => name.test(route.model)) ?? [];
  if (!known) return refuse(invalid('The provided model identifier is invalid.'));
  const odd = Object.keys(body).find((k) => !known.includes(k)), missing = needed.find((k) => !(k in body));
  if (odd || missing) return refuse(invalid(`Malformed input request: #: ${odd ? `extraneous key [${odd}] is not permitted` : `required key [${missing}] not found`}, please reformat your input and try again.`));
  if (body.texts?.length > 96) return refuse(invalid('Malformed input request: #/texts: expected maximum item count: 96'));
  if (body.aspect_ratio && !/^(16:9|1:1|21:9|2:3|3:2|4:5|5:4|9:16|9:21)$/.test(body.aspect_ratio)) return refuse(invalid('Malformed input request: #/aspect_ratio'));
  entry.status = 200;
  return sendJson(response, 200, answer(body), { ...headers, 'x-amzn-bedrock-input-token-count': '11', 'x-amzn-bedrock-output-token-count': '0' });
}

function countTokens({ route, response, entry, bytes, refuse, headers }) {
  const body = JSON.parse(bytes);
  entry.body = body;
  const [problem] = validator.check(body, 'CountTokensRequest');
  if (problem) return refuse(invalid(`1 validation error detected: Value at '${problem.path.join('.')}' failed to satisfy constraint: ${problem.kind}`));
  const bad = unknownModel(route.model.replace(/^anthropic\./, 'us.anthropic.')) ?? (body.input.converse ? conversation(body.input.converse) : null);
  if (bad) return refuse(bad);
  entry.status = 200;
  return sendJson(response, 200, { inputTokens: number(undefined, 17) }, headers);
}
