/** Packed rows as the tensors that a training graph takes. */
import { at } from '../../compiler/ir.js';
import type { Tensors } from '../../engine/engine.js';
import { tokenInputs } from './decoder.js';
import { inputTensors } from './inputs.js';
import { lossTensors, type LabelKind } from './loss.js';
import { DEFAULT_CHUNKS, type HeadCounts } from './packed-attention.js';
import { packedTensors } from './packed-layout.js';
import type { PackedRow } from './packing.js';

/** What the tensors of a batch depend on beside its rows. */
export interface BatchOptions {
  /** What the loss is divided by, so that it is a mean: the sum of all labels' weights. */
  readonly totalWeight: number;
  readonly heads: HeadCounts;
  /** Default `hard`. */
  readonly labels?: LabelKind;
  /** Pieces that the graph cuts trunks into; default two. */
  readonly chunks?: number;
}

/** The tensors of a training graph for a batch, but for weights, rotary tables and dropout. */
export function batchTensors(batch: readonly PackedRow[], options: BatchOptions): Tensors {
  const { totalWeight, heads, labels = 'hard', chunks = DEFAULT_CHUNKS } = options;
  const starts = startsOf(batch);
  const all = (values: (row: PackedRow) => readonly number[]): BigInt64Array =>
    BigInt64Array.from(batch.flatMap(values), BigInt);
  const tokens = { ids: all(({ ids }) => ids), positions: all(({ positions }) => positions) };
  return {
    ...inputTensors(tokenInputs('R', 1), { R: at(starts, -1) }, tokens),
    ...packedTensors(batch, starts, heads, chunks),
    ...lossTensors(batch, starts, labels, totalWeight),
  };
}

/** Where each row begins, laid end to end, and where the last ends. */
function startsOf(rows: readonly PackedRow[]): number[] {
  const starts = [0];
  for (const { ids } of rows) starts.push(at(starts, -1) + ids.length);
  return starts;
}
