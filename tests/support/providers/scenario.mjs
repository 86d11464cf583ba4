// Knows how a test asks for a behaviour and what the imitated model then says; refuses to know formats.
import { exampleOf } from './schema.mjs';

/* Words of the last user message ("#status=429 #retry=7") or of the model's name
 * ("imitate-status_429.retry_7") choose the behaviour. README.md lists them. */
export function readScenario(text, model) {
  const scenario = {};
  for (const [, name, value] of String(text ?? '').matchAll(/(?:^|\s)#([a-z][a-z0-9-]*)(?:=(\S+))?/g))
    scenario[name] = value ?? true;
  const named = /imitate-([a-z0-9_.-]+)/.exec(String(model ?? ''));
  if (named)
    for (const word of named[1].split('.')) {
      const [name, value] = word.split('_');
      if (name !== 'plain') scenario[name] = value ?? true;
    }
  return scenario;
}

export const number = (value, fallback) => (value === undefined || value === true ? fallback : Number(value));

const WORDS = ['Hello', ' from', ' the', ' imitation', ',', ' grüße', ' 東京', ' 👋🏽', ' and', ' "quotes"', ' \\', '\n'];

function textPieces(scenario, view) {
  if (view.results.length) return [`Result: `, view.results.map((r) => r.text).join(' | ')];
  if (view.schema) {
    const text = JSON.stringify(exampleOf(view.schema));
    return [text.slice(0, 3), text.slice(3, 7), text.slice(7)].filter((s) => s.length);
  }
  if (view.json) return ['{"ok"', ':true', '}'];
  if (scenario.say) return [String(scenario.say)];
  if (scenario.bytes) return ['x'.repeat(number(scenario.bytes, 1000))];
  if (scenario.silent) return [];
  const count = number(scenario.stream, 4);
  return Array.from({ length: count }, (_, i) => WORDS[i % WORDS.length]);
}

function toolCalls(scenario, view) {
  if (!view.tools.length || view.choice === 'none') return [];
  const forced = view.choice === 'required' || view.choice === 'named';
  const wanted = scenario.tool || scenario.tools || forced;
  if (!wanted || (view.results.length && !scenario.again && !forced)) return [];
  const name = typeof scenario.tool === 'string' ? scenario.tool : view.choice === 'named' ? view.choiceName : null;
  const tool = view.tools.find((t) => t.name === name) ?? view.tools[0];
  const parallel = scenario.tools && view.parallel !== false;
  const chosen = parallel ? [view.tools[0], view.tools[1] ?? view.tools[0]] : [tool];
  return chosen.map((t, i) => ({ name: t.name, arguments: scenario.noargs ? {} : exampleOf(t.schema ?? { type: 'object' }, i) }));
}

/* What the model answers, in no provider's format. `view` is what the provider's module saw in the
 * request: {results, tools, choice, choiceName, parallel, schema, json, thinking}. */
export function compose(scenario, view) {
  const calls = toolCalls(scenario, view);
  const pieces = calls.length && !scenario.talk ? [] : textPieces(scenario, view);
  const reasoning = scenario.reason && view.thinking ? ['Let me', ' think', '.'] : [];
  const finish = scenario.refuse ? 'refusal' : scenario.block ? 'block' : scenario.filter ? 'filter' : calls.length ? 'tools' : scenario.length ? 'length' : 'stop';
  return {
    pieces: scenario.refuse ? ['I cannot', ' help with that.'] : pieces,
    reasoning,
    calls,
    finish,
    usage: {
      prompt: 20,
      cacheRead: scenario.cache ? 8 : 0,
      cacheWrite: scenario.cache ? 4 : 0,
      output: Math.max(1, pieces.length + 3 * calls.length),
      reasoning: scenario.reason ? 5 : 0,
    },
  };
}
