/** The cells of a study as plain values: what the tables show, for programs. */
import type { Analysis } from '../analysis/analyse.js';
import type { Cell } from '../analysis/group.js';
import type { JsonObject } from '../core/json.js';
import type { MeanEstimate } from '../core/statistics.js';

/** One object for each cell, in the grid's order; estimates have null where nothing is known. */
export function cellsJson({ cells }: Analysis): JsonObject[] {
  return cells.map(({ dataset, book, level, rank, items, seeds, runs, trr, retention, ...rest }: Cell) => ({
    ...{ dataset, book, level, rank, items, seeds: [...seeds], runs: [...runs], trr, retention },
    score: estimateJson(rest.score),
    accuracy: estimateJson(rest.accuracy),
    ...{ answers: rest.answers, unscored: rest.unscored, truncated: rest.truncated },
  }));
}

function estimateJson({ mean, low, high, n, clusters }: MeanEstimate): JsonObject {
  const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
  return { mean: known(mean), low: known(low), high: known(high), n, items: clusters };
}
