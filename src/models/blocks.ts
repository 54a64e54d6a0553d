/** Blocks that decoder models are made of: attention with rotary positions and grouped heads, and the gated MLP. */
import { product, sum } from '../compiler/dims.js';
import { dimOf, type Value } from '../compiler/ir.js';
import type { ModelConfig } from './model.js';
import type { Network } from './network.js';

/** What every layer of one pass shares. */
export interface Pass {
  /** [B, S] int64. */
  readonly positions: Value;
  /** Added to attention scores: 0 where seen, very negative where not; [B, S, K]. */
  readonly mask: Value;
  /** Rotary tables [positions, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** Keys and values of earlier tokens, [B, keyValueHeads, P, headDim] per layer; absent in training. */
  readonly past?: readonly KeyValues[];
}

export interface KeyValues {
  readonly keys: Value;
  readonly values: Value;
}

/** What differs between families within a layer. */
export interface LayerOptions {
  /** Biases on q, k and v (Qwen2). */
  readonly attentionBias: boolean;
  /** Root-mean-square norms on each head's q and k (Qwen3). */
  readonly headNorms: boolean;
}

/** x·cos + rotate(x)·sin on [T, heads·d], optionally after a norm per head; returns [B, S, heads·d]. */
export function positioned(
  net: Network,
  x: Value,
  pass: Pick<Pass, 'positions' | 'cos' | 'sin'>,
  heads: number,
  config: ModelConfig,
  norm: string | null,
  scale: number,
): Value {
  const b = net.builder;
  const [batch, length] = [dimOf(pass.positions, 0), dimOf(pass.positions, 1)];
  const width = heads * config.headDim;
  const perHead = b.reshape(x, [batch, length, heads, config.headDim]);
  const normed = norm === null ? x : net.rmsNorm(perHead, norm, config.headDim, config.rmsNormEpsilon);
  const rows = b.reshape(normed, [batch, length, width]);
  return b.op('RotaryEmbedding', [rows, pass.positions, b.scale(pass.cos, scale), b.scale(pass.sin, scale)], { heads });
}

/** [B, S, heads·d] → [B, heads, S, d]. */
function byHead(net: Network, x: Value, heads: number, headDim: number): Value {
  const b = net.builder;
  const split = b.reshape(x, [dimOf(x, 0), dimOf(x, 1), heads, headDim]);
  return b.transpose(split, [0, 2, 1, 3]);
}

/** softmax(q kᵀ + mask) v with heads in groups that share keys and values; q [B, H, S, d], k and v [B, Hkv, K, d] → [B, H, S, d]. */
function attend(net: Network, q: Value, { keys, values }: KeyValues, mask: Value, groups: number): Value {
  const b = net.builder;
  const [batch, heads, length, width] = [dimOf(q, 0), dimOf(q, 1), dimOf(q, 2), dimOf(q, 3)];
  const shared = dimOf(keys, 1);
  const span = dimOf(keys, 2);
  const rows = product([groups, length]);
  const grouped = b.reshape(q, [batch, shared, rows, width]);
  const scores = b.matmul(grouped, b.transpose(keys, [0, 1, 3, 2])); // [B, Hkv, G·S, K]
  const each = b.reshape(scores, [batch, heads, length, span]);
  const masked = b.add(each, b.reshape(mask, [batch, 1, length, span]));
  const weights = b.reshape(b.softmax(masked), [batch, shared, rows, span]);
  return b.reshape(b.matmul(weights, values), [batch, heads, length, width]);
}

/** Self-attention of one layer on normed x [T, D]; returns its output [T, D] and this layer's keys and values, the past included. */
export function attention(
  net: Network,
  x: Value,
  layer: number,
  pass: Pass,
  config: ModelConfig,
  options: LayerOptions,
): { out: Value; present: KeyValues } {
  const b = net.builder;
  const { heads, keyValueHeads, headDim, hiddenSize } = config;
  const name = `model.layers.${layer}.self_attn`;
  const project = (which: string, count: number): Value =>
    net.linear(x, `${name}.${which}`, hiddenSize, count * headDim, options.attentionBias);
  const norm = (which: string): string | null => (options.headNorms ? `${name}.${which}` : null);
  const [batch, length] = [dimOf(pass.positions, 0), dimOf(pass.positions, 1)];
  // The scale 1/√d rides on q's rotary tables.
  const q = positioned(net, project('q_proj', heads), pass, heads, config, norm('q_norm'), 1 / Math.sqrt(headDim));
  const k = positioned(net, project('k_proj', keyValueHeads), pass, keyValueHeads, config, norm('k_norm'), 1);
  const v = b.reshape(project('v_proj', keyValueHeads), [batch, length, keyValueHeads * headDim]);
  const fresh = { keys: byHead(net, k, keyValueHeads, headDim), values: byHead(net, v, keyValueHeads, headDim) };
  const past = pass.past?.[layer];
  const present = past
    ? { keys: append(net, past.keys, fresh.keys), values: append(net, past.values, fresh.values) }
    : fresh;
  const mixed = attend(net, byHead(net, q, heads, headDim), present, pass.mask, heads / keyValueHeads);
  const flat = b.reshape(b.transpose(mixed, [0, 2, 1, 3]), [product([batch, length]), heads * headDim]);
  return { out: net.linear(flat, `${name}.o_proj`, heads * headDim, hiddenSize), present };
}

function append(net: Network, past: Value, fresh: Value): Value {
  return net.builder.concat([past, fresh], 2);
}

/** SwiGLU: down(silu(gate(x)) · up(x)), x [T, D]. */
export function gatedMlp(net: Network, x: Value, layer: number, config: ModelConfig): Value {
  const b = net.builder;
  const name = `model.layers.${layer}.mlp`;
  const gate = net.linear(x, `${name}.gate_proj`, config.hiddenSize, config.intermediateSize);
  const up = net.linear(x, `${name}.up_proj`, config.hiddenSize, config.intermediateSize);
  return net.linear(b.mul(b.silu(gate), up), `${name}.down_proj`, config.intermediateSize, config.hiddenSize);
}

/** One pre-norm decoder layer: x + attention(norm x), then + mlp(norm ·). */
export function decoderLayer(
  net: Network,
  x: Value,
  layer: number,
  pass: Pass,
  config: ModelConfig,
  options: LayerOptions,
): { out: Value; present: KeyValues } {
  const b = net.builder;
  const name = `model.layers.${layer}`;
  const first = net.rmsNorm(x, `${name}.input_layernorm`, config.hiddenSize, config.rmsNormEpsilon);
  const { out, present } = attention(net, first, layer, pass, config, options);
  const middle = b.add(x, out);
  const second = net.rmsNorm(middle, `${name}.post_attention_layernorm`, config.hiddenSize, config.rmsNormEpsilon);
  return { out: b.add(middle, gatedMlp(net, second, layer, config)), present };
}

/** Total length of keys: the past's and the new tokens'. */
export const spanOf = (past: string, length: string): string => String(sum([past, length]));
