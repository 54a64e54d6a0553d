/** The decoder itself, from tokens to logits: what the graphs for training and for generation share. */
import { product, type Dim } from '../../compiler/dims.js';
import type { Graph, Value } from '../../compiler/ir.js';
import { familyOf } from '../families/families.js';
import type { ModelConfig } from '../model.js';
import { modelModules } from '../modules.js';
import { decoderLayer, type Pass } from './blocks.js';
import { input } from './inputs.js';
import type { Network, Parameter } from './network.js';

/** A graph and the weights it takes as inputs. */
export interface ModelGraph {
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
}

/** Inputs for tokens of some shape: their ids, and their positions. */
export const tokenInputs = (...shape: readonly Dim[]) => ({
  ids: input('int64', ...shape),
  positions: input('int64', ...shape),
});

interface HiddenStates {
  /** Final states [M, D] of the tokens that are wanted, normed. */
  readonly hidden: Value;
  /** What goes into each layer and out of the last, [T, D]. */
  readonly stream: readonly Value[];
}

/** All layers over the tokens `ids`. */
export function hiddenStates(net: Network, config: ModelConfig, ids: Value, pass: Pass): HiddenStates {
  const { embedding, head, layers, norm } = modelModules(config);
  const b = net.builder;
  const rows = net.embedded(embedding, head, b.reshape(ids, [product(ids.shape)]));
  let x = familyOf(config).scalesEmbeddings === true ? b.scale(rows, Math.sqrt(config.hiddenSize)) : rows;
  const stream = [x];
  for (const [index, modules] of layers.entries()) {
    x = decoderLayer({ net, config, pass, index, modules }, x);
    stream.push(x);
  }
  return { hidden: net.rmsNorm(x, norm, config.rmsNormEpsilon), stream };
}

/** Logits [M, V] of final states [M, D]. */
export function logitsOf(net: Network, config: ModelConfig, hidden: Value): Value {
  const b = net.builder;
  const logits = net.logits(hidden, modelModules(config).head);
  return config.logitSoftcap === undefined ? logits : b.softcap(logits, config.logitSoftcap);
}
