/** Packed rows laid out in slots for attention: which vector stands in which slot, and which tokens see which. */
import { at } from '../../compiler/ir.js';
import type { Tensors } from '../../engine/engine.js';
import { inputTensors } from './inputs.js';
import { packedInputs, type HeadCounts } from './packed-attention.js';
import { UNSEEN, type RowTokens } from './packing.js';

/** What stands for an empty slot, and for a vector in none. */
const NONE = -1;

/** A run of tokens among those of all rows. */
interface Stretch {
  readonly start: number;
  readonly length: number;
}

/** A row's trunk, its branches, which lie behind it one after the other, and these as one line. */
interface Stretches {
  readonly trunk: Stretch;
  readonly branches: readonly Stretch[];
  readonly tail: Stretch;
}

/** A row as stretches of tokens, the first of which is the `first` of all rows'. */
function stretchesOf({ branch }: RowTokens, first: number): Stretches {
  const ends = branch.flatMap((each, i) => (each === branch[i + 1] ? [] : [i + 1]));
  const runs = ends.map((end, i) => ({ start: first + (ends[i - 1] ?? 0), length: end - (ends[i - 1] ?? 0) }));
  const [trunk, branches] = branch[0] === 0 ? [at(runs, 0), runs.slice(1)] : [{ start: first, length: 0 }, runs];
  const tail = { start: trunk.start + trunk.length, length: branch.length - trunk.length };
  return { trunk, branches, tail };
}

/** The token at a position of a stretch. */
const tokenAt = (stretch: Stretch | undefined, position: number): number =>
  stretch && position < stretch.length ? stretch.start + position : NONE;

/** Rows laid end to end, and the sizes of their blocks by the inputs' symbols. */
interface Layout {
  readonly rows: readonly Stretches[];
  readonly sizes: Readonly<Record<'R' | 'B' | 'U' | 'Q' | 'N' | 'L', number>>;
}

function layoutOf(batch: readonly RowTokens[], starts: readonly number[], chunks: number): Layout {
  const rows = batch.map((row, r) => stretchesOf(row, at(starts, r)));
  const longest = Math.max(...rows.map(({ trunk }) => trunk.length));
  const sizes = {
    R: at(starts, -1),
    B: rows.length,
    U: Math.max(1, Math.ceil(longest / chunks)),
    Q: Math.max(1, ...rows.map(({ tail }) => tail.length)),
    N: Math.max(1, ...rows.map(({ branches }) => branches.length)),
    L: Math.max(1, ...rows.flatMap(({ branches }) => branches.map(({ length }) => length))),
  };
  return { rows, sizes };
}

/** Slots of one kind: `blocks` of them, in each of which are `length` for every head. */
interface Slots {
  readonly blocks: number;
  readonly length: number;
  /** The vector in a slot; NONE where it is empty. */
  readonly vectorAt: (block: number, head: number, position: number) => number;
}

/** Several kinds of slots, one behind the other, for so many heads: the vector in every slot, and the slot of every vector; NONE where there is none. */
interface Filled {
  readonly indices: readonly Int32Array[];
  readonly slots: Int32Array;
}

/** Fills one kind of slots, counted from `first` among all; tells `slots` where each vector is. */
function fill(kind: Slots, heads: number, slots: Int32Array, first: number): Int32Array {
  const { blocks, length, vectorAt } = kind;
  const indices = new Int32Array(blocks * heads * length).fill(NONE);
  let slot = 0;
  for (let block = 0; block < blocks; block++)
    for (let head = 0; head < heads; head++)
      for (let position = 0; position < length; position++, slot++) {
        const vector = vectorAt(block, head, position);
        if (vector === NONE) continue;
        indices[slot] = vector;
        slots[vector] = first + slot;
      }
  return indices;
}

function filled(kinds: readonly Slots[], heads: number, vectors: number): Filled {
  const sizes = kinds.map(({ blocks, length }) => blocks * heads * length);
  const slots = new Int32Array(vectors).fill(NONE);
  let first = 0;
  const indices = kinds.map((kind, i) => {
    const list = fill(kind, heads, slots, first);
    first += at(sizes, i);
    return list;
  });
  return { indices, slots };
}

/** Vectors of tokens: those of a token's heads stand one after the other. */
const ofTokens =
  (heads: number, token: (block: number, position: number) => number): Slots['vectorAt'] =>
  (block, head, position) => {
    const found = token(block, position);
    return found === NONE ? NONE : found * heads + head;
  };

/** Queries in the chunks of all trunks, chunk after chunk, and in the tails. */
function querySlots({ rows, sizes: { R, B, U, Q } }: Layout, heads: number, chunks: number): Filled {
  const inChunk = (block: number, position: number): number =>
    tokenAt(at(rows, block % B).trunk, Math.floor(block / B) * U + position);
  const inTail = (row: number, position: number): number => tokenAt(at(rows, row).tail, position);
  const kinds = [
    { blocks: chunks * B, length: U, vectorAt: ofTokens(heads, inChunk) },
    { blocks: B, length: Q, vectorAt: ofTokens(heads, inTail) },
  ];
  return filled(kinds, heads, R * heads);
}

/** The token at a position of a block of branches, of which every row has N. */
const inBranch =
  ({ rows, sizes: { N } }: Layout) =>
  (block: number, position: number): number =>
    tokenAt(at(rows, Math.floor(block / N)).branches[block % N], position);

/** Keys in the trunks and in the branches. */
function keySlots(layout: Layout, heads: number, chunks: number): Filled {
  const { rows, sizes } = layout;
  const inTrunk = (row: number, position: number): number => tokenAt(at(rows, row).trunk, position);
  const kinds = [
    { blocks: sizes.B, length: chunks * sizes.U, vectorAt: ofTokens(heads, inTrunk) },
    { blocks: sizes.B * sizes.N, length: sizes.L, vectorAt: ofTokens(heads, inBranch(layout)) },
  ];
  return filled(kinds, heads, sizes.R * heads);
}

/** Queries of the tails, which lie there head by head, in the branches. */
function branchSlots(layout: Layout, heads: number): Filled {
  const { B, Q, N, L } = layout.sizes;
  const token = inBranch(layout);
  const vectorAt = (block: number, head: number, position: number): number => {
    const [row, found] = [Math.floor(block / N), token(block, position)];
    return found === NONE ? NONE : (row * heads + head) * Q + found - at(layout.rows, row).tail.start;
  };
  return filled([{ blocks: B * N, length: L, vectorAt }], heads, B * heads * Q);
}

/** 0 up to the diagonal, UNSEEN behind it. */
function causal(size: number): Float32Array {
  const mask = new Float32Array(size * size).fill(UNSEEN);
  for (let i = 0; i < size; i++) mask.fill(0, i * size, i * size + i + 1);
  return mask;
}

/** 0 where a row's trunk has a token, UNSEEN behind it: [rows, span]. */
function trunksOnly(rows: readonly Stretches[], span: number): Float32Array {
  const mask = new Float32Array(rows.length * span).fill(UNSEEN);
  rows.forEach(({ trunk }, r) => mask.fill(0, r * span, r * span + trunk.length));
  return mask;
}

/** The tensors of `packedInputs` for rows laid end to end from `starts` (and to the last of them). */
export function packedTensors(
  batch: readonly RowTokens[],
  starts: readonly number[],
  { heads, keyValueHeads }: HeadCounts,
  chunks: number,
): Tensors {
  const layout = layoutOf(batch, starts, chunks);
  const span = chunks * layout.sizes.U;
  const queries = querySlots(layout, heads, chunks);
  const keys = keySlots(layout, keyValueHeads, chunks);
  const own = branchSlots(layout, heads);
  return inputTensors(packedInputs({ heads, keyValueHeads }, chunks), layout.sizes, {
    chunkQueries: at(queries.indices, 0),
    tailQueries: at(queries.indices, 1),
    querySlots: queries.slots,
    trunkKeys: at(keys.indices, 0),
    branchKeys: at(keys.indices, 1),
    keySlots: keys.slots,
    branchQueries: at(own.indices, 0),
    tailSlots: own.slots,
    trunkMask: causal(span),
    tailMask: trunksOnly(layout.rows, span),
    branchMask: causal(layout.sizes.L),
  });
}
