/** A run's folder carried out from itself alone, wherever this process runs: under its lock, its progress on disk, its failure too. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors.js';
import { KEY_VARIABLES, redactor } from '../core/redact.js';
import { lockFolder } from '../files/folder-lock.js';
import { jsonText } from '../files/json-file.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeWhole } from '../files/write-whole.js';
import { RUN_FILES } from './layout.js';
import type { RunReport, RunResult, RunStage } from './study-records.js';
import { runFolder, type RunOptions } from './run.js';

/** How long to wait for a worker of a killed parent to notice that it is alone. */
const PATIENCE_MS = 30_000;
/** How often progress is written, at most. */
const PROGRESS_MS = 500;

/** Carries out a run's folder. Throws what made it fail, which lies in `error.json` too, and the signal's reason when stopped. */
export async function carryOutFolder(folder: string, options: RunOptions = {}): Promise<RunResult> {
  const lock = await lockFolder(folder, { patienceMs: PATIENCE_MS });
  removeLeftovers(folder);
  const progress = new ProgressFile(folder);
  try {
    const onReport = (report: RunReport): void => {
      progress.write(report);
      options.onReport?.(report);
    };
    const result = await runFolder(folder, { ...options, onReport });
    rmSync(join(folder, RUN_FILES.error), { force: true });
    return result;
  } catch (error) {
    if (options.signal?.aborted !== true) leaveError(folder, error, progress.stage);
    throw error;
  } finally {
    progress.remove();
    lock.release();
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
    writeWhole(this.#path, JSON.stringify(report), { flush: false });
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
  writeWhole(join(folder, RUN_FILES.error), jsonText(record));
}
