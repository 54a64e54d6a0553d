/** The Slurm executor: runs as elements of arrays of jobs, one array for each shape of run, found again by their names. */
import { execFile } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../core/errors.js';
import type { Executor, JobSpec } from './executor.js';
import { FarExecutor, type FarOptions } from './far.js';
import { LAST_WORDS, lastLine } from './last-words.js';
import { neededMegabytes } from './needs.js';
import { isOutOfMemoryMessage } from './out-of-memory.js';
import type { Attempt, Scheduler, Submission, TaskState, Ticket, WorkRecords } from './scheduler.js';
import { ArrayStore, arrayScript, type ArrayRecord } from './slurm-arrays.js';
import {
  ACCOUNTING_FORMAT,
  kindOf,
  mayPass,
  parseAccounting,
  parseMaxArraySize,
  parseQueue,
  parseSubmission,
  QUEUE_FORMAT,
} from './slurm-text.js';

export interface SlurmSettings {
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  readonly qos?: string | undefined;
  /** Further options of sbatch, such as `--constraint=avx512`. */
  readonly options: readonly string[];
  /** Memory of each run; without it, as estimated and a quarter more. */
  readonly memoryGB?: number | undefined;
  /** Longest time of each run; without it, four times the estimate, and twice as long each time that a run is tried again. */
  readonly minutes?: number | undefined;
  /** GPUs of each run. */
  readonly gpus: number;
  /** Most runs that run at once. */
  readonly atOnce?: number | undefined;
  /** Most runs that wait or run in Slurm at once. */
  readonly queued?: number | undefined;
  readonly retries: number;
  readonly pollSeconds: number;
  /** What becomes of the runs when the study is stopped. */
  readonly onStop: 'cancel' | 'leave';
  /** Lines of shell before a run, such as `module load nodejs`. */
  readonly setup: string;
  /** What is run with a folder behind it, as words of shell. */
  readonly work: string;
  /** Where arrays, scripts and logs are kept; the nodes must see it under the same path. */
  readonly folder: string;
}

export interface SlurmOptions extends Partial<FarOptions> {
  /** Environment of Slurm's commands. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds before a command is tried again that got no answer, twice as many each time. Default: 1 s. */
  readonly pauseMs?: number;
}

/** An executor that hands jobs to Slurm. */
export function slurmExecutor(
  settings: SlurmSettings,
  records: WorkRecords,
  { env = process.env, pauseMs = 1_000, ...options }: SlurmOptions = {},
): Executor {
  const { atOnce = Infinity, retries, pollSeconds } = settings;
  return new FarExecutor(new Slurm(settings, { env, pauseMs }), records, {
    ...{ concurrency: atOnce, retries, pollMs: pollSeconds * 1000 },
    ...options,
  });
}

/** How often a command is tried that got no answer. */
const TRIES = 6;
/** Elements of an array where Slurm does not say its limit: Slurm's own default. */
const USUAL_ARRAY_SIZE = 1001;
/** Longest time that a command may take. */
const COMMAND_MS = 120_000;
/** Names in one question. */
const NAMES_AT_ONCE = 100;
/** Seconds before its time is over at which a run is told to write a checkpoint and end. */
const NOTICE_SECONDS = 60;

interface Submitted {
  readonly record: ArrayRecord;
  /** Number of the array's job; undefined until Slurm has told it. */
  id: number | undefined;
  /** Submitted by an earlier process: who cancelled it, and whether for good, is not known here. */
  readonly isAdopted: boolean;
  /** Elements whose end was seen. */
  readonly over: Set<number>;
}

interface Answer {
  readonly code: number;
  readonly output: string;
  readonly words: string;
}

class Slurm implements Scheduler {
  readonly slots: number;
  readonly #store: ArrayStore;
  readonly #arrays = new Map<string, Submitted>();
  #arraySize: number | undefined;

  constructor(
    readonly settings: SlurmSettings,
    readonly options: { readonly env: NodeJS.ProcessEnv; readonly pauseMs: number },
  ) {
    this.slots = settings.queued ?? Infinity;
    this.#store = new ArrayStore(settings.folder);
  }

  async adopt(): Promise<ReadonlyMap<string, Ticket>> {
    const found = new Map<string, Ticket>();
    for (const record of this.#store.open()) {
      const tasks = (await this.#persist(() => this.#queue([record.name]))).filter(({ state }) => isAlive(state));
      const over = new Set(record.folders.keys());
      for (const { index } of tasks) over.delete(index);
      if (tasks.length === 0) this.#store.close(record.name);
      else this.#arrays.set(record.name, { record, id: tasks[0]?.array, isAdopted: true, over });
      for (const { index } of tasks) {
        const folder = record.folders[index];
        if (folder !== undefined) found.set(folder, ticketOf(record.name, index));
      }
    }
    return found;
  }

  async submit(attempts: readonly Attempt[]): Promise<readonly Submission[]> {
    this.#arraySize ??= await this.#maxArraySize();
    const size = this.#arraySize;
    const shapes = new Map<string, [number, Attempt][]>();
    for (const [place, attempt] of attempts.entries()) {
      const shape = this.#shape(attempt).join(' ');
      shapes.set(shape, [...(shapes.get(shape) ?? []), [place, attempt]]);
    }
    const answers: Submission[] = [];
    for (const group of shapes.values())
      for (let at = 0; at < group.length; at += size) {
        const part = group.slice(at, at + size);
        const submissions = await this.#submitArray(
          part.map(([, attempt]) => attempt),
          part.length / attempts.length,
        );
        for (const [i, [place]] of part.entries())
          answers[place] = submissions[i] ?? { refusal: 'it was not submitted' };
      }
    return answers;
  }

  async states(tickets: readonly Ticket[]): Promise<ReadonlyMap<Ticket, TaskState>> {
    const names = [...new Set(tickets.map((ticket) => placeOf(ticket).name))];
    const queued = new Map<Ticket, string>();
    for (let at = 0; at < names.length; at += NAMES_AT_ONCE)
      for (const { name, index, state } of await this.#queue(names.slice(at, at + NAMES_AT_ONCE)))
        queued.set(ticketOf(name, index), state);
    const missing = tickets.filter((ticket) => !queued.has(ticket));
    const accounted = missing.length === 0 ? new Map<Ticket, TaskState>() : await this.#accounted(missing);
    return new Map(
      tickets.map((ticket) => {
        const state = queued.get(ticket);
        const found = state === undefined ? accounted.get(ticket) : this.#state(ticket, state);
        return [ticket, this.#noted(ticket, found ?? { kind: 'gone' })];
      }),
    );
  }

  async cancel(tickets: readonly Ticket[]): Promise<void> {
    if (this.settings.onStop === 'leave') return;
    const jobs = tickets.flatMap((ticket) => {
      const { name, index } = placeOf(ticket);
      const id = this.#arrays.get(name)?.id;
      return id === undefined ? [] : [{ ticket, job: `${id}_${index}` }];
    });
    for (let at = 0; at < jobs.length; at += NAMES_AT_ONCE) {
      const part = jobs.slice(at, at + NAMES_AT_ONCE);
      await this.#persist(() => this.#scancel(part.map(({ job }) => job)));
      for (const { ticket } of part) this.#noted(ticket, { kind: 'gone' });
    }
  }

  forget(ticket: Ticket): void {
    const { name } = placeOf(ticket);
    const array = this.#arrays.get(name);
    if (array === undefined || array.over.size < array.record.folders.length) return;
    this.#store.close(name);
    this.#arrays.delete(name);
  }

  /** Options that make runs of one shape alike. Memory and time are rounded up, so that there are few shapes. */
  #shape({ job, attempt }: Attempt): string[] {
    const { memoryGB, minutes, gpus } = this.settings;
    const megabytes = neededMegabytes(job, memoryGB);
    return [
      `--cpus-per-task=${job.threads ?? 1}`,
      ...(megabytes === undefined ? [] : [`--mem=${megabytes}M`]),
      `--time=${minutes ?? neededMinutes(job, attempt)}`,
      ...(gpus === 0 ? [] : [`--gres=gpu:${gpus}`]),
    ];
  }

  /** Puts an array down, then submits it; `share` is its part of the runs that may run at once. */
  async #submitArray(attempts: readonly Attempt[], share: number): Promise<Submission[]> {
    const [first] = attempts;
    if (first === undefined) return [];
    const record = this.#store.add(attempts.map(({ job }) => job.folder));
    const { partition, account, qos, options, atOnce } = this.settings;
    const throttle = atOnce === undefined ? '' : `%${Math.max(1, Math.floor(atOnce * share))}`;
    const given = Object.entries({ partition, account, qos }).flatMap(([key, value]) =>
      value === undefined ? [] : [`--${key}=${value}`],
    );
    const submission = await this.#sbatch(record, [
      ...['--parsable', `--job-name=${record.name}`, `--array=0-${attempts.length - 1}${throttle}`, '--requeue'],
      ...['--open-mode=append', `--output=${this.#store.log(record.name, '%a')}`, `--signal=B:TERM@${NOTICE_SECONDS}`],
      ...[...this.#shape(first), ...given, ...options],
    ]);
    if ('refusal' in submission) {
      this.#store.close(record.name);
      return attempts.map(() => submission);
    }
    this.#arrays.set(record.name, { record, id: submission.id, isAdopted: false, over: new Set() });
    return attempts.map((_, index) => ({ ticket: ticketOf(record.name, index) }));
  }

  /** Submits once: where no number came back, the name says whether it was submitted all the same. */
  async #sbatch(record: ArrayRecord, args: readonly string[]): Promise<{ id: number } | { refusal: string }> {
    const { setup, work } = this.settings;
    const script = arrayScript(this.#store.list(record.name), { setup, work });
    let words = '';
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt > 0) await this.#pause(attempt - 1);
      const answer = await this.#run('sbatch', args, script);
      const id = answer.code === 0 ? parseSubmission(answer.output) : null;
      if (id !== null) return { id };
      ({ words } = answer);
      if (answer.code !== 0 && !mayPass(words)) return { refusal: `sbatch refused it: ${words}` };
      const found = await this.#persist(() => this.#queue([record.name]));
      if (found[0] !== undefined) return { id: found[0].array };
    }
    return { refusal: `sbatch gave no job's number in ${TRIES} attempts: ${words}` };
  }

  /** Elements of arrays with these names; an array that was submitted twice is cancelled but for the first. */
  async #queue(names: readonly string[]) {
    const args = ['--noheader', '--array', '--states=all', `--name=${names.join(',')}`, `--format=${QUEUE_FORMAT}`];
    const tasks = parseQueue(await this.#ask('squeue', args));
    const first = new Map<string, number>();
    for (const { name, array } of tasks) first.set(name, Math.min(array, first.get(name) ?? Infinity));
    const twice = tasks.filter(({ name, array, state }) => array !== first.get(name) && isAlive(state));
    if (twice.length > 0) await this.#scancel([...new Set(twice.map(({ array }) => String(array)))]);
    return tasks.filter(({ name, array }) => names.includes(name) && array === first.get(name));
  }

  /** What accounting says of elements that the queue no longer shows; nothing where there is no accounting, or not yet. */
  async #accounted(tickets: readonly Ticket[]): Promise<ReadonlyMap<Ticket, TaskState>> {
    const names = new Map<number, string>();
    for (const ticket of tickets) {
      const { name } = placeOf(ticket);
      const id = this.#arrays.get(name)?.id;
      if (id !== undefined) names.set(id, name);
    }
    if (names.size === 0) return new Map();
    const jobs = `--jobs=${[...names.keys()].join(',')}`;
    const args = ['--allocations', '--parsable2', '--noheader', `--format=${ACCOUNTING_FORMAT}`, jobs];
    const { code, output } = await this.#run('sacct', args);
    if (code !== 0) return new Map();
    return new Map(
      parseAccounting(output).flatMap(({ array, index, state, wasKilled }) => {
        const name = names.get(array);
        if (name === undefined) return [];
        const ticket = ticketOf(name, index);
        const found = this.#state(ticket, state);
        return [[ticket, found.kind === 'lost' && wasKilled ? { ...found, outOfMemory: true } : found]];
      }),
    );
  }

  #state(ticket: Ticket, state: string): TaskState {
    const kind = kindOf(state);
    if (kind !== 'lost') return { kind };
    const { name, index } = placeOf(ticket);
    const { id, isAdopted = false } = this.#arrays.get(name) ?? {};
    const words = lastWords(this.#store.log(name, index));
    const last = lastLine(words);
    return {
      kind,
      cause: `Slurm's job ${id ?? name}_${index} ended as ${state}${last === '' ? '' : `: ${last}`}`,
      outOfMemory: state === 'OUT_OF_MEMORY' || /oom.?kill/i.test(words) || isOutOfMemoryMessage(words),
      isFinal: state === 'CANCELLED' && !isAdopted,
    };
  }

  #noted(ticket: Ticket, state: TaskState): TaskState {
    const { name, index } = placeOf(ticket);
    const over = this.#arrays.get(name)?.over;
    if (state.kind === 'waiting' || state.kind === 'running') over?.delete(index);
    else over?.add(index);
    return state;
  }

  async #scancel(jobs: readonly string[]): Promise<void> {
    const { code, words } = await this.#run('scancel', jobs);
    if (code !== 0 && !/invalid job id|already (completing|completed)/i.test(words))
      throw new Error(`scancel: ${words}`);
  }

  async #maxArraySize(): Promise<number> {
    const { code, output } = await this.#run('scontrol', ['show', 'config']);
    return (code === 0 ? parseMaxArraySize(output) : null) ?? USUAL_ARRAY_SIZE;
  }

  /** Output of a command; throws where it fails. */
  async #ask(command: string, args: readonly string[]): Promise<string> {
    const { code, output, words } = await this.#run(command, args);
    if (code !== 0) throw new Error(`${command}: ${words}`);
    return output;
  }

  /** Tries again what fails. */
  async #persist<T>(task: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++)
      try {
        return await task();
      } catch (error) {
        if (attempt >= TRIES - 1 || error instanceof MissingCommandError) throw error;
        await this.#pause(attempt);
      }
  }

  async #pause(attempt: number): Promise<void> {
    await wait(this.options.pauseMs * 2 ** attempt);
  }

  async #run(command: string, args: readonly string[], input = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settings = { env: commandEnv(this.options.env), timeout: COMMAND_MS, maxBuffer: 2 ** 28 };
      const child = execFile(command, args, settings, (error, stdout, stderr) => {
        if (error?.code === 'ENOENT') reject(new MissingCommandError(command));
        else {
          const words = stderr.trim().replaceAll('\n', '; ');
          resolve({
            code: error === null ? 0 : 1,
            output: stdout,
            words: words === '' ? messageOf(error ?? '') : words,
          });
        }
      });
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  }
}

class MissingCommandError extends Error {
  override readonly name = 'MissingCommandError';

  constructor(command: string) {
    super(`${command} is not here: start the study on a machine of the cluster that submits jobs`);
  }
}

/** English and plain; what an outer job of Slurm was given is not handed on to new ones. */
function commandEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = Object.entries(env).filter(([key]) => !key.startsWith('SLURM_') || key === 'SLURM_CONF');
  return { ...Object.fromEntries(own), LC_ALL: 'C' };
}

function isAlive(state: string): boolean {
  const kind = kindOf(state);
  return kind === 'waiting' || kind === 'running';
}

function ticketOf(name: string, index: number): Ticket {
  return `${name}/${index}`;
}

function placeOf(ticket: Ticket): { name: string; index: number } {
  const at = ticket.lastIndexOf('/');
  return { name: ticket.slice(0, at), index: Number(ticket.slice(at + 1)) };
}

/** Four times the estimate and some minutes, doubled for each attempt, rounded up to a quarter of an hour times a power of two. */
function neededMinutes({ seconds = 3600 }: JobSpec, attempt: number): number {
  const minutes = (10 + (4 * seconds) / 60) * 2 ** attempt;
  return 15 * 2 ** Math.max(0, Math.ceil(Math.log2(minutes / 15)));
}

function lastWords(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, LAST_WORDS));
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString('utf8');
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}
