/** Runs that failed made as if they had not been tried. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { lockFolder } from '../files/folder-lock.js';
import { RUN_FILES, STUDY_FILES } from './layout.js';
import { glanceRun } from './run-glance.js';
import { readStudyRecord } from './study-record.js';

export interface Retried {
  /** Names of the runs' folders with what had made them fail. */
  readonly forgotten: readonly { readonly run: string; readonly message: string }[];
  /** Runs that the next study run carries out. */
  readonly waiting: readonly string[];
}

/**
 * Removes the notes of failures, of the runs named or of all; what was finished of their stages stays and is reused. Throws UserError
 * where a run that is named did not fail, or is being carried out.
 */
export async function retryRuns(folder: string, named?: readonly string[]): Promise<Retried> {
  const { runs } = readStudyRecord(folder);
  const forgotten: Retried['forgotten'][number][] = [];
  for (const name of named ?? runs) {
    const { status, error } = glanceRun(folder, name);
    if (status === 'failed') {
      await forget(join(folder, STUDY_FILES.runs, name));
      forgotten.push({ run: name, message: error?.message ?? '' });
    } else if (named !== undefined) throw new UserError(`${name} is ${status}: only runs that failed can be forgotten`);
  }
  const waiting = runs.filter((name) => {
    const { status, result } = glanceRun(folder, name);
    return status === 'failed' || status === 'waiting' || (result?.unscored ?? 0) > 0;
  });
  return { forgotten, waiting };
}

/** Under the run's lock, so that no failure is forgotten that a process is just about to note. */
async function forget(run: string): Promise<void> {
  const lock = await lockFolder(run);
  try {
    rmSync(join(run, RUN_FILES.error), { force: true });
  } finally {
    lock.release();
  }
}
