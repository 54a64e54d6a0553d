/** Blocks that decoder models are made of: projections with rotary positions around attention, and the gated MLP. */
import { dimOf, type Value } from '../../compiler/ir.js';
import { familyOf } from '../families/families.js';
import type { Activation } from '../families/family.js';
import type { ModelConfig } from '../model.js';
import type { LayerModules, NormModule } from '../modules.js';
import type { LinearOptions, Network } from './network.js';

/** What every layer of one pass shares. */
export interface Pass {
  /** [B, S] int64; the tokens' number T is their product. */
  readonly positions: Value;
  /** Rotary tables [positions, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** The dropout table of LoRA's inputs, a row for each token; absent where nothing is dropped out. */
  readonly dropout?: Value | undefined;
  /** Which tokens see which. */
  readonly attend: Attend;
  /** Rows of the last layer's output that are wanted at all, [T, D] → [M, D]. */
  readonly select: (x: Value) => Value;
}

/** One layer of one pass. */
export interface Layer {
  readonly net: Network;
  readonly config: ModelConfig;
  readonly pass: Pass;
  /** Its number, from 0. */
  readonly index: number;
  readonly modules: LayerModules;
}

/** Attention itself, in one layer: q [T, heads·d], scaled, and k and v [T, keyValueHeads·d] → [T, heads·d]. */
export type Attend = (layer: Layer, q: Value, k: Value, v: Value) => Value;

/** What queries attend to. */
export interface KeyValues {
  readonly keys: Value;
  readonly values: Value;
}

/** How queries or keys are turned to their positions. */
interface Turn {
  readonly heads: number;
  /** Of each head, before it is turned. */
  readonly norm: NormModule | undefined;
  /** What the turned values are multiplied by; it rides on the rotary tables. */
  readonly scale: number;
}

/** x·cos + rotate(x)·sin on [T, heads·d], optionally after a norm per head. */
function positioned({ net, config, pass }: Layer, x: Value, { heads, norm, scale }: Turn): Value {
  const b = net.builder;
  const [batch, length] = [dimOf(pass.positions, 0), dimOf(pass.positions, 1)];
  const perHead = b.reshape(x, [batch, length, heads, config.headDim]);
  const normed = norm ? net.rmsNorm(perHead, norm, config.rmsNormEpsilon) : x;
  const rows = b.reshape(normed, [batch, length, heads * config.headDim]);
  const tables = [b.scale(pass.cos, scale), b.scale(pass.sin, scale)];
  return b.reshape(b.op('RotaryEmbedding', [rows, pass.positions, ...tables], { heads }), x.shape);
}

/** Self-attention of one layer on normed x [T, D], up to its output projection: [T, heads·d]. */
function selfAttention(layer: Layer, x: Value): Value {
  const { net, config, pass, modules } = layer;
  const { q_proj, k_proj, v_proj } = modules.linears;
  const { query, key } = modules.norms;
  const [q, k, v] = net.linears(x, [q_proj, k_proj, v_proj], { dropout: pass.dropout }) as [Value, Value, Value];
  const scale = 1 / Math.sqrt(config.queryScalar ?? config.headDim);
  const turnedQ = positioned(layer, q, { heads: config.heads, norm: query, scale });
  const turnedK = positioned(layer, k, { heads: config.keyValueHeads, norm: key, scale: 1 });
  return pass.attend(layer, turnedQ, turnedK, v);
}

const ACTIVATIONS: { readonly [A in Activation]: (net: Network, x: Value) => Value } = {
  silu: (net, x) => net.recompute(net.builder.silu(x)),
  // ½x(1 + tanh(y)) = x·σ(2y), y = √(2/π)(x + 0.044715x³).
  gelu_pytorch_tanh: (net, x) => {
    const b = net.builder;
    const square = net.recompute(b.mul(x, x));
    const factor = net.recompute(b.add(net.recompute(b.scale(square, 0.044715)), b.scalar(1)));
    const twice = net.recompute(b.scale(net.recompute(b.mul(x, factor)), 2 * Math.sqrt(2 / Math.PI)));
    return net.recompute(b.mul(x, net.recompute(b.sigmoid(twice))));
  },
};

/** A gated MLP (Shazeer, 2020): down(activation(gate(x)) · up(x)), x [T, D]. */
function gatedMlp({ net, config, modules }: Layer, x: Value, options: LinearOptions): Value {
  const b = net.builder;
  const { gate_proj, up_proj, down_proj } = modules.linears;
  const [gate, up] = net.linears(x, [gate_proj, up_proj], options) as [Value, Value];
  const gated = net.recompute(b.mul(ACTIVATIONS[familyOf(config).activation](net, gate), up));
  return net.linear(gated, down_proj, options);
}

/**
 * One decoder layer: x + attention(norm x), then + mlp(norm ·), where what is added may go through a norm of its own; of the last layer,
 * only the rows that are wanted.
 */
export function decoderLayer(layer: Layer, x: Value): Value {
  const { net, config, pass, index, modules } = layer;
  const { norms, linears } = modules;
  const b = net.builder;
  const isLast = index === config.layers - 1;
  const select = isLast ? pass.select : (rows: Value): Value => rows;
  const first = net.rmsNorm(x, norms.attention, config.rmsNormEpsilon);
  const heads = select(selfAttention(layer, first));
  // From here on only the wanted tokens go through, and the dropout table follows them.
  const options = { dropout: pass.dropout && select(pass.dropout), exact: isLast };
  const normed = (y: Value, norm: NormModule | undefined): Value =>
    norm ? net.rmsNorm(y, norm, config.rmsNormEpsilon) : y;
  const attended = normed(net.linear(heads, linears.o_proj, options), norms.attentionOutput);
  const middle = net.residual(b.add(net.residual(select(x)), attended));
  const second = net.rmsNorm(middle, norms.mlp, config.rmsNormEpsilon);
  return b.add(middle, normed(gatedMlp(layer, second, options), norms.mlpOutput));
}
