/** Small studies carried out in this process, for tests of what reads their folders. */
import { inlineExecutor } from '../../../src/executors/inline.js';
import type { StudyInput } from '../../../src/study/config.js';
import { studyConfig } from '../../../src/study/config-file.js';
import { workerEntry } from '../../../src/study/placement.js';
import { planStudy } from '../../../src/study/plan.js';
import { runStudy, type StudyOptions, type StudySummary } from '../../../src/study/runner.js';
import { leastStudy } from './studies.js';

/** Carries out the least study of a model, with changes, in a folder. */
export async function carriedOut(
  model: string,
  folder: string,
  changes: Partial<StudyInput> = {},
  options: Partial<StudyOptions> = {},
): Promise<StudySummary> {
  const plan = await planStudy(studyConfig(leastStudy(model, changes)), { folder });
  const executor = () => inlineExecutor(workerEntry());
  return runStudy(plan, { folder, command: 'lightmem study run least.yaml', executor, ...options });
}

/** Parts of a grid of which one run fails, for its texts have no room, and one does not. */
export const HALF_FAILING: StudyInput['grid'] = [
  { dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2], train: { maxLength: 50 } },
  { dataset: 'articles', book: 'closed', ranks: [2] },
];
