/** What the trainings of a study were begun in, so that `compute: auto` goes on alike wherever its folder is taken. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../core/attempt.js';
import type { Compute } from '../core/settings.js';
import { STUDY_FILES } from './layout.js';
import { readSpec } from './run-store.js';
import { readStudyRecord } from './study-record.js';

/** By the first run in the folder that trains a base of this identity; undefined where none does. */
export function computeBefore(folder: string, base: string): Compute | undefined {
  if (!existsSync(join(folder, STUDY_FILES.study))) return undefined;
  return attempt(() => {
    for (const name of readStudyRecord(folder).runs) {
      const { training } = readSpec(join(folder, STUDY_FILES.runs, name)).identity;
      if (training?.model === base) return training.settings.compute ?? 'f32';
    }
    return undefined;
  });
}
