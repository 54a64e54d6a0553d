/** A server started here, which ends when this process does. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { builtFile } from '../core/built-file.js';
import { UserError } from '../core/errors.js';
import type { StartCommand } from './dialect.js';
import { ServerClient } from './server-client.js';

const ending = z.object({ cause: z.string(), said: z.string() });

const FIRST_LOOK_MS = 100;
const LONGEST_LOOK_MS = 2_000;

/** The program, from its start until `close` or until this process ends. */
export class ServerProcess {
  readonly client: ServerClient;
  readonly #keeper: ChildProcess;
  readonly #ended: Promise<void>;
  /** Why it ended, with its last words; undefined while it runs. */
  end: string | undefined;

  private constructor({ words, environment }: StartCommand, port: number) {
    this.client = new ServerClient(`http://127.0.0.1:${port}`);
    const [program = ''] = words;
    // A group of its own: Ctrl-C is answered here, and the keeper ends when its input does.
    this.#keeper = spawn(process.execPath, [builtFile('serving/keeper.js'), ...words], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...environment },
    });
    this.#keeper.stdin?.on('error', () => undefined); // told by how it ends
    let told = '';
    this.#keeper.stdout?.setEncoding('utf8').on('data', (text: string) => (told += text));
    this.#ended = new Promise((resolve) => {
      const settle = (): void => {
        this.end ??= `${program} ${endOf(told)}`;
        resolve();
      };
      this.#keeper.on('error', settle).on('close', settle);
    });
    this.#unref();
  }

  /** Starts a program on a free port and waits until it answers. Throws UserError with its last words where it does not. */
  static async start(
    commandOn: (port: number) => StartCommand,
    { seconds, signal }: { seconds: number; signal?: AbortSignal | undefined },
  ): Promise<ServerProcess> {
    const port = await freePort();
    const started = new ServerProcess(commandOn(port), port);
    try {
      await started.#answers(seconds, signal);
      return started;
    } catch (error) {
      await started.close();
      throw error;
    }
  }

  /** Ends it, and waits until it is gone. */
  async close(): Promise<void> {
    this.#keeper.ref();
    this.#keeper.stdin?.end();
    await this.#ended;
  }

  async #answers(seconds: number, signal: AbortSignal | undefined): Promise<void> {
    const until = performance.now() + seconds * 1000;
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(LONGEST_LOOK_MS, pause * 1.5)) {
      signal?.throwIfAborted();
      if (this.end !== undefined) throw new UserError(`the server could not be started: ${this.end}`);
      const answer = await this.client.get('/health', { timeoutMs: 5_000, signal });
      if (answer.kind === 'response' && answer.status < 500) return;
      if (performance.now() > until)
        throw new UserError(
          `the server did not answer within ${seconds} s: give it more by server.startSeconds, or try its command by hand`,
        );
      await Promise.race([sleep(pause, undefined, signal === undefined ? {} : { signal }), this.#ended]).catch(
        () => undefined, // aborted: seen above
      );
    }
  }

  /** Lets this process end while it still runs: the keeper then ends it. */
  #unref(): void {
    this.#keeper.unref();
    for (const stream of [this.#keeper.stdin, this.#keeper.stdout])
      (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }
}

function endOf(told: string): string {
  const line = told.trim().split('\n').at(-1) ?? '';
  if (line === '') return 'ended';
  const { cause, said } = ending.parse(JSON.parse(line));
  const words = said.trim().split('\n').slice(-6).join('\n');
  return `${cause}${words === '' ? '' : `; its last words:\n${words}`}`;
}

/** A port that nothing listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
