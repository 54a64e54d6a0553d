/** Attention for training: packed rows in blocks, so that nothing is computed between branches, which do not see each other. */
import type { Builder } from '../../compiler/builder.js';
import { product, type Dim } from '../../compiler/dims.js';
import { at, dimOf, type OpAttributes, type Value } from '../../compiler/ir.js';
import type { ModelConfig } from '../model.js';
import type { Attend, KeyValues } from './blocks.js';
import { input } from './inputs.js';

/** Heads of queries, and of keys and values; a token's vectors stand one after the other, those of the next token behind them. */
export interface HeadCounts {
  readonly heads: number;
  readonly keyValueHeads: number;
}

/** Pieces that trunks are cut into where none is said; attention of a piece to those behind it is not computed. */
export const DEFAULT_CHUNKS = 2;
/**
 * Positions up to which more pieces than these save no time, tokens of a piece from there on, and the most pieces there are: each adds
 * nodes to every layer.
 */
const SHORT_POSITIONS = 2048;
const CHUNK_TOKENS = 512;
const MOST_CHUNKS = 8;

/** Pieces that suit rows of so many positions. */
export const chunksFor = (positions: number): number =>
  positions <= SHORT_POSITIONS ? DEFAULT_CHUNKS : Math.min(MOST_CHUNKS, Math.ceil(positions / CHUNK_TOKENS));

/**
 * Inputs that lay the vectors of R packed tokens out in slots for attention, head by head: B trunks, each of C chunks of U tokens;
 * behind each trunk Q tokens of its branches in one line (the tail), and once more as N branches of L tokens. Queries lie in groups
 * of G heads that share keys and values. Indices are of vectors, in every slot; −1 where a slot is empty.
 */
export const packedInputs = ({ heads, keyValueHeads }: HeadCounts, chunks: number) => {
  const group = heads / keyValueHeads;
  const span = product([chunks, 'U']);
  return {
    /** Query in every slot of a chunk and of a tail. */
    chunkQueries: input('int32', chunks, 'B', keyValueHeads, group, 'U'),
    tailQueries: input('int32', 'B', keyValueHeads, group, 'Q'),
    /** Slot of every query among all those, chunk after chunk and the tails last. */
    querySlots: input('int32', product(['R', heads])),
    /** Key in every slot of a trunk and of a branch. */
    trunkKeys: input('int32', 'B', keyValueHeads, 1, span),
    branchKeys: input('int32', 'B', 'N', keyValueHeads, 'L'),
    /** Slot of every key among all those. */
    keySlots: input('int32', product(['R', keyValueHeads])),
    /** Query of a tail in every slot of a branch, and the slot of every query of a tail among those. */
    branchQueries: input('int32', 'B', 'N', keyValueHeads, product([group, 'L'])),
    tailSlots: input('int32', product(['B', heads, 'Q'])),
    /** Added to scores of a trunk's tokens: 0 up to the token itself. */
    trunkMask: input('float32', span, span),
    /** Added to scores of a tail's tokens for their trunk's: 0 where the trunk has a token. */
    tailMask: input('float32', 'B', 1, 1, 1, span),
    /** Added to scores of a branch's tokens for its own: 0 up to the token itself. */
    branchMask: input('float32', 'L', 'L'),
  };
};

/** The inputs' values. */
export type PackedValues = { readonly [N in keyof ReturnType<typeof packedInputs>]: Value };

/** Vectors [..., d] as rows. */
function rowsOf(b: Builder, x: Value): Value {
  return b.reshape(x, [product(x.shape.slice(0, -1)), dimOf(x, -1)]);
}

/** Rows of x in slots: [N, d] → [...indices, d] each; what stands in empty ones is finite, and masks give it no weight. */
function gathered(b: Builder, x: Value, slots: Value, indices: readonly Value[]): readonly Value[] {
  return b.apply('GatherRows', [x, slots, ...indices], { empty: 'any' });
}

/** And back again: [...indices, d] each → [N, d]. */
function scattered(b: Builder, pieces: readonly Value[], slots: Value, indices: readonly Value[]): Value {
  return b.op('ScatterRows', [slots, ...indices, ...pieces], {});
}

/** The first axis taken apart: its elements. */
function elements(b: Builder, x: Value): Value[] {
  const parts = b.split(x, Array<number>(Number(dimOf(x, 0))).fill(1), 0);
  return parts.map((each) => b.reshape(each, x.shape.slice(1)));
}

/** Repeats a mask [L, K] for the heads of a group: [G·L, K]. */
function forGroup(b: Builder, mask: Value, group: Dim): Value {
  const [rows, keys] = [dimOf(mask, 0), dimOf(mask, 1)];
  const spread = b.expand(b.reshape(mask, [1, rows, keys]), [group, rows, keys]);
  return b.reshape(spread, [product([group, rows]), keys]);
}

/** What is seen beside keys and values, and what scores are kept within. */
interface Seeing {
  readonly inputs: PackedValues;
  readonly cap: OpAttributes['Attention'];
}

/** Causal attention within the trunks, chunk by chunk, so that no chunk meets keys behind it: keys and values [B, groups, 1, C·U, d]. */
function withinTrunks(b: Builder, chunks: readonly Value[], { keys, values }: KeyValues, seeing: Seeing): Value[] {
  return chunks.map((chunk, i) => {
    const size = dimOf(chunk, -2);
    const span = product([i + 1, size]);
    const seen = b.slice(b.slice(seeing.inputs.trunkMask, 0, product([i, size]), span), 1, 0, span);
    return b.op('Attention', [chunk, b.slice(keys, 3, 0, span), b.slice(values, 3, 0, span), seen], seeing.cap);
  });
}

/** Values of a row, and the logarithm of the sum behind its softmax. */
interface Part {
  readonly out: Value;
  readonly logSum: Value;
}

/** Attention to both of two sets of keys, from attention to each: weighted by their parts of the softmax's sum. */
function merged(b: Builder, first: Part, second: Part): Value {
  const weight = b.sigmoid(b.sub(second.logSum, first.logSum));
  return b.add(first.out, b.mul(weight, b.sub(second.out, first.out)));
}

/** Keys and values of the trunks, and of the branches. */
interface Seen {
  readonly trunk: KeyValues;
  readonly branch: KeyValues;
}

/** Attention of tails to their trunks and, branch by branch, to themselves: queries [B, groups, G, Q, d]. */
function ofTails(b: Builder, tail: Value, { trunk, branch }: Seen, { inputs, cap }: Seeing): Value {
  const { tailSlots, branchQueries, tailMask, branchMask } = inputs;
  const own = at(gathered(b, rowsOf(b, tail), tailSlots, [branchQueries]), 0);
  const seen = forGroup(b, branchMask, dimOf(tail, 2));
  const [out, logSum] = b.apply('Attention', [tail, trunk.keys, trunk.values, tailMask], cap) as [Value, Value];
  const [ownOut, ownLogSum] = b.apply('Attention', [own, branch.keys, branch.values, seen], cap) as [Value, Value];
  const inTail = (x: Value): Value => scattered(b, [x], tailSlots, [branchQueries]);
  const first = { out: rowsOf(b, out), logSum: rowsOf(b, logSum) };
  return b.reshape(merged(b, first, { out: inTail(ownOut), logSum: inTail(ownLogSum) }), tail.shape);
}

/** Attention of packed rows: what a trunk's branches do not see of each other is not computed. */
export function packedAttention(config: ModelConfig, inputs: PackedValues): Attend {
  const { heads, keyValueHeads, headDim, attentionSoftcap: softcap } = config;
  const { chunkQueries, tailQueries, querySlots, trunkKeys, branchKeys, keySlots } = inputs;
  const seeing = { inputs, cap: softcap === undefined ? {} : { softcap } };
  return ({ net: { builder: b } }, q, k, v) => {
    const byHead = (x: Value, count: number): Value => b.reshape(x, [product([dimOf(x, 0), count]), headDim]);
    const keysOf = (x: Value): readonly [Value, Value] =>
      gathered(b, byHead(x, keyValueHeads), keySlots, [trunkKeys, branchKeys]) as [Value, Value];
    const [[keys, ownKeys], [values, ownValues]] = [keysOf(k), keysOf(v)];
    const seen = { trunk: { keys, values }, branch: { keys: ownKeys, values: ownValues } };
    const slots = [...elements(b, chunkQueries), tailQueries];
    const queries = gathered(b, byHead(q, heads), querySlots, slots);
    const inTrunks = withinTrunks(b, queries.slice(0, -1), seen.trunk, seeing);
    const inTails = ofTails(b, at(queries, -1), seen, seeing);
    return b.reshape(scattered(b, [...inTrunks, inTails], querySlots, slots), q.shape);
  };
}
