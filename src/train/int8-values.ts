/** Values that a frozen base is computed with in integers of eight bits: directions found on a batch, and codes made of its weights. */
import { at, type DataType } from '../compiler/ir.js';
import { groupBy, largest } from '../core/collections.js';
import { Random } from '../core/random.js';
import type { Quantisation } from '../core/settings.js';
import { float32, floatsOf, type Engine, type Tensor, type TensorData, type Tensors } from '../engine/engine.js';
import {
  directionsName,
  directionsOf,
  factorsName,
  headRecipe,
  headRowsOf,
  int8Graph,
  startName,
  type Int8Recipe,
} from '../models/graph/int8-weights.js';
import { modelTensors, type ParameterValues } from '../models/graph/model-tensors.js';
import type { Parameter } from '../models/graph/network.js';
import { chunksFor } from '../models/graph/packed-attention.js';
import { batchTensors } from '../models/graph/row-tensors.js';
import { energyName, sketchGraph, sketchName } from '../models/graph/training-graph.js';
import type { ModelConfig } from '../models/model.js';
import {
  linearModules,
  modelModules,
  weightParameter,
  type LinearModule,
  type TokenModule,
} from '../models/modules.js';
import { weightOf, type Batch } from './batches.js';
import { LargeBlocks } from '../engine/large-blocks.js';

/** Of what a base's values are made. */
export interface Int8Source {
  readonly engine: Engine;
  readonly config: ModelConfig;
  readonly recipe: Int8Recipe;
  /** What the base is kept in; default f32. */
  readonly quantisation?: Quantisation;
  /** Gives what the base is kept as, and the weight of every linear layer in f32, as it stands for it. */
  readonly initial: ParameterValues;
  /** What directions are found on. */
  readonly calibration: Batch;
}

type Data = TensorData[DataType];

/** Values of parameters by name. */
export type CodeValues = ReadonlyMap<string, Data>;

/** Columns of a sketch this much shorter than its longest add no direction. */
const LEAST_LENGTH = 1e-6;

/** Values of `parameters` that belong to products in eight bits, by name; the same at every call with the same source. */
export async function int8Values(source: Int8Source, parameters: readonly Parameter[]): Promise<CodeValues> {
  const { config } = source;
  const values: Map<string, Data> = await inputsFound(source);
  const coded = new Set(parameters.flatMap(({ module, role }) => (role === 'forwardCodes' ? [module] : [])));
  const modules = linearModules(config).filter(({ path }) => coded.has(path));
  const blocks = new LargeBlocks();
  for (const [, alike] of groupBy(modules, ({ inFeatures, outFeatures }) => `${inFeatures} ${outFeatures}`))
    await addCodes(source, alike, { values, blocks });
  const { head } = modelModules(config);
  if (coded.has(head.path)) await addHeadCodes(source, head, { values, blocks });
  return values;
}

/** Directions of linear layers' inputs, and factors of their columns: the batch is looked at twice, for these are of what those leave. */
async function inputsFound(source: Int8Source): Promise<Map<string, Float32Array>> {
  const { engine, config, calibration: batch, recipe, initial } = source;
  const positions = largest(batch.flatMap((row) => row.positions)) + 1;
  const { graph, parameters } = sketchGraph({ ...source, chunks: chunksFor(positions) });
  const found = new Map<string, Float32Array>();
  const layers = linearModules(config).filter((module) =>
    graph.outputs.some(({ name }) => name === sketchName(directionsName(module))),
  );
  if (layers.length === 0) return found;
  const program = await engine.compile(graph);
  try {
    const options = { totalWeight: weightOf(batch), heads: config, chunks: chunksFor(positions) };
    const passing = new LargeBlocks();
    const tensors = modelTensors(config, parameters, (parameter) => passing.copy(initial(parameter)), positions);
    const fed = { ...tensors, ...starts(config, recipe), ...batchTensors(batch, options) };
    const directions = (): Tensors =>
      Object.fromEntries(layers.map((each) => [directionsName(each), directionsTensor(each, recipe, found)]));
    const first = await program.run({ ...fed, ...directions() });
    for (const each of layers) {
      const name = directionsName(each);
      found.set(name, orthonormal(floatsOf(first, sketchName(name)), each.inFeatures));
    }
    const second = await program.run({ ...fed, ...directions() });
    for (const each of layers)
      found.set(factorsName(each), factorsOf(floatsOf(second, energyName(directionsName(each))), recipe));
    return found;
  } finally {
    await program.dispose();
  }
}

/** Directions of a layer's input as they were found, or zeros. */
function directionsTensor(module: LinearModule, recipe: Int8Recipe, found: ReadonlyMap<string, Data>): Tensor {
  const shape = [directionsOf(module, recipe), module.inFeatures];
  return float32(shape, found.get(directionsName(module)) as Float32Array | undefined);
}

/** Columns count as no weaker than this share of the mean. */
const LEAST_SHARE = 1e-3;

/** Factors that bring columns with these sums of squares nearer to each other. */
export function factorsOf(energy: Float32Array, { levelling }: Pick<Int8Recipe, 'levelling'>): Float32Array {
  const roots = energy.map((sum) => Math.sqrt(Math.max(0, sum)));
  const mean = roots.reduce((a, b) => a + b, 0) / roots.length;
  return roots.map((root) => (mean > 0 ? Math.max(root / mean, LEAST_SHARE) ** -levelling : 1));
}

/** Where sketches begin: ±1, drawn by the width alone. */
function starts(config: ModelConfig, recipe: Int8Recipe): Tensors {
  const widths = new Set(linearModules(config).map(({ inFeatures }) => inFeatures));
  return Object.fromEntries([...widths].map((width) => [startName(width), startOf(width, recipe)]));
}

function startOf(inFeatures: number, recipe: Int8Recipe): Tensor {
  const count = directionsOf({ inFeatures }, recipe);
  const random = new Random(0, 'int8', inFeatures);
  const data = Float32Array.from({ length: inFeatures * count }, () => (random.bits() & 1 ? 1 : -1));
  return { type: 'float32', shape: [inFeatures, count], data };
}

/** Directions [r, size] that the columns of a sketch [size, r] span, by Gram and Schmidt, twice; zeros where they span fewer. */
export function orthonormal(sketch: Float32Array, size: number): Float32Array {
  const count = sketch.length / size;
  const columns = Array.from({ length: count }, (_, c) =>
    Float64Array.from({ length: size }, (__, i) => sketch[i * count + c] ?? 0),
  );
  const longest = Math.max(...columns.map(lengthOf));
  const directions: Float64Array[] = [];
  for (const column of columns) {
    for (let pass = 0; pass < 2; pass++)
      for (const direction of directions) takeAway(column, direction, dot(column, direction));
    const length = lengthOf(column);
    directions.push(length > LEAST_LENGTH * longest ? column.map((value) => value / length) : column.fill(0));
  }
  return Float32Array.from(directions.flatMap((direction) => [...direction]));
}

const lengthOf = (vector: Float64Array): number => Math.sqrt(dot(vector, vector));

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function takeAway(from: Float64Array, direction: Float64Array, times: number): void {
  for (let i = 0; i < from.length; i++) from[i] = (from[i] as number) - times * (direction[i] as number);
}

/** Where codes are put. */
interface Made {
  readonly values: Map<string, Data>;
  readonly blocks: LargeBlocks;
}

/** Adds the codes of the output head, made piece by piece. */
async function addHeadCodes({ engine, recipe, initial }: Int8Source, head: TokenModule, made: Made): Promise<void> {
  const { vocabSize, hiddenSize, path } = head;
  const rows = headRowsOf(head, recipe) ?? vocabSize;
  const graph = int8Graph({ inFeatures: hiddenSize, outFeatures: rows }, headRecipe(recipe));
  const asked = { type: 'float32', trained: false, value: at(graph.inputs, 0) } as const;
  const weight = initial({ ...weightParameter(head), ...asked }) as Float32Array;
  const forwardCodes = made.blocks.zeros(Int8Array, weight.length);
  const forwardScales = new Float32Array(vocabSize);
  const backCodes = made.blocks.zeros(Int8Array, weight.length);
  const backScales = new Float32Array((vocabSize / rows) * hiddenSize);
  const columns: Tensor = { type: 'int8', shape: [hiddenSize, rows], data: new Int8Array(hiddenSize * rows) };
  const program = await engine.compile(graph);
  try {
    for (let first = 0; first < vocabSize; first += rows) {
      const [start, end] = [first * hiddenSize, (first + rows) * hiddenSize];
      const own = (first / rows) * hiddenSize;
      // Into where they stay, and columns into one place: fresh arrays would be as large as the head together.
      await program.run(
        { weight: float32([rows, hiddenSize], weight.subarray(start, end)) },
        {
          forwardCodes: columns,
          forwardScales: float32([rows], forwardScales.subarray(first, first + rows)),
          backCodes: { type: 'int8', shape: [rows, hiddenSize], data: backCodes.subarray(start, end) },
          backScales: float32([hiddenSize], backScales.subarray(own, own + hiddenSize)),
        },
      );
      placeColumns(columns.data as Int8Array, forwardCodes, { rows, vocabSize, first });
    }
  } finally {
    await program.dispose();
  }
  for (const [role, data] of Object.entries({ forwardCodes, forwardScales, backCodes, backScales }))
    made.values.set(`${path}.int8.${role}`, data);
}

/** Puts a matrix of `rows` columns into one of `vocabSize`, from column `first` on; no view is made, for there would be a hundred thousand. */
function placeColumns(
  from: Int8Array,
  into: Int8Array,
  { rows, vocabSize, first }: { readonly rows: number; readonly vocabSize: number; readonly first: number },
): void {
  for (let at = 0, to = first; at < from.length; at += rows, to += vocabSize)
    for (let i = 0; i < rows; i++) into[to + i] = from[at + i] as number;
}

/** Adds the codes of linear layers of one shape. */
async function addCodes(
  { engine, recipe, initial }: Int8Source,
  modules: readonly LinearModule[],
  { values, blocks }: Made,
): Promise<void> {
  const [first] = modules;
  if (first === undefined) return;
  const graph = int8Graph(first, recipe);
  const program = await engine.compile(graph);
  const asked = { type: 'float32', trained: false, value: at(graph.inputs, 0) } as const;
  try {
    for (const module of modules) {
      const { inFeatures, outFeatures } = module;
      const made = await program.run({
        weight: float32([outFeatures, inFeatures], initial({ ...weightParameter(module), ...asked }) as Float32Array),
        directions: directionsTensor(module, recipe, values),
        factors: float32([inFeatures], values.get(factorsName(module)) as Float32Array | undefined),
      });
      for (const [role, { data }] of Object.entries(made)) values.set(`${module.path}.int8.${role}`, blocks.copy(data));
    }
  } finally {
    await program.dispose();
  }
}
