/** A queue of jobs before a fixed number of workers, each started when first needed and again when it was lost. */
import type { Json } from '../core/json.js';
import type { Command, Executor, Job, JobOutcome, JobSpec, Message } from './executor.js';

/** How a worker ended. */
export interface WorkerExit {
  readonly cause: string;
  readonly outOfMemory: boolean;
}

/** A line to one worker, be it a thread or a process. */
export interface Channel {
  send(command: Command): void;
  /** Ends the worker at once. */
  terminate(): void;
}

export type OpenChannel = (onMessage: (message: Message) => void, onExit: (exit: WorkerExit) => void) => Channel;

/** How long a job may take to stop after it was asked to; then its worker is ended. */
const GRACE_MS = 10_000;

/** How long a worker may take to end after it was asked to; then it is ended. */
const END_MS = 2_000;

interface Task {
  readonly job: JobSpec;
  readonly onReport: ((report: Json) => void) | undefined;
  readonly outcome: Promise<JobOutcome>;
  readonly settle: (outcome: JobOutcome) => void;
  isCancelled: boolean;
}

interface Slot {
  channel: Channel | undefined;
  task: Task | undefined;
  /** Ends the worker where it does not stop or end in time. */
  kill: NodeJS.Timeout | undefined;
}

/** An executor over workers that `open` starts. */
export class SlotExecutor implements Executor {
  readonly #slots: Slot[];
  readonly #waiting: Task[] = [];
  #isClosed = false;

  constructor(
    readonly concurrency: number,
    readonly open: OpenChannel,
    readonly graceMs: number = GRACE_MS,
  ) {
    this.#slots = Array.from({ length: concurrency }, () => ({
      channel: undefined,
      task: undefined,
      kill: undefined,
    }));
  }

  submit(job: JobSpec, onReport?: (report: Json) => void): Job {
    let settle: (outcome: JobOutcome) => void = () => undefined;
    const outcome = new Promise<JobOutcome>((resolve) => (settle = resolve));
    const task: Task = { job, onReport, outcome, settle, isCancelled: false };
    if (this.#isClosed) settle({ status: 'cancelled' });
    else this.#waiting.push(task);
    this.#fill();
    return { folder: job.folder, outcome, cancel: () => this.#cancel(task) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const task of [...this.#waiting, ...this.#slots.flatMap((slot) => slot.task ?? [])]) this.#cancel(task);
    await Promise.all(this.#slots.map((slot) => this.#end(slot)));
  }

  #fill(): void {
    for (const slot of this.#slots) {
      const task = slot.task === undefined ? this.#waiting.shift() : undefined;
      if (task === undefined) continue;
      slot.task = task;
      slot.channel ??= this.#start(slot);
      slot.channel.send({ type: 'run', job: task.job });
    }
  }

  #start(slot: Slot): Channel {
    const channel: Channel = this.open(
      (message) => {
        if (slot.channel !== channel) return; // a worker that is gone speaks for nobody
        if (message.type === 'report') slot.task?.onReport?.(message.report);
        else this.#settle(slot, message.outcome);
      },
      (exit) => {
        if (slot.channel !== channel) return;
        slot.channel = undefined;
        this.#settle(slot, slot.task?.isCancelled === true ? { status: 'cancelled' } : { status: 'lost', ...exit });
      },
    );
    return channel;
  }

  #settle(slot: Slot, outcome: JobOutcome): void {
    clearTimeout(slot.kill);
    const { task } = slot;
    slot.task = undefined;
    task?.settle(outcome);
    this.#fill();
  }

  #cancel(task: Task): void {
    const index = this.#waiting.indexOf(task);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      task.settle({ status: 'cancelled' });
      return;
    }
    const slot = this.#slots.find((each) => each.task === task);
    if (slot === undefined || task.isCancelled) return;
    task.isCancelled = true;
    slot.channel?.send({ type: 'cancel' });
    slot.kill = setTimeout(() => slot.channel?.terminate(), this.graceMs);
  }

  /** Waits for the slot's job and asks its worker to end. */
  async #end(slot: Slot): Promise<void> {
    await slot.task?.outcome;
    if (slot.channel === undefined) return;
    slot.channel.send({ type: 'end' });
    slot.kill = setTimeout(() => slot.channel?.terminate(), END_MS).unref();
  }
}
