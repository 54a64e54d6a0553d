/** Batches: packed rows of like length side by side, filled up to a number of tokens, in an order drawn from the seed. */
import { Random } from '../core/random.js';
import { float32, int64, type Tensors } from '../engine/engine.js';
import { UNSEEN, fillMask, packWithin, type Packable, type PackedRow } from '../models/packing.js';

/** Samples packed item by item into rows of at most `rowTokens` tokens. */
export function packItems(samples: readonly (Packable & { readonly item: string })[], rowTokens: number): PackedRow[] {
  const items = new Map<string, Packable[]>();
  for (const sample of samples) {
    const group = items.get(sample.item);
    if (group) group.push(sample);
    else items.set(sample.item, [sample]);
  }
  return [...items.values()].flatMap((group) => packWithin(group, rowTokens));
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
  return rows.reduce((total, row) => total + row.targets.reduce((sum, target) => sum + target.weight, 0), 0);
}

/** The tensors of a training graph for a batch; weights are divided by `totalWeight`, so that the loss is a mean. */
export function batchTensors(batch: readonly PackedRow[], totalWeight: number, tables: Tensors): Tensors {
  const length = Math.max(...batch.map((row) => row.ids.length));
  const shape = [batch.length, length];
  const ids = new BigInt64Array(batch.length * length);
  const positions = new BigInt64Array(batch.length * length);
  const mask = new Float32Array(batch.length * length * length).fill(UNSEEN);
  const targets = batch.flatMap((row, b) => row.targets.map((target) => ({ ...target, at: target.at + b * length })));
  batch.forEach((row, b) => {
    row.ids.forEach((id, i) => (ids[b * length + i] = BigInt(id)));
    row.positions.forEach((position, i) => (positions[b * length + i] = BigInt(position)));
    fillMask(mask, b * length * length, length, row, row);
  });
  return {
    ...tables,
    ids: { type: 'int64', shape, data: ids },
    positions: { type: 'int64', shape, data: positions },
    mask: float32([batch.length, length, length], mask),
    rows: int64(
      [targets.length],
      targets.map((each) => each.at),
    ),
    targets: int64(
      [targets.length],
      targets.map((each) => each.token),
    ),
    weights: float32(
      [targets.length],
      Float32Array.from(targets, (each) => each.weight / totalWeight),
    ),
  };
}
