/** What an executor may know of a run from its folder: how it ended, how far it is, and whether somebody works on it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Recorded, WorkRecords } from '../executors/scheduler.js';
import { LockWatch } from '../files/folder-lock.js';
import { RUN_FILES } from './layout.js';
import { readReport, readRun, readRunError } from './run-store.js';

/** Looks at runs' locks as long as this process lives. */
const locks = new LockWatch();

/** Runs' own records. What is damaged says nothing. */
export const runRecords: WorkRecords = {
  outcome,
  report: (folder) => readReport(folder),
  isHeld: (folder) => locks.isHeld(folder),
};

/** What tells the note of a run's failure from one before; null where there is none. */
export function failureStamp(folder: string): string | null {
  return written(join(folder, RUN_FILES.error))?.stamp ?? null;
}

/** When a run's failure was noted, in milliseconds since 1970; null where none is. */
export function failedAt(folder: string): number | null {
  return written(join(folder, RUN_FILES.error))?.at ?? null;
}

/** The later of result and error counts. */
function outcome(folder: string): Recorded | null {
  const [result, error] = [RUN_FILES.result, RUN_FILES.error].map((name) => written(join(folder, name)));
  if (error !== undefined && error.at >= (result?.at ?? -Infinity)) return failure(folder, error.stamp);
  if (result === undefined || !isDone(folder)) return null;
  return { outcome: { status: 'done' }, stamp: result.stamp };
}

function failure(folder: string, stamp: string): Recorded | null {
  const error = readRunError(folder);
  if (error === null) return null;
  const { name, message } = error;
  return { outcome: { status: 'failed', name, message, mendable: name.startsWith('UserError') }, stamp };
}

function isDone(folder: string): boolean {
  try {
    return readRun(folder).status === 'done';
  } catch {
    return false;
  }
}

/** When a file was put into its place; it is replaced whole, so that its number changes too. */
function written(path: string): { at: number; stamp: string } | undefined {
  try {
    const { mtimeMs, ino, size } = statSync(path);
    return { at: mtimeMs, stamp: `${path}:${mtimeMs}:${ino}:${size}` };
  } catch {
    return undefined;
  }
}
