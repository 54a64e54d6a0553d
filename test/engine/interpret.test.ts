/** The interpreter's own: f64 throughout, and refusal of inputs that do not fit. */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import type { Graph } from '../../src/compiler/ir.js';
import { ShapeError } from '../../src/core/errors.js';
import { interpret, type NdArray } from '../../src/engine/reference.js';

const array = (shape: readonly number[], ...data: readonly number[]): NdArray => ({
  shape,
  data: Float64Array.from(data),
});

/** joined = past and x along P + S, of inputs that know each other's sizes. */
function joining(): Graph {
  const b = new Builder();
  const [past, x] = [b.input('past', 'float32', ['P', 2]), b.input('x', 'float32', ['S', 2])];
  const mask = b.input('mask', 'float32', ['P+S', 1]);
  return b.finish({ joined: b.add(b.concat([past, x], 0), mask) });
}

describe('interpret', () => {
  it('rounds nothing to f32', () => {
    const b = new Builder();
    const graph = b.finish({ y: b.add(b.input('x', 'float32', []), b.scalar(1e-12)) });
    expect(interpret(graph, { x: array([], 1) }).y?.data[0]).toBe(1 + 1e-12);
  });

  it('takes sums of symbols from the inputs that name them', () => {
    const inputs = { past: array([1, 2], 1, 2), x: array([1, 2], 3, 4), mask: array([2, 1], 10, 20) };
    expect(interpret(joining(), inputs).joined).toEqual(array([2, 2], 11, 12, 23, 24));
  });

  it.each<[string, Record<string, NdArray>, string]>([
    ['a missing input', { past: array([1, 2], 1, 2) }, 'input "x" is missing'],
    [
      'another number of axes',
      { past: array([2], 1, 2), x: array([1, 2], 3, 4), mask: array([2, 1], 0, 0) },
      'input "past" has 1 axes, the graph says 2',
    ],
    [
      'another known size',
      { past: array([1, 3], 1, 2, 3), x: array([1, 2], 3, 4), mask: array([2, 1], 0, 0) },
      'input "past" is [1, 3], the graph says [P, 2] = [1, 2]',
    ],
    [
      'a sum that does not add up',
      { past: array([1, 2], 1, 2), x: array([1, 2], 3, 4), mask: array([3, 1], 0, 0, 0) },
      'input "mask" is [3, 1], the graph says [P+S, 1] = [2, 1]',
    ],
  ])('refuses %s', (_, inputs, why) => {
    expect(() => interpret(joining(), inputs)).toThrow(why);
  });

  it('refuses a symbol that is two sizes at once', () => {
    const b = new Builder();
    const graph = b.finish({ y: b.add(b.input('x', 'float32', ['B']), b.input('z', 'float32', ['B'])) });
    expect(() => interpret(graph, { x: array([2], 1, 2), z: array([1], 1) })).toThrow(ShapeError);
  });

  it.each([4, -5])('refuses the index %i into four rows', (index) => {
    const b = new Builder();
    const graph = b.finish({ y: b.gather(b.input('x', 'float32', [4, 1]), b.input('i', 'int64', [1])) });
    const inputs = { x: array([4, 1], 1, 2, 3, 4), i: array([1], index) };
    expect(() => interpret(graph, inputs)).toThrow(`index ${index} is outside an axis of 4`);
  });
});
