/** Values of a graph's symbolic sizes in one run. */
import { ShapeError } from '../core/errors.js';
import { evaluateDim } from './dims.js';
import { at, type Graph, type Value } from './ir.js';

/** Values of the symbols in the inputs' shapes, given the shape that each is fed; throws ShapeError where one does not fit. */
export function sizesOf(graph: Graph, shapeOf: (input: Value) => readonly number[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const bound = graph.inputs.map((value) => ({ value, shape: shapeOf(value) }));
  for (const { value, shape } of bound)
    value.shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && /^\w+$/.test(dim) && !sizes.has(dim)) sizes.set(dim, at(shape, axis));
    });
  for (const { value, shape } of bound) {
    const expected = value.shape.map((dim) => evaluateDim(dim, sizes));
    if (shape.join() !== expected.join())
      throw new ShapeError(
        `input "${value.name}" is [${shape.join(', ')}], the graph says [${value.shape.join(', ')}] = [${expected.join(', ')}]`,
      );
  }
  return sizes;
}
