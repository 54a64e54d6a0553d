/** A queue of jobs before a fixed number of workers, each started when first needed and again when it was lost, as many at once as memory holds. */
import type { Json } from '../core/json.js';
import type { Command, Executor, Job, JobOutcome, JobSpec, Message } from './executor.js';
import { openOutcome } from './open-outcome.js';

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

/** Who hears of a worker. */
export interface ChannelListeners {
  readonly onMessage: (message: Message) => void;
  readonly onExit: (exit: WorkerExit) => void;
}

/** Starts the worker of a place, counted from 0. */
export type OpenChannel = (listeners: ChannelListeners, slot: number) => Channel;

/** How long a job may take to stop after it was asked to; then its worker is ended. */
const GRACE_MS = 4_000;

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
  /** Bytes that its worker has come to hold: the most that any of its jobs needs; 0 without a worker. */
  held: number;
  /** Whether its worker, idle, was asked to end so that another's job has room. */
  isLeaving: boolean;
  /** Ends the worker where it does not stop or end in time. */
  kill: NodeJS.Timeout | undefined;
}

export interface SlotOptions {
  /** How long a job may take to stop after it was asked to; then its worker is ended. Default: 4 s. */
  readonly graceMs?: number;
  /** Bytes that workers may hold together; a job that needs more than that runs with no other beside it. Default: not counted. */
  readonly memoryBytes?: number;
}

/** An executor over workers that `open` starts. */
export class SlotExecutor implements Executor {
  readonly #slots: Slot[];
  readonly #waiting: Task[] = [];
  #isClosed = false;

  constructor(
    readonly concurrency: number,
    readonly open: OpenChannel,
    readonly options: SlotOptions = {},
  ) {
    this.#slots = Array.from({ length: concurrency }, () => ({
      channel: undefined,
      task: undefined,
      held: 0,
      isLeaving: false,
      kill: undefined,
    }));
  }

  submit(job: JobSpec, onReport?: (report: Json) => void): Job {
    const { outcome, settle } = openOutcome();
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

  /** Gives waiting jobs to idle workers, in their order: one that has no room yet is waited for, so that none waits for ever. */
  #fill(): void {
    for (;;) {
      const [task] = this.#waiting;
      const slot = task === undefined ? undefined : this.#roomFor(task.job.memoryBytes ?? 0);
      if (task === undefined || slot === undefined) return;
      this.#waiting.shift();
      this.#give(slot, task);
    }
  }

  #give(slot: Slot, task: Task): void {
    slot.task = task;
    slot.held = Math.max(slot.held, task.job.memoryBytes ?? 0);
    slot.channel ??= this.#start(slot);
    slot.channel.send({ type: 'run', job: task.job });
  }

  /** An idle place whose worker may grow to so many bytes; other idle workers are asked to end where they stand in the way. */
  #roomFor(bytes: number): Slot | undefined {
    const idle = this.#slots.filter(({ task, isLeaving }) => task === undefined && !isLeaving);
    const slot = idle.reduce<Slot | undefined>(
      (best, each) => (best && best.held >= each.held ? best : each),
      undefined,
    );
    if (slot === undefined) return undefined;
    const others = this.#slots.filter((each) => each !== slot && each.held > 0);
    const held = others.reduce((sum, each) => sum + each.held, 0);
    const isFree = held === 0 || held + Math.max(slot.held, bytes) <= (this.options.memoryBytes ?? Infinity);
    if (isFree) return slot;
    for (const each of others) if (idle.includes(each)) this.#leave(each);
    return undefined;
  }

  /** Asks an idle worker to end, which gives back what it holds. */
  #leave(slot: Slot): void {
    slot.isLeaving = true;
    slot.channel?.send({ type: 'end' });
    slot.kill = setTimeout(() => slot.channel?.terminate(), END_MS).unref();
  }

  #start(slot: Slot): Channel {
    const onMessage = (message: Message): void => {
      if (slot.channel !== channel) return; // a worker that is gone speaks for nobody
      if (message.type === 'report') slot.task?.onReport?.(message.report);
      else this.#settle(slot, message.outcome);
    };
    const onExit = (exit: WorkerExit): void => {
      if (slot.channel !== channel) return;
      Object.assign(slot, { channel: undefined, held: 0, isLeaving: false });
      this.#settle(slot, slot.task?.isCancelled === true ? { status: 'cancelled' } : { status: 'lost', ...exit });
    };
    const channel: Channel = this.open({ onMessage, onExit }, this.#slots.indexOf(slot));
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
    slot.kill = setTimeout(() => slot.channel?.terminate(), this.options.graceMs ?? GRACE_MS);
  }

  /** Waits for the slot's job and asks its worker to end. */
  async #end(slot: Slot): Promise<void> {
    await slot.task?.outcome;
    if (slot.channel === undefined) return;
    this.#leave(slot);
  }
}
