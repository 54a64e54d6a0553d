/** Work that is carried out elsewhere: a scheduler tells when it ended, its folder how; what was lost is tried again. */
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../core/errors.js';
import type { Json } from '../core/json.js';
import type { Executor, Job, JobOutcome, JobSpec } from './executor.js';
import { openOutcome } from './open-outcome.js';
import type { Scheduler, TaskState, Ticket, WorkRecords } from './scheduler.js';

export interface FarOptions {
  /** Most jobs that run at once, as the scheduler was told. */
  readonly concurrency: number;
  /** How often lost work is tried again. */
  readonly retries: number;
  /** Milliseconds between looks at the scheduler. */
  readonly pollMs: number;
  /** Milliseconds for a record to be seen after its work ended: shared folders show files of other machines late. Default: 60 s, 5 s where it failed. */
  readonly recordMs?: { readonly ended: number; readonly lost: number };
  /** Milliseconds before lost work is tried again, twice as many each time. Default: 5 s. */
  readonly retryMs?: number;
  /** Milliseconds for which a scheduler may give no answer before its jobs are given up. Default: 15 min. */
  readonly silenceMs?: number;
  /** Told what a person may want to know meanwhile, each thing once until another is said. */
  readonly onNotice?: (message: string) => void;
}

const RECORD_MS = { ended: 60_000, lost: 5_000 };
const RETRY_MS = 5_000;
export const SILENCE_MS = 900_000;
/** Longest time between looks at a scheduler that gives no answer, where looks are not further apart anyway. */
const BACKOFF_MS = 60_000;
/** Looks in a row at which a scheduler must not know work for it to be lost. */
const GONE_LOOKS = 3;
/** In place of a ticket: a process that nobody here started works on the folder, and is waited for. */
const ELSEWHERE = Symbol('elsewhere');

interface Task {
  readonly job: JobSpec;
  readonly onReport: ((report: Json) => void) | undefined;
  readonly outcome: Promise<JobOutcome>;
  readonly settle: (outcome: JobOutcome) => void;
  ticket: Ticket | typeof ELSEWHERE | undefined;
  attempt: number;
  /** Stamp of the record that was there before it was submitted; undefined where any record is its own. */
  before: string | null | undefined;
  isCancelled: boolean;
  isSettled: boolean;
  reported: string;
  /** When its end was first seen, and how often in a row it was unknown. */
  endedAt: number | undefined;
  goneLooks: number;
}

/** An executor before a scheduler. */
export class FarExecutor implements Executor {
  readonly #waiting: Task[] = [];
  readonly #flying = new Set<Task>();
  readonly #ending: Task[] = [];
  #isClosed = false;
  #isFlushing = false;
  /** What was under way when this process came, and has not been met yet. */
  #adopted: Map<string, Ticket> | undefined;
  #watch: Promise<void> | undefined;
  #wake = new AbortController();
  #answeredAt = performance.now();
  /** Looks in a row that got no answer. */
  #unanswered = 0;
  #said = '';

  constructor(
    readonly scheduler: Scheduler,
    readonly records: WorkRecords,
    readonly options: FarOptions,
  ) {
    scheduler.onChange = () => this.#look();
    scheduler.onNotice = (message) => this.#say(message);
  }

  get concurrency(): number {
    return this.options.concurrency;
  }

  submit(job: JobSpec, onReport?: (report: Json) => void): Job {
    const task = newTask(job, onReport);
    if (this.#isClosed) this.#settle(task, { status: 'cancelled' });
    else this.#enqueue(task);
    return { folder: job.folder, outcome: task.outcome, cancel: () => this.#cancel([task]) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const open = [...this.#waiting, ...this.#flying];
    this.#cancel(open);
    await Promise.all(open.map(({ outcome }) => outcome));
    this.#look();
    await this.#watch;
  }

  #enqueue(task: Task): void {
    this.#waiting.push(task);
    // What is submitted together goes to the scheduler together.
    setImmediate(() => void this.#flush());
  }

  /** Hands waiting jobs to the scheduler, as many as it takes; one such call at a time. */
  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      for (let batch = this.#next(); batch.length > 0; batch = this.#next()) await this.#launch(batch);
    } finally {
      this.#isFlushing = false;
    }
  }

  #next(): Task[] {
    const batch = this.#waiting.splice(0, Math.max(0, this.scheduler.slots - this.#flying.size));
    for (const task of batch) this.#flying.add(task);
    return batch;
  }

  async #launch(batch: readonly Task[]): Promise<void> {
    try {
      const adopted = await this.#underWay();
      for (const task of batch) this.#meet(task, adopted);
      await this.#submit(batch.filter(({ ticket, isSettled }) => ticket === undefined && !isSettled));
    } catch (error) {
      for (const task of batch) if (task.ticket === undefined) this.#settle(task, refused(messageOf(error)));
    }
    const late = batch.filter(({ isCancelled, isSettled }) => isCancelled && !isSettled);
    if (late.length > 0) await this.#end(late);
    this.#watch ??= this.#watching();
  }

  /** Finds work that is under way already, by its scheduler's word or by its folder's. */
  #meet(task: Task, adopted: Map<string, Ticket>): void {
    const { folder } = task.job;
    const ticket = adopted.get(folder);
    adopted.delete(folder);
    task.ticket = ticket ?? (this.records.isHeld(folder) ? ELSEWHERE : undefined);
    if (task.ticket === ELSEWHERE) task.before = this.#stamp(task);
  }

  #stamp(task: Task): string | null {
    return this.records.outcome(task.job.folder)?.stamp ?? null;
  }

  async #underWay(): Promise<Map<string, Ticket>> {
    this.#adopted ??= new Map(await this.scheduler.adopt?.());
    return this.#adopted;
  }

  async #submit(tasks: readonly Task[]): Promise<void> {
    if (tasks.length === 0) return;
    for (const task of tasks) task.before = this.#stamp(task);
    const answers = await this.scheduler.submit(tasks.map(({ job, attempt }) => ({ job, attempt })));
    for (const [i, task] of tasks.entries()) {
      const answer = answers[i] ?? { refusal: 'it was not submitted' };
      if ('ticket' in answer) task.ticket = answer.ticket;
      else this.#settle(task, refused(answer.refusal));
    }
  }

  /** Looks at the scheduler again and again while work is there. */
  async #watching(): Promise<void> {
    this.#answeredAt = performance.now();
    while (this.#flying.size > 0) {
      await this.#lookOnce();
      if (this.#flying.size > 0) await this.#pause();
    }
    this.#watch = undefined;
  }

  async #pause(): Promise<void> {
    const { pollMs } = this.options;
    const ms = Math.max(pollMs, Math.min(BACKOFF_MS, pollMs * 2 ** this.#unanswered));
    if (!this.#wake.signal.aborted) await wait(ms, undefined, { signal: this.#wake.signal }).catch(() => undefined);
    this.#wake = new AbortController();
  }

  #look(): void {
    this.#wake.abort();
  }

  #say(message: string): void {
    if (message !== this.#said) this.options.onNotice?.(message);
    this.#said = message;
  }

  async #lookOnce(): Promise<void> {
    const tasks = [...this.#flying].flatMap((task) =>
      typeof task.ticket === 'string' ? [{ task, ticket: task.ticket }] : [],
    );
    for (const task of this.#flying) if (task.ticket === ELSEWHERE) this.#lookElsewhere(task);
    try {
      if (tasks.length === 0) return;
      const states = await this.scheduler.states(tasks.map(({ ticket }) => ticket));
      this.#answered();
      for (const { task, ticket } of tasks) this.#note(task, states.get(ticket) ?? { kind: 'gone' });
    } catch (error) {
      if (this.#isClosed) return;
      this.#unanswered++;
      const patience = this.options.silenceMs ?? SILENCE_MS;
      this.#say(unheard(messageOf(error), patience));
      if (performance.now() - this.#answeredAt <= patience) return;
      for (const { task } of tasks) this.#settle(task, silent(messageOf(error)));
    }
  }

  #answered(): void {
    this.#answeredAt = performance.now();
    if (this.#unanswered > 0) this.#say(HEARD);
    this.#unanswered = 0;
  }

  /** Work that a process elsewhere holds: its record counts once it lets go, and without one it is submitted. */
  #lookElsewhere(task: Task): void {
    this.#listen(task);
    if (this.records.isHeld(task.job.folder)) return;
    const record = this.records.outcome(task.job.folder);
    if (record !== null && record.stamp !== task.before) this.#settle(task, record.outcome);
    else this.#again(task, 0);
  }

  #note(task: Task, state: TaskState): void {
    if (task.isSettled || task.isCancelled) return;
    task.goneLooks = state.kind === 'gone' ? task.goneLooks + 1 : 0;
    if (state.kind === 'waiting' || state.kind === 'running') {
      task.endedAt = undefined;
      if (state.kind === 'running') this.#listen(task);
      return;
    }
    this.#listen(task);
    this.#conclude(task, state);
  }

  #listen(task: Task): void {
    const report = this.records.report(task.job.folder);
    const text = JSON.stringify(report);
    if (report === null || text === task.reported) return;
    task.reported = text;
    task.onReport?.(report);
  }

  /** Reads how ended work ended from its own record, which may be seen late; without one, it is lost. */
  #conclude(task: Task, state: Extract<TaskState, { kind: 'ended' | 'lost' | 'gone' }>): void {
    const { folder } = task.job;
    const record = this.records.outcome(folder);
    if (record !== null && record.stamp !== task.before) {
      this.#settle(task, record.outcome);
      return;
    }
    const now = performance.now();
    task.endedAt ??= now;
    const patience = (this.options.recordMs ?? RECORD_MS)[state.kind === 'ended' ? 'ended' : 'lost'];
    const isOpen = now - task.endedAt < patience || (state.kind === 'gone' && task.goneLooks < GONE_LOOKS);
    if (isOpen || this.records.isHeld(folder)) return;
    if (state.kind === 'lost') this.#lose(task, state);
    // A record of finished work that is as old as the submission: there was nothing left to do.
    else if (state.kind === 'ended' && record?.outcome.status === 'done') this.#settle(task, record.outcome);
    else this.#lose(task, { cause: state.kind === 'ended' ? NO_RECORD : UNKNOWN, outOfMemory: false });
  }

  #lose(task: Task, { cause, outOfMemory, isFinal = false, neverBegan = false }: Loss): void {
    const { retries, retryMs = RETRY_MS } = this.options;
    if (outOfMemory || isFinal || (!neverBegan && task.attempt >= retries)) {
      this.#settle(task, { status: 'lost', cause, outOfMemory });
      return;
    }
    if (neverBegan) this.#say(cause);
    else task.attempt++;
    this.#again(task, retryMs * 2 ** Math.max(0, task.attempt - 1));
  }

  #again(task: Task, pauseMs: number): void {
    this.#release(task);
    this.#waiting.push(task);
    setTimeout(() => void this.#flush(), pauseMs);
  }

  /** The scheduler has no more to do with it, for now. */
  #release(task: Task): void {
    if (typeof task.ticket === 'string') this.scheduler.forget(task.ticket);
    Object.assign(task, { ticket: undefined, endedAt: undefined, goneLooks: 0 });
    this.#flying.delete(task);
  }

  #settle(task: Task, outcome: JobOutcome): void {
    if (task.isSettled) return;
    task.isSettled = true;
    this.#release(task);
    task.settle(outcome);
    if (this.#waiting.length > 0) setImmediate(() => void this.#flush());
  }

  /** What is cancelled together is ended together. */
  #cancel(tasks: readonly Task[]): void {
    const open = tasks.filter(({ isCancelled, isSettled }) => !isCancelled && !isSettled);
    for (const task of open) {
      task.isCancelled = true;
      const index = this.#waiting.indexOf(task);
      if (index < 0) continue;
      this.#waiting.splice(index, 1);
      this.#settle(task, { status: 'cancelled' });
    }
    this.#ending.push(...open.filter(({ ticket }) => ticket !== undefined));
    setImmediate(() => void this.#end(this.#ending.splice(0)));
  }

  async #end(tasks: readonly Task[]): Promise<void> {
    const tickets = tasks.flatMap(({ ticket }) => (typeof ticket === 'string' ? [ticket] : []));
    // What could not be cancelled goes on where it is: its lock and its record keep it from being done twice.
    if (tickets.length > 0) await this.scheduler.cancel(tickets).catch(() => undefined);
    for (const task of tasks) this.#settle(task, { status: 'cancelled' });
    this.#look();
  }
}

function newTask(job: JobSpec, onReport: Task['onReport']): Task {
  return {
    ...openOutcome(),
    ...{ job, onReport, ticket: undefined, attempt: 0, before: undefined },
    ...{ isCancelled: false, isSettled: false, reported: '', endedAt: undefined, goneLooks: 0 },
  };
}

type Loss = Omit<Extract<TaskState, { kind: 'lost' }>, 'kind'>;

const HEARD = 'the scheduler answers again';
const unheard = (message: string, patienceMs: number): string =>
  `the scheduler gives no answer (${message}); it is asked again for up to ${Math.ceil(patienceMs / 60_000)} min`;
const NO_RECORD =
  'it ended without saying how: is the study’s folder the same there, and is lightmem the same version?';
const UNKNOWN = 'the scheduler no longer knows it, and it left no record';

const refused = (message: string): JobOutcome => ({
  status: 'failed',
  name: 'SubmissionError',
  message,
  mendable: true,
});
const silent = (message: string): JobOutcome => ({
  ...{ status: 'lost', outOfMemory: false },
  cause: `the scheduler gives no answer (${message}); what it runs goes on, and the next study run takes it over`,
});
