/** Keys and values of many rows: one block per layer with room to grow in place, and which branch each column of a row belongs to. */
import { float32, floatsOf, type Tensors } from '../engine/engine.js';
import { cacheName } from '../models/graph/decoder.js';
import type { ModelConfig } from '../models/model.js';
import { UNSEEN } from '../models/graph/packing.js';

/** Branch of a column that holds nothing. */
const EMPTY = -1;

const KINDS = ['keys', 'values'] as const;

/** Bytes that one cached token takes over all layers. */
export function bytesPerToken({ layers, keyValueHeads, headDim }: ModelConfig): number {
  return layers * KINDS.length * keyValueHeads * headDim * Float32Array.BYTES_PER_ELEMENT;
}

export class KeyValueCache {
  /** By name of the input, each [rows, keyValueHeads, capacity, headDim]. */
  readonly #blocks: Readonly<Record<string, Float32Array>>;
  /** [rows, capacity]: 0 for the trunk, 1, 2 … for branches. */
  readonly #branch: Int32Array;
  readonly #used: Int32Array;

  constructor(
    readonly config: ModelConfig,
    readonly rows: number,
    /** Columns of each row. */
    readonly capacity: number,
  ) {
    const size = rows * config.keyValueHeads * capacity * config.headDim;
    const names = Array.from({ length: config.layers }, (_, layer) =>
      KINDS.map((kind) => cacheName('past', layer, kind)),
    );
    this.#blocks = Object.fromEntries(names.flat().map((name) => [name, new Float32Array(size)]));
    this.#branch = new Int32Array(rows * capacity).fill(EMPTY);
    this.#used = new Int32Array(rows);
  }

  /** Columns that a row has filled. */
  used(row: number): number {
    return this.#used[row] ?? 0;
  }

  /** The cache as inputs of the generation graph; nothing is copied. */
  get inputs(): Tensors {
    const shape = [this.rows, this.config.keyValueHeads, this.capacity, this.config.headDim];
    return Object.fromEntries(Object.entries(this.#blocks).map(([name, data]) => [name, float32(shape, data)]));
  }

  /** Adds the first of a row's fresh tokens, one per entry of `branches`; `slot` is the row's place among the fresh, of `slots` tokens each. */
  append(row: number, fresh: Tensors, slot: number, slots: number, branches: readonly number[]): void {
    const { keyValueHeads: heads, headDim } = this.config;
    const start = this.used(row);
    for (const [name, block] of Object.entries(this.#blocks)) {
      const source = floatsOf(fresh, name.replace('past', 'fresh'));
      for (let head = 0; head < heads; head++) {
        const from = (slot * heads + head) * slots * headDim;
        const to = ((row * heads + head) * this.capacity + start) * headDim;
        block.set(source.subarray(from, from + branches.length * headDim), to);
      }
    }
    this.#branch.set(branches, row * this.capacity + start);
    this.#used[row] = start + branches.length;
  }

  /** A cache of other capacity that holds these rows (a row may be taken several times). */
  take(rows: readonly number[], capacity: number): KeyValueCache {
    const taken = new KeyValueCache(this.config, rows.length, capacity);
    rows.forEach((row, at) => taken.#copyRow(this, row, at));
    return taken;
  }

  /** Copies a row of another cache here, in place of what is there. */
  put(other: KeyValueCache, row: number, at: number): void {
    this.#copyRow(other, row, at);
  }

  #copyRow(source: KeyValueCache, row: number, at: number): void {
    const { keyValueHeads: heads, headDim } = this.config;
    const columns = source.used(row);
    for (const [name, block] of Object.entries(this.#blocks)) {
      const from = source.#blocks[name] as Float32Array;
      for (let head = 0; head < heads; head++) {
        const start = (row * heads + head) * source.capacity * headDim;
        const part = from.subarray(start, start + columns * headDim);
        block.set(part, (at * heads + head) * this.capacity * headDim);
      }
    }
    this.#branch.fill(EMPTY, at * this.capacity, (at + 1) * this.capacity);
    const start = row * source.capacity;
    this.#branch.set(source.#branch.subarray(start, start + columns), at * this.capacity);
    this.#used[at] = columns;
  }

  /** Writes what a token of a branch sees of its row: the trunk and its own branch. `mask` is filled with UNSEEN before. */
  writeMask(mask: Float32Array, offset: number, row: number, branch: number): void {
    const start = row * this.capacity;
    for (let column = 0; column < this.used(row); column++) {
      const other = this.#branch[start + column];
      if (other === 0 || other === branch) mask[offset + column] = 0;
    }
  }
}

/** A mask where nothing is seen yet. */
export function blindMask(size: number): Float32Array {
  return new Float32Array(size).fill(UNSEEN);
}
