/** A process between lightmem and a server that it started: it ends the server when lightmem ends, however that ends. */
import { spawn } from 'node:child_process';

/** What is kept of the server's words, in characters. */
const LAST_WORDS = 4000;
/** How long the server may take to end when it is asked to. */
const END_MS = 10_000;

const [program = '', ...words] = process.argv.slice(2);
// A group of its own, so that what the server starts ends with it.
const server = spawn(program, words, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
let said = '';
for (const stream of [server.stdout, server.stderr])
  stream.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-LAST_WORDS);
  });

function end(signal: NodeJS.Signals): void {
  const { pid } = server;
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // it is gone
  }
}

function leave(cause: string): void {
  end('SIGKILL'); // what it started and left
  process.stdout.write(`${JSON.stringify({ cause, said })}\n`, () => process.exit(0));
}

server.on('error', ({ message }) => leave(`could not be started (${message})`));
server.on('exit', (code, signal) => {
  // Its last words may still be under way.
  setTimeout(() => leave(`ended (${signal ?? `exit code ${code}`})`), 200);
});

function stop(): void {
  end('SIGTERM');
  setTimeout(() => end('SIGKILL'), END_MS);
}
process.stdin.on('close', stop).on('error', stop).resume();
process.stdout.on('error', () => undefined); // nobody listens any more
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
