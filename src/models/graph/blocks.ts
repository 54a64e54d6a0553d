/** Blocks that decoder models are made of: projections with rotary positions around attention, and the gated MLP. */
import { dimOf, type Value } from '../../compiler/ir.js';
import type { ModelConfig } from '../model.js';
import type { Network } from './network.js';

/** What every layer of one pass shares. */
export interface Pass {
  /** [B, S] int64; the tokens' number T is their product. */
  readonly positions: Value;
  /** Rotary tables [positions, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** Which tokens see which. */
  readonly attend: Attend;
  /** Rows of the last layer's output that are wanted at all, [T, D] → [M, D]. */
  readonly select: (x: Value) => Value;
}

/** Attention itself, in one layer: q [T, heads·d], scaled, and k and v [T, keyValueHeads·d] → [T, heads·d]. */
export type Attend = (net: Network, layer: number, q: Value, k: Value, v: Value) => Value;

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

/** x·cos + rotate(x)·sin on [T, heads·d], optionally after a norm per head. */
function positioned(
  net: Network,
  x: Value,
  pass: Pass,
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
  const tables = [b.scale(pass.cos, scale), b.scale(pass.sin, scale)];
  return b.reshape(b.op('RotaryEmbedding', [rows, pass.positions, ...tables], { heads }), x.shape);
}

/** Self-attention of one layer on normed x [T, D], up to its output projection: [T, heads·d]. */
function mixed(net: Network, x: Value, layer: number, pass: Pass, config: ModelConfig, options: LayerOptions): Value {
  const { heads, keyValueHeads, headDim, hiddenSize } = config;
  const name = attentionName(layer);
  const [q, k, v] = net.linears(
    x,
    [`${name}.q_proj`, `${name}.k_proj`, `${name}.v_proj`],
    hiddenSize,
    [heads, keyValueHeads, keyValueHeads].map((count) => count * headDim),
    options.attentionBias,
  ) as [Value, Value, Value];
  const norm = (which: string): string | null => (options.headNorms ? `${name}.${which}` : null);
  // The scale 1/√d rides on q's rotary tables.
  const turnedQ = positioned(net, q, pass, heads, config, norm('q_norm'), 1 / Math.sqrt(headDim));
  const turnedK = positioned(net, k, pass, keyValueHeads, config, norm('k_norm'), 1);
  return pass.attend(net, layer, turnedQ, turnedK, v);
}

const attentionName = (layer: number): string => `model.layers.${layer}.self_attn`;

/** SwiGLU: down(silu(gate(x)) · up(x)), x [T, D]. */
export function gatedMlp(net: Network, x: Value, layer: number, config: ModelConfig): Value {
  const b = net.builder;
  const name = `model.layers.${layer}.mlp`;
  const widths = [config.intermediateSize, config.intermediateSize];
  const [gate, up] = net.linears(x, [`${name}.gate_proj`, `${name}.up_proj`], config.hiddenSize, widths) as [
    Value,
    Value,
  ];
  const gated = net.cheap(b.mul(net.cheap(b.silu(gate)), up));
  return net.linear(gated, `${name}.down_proj`, config.intermediateSize, config.hiddenSize);
}

/** One pre-norm decoder layer: x + attention(norm x), then + mlp(norm ·); of the last one, only the rows that are wanted. */
export function decoderLayer(
  net: Network,
  x: Value,
  layer: number,
  pass: Pass,
  config: ModelConfig,
  options: LayerOptions,
): Value {
  const b = net.builder;
  const name = `model.layers.${layer}`;
  const isLast = layer === config.layers - 1;
  const select = isLast ? pass.select : (rows: Value): Value => rows;
  const first = net.rmsNorm(x, `${name}.input_layernorm`, config.hiddenSize, config.rmsNormEpsilon);
  const heads = select(mixed(net, first, layer, pass, config, options));
  if (isLast) net.narrow(select);
  const width = config.heads * config.headDim;
  const middle = b.add(select(x), net.linear(heads, `${attentionName(layer)}.o_proj`, width, config.hiddenSize));
  const second = net.rmsNorm(middle, `${name}.post_attention_layernorm`, config.hiddenSize, config.rmsNormEpsilon);
  return b.add(middle, gatedMlp(net, second, layer, config));
}
