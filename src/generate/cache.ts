/** Rows being generated: for every row, which cached token stands where, so that each branch sees its trunk and itself. */
import { UNSEEN, fillMask, sharedPrefix } from '../models/packing.js';

/** Branch number of padding: no real token sees it. */
const PADDING = -1;

/** One question being answered: a branch of its row. */
export interface Branch {
  /** Index among the prompts asked. */
  readonly index: number;
  readonly number: number;
  /** Position of the next token. */
  position: number;
  readonly answer: number[];
  finished: boolean;
}

/** One token fed for a branch, or for the trunk, or padding. */
interface Fed {
  readonly id: number;
  readonly position: number;
  readonly branch: number;
}

/** A row: prompts that begin alike, computed once where they do. */
export class GeneratingRow {
  readonly branches: readonly Branch[];
  readonly prompt: readonly Fed[];
  /** Place in `prompt` of each branch's last token, whose logits choose its first answer token. */
  readonly lastOfPrompt: readonly number[];
  /** All tokens in the cache so far, padding included. */
  readonly #positions: number[] = [];
  readonly #branch: number[] = [];

  constructor(prompts: readonly { readonly index: number; readonly tokens: readonly number[] }[]) {
    const trunk = sharedPrefix(prompts.map((each) => each.tokens));
    const fed: Fed[] = (prompts[0]?.tokens.slice(0, trunk) ?? []).map((id, position) => ({ id, position, branch: 0 }));
    this.lastOfPrompt = prompts.map(({ tokens }, i) => {
      tokens.slice(trunk).forEach((id, j) => fed.push({ id, position: trunk + j, branch: i + 1 }));
      return fed.length - 1;
    });
    this.prompt = fed;
    this.branches = prompts.map(({ index, tokens }, i) => ({
      index,
      number: i + 1,
      position: tokens.length,
      answer: [],
      finished: false,
    }));
  }

  get active(): readonly Branch[] {
    return this.branches.filter((branch) => !branch.finished);
  }

  /** The tokens of the next step: the last answer token of every active branch. */
  next(): Fed[] {
    return this.active.map((branch) => ({
      id: branch.answer.at(-1) ?? 0,
      position: branch.position - 1,
      branch: branch.number,
    }));
  }

  /** Writes this row's part of a step's tensors and remembers its tokens as cached. */
  write(
    fed: readonly Fed[],
    length: number,
    row: number,
    tensors: { ids: BigInt64Array; positions: BigInt64Array; mask: Float32Array },
  ): void {
    const before = this.#branch.length;
    const padded = [
      ...fed,
      ...Array.from({ length: length - fed.length }, () => ({ id: 0, position: 0, branch: PADDING })),
    ];
    padded.forEach((each, i) => {
      tensors.ids[row * length + i] = BigInt(each.id);
      tensors.positions[row * length + i] = BigInt(each.position);
      this.#positions.push(each.position);
      this.#branch.push(each.branch);
    });
    const width = before + length;
    const queries = {
      ids: [],
      positions: padded.map((each) => each.position),
      branch: padded.map((each) => each.branch),
    };
    fillMask(tensors.mask, row * length * width, width, queries, { positions: this.#positions, branch: this.#branch });
  }

  /** Tokens in this row's cache. */
  get cached(): number {
    return this.#branch.length;
  }
}

/** Tensors of one step over several rows, every row padded to the longest. */
export function stepTensors(
  rows: readonly GeneratingRow[],
  fed: readonly (readonly Fed[])[],
): { ids: BigInt64Array; positions: BigInt64Array; mask: Float32Array; length: number; width: number } {
  const length = Math.max(...fed.map((each) => each.length));
  const width = (rows[0]?.cached ?? 0) + length;
  const tensors = {
    ids: new BigInt64Array(rows.length * length),
    positions: new BigInt64Array(rows.length * length),
    mask: new Float32Array(rows.length * length * width).fill(UNSEEN),
  };
  rows.forEach((row, i) => row.write(fed[i] ?? [], length, i, tensors));
  return { ...tensors, length, width };
}
