// Runs one test file with node's test runner. Without the packages it is skipped (77), unless
// AIGNE_TEST_CLIENTS=require says that they must be here.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
if (!existsSync(here('node_modules/openai'))) {
  process.stderr.write('the packages are not installed: run tests/support/node_modules.sh\n');
  process.exit(process.env.AIGNE_TEST_CLIENTS === 'require' ? 1 : 77);
}
const child = spawn(process.execPath, ['--test', here(process.argv[2])], { stdio: 'inherit' });
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
