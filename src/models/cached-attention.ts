/** Attention for generation: tokens stand in one flat list for the linear layers, and in slots by row for attention to cached keys and values. */
import { product } from '../compiler/dims.js';
import { dimOf, type Value } from '../compiler/ir.js';
import { gatedMlp, positioned, type KeyValues, type LayerOptions, type Pass } from './blocks.js';
import type { ModelConfig } from './model.js';
import type { Network } from './network.js';

/**
 * How past and fresh keys are attended to. `joined`: copied into one tensor, quick where the past is short; `apart`: two products
 * under one softmax, so that a long past is only read.
 */
export type Attending = 'joined' | 'apart';

/** What every layer of one pass of generation shares. T tokens stand in B rows of S slots; a slot that no token has is masked. */
export interface CachedPass extends Pick<Pass, 'cos' | 'sin'> {
  /** [1, T] int64. */
  readonly positions: Value;
  /** The token in each slot, [B, S] int64; any where there is none. */
  readonly slots: Value;
  /** The slot of each token, counted over B·S, [T] int64. */
  readonly places: Value;
  /** Added to scores against the past, [B, S, P], and against the fresh tokens, [B, S, S]. */
  readonly pastMask: Value;
  readonly freshMask: Value;
  /** [B, keyValueHeads, P, headDim] per layer. */
  readonly past: readonly KeyValues[];
  readonly attending: Attending;
}

/** [T, heads·d] → [B, heads, S, d]. */
function inSlots(net: Network, x: Value, pass: CachedPass, heads: number, headDim: number): Value {
  const b = net.builder;
  const flat = b.reshape(x, [dimOf(pass.positions, 1), heads * headDim]);
  const rows = b.gather(flat, pass.slots);
  const split = b.reshape(rows, [dimOf(pass.slots, 0), dimOf(pass.slots, 1), heads, headDim]);
  return b.transpose(split, [0, 2, 1, 3]);
}

/** q kᵀ + mask, [B, H, S, K]; heads in groups share keys. */
function scoresOf(net: Network, q: Value, keys: Value, mask: Value): Value {
  const b = net.builder;
  const [batch, heads, length, width] = [dimOf(q, 0), dimOf(q, 1), dimOf(q, 2), dimOf(q, 3)];
  const [shared, span] = [dimOf(keys, 1), dimOf(keys, 2)];
  const grouped = b.reshape(q, [batch, shared, product([Number(heads) / Number(shared), length]), width]);
  const scores = b.reshape(b.matmul(grouped, b.transpose(keys, [0, 1, 3, 2])), [batch, heads, length, span]);
  return b.add(scores, b.reshape(mask, [batch, 1, length, span]));
}

/** weights · v, [B, H, S, d]. */
function mix(net: Network, weights: Value, values: Value): Value {
  const b = net.builder;
  const [batch, heads, length, span] = [dimOf(weights, 0), dimOf(weights, 1), dimOf(weights, 2), dimOf(weights, 3)];
  const shared = dimOf(values, 1);
  const grouped = b.reshape(weights, [batch, shared, product([Number(heads) / Number(shared), length]), span]);
  return b.reshape(b.matmul(grouped, values), [batch, heads, length, dimOf(values, 3)]);
}

function attendJoined(net: Network, q: Value, past: KeyValues, fresh: KeyValues, pass: CachedPass): Value {
  const b = net.builder;
  const keys = b.concat([past.keys, fresh.keys], 2);
  const values = b.concat([past.values, fresh.values], 2);
  const mask = b.concat([pass.pastMask, pass.freshMask], 2);
  return mix(net, b.softmax(scoresOf(net, q, keys, mask)), values);
}

/** Softmax over both parts by the maximum and the sum of both. */
function attendApart(net: Network, q: Value, past: KeyValues, fresh: KeyValues, pass: CachedPass): Value {
  const b = net.builder;
  const scores = [scoresOf(net, q, past.keys, pass.pastMask), scoresOf(net, q, fresh.keys, pass.freshMask)];
  const tops = scores.map((each) => b.reduceMax(each, [3]));
  const top = b.reduceMax(b.concat(tops, 3), [3]);
  const [before, now] = scores.map((each) => b.exp(b.sub(each, top))) as [Value, Value];
  const total = b.add(b.reduceSum(before, [3]), b.reduceSum(now, [3]));
  return b.div(b.add(mix(net, before, past.values), mix(net, now, fresh.values)), total);
}

/** Self-attention of one layer on normed x [T, D]; returns its output [T, D] and the fresh tokens' keys and values [B, Hkv, S, d]. */
function cachedAttention(
  net: Network,
  x: Value,
  layer: number,
  pass: CachedPass,
  config: ModelConfig,
  options: LayerOptions,
): { out: Value; fresh: KeyValues } {
  const b = net.builder;
  const { heads, keyValueHeads, headDim, hiddenSize } = config;
  const name = `model.layers.${layer}.self_attn`;
  const project = (which: string, count: number): Value =>
    net.linear(x, `${name}.${which}`, hiddenSize, count * headDim, options.attentionBias);
  const norm = (which: string): string | null => (options.headNorms ? `${name}.${which}` : null);
  // The scale 1/√d rides on q's rotary tables.
  const q = positioned(net, project('q_proj', heads), pass, heads, config, norm('q_norm'), 1 / Math.sqrt(headDim));
  const k = positioned(net, project('k_proj', keyValueHeads), pass, keyValueHeads, config, norm('k_norm'), 1);
  const fresh = {
    keys: inSlots(net, k, pass, keyValueHeads, headDim),
    values: inSlots(net, project('v_proj', keyValueHeads), pass, keyValueHeads, headDim),
  };
  const attend = pass.attending === 'joined' ? attendJoined : attendApart;
  const mixed = attend(net, inSlots(net, q, pass, heads, headDim), pass.past[layer] as KeyValues, fresh, pass);
  const flat = b.reshape(b.transpose(mixed, [0, 2, 1, 3]), [product(pass.slots.shape), heads * headDim]);
  return { out: net.linear(b.gather(flat, pass.places), `${name}.o_proj`, heads * headDim, hiddenSize), fresh };
}

/** One pre-norm decoder layer on x [T, D]: x + attention(norm x), then + mlp(norm ·). */
export function cachedLayer(
  net: Network,
  x: Value,
  layer: number,
  pass: CachedPass,
  config: ModelConfig,
  options: LayerOptions,
): { out: Value; fresh: KeyValues } {
  const b = net.builder;
  const name = `model.layers.${layer}`;
  const first = net.rmsNorm(x, `${name}.input_layernorm`, config.hiddenSize, config.rmsNormEpsilon);
  const { out, fresh } = cachedAttention(net, first, layer, pass, config, options);
  const middle = b.add(x, out);
  const second = net.rmsNorm(middle, `${name}.post_attention_layernorm`, config.hiddenSize, config.rmsNormEpsilon);
  return { out: b.add(middle, gatedMlp(net, second, layer, config)), fresh };
}
