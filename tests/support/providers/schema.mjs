// Knows JSON Schema as far as the providers' descriptions use it; refuses to know any provider.
import { readFileSync } from 'node:fs';

export function loadSchema(name) {
  return JSON.parse(readFileSync(new URL(`schemas/${name}.json`, import.meta.url), 'utf8'));
}

const typeOf = (v) => (v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v);

function hasType(value, type) {
  const actual = typeOf(value);
  if (type === 'integer') return actual === 'number' && Number.isInteger(value);
  return actual === type;
}

// Members of an object that any alternative of `schema` names, for saying what is unknown.
function propertyNames(schema, definitions, depth = 0) {
  if (!schema || depth > 8) return null;
  if (schema.$ref) return propertyNames(definitions[schema.$ref.slice(14)], definitions, depth + 1);
  if (schema.additionalProperties && schema.additionalProperties !== false) return null;
  const names = new Set();
  if (schema.properties) for (const k of Object.keys(schema.properties)) names.add(k);
  for (const part of schema.allOf ?? []) {
    const inner = propertyNames(part, definitions, depth + 1);
    if (inner) for (const k of inner) names.add(k);
  }
  return names.size ? names : null;
}

/* Checks `value`; gives a list of {path, kind, message, ...}, empty when it is valid. With `closed`
 * an object refuses members its schema does not name, whatever the schema says about others. */
export class Validator {
  constructor(document, { closed = false } = {}) {
    this.definitions = document.definitions;
    this.closed = closed;
  }

  check(value, name) {
    return this.problems(value, { $ref: `#/definitions/${name}` }, []);
  }

  problems(value, schema, path, inAllOf = false) {
    if (schema === true || schema === undefined || Object.keys(schema).length === 0) return [];
    if (schema.$ref) {
      const target = this.definitions[schema.$ref.slice('#/definitions/'.length)];
      if (!target) throw new Error(`schema has no ${schema.$ref}`);
      if (value === null && schema.nullable) return [];
      return this.problems(value, target, path, inAllOf);
    }
    if (value === null && schema.nullable) return [];
    const found = [];
    if (schema.allOf) found.push(...this.allOf(value, schema, path, inAllOf));
    const union = schema.anyOf ?? schema.oneOf;
    if (union) found.push(...this.anyOf(value, union, path));
    if (schema.type) {
      const types = [].concat(schema.type);
      if (!types.some((t) => hasType(value, t)))
        return [...found, { path, kind: 'type', expected: types.join(' or '), actual: typeOf(value), value }];
    }
    if (schema.enum && !schema.enum.includes(value))
      found.push({ path, kind: 'enum', expected: schema.enum, value });
    if ('const' in schema && schema.const !== value)
      found.push({ path, kind: 'enum', expected: [schema.const], value });
    if (typeof value === 'number') found.push(...numberProblems(value, schema, path));
    if (typeof value === 'string') found.push(...stringProblems(value, schema, path));
    if (Array.isArray(value)) found.push(...this.array(value, schema, path));
    else if (value && typeof value === 'object') found.push(...this.object(value, schema, path, inAllOf));
    return found;
  }

  allOf(value, schema, path, inAllOf) {
    const found = schema.allOf.flatMap((part) => this.problems(value, part, path, true));
    if (!inAllOf && this.closed && typeOf(value) === 'object') {
      const names = propertyNames(schema, this.definitions);
      if (names)
        for (const k of Object.keys(value))
          if (!names.has(k)) found.push({ path: [...path, k], kind: 'unknown', value: value[k] });
    }
    return found;
  }

  // The alternative that got furthest says what is wrong.
  anyOf(value, union, path) {
    let best = null;
    for (const part of union) {
      const found = this.problems(value, part, path);
      if (found.length === 0) return [];
      const score = found.some((p) => p.kind === 'enum' && /^(type|role)$/.test(String(p.path.at(-1))) && p.path.length === path.length + 1)
        ? -1
        : found.some((p) => p.path.length === path.length && p.kind === 'type')
          ? -2
          : Math.max(...found.map((p) => p.path.length));
      if (!best || score > best.score) best = { score, found };
    }
    if (best.score < 0 && union.length > 1)
      return [{ path, kind: 'union', value, inner: best.found }];
    return best.found;
  }

  array(value, schema, path) {
    const found = [];
    if (schema.minItems !== undefined && value.length < schema.minItems)
      found.push({ path, kind: 'short', value });
    if (schema.maxItems !== undefined && value.length > schema.maxItems)
      found.push({ path, kind: 'long', value });
    if (schema.items)
      value.forEach((item, i) => found.push(...this.problems(item, schema.items, [...path, i])));
    return found;
  }

  object(value, schema, path, inAllOf) {
    const found = [];
    for (const k of schema.required ?? [])
      if (!(k in value)) found.push({ path: [...path, k], kind: 'missing' });
    const open = schema.additionalProperties ?? !(this.closed && !inAllOf && schema.properties);
    for (const [k, v] of Object.entries(value)) {
      const member = schema.properties && Object.hasOwn(schema.properties, k) ? schema.properties[k] : undefined;
      if (member !== undefined) found.push(...this.problems(v, member, [...path, k]));
      else if (open === false) found.push({ path: [...path, k], kind: 'unknown', value: v });
      else if (typeof open === 'object') found.push(...this.problems(v, open, [...path, k]));
    }
    const members = Object.keys(value).length;
    if (schema.minProperties > members || schema.maxProperties < members) found.push({ path, kind: 'oneof', value: Object.keys(value) });
    for (const group of schema['x-oneofs'] ?? []) {
      const set = group.filter((k) => k in value);
      if (set.length > 1) found.push({ path, kind: 'oneof', value: set });
    }
    return found;
  }
}

function numberProblems(value, schema, path) {
  if (schema.minimum !== undefined && value < schema.minimum)
    return [{ path, kind: 'small', limit: schema.minimum, value }];
  if (schema.maximum !== undefined && value > schema.maximum)
    return [{ path, kind: 'large', limit: schema.maximum, value }];
  return [];
}

function stringProblems(value, schema, path) {
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength) return [{ path, kind: 'short', value }];
  if (schema.maxLength !== undefined && length > schema.maxLength) return [{ path, kind: 'long', value }];
  if (schema.pattern && !new RegExp(schema.pattern).test(value)) return [{ path, kind: 'pattern', expected: schema.pattern, value }];
  return [];
}

/* A small value that satisfies a JSON Schema, as a model would make one up. `seed` varies it. */
export function exampleOf(schema, seed = 0, root = schema, depth = 0) {
  if (!schema || typeof schema !== 'object' || depth > 24) return null;
  if (schema.$ref) {
    const target = schema.$ref.split('/').slice(1).reduce((o, k) => o?.[k], root);
    return exampleOf(target, seed, root, depth + 1);
  }
  if ('const' in schema) return schema.const;
  if (schema.enum) return schema.enum[seed % schema.enum.length];
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return exampleOf(union[0], seed, root, depth + 1);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((s) => exampleOf(s, seed, root, depth + 1)));
  const type = String([].concat(schema.type ?? (schema.properties ? 'object' : 'string'))[0]).toLowerCase();
  if (type === 'object')
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([k, v]) => [k, exampleOf(v, seed, root, depth + 1)]));
  if (type === 'array') return schema.items ? [exampleOf(schema.items, seed, root, depth + 1)] : [];
  if (type === 'integer') return Math.max(schema.minimum ?? 0, 7 + seed);
  if (type === 'number') return Math.max(schema.minimum ?? 0, 1.5 + seed);
  if (type === 'boolean') return seed % 2 === 0;
  if (type === 'null') return null;
  return ['Paris', 'São Paulo', '東京', 'a "quoted" \\ one\n'][seed % 4];
}
