/** A Python process that is asked one thing after the other, a line of JSON each, and answers so. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { Json } from '../core/json.js';
import { parseRecord } from '../files/json-record.js';

const reply = z.union([
  z.strictObject({ done: z.unknown() }),
  z.strictObject({ told: z.unknown() }),
  z.strictObject({ failed: z.string() }),
]);

/** A request: what to do, and with what. */
export type Request = { readonly do: string; readonly [field: string]: Json | undefined };

/** Characters of what it wrote to standard error that are kept for an error's message. */
const LAST_WORDS = 4000;

/** How long it may take to end once its input has; then it is ended. */
const END_MS = 5_000;

/** A process or a pipe, as far as it keeps this process alive. */
interface Handle {
  ref(): void;
  unref(): void;
}

interface Waiting {
  readonly resolve: (done: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onTold: ((told: unknown) => void) | undefined;
}

/** The process, from its start until `close` or until this process ends. */
export class PythonProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: Waiting[] = [];
  readonly #ended: Promise<void>;
  #words = '';
  #end: Error | undefined;

  /** `command` is the program and its arguments. */
  constructor(command: readonly string[]) {
    const [program = '', ...words] = command;
    // A group of its own: Ctrl-C is answered here, and the process ends when its input does.
    const options = { detached: true, env: { ...process.env, TOKENIZERS_PARALLELISM: 'false' } };
    this.#child = spawn(program, words, options);
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-LAST_WORDS);
    });
    this.#child.stdin.on('error', () => undefined); // told by how it ends
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#read(line));
    this.#ended = new Promise((resolve) => {
      const end = (cause: string): void => {
        this.#stop(cause);
        resolve();
      };
      this.#child.on('error', ({ message }) => end(`could not be started (${message})`));
      this.#child.on('close', (code, signal) => end(`ended (${signal ?? `exit code ${code}`})`));
    });
  }

  /**
   * What it answers, checked by the schema; `onTold` hears of what it says on the way. Throws UserError with its own words where it
   * fails or is gone.
   */
  async ask<T>(request: Request, schema: z.ZodType<T>, onTold?: (told: unknown) => void): Promise<T> {
    const done = await new Promise<unknown>((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      this.#waiting.push({ resolve, reject, onTold });
      this.#hold(true);
      this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    });
    const parsed = schema.safeParse(done);
    if (parsed.success) return parsed.data;
    throw new Error(`Python answered "${request.do}" with ${JSON.stringify(done)?.slice(0, 200)}`);
  }

  /** Ends it, at the latest after five seconds. */
  async close(): Promise<void> {
    this.#hold(true);
    this.#child.stdin.end();
    const kill = setTimeout(() => this.kill(), END_MS);
    await this.#ended;
    clearTimeout(kill);
  }

  /** Ends it, and what it started, at once. */
  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      // it is gone
    }
  }

  /** Keeps this process from ending while it is waited for, and no longer. */
  #hold(isWaitedFor: boolean): void {
    const streams = [this.#child.stdin, this.#child.stdout, this.#child.stderr] as unknown as Handle[];
    for (const handle of [this.#child, ...streams])
      if (isWaitedFor) handle.ref();
      else handle.unref();
  }

  #read(line: string): void {
    const parsed = parseRecord(Buffer.from(line), reply);
    const [first] = this.#waiting;
    if ('problem' in parsed || first === undefined) {
      this.#words = `${this.#words}${line}\n`.slice(-LAST_WORDS);
      return;
    }
    const { value } = parsed;
    if ('told' in value) {
      first.onTold?.(value.told);
      return;
    }
    this.#waiting.shift();
    this.#hold(this.#waiting.length > 0);
    if ('done' in value) first.resolve(value.done);
    else first.reject(new UserError(`Python: ${value.failed}`));
  }

  #stop(cause: string): void {
    const words = this.#words.trim().split('\n').slice(-6).join('\n');
    this.#end = new UserError(`the Python process ${cause}${words === '' ? '' : `; its last words:\n${words}`}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }
}
