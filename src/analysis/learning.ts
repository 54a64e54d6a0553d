/** Whether trainings learnt at all, told from their losses. */
import type { RunSummary } from './run-summary.js';
import { cautionWords } from '../words/verdict.js';
import { counted } from './wording.js';

/** Nats per answer token by which a loss must change to have changed: less is the noise of a batch. */
const NOTICEABLE = 0.05;

/** Whether the loss of the last tenth of a run's steps lies above that of the first tenth, by more than batches differ. */
export function hasRisen({ firstLoss, lastLoss }: RunSummary): boolean {
  return firstLoss !== null && lastLoss !== null && lastLoss > firstLoss + NOTICEABLE;
}

/** Whether it lies below that of the first tenth, by as much. */
export function hasFallen({ firstLoss, lastLoss }: RunSummary): boolean {
  return firstLoss !== null && lastLoss !== null && lastLoss < firstLoss - NOTICEABLE;
}

/** A caution where some of several trainings got worse. */
export function risenCaution(runs: readonly RunSummary[]): string[] {
  const trained = runs.filter(({ rank, firstLoss }) => rank > 0 && firstLoss !== null);
  const risen = trained.filter(hasRisen);
  if (risen.length === 0) return [];
  return [cautionWords().lossRose(risen.length, counted(trained.length, 'training'))];
}
