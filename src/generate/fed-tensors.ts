/** Tokens fed to a generation graph as its tensors: in which slots they stand, and what each of them sees. */
import type { Tensors } from '../engine/engine.js';
import { fedInputs } from '../models/graph/generation-graph.js';
import { inputTensors } from '../models/graph/inputs.js';
import type { Fed } from './answer-batch.js';
import { blindMask, type KeyValueCache } from './key-value-cache.js';

/** Slots of a step, S to each row, and what is seen from them. */
interface Slots {
  readonly slotTokens: BigInt64Array;
  readonly tokenSlots: BigInt64Array;
  readonly pastMask: Float32Array;
  readonly freshMask: Float32Array;
}

/** A token sees the trunk and its own branch, of the past and of those fed with it. */
function slotsOf(cache: KeyValueCache, fed: readonly (readonly Fed[])[], size: number): Slots {
  const count = fed.length * size;
  const [pastMask, freshMask] = [blindMask(count * cache.capacity), blindMask(count * size)];
  const slotTokens = new BigInt64Array(count);
  const tokenSlots: bigint[] = [];
  fed.forEach((tokens, row) =>
    tokens.forEach(({ branch }, i) => {
      const slot = row * size + i;
      slotTokens[slot] = BigInt(tokenSlots.length);
      tokenSlots.push(BigInt(slot));
      cache.writeMask(pastMask, slot * cache.capacity, row, branch);
      for (let other = 0; other <= i; other++) {
        const seen = tokens[other]?.branch;
        if (seen === 0 || seen === branch) freshMask[slot * size + other] = 0;
      }
    }),
  );
  return { slotTokens, tokenSlots: BigInt64Array.from(tokenSlots), pastMask, freshMask };
}

/** Tensors of fed tokens, one list per row of the cache; `wanted` are the indices in each list whose logits are asked for. */
export function fedTensors(
  cache: KeyValueCache,
  fed: readonly (readonly Fed[])[],
  wanted: readonly (readonly number[])[],
): Tensors {
  const starts = fed.map((_, row) => fed.slice(0, row).reduce((total, each) => total + each.length, 0));
  const rows = wanted.flatMap((indices, row) => indices.map((index) => (starts[row] ?? 0) + index));
  const tokens = fed.flat();
  const slots = Math.max(...fed.map((each) => each.length));
  const sizes = { T: tokens.length, B: fed.length, S: slots, K: cache.capacity, M: rows.length };
  return inputTensors(fedInputs, sizes, {
    ids: BigInt64Array.from(tokens, ({ id }) => BigInt(id)),
    positions: BigInt64Array.from(tokens, ({ position }) => BigInt(position)),
    rows: BigInt64Array.from(rows, BigInt),
    ...slotsOf(cache, fed, slots),
  });
}
