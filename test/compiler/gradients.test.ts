/** Compiled gradients against central finite differences of the reference in f64, for every operation with a rule. */
import { afterAll, describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import { GRADIENT_RULES, gradients } from '../../src/compiler/gradients.js';
import type { Op, Value } from '../../src/compiler/ir.js';
import { SHAPE_RULES } from '../../src/compiler/shapes.js';
import { UnsupportedOpError } from '../../src/core/errors.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { interpret, type NdArray } from '../../src/engine/reference.js';
import { CASES, type Case } from './cases.js';
import { buildGradients, drawInputs, expectClose, runOn, type Arrays, type Built } from './run-case.js';

const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });

/** Step of the differences; their error is of the order of its square. */
const STEP = 1e-4;
const F64_TOLERANCE = 1e-6;
const F32_TOLERANCE = 1e-5;

/** Operations without a rule, and why. */
const WITHOUT_RULE: Partial<Record<Op, string>> = {
  ReduceMax: 'only the lowered cross entropy uses it, after gradients are taken',
  Cast: 'from and to integers and truths; floats of two widths are not mixed on the way to a loss',
  After: 'is put in after gradients are taken',
  FusedMatMul: 'is put in after gradients are taken',
  Constant: 'has no inputs',
  ConstantOfShape: 'has no inputs',
  CrossEntropyGradient: 'is a gradient itself',
  DequantizeLinear: 'quantised weights are frozen',
  Abs: 'only the lowered product of eight bits uses it, after gradients are taken',
  QuantizeLinear: 'is put in after gradients are taken',
  MatMulIntegerToFloat: 'is put in after gradients are taken',
};

function lossAt({ graph }: Built, inputs: Arrays): number {
  const value = interpret(graph, inputs).loss?.data[0];
  if (value === undefined) throw new Error('the graph has no loss');
  return value;
}

function shifted(inputs: Arrays, name: string, place: number, by: number): Arrays {
  const array = inputs[name] as NdArray;
  return {
    ...inputs,
    [name]: { shape: array.shape, data: array.data.map((each, i) => (i === place ? each + by : each)) },
  };
}

/** (f(x + h) − f(x − h)) / 2h for every element of an input. */
function differences(built: Built, inputs: Arrays, name: string): NdArray {
  const lossOnly = {
    ...built,
    graph: { ...built.graph, outputs: built.graph.outputs.filter((each) => each.name === 'loss') },
  };
  const { shape, data } = inputs[name] as NdArray;
  const slope = (place: number): number =>
    (lossAt(lossOnly, shifted(inputs, name, place, STEP)) - lossAt(lossOnly, shifted(inputs, name, place, -STEP))) /
    (2 * STEP);
  return { shape, data: data.map((_, place) => slope(place)) };
}

const differentiable = CASES.filter((each) => each.noGradient === undefined && each.isRounded !== true);

describe('gradients by finite differences', () => {
  let ran = 0;
  let elements = 0;
  const covered = new Set<Op>();

  for (const test of differentiable)
    it(`hold for ${test.name}`, async () => {
      const built = buildGradients(test);
      const inputs = drawInputs(built.specs, test.sizes, test.name);
      const compiled = interpret(built.graph, inputs);
      const onRuntime = await runOn(engine, built, inputs);
      expect(built.sources.length).toBeGreaterThan(0);
      for (const name of built.sources) {
        const expected = differences(built, inputs, name);
        expectClose(compiled[`d_${name}`], expected, F64_TOLERANCE, `${test.name}: d_${name} by the reference`);
        expectClose(onRuntime[`d_${name}`], expected, F32_TOLERANCE, `${test.name}: d_${name} by ONNX Runtime`);
        elements += expected.data.length;
      }
      for (const op of test.ops) covered.add(op);
      ran++;
    });

  it('were taken for every operation that has a rule', () => {
    const rounded = CASES.filter(({ isRounded }) => isRounded === true).flatMap(({ ops }) => ops);
    expect(Object.keys(GRADIENT_RULES).filter((op) => !covered.has(op as Op))).toEqual([...new Set(rounded)]);
  });

  afterAll(() => {
    console.log(`gradients: ${ran} of ${differentiable.length} cases, ${elements} derivatives by finite differences`);
  });
});

/** codes · scales of its columns. */
function decoded(codes: NdArray, scales: NdArray): NdArray {
  const columns = codes.shape[1] as number;
  return { shape: codes.shape, data: codes.data.map((code, i) => code * (scales.data[i % columns] as number)) };
}

function product(x: NdArray, w: NdArray): NdArray {
  const [rows, inner, columns] = [x.shape[0] as number, x.shape[1] as number, w.shape[1] as number];
  const value = (i: number): number => {
    let sum = 0;
    for (let k = 0; k < inner; k++)
      sum += (x.data[Math.floor(i / columns) * inner + k] as number) * (w.data[k * columns + (i % columns)] as number);
    return sum;
  };
  return { shape: [rows, columns], data: Float64Array.from({ length: rows * columns }, (_, i) => value(i)) };
}

/** Rounded to 127 steps of a row's largest value on either side of zero. */
function inEightBits({ shape, data }: NdArray): NdArray {
  const width = shape[1] as number;
  const steps = Array.from({ length: shape[0] as number }, (_, row) => {
    const values = data.subarray(row * width, (row + 1) * width);
    return Math.max(...values.map(Math.abs)) / 127;
  });
  return {
    shape,
    data: data.map((value, i) => {
      const step = steps[Math.floor(i / width)] as number;
      return Math.round(value / step) * step;
    }),
  };
}

describe('the gradient of a product of eight bits', () => {
  const test = CASES.find(({ name }) => name === 'Int8MatMul: rows as they are') as Case;

  it('is the product with the codes of the other direction, on both engines', async () => {
    const built = buildGradients(test);
    const inputs = drawInputs(built.specs, test.sizes, test.name);
    const named = (name: string): NdArray => inputs[name] as NdArray;
    const expected = product(inEightBits(named('g0')), decoded(named('backC'), named('backS')));
    expectClose(interpret(built.graph, inputs)['d_x'], expected, F64_TOLERANCE, 'd_x by the reference');
    expectClose((await runOn(engine, built, inputs))['d_x'], expected, F32_TOLERANCE, 'd_x by ONNX Runtime');
  });

  it('and its value that with rows in eight bits', () => {
    const built = buildGradients(test);
    const inputs = drawInputs(built.specs, test.sizes, test.name);
    const named = (name: string): NdArray => inputs[name] as NdArray;
    const expected = product(inEightBits(named('x')), decoded(named('c'), named('s')));
    expectClose(interpret(built.graph, inputs)['y0'], expected, F64_TOLERANCE, 'y0');
  });
});

describe('operations without a gradient', () => {
  it('are listed with the reason, and no others', () => {
    const without = Object.keys(SHAPE_RULES).filter((op) => !(op in GRADIENT_RULES));
    expect(without.sort()).toEqual(Object.keys(WITHOUT_RULE).sort());
  });

  const refused = CASES.filter(
    (each) => Object.values(each.inputs).some(({ type }) => type === 'float32') && each.noGradient !== undefined,
  );
  it.each(refused)('are refused by name: $name', (test) => {
    expect(() => buildGradients(test)).toThrow(UnsupportedOpError);
    const reason = test.noGradient ?? '';
    const said = reason.startsWith('no rule') ? `no gradient rule for ${test.ops[0]}` : reason;
    expect(() => buildGradients(test)).toThrow(said);
  });
});

describe('the walk', () => {
  function scalarLoss(build: (b: Builder, x: Value) => Value): { b: Builder; x: Value; loss: Value } {
    const b = new Builder();
    const x = b.input('x', 'float32', [2]);
    return { b, x, loss: b.reduceSum(build(b, x), [0], false) };
  }

  it('refuses a parameter that does not reach the loss', () => {
    const { b, x, loss } = scalarLoss((_, value) => value);
    const other = b.input('other', 'float32', [2]);
    expect(() => gradients(b, loss, [x, other])).toThrow('parameter "other" does not reach the loss');
  });

  it('refuses a parameter that reaches the loss through an output without a gradient to it alone', () => {
    const b = new Builder();
    const [q, v] = [b.input('q', 'float32', [2, 3]), b.input('v', 'float32', [2, 3])];
    const [, logSum] = b.apply('Attention', [q, q, v, b.full([2, 2])], {}) as [Value, Value];
    const loss = b.reduceSum(logSum, [0, 1], false);
    expect(() => gradients(b, loss, [v])).toThrow('parameter "v" does not reach the loss');
  });

  it('takes the gradient of the loss by itself as one', () => {
    const { b, loss } = scalarLoss((_, value) => value);
    const [own] = gradients(b, loss, [loss]);
    const x = { shape: [2], data: Float64Array.of(3, 4) };
    expect(interpret(b.finish({ own: own as Value }), { x }).own?.data).toEqual(Float64Array.of(1));
  });

  it('adds no node for what no parameter reaches', () => {
    const { b, x } = scalarLoss((_, value) => value);
    const frozen = b.input('frozen', 'float32', [3, 2]);
    const hidden = b.gemm(b.exp(frozen), b.input('w', 'float32', [2, 2]));
    const loss = b.reduceSum(b.mul(hidden, x), [0, 1], false);
    const before = b.nodes.length;
    gradients(b, loss, [x]);
    expect(b.nodes.slice(before).map((node) => node.op)).not.toContain('Gemm');
  });

  it('leaves alone what comes after the loss', () => {
    const { b, x, loss } = scalarLoss((builder, value) => builder.mul(value, value));
    b.exp(loss);
    const [dx] = gradients(b, loss, [x]);
    const results = interpret(b.finish({ dx: dx as Value }), { x: { shape: [2], data: Float64Array.of(3, -4) } });
    expect([...(results.dx?.data ?? [])]).toEqual([6, -8]);
  });

  it('refuses a loss of more than one element', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [2]);
    expect(() => gradients(b, b.exp(x), [x])).toThrow('the loss must be one number, not [2]');
  });
});
