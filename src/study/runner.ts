/** The runner: finished runs are kept, the others go to the executor; one that fails is noted and the study goes on. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { silentJudges, unscoredReasons, type Unscored } from '../analysis/unscored.js';
import type { Json } from '../core/json.js';
import type { Executor, Job, JobOutcome, JobSpec } from '../executors/executor.js';
import { isOutOfMemoryMessage } from '../executors/out-of-memory.js';
import { jsonText } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { runName } from './identity.js';
import { refuseBeyondLimits } from './judge-forecast.js';
import { RUN_FILES, runPath, STUDY_FILES } from './layout.js';
import { learnFrom, Outlook } from './outlook.js';
import { openExecutor, placementHere, type Placement } from './placement.js';
import type { StudyPlan } from './plan.js';
import { glanceRun } from './run-glance.js';
import { tightRuns } from './run-memory.js';
import { untrained, wholeSeconds } from './run-seconds.js';
import { progressRecord, type Retry, type RunReport } from './study-records.js';
import { clearRun, readReport, readRows, type StoredRun } from './run-store.js';
import { runFolderName, type PlannedRun, type RunSpec } from './run-spec.js';
import { StudyFolder } from './study-folder.js';
import { Tracking, type TrackingTimes } from './tracking/tracking.js';
import { clearTraining, halvedAt, readTraining, resolveTraining, shrinkTraining } from './training-store.js';
import { failedAt, failureStamp, runRecords } from './work-records.js';

/** What the runner tells while it works. */
export type StudyEvent =
  | {
      readonly type: 'planned';
      readonly runs: number;
      readonly finished: number;
      /** Estimated seconds of the rest, all runs one after another, and as many side by side as there may be. */
      readonly seconds: number;
      readonly secondsLeft: number;
    }
  /** Another process carries out these runs; this one takes its share of them. */
  | { readonly type: 'joined'; readonly pid: number; readonly host: string }
  | { readonly type: 'auditing'; readonly dataset: string }
  /** Runs that need more memory, as estimated, than is free where they run; each is carried out with no other beside it. */
  | {
      readonly type: 'tight';
      readonly runs: readonly { readonly run: string; readonly bytes: number }[];
      readonly free: number;
    }
  | {
      readonly type: 'progress';
      /** Seconds of work done and in all of this call, and until it ends: the rest as foreseen by what was timed so far. */
      readonly done: number;
      readonly total: number;
      readonly secondsLeft: number;
      readonly runsDone: number;
      readonly runs: number;
      readonly active: readonly (RunReport & { readonly run: string })[];
    }
  /** What a person may want to know of the cluster that runs run on, or of a tracker: that it gives no answer. */
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'finished'; readonly run: string; readonly seconds: number }
  | { readonly type: 'failed'; readonly run: string; readonly message: string }
  | { readonly type: 'retried'; readonly run: string; readonly retry: Retry }
  | { readonly type: 'damaged'; readonly run: string; readonly damage: string };

export interface StudyOptions {
  readonly folder: string;
  /** The command line that does this, kept in the folder for people. */
  readonly command: string;
  /** What carries runs out, made only when there is something to run; default: the kind that the study names. */
  readonly executor?: (placement: Placement) => Executor;
  readonly onEvent?: (event: StudyEvent) => void;
  readonly signal?: AbortSignal;
  /** Other patience with trackers than theirs. */
  readonly trackingTimes?: Partial<TrackingTimes>;
}

export interface StudySummary {
  readonly runs: readonly StoredRun[];
  /** Runs that this call carried out, and those it found finished or that other processes finished meanwhile. */
  readonly carriedOut: number;
  readonly reused: number;
  readonly failed: number;
  /** Why answers of these runs are unscored. */
  readonly unscored: readonly Unscored[];
  /** Judges that scored nothing in a run that is done: each with the number of such runs. */
  readonly silent: readonly { readonly judge: string; readonly runs: number }[];
  /** What this call did for the runs that it carried out: adapters trained, questions asked, answers judged. */
  readonly work: { readonly trainings: number; readonly questions: number; readonly judgements: number };
}

/** How often a run that another process works on is looked at, in milliseconds. */
const LOOK_MS = 500;

/** Carries out a plan in a folder, from wherever it stands, together with other processes that carry out the same. Throws the signal's reason when stopped, UserError where a judge's limit is foreseen not to do; what was finished is kept. */
export async function runStudy(plan: StudyPlan, options: StudyOptions): Promise<StudySummary> {
  refuseBeyondLimits(plan.judging);
  const folder = await StudyFolder.open(options.folder, plan, options.command);
  if (folder.joined !== null) options.onEvent?.({ type: 'joined', ...folder.joined });
  const tracking = folder.joined === null ? openTracking(folder, options) : undefined; // whoever came first tells of all runs
  try {
    await folder.audit((dataset) => options.onEvent?.({ type: 'auditing', dataset }));
    const summary = await new Runner(folder, options, tracking).run();
    if (summary.runs.every(isComplete)) rmSync(join(folder.path, STUDY_FILES.bases), { recursive: true, force: true });
    return summary;
  } finally {
    await tracking?.close({ waits: options.signal?.aborted !== true });
    folder.close();
  }
}

/** What trackers are told beside the work; undefined where the study names none. */
function openTracking(folder: StudyFolder, { onEvent, trackingTimes }: StudyOptions): Tracking | undefined {
  const { track } = folder.plan.config;
  if (track === undefined) return undefined;
  const tell = (message: string): void => onEvent?.({ type: 'notice', message });
  return new Tracking({ folder: folder.path, track, tell, ...(trackingTimes && { times: trackingTimes }) });
}

/** Where a run stands. */
interface Progress {
  readonly run: PlannedRun;
  /** Name of its folder. */
  readonly name: string;
  /** Its name for people. */
  readonly label: string;
  report: RunReport | undefined;
  isDone: boolean;
  /** Whether this call carried it out to its result. */
  isOwn: boolean;
  /** Stamp of the failure that it told of when it was last tried from here. */
  failure: string | null;
  /** Whether half the micro-batch stood for its training then. */
  isHalved: boolean;
}

class Runner {
  readonly plan: StudyPlan;
  readonly #placement: Placement;
  readonly #progress: Progress[];
  readonly #outlook: Outlook;
  /** Runs under way that have said how far they are, and how many runs are behind: what is told after each run costs the same however many there are. */
  readonly #active = new Set<Progress>();
  #runsDone: number;
  #failed = 0;

  constructor(
    readonly folder: StudyFolder,
    readonly options: StudyOptions,
    readonly tracking?: Tracking,
  ) {
    this.plan = folder.plan;
    this.#placement = placementHere(this.plan.config.executor, this.plan.model);
    const stored = this.plan.runs.map((run) => ({ run, stored: folder.read(run) }));
    for (const { run, stored: found } of stored) this.#repair(run, found);
    this.#progress = stored.map(({ run, stored: found }) => ({
      run,
      name: runFolderName(run.spec),
      label: runName(run.spec.identity),
      report: undefined,
      isDone: isComplete(found),
      isOwn: false,
      failure: failureStamp(found.folder),
      isHalved: false,
    }));
    this.#runsDone = this.#progress.filter(({ isDone }) => isDone).length;
    this.#outlook = this.#foreseen();
  }

  async run(): Promise<StudySummary> {
    const open = this.#progress.filter(({ isDone }) => !isDone);
    const before = this.plan.runs.length - open.length;
    const { total: seconds, secondsLeft } = this.#outlook.prospect;
    this.options.onEvent?.({ type: 'planned', runs: this.plan.runs.length, finished: before, seconds, secondsLeft });
    this.#tellTight(open);
    if (open.length > 0) await this.#runAll(open);
    const runs = this.plan.runs.map((run) => this.folder.read(run));
    const own = open.filter(({ isOwn }) => isOwn);
    const counts = { carriedOut: own.length, reused: runs.length - own.length - this.#failed, failed: this.#failed };
    return { runs, ...counts, ...judgingOf(runs), work: workOf(runs, own) };
  }

  #tellTight(open: readonly Progress[]): void {
    const { memoryBytes: free } = this.#placement;
    const runs = tightRuns(
      open.map(({ run }) => run),
      this.plan.model,
      free,
    );
    if (runs.length > 0) this.options.onEvent?.({ type: 'tight', runs, free });
  }

  async #runAll(open: readonly Progress[]): Promise<void> {
    const tell = (message: string): void => this.options.onEvent?.({ type: 'notice', message });
    const executor =
      this.options.executor?.(this.#placement) ??
      openExecutor(this.plan.config, this.#placement, this.folder.path, tell);
    const jobs = new Set<Job>();
    const stop = (): void => {
      for (const job of jobs) job.cancel();
    };
    this.options.signal?.addEventListener('abort', stop);
    try {
      this.options.signal?.throwIfAborted();
      await Promise.all(open.map((progress) => this.#carryOut(progress, executor, jobs)));
      this.options.signal?.throwIfAborted();
    } finally {
      this.options.signal?.removeEventListener('abort', stop);
      await executor.close();
    }
  }

  async #carryOut(progress: Progress, executor: Executor, jobs: Set<Job>): Promise<void> {
    const { spec } = progress.run;
    const submitOnce = async (): Promise<JobOutcome> => {
      progress.isHalved = this.#halvedAt(spec) !== null;
      const job = executor.submit(this.#jobOf(progress), (report) => this.#listen(progress, report));
      jobs.add(job);
      const outcome = await job.outcome;
      jobs.delete(job);
      return outcome;
    };
    const submit = async (): Promise<JobOutcome> => {
      let outcome = await submitOnce();
      while (isElsewhere(outcome)) {
        if (!(await this.#waitFor(progress))) return { status: 'cancelled' };
        outcome = await submitOnce();
      }
      return outcome;
    };
    const start = performance.now();
    let outcome = await submit();
    const cause = outOfMemoryCause(outcome);
    if (cause !== null && (this.#shrink(spec, cause) || this.#isShrunkSince(progress))) {
      progress.failure = failureStamp(this.#path(spec));
      outcome = await submit();
    }
    this.#settle(progress, outcome, (performance.now() - start) / 1000);
  }

  #jobOf({ run, name, failure }: Progress): JobSpec {
    const job = { folder: this.#path(run.spec), threads: this.#placement.threads, failure };
    const estimate = this.folder.estimates.runs[name];
    if (estimate === undefined) return job;
    return { ...job, memoryBytes: estimate.memoryBytes, seconds: wholeSeconds(estimate.seconds) };
  }

  /** Waits until nobody else works on a run, and tells how far it is meanwhile; false where this process is told to stop. */
  async #waitFor(progress: Progress): Promise<boolean> {
    const folder = this.#path(progress.run.spec);
    while (this.options.signal?.aborted !== true && runRecords.isHeld(folder)) {
      const report = readReport(folder);
      if (report !== null) this.#listen(progress, report);
      await wait(LOOK_MS);
    }
    return this.options.signal?.aborted !== true;
  }

  #listen(progress: Progress, report: Json): void {
    progress.report = progressRecord.parse(report);
    this.#active.add(progress);
    this.#outlook.report(progress.name, progress.report);
    this.tracking?.changed(progress.name);
    this.#reportProgress();
  }

  #settle(progress: Progress, outcome: JobOutcome, seconds: number): void {
    const { label: run } = progress;
    if (outcome.status === 'cancelled') return;
    progress.isDone = true;
    this.#runsDone++;
    this.#active.delete(progress);
    this.#learn(progress.name);
    this.#outlook.settle(progress.name);
    progress.isOwn = outcome.status === 'done' && outcome.elsewhere !== true;
    if (outcome.status === 'done') this.options.onEvent?.({ type: 'finished', run, seconds });
    else {
      this.#failed++;
      const message = outcome.status === 'lost' ? outcome.cause : outcome.message;
      if (outcome.status === 'lost') this.#leaveError(progress.run.spec, message);
      this.options.onEvent?.({ type: 'failed', run, message });
    }
    this.tracking?.changed(progress.name);
    this.#reportProgress();
  }

  #reportProgress(): void {
    const active = [...this.#active].flatMap(({ label: run, report }) =>
      report === undefined ? [] : [{ run, ...report }],
    );
    const [runsDone, runs] = [this.#runsDone, this.#progress.length];
    this.options.onEvent?.({ type: 'progress', ...this.#outlook.prospect, runsDone, runs, active });
  }

  /** What is damaged is made anew: the training where that is, and the run's rows. */
  #repair({ spec }: PlannedRun, stored: StoredRun): void {
    if (stored.status !== 'pending' || stored.damage === null) return;
    const { training } = spec.identity;
    const resolved = training === null ? null : resolveTraining(this.folder.path, training);
    const found = resolved === null ? null : readTraining(resolved);
    if (resolved !== null && found?.status === 'pending' && found.damage !== null) clearTraining(resolved);
    clearRun(stored.folder);
    this.options.onEvent?.({ type: 'damaged', run: runName(spec.identity), damage: stored.damage });
  }

  /** Has a training with half the micro-batch stand for one that ran out of memory, once; false where nothing is left to train. */
  #shrink(spec: RunSpec, reason: string): boolean {
    const { training } = spec.identity;
    if (training === null || this.options.signal?.aborted === true) return false;
    const retry = shrinkTraining(this.folder.path, training, reason);
    if (retry === null) return false;
    this.options.onEvent?.({ type: 'retried', run: runName(spec.identity), retry });
    return true;
  }

  /** Whether half the micro-batch stands for a training by now, of which the failure was not: another run or process that needs it has noted that. */
  #isShrunkSince({ run: { spec }, isHalved }: Progress): boolean {
    const noted = this.#halvedAt(spec);
    if (noted === null || this.options.signal?.aborted === true) return false;
    // Files written within one tick of the clock have the same time: who noted both did so in this order, for a training takes longer than that to fail.
    return !isHalved || (failedAt(this.#path(spec)) ?? Infinity) <= noted;
  }

  #halvedAt({ identity: { training } }: RunSpec): number | null {
    return training === null ? null : halvedAt(this.folder.path, training);
  }

  #leaveError(spec: RunSpec, message: string): void {
    const error = { name: 'WorkerLostError', message, stage: 'unknown', stack: null };
    writeWhole(join(this.#path(spec), RUN_FILES.error), jsonText(error));
  }

  /** The runs that are open, foreseen by what those that are finished took. A training that several share is counted for the first of them, one that is there for none. */
  #foreseen(): Outlook {
    const outlook = new Outlook(this.#placement.workers);
    const counted = new Set<string | null>([null]);
    for (const { run, name, isDone } of this.#progress) {
      const estimate = this.folder.estimates.runs[name];
      if (estimate === undefined) continue;
      if (isDone) {
        learnFrom(outlook, estimate, glanceRun(this.folder.path, name));
        continue;
      }
      const isThere = counted.has(estimate.training) || this.#isTrained(run.spec);
      counted.add(estimate.training);
      outlook.add(name, isThere ? untrained(estimate) : estimate);
    }
    return outlook;
  }

  #learn(name: string): void {
    const estimate = this.folder.estimates.runs[name];
    if (estimate !== undefined) learnFrom(this.#outlook, estimate, glanceRun(this.folder.path, name));
  }

  #isTrained({ identity: { training } }: RunSpec): boolean {
    return training !== null && readTraining(resolveTraining(this.folder.path, training)).status === 'done';
  }

  #path(spec: RunSpec): string {
    return runPath(this.folder.path, spec);
  }
}

/** Whether another process was working on it. */
function isElsewhere(outcome: JobOutcome): boolean {
  return outcome.status === 'failed' && outcome.name === 'FolderInUseError';
}

/** What says that a run's memory ran out: its process was lost for it, or an allocation failed in it; null where it did not. */
function outOfMemoryCause(outcome: JobOutcome): string | null {
  if (outcome.status === 'lost') return outcome.outOfMemory ? outcome.cause : null;
  return outcome.status === 'failed' && isOutOfMemoryMessage(outcome.message) ? outcome.message : null;
}

/** What became of judging: why answers are unscored, and who scored nothing. */
export function judgingOf(runs: readonly StoredRun[]): Pick<StudySummary, 'unscored' | 'silent'> {
  const rows = runs.map((run) => (run.status === 'done' && run.result.unscored > 0 ? readRows(run) : []));
  const silent = new Map<string, number>();
  for (const judge of rows.flatMap(silentJudges)) silent.set(judge, (silent.get(judge) ?? 0) + 1);
  return {
    unscored: unscoredReasons(rows.flat()),
    silent: [...silent].map(([judge, count]) => ({ judge, runs: count })),
  };
}

/** What was done for the runs that this call carried out. */
function workOf(runs: readonly StoredRun[], own: readonly Progress[]): StudySummary['work'] {
  const ids = new Set(own.map(({ run }) => run.spec.id));
  const work = { trainings: 0, questions: 0, judgements: 0 };
  for (const run of runs) {
    if (run.status !== 'done' || !ids.has(run.spec.id)) continue;
    work.trainings += run.result.work.trainings;
    work.questions += run.result.work.questions;
    work.judgements += run.result.work.judgements;
  }
  return work;
}

/** Whether nothing is left of a run: what stayed unscored is asked and judged again. */
function isComplete(run: StoredRun): boolean {
  return run.status === 'done' && run.result.unscored === 0;
}
