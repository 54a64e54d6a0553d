/** Values that a frozen base is computed with in integers of eight bits: directions found on a batch, and codes made of its weights. */
import type { DataType } from '../compiler/ir.js';
import { groupBy } from '../core/collections.js';
import { Random } from '../core/random.js';
import { floatsOf, type Engine, type Tensor, type TensorData, type Tensors } from '../engine/engine.js';
import { directionsName, directionsOf, int8Graph, startName } from '../models/graph/int8-weights.js';
import { modelTensors, type ParameterValues } from '../models/graph/model-tensors.js';
import type { Parameter } from '../models/graph/network.js';
import { chunksFor } from '../models/graph/packed-attention.js';
import { batchTensors } from '../models/graph/row-tensors.js';
import { sketchGraph } from '../models/graph/training-graph.js';
import type { ModelConfig } from '../models/model.js';
import { linearModules, weightParameter, type LinearModule } from '../models/modules.js';
import { weightOf, type Batch } from './batches.js';

/** Of what a base's values are made. */
export interface Int8Source {
  readonly engine: Engine;
  readonly config: ModelConfig;
  /** Gives the base's weights in f32, those of linear layers too. */
  readonly initial: ParameterValues;
  /** Longest position of any row, plus one. */
  readonly positions: number;
  /** What directions are found on: the first batch that is trained on. */
  readonly batch: Batch;
}

type Data = TensorData[DataType];

/** Columns of a sketch this much shorter than its longest add no direction. */
const LEAST_LENGTH = 1e-6;

/** Values of `parameters` that belong to products in eight bits, by name; the same at every call with the same source. */
export async function int8Values(
  source: Int8Source,
  parameters: readonly Parameter[],
): Promise<ReadonlyMap<string, Data>> {
  const values = new Map<string, Data>();
  const { tensors, sketches } = await sketched(source);
  for (const [name, { shape, data }] of Object.entries(sketches))
    values.set(name, orthonormal(data as Float32Array, shape[0] ?? 0));
  const coded = new Set(parameters.flatMap(({ module, role }) => (role === 'forwardCodes' ? [module] : [])));
  const modules = linearModules(source.config).filter(({ path }) => coded.has(path));
  for (const [, alike] of groupBy(modules, ({ inFeatures, outFeatures }) => `${inFeatures} ${outFeatures}`))
    await addCodes(source.engine, alike, tensors, values);
  return values;
}

/** Sketches of what goes into the base's linear layers, and the base's tensors. */
async function sketched({
  engine,
  config,
  initial,
  positions,
  batch,
}: Int8Source): Promise<{ tensors: Tensors; sketches: Tensors }> {
  const chunks = chunksFor(positions);
  const { graph, parameters } = sketchGraph({ config, chunks });
  const tensors = modelTensors(config, parameters, initial, positions);
  const program = await engine.compile(graph);
  try {
    const rows = batchTensors(batch, { totalWeight: weightOf(batch), heads: config, chunks });
    return { tensors, sketches: await program.run({ ...tensors, ...starts(config), ...rows }) };
  } finally {
    await program.dispose();
  }
}

/** Where sketches begin: ±1, drawn by the width alone. */
function starts(config: ModelConfig): Tensors {
  const widths = new Set(linearModules(config).map(({ inFeatures }) => inFeatures));
  return Object.fromEntries([...widths].map((width) => [startName(width), startOf(width)]));
}

function startOf(inFeatures: number): Tensor {
  const count = directionsOf({ inFeatures });
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

/** Adds the codes of linear layers of one shape. */
async function addCodes(
  engine: Engine,
  modules: readonly LinearModule[],
  tensors: Tensors,
  values: Map<string, Data>,
): Promise<void> {
  const [first] = modules;
  if (first === undefined) return;
  const program = await engine.compile(int8Graph(first));
  try {
    for (const module of modules) {
      const { inFeatures } = module;
      const directions = values.get(directionsName(module));
      const weight = floatsOf(tensors, weightParameter(module).name);
      const made = await program.run({
        weight: { type: 'float32', shape: [module.outFeatures, inFeatures], data: weight },
        ...(directions && {
          directions: { type: 'float32', shape: [directionsOf(module), inFeatures], data: directions },
        }),
      });
      for (const [role, { data }] of Object.entries(made)) values.set(`${module.path}.int8.${role}`, data);
    }
  } finally {
    await program.dispose();
  }
}
