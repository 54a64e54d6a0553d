/** What tracking keeps in a study's folder: a mark that tells the study from any other, and a lock, for one process tells at a time. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { isHeld, lockFolder, type FolderLock, type LockOptions } from '../../files/folder-lock.js';
import { jsonText, readJsonFile } from '../../files/json-file.js';
import { writeWhole } from '../../files/write-whole.js';
import { STUDY_FILES } from '../layout.js';
import { readStudyRecord } from '../study-record.js';
import type { TrackedStudy } from './tracked-run.js';

const markRecord = z.object({ mark: z.string().regex(/^[0-9a-f]{16}$/) });

/** Takes the lock of tracking. Throws UserError where another process has it, or the disk refuses. */
export function lockTracking(folder: string, options: LockOptions = {}): Promise<FolderLock> {
  return lockFolder(join(folder, STUDY_FILES.tracking), options);
}

/** Whether a process that lives has that lock, as far as can be told without waiting. */
export function isTracking(folder: string): boolean {
  return isHeld(join(folder, STUDY_FILES.tracking));
}

/** A study as trackers are told it, and its runs in their order; its mark is made where it has none. Whoever asks holds the lock. */
export function trackedStudy(folder: string): { readonly study: TrackedStudy; readonly runs: readonly string[] } {
  const { name, model, runs } = readStudyRecord(folder);
  return { study: { folder: resolve(folder), name, mark: markOf(folder), model: model.name }, runs };
}

function markOf(folder: string): string {
  const path = join(folder, STUDY_FILES.tracking, 'mark.json');
  if (existsSync(path))
    return readJsonFile(path, markRecord, 'remove it: what was told before is then told once more').mark;
  const mark = randomBytes(8).toString('hex');
  writeWhole(path, jsonText({ mark }));
  return mark;
}
