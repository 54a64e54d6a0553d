/** A cluster that is made up, before a real executor and a real study's folder: its workers leave what runs leave, die, are preempted, and lose what they are told. */
import { existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Random } from '../../../src/core/random.js';
import type { AnswerRecord } from '../../../src/core/records.js';
import { rowOf } from '../../../src/evaluate/rows.js';
import type { Attempt, Scheduler, Submission, TaskState, Ticket } from '../../../src/executors/scheduler.js';
import { lockFolder, type FolderLock } from '../../../src/files/folder-lock.js';
import { jsonText } from '../../../src/files/json-file.js';
import { jsonLines } from '../../../src/files/json-lines.js';
import { writeWhole } from '../../../src/files/write-whole.js';
import { IDENTITY_VERSION, identityHash } from '../../../src/study/identity.js';
import { RUN_FILES, studyOf, TRAINING_FILES, trainingName, trainingPath } from '../../../src/study/layout.js';
import { runFolderName, type PlannedRun } from '../../../src/study/run-spec.js';
import { describeFiles } from '../../../src/study/stage-files.js';
import type { RunResult, TrainingRecord } from '../../../src/study/study-records.js';

/** How often what happens, each for a run that is started or a request that is made. */
const ODDS = {
  diesBefore: 0.04,
  diesAfter: 0.04,
  isPreempted: 0.08,
  recordIsLate: 0.1,
  fails: 0.008,
  submissionIsLost: 0.02,
  answerIsLost: 0.1,
} as const;
/** Questions of which one gets no answer. */
const SILENT_ONE_IN = 7;

type Fate = 'ends' | 'diesBefore' | 'diesAfter' | 'isPreempted' | 'recordIsLate' | 'fails';

interface Work {
  readonly ticket: Ticket;
  readonly folder: string;
  state: TaskState;
  fate: Fate;
  /** Looks at the cluster until its fate is met. */
  left: number;
  lock: FolderLock | undefined;
}

/** What happened, for a test to see that it did. */
export type Happened = Record<keyof typeof ODDS | 'givesNoAnswer' | 'adopted' | 'cancelled', number>;

const quietly = { flush: false } as const;

/** The cluster: it outlives the processes that ask it. Its time goes on whenever it is asked how work stands. */
export class SimulatedCluster {
  readonly happened: Happened = {
    ...{ diesBefore: 0, diesAfter: 0, isPreempted: 0, recordIsLate: 0, fails: 0 },
    ...{ submissionIsLost: 0, answerIsLost: 0, givesNoAnswer: 0, adopted: 0, cancelled: 0 },
  };
  /** How often each run was carried out to its record, by its folder's name; and those that were begun when their record was there. */
  readonly recorded = new Map<string, number>();
  readonly begunAgain: string[] = [];
  /** Most runs that ran at once, and moments that passed. */
  mostRunning = 0;
  looks = 0;
  readonly #random: Random;
  readonly #work = new Map<Ticket, Work>();
  readonly #byFolder = new Map<string, Work>();
  #queue: Work[] = [];
  readonly #running = new Set<Work>();
  readonly #runs: ReadonlyMap<string, PlannedRun>;
  #tickets = 0;
  #questions = 0;

  constructor(
    readonly workers: number,
    runs: readonly PlannedRun[],
    seed: number,
  ) {
    this.#random = new Random(seed, 'cluster');
    this.#runs = new Map(runs.map((run) => [runFolderName(run.spec), run]));
  }

  /** The way of one process to it; `onStop` says what becomes of the work when that process is stopped. */
  scheduler(onStop: 'cancel' | 'leave'): Scheduler {
    return {
      slots: Infinity,
      adopt: () => Promise.resolve(this.#living()),
      submit: (attempts) => Promise.resolve(attempts.map((attempt) => this.#submit(attempt))),
      states: async (tickets) => {
        if (++this.#questions % SILENT_ONE_IN === 0) this.#giveNoAnswer();
        await this.pass();
        return new Map(tickets.map((ticket) => [ticket, this.#work.get(ticket)?.state ?? ({ kind: 'gone' } as const)]));
      },
      cancel: (tickets) => Promise.resolve(onStop === 'leave' ? undefined : this.#cancel(tickets)),
      forget: (ticket) => this.#forget(ticket),
    };
  }

  /** A moment passes: what runs goes on or meets its fate, and what waits is begun where a worker is free. */
  async pass(): Promise<void> {
    this.looks++;
    for (const work of [...this.#running]) if (--work.left <= 0) this.#meet(work);
    const free = this.#queue.splice(0, this.workers - this.#running.size);
    for (const work of free) await this.#begin(work);
    this.mostRunning = Math.max(this.mostRunning, this.#running.size);
  }

  #giveNoAnswer(): never {
    this.happened.givesNoAnswer++;
    throw new Error('the controller is busy');
  }

  #happens(what: keyof typeof ODDS): boolean {
    const happens = this.#random.uniform() < ODDS[what];
    if (happens) this.happened[what]++;
    return happens;
  }

  #living(): Map<string, Ticket> {
    const living = [...this.#work.values()].filter(isLiving);
    this.happened.adopted += living.length;
    return new Map(living.map(({ folder, ticket }) => [folder, ticket]));
  }

  /** A submission of which the answer was lost is found by its folder, as Slurm's is by its name; one that is lost whole is never heard of. */
  #submit({ job: { folder } }: Attempt): Submission {
    const ticket = String(this.#tickets++);
    if (this.#happens('submissionIsLost')) return { ticket };
    const work: Work = { ticket, folder, state: { kind: 'waiting' }, fate: 'ends', left: 0, lock: undefined };
    this.#work.set(ticket, work);
    this.#byFolder.set(folder, work);
    this.#queue.push(work);
    return this.#happens('answerIsLost') ? { ticket: this.#byFolder.get(folder)?.ticket ?? '' } : { ticket };
  }

  /** What is left goes on, asked about or not. */
  #forget(ticket: Ticket): void {
    const work = this.#work.get(ticket);
    if (work !== undefined && !isLiving(work)) this.#work.delete(ticket);
  }

  #cancel(tickets: readonly Ticket[]): void {
    const cancelled = new Set(tickets);
    this.#queue = this.#queue.filter(({ ticket }) => !cancelled.has(ticket));
    for (const work of this.#running) if (cancelled.has(work.ticket)) this.#leave(work);
    for (const ticket of tickets) this.#work.delete(ticket);
    this.happened.cancelled += tickets.length;
  }

  async #begin(work: Work): Promise<void> {
    const { folder } = work;
    if (existsSync(join(folder, RUN_FILES.result))) this.begunAgain.push(basename(folder));
    // A dead worker's lock on another machine is watched for 20 s before it is taken away: here it is known to be dead.
    rmSync(join(folder, 'lock'), { force: true });
    work.lock = await lockFolder(folder);
    writeWhole(join(folder, RUN_FILES.progress), JSON.stringify({ stage: 'training', share: 0.5 }), quietly);
    Object.assign(work, { state: { kind: 'running' }, fate: this.#fate(), left: 1 + this.#random.below(3) });
    this.#running.add(work);
  }

  #fate(): Fate {
    const fates = ['diesBefore', 'diesAfter', 'isPreempted', 'recordIsLate', 'fails'] as const;
    return fates.find((fate) => this.#happens(fate)) ?? 'ends';
  }

  #meet(work: Work): void {
    const { fate, folder, state } = work;
    if (fate === 'isPreempted') this.#requeue(work);
    else if (fate === 'recordIsLate' && state.kind === 'running') work.state = { kind: 'ended' };
    else {
      if (fate === 'diesBefore') writeWhole(join(folder, RUN_FILES.rows), '{"run":"half', quietly);
      else if (fate === 'fails') leaveError(folder);
      else this.#record(folder);
      this.#leave(work);
      const isLost = fate === 'diesBefore' || fate === 'diesAfter';
      work.state = isLost ? { kind: 'lost', cause: 'its node failed', outOfMemory: false } : { kind: 'ended' };
      if (isLost) leaveDeadLock(folder);
    }
  }

  #requeue(work: Work): void {
    this.#leave(work);
    work.state = { kind: 'waiting' };
    this.#queue.push(work);
  }

  #leave(work: Work): void {
    work.lock?.release();
    this.#running.delete(work);
    rmSync(join(work.folder, RUN_FILES.progress), { force: true });
  }

  #record(folder: string): void {
    const name = basename(folder);
    const run = this.#runs.get(name);
    if (run === undefined) throw new Error(`${name} is no run of the plan`);
    rmSync(join(folder, RUN_FILES.error), { force: true });
    leaveTraining(studyOf(folder), run);
    leaveResult(folder, run);
    this.recorded.set(name, (this.recorded.get(name) ?? 0) + 1);
  }
}

function isLiving({ state: { kind } }: Work): boolean {
  return kind === 'waiting' || kind === 'running';
}

function leaveError(folder: string): void {
  const error = { name: 'Error', message: 'the node is broken', stage: 'training', stack: null };
  writeWhole(join(folder, RUN_FILES.error), jsonText(error), quietly);
}

/** As a machine leaves it that was switched off an hour ago. */
function leaveDeadLock(folder: string): void {
  const path = join(folder, 'lock');
  const since = new Date(Date.now() - 3_600_000);
  const holder = { pid: 1, host: 'node-of-the-test', since: since.toISOString(), started: null, nonce: 'dead' };
  writeFileSync(path, JSON.stringify(holder));
  utimesSync(path, since, since);
}

/** An adapter without weights, and its record. */
function leaveTraining(study: string, { spec: { identity } }: PlannedRun): void {
  const { training } = identity;
  if (training === null) return;
  const folder = trainingPath(study, training);
  const names = [TRAINING_FILES.metrics, `${TRAINING_FILES.adapter}/adapter_model.safetensors`];
  for (const name of names) writeWhole(join(folder, name), '', quietly);
  const result = {
    ...{ steps: 1, firstLoss: 2, lastLoss: 1, tokens: 64, seconds: 1, peakMemoryBytes: 1, parameters: 1 },
    ...{ adapterPath: TRAINING_FILES.adapter, heldOut: null, warnings: [] },
  };
  const record: TrainingRecord = {
    ...{ version: IDENTITY_VERSION, id: identityHash(training), result, retry: null },
    files: describeFiles(folder, names),
  };
  writeWhole(join(folder, TRAINING_FILES.training), jsonText(record), quietly);
}

/** Answers, rows and the result, in the order in which a run leaves them. */
function leaveResult(folder: string, run: PlannedRun): void {
  const { identity, id } = run.spec;
  const place = { ...identity, run: basename(folder), scale: identity.rank === 0 ? 0 : 2 };
  const records = answersOf(run);
  const verdict = { status: 'scored', score: 5, correct: true, reason: 'as asked' } as const;
  const rows = records.map((record) => rowOf({ place, judge: 'exact', record, verdict }));
  writeWhole(join(folder, RUN_FILES.answers), jsonLines(records), quietly);
  writeWhole(join(folder, RUN_FILES.rows), jsonLines(rows), quietly);
  const result: RunResult = {
    ...{ version: IDENTITY_VERSION, id, processorSeconds: 1, unscored: 0, truncated: 0, answers: rows.length },
    seconds: { training: 1, asking: 1, judging: 0, loading: 1 },
    training: identity.training === null ? null : trainingName(identity.training),
    work: { trainings: Number(identity.training !== null), questions: rows.length, judgements: rows.length },
    files: describeFiles(folder, [RUN_FILES.answers, RUN_FILES.rows]),
    environment: { node: process.version },
  };
  writeWhole(join(folder, RUN_FILES.result), jsonText(result), quietly);
}

function answersOf({ asked }: PlannedRun): AnswerRecord[] {
  return asked.flatMap(({ id: item, questions }) =>
    questions.map(({ id: question, type, prompt, answers }) => ({
      ...{ item, question, type, prompt, answers, reference: answers[0] ?? '', answer: answers[0] ?? '' },
      ...{ subject: null, finish: 'stop', failure: null, abstention: false, contextTruncated: false, bits: null },
    })),
  );
}
