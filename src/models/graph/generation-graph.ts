/** The decoder as a graph for generation: logits, with a cache of keys and values. */
import { at, type Value } from '../../compiler/ir.js';
import type { ModelConfig } from '../model.js';
import type { KeyValues } from './blocks.js';
import { cachedAttention, type Attending } from './cached-attention.js';
import { hiddenStates, logitsOf, tokenInputs, type ModelGraph } from './decoder.js';
import { addInputs, input, type Input } from './inputs.js';
import { Network, type Training } from './network.js';
import { ropeInputs } from './rope.js';

/** Inputs for T tokens that stand in B rows of S slots, behind K cached tokens a row; `rows` are the M whose logits are asked for. */
export const fedInputs = {
  ...tokenInputs(1, 'T'),
  /** The token in each slot, any where there is none, and the slot of each token, counted over B·S. */
  slotTokens: input('int64', 'B', 'S'),
  tokenSlots: input('int64', 'T'),
  /** Added to scores against the past and against each other. */
  pastMask: input('float32', 'B', 'S', 'K'),
  freshMask: input('float32', 'B', 'S', 'S'),
  rows: input('int64', 'M'),
} as const;

/** Keys or values of a layer: the cached ones' name among the inputs, and that of the fed tokens' among the outputs. */
export interface CacheNames {
  readonly past: string;
  readonly fresh: string;
}

const namesOf = (layer: number, kind: 'keys' | 'values'): CacheNames => ({
  past: `past.${layer}.${kind}`,
  fresh: `fresh.${layer}.${kind}`,
});

/** Names of every layer's keys and values. */
export const cacheNames = ({ layers }: Pick<ModelConfig, 'layers'>) =>
  Array.from({ length: layers }, (_, layer) => ({ keys: namesOf(layer, 'keys'), values: namesOf(layer, 'values') }));

/** Inputs for the cached keys and values of B rows of K columns. */
export function cacheInputs(config: ModelConfig): Readonly<Record<string, Input<'float32'>>> {
  const cached = input('float32', 'B', config.keyValueHeads, 'K', config.headDim);
  const names = cacheNames(config).flatMap(({ keys, values }) => [keys.past, values.past]);
  return Object.fromEntries(names.map((name) => [name, cached]));
}

function valueOf(values: Readonly<Record<string, Value>>, name: string): Value {
  const value = values[name];
  if (!value) throw new TypeError(`there is no input "${name}"`);
  return value;
}

/**
 * The generation graph. Inputs: tokens in slots (fedInputs), rotary tables, cached keys and values (cacheInputs), all parameters.
 * Outputs: `logits` [M, V] behind the tokens `rows`, and the tokens' own keys and values [B, keyValueHeads, S, headDim] per layer.
 */
export function generationGraph(config: ModelConfig, training: Training, attending: Attending = 'joined'): ModelGraph {
  const net = new Network(training);
  const b = net.builder;
  const fed = addInputs(b, { ...fedInputs, ...ropeInputs(config) });
  const cached = addInputs(b, cacheInputs(config));
  const names = cacheNames(config);
  const past = names.map(({ keys, values }) => ({
    keys: valueOf(cached, keys.past),
    values: valueOf(cached, values.past),
  }));
  const fresh: KeyValues[] = [];
  const { hidden } = hiddenStates(net, config, fed.ids, {
    ...fed,
    attend: cachedAttention(config, { ...fed, past, fresh, attending }),
    select: (x) => b.gather(x, fed.rows),
  });
  const outputs = names.flatMap(({ keys, values }, layer) => [
    [keys.fresh, at(fresh, layer).keys] as const,
    [values.fresh, at(fresh, layer).values] as const,
  ]);
  const logits = logitsOf(net, config, hidden);
  return { graph: b.finish({ logits, ...Object.fromEntries(outputs) }), parameters: net.parameters };
}
