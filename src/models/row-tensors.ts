/** Packed rows as the tensors that a training graph takes. */
import { at } from '../compiler/ir.js';
import { float32, int64, type Tensor, type Tensors } from '../engine/engine.js';
import { DEFAULT_CHUNKS } from './decoder.js';
import { UNSEEN, type PackedRow, type Row } from './packing.js';

/** The tensors of a training graph for a batch; weights are divided by `totalWeight`, so that the loss is a mean. */
export function batchTensors(
  batch: readonly PackedRow[],
  totalWeight: number,
  tables: Tensors,
  chunks = DEFAULT_CHUNKS,
): Tensors {
  const starts = startsOf(batch.map((row) => row.ids.length));
  const tokens = starts.at(-1) ?? 0;
  const targets = batch.flatMap((row, r) =>
    row.targets.map((target) => ({ ...target, at: target.at + at(starts, r) })),
  );
  const column = (values: readonly number[]): Tensor => int64([values.length, 1], values);
  const list = (values: ArrayLike<number>): Tensor => int64([values.length], values);
  return {
    ...tables,
    ids: column(batch.flatMap((row) => [...row.ids])),
    positions: column(batch.flatMap((row) => [...row.positions])),
    ...placeTensors(batch, starts, chunks),
    rows: list(targets.map((each) => each.at)),
    rowPlaces: list(
      placesOf(
        targets.map((each) => each.at),
        tokens,
      ),
    ),
    targets: list(targets.map((each) => each.token)),
    weights: float32(
      [targets.length],
      Float32Array.from(targets, (each) => each.weight / totalWeight),
    ),
  };
}

/** Where each of some lengths begins, laid end to end, and where the last ends. */
function startsOf(lengths: readonly number[]): number[] {
  const starts = [0];
  for (const length of lengths) starts.push(at(starts, -1) + length);
  return starts;
}

/** Where each of `count` tokens is among `tokens`, their number where it is not. */
function placesOf(tokens: ArrayLike<number>, count: number): Int32Array {
  const places = new Int32Array(count).fill(tokens.length);
  for (let place = 0; place < tokens.length; place++) {
    const token = tokens[place] as number;
    if (token < count) places[token] = place;
  }
  return places;
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

/** The places of attention (see Places in models/attention.ts) of rows whose tokens lie end to end. */
function placeTensors(batch: readonly PackedRow[], starts: readonly number[], chunks: number): Tensors {
  const rows = batch.map(stretchesOf);
  const tokens = at(starts, -1);
  const size = Math.max(1, Math.ceil(Math.max(...rows.map(({ trunk }) => trunk.length)) / chunks));
  const span = chunks * size;
  const tail = Math.max(1, ...rows.map(({ branches }) => sizeOf(branches)));
  const count = Math.max(1, ...rows.map(({ branches }) => branches.length));
  const length = Math.max(1, ...rows.flatMap(({ branches }) => branches.map((each) => each.length)));
  const empty = (places: number): Int32Array => new Int32Array(batch.length * places).fill(tokens);
  const [trunks, tails, own] = [empty(span), empty(tail), empty(count * length)];
  const tailMask = new Float32Array(batch.length * span).fill(UNSEEN);
  const lay = (places: Int32Array, place: number, start: number, { length: many }: Stretch): void => {
    for (let i = 0; i < many; i++) places[place + i] = start + i;
  };
  rows.forEach(({ trunk, branches }, r) => {
    const first = at(starts, r);
    lay(trunks, r * span, first, trunk);
    tailMask.fill(0, r * span, r * span + trunk.length);
    lay(tails, r * tail, first + trunk.length, { start: 0, length: sizeOf(branches) });
    branches.forEach((branch, n) => lay(own, (r * count + n) * length, first + branch.start, branch));
  });
  return {
    trunks: int64([batch.length, chunks, size], trunks),
    trunkPlaces: int64([tokens], placesOf(trunks, tokens)),
    tails: int64([batch.length, tail], tails),
    tailPlaces: int64([tokens], placesOf(tails, tokens)),
    branches: int64([batch.length, count, length], own),
    branchPlaces: int64([tokens], placesOf(own, tokens)),
    trunkMask: float32([span, span], causal(span)),
    tailMask: float32([batch.length, 1, 1, span], tailMask),
    branchMask: float32([length, length], causal(length)),
  };
}

/** 0 up to the diagonal, UNSEEN behind it. */
function causal(size: number): Float32Array {
  const mask = new Float32Array(size * size).fill(UNSEEN);
  for (let i = 0; i < size; i++) mask.fill(0, i * size, i * size + i + 1);
  return mask;
}
