/** A study of one long training, carried out on a cluster and here, and the rows that came of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StudyInput } from '../../../src/study/config.js';
import { studyConfig } from '../../../src/study/config-file.js';
import { planStudy } from '../../../src/study/plan.js';
import { runStudy, type StudyEvent, type StudySummary } from '../../../src/study/runner.js';
import { readStudy } from '../../../src/study/stored-study.js';
import { leastStudy } from './studies.js';
import { writeTinyModel } from './tiny-model.js';

/** Carries studies out in folders, their model written into `scratch`. */
export const farStudy =
  (scratch: string) =>
  async (
    folder: string,
    executor: StudyInput['executor'],
    onEvent?: (event: StudyEvent) => void,
  ): Promise<StudySummary> => {
    const model = join(scratch, 'model');
    writeTinyModel(model);
    const train = { epochs: 2000, maxSteps: 2000, batchTokens: 64, checkpointEverySteps: 5, learningRate: 1e-3 };
    const plan = await planStudy(studyConfig(leastStudy(model, { executor, base: false, train })));
    return runStudy(plan, { folder, command: 'test', ...(onEvent && { onEvent }) });
  };

/** The rows of each run, byte for byte. */
export const rowsOf = (folder: string): string[] =>
  readStudy(folder).runs.map((run) => readFileSync(join(run.folder, 'rows.jsonl'), 'utf8'));
