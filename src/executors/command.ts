/** The command executor: every job is a command of the user's on this machine, which may carry the work out anywhere. */
import { spawn, type ChildProcess } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { filledCommand, mappedPath, type PathMap } from './command-template.js';
import type { Executor, JobSpec } from './executor.js';
import { FarExecutor, type FarOptions } from './far.js';
import { listenTo } from './last-words.js';
import { exitOf } from './pool.js';
import type { Attempt, Scheduler, Submission, TaskState, Ticket, WorkRecords } from './scheduler.js';

export interface CommandSettings {
  /** A line of shell with `{folder}` and other places in it. */
  readonly command: string;
  /** Commands at once. */
  readonly slots: number;
  /** How often a command that was lost is tried again. */
  readonly retries: number;
  /** Where the machines that do the work see folders of this one. */
  readonly paths?: PathMap | undefined;
}

/** How long a command may take to end after it was asked to; then it is ended. */
const GRACE_MS = 10_000;
const POLL_MS = 1_000;

export interface CommandOptions extends Partial<FarOptions> {
  /** Default: 10 s. */
  readonly graceMs?: number;
}

/** An executor that gives each job's folder to a command. */
export function commandExecutor(
  settings: CommandSettings,
  records: WorkRecords,
  { graceMs = GRACE_MS, ...options }: CommandOptions = {},
): Executor {
  const { slots, retries } = settings;
  return new FarExecutor(new Commands(settings, graceMs), records, {
    ...{ concurrency: slots, retries, pollMs: POLL_MS },
    ...options,
  });
}

interface Running {
  readonly child: ChildProcess;
  readonly slot: number;
  readonly ended: Promise<void>;
  state: TaskState;
}

/** Commands as processes of this machine, each with those that it starts in a group of its own. */
class Commands implements Scheduler {
  readonly slots: number;
  readonly #running = new Map<Ticket, Running>();
  #count = 0;
  onChange?: () => void;

  constructor(
    readonly settings: CommandSettings,
    readonly graceMs: number,
  ) {
    this.slots = settings.slots;
  }

  submit(attempts: readonly Attempt[]): Promise<readonly Submission[]> {
    return Promise.resolve(attempts.map(({ job }) => ({ ticket: this.#start(job) })));
  }

  states(tickets: readonly Ticket[]): Promise<ReadonlyMap<Ticket, TaskState>> {
    return Promise.resolve(
      new Map(tickets.map((ticket) => [ticket, this.#running.get(ticket)?.state ?? ({ kind: 'gone' } as const)])),
    );
  }

  async cancel(tickets: readonly Ticket[]): Promise<void> {
    await Promise.all(
      tickets.map(async (ticket) => {
        const running = this.#running.get(ticket);
        if (running === undefined) return;
        signal(running.child, 'SIGTERM');
        const kill = setTimeout(() => signal(running.child, 'SIGKILL'), this.graceMs);
        await running.ended;
        clearTimeout(kill);
      }),
    );
  }

  forget(ticket: Ticket): void {
    this.#running.delete(ticket);
  }

  #start(job: JobSpec): Ticket {
    const taken = new Set([...this.#running.values()].map(({ slot }) => slot));
    const slot = Array.from({ length: this.slots }, (_, i) => i).find((each) => !taken.has(each)) ?? 0;
    const ticket = String(this.#count++);
    const child = spawn('/bin/sh', ['-c', this.#line(job, slot)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const words = listenTo(child);
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    const running: Running = { child, slot, ended, state: { kind: 'running' } };
    // A second Ctrl-C ends this process at once, and its commands with it.
    const end = (): void => signal(child, 'SIGTERM');
    process.once('exit', end);
    child.on('close', (code, by) => {
      process.off('exit', end);
      running.state = code === 0 ? { kind: 'ended' } : { kind: 'lost', ...exitOf(code, by, words()) };
      this.onChange?.();
    });
    this.#running.set(ticket, running);
    return ticket;
  }

  #line({ folder, threads = 1, memoryBytes = 0 }: JobSpec, slot: number): string {
    const { command, paths = {} } = this.settings;
    const there = mappedPath(folder, paths);
    return filledCommand(command, {
      ...{ folder: there, study: mappedPath(dirname(dirname(folder)), paths), name: basename(folder) },
      ...{ threads, memory: Math.ceil(memoryBytes / 1e6), slot },
    });
  }
}

/** Signals a command and all that it started; one that has ended hears nothing. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // It has ended.
  }
}
