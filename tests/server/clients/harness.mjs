// Starts what the tests talk to: the imitation of providers and hub servers set up to use it.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startImitation } from '../../support/providers/server.mjs';

const run = promisify(execFile);
export const program = process.env.AIGNE_HUB ?? 'aigne-hub';

/* Secrets the hub sends upstream; tests look them up in the imitation's log. */
export const upstreamKeys = { openai: 'sk-upstream-openai-0001', anthropic: 'sk-ant-upstream-0002', google: 'AIza-upstream-google-0003' };
export const baseUrls = (imitation) => ({ openai: `${imitation.url}/v1`, anthropic: imitation.url, google: `${imitation.url}/v1beta` });

export class Hub {
  constructor(directory, data) {
    this.directory = directory;
    this.data = data;
    this.output = '';
  }

  /* Runs a verb beside the server; throws with the program's words when it fails. */
  async do(verb, args = {}) {
    const { stdout } = await run(program, ['do', '--data', this.data, verb, JSON.stringify(args)]);
    return stdout.trim() ? JSON.parse(stdout) : null;
  }

  async key(name, role = 'user') {
    const { stdout } = await run(program, ['key', 'create', '--data', this.data, '--name', name, '--role', role]);
    return stdout.trim();
  }

  async start(more = []) {
    this.child = spawn(program, ['serve', '--data', this.data, '--listen', '127.0.0.1:0', '--threads', '2', ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ready = new Promise((resolve, reject) => {
      const see = (chunk) => {
        this.output += chunk;
        const url = /https?:\/\/127\.0\.0\.1:\d+/.exec(this.output)?.[0];
        if (url) resolve(url);
      };
      this.child.stdout.on('data', see);
      this.child.stderr.on('data', see);
      this.child.on('error', reject);
      this.child.on('exit', (code, signal) => {
        this.ended = { code, signal };
        reject(new Error(`the server ended with ${code ?? signal}: ${this.output}`));
      });
    });
    this.url = await ready;
    return this;
  }

  /* True while the server runs and answers. */
  async alive() {
    if (this.ended) return false;
    return (await fetch(`${this.url}/__blocklet__.js?type=json`)).ok;
  }

  async stop() {
    if (this.child && !this.ended) {
      const gone = new Promise((done) => this.child.once('exit', done));
      this.child.kill('SIGTERM');
      await Promise.race([gone, new Promise((done) => setTimeout(done, 5000).unref())]);
      if (!this.ended) this.child.kill('SIGKILL');
    }
    rmSync(this.directory, { recursive: true, force: true });
    if (this.ended?.code !== 0) throw new Error(`the server ended with ${this.ended?.code ?? this.ended?.signal ?? 'SIGKILL'}: ${this.output}`);
  }
}

/* A hub server on a new database. */
export async function startHub({ flags = [] } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'aigne-clients-'));
  const hub = new Hub(directory, join(directory, 'hub.db'));
  return hub.start(flags);
}

/* Puts in the three vendors as the imitation serves them, and prices for some models. */
export async function useImitation(hub, imitation) {
  for (const [provider, baseUrl] of Object.entries(baseUrls(imitation))) {
    await hub.do('provider.put', { name: provider, baseUrl });
    await hub.do('credential.put', { provider, name: 'main', value: upstreamKeys[provider] });
  }
  for (const [provider, model] of [['openai', 'gpt-4o-mini'], ['anthropic', 'claude-haiku-4-5'], ['google', 'gemini-2.5-flash']])
    await hub.do('rate.put', { provider, model, type: 'chat', inputRate: '0.00000015', outputRate: '0.0000006' });
}

/* {imitation, hub, key, calm, stop}: all that most tests need. calm() forgets what failed on purpose, which would
 * else be held against the next test's provider. */
export async function startAll(options = {}) {
  const imitation = await startImitation();
  const hub = await startHub(options);
  await useImitation(hub, imitation);
  const key = await hub.key('tests');
  await settled(async () => (await fetch(`${hub.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).ok);
  const administrator = await hub.key('administrator', 'admin');
  const calm = async () => (await post(`${hub.url}/api/admin/health.reset`, {}, { authorization: `Bearer ${administrator}` })).status === 200;
  await settled(calm);
  return { imitation, hub, key, calm, stop: async () => (await hub.stop(), await imitation.close()) };
}

/* Waits until `check` holds; changes made beside a server are seen within a second. */
export async function settled(check, milliseconds = 5000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    if (await check()) return;
    if (Date.now() > end) throw new Error('what was waited for did not happen');
    await new Promise((done) => setTimeout(done, 25));
  }
}

export async function post(url, body, headers = {}) {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) });
  const text = await response.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {}
  return { status: response.status, headers: response.headers, text, json };
}

export const collect = async (stream) => {
  const out = [];
  for await (const piece of stream) out.push(piece);
  return out;
};

/* A one-pixel PNG, as base64. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const WEATHER = { type: 'object', properties: { city: { type: 'string', description: 'Where' } }, required: ['city'], additionalProperties: false };
