/** The whole decoder as graphs: for training (loss and gradients) and for generation (logits, with a cache of keys and values). */
import { product, type Shape } from '../../compiler/dims.js';
import { gradients } from '../../compiler/gradients.js';
import type { Graph, Value } from '../../compiler/ir.js';
import { rematerialise } from '../../compiler/passes/rematerialise.js';
import { decoderLayer, type Pass } from './blocks.js';
import { cachedAttention, type Attending, type Cache } from './cached-attention.js';
import { packedAttention, type Places } from './packed-attention.js';
import { familyOf } from '../families/families.js';
import type { ModelConfig } from '../model.js';
import { linearModules, modelModules } from '../modules.js';
import { addInputs, input } from './inputs.js';
import { lossInputs, type LabelKind } from './loss.js';
import { DROPOUT_INPUT, Network, dropoutColumns, type Parameter, type Training } from './network.js';
import { ropeInputs } from './rope.js';

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

/** Inputs that every graph has: tokens, their positions, and the rotary tables. */
function inputsOf(
  net: Network,
  config: ModelConfig,
  tokens: Shape,
): Pick<Pass, 'positions' | 'cos' | 'sin'> & { ids: Value } {
  const b = net.builder;
  return addInputs(b, {
    ids: input('int64', ...tokens),
    positions: input('int64', ...tokens),
    ...ropeInputs(config),
  });
}

/** Where the heads of packed rows' tokens lie for attention, the trunks in chunks. */
function placesOf(net: Network, config: ModelConfig, chunks: number): Places {
  const b = net.builder;
  const [shared, group] = [config.keyValueHeads, config.heads / config.keyValueHeads];
  const span = product([chunks, 'U']);
  const list = (name: string, shape: Shape, as: Shape): Value => b.reshape(b.input(name, 'int32', shape), as);
  const queries = b.split(
    b.input('chunks', 'int32', [chunks, 'B', shared, group, 'U']),
    Array<number>(chunks).fill(1),
    0,
  );
  return {
    chunkSize: 'U',
    chunks: queries.map((each) => b.reshape(each, ['B', shared, group, 'U'])),
    tails: b.input('tails', 'int32', ['B', shared, group, 'Q']),
    queryPlaces: list('queryPlaces', ['R', config.heads], [product(['R', config.heads])]),
    trunkKeys: b.input('trunkKeys', 'int32', ['B', shared, 1, span]),
    branchKeys: b.input('branchKeys', 'int32', ['B', 'N', shared, 'L']),
    keyPlaces: list('keyPlaces', ['R', shared], [product(['R', shared])]),
    branches: list('branches', ['B', 'N', shared, group, 'L'], ['B', 'N', shared, product([group, 'L'])]),
    branchPlaces: list('branchPlaces', ['B', config.heads, 'Q'], [product(['B', config.heads, 'Q'])]),
    trunkMask: b.input('trunkMask', 'float32', [span, span]),
    tailMask: b.input('tailMask', 'float32', ['B', 1, 1, 1, span]),
    branchMask: b.input('branchMask', 'float32', ['L', 'L']),
  };
}

/** Widest input of any linear layer. */
export const widestInput = (config: ModelConfig): number =>
  Math.max(...linearModules(config).map(({ inFeatures }) => inFeatures));

interface HiddenStates {
  /** Final states [M, D] of the tokens that are wanted, normed. */
  readonly hidden: Value;
  /** What goes into each layer and out of the last, [T, D]. */
  readonly stream: readonly Value[];
}

function hiddenStates(net: Network, config: ModelConfig, ids: Value, pass: Pass): HiddenStates {
  const { embedding, layers, norm } = modelModules(config);
  const b = net.builder;
  const rows = b.gather(net.tokens(embedding), b.reshape(ids, [product(ids.shape)]));
  let x = familyOf(config).scalesEmbeddings === true ? b.scale(rows, Math.sqrt(config.hiddenSize)) : rows;
  const stream = [x];
  for (const [index, modules] of layers.entries()) {
    x = decoderLayer({ net, config, pass, index, modules }, x);
    stream.push(x);
  }
  return { hidden: net.rmsNorm(x, norm, config.rmsNormEpsilon), stream };
}

/** Logits [M, V]. */
function logitsOf(net: Network, config: ModelConfig, hidden: Value): Value {
  const b = net.builder;
  const logits = b.gemm(hidden, net.tokens(modelModules(config).head), { transB: true });
  return config.logitSoftcap === undefined ? logits : b.softcap(logits, config.logitSoftcap);
}

/** What the backward half finds kept: everything, or each layer's input alone (gradient checkpointing: Chen et al., 2016). */
export type Keep = 'everything' | 'layer-inputs';

/** Pieces that trunks are cut into where none is said; attention of a piece to those behind it is not computed. */
export const DEFAULT_CHUNKS = 2;
/** Positions up to which more pieces than these save no time, tokens of a piece from there on, and the most pieces there are: each adds nodes to every layer. */
const SHORT_POSITIONS = 2048;
const CHUNK_TOKENS = 512;
const MOST_CHUNKS = 8;

/** Pieces that suit rows of so many positions. */
export const chunksFor = (positions: number): number =>
  positions <= SHORT_POSITIONS ? DEFAULT_CHUNKS : Math.min(MOST_CHUNKS, Math.ceil(positions / CHUNK_TOKENS));

/** What a training graph is built for. */
export interface TrainingGraphOptions {
  readonly config: ModelConfig;
  readonly training: Training;
  /** Default `hard`. */
  readonly labels?: LabelKind;
  /** Default `everything`, which is faster and takes more memory. */
  readonly keep?: Keep;
  /** Default two. */
  readonly chunks?: number;
}

/**
 * The training graph. Inputs: ids, positions [R, 1] of all rows' tokens, none of them padding; the places of attention (see
 * Places); cos, sin; what is learnt (see lossInputs); all parameters. Outputs: `loss` = Σ weights · losses, `losses` [M, K], −log p of
 * every label, and the gradient of the loss with respect to every trained parameter.
 */
export function trainingGraph(options: TrainingGraphOptions): ModelGraph {
  const { config, training, labels = 'hard', keep = 'everything', chunks = DEFAULT_CHUNKS } = options;
  const net = new Network(training);
  const b = net.builder;
  const { ids, ...shared } = inputsOf(net, config, ['R', 1]);
  const learnt = addInputs(b, lossInputs(labels));
  const dropout =
    training.kind === 'lora' && training.lora.dropout > 0
      ? b.input(DROPOUT_INPUT, 'float32', ['R', dropoutColumns(widestInput(config))])
      : undefined;
  const attend = packedAttention(config, placesOf(net, config, chunks));
  const select = (x: Value): Value => b.op('LayRows', [x, learnt.rowIndices, learnt.rows], {});
  const { hidden, stream } = hiddenStates(net, config, ids, { ...shared, dropout, attend, select });
  const inLayers = new Set(b.nodes.flatMap((node) => node.outputs).map((each) => each.id));
  const { losses, loss } = b.crossEntropy(logitsOf(net, config, hidden), learnt.labels, learnt.weights);
  const trained = net.trained;
  const forwardNodes = b.nodes.length;
  const grads = gradients(
    b,
    loss,
    trained.map((each) => each.value),
  );
  const named = trained.map((each, i) => [gradientName(each.name), grads[i] as Value] as const);
  const graph = b.finish({ loss, losses, ...Object.fromEntries(named) });
  const recomputed = new Set(net.recomputed.map((each) => each.id));
  if (keep === 'everything' && recomputed.size === 0) return { graph, parameters: net.parameters };
  const kept = new Set(stream.map((each) => each.id));
  const constants = new Set(
    b.nodes.filter((node) => node.op === 'Constant').flatMap((node) => node.outputs.map((each) => each.id)),
  );
  const again = ({ id }: Value): boolean =>
    recomputed.has(id) || (keep === 'layer-inputs' && inLayers.has(id) && !kept.has(id) && !constants.has(id));
  return { graph: rematerialise(graph, { forwardNodes, again }), parameters: net.parameters };
}

/** The same loss without gradients, for held-out samples. */
export function lossGraph(options: Omit<TrainingGraphOptions, 'keep'>): ModelGraph {
  const { training } = options;
  const still: Training = training.kind === 'lora' ? { ...training, lora: { ...training.lora, dropout: 0 } } : training;
  const { graph, parameters } = trainingGraph({ ...options, training: still });
  return {
    graph: { ...graph, outputs: graph.outputs.filter(({ name }) => name === 'loss' || name === 'losses') },
    parameters,
  };
}

/**
 * The generation graph: T tokens in B rows of S slots, after K cached tokens a row. Inputs: ids, positions [1, T]; slots [B, S]
 * and places [T] (which token stands in which slot, and the other way round); pastMask [B, S, K]; freshMask [B, S, S]; cos, sin;
 * rows [M]; past keys and values [B, Hkv, K, d] per layer; all parameters. Outputs: `logits` [M, V] after the tokens `rows`, and the
 * tokens' own keys and values [B, Hkv, S, d] per layer.
 */
export function generationGraph(config: ModelConfig, training: Training, attending: Attending = 'joined'): ModelGraph {
  const net = new Network(training);
  const b = net.builder;
  const { ids, ...shared } = inputsOf(net, config, [1, 'T']);
  const shape: Shape = ['B', config.keyValueHeads, 'K', config.headDim];
  const cache: Cache = {
    slots: b.input('slots', 'int64', ['B', 'S']),
    places: b.input('places', 'int64', ['T']),
    pastMask: b.input('pastMask', 'float32', ['B', 'S', 'K']),
    freshMask: b.input('freshMask', 'float32', ['B', 'S', 'S']),
    past: Array.from({ length: config.layers }, (_, layer) => ({
      keys: b.input(cacheName('past', layer, 'keys'), 'float32', shape),
      values: b.input(cacheName('past', layer, 'values'), 'float32', shape),
    })),
    fresh: [],
    attending,
  };
  const rows = b.input('rows', 'int64', ['M']);
  const pass: Pass = { ...shared, attend: cachedAttention(config, cache), select: (x) => b.gather(x, rows) };
  const { hidden } = hiddenStates(net, config, ids, pass);
  const outputs = cache.fresh.flatMap(({ keys, values }, layer) => [
    [cacheName('fresh', layer, 'keys'), keys] as const,
    [cacheName('fresh', layer, 'values'), values] as const,
  ]);
  return {
    graph: b.finish({ logits: logitsOf(net, config, hidden), ...Object.fromEntries(outputs) }),
    parameters: net.parameters,
  };
}
