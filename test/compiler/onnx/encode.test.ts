/** ONNX models of graphs, judged by ONNX Runtime: shapes computed from the inputs' own, names, constants, refusals. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { Builder } from '../../../src/compiler/builder.js';
import type { Shape } from '../../../src/compiler/dims.js';
import type { Graph, Value } from '../../../src/compiler/ir.js';
import { encodeOnnx } from '../../../src/compiler/onnx/encode.js';
import { UnsupportedOpError } from '../../../src/core/errors.js';

type Feeds = Readonly<Record<string, Tensor>>;

/** Shape and values of every output; without optimisation, so that the model is run as it was written. */
async function run(graph: Graph, feeds: Feeds): Promise<Record<string, { dims: readonly number[]; data: number[] }>> {
  const session = await InferenceSession.create(encodeOnnx(graph), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [
      name,
      { dims, data: Array.from(data as Float32Array, Number) },
    ]),
  );
}

function ramp(...dims: readonly number[]): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  return new Tensor(
    'float32',
    Float32Array.from({ length: count }, (_, i) => i + 1),
    [...dims],
  );
}

const SIZES = [
  [1, 1, 1],
  [2, 3, 4],
  [3, 1, 2],
] as const;

/** A graph that reshapes or fills with inputs x [B, S, 4] and past [B, P, 4]. */
function shaped(build: (b: Builder, x: Value, past: Value) => Record<string, Value>): Graph {
  const b = new Builder();
  const [x, past] = [b.input('x', 'float32', ['B', 'S', 4]), b.input('past', 'float32', ['B', 'P', 4])];
  return b.finish(build(b, x, past));
}

const fed = (b: number, s: number, p: number): Feeds => ({ x: ramp(b, s, 4), past: ramp(b, p, 4) });

describe('symbolic sizes', () => {
  it('are put together from two inputs, by product and by sum', async () => {
    const graph = shaped((b, x, past) => {
      const joined = b.concat([past, x], 1);
      return {
        flat: b.reshape(x, ['B*S', 4]),
        heads: b.reshape(x, ['B', 'S', 2, 2]),
        joined,
        rows: b.reshape(joined, ['B*P+B*S', 2, 2]),
        turned: b.reshape(joined, [2, 'B', '2*P+2*S']),
        mask: b.full(['B', 1, 'S', 'P+S'], 1),
        counted: b.full(['1+P+2*S*S']),
      };
    });
    for (const [b, s, p] of SIZES) {
      const results = await run(graph, fed(b, s, p));
      const dims = Object.fromEntries(Object.entries(results).map(([name, each]) => [name, each.dims]));
      expect(dims).toEqual({
        flat: [b * s, 4],
        heads: [b, s, 2, 2],
        joined: [b, p + s, 4],
        rows: [b * (p + s), 2, 2],
        turned: [2, b, 2 * (p + s)],
        mask: [b, 1, s, p + s],
        counted: [1 + p + 2 * s * s],
      });
      expect(results.mask?.data.every((each) => each === 1)).toBe(true);
      expect(results.counted?.data.every((each) => each === 0)).toBe(true);
    }
  });

  it('tell a sum from a product of the same symbols', async () => {
    const graph = shaped((b) => ({
      sum: b.full(['P+S', 'B']),
      product: b.full(['P*S', 'B']),
      other: b.full(['P', 'S', 'B']),
    }));
    const results = await run(graph, fed(2, 3, 4));
    expect([results.sum?.dims, results.product?.dims, results.other?.dims]).toEqual([
      [7, 2],
      [12, 2],
      [4, 3, 2],
    ]);
  });

  it('are read from an axis of any input, even one of integers that is used for nothing else', async () => {
    const b = new Builder();
    b.input('ids', 'int64', [3, 'N']);
    const graph = b.finish({ filled: b.full(['2*N', 'N'], 0.5) });
    const ids = new Tensor('int64', new BigInt64Array(15), [3, 5]);
    expect((await run(graph, { ids })).filled?.dims).toEqual([10, 5]);
  });

  it('stretch a value to two of them', async () => {
    const graph = shaped((b) => ({ wide: b.expand(b.constant([1, 2, 3, 4], [1, 4]), ['B', 'S', 4]) }));
    expect(await run(graph, fed(2, 3, 1))).toMatchObject({ wide: { dims: [2, 3, 4] } });
  });

  it('that no input has are refused by name', () => {
    const b = new Builder();
    b.input('mask', 'float32', ['P+S']);
    const graph = b.finish({ y: b.full(['P'], 1) });
    expect(() => encodeOnnx(graph)).toThrow(UnsupportedOpError);
    expect(() => encodeOnnx(graph)).toThrow('no input has the size "P" as one of its axes');
  });
});

describe('names', () => {
  it('may be what the encoder might have used itself', async () => {
    const b = new Builder();
    const names = ['v1', 'size_0', 'shape_0', 'const_int64_1_2', '1'];
    const inputs = names.map((name) => b.input(name, 'float32', ['B', 2]));
    const sum = inputs.reduce((a, c) => b.add(a, c));
    const graph = b.finish({ 'model.layers.0/y:0': b.reshape(sum, [2, 'B']), 'gradient:x': b.full(['B', 'B'], 2) });
    const results = await run(graph, Object.fromEntries(names.map((name) => [name, ramp(2, 2)])));
    expect(results['model.layers.0/y:0']?.data).toEqual([5, 10, 15, 20]);
    expect(results['gradient:x']?.data).toEqual([2, 2, 2, 2]);
  });
});

describe('constants', () => {
  it('of every type come back as they are', async () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [1]);
    const types = ['float32', 'int64', 'int32', 'int8', 'uint8', 'bool'] as const;
    const outputs = types.map(
      (type) => [type, b.op('Cast', [b.constant([1, 0, 1], [3], type)], { to: 'float32' })] as const,
    );
    const results = await run(b.finish({ fed: x, ...Object.fromEntries(outputs) }), { x: ramp(1) });
    for (const type of types) expect(results[type]?.data, type).toEqual([1, 0, 1]);
  });

  it('keep signs, infinities and 64 bits', async () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [1]);
    const one = b.constant([1]);
    const graph = b.finish({
      fed: x,
      signs: b.concat([b.div(one, b.constant([0])), b.div(one, b.constant([-0]))], 0),
      ends: b.constant([Infinity, -Infinity]),
      far: b.constant([2 ** 52, -(2 ** 40)], [2], 'int64'),
    });
    const results = await run(graph, { x: ramp(1) });
    expect(results.signs?.data).toEqual([Infinity, -Infinity]);
    expect(results.ends?.data).toEqual([Infinity, -Infinity]);
    expect(results.far?.data).toEqual([2 ** 52, -(2 ** 40)]);
  });

  it('of many numbers are not taken for each other', async () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [1]);
    const lists = [0, 1, 2].map((start) => Array.from({ length: 20 }, (_, i) => start + i));
    const outputs = lists.map((list, i) => [`list${i}`, b.constant(list)] as const);
    const results = await run(b.finish({ fed: x, ...Object.fromEntries(outputs) }), { x: ramp(1) });
    lists.forEach((list, i) => expect(results[`list${i}`]?.data).toEqual(list));
  });

  it('in half precision are refused', () => {
    const b = new Builder();
    const graph = b.finish({ y: b.constant([1], [1], 'float16') });
    expect(() => encodeOnnx(graph)).toThrow('constants in float16 are not written: cast from float32');
  });
});

describe('what is declared', () => {
  it('is the type and shape of inputs and outputs, symbols by name', async () => {
    const graph = shaped((b, x, past) => ({ joined: b.concat([past, x], 1) }));
    const session = await InferenceSession.create(encodeOnnx(graph));
    const shapeOf = (list: typeof session.inputMetadata): (readonly [string, Shape])[] =>
      list.map((each) => [each.name, each.isTensor ? each.shape : []]);
    expect(shapeOf(session.inputMetadata)).toEqual([
      ['x', ['B', 'S', 4]],
      ['past', ['B', 'P', 4]],
    ]);
    expect(shapeOf(session.outputMetadata)).toEqual([['joined', ['B', 'P+S', 4]]]);
    await session.release();
  });
});

describe('an operation that is only a composite', () => {
  it('is refused until it is lowered', () => {
    const b = new Builder();
    const loss = b.op(
      'SoftmaxCrossEntropyLoss',
      [b.input('x', 'float32', ['M', 3]), b.input('y', 'int64', ['M', 1])],
      {},
    );
    const graph = b.finish({ loss });
    expect(() => encodeOnnx(graph)).toThrow('SoftmaxCrossEntropyLoss must be lowered to primitives first');
  });
});

describe('outputs', () => {
  it('may be an input, a constant, or given out twice and used again', async () => {
    const b = new Builder();
    const x = b.input('x', 'float32', ['N', 2]);
    const twice = b.add(x, x);
    const graph = b.finish({ same: x, five: b.full([1, 2], 5), twice, again: twice, more: b.add(twice, x) });
    expect(await run(graph, { x: ramp(2, 2) })).toEqual({
      same: { dims: [2, 2], data: [1, 2, 3, 4] },
      five: { dims: [1, 2], data: [5, 5] },
      twice: { dims: [2, 2], data: [2, 4, 6, 8] },
      again: { dims: [2, 2], data: [2, 4, 6, 8] },
      more: { dims: [2, 2], data: [3, 6, 9, 12] },
    });
  });
});

describe('waiting', () => {
  it.each([
    ['of its own shape', ['N', 2], [2, 2]],
    ['of another shape', [3, 'N', 1], [3, 2, 1]],
  ] as const)('for a value %s leaves a value as it is', async (_, shape, dims) => {
    const b = new Builder();
    const [x, y] = [b.input('x', 'float32', ['N', 2]), b.input('y', 'float32', shape)];
    const late = b.exp(y);
    const graph = b.finish({ first: b.op('After', [x, late], {}), second: b.op('After', [b.neg(x), late], {}) });
    expect(await run(graph, { x: ramp(2, 2), y: ramp(...dims) })).toEqual({
      first: { dims: [2, 2], data: [1, 2, 3, 4] },
      second: { dims: [2, 2], data: [-1, -2, -3, -4] },
    });
  });
});
