/** The outlook of a study as its folder holds it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from '../files/names-in.js';
import { STUDY_FILES, TRAINING_FILES } from './layout.js';
import { learnFrom, Outlook } from './outlook.js';
import type { RunGlance } from './run-glance.js';
import { untrained, type RunEstimate } from './run-seconds.js';
import type { StudyEstimates } from './study-record.js';

/** The runs as they stand; a training that several share is counted for the first that is open, one that is there for none. */
export function studyOutlook(
  folder: string,
  glances: readonly RunGlance[],
  { workers, runs }: StudyEstimates,
): Outlook {
  const outlook = new Outlook(workers);
  const counted = new Set<string | null>([null]);
  const trainings = namesIn(join(folder, STUDY_FILES.trainings));
  const isTrained = ({ training }: RunEstimate): boolean =>
    training !== null &&
    trainings.has(training) &&
    existsSync(join(folder, STUDY_FILES.trainings, training, TRAINING_FILES.training));
  for (const glance of glances) {
    const estimate = runs[glance.name];
    if (estimate === undefined) continue;
    learnFrom(outlook, estimate, glance);
    const isOpen = glance.status === 'running' || glance.status === 'waiting';
    const isThere = isOpen
      ? counted.has(estimate.training) || isTrained(estimate)
      : glance.result?.work.trainings === 0;
    if (isOpen) counted.add(estimate.training);
    outlook.add(glance.name, isThere ? untrained(estimate) : estimate);
    if (!isOpen) outlook.settle(glance.name);
    if (glance.report !== null) outlook.report(glance.name, glance.report);
  }
  return outlook;
}
