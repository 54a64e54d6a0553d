/** What is learnt of packed rows, as a part of the training graph: its inputs, the loss they give, and the tensors of a batch. */
import type { Tensors } from '../../engine/engine.js';
import { input, inputTensors } from './inputs.js';
import type { PackedRow } from './packing.js';

/** How many labels a learnt token has: one, or several (a teacher's most probable ones). */
export type LabelKind = 'hard' | 'soft';

/**
 * Inputs that say of which of R tokens the next is looked at: `rows`, M of them; and `rowSlots`, where among these every token is, −1
 * where it is none of them.
 */
export const placeInputs = () => ({ rows: input('int64', 'M'), rowSlots: input('int64', 'R') });

/** Inputs that say what is learnt: at which places, and K labels of each with their weights in the loss. */
export const lossInputs = (kind: LabelKind) => {
  const labels = kind === 'hard' ? 1 : 'K';
  return {
    ...placeInputs(),
    labels: input('int64', 'M', labels),
    weights: input('float32', 'M', labels),
  };
};

/** Where each of `count` tokens is in a list of some of them, −1 where it is not there. */
function slotsIn(list: readonly number[], count: number): BigInt64Array {
  const slots = new BigInt64Array(count).fill(-1n);
  list.forEach((token, slot) => (slots[token] = BigInt(slot)));
  return slots;
}

/**
 * Their tensors for rows laid end to end from `starts` (and to the last of them); weights are divided by `totalWeight`, so that the
 * loss is a mean.
 */
export function lossTensors(
  rows: readonly PackedRow[],
  starts: readonly number[],
  kind: LabelKind,
  totalWeight: number,
): Tensors {
  const targets = rows.flatMap((row, r) => row.targets.map((each) => ({ ...each, at: each.at + (starts[r] ?? 0) })));
  const [tokens, count] = [starts.at(-1) ?? 0, targets.length];
  const most = kind === 'hard' ? 1 : targets.reduce((largest, each) => Math.max(largest, each.tokens.length), 1);
  const [labels, weights] = [new BigInt64Array(count * most), new Float32Array(count * most)];
  targets.forEach((target, i) =>
    target.tokens.forEach((token, k) => {
      labels[i * most + k] = BigInt(token);
      weights[i * most + k] = (target.weights[k] ?? 0) / totalWeight;
    }),
  );
  const learnt = targets.map(({ at }) => at);
  return inputTensors(
    lossInputs(kind),
    { M: count, R: tokens, K: most },
    { rows: BigInt64Array.from(learnt, BigInt), rowSlots: slotsIn(learnt, tokens), labels, weights },
  );
}
