/** Batches: packed rows of like length side by side, filled up to a number of tokens, in an order drawn from the seed. */
import { groupBy } from '../core/collections.js';
import { Random } from '../core/random.js';
import { packWithin, type Packable, type PackedRow } from '../models/graph/packing.js';

/** Samples packed item by item into rows of at most `rowTokens` tokens. */
export function packItems(samples: readonly (Packable & { readonly item: string })[], rowTokens: number): PackedRow[] {
  return [...groupBy(samples, ({ item }) => item).values()].flatMap((group) => packWithin(group, rowTokens));
}

/** Tokens of a batch, padding included. */
const area = (rows: readonly PackedRow[]): number => rows.length * Math.max(...rows.map((row) => row.ids.length));

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
    if (last && area([...last, row]) <= batchTokens) last.push(row);
    else batches.push([row]);
  }
  return random.shuffle(batches);
}

/** Share of a batch that is padding, 0 to 1. */
export function paddingShare(batch: readonly PackedRow[]): number {
  return 1 - batch.reduce((total, row) => total + row.ids.length, 0) / area(batch);
}

/** Sum of the loss weights of some rows. */
export function weightOf(rows: readonly PackedRow[]): number {
  const weights = (row: PackedRow): readonly number[] => row.targets.flatMap((target) => target.weights);
  return rows.reduce((total, row) => total + weights(row).reduce((sum, weight) => sum + weight, 0), 0);
}
