/** Batches: packed rows of like length side by side, filled up to a number of tokens, in an order drawn from the seed. */
import { groupBy } from '../core/collections.js';
import { Random } from '../core/random.js';
import { packWithin, type Packable, type PackedRow } from '../models/graph/packing.js';

/** Samples packed item by item into rows of at most `rowTokens` tokens. */
export function packItems(samples: readonly (Packable & { readonly item: string })[], rowTokens: number): PackedRow[] {
  return [...groupBy(samples, ({ item }) => item).values()].flatMap((group) => packWithin(group, rowTokens));
}

/** Rows that are computed together: one micro-batch. */
export type Batch = readonly PackedRow[];

/** Tokens of a batch. */
export const tokensOf = (batch: Batch): number => batch.reduce((total, { ids }) => total + ids.length, 0);

/** Tokens of a batch, padding included. */
export const areaOf = (batch: Batch): number => batch.length * Math.max(...batch.map(({ ids }) => ids.length));

/**
 * One epoch's batches: rows shuffled, sorted by length within the shuffle so that ties differ from epoch to epoch, cut where
 * the padded size would pass `batchTokens`, and the batches shuffled again.
 */
export function epochBatches(
  rows: readonly PackedRow[],
  batchTokens: number,
  seed: number,
  epoch: number,
): PackedRow[][] {
  const random = new Random(seed, 'batches', epoch);
  const sorted = random.shuffle(rows).sort((a, b) => a.ids.length - b.ids.length);
  const batches: PackedRow[][] = [];
  for (const row of sorted) {
    const last = batches.at(-1);
    if (last && areaOf([...last, row]) <= batchTokens) last.push(row);
    else batches.push([row]);
  }
  return random.shuffle(batches);
}

/** Sum of the loss weights of some rows. */
export function weightOf(rows: Batch): number {
  const weights = (row: PackedRow): readonly number[] => row.targets.flatMap((target) => target.weights);
  return rows.reduce((total, row) => total + weights(row).reduce((sum, weight) => sum + weight, 0), 0);
}
