/** Keys and values of many rows: one block per layer with room to grow in place, and which branch each column of a row belongs to. */
import { at } from '../compiler/ir.js';
import { floatsOf, type Tensors } from '../engine/engine.js';
import { cacheInputs, cacheNames, type CacheNames } from '../models/graph/generation-graph.js';
import { inputTensors } from '../models/graph/inputs.js';
import type { ModelConfig } from '../models/model.js';
import { UNSEEN } from '../models/graph/packing.js';

/** Branch of a column that holds nothing. */
const EMPTY = -1;

const namesOf = (config: ModelConfig): CacheNames[] => cacheNames(config).flatMap(({ keys, values }) => [keys, values]);

/** Bytes that one cached token takes over all layers. */
export function bytesPerToken(config: ModelConfig): number {
  return namesOf(config).length * config.keyValueHeads * config.headDim * Float32Array.BYTES_PER_ELEMENT;
}

/** One layer's keys or values, [rows, keyValueHeads, capacity, headDim]. */
interface Block {
  readonly names: CacheNames;
  readonly data: Float32Array;
}

/** Keys and values of the tokens fed in a step: those of one row among the step's. */
export interface Fresh {
  /** What the graph gave. */
  readonly result: Tensors;
  /** The row, counted among those fed, and the tokens that each of these has room for. */
  readonly slot: number;
  readonly slots: number;
}

/** Keys and values of rows, with room for more. */
export class KeyValueCache {
  readonly #blocks: readonly Block[];
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
    this.#blocks = namesOf(config).map((names) => ({ names, data: new Float32Array(size) }));
    this.#branch = new Int32Array(rows * capacity).fill(EMPTY);
    this.#used = new Int32Array(rows);
  }

  /** Columns that a row has filled. */
  used(row: number): number {
    return this.#used[row] ?? 0;
  }

  /** The cache as inputs of the generation graph; nothing is copied. */
  get inputs(): Tensors {
    const data = Object.fromEntries(this.#blocks.map(({ names, data: values }) => [names.past, values]));
    return inputTensors(cacheInputs(this.config), { B: this.rows, K: this.capacity }, data);
  }

  /** Adds the first of a row's fresh tokens, one per entry of `branches`. */
  append(row: number, { result, slot, slots }: Fresh, branches: readonly number[]): void {
    const { keyValueHeads: heads, headDim } = this.config;
    const start = this.used(row);
    for (const { names, data } of this.#blocks) {
      const source = floatsOf(result, names.fresh);
      for (let head = 0; head < heads; head++) {
        const from = (slot * heads + head) * slots * headDim;
        const to = ((row * heads + head) * this.capacity + start) * headDim;
        data.set(source.subarray(from, from + branches.length * headDim), to);
      }
    }
    this.#branch.set(branches, row * this.capacity + start);
    this.#used[row] = start + branches.length;
  }

  /** A cache of other capacity that holds these rows (a row may be taken several times). */
  take(rows: readonly number[], capacity: number): KeyValueCache {
    const taken = new KeyValueCache(this.config, rows.length, capacity);
    rows.forEach((row, to) => taken.#copyRow(this, row, to));
    return taken;
  }

  #copyRow(source: KeyValueCache, row: number, to: number): void {
    const { keyValueHeads: heads, headDim } = this.config;
    const columns = source.used(row);
    for (const [i, { data }] of this.#blocks.entries()) {
      const from = at(source.#blocks, i).data;
      for (let head = 0; head < heads; head++) {
        const start = (row * heads + head) * source.capacity * headDim;
        const part = from.subarray(start, start + columns * headDim);
        data.set(part, (to * heads + head) * this.capacity * headDim);
      }
    }
    this.#branch.fill(EMPTY, to * this.capacity, (to + 1) * this.capacity);
    const start = row * source.capacity;
    this.#branch.set(source.#branch.subarray(start, start + columns), to * this.capacity);
    this.#used[to] = columns;
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
