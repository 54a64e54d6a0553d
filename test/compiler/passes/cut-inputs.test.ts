/** Matrices that come in pieces: what is computed with them is what is computed with the whole. */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../../src/compiler/builder.js';
import { cutInputs, rowCuts } from '../../../src/compiler/passes/cut-inputs.js';
import type { Graph } from '../../../src/compiler/ir.js';
import { interpret, type NdArray } from '../../../src/engine/reference.js';

const ramp = (shape: readonly number[]): NdArray => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 1)),
});

/** Every use of a matrix of ten rows and three columns that a graph has: as factor, by row, cast, and whole. */
function everyUse(): Graph {
  const b = new Builder();
  const [w, x] = [b.input('w', 'float32', [10, 3]), b.input('x', 'float32', ['B', 3])];
  const [dy, add, i] = [
    b.input('dy', 'float32', ['B', 10]),
    b.input('add', 'float32', ['B', 10]),
    b.input('i', 'int64', ['B', 2]),
  ];
  const half = b.op('Cast', [b.op('Cast', [w], { to: 'float16' })], { to: 'float32' });
  return b.finish({
    forward: b.gemm(x, w, { transB: true, alpha: 0.5 }, add),
    plain: b.gemm(x, w, { transB: true }),
    backward: b.gemm(dy, w, {}, x),
    turned: b.gemm(b.transpose(dy, [1, 0]), w, { transA: true, alpha: 2 }),
    rows: b.gather(w, i),
    columns: b.gather(w, b.constant([2, 0], [2], 'int64'), 1),
    cast: b.gemm(x, half, { transB: true }),
    first: b.gemm(w, x, { transB: true }),
    whole: b.exp(w),
    same: w,
  });
}

const FED = {
  x: ramp([4, 3]),
  dy: ramp([4, 10]),
  add: ramp([4, 10]),
  i: { shape: [4, 2], data: Float64Array.of(0, 9, 3, 4, 5, 2, 6, 7) },
};

describe('rows of a matrix in pieces', () => {
  it.each([
    [120, [10]],
    [119, [5, 5]],
    [48, [4, 4, 2]],
    [1, Array<number>(10).fill(1)],
  ])('takes at most %i bytes a piece: %j', (bytes, rows) => {
    expect(rowCuts('float32', [10, 3], bytes)).toEqual(rows);
  });

  it('leaves what is no matrix of floats of known size as it is', () => {
    for (const shape of [[1000], ['B', 3], [10, 10, 10], []]) expect(rowCuts('float32', shape, 8)).toHaveLength(1);
    expect(rowCuts('int64', [10, 3], 8)).toEqual([10]);
  });
});

describe('a graph whose matrix is cut', () => {
  it.each([48, 60, 13])('computes the same of pieces of at most %i bytes', (bytes) => {
    const w = ramp([10, 3]);
    const whole = interpret(everyUse(), { ...FED, w });
    const rows = rowCuts('float32', [10, 3], bytes);
    let end = 0;
    const pieces = rows.map((count, i): [string, NdArray] => [
      `w#${i}`,
      { shape: [count, 3], data: w.data.slice(3 * end, 3 * (end += count)) },
    ]);
    const cut = cutInputs(everyUse(), bytes);
    expect(cut.inputs.filter(({ name }) => name?.startsWith('w#'))).toHaveLength(rows.length);
    const found = interpret(cut, { ...FED, ...Object.fromEntries(pieces) });
    expect(Object.keys(found)).toEqual(Object.keys(whole));
    for (const [name, { shape, data }] of Object.entries(whole)) {
      expect(found[name]?.shape, name).toEqual(shape);
      data.forEach((value, i) => expect(found[name]?.data[i], name).toBeCloseTo(value, 12));
    }
  });

  it('holds no factor whole where pieces do', () => {
    const b = new Builder();
    const [w, x, i] = [
      b.input('w', 'float32', [10, 3]),
      b.input('x', 'float32', ['B', 3]),
      b.input('i', 'int64', ['B']),
    ];
    const y = b.gemm(b.add(x, b.gather(w, i)), w, { transB: true });
    const { nodes } = cutInputs(b.finish({ y, dx: b.gemm(y, w) }), 48);
    const largest = nodes.flatMap(({ outputs }) => outputs).filter(({ shape }) => shape[0] === 10);
    expect(largest).toEqual([]);
  });
});
