/** Shape rules: for every operation, the types and shapes of its outputs; an operation without its rule does not compile. */
import { ShapeError } from '../core/errors.js';
import { axisOf, broadcast, product, sameShape, sum, type Dim, type Shape } from './dims.js';
import { at, dimOf, type Op, type OpAttributes, type OutputType, type ReduceAttributes, type Value } from './ir.js';

type ShapeRule<P extends Op> = (inputs: readonly Value[], attributes: OpAttributes[P]) => readonly OutputType[];

function fail(op: string, inputs: readonly Value[], why: string): never {
  throw new ShapeError(`${op}(${inputs.map((each) => `${each.type}[${each.shape.join(', ')}]`).join(', ')}): ${why}`);
}

const same = (inputs: readonly Value[]): OutputType[] => [{ type: at(inputs, 0).type, shape: at(inputs, 0).shape }];

function elementwise(inputs: readonly Value[]): OutputType[] {
  const [a, b] = [at(inputs, 0), at(inputs, 1)];
  if (a.type !== b.type) fail('elementwise', inputs, 'both sides must have one type');
  return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
}

function reduced(inputs: readonly Value[], axes: readonly number[], keepdims: boolean): OutputType[] {
  const x = at(inputs, 0);
  const gone = new Set(axes.map((axis) => axisOf(axis, x.shape.length)));
  const shape = x.shape.flatMap((dim, i) => (gone.has(i) ? (keepdims ? [1] : []) : [dim]));
  return [{ type: x.type, shape }];
}

const reduceRule = (inputs: readonly Value[], { axes, keepdims }: ReduceAttributes): OutputType[] =>
  reduced(inputs, axes, keepdims);

function withAxis(shape: Shape, axis: number, dim: Dim): Shape {
  return shape.map((each, i) => (i === axis ? dim : each));
}

export const SHAPE_RULES: { readonly [P in Op]: ShapeRule<P> } = {
  Add: elementwise,
  Sub: elementwise,
  Mul: elementwise,
  Div: elementwise,
  Neg: same,
  Exp: same,
  Log: same,
  Sigmoid: same,
  QuickGelu: same,
  MatMul: (inputs) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    if (dimOf(a, -1) !== dimOf(b, -2)) fail('MatMul', inputs, 'inner sizes differ');
    const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ type: a.type, shape: [...batch, dimOf(a, -2), dimOf(b, -1)] }];
  },
  Gemm: (inputs, { transA, transB }) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    if (a.shape.length !== 2 || b.shape.length !== 2) fail('Gemm', inputs, 'both sides must be matrices');
    const [m, k] = transA ? [dimOf(a, 1), dimOf(a, 0)] : [dimOf(a, 0), dimOf(a, 1)];
    const [k2, n] = transB ? [dimOf(b, 1), dimOf(b, 0)] : [dimOf(b, 0), dimOf(b, 1)];
    if (k !== k2) fail('Gemm', inputs, `inner sizes differ: ${k} and ${k2}`);
    return [{ type: a.type, shape: [m, n] }];
  },
  Transpose: (inputs, { perm }) => {
    const x = at(inputs, 0);
    if (perm.length !== x.shape.length || new Set(perm).size !== perm.length)
      fail('Transpose', inputs, `perm ${perm.join(' ')} does not fit`);
    return [{ type: x.type, shape: perm.map((axis) => dimOf(x, axis)) }];
  },
  Reshape: (inputs, { shape }) => {
    const x = at(inputs, 0);
    if (product(x.shape) !== product(shape)) fail('Reshape', inputs, `cannot become [${shape.join(', ')}]`);
    return [{ type: x.type, shape }];
  },
  Expand: (inputs, { shape }) => {
    const x = at(inputs, 0);
    if (!sameShape(broadcast(x.shape, shape), shape)) fail('Expand', inputs, `cannot become [${shape.join(', ')}]`);
    return [{ type: x.type, shape }];
  },
  Softmax: same,
  ReduceSum: reduceRule,
  ReduceMean: reduceRule,
  ReduceMax: reduceRule,
  Gather: (inputs, { axis }) => {
    const [x, indices] = [at(inputs, 0), at(inputs, 1)];
    const along = axisOf(axis, x.shape.length);
    return [{ type: x.type, shape: [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)] }];
  },
  GatherElements: (inputs) => [{ type: at(inputs, 0).type, shape: at(inputs, 1).shape }],
  ScatterElements: (inputs) => {
    if (!sameShape(at(inputs, 1).shape, at(inputs, 2).shape))
      fail('ScatterElements', inputs, 'indices and updates must have one shape');
    return same(inputs);
  },
  Concat: (inputs, { axis }) => {
    const x = at(inputs, 0);
    const along = axisOf(axis, x.shape.length);
    for (const each of inputs) {
      if (!sameShape(withAxis(each.shape, along, 0), withAxis(x.shape, along, 0)))
        fail('Concat', inputs, 'sizes beside the axis differ');
    }
    return [{ type: x.type, shape: withAxis(x.shape, along, sum(inputs.map((each) => dimOf(each, along)))) }];
  },
  Split: (inputs, { axis, sizes }) => {
    const x = at(inputs, 0);
    const along = axisOf(axis, x.shape.length);
    if (dimOf(x, along) !== sum(sizes)) fail('Split', inputs, `sizes ${sizes.join(' + ')} do not fill axis ${along}`);
    return sizes.map((size) => ({ type: x.type, shape: withAxis(x.shape, along, size) }));
  },
  Slice: (inputs, { axis, start, end }) => {
    const x = at(inputs, 0);
    const along = axisOf(axis, x.shape.length);
    const size = dimOf(x, along);
    if (typeof size !== 'number' || start < 0 || end > size || start >= end)
      fail('Slice', inputs, `${start} to ${end} of axis ${along}`);
    return [{ type: x.type, shape: withAxis(x.shape, along, end - start) }];
  },
  Where: (inputs) => {
    const [condition, a, b] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    return [{ type: a.type, shape: broadcast(condition.shape, broadcast(a.shape, b.shape)) }];
  },
  Cast: (inputs, { to }) => [{ type: to, shape: at(inputs, 0).shape }],
  Constant: (_, { type, shape }) => [{ type, shape }],
  ConstantOfShape: (_, { shape }) => [{ type: 'float32', shape }],
  SimplifiedLayerNormalization: (inputs) => {
    const [x, weight] = [at(inputs, 0), at(inputs, 1)];
    if (!sameShape(weight.shape, [dimOf(x, -1)]))
      fail('SimplifiedLayerNormalization', inputs, 'weight must match the last axis');
    return [
      { type: x.type, shape: x.shape },
      { type: x.type, shape: [...x.shape.slice(0, -1), 1] },
    ];
  },
  RotaryEmbedding: (inputs, { heads }) => {
    const [x, positions, cos] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    if (x.shape.length !== 3 || !sameShape(positions.shape, x.shape.slice(0, 2)))
      fail('RotaryEmbedding', inputs, 'x must be [B, S, heads·d] and positions [B, S]');
    if (dimOf(x, 2) !== product([heads, 2, dimOf(cos, 1)]))
      fail('RotaryEmbedding', inputs, `${heads} heads do not fit`);
    return [{ type: x.type, shape: x.shape }];
  },
  SoftmaxCrossEntropyLoss: (inputs) => {
    const [scores, labels] = [at(inputs, 0), at(inputs, 1)];
    if (scores.shape.length !== 2 || !sameShape(labels.shape, scores.shape.slice(0, 1)))
      fail('SoftmaxCrossEntropyLoss', inputs, 'scores must be [M, V] and labels [M]');
    return [
      { type: scores.type, shape: labels.shape },
      { type: scores.type, shape: scores.shape },
    ];
  },
  DequantizeLinear: (inputs, { axis, blockSize }) => {
    const [x, scale] = [at(inputs, 0), at(inputs, 1)];
    const along = axisOf(axis, x.shape.length);
    const size = dimOf(x, along);
    if (typeof size !== 'number' || dimOf(scale, along) !== Math.ceil(size / blockSize))
      fail('DequantizeLinear', inputs, `blocks of ${blockSize} do not fit`);
    return [{ type: scale.type, shape: x.shape }];
  },
};

/** Types and shapes of a node's outputs; throws ShapeError where the inputs do not fit. */
export function inferOutputs<P extends Op>(
  op: P,
  inputs: readonly Value[],
  attributes: OpAttributes[P],
): readonly OutputType[] {
  return SHAPE_RULES[op](inputs, attributes);
}
