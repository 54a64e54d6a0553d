/** The whole decoder as graphs: for training (loss and gradients) and for generation (logits, with a cache of keys and values). */
import type { Shape } from '../compiler/dims.js';
import { gradients } from '../compiler/gradients.js';
import type { Graph, Value } from '../compiler/ir.js';
import { rematerialise } from '../compiler/passes/rematerialise.js';
import { decoderLayer, type KeyValues, type LayerOptions, type Pass } from './blocks.js';
import { cachedLayer, type Attending, type CachedPass } from './cached-attention.js';
import { llama } from './llama.js';
import type { ModelConfig } from './model.js';
import { DROPOUT_INPUT, Network, dropoutColumns, type Parameter, type Training } from './network.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';

const FAMILIES: { readonly [F in ModelConfig['family']]: (config: ModelConfig) => LayerOptions } = {
  qwen2,
  qwen3,
  llama,
};

const EMBEDDING = 'model.embed_tokens.weight';

/** A graph and the weights it takes as inputs. */
export interface ModelGraph {
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
}

/** Name of a parameter's gradient among the outputs of a training graph. */
export const gradientName = (parameter: string): string => `gradient:${parameter}`;

/** Names of a layer's keys and values in generation: the cached as inputs, those of the tokens fed as outputs. */
export const cacheName = (when: 'past' | 'fresh', layer: number, what: 'keys' | 'values'): string =>
  `${when}.${layer}.${what}`;

function inputsOf(net: Network, config: ModelConfig, span: string): { ids: Value; pass: Pass } {
  const b = net.builder;
  const ids = b.input('ids', 'int64', ['B', 'S']);
  const table: Shape = ['R', config.headDim / 2];
  return {
    ids,
    pass: {
      positions: b.input('positions', 'int64', ['B', 'S']),
      mask: b.input('mask', 'float32', ['B', 'S', span]),
      cos: b.input('cos', 'float32', table),
      sin: b.input('sin', 'float32', table),
    },
  };
}

/** Widest input of any linear layer. */
export const widestInput = (config: ModelConfig): number =>
  Math.max(config.hiddenSize, config.intermediateSize, config.heads * config.headDim);

function embedding(net: Network, config: ModelConfig): Value {
  return net.weight(EMBEDDING, [config.vocabSize, config.hiddenSize]);
}

interface HiddenStates {
  /** Final states [B·S, D] of all tokens, normed. */
  readonly hidden: Value;
  readonly present: readonly KeyValues[];
  /** What goes into each layer and out of the last, [B·S, D]. */
  readonly stream: readonly Value[];
}

function hiddenStates(net: Network, config: ModelConfig, ids: Value, pass: Pass): HiddenStates {
  const options = FAMILIES[config.family](config);
  const b = net.builder;
  let x = b.gather(embedding(net, config), b.reshape(ids, ['B*S']));
  const present: KeyValues[] = [];
  const stream = [x];
  for (let layer = 0; layer < config.layers; layer++) {
    const made = decoderLayer(net, x, layer, pass, config, options);
    x = made.out;
    present.push(made.present);
    stream.push(x);
  }
  return { hidden: net.rmsNorm(x, 'model.norm', config.hiddenSize, config.rmsNormEpsilon), present, stream };
}

/** Logits [M, V] of chosen tokens: only rows that are needed pass through the head. */
function logitsAt(net: Network, config: ModelConfig, hidden: Value, rows: Value): Value {
  const head = config.tiedEmbeddings
    ? embedding(net, config)
    : net.weight('lm_head.weight', [config.vocabSize, config.hiddenSize]);
  return net.builder.gemm(net.builder.gather(hidden, rows), head, { transB: true });
}

/** What the backward half finds kept: everything, or each layer's input alone (gradient checkpointing: Chen et al., 2016). */
export type Keep = 'everything' | 'layer-inputs';

/**
 * The training graph. Inputs: ids, positions [B, S]; mask [B, S, S]; cos, sin; rows [M] (tokens, counted over B·S, whose next
 * token is learnt), targets [M], weights [M]; all parameters. Outputs: `loss` = Σ weightsᵢ · −log p(targetᵢ), `losses` [M], and
 * the gradient of the loss with respect to every trained parameter.
 */
export function trainingGraph(config: ModelConfig, training: Training, keep: Keep = 'everything'): ModelGraph {
  const net = new Network(training);
  const b = net.builder;
  const { ids, pass } = inputsOf(net, config, 'S');
  const [rows, targets, weights] = [
    b.input('rows', 'int64', ['M']),
    b.input('targets', 'int64', ['M']),
    b.input('weights', 'float32', ['M']),
  ];
  if (training.kind === 'lora' && training.lora.dropout > 0) {
    net.useDropout(b.input(DROPOUT_INPUT, 'float32', ['B*S', dropoutColumns(widestInput(config))]));
  }
  const { hidden, stream } = hiddenStates(net, config, ids, pass);
  const inLayers = new Set(b.nodes.flatMap((node) => node.outputs).map((each) => each.id));
  const losses = b.op('SoftmaxCrossEntropyLoss', [logitsAt(net, config, hidden, rows), targets], {});
  const loss = b.reduceSum(b.mul(losses, weights), [0], false);
  const trained = net.trained;
  const forwardNodes = b.nodes.length;
  const grads = gradients(
    b,
    loss,
    trained.map((each) => each.value),
  );
  const named = trained.map((each, i) => [gradientName(each.name), grads[i] as Value] as const);
  const graph = b.finish({ loss, losses, ...Object.fromEntries(named) });
  if (keep === 'everything') return { graph, parameters: net.parameters };
  const kept = new Set(stream.map((each) => each.id));
  const constants = new Set(
    b.nodes.filter((node) => node.op === 'Constant').flatMap((node) => node.outputs.map((each) => each.id)),
  );
  const again = ({ id }: Value): boolean => inLayers.has(id) && !kept.has(id) && !constants.has(id);
  return { graph: rematerialise(graph, { forwardNodes, again }), parameters: net.parameters };
}

/** The same loss without gradients, for held-out samples. */
export function lossGraph(config: ModelConfig, training: Training): ModelGraph {
  const still: Training =
    training.kind === 'lora' ? { kind: 'lora', lora: { ...training.lora, dropout: 0 } } : training;
  const { graph, parameters } = trainingGraph(config, still);
  return {
    graph: { ...graph, outputs: graph.outputs.filter(({ name }) => name === 'loss' || name === 'losses') },
    parameters,
  };
}

/**
 * The generation graph: T tokens in B rows of S slots, after P cached tokens a row. Inputs: ids [T]; positions [1, T]; slots [B, S]
 * and places [T] (which token stands in which slot, and the other way round); pastMask [B, S, P]; freshMask [B, S, S]; cos, sin;
 * rows [M]; past keys and values [B, Hkv, P, d] per layer; all parameters. Outputs: `logits` [M, V] after the tokens `rows`, and the
 * tokens' own keys and values [B, Hkv, S, d] per layer.
 */
export function generationGraph(config: ModelConfig, training: Training, attending: Attending = 'joined'): ModelGraph {
  const net = new Network(training);
  const b = net.builder;
  const options = FAMILIES[config.family](config);
  const table: Shape = ['R', config.headDim / 2];
  const shape: Shape = ['B', config.keyValueHeads, 'P', config.headDim];
  const ids = b.input('ids', 'int64', ['T']);
  const pass: CachedPass = {
    positions: b.input('positions', 'int64', [1, 'T']),
    slots: b.input('slots', 'int64', ['B', 'S']),
    places: b.input('places', 'int64', ['T']),
    pastMask: b.input('pastMask', 'float32', ['B', 'S', 'P']),
    freshMask: b.input('freshMask', 'float32', ['B', 'S', 'S']),
    cos: b.input('cos', 'float32', table),
    sin: b.input('sin', 'float32', table),
    past: Array.from({ length: config.layers }, (_, layer) => ({
      keys: b.input(cacheName('past', layer, 'keys'), 'float32', shape),
      values: b.input(cacheName('past', layer, 'values'), 'float32', shape),
    })),
    attending,
  };
  const rows = b.input('rows', 'int64', ['M']);
  const outputs: (readonly [string, Value])[] = [];
  let x = b.gather(embedding(net, config), ids);
  for (let layer = 0; layer < config.layers; layer++) {
    const { out, fresh } = cachedLayer(net, x, layer, pass, config, options);
    outputs.push([cacheName('fresh', layer, 'keys'), fresh.keys], [cacheName('fresh', layer, 'values'), fresh.values]);
    x = out;
  }
  const hidden = net.rmsNorm(x, 'model.norm', config.hiddenSize, config.rmsNormEpsilon);
  const logits = logitsAt(net, config, hidden, rows);
  return { graph: b.finish({ logits, ...Object.fromEntries(outputs) }), parameters: net.parameters };
}
