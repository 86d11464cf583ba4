// Runs the imitation as a program: prints its URL on one line and serves until its input closes or
// it is told to end.
import { startImitation } from './server.mjs';

const flag = (name, fallback) => {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? fallback : process.argv[i + 1];
};
const imitation = await startImitation({ port: Number(flag('port', '0')), host: flag('host', '127.0.0.1') });
process.stdout.write(`${imitation.url}\n`);
const end = () => process.exit(0);
process.on('SIGTERM', end);
process.on('SIGINT', end);
if (process.argv.includes('--until-eof')) process.stdin.resume().on('end', end);
