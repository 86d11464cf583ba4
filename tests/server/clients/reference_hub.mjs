// A hub made of AIGNE's own server, @aigne/transport, with an imitated model behind it: what a client
// of ours must get on with, and what a client of theirs is used to.
import { createServer } from 'node:http';
import { AIGNE, ChatModel } from '@aigne/core';
import { AIGNEHTTPServer } from '@aigne/transport/http-server/index.js';
import { compose, number, readScenario } from '../../support/providers/scenario.mjs';

export const HUB_DID = 'z8ia3xzq2tMq8CRHfaXj1BTYJyYnEcHbqP8cJ';

const textOf = (content) => (typeof content === 'string' ? content : (content ?? []).filter((p) => p.type === 'text').map((p) => p.text).join('\n'));
const failure = (status, message) => Object.assign(new Error(message), { status });

class ImitatedModel extends ChatModel {
  constructor(log) {
    super({ name: 'ImitatedModel' });
    this.log = log;
  }
  async process(input) {
    this.log.inputs.push(structuredClone(input));
    const { messages } = input;
    const lastAgent = messages.map((m) => m.role).lastIndexOf('agent');
    const scenario = readScenario(textOf(messages.filter((m) => m.role === 'user').at(-1)?.content), input.modelOptions?.model);
    if (scenario.status) throw failure(number(scenario.status), scenario.message ?? `refused with ${scenario.status}`);
    const answer = compose(scenario, {
      results: messages.slice(lastAgent + 1).filter((m) => m.role === 'tool').map((m) => ({ text: textOf(m.content) })),
      tools: (input.tools ?? []).map((t) => ({ name: t.function.name, schema: t.function.parameters })),
      choice: input.toolChoice?.function ? 'named' : input.toolChoice,
      choiceName: input.toolChoice?.function?.name,
      schema: input.responseFormat?.jsonSchema?.schema,
      thinking: true,
    });
    return pieces(answer, scenario, input);
  }
}

// As the real models do: text in pieces, tool calls as a whole list that grows, usage at the end.
async function* pieces(answer, scenario, input) {
  let sent = 0;
  const fail = () => scenario['error-mid'] && sent++ === 2;
  for (const thoughts of answer.reasoning) yield { delta: { text: { thoughts } } };
  if (input.responseFormat?.type === 'json_schema' && !answer.calls.length) yield { delta: { json: { json: JSON.parse(answer.pieces.join('')) } } };
  else
    for (const text of answer.pieces) {
      if (fail()) throw failure(503, 'the imitated model broke');
      if (scenario.drip) await new Promise((r) => setTimeout(r, number(scenario.drip, 20)));
      yield { delta: { text: { text } } };
    }
  const calls = answer.calls.map((c, i) => ({ id: `call_${i}`, type: 'function', function: { name: c.name, arguments: c.arguments } }));
  for (let i = 0; i < calls.length; i++) yield { delta: { json: { toolCalls: calls.slice(0, i + 1) } } };
  const usage = { inputTokens: answer.usage.prompt, outputTokens: answer.usage.output, aigneHubCredits: 0.0000054, creditPrefix: '$' };
  yield { delta: { json: { usage, model: input.modelOptions?.model ?? 'imitated' } } };
}

/* Gives {url, chatUrl, log: {requests, inputs}, close}. `mount` is where the hub lives. */
export async function startReferenceHub({ key = 'reference-key', mount = '/ai-kit' } = {}) {
  const log = { requests: [], inputs: [] };
  const aigne = new AIGNE({ model: new ImitatedModel(log) });
  const transport = new AIGNEHTTPServer(aigne, { maximumBodySize: '50mb' });
  const root = mount === '/' ? '' : mount;
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://hub');
    log.requests.push({ method: request.method, url: request.url, headers: request.headers });
    const json = (status, value) => (response.writeHead(status, { 'content-type': 'application/json' }), response.end(JSON.stringify(value)));
    if (url.pathname === '/__blocklet__.js') return json(200, { componentMountPoints: [{ did: 'zOther', mountPoint: '/other' }, { did: HUB_DID, mountPoint: mount }] });
    if (url.pathname === `${root}/api/ai/models`)
      return json(200, [{ key: 'openai/gpt-4o-mini', type: url.searchParams.get('type') ?? 'chat', model: 'gpt-4o-mini', provider: 'openai', providerDisplayName: 'OpenAI', input_credits_per_token: '0.00000015', output_credits_per_token: '0.0000006', modelMetadata: null, status: null }]);
    if (url.pathname !== `${root}/api/v2/chat`) return (response.writeHead(404, { 'content-type': 'text/html' }), response.end('<h1>not found</h1>'));
    if (request.headers.authorization !== `Bearer ${key}`) return json(401, { error: 'User not authenticated' });
    await transport.invoke(request, response);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, chatUrl: `${url}${root}/api/v2/chat`, key, log, close: () => new Promise((done) => (server.closeAllConnections(), server.close(done))) };
}
