/** Packed rows as the tensors that a training graph takes. */
import { at } from '../../compiler/ir.js';
import { float32, int32, int64, type Tensor, type Tensors } from '../../engine/engine.js';
import { DEFAULT_CHUNKS } from './decoder.js';
import { lossTensors, type LabelKind } from './loss.js';
import { UNSEEN, type PackedRow, type Row } from './packing.js';

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

/** The tensors of a training graph for a batch, but for weights and rotary tables. */
export function batchTensors(batch: readonly PackedRow[], options: BatchOptions): Tensors {
  const { totalWeight, heads, labels = 'hard', chunks = DEFAULT_CHUNKS } = options;
  const starts = startsOf(batch.map((row) => row.ids.length));
  const column = (values: readonly number[]): Tensor => int64([values.length, 1], values);
  return {
    ids: column(batch.flatMap((row) => [...row.ids])),
    positions: column(batch.flatMap((row) => [...row.positions])),
    ...placeTensors(batch, starts, heads, chunks),
    ...lossTensors(batch, starts, labels, totalWeight),
  };
}

/** Where each of some lengths begins, laid end to end, and where the last ends. */
function startsOf(lengths: readonly number[]): number[] {
  const starts = [0];
  for (const length of lengths) starts.push(at(starts, -1) + length);
  return starts;
}

/** A run of a row's tokens: the trunk, or one branch. */
interface Stretch {
  readonly start: number;
  readonly length: number;
}

/** A row's trunk and its branches, which lie behind it one after the other. */
function stretchesOf({ branch }: Row): { readonly trunk: Stretch; readonly branches: readonly Stretch[] } {
  let start = 0;
  const runs: Stretch[] = [];
  for (let i = 1; i <= branch.length; i++) {
    if (i < branch.length && branch[i] === branch[i - 1]) continue;
    runs.push({ start, length: i - start });
    start = i;
  }
  return branch[0] === 0
    ? { trunk: at(runs, 0), branches: runs.slice(1) }
    : { trunk: { start: 0, length: 0 }, branches: runs };
}

const sizeOf = (stretches: readonly Stretch[]): number => stretches.reduce((total, { length }) => total + length, 0);

/** Heads of queries and of keys and values, a token's after those of the token before. */
export interface HeadCounts {
  readonly heads: number;
  readonly keyValueHeads: number;
}

/** Places in blocks, in each of which as many for every head, [blocks, heads, length]. */
interface Layout {
  readonly blocks: number;
  readonly heads: number;
  readonly length: number;
  /** What lies at a place; -1 where nothing does. */
  readonly entry: (block: number, head: number, place: number) => number;
}

/** The entry at every place of a layout, their number where there is none; and in `to` the place of every entry, counted from `first`. */
function dealt({ blocks, heads, length, entry }: Layout, to: Int32Array, first = 0): Int32Array {
  const from = new Int32Array(blocks * heads * length).fill(to.length);
  let at = 0;
  for (let block = 0; block < blocks; block++)
    for (let head = 0; head < heads; head++)
      for (let place = 0; place < length; place++, at++) {
        const found = entry(block, head, place);
        if (found < 0) continue;
        from[at] = found;
        to[found] = first + at;
      }
  return from;
}

/** Several layouts, one behind the other, and the place of each of `entries` among all their places, the number of these where it has none. */
function dealtOut(layouts: readonly Layout[], entries: number): { lists: Int32Array[]; to: Int32Array } {
  const sizes = layouts.map(({ blocks, heads, length }) => blocks * heads * length);
  const firsts = startsOf(sizes);
  const to = new Int32Array(entries).fill(at(firsts, -1));
  return { lists: layouts.map((layout, i) => dealt(layout, to, at(firsts, i))), to };
}

/** The places of attention (see Places in models/packed-attention.ts) of rows whose tokens lie end to end. */
function placeTensors(
  batch: readonly PackedRow[],
  starts: readonly number[],
  { heads, keyValueHeads: groups }: HeadCounts,
  chunks: number,
): Tensors {
  const rows = batch.map(stretchesOf);
  const [count, tokens, group] = [rows.length, at(starts, -1), heads / groups];
  const size = Math.max(1, Math.ceil(Math.max(...rows.map(({ trunk }) => trunk.length)) / chunks));
  const span = chunks * size;
  const tail = Math.max(1, ...rows.map(({ branches }) => sizeOf(branches)));
  const most = Math.max(1, ...rows.map(({ branches }) => branches.length));
  const length = Math.max(1, ...rows.flatMap(({ branches }) => branches.map((each) => each.length)));
  /** Token at a place of a row's trunk, behind its trunk, and of a branch; -1 where there is none. */
  const inTrunk = (r: number, place: number): number => (place < at(rows, r).trunk.length ? at(starts, r) + place : -1);
  const behind = (r: number, place: number): number => {
    const token = at(starts, r) + at(rows, r).trunk.length + place;
    return token < at(starts, r + 1) ? token : -1;
  };
  const branchOf = (block: number): Stretch | undefined => at(rows, Math.floor(block / most)).branches[block % most];
  const inBranch = (block: number, place: number): number => {
    const branch = branchOf(block);
    return branch && place < branch.length ? at(starts, Math.floor(block / most)) + branch.start + place : -1;
  };
  const headOf = (token: number, head: number, of: number): number => (token < 0 ? -1 : token * of + head);
  const queries = dealtOut(
    [
      {
        ...{ blocks: chunks * count, heads, length: size },
        entry: (block, head, place) =>
          headOf(inTrunk(block % count, Math.floor(block / count) * size + place), head, heads),
      },
      { blocks: count, heads, length: tail, entry: (r, head, place) => headOf(behind(r, place), head, heads) },
    ],
    tokens * heads,
  );
  const keys = dealtOut(
    [
      {
        blocks: count,
        heads: groups,
        length: span,
        entry: (r, head, place) => headOf(inTrunk(r, place), head, groups),
      },
      {
        ...{ blocks: count * most, heads: groups, length },
        entry: (block, head, place) => headOf(inBranch(block, place), head, groups),
      },
    ],
    tokens * groups,
  );
  const own = dealtOut(
    [
      {
        ...{ blocks: count * most, heads, length },
        entry: (block, head, place) => {
          const r = Math.floor(block / most);
          const token = inBranch(block, place);
          return token < 0 ? -1 : (r * heads + head) * tail + token - at(starts, r) - at(rows, r).trunk.length;
        },
      },
    ],
    count * heads * tail,
  );
  const tailMask = new Float32Array(count * span).fill(UNSEEN);
  rows.forEach(({ trunk }, r) => tailMask.fill(0, r * span, r * span + trunk.length));
  return {
    chunks: int32([chunks, count, groups, group, size], at(queries.lists, 0)),
    tails: int32([count, groups, group, tail], at(queries.lists, 1)),
    queryPlaces: int32([tokens, heads], queries.to),
    trunkKeys: int32([count, groups, 1, span], at(keys.lists, 0)),
    branchKeys: int32([count, most, groups, length], at(keys.lists, 1)),
    keyPlaces: int32([tokens, groups], keys.to),
    branches: int32([count, most, groups, group, length], at(own.lists, 0)),
    branchPlaces: int32([count, heads, tail], own.to),
    trunkMask: float32([span, span], causal(span)),
    tailMask: float32([count, 1, 1, 1, span], tailMask),
    branchMask: float32([length, length], causal(length)),
  };
}

/** 0 up to the diagonal, UNSEEN behind it. */
function causal(size: number): Float32Array {
  const mask = new Float32Array(size * size).fill(UNSEEN);
  for (let i = 0; i < size; i++) mask.fill(0, i * size, i * size + i + 1);
  return mask;
}
