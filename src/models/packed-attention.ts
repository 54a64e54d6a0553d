/** Attention for training: packed rows in blocks, so that nothing is computed between branches, which do not see each other. */
import { product, type Dim } from '../compiler/dims.js';
import { dimOf, type Value } from '../compiler/ir.js';
import type { Attend } from './blocks.js';
import type { ModelConfig } from './model.js';
import type { Network } from './network.js';

/**
 * Where the R tokens of packed rows lie for attention: B trunks, each of C chunks of U tokens; behind each trunk Q tokens of its
 * branches in one line, and once more as N branches of L tokens. A place that no token fills has R.
 */
export interface Places {
  /** Token of every place of a trunk, [B, C, U] int64. */
  readonly trunks: Value;
  /** Place of every token among those of the trunks, B·C·U where it has none; [R] int64. */
  readonly trunkPlaces: Value;
  /** Token of every place behind a trunk, [B, Q] int64, and every token's place there. */
  readonly tails: Value;
  readonly tailPlaces: Value;
  /** Token of every place of a branch, [B, N, L] int64, and every token's place there. */
  readonly branches: Value;
  readonly branchPlaces: Value;
  /** Added to scores of a trunk's tokens, [C·U, C·U]: 0 up to the token itself. */
  readonly trunkMask: Value;
  /** Added to scores of a branch's tokens for their trunk's, [B, 1, 1, C·U]: 0 where the trunk has a token. */
  readonly tailMask: Value;
  /** Added to scores of a branch's tokens for its own, [L, L]: 0 up to the token itself. */
  readonly branchMask: Value;
}

/** Heads in groups that share keys and values. */
interface Heads {
  /** Groups: heads of keys and values. */
  readonly shared: number;
  /** Query heads in a group. */
  readonly group: number;
  readonly width: number;
}

const headsOf = (config: ModelConfig): Heads => ({
  shared: config.keyValueHeads,
  group: config.heads / config.keyValueHeads,
  width: config.headDim,
});

/** Tokens' vectors laid out in places, zero where no token lies: [R, D] → [...places, D]. */
function laid(net: Network, x: Value, tokens: Value, places: Value): Value {
  const b = net.builder;
  const flat = b.reshape(tokens, [product(tokens.shape)]);
  return b.reshape(b.op('PermuteRows', [x, flat, places], {}), [...tokens.shape, dimOf(x, 1)]);
}

/** And back again: [...places, D] → [R, D], zero for tokens that lie elsewhere. */
function lifted(net: Network, x: Value, tokens: Value, places: Value): Value {
  const b = net.builder;
  const flat = b.reshape(tokens, [product(tokens.shape)]);
  const rows = b.reshape(x, [dimOf(flat, 0), product(x.shape.slice(tokens.shape.length))]);
  return b.op('PermuteRows', [rows, places, flat], {});
}

/** Repeats a mask […, L, K] for the heads of a group, whose rows lie one head after the other: […, G·L, K]. */
function forGroup(net: Network, mask: Value, group: number): Value {
  const b = net.builder;
  const lead = mask.shape.slice(0, -2);
  const [rows, keys] = [dimOf(mask, -2), dimOf(mask, -1)];
  const spread = b.expand(b.reshape(mask, [...lead, 1, rows, keys]), [...lead, group, rows, keys]);
  return b.reshape(spread, [...lead, product([group, rows]), keys]);
}

/** Causal attention within the trunks, chunk by chunk, so that no chunk meets keys behind it: q [B, C, U, heads·d], k and v by head. */
function withinTrunks(net: Network, q: Value, k: Value, v: Value, mask: Value, heads: Heads): Value {
  const b = net.builder;
  const [batch, chunks, size] = [dimOf(q, 0), Number(dimOf(q, 1)), dimOf(q, 2)];
  const { shared, group, width } = heads;
  const perHead = b.transpose(b.reshape(q, [batch, chunks, size, shared, group, width]), [1, 0, 3, 4, 2, 5]);
  const queries = b.split(perHead, Array<number>(chunks).fill(1), 0);
  const outputs = queries.map((chunk, i) => {
    const span = product([i + 1, size]);
    const before = (x: Value): Value =>
      b.reshape(b.slice(b.reshape(x, [batch, shared, chunks, size, width]), 2, 0, i + 1), [batch, shared, span, width]);
    const rows = b.slice(b.reshape(mask, [chunks, size, dimOf(mask, 1)]), 0, i, i + 1);
    const seen = forGroup(net, b.slice(b.reshape(rows, [size, dimOf(mask, 1)]), 1, 0, span), group);
    const out = b.op(
      'Attention',
      [b.reshape(chunk, [batch, shared, product([group, size]), width]), before(k), before(v), seen],
      {},
    );
    return b.reshape(out, [1, batch, shared, group, size, width]);
  });
  const joined = b.transpose(b.concat(outputs, 0), [1, 0, 4, 2, 3, 5]);
  return b.reshape(joined, q.shape);
}

/** Vectors of tokens in places […lead, length], by heads in groups: […lead, groups, heads of a group · length, d]. */
function grouped(net: Network, x: Value, { shared, group, width }: Heads): Value {
  const b = net.builder;
  const lead = x.shape.slice(0, -2);
  const length = dimOf(x, -2);
  const axes = lead.map((_, axis) => axis);
  const n = lead.length;
  const split = b.reshape(x, [...lead, length, shared, group, width]);
  return b.reshape(b.transpose(split, [...axes, n + 1, n + 2, n, n + 3]), [
    ...lead,
    shared,
    product([group, length]),
    width,
  ]);
}

/** And back, […lead, groups, heads of a group · length, w] → […lead, length, heads · w]. */
function ungrouped(net: Network, x: Value, length: Dim, { shared, group }: Heads): Value {
  const b = net.builder;
  const lead = x.shape.slice(0, -3);
  const axes = lead.map((_, axis) => axis);
  const n = lead.length;
  const width = dimOf(x, -1);
  const split = b.reshape(x, [...lead, shared, group, length, width]);
  return b.reshape(b.transpose(split, [...axes, n + 2, n, n + 1, n + 3]), [
    ...lead,
    length,
    product([shared, group, width]),
  ]);
}

/** What attention made of some tokens, as rows for all: vectors [R, heads, d] and logarithms of sums [R, heads, 1]. */
interface Part {
  readonly out: Value;
  readonly logSum: Value;
}

/** Attention of laid-out queries, lifted back to rows. */
function part(net: Network, inputs: readonly Value[], tokens: Value, places: Value, heads: Heads): Part {
  const b = net.builder;
  const [out, logSum] = b.apply('Attention', inputs, {}) as [Value, Value];
  const rows = (x: Value): Value => {
    const flat = lifted(net, ungrouped(net, x, dimOf(tokens, -1), heads), tokens, places);
    return b.reshape(flat, [dimOf(flat, 0), heads.shared * heads.group, dimOf(x, -1)]);
  };
  return { out: rows(out), logSum: rows(logSum) };
}

/** Attention to both of two sets of keys, from attention to each: weighted by their shares of the whole sum. */
function merged(net: Network, first: Part, second: Part): Value {
  const b = net.builder;
  const share = b.sigmoid(b.sub(second.logSum, first.logSum));
  return b.add(first.out, b.mul(share, b.sub(second.out, first.out)));
}

/** Attention of packed rows: what a trunk's branches do not see of each other is not computed. */
export function packedAttention(config: ModelConfig, places: Places): Attend {
  const heads = headsOf(config);
  const { trunks, trunkPlaces, tails, tailPlaces, branches, branchPlaces } = places;
  return (net, _, q, k, v) => {
    const b = net.builder;
    const inTrunks = (x: Value): Value => laid(net, x, trunks, trunkPlaces);
    const inBranches = (x: Value): Value => laid(net, x, branches, branchPlaces);
    const [batch, chunks, size] = [dimOf(trunks, 0), dimOf(trunks, 1), dimOf(trunks, 2)];
    const ofTrunks = (x: Value): Value =>
      grouped(net, b.reshape(inTrunks(x), [batch, product([chunks, size]), dimOf(x, 1)]), { ...heads, group: 1 });
    const ofBranches = (x: Value): Value => grouped(net, inBranches(x), { ...heads, group: 1 });
    const [keys, values] = [ofTrunks(k), ofTrunks(v)];
    const trunk = withinTrunks(net, inTrunks(q), keys, values, places.trunkMask, heads);
    const queries = grouped(net, laid(net, q, tails, tailPlaces), heads);
    const before = part(net, [queries, keys, values, places.tailMask], tails, tailPlaces, heads);
    const seen = forGroup(net, places.branchMask, heads.group);
    const own = [grouped(net, inBranches(q), heads), ofBranches(k), ofBranches(v), seen];
    const within = part(net, own, branches, branchPlaces, heads);
    return b.add(lifted(net, trunk, trunks, trunkPlaces), b.reshape(merged(net, before, within), q.shape));
  };
}
