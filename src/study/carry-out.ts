/** A run's folder carried out from itself alone, wherever this process runs: under its lock, its progress on disk, its failure too. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { eitherSignal } from '../core/concurrency.js';
import { messageOf, UserError } from '../core/errors.js';
import { KEY_VARIABLES, redactor } from '../core/redact.js';
import { FolderInUseError, lockFolder, type FolderLock } from '../files/folder-lock.js';
import { jsonText } from '../files/json-file.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeWhole } from '../files/write-whole.js';
import { RUN_FILES } from './layout.js';
import { readRun, readRunError } from './run-store.js';
import type { RunReport, RunResult, RunStage } from './study-records.js';
import { runFolder, type RunOptions } from './run.js';
import { failureStamp } from './work-records.js';

/** How long to wait for a worker of a killed parent to notice that it is alone. */
const PATIENCE_MS = 30_000;
/** How often progress is written, at most. */
const PROGRESS_MS = 500;

export interface CarryOutOptions extends RunOptions {
  /** How long to wait for another process that works on it; default 30 s, in which a worker of a killed parent notices that it is alone. */
  readonly patienceMs?: number;
  /** Stamp of the failure noted there before; a later one, which another process noted, is taken for this call's. Default: none is. */
  readonly failure?: string | null;
}

/** A run's result, and whether another process had carried it out before this one came to it. */
export type CarriedOut = RunResult & { readonly elsewhere: boolean };

/**
 * Carries out a run's folder. Throws what made it fail, which lies in `error.json` too, FolderInUseError where another process works on
 * it, and the signal's reason when stopped.
 */
export async function carryOutFolder(folder: string, options: CarryOutOptions = {}): Promise<CarriedOut> {
  const { patienceMs = PATIENCE_MS } = options;
  const lock = await lockFolder(folder, { patienceMs, ...(options.signal && { signal: options.signal }) });
  try {
    const found = options.judging === undefined ? doneElsewhere(folder, options.failure) : null;
    return found ?? { ...(await carryOut(folder, lock, options)), elsewhere: false };
  } finally {
    lock.release();
  }
}

/** What another process has made of a run that was open; null where none has. Throws the failure that it noted. */
function doneElsewhere(folder: string, failure: string | null | undefined): CarriedOut | null {
  const run = readRun(folder);
  if (run.status === 'done' && run.result.unscored === 0)
    return { ...run.result, work: { trainings: 0, questions: 0, judgements: 0 }, elsewhere: true };
  const error = failure === undefined || failureStamp(folder) === failure ? null : readRunError(folder);
  if (error === null) return null;
  throw Object.assign(error.name === 'UserError' ? new UserError(error.message) : new Error(error.message), {
    name: error.name,
  });
}

async function carryOut(folder: string, lock: FolderLock, options: RunOptions): Promise<RunResult> {
  const signal = eitherSignal(lock.signal, options.signal);
  removeLeftovers(folder);
  const progress = new ProgressFile(folder);
  try {
    const onReport = (report: RunReport): void => {
      progress.write(report);
      options.onReport?.(report);
    };
    const result = await runFolder(folder, { ...options, signal, onReport });
    rmSync(join(folder, RUN_FILES.error), { force: true });
    return result;
  } catch (error) {
    if (signal.aborted || error instanceof FolderInUseError) throw signal.reason ?? error;
    leaveError(folder, error, progress.stage);
    throw error;
  } finally {
    progress.remove();
  }
}

/** `progress.json`, replaced now and then; what it says is for watching, so nothing waits for the disk. */
class ProgressFile {
  readonly #path: string;
  #written = -Infinity;
  stage: RunStage = 'loading';

  constructor(folder: string) {
    this.#path = join(folder, RUN_FILES.progress);
  }

  write(report: RunReport): void {
    const now = performance.now();
    const isDue = report.stage !== this.stage || now - this.#written >= PROGRESS_MS;
    this.stage = report.stage;
    if (!isDue) return;
    this.#written = now;
    try {
      writeWhole(this.#path, JSON.stringify(report), { flush: false });
    } catch {
      return; // what the run itself writes next tells what is wrong with the disk
    }
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }
}

function leaveError(folder: string, error: unknown, stage: RunStage): void {
  const redact = redactor(KEY_VARIABLES.map((name) => process.env[name]));
  const record = {
    name: error instanceof Error ? error.name : 'Error',
    message: redact(messageOf(error)),
    stage,
    stack: error instanceof Error ? redact(error.stack ?? '') : null,
  };
  try {
    writeWhole(join(folder, RUN_FILES.error), jsonText(record));
  } catch {
    return; // the disk that takes no note is most likely what made the run fail, which is told
  }
}
