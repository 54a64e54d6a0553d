/** Whether a loss is within what is allowed: what is excluded, and what would settle it where that is open. */
import { lowerBound, type Comparison } from './compare.js';
import type { Cell } from './group.js';
import type { Measure } from './measure.js';
import { rankWords } from '../words/rank.js';
import { counted, gap, whole } from './wording.js';

/** Standard errors between what was measured and the margin for the test to pass four times in five: 1.645 + 0.842. */
const ERRORS_APART = 2.487;
/** Trainings of each configuration that are thought of. */
const TRAININGS = [1, 2, 3, 5, 8];
/** More than this many times the items is no advice. */
const MOST_ITEMS = 20;

/** The largest loss that is not excluded: `one-sided, at 95 %: at most 0.12`. */
export function boundWords(comparison: Comparison, measure: Measure): string {
  const bound = -lowerBound(comparison);
  return bound <= 0 ? rankWords().noLossAtAll : rankWords().atMost(gap(bound, measure));
}

/** `about 320 items … would settle it` for a loss as measured; where that loss is above the margin, that more data would rather show it. */
export function settlingWords(
  { runs }: Pick<Cell, 'runs'>,
  comparison: Comparison,
  margin: number,
  measure: Measure,
): string {
  const { difference, standardError, trainingError, clusters } = comparison;
  const words = rankWords();
  if (Number.isNaN(standardError)) return words.moreItems;
  const room = margin + Math.min(0, difference);
  if (room <= margin / 20) return words.lossAsLarge(gap(difference, measure));
  const variance = (room / ERRORS_APART) ** 2;
  const sampling = standardError ** 2 - trainingError ** 2;
  const plans = TRAININGS.map((trainings) => trainings * runs.length).flatMap((trainings) => {
    const left = variance - (trainingError ** 2 * runs.length) / trainings;
    const items = Math.max(1, sampling / left);
    return left > 0 && items <= MOST_ITEMS ? [{ trainings, items: Math.ceil(items * clusters) }] : [];
  });
  const [best] = plans.sort((a, b) => a.trainings * a.items - b.trainings * b.items);
  if (best === undefined) return words.farMore;
  return words.wouldSettle({
    ...{ items: whole(best.items), trainings: best.trainings, counted: counted(best.trainings, 'training') },
    ...{ nowItems: whole(clusters), nowTrainings: runs.length },
  });
}
