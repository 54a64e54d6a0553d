/** Draws a case's inputs, builds its graph, and compares what programs make of it. */
import { expect } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import { evaluateDim } from '../../src/compiler/dims.js';
import { gradients } from '../../src/compiler/gradients.js';
import type { DataType, Graph, Value } from '../../src/compiler/ir.js';
import { Random } from '../../src/core/random.js';
import type { Engine, Tensors } from '../../src/engine/engine.js';
import { fromTensor, toTensor, type NdArray } from '../../src/engine/reference.js';
import type { Case, InputSpec } from './cases.js';

export type Arrays = Readonly<Record<string, NdArray>>;

function draw(spec: InputSpec, count: number, random: Random): Float64Array {
  if (spec.values) return Float64Array.from(spec.values);
  return Float64Array.from({ length: count }, () => {
    if (spec.below !== undefined) return random.below(spec.below);
    return Math.fround(spec.positive ? 0.5 + 1.5 * random.uniform() : random.normal());
  });
}

/** Values for inputs, the same at every call; floats are exact in f32. */
export function drawInputs(specs: Readonly<Record<string, InputSpec>>, sizes: Case['sizes'], seed: string): Arrays {
  const known = new Map(Object.entries(sizes));
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const shape = spec.shape.map((dim) => evaluateDim(dim, known));
      const count = shape.reduce((a, b) => a * b, 1);
      return [name, { shape, data: draw(spec, count, new Random(1, seed, name)) }];
    }),
  );
}

/** A case's graph, with what is needed to feed it. */
export interface Built {
  readonly graph: Graph;
  /** Specs of all its inputs. */
  readonly specs: Readonly<Record<string, InputSpec>>;
  /** Names of the inputs whose gradients are outputs `d_…`. */
  readonly sources: readonly string[];
  /** Nodes that were there before gradients were taken: the first so many. */
  readonly forwardNodes: number;
}

interface Begun {
  readonly b: Builder;
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: readonly Value[];
}

function begin(test: Case): Begun {
  const b = new Builder();
  const inputs = new Map(
    Object.entries(test.inputs).map(([name, spec]) => [name, b.input(name, spec.type, spec.shape)] as const),
  );
  const made = test.build(b, (name) => {
    const value = inputs.get(name);
    if (!value) throw new Error(`case "${test.name}" has no input "${name}"`);
    return value;
  });
  return { b, inputs, outputs: Array.isArray(made) ? (made as readonly Value[]) : [made as Value] };
}

const named = (values: readonly Value[]): (readonly [string, Value])[] =>
  values.map((each, i) => [`y${i}`, each] as const);

/** The case's outputs `y0`, `y1`, … */
export function buildValues(test: Case): Built {
  const { b, outputs } = begin(test);
  const graph = b.finish(Object.fromEntries(named(outputs)));
  return { graph, specs: test.inputs, sources: [], forwardNodes: graph.nodes.length };
}

/** Outputs, `loss` = Σᵢ Σ yᵢ · gᵢ with further inputs `g0`, `g1`, …, and `d_x`, the gradient of the loss, for each input x that is not frozen. */
export function buildGradients(test: Case): Built {
  const { b, inputs, outputs } = begin(test);
  const specs: Record<string, InputSpec> = { ...test.inputs };
  const parts = outputs.map((output, i) => {
    specs[`g${i}`] = { type: 'float32', shape: output.shape };
    const weighted = b.mul(output, b.input(`g${i}`, 'float32', output.shape));
    return b.reduceSum(
      weighted,
      output.shape.map((_, axis) => axis),
      false,
    );
  });
  const loss = parts.reduce((a, c) => b.add(a, c));
  const sources = Object.entries(test.inputs).flatMap(([name, { type, frozen }]) =>
    type === 'float32' && !frozen ? [name] : [],
  );
  const forwardNodes = b.nodes.length;
  const grads = gradients(
    b,
    loss,
    sources.map((name) => inputs.get(name) as Value),
  );
  const gradientOutputs = sources.map((name, i) => [`d_${name}`, grads[i] as Value] as const);
  return {
    graph: b.finish(Object.fromEntries([['loss', loss], ...named(outputs), ...gradientOutputs])),
    specs,
    sources,
    forwardNodes,
  };
}

export function tensorsOf(specs: Readonly<Record<string, { readonly type: DataType }>>, arrays: Arrays): Tensors {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { type }]) => [name, toTensor(type, arrays[name] as NdArray)]),
  );
}

/** Results of a graph on an engine. */
export async function runOn(engine: Engine, { graph, specs }: Built, arrays: Arrays): Promise<Arrays> {
  const program = await engine.compile(graph);
  try {
    const results = await program.run(tensorsOf(specs, arrays));
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromTensor(tensor)]));
  } finally {
    await program.dispose();
  }
}

/** Expects equal shapes, and values that differ by at most `tolerance` times the largest of those expected. */
export function expectClose(
  actual: NdArray | undefined,
  expected: NdArray | undefined,
  tolerance: number,
  what: string,
): void {
  if (!actual || !expected) throw new Error(`${what}: no result`);
  expect([...actual.shape], `${what}: shape`).toEqual([...expected.shape]);
  const finite = expected.data.filter((each) => Number.isFinite(each)).map(Math.abs);
  const scale = Math.max(...finite, 1e-3);
  expected.data.forEach((value, i) => {
    const found = actual.data[i] ?? NaN;
    if (found === value || Math.abs(found - value) <= tolerance * scale) return;
    expect.fail(`${what}: value ${i} is ${found}, expected ${value} (tolerance ${tolerance} of ${scale})`);
  });
}

export function expectAllClose(actual: Arrays, expected: Arrays, tolerance: number, what: string): void {
  expect(Object.keys(actual).sort(), what).toEqual(Object.keys(expected).sort());
  for (const [name, array] of Object.entries(expected)) expectClose(actual[name], array, tolerance, `${what}: ${name}`);
}
