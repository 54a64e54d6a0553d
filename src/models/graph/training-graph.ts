/** The decoder as a graph for training, with loss and gradients, and for held-out samples, with the loss alone. */
import { gradients } from '../../compiler/gradients.js';
import { at, dimOf, isOp, type Node, type Value } from '../../compiler/ir.js';
import { rematerialise } from '../../compiler/passes/rematerialise.js';
import type { Quantisation } from '../../core/settings.js';
import type { ModelConfig } from '../model.js';
import { linearModules } from '../modules.js';
import { hiddenStates, logitsOf, tokenInputs, type ModelGraph } from './decoder.js';
import { addInputs, input } from './inputs.js';
import { directionsOf, sketched, startName, type Int8Recipe } from './int8-weights.js';
import { lossInputs, placeInputs, type LabelKind } from './loss.js';
import { Network, dropoutColumns, type Training } from './network.js';
import { DEFAULT_CHUNKS, packedAttention, packedInputs } from './packed-attention.js';
import { ropeInputs } from './rope.js';

/** Name of a parameter's gradient among the outputs of a training graph. */
export const gradientName = (parameter: string): string => `gradient:${parameter}`;

/** What the backward half finds kept: everything, or each layer's input alone (gradient checkpointing: Chen et al., 2016). */
export type Keep = 'everything' | 'layer-inputs';

/** What a training graph is built for. */
export interface TrainingGraphOptions {
  readonly config: ModelConfig;
  readonly training: Training;
  /** Default `hard`. */
  readonly labels?: LabelKind;
  /** Default `everything`, which is faster and takes more memory. */
  readonly keep?: Keep;
  /** Pieces that trunks are cut into; default two. */
  readonly chunks?: number;
}

/** Share of LoRA's inputs that is dropped out, 0 where there is no LoRA. */
export const dropoutRate = (training: Training): number => (training.kind === 'lora' ? training.lora.dropout : 0);

/** The input of a graph with dropout: a row for each of R tokens, as wide as the widest linear layer and somewhat more. */
export const dropoutInputs = (config: ModelConfig) => {
  const widest = Math.max(...linearModules(config).map(({ inFeatures }) => inFeatures));
  return { dropout: input('float32', 'R', dropoutColumns(widest)) };
};

/** The forward half under construction. */
interface Forward {
  readonly net: Network;
  /** What goes into each layer and out of the last. */
  readonly stream: readonly Value[];
  /** Nodes of the layers: the first so many. */
  readonly layerNodes: number;
  /** −log p of every label [M, K], and their sum by weight. */
  readonly losses: Value;
  readonly loss: Value;
}

/** Logits of some places, and how the layers came to them. */
type Scored = Pick<Forward, 'net' | 'stream' | 'layerNodes'> & { readonly logits: Value };

/** Logits of the places that `declared` inputs name, and these inputs. */
function scored<D extends ReturnType<typeof placeInputs>>(
  { config, training, chunks = DEFAULT_CHUNKS }: TrainingGraphOptions,
  declared: D,
): Scored & { readonly inputs: { readonly [N in keyof D]: Value } } {
  const net = new Network(training);
  const b = net.builder;
  const tokens = addInputs(b, { ...tokenInputs('R', 1), ...ropeInputs(config) });
  const inputs = addInputs(b, declared);
  const { dropout } = dropoutRate(training) > 0 ? addInputs(b, dropoutInputs(config)) : {};
  const { hidden, stream } = hiddenStates(net, config, tokens.ids, {
    ...tokens,
    dropout,
    attend: packedAttention(config, addInputs(b, packedInputs(config, chunks))),
    select: (x) => b.op('GatherRows', [x, inputs.rowSlots, inputs.rows], { empty: 'any' }),
  });
  const layerNodes = b.nodes.length;
  return { net, stream, layerNodes, logits: logitsOf(net, config, hidden), inputs };
}

function forward(options: TrainingGraphOptions): Forward {
  const { logits, inputs, ...made } = scored(options, lossInputs(options.labels ?? 'hard'));
  return { ...made, ...made.net.builder.crossEntropy(logits, inputs.labels, inputs.weights) };
}

const idsOf = (values: readonly Value[]): ReadonlySet<number> => new Set(values.map(({ id }) => id));
const outputsOf = (nodes: readonly Node[]): Value[] => nodes.flatMap(({ outputs }) => outputs);

/** Whether what the layers keep for the way back is kept in half precision. */
const isHalved = ({ training }: Network): boolean => training.kind === 'lora' && training.int8?.halved === true;

/** Rows that are gathered: vectors in attention's slots, and the rows that go through the head. */
const gatheredRows = ({ builder }: Network): Value[] =>
  outputsOf(builder.nodes.filter((node) => isOp(node, 'GatherRows')));

/**
 * Values that the backward half recomputes: what one pass over others makes, where these are kept in half precision gathered rows too,
 * and to keep little all of the layers but their inputs.
 */
function recomputedValues({ net, stream, layerNodes }: Forward, keep: Keep): ReadonlySet<number> {
  if (keep === 'everything') return idsOf([...net.recomputed, ...(isHalved(net) ? gatheredRows(net) : [])]);
  const { nodes } = net.builder;
  const inLayers = outputsOf(nodes.slice(0, layerNodes).filter((node) => !isOp(node, 'Constant')));
  const kept = idsOf(stream);
  return idsOf([...net.recomputed, ...inLayers.filter(({ id }) => !kept.has(id))]);
}

/** Width from which it pays to keep what a layer makes in half precision. */
const LEAST_HALVED = 16;
/** What layers add to is divided by for half precision: a few of its columns may be tens of thousands (Sun et al., 2024, on massive activations). */
const RESIDUAL_DIVISOR = 64;

/** Values of the layers that are kept in half precision where the base is in eight bits, and what they are divided by for it. */
function halvedValues({ net, stream, layerNodes }: Forward, keep: Keep): ReadonlyMap<number, number> {
  const { builder } = net;
  if (keep !== 'everything' || !isHalved(net)) return new Map();
  const residuals = idsOf([...net.residuals, ...stream]);
  const isWide = ({ type, shape }: Value): boolean => {
    const width = shape.at(-1);
    return type === 'float32' && shape.length > 1 && !(typeof width === 'number' && width < LEAST_HALVED);
  };
  // What is sliced is of a value that is kept as a whole, too.
  const nodes = builder.nodes.slice(0, layerNodes).filter((node) => !isOp(node, 'Constant') && !isOp(node, 'Slice'));
  return new Map(
    outputsOf(nodes)
      .filter(isWide)
      .map(({ id }) => [id, residuals.has(id) ? RESIDUAL_DIVISOR : 1]),
  );
}

/**
 * The training graph. Inputs: tokens [R, 1] of all rows, none of them padding, rotary tables, what is learnt (lossInputs), the slots of
 * attention (packedInputs), the dropout table where LoRA has dropout, and all parameters. Outputs: `loss` = Σ weights · losses,
 * `losses` [M, K], −log p of every label, and the gradient of the loss with respect to every trained parameter.
 */
export function trainingGraph(options: TrainingGraphOptions): ModelGraph {
  const made = forward(options);
  const { net, loss, losses } = made;
  const b = net.builder;
  const forwardNodes = b.nodes.length;
  const { trained, parameters } = net;
  const found = gradients(
    b,
    loss,
    trained.map(({ value }) => value),
  );
  const named = trained.map(({ name }, i) => [gradientName(name), at(found, i)] as const);
  const graph = b.finish({ loss, losses, ...Object.fromEntries(named) });
  const { keep = 'everything' } = options;
  const recomputed = recomputedValues(made, keep);
  const halved = halvedValues(made, keep);
  if (recomputed.size + halved.size === 0) return { graph, parameters };
  const kept = rematerialise(graph, {
    forwardNodes,
    isRecomputed: ({ id }) => recomputed.has(id),
    halved: ({ id }) => halved.get(id),
  });
  return { graph: kept, parameters };
}

/** The same losses without gradients and without dropout, for held-out samples. */
export function lossGraph(options: Omit<TrainingGraphOptions, 'keep'>): ModelGraph {
  const { training } = options;
  const still: Training = training.kind === 'lora' ? { ...training, lora: { ...training.lora, dropout: 0 } } : training;
  const { net, loss, losses } = forward({ ...options, training: still });
  return { graph: net.builder.finish({ loss, losses }), parameters: net.parameters };
}

/** What a graph of probabilities is built for. */
export interface ProbabilityGraphOptions extends Pick<TrainingGraphOptions, 'config' | 'chunks'> {
  /** What logits are divided by. */
  readonly temperature: number;
}

/** The frozen base's probabilities of all tokens, `probabilities` [M, V], behind those places of packed rows that placeInputs name. */
export function probabilityGraph({ temperature, ...options }: ProbabilityGraphOptions): ModelGraph {
  const { net, logits } = scored({ ...options, training: { kind: 'none' } }, placeInputs());
  const b = net.builder;
  const probabilities = b.softmax(b.scale(logits, 1 / temperature));
  return { graph: b.finish({ probabilities }), parameters: net.parameters };
}

/** What a sketch graph is built for. */
export interface SketchOptions extends Pick<TrainingGraphOptions, 'config' | 'chunks'> {
  readonly recipe: Int8Recipe;
  /** What the base is kept in. */
  readonly quantisation?: Quantisation;
}

/** Names of what a sketch graph gives for directions of a name. */
export const sketchName = (directions: string): string => `sketch:${directions}`;
export const energyName = (directions: string): string => `energy:${directions}`;

/**
 * What goes into the frozen base's linear layers, as sketches [in, r] and energies [in] (int8-weights.ts) by the names of their directions.
 * Inputs beside tokens, attention's slots and weights: `rows` and `rowSlots` (placeInputs), for every width that a layer reads a start
 * [in, r] (startName), and directions [r, in] by their names.
 */
export function sketchGraph(options: SketchOptions): ModelGraph {
  const { recipe, quantisation = 'none' } = options;
  const { net } = scored({ ...options, training: { kind: 'none', quantisation } }, placeInputs());
  const b = net.builder;
  const starts = new Map<number, Value>();
  const outputs = new Map<string, Value>();
  for (const [name, x] of net.linearInputs) {
    const width = Number(dimOf(x, 1));
    const count = directionsOf({ inFeatures: width }, recipe);
    if (count === 0) continue;
    const start = starts.get(width) ?? b.input(startName(width), 'float32', [width, count]);
    starts.set(width, start);
    const { sketch, energy } = sketched(b, x, start, b.input(name, 'float32', [count, width]));
    outputs.set(sketchName(name), sketch).set(energyName(name), energy);
  }
  return { graph: b.finish(Object.fromEntries(outputs)), parameters: net.parameters };
}
