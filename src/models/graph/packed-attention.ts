/** Attention for training: packed rows in blocks, so that nothing is computed between branches, which do not see each other. */
import { product, type Dim } from '../../compiler/dims.js';
import { at, dimOf, type OpAttributes, type Value } from '../../compiler/ir.js';
import type { Attend, KeyValues } from './blocks.js';
import type { ModelConfig } from '../model.js';
import type { Network } from './network.js';

/**
 * Where the heads' vectors of R packed tokens lie for attention, head by head: B trunks, each of C chunks of U tokens; behind each
 * trunk Q tokens of its branches in one line, and once more as N branches of L tokens. Heads are numbered token by token; queries
 * lie in groups of G heads that share keys and values, one head's after the other's. A place that nothing fills has the number of
 * all heads. All are int32.
 */
export interface Places {
  /** Tokens of a chunk, U. */
  readonly chunkSize: Dim;
  /** Query at every place of a chunk, C × [B, groups, G, U], and behind the trunk, [B, groups, G, Q]. */
  readonly chunks: readonly Value[];
  readonly tails: Value;
  /** Place of every query among all those, chunk after chunk and the tails last, [R·heads]. */
  readonly queryPlaces: Value;
  /** Key at every place of a trunk, [B, groups, 1, C·U], and of a branch, [B, N, groups, L]. */
  readonly trunkKeys: Value;
  readonly branchKeys: Value;
  /** Place of every key among all those, [R·groups]. */
  readonly keyPlaces: Value;
  /** Place among the tails of every query of a branch, [B, N, groups, G·L], and the other way round, [B·groups·G·Q]. */
  readonly branches: Value;
  readonly branchPlaces: Value;
  /** Added to scores of a trunk's tokens, [C·U, C·U]: 0 up to the token itself. */
  readonly trunkMask: Value;
  /** Added to scores of a branch's tokens for their trunk's, [B, 1, 1, 1, C·U]: 0 where the trunk has a token. */
  readonly tailMask: Value;
  /** Added to scores of a branch's tokens for its own, [L, L]: 0 up to the token itself. */
  readonly branchMask: Value;
}

/** Vectors [..., d] as rows. */
function rowsOf(net: Network, x: Value): Value {
  return net.builder.reshape(x, [product(x.shape.slice(0, -1)), dimOf(x, -1)]);
}

/** Rows of x dealt out to places: [N, d] → [...places, d] each. */
function laid(net: Network, x: Value, to: Value, places: readonly Value[]): readonly Value[] {
  return net.builder.apply('LayRows', [x, to, ...places], {});
}

/** And back again: [...places, d] each → [N, d]. */
function collected(net: Network, pieces: readonly Value[], to: Value, places: readonly Value[]): Value {
  return net.builder.op('CollectRows', [to, ...places, ...pieces], {});
}

/** Repeats a mask [L, K] for the heads of a group: [G·L, K]. */
function forGroup(net: Network, mask: Value, group: Dim): Value {
  const b = net.builder;
  const [rows, keys] = [dimOf(mask, 0), dimOf(mask, 1)];
  const spread = b.expand(b.reshape(mask, [1, rows, keys]), [group, rows, keys]);
  return b.reshape(spread, [product([group, rows]), keys]);
}

/** Where tokens lie, and what their scores are kept within. */
interface Seeing {
  readonly places: Places;
  readonly cap: OpAttributes['Attention'];
}

/** Causal attention within the trunks, chunk by chunk, so that no chunk meets keys behind it: keys and values [B, groups, 1, C·U, d]. */
function withinTrunks(net: Network, chunks: readonly Value[], { keys, values }: KeyValues, seeing: Seeing): Value[] {
  const b = net.builder;
  const { chunkSize, trunkMask } = seeing.places;
  return chunks.map((chunk, i) => {
    const span = product([i + 1, chunkSize]);
    const seen = b.slice(b.slice(trunkMask, 0, product([i, chunkSize]), span), 1, 0, span);
    return b.op('Attention', [chunk, b.slice(keys, 3, 0, span), b.slice(values, 3, 0, span), seen], seeing.cap);
  });
}

/** Values of a row, and the logarithm of the sum behind its softmax. */
interface Part {
  readonly out: Value;
  readonly logSum: Value;
}

/** Attention to both of two sets of keys, from attention to each: weighted by their shares of the whole sum. */
function merged(net: Network, first: Part, second: Part): Value {
  const b = net.builder;
  const share = b.sigmoid(b.sub(second.logSum, first.logSum));
  return b.add(first.out, b.mul(share, b.sub(second.out, first.out)));
}

/** Attention of packed rows: what a trunk's branches do not see of each other is not computed. */
export function packedAttention(config: ModelConfig, places: Places): Attend {
  const { chunks, tails, queryPlaces, trunkKeys, branchKeys, keyPlaces, branches, branchPlaces } = places;
  const { heads, keyValueHeads, headDim } = config;
  const group = heads / keyValueHeads;
  const cap = config.attentionSoftcap === undefined ? {} : { softcap: config.attentionSoftcap };
  return ({ net }, q, k, v) => {
    const b = net.builder;
    const byHead = (x: Value, count: number): Value => b.reshape(x, [product([dimOf(x, 0), count]), headDim]);
    const keysOf = (x: Value): readonly [Value, Value] =>
      laid(net, byHead(x, keyValueHeads), keyPlaces, [trunkKeys, branchKeys]) as [Value, Value];
    const [[keys, ownKeys], [values, ownValues]] = [keysOf(k), keysOf(v)];
    const queries = laid(net, byHead(q, heads), queryPlaces, [...chunks, tails]);
    const line = at(queries, -1);
    const own = at(laid(net, rowsOf(net, line), branchPlaces, [branches]), 0);

    const inTrunks = withinTrunks(net, queries.slice(0, -1), { keys, values }, { places, cap });
    const toTrunk = b.apply('Attention', [line, keys, values, places.tailMask], cap);
    const seen = forGroup(net, places.branchMask, group);
    const toSelf = b.apply('Attention', [own, ownKeys, ownValues, seen], cap);
    const lifted = (x: Value): Value => collected(net, [x], branchPlaces, [branches]);
    const [first, second] = [toTrunk.map((each) => rowsOf(net, each)), toSelf.slice(0, 2).map(lifted)];
    const inTails = merged(
      net,
      { out: at(first, 0), logSum: at(first, 1) },
      { out: at(second, 0), logSum: at(second, 1) },
    );
    const tail = b.reshape(inTails, line.shape);
    return b.reshape(collected(net, [...inTrunks, tail], queryPlaces, [...chunks, tails]), q.shape);
  };
}
