/** Attention for generation: tokens in one flat list for the linear layers, in slots by row for attention to cached keys and values. */
import { product } from '../../compiler/dims.js';
import { at, dimOf, type Value } from '../../compiler/ir.js';
import type { Attend, KeyValues } from './blocks.js';
import type { ModelConfig } from '../model.js';
import type { Network } from './network.js';

/**
 * How past and fresh keys are attended to. `joined`: copied into one tensor, quick where the past is short; `apart`: two products
 * under one softmax, so that a long past is only read.
 */
export type Attending = 'joined' | 'apart';

/** What lies before the new tokens, and how these stand: T tokens in B rows of S slots; a slot that no token has is masked. */
export interface Cache {
  /** The token in each slot, [B, S] int64; any where there is none. */
  readonly slotTokens: Value;
  /** The slot of each token, counted over B·S, [T] int64. */
  readonly tokenSlots: Value;
  /** Added to scores against the past, [B, S, K], and against the fresh tokens, [B, S, S]. */
  readonly pastMask: Value;
  readonly freshMask: Value;
  /** [B, keyValueHeads, K, headDim] per layer. */
  readonly past: readonly KeyValues[];
  /** Filled layer by layer: the new tokens' keys and values, [B, keyValueHeads, S, headDim]. */
  readonly fresh: KeyValues[];
  readonly attending: Attending;
}

/** [T, heads·d] → [B, heads, S, d]. */
function inSlots(net: Network, x: Value, { slotTokens }: Cache, heads: number): Value {
  const b = net.builder;
  const [batch, slots] = [dimOf(slotTokens, 0), dimOf(slotTokens, 1)];
  const split = b.reshape(b.gather(x, slotTokens), [batch, slots, heads, Number(dimOf(x, 1)) / heads]);
  return b.transpose(split, [0, 2, 1, 3]);
}

/** q kᵀ + mask, [B, H, S, K], the products kept within a cap where there is one; heads in groups share keys. */
function scoresOf(net: Network, q: Value, keys: Value, { mask, cap }: { mask: Value; cap: number | undefined }): Value {
  const b = net.builder;
  const [batch, heads, length, width] = [dimOf(q, 0), dimOf(q, 1), dimOf(q, 2), dimOf(q, 3)];
  const [shared, span] = [dimOf(keys, 1), dimOf(keys, 2)];
  const grouped = b.reshape(q, [batch, shared, product([Number(heads) / Number(shared), length]), width]);
  const scores = b.reshape(b.matmul(grouped, b.transpose(keys, [0, 1, 3, 2])), [batch, heads, length, span]);
  return b.add(cap === undefined ? scores : b.softcap(scores, cap), b.reshape(mask, [batch, 1, length, span]));
}

/** weights · v, [B, H, S, d]. */
function mix(net: Network, weights: Value, values: Value): Value {
  const b = net.builder;
  const [batch, heads, length, span] = [dimOf(weights, 0), dimOf(weights, 1), dimOf(weights, 2), dimOf(weights, 3)];
  const shared = dimOf(values, 1);
  const grouped = b.reshape(weights, [batch, shared, product([Number(heads) / Number(shared), length]), span]);
  return b.reshape(b.matmul(grouped, values), [batch, heads, length, dimOf(values, 3)]);
}

/** What the queries of a layer are attended to with. */
interface Seen {
  readonly past: KeyValues;
  readonly fresh: KeyValues;
  readonly masks: Pick<Cache, 'pastMask' | 'freshMask'>;
  /** Scores are kept within ± this. */
  readonly cap: number | undefined;
}

function attendJoined(net: Network, q: Value, { past, fresh, masks, cap }: Seen): Value {
  const b = net.builder;
  const keys = b.concat([past.keys, fresh.keys], 2);
  const values = b.concat([past.values, fresh.values], 2);
  const mask = b.concat([masks.pastMask, masks.freshMask], 2);
  return mix(net, b.softmax(scoresOf(net, q, keys, { mask, cap })), values);
}

/** Softmax over both parts by the maximum and the sum of both. */
function attendApart(net: Network, q: Value, { past, fresh, masks, cap }: Seen): Value {
  const b = net.builder;
  const scores = [
    scoresOf(net, q, past.keys, { mask: masks.pastMask, cap }),
    scoresOf(net, q, fresh.keys, { mask: masks.freshMask, cap }),
  ];
  const tops = scores.map((each) => b.reduceMax(each, [3]));
  const top = b.reduceMax(b.concat(tops, 3), [3]);
  const [before, now] = scores.map((each) => b.exp(b.sub(each, top))) as [Value, Value];
  const total = b.add(b.reduceSum(before, [3]), b.reduceSum(now, [3]));
  return b.div(b.add(mix(net, before, past.values), mix(net, now, fresh.values)), total);
}

/** Attention of new tokens to themselves and to those whose keys and values are cached. */
export function cachedAttention(config: ModelConfig, cache: Cache): Attend {
  const { heads, keyValueHeads, headDim } = config;
  const attend = cache.attending === 'joined' ? attendJoined : attendApart;
  return ({ net, index }, q, k, v) => {
    const b = net.builder;
    const [keys, values] = [inSlots(net, k, cache, keyValueHeads), inSlots(net, v, cache, keyValueHeads)];
    cache.fresh.push({ keys, values });
    const mixed = attend(net, inSlots(net, q, cache, heads), {
      past: at(cache.past, index),
      fresh: { keys, values },
      masks: cache,
      cap: config.attentionSoftcap,
    });
    const flat = b.reshape(b.transpose(mixed, [0, 2, 1, 3]), [product(cache.slotTokens.shape), heads * headDim]);
    return b.gather(flat, cache.tokenSlots);
  };
}
