/** Shape rules: for every operation, the types and shapes of its outputs; an operation without its rule does not compile. */
import { ShapeError } from '../core/errors.js';
import { axisOf, broadcast, difference, product, sameShape, sum, type Dim, type Shape } from './dims.js';
import { at, dimOf, type Op, type OpAttributes, type OutputType, type ReduceAttributes, type Value } from './ir.js';

type ShapeRule<P extends Op> = (inputs: readonly Value[], attributes: OpAttributes[P]) => readonly OutputType[];

function fail(why: string): never {
  throw new ShapeError(why);
}

function needOneType(inputs: readonly Value[]): void {
  if (inputs.some((each) => each.type !== at(inputs, 0).type)) fail('all must have one type');
}

function needIntegers(value: Value, what: string): void {
  if (value.type !== 'int64' && value.type !== 'int32') fail(`${what} must be int64 or int32`);
}

const same = (inputs: readonly Value[]): OutputType[] => [{ type: at(inputs, 0).type, shape: at(inputs, 0).shape }];

function elementwise(inputs: readonly Value[]): OutputType[] {
  const [a, b] = [at(inputs, 0), at(inputs, 1)];
  needOneType(inputs);
  return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
}

function reduced(inputs: readonly Value[], axes: readonly number[], keepdims: boolean): OutputType[] {
  const x = at(inputs, 0);
  const gone = new Set(axes.map((axis) => axisOf(axis, x.shape.length)));
  // ONNX reads an empty list as all axes.
  if (gone.size === 0 || gone.size < axes.length) fail(`axes [${axes.join(', ')}] must be one or more, each once`);
  const shape = x.shape.flatMap((dim, i) => (gone.has(i) ? (keepdims ? [1] : []) : [dim]));
  return [{ type: x.type, shape }];
}

const reduceRule = (inputs: readonly Value[], { axes, keepdims }: ReduceAttributes): OutputType[] =>
  reduced(inputs, axes, keepdims);

function withAxis(shape: Shape, axis: number, dim: Dim): Shape {
  return shape.map((each, i) => (i === axis ? dim : each));
}

function needElementIndices(x: Value, indices: Value, axis: number): void {
  needIntegers(indices, 'indices');
  if (indices.shape.length !== x.shape.length) fail('indices must have as many axes as the data');
  axisOf(axis, x.shape.length);
}

function batchedProduct(inputs: readonly Value[], transA: boolean, transB: boolean): OutputType[] {
  const [a, b] = [at(inputs, 0), at(inputs, 1)];
  needOneType(inputs);
  if (a.shape.length < 2 || b.shape.length < 2) fail('both sides must have two axes or more');
  const [rows, inner] = transA ? [dimOf(a, -1), dimOf(a, -2)] : [dimOf(a, -2), dimOf(a, -1)];
  const [inner2, columns] = transB ? [dimOf(b, -1), dimOf(b, -2)] : [dimOf(b, -2), dimOf(b, -1)];
  if (inner !== inner2) fail('inner sizes differ');
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return [{ type: a.type, shape: [...batch, rows, columns] }];
}

/** Length of a slice; symbolic ends are within the axis where what lies before and behind the slice has a size too. */
function sliceLength(size: Dim, start: Dim, end: Dim, axis: number): Dim {
  const isKnown = typeof start === 'number' && typeof end === 'number';
  const length = (isKnown && typeof size !== 'number') || isNegative(start) ? undefined : difference(end, start);
  if (length === undefined || length === 0 || difference(size, end) === undefined)
    fail(`${start} to ${end} is not within axis ${axis} of size ${size}`);
  return length;
}

const isNegative = (dim: Dim): boolean => typeof dim === 'number' && dim < 0;

/** Shape of a product of matrices, or of as many matrices each, whose right side has a scale for each column. */
function codedProduct(a: { readonly shape: Shape }, codes: Value, scales: Value): Shape {
  const stack = a.shape.slice(0, -2);
  if (a.shape.length < 2 || a.shape.length > 3 || codes.shape.length !== a.shape.length)
    fail('both sides must be matrices, or stacks of them');
  if (!sameShape(stack, codes.shape.slice(0, -2))) fail('both sides must have as many matrices');
  if (dimOf(a, -1) !== dimOf(codes, -2)) fail(`inner sizes differ: ${dimOf(a, -1)} and ${dimOf(codes, -2)}`);
  const columns = dimOf(codes, -1);
  if (!sameShape(scales.shape, stack.length === 0 ? [columns] : [...stack, 1, columns]))
    fail('one scale for each column of the codes is needed');
  return [...stack, dimOf(a, -2), columns];
}

/** Shape of a product of a matrix and one in codes, whose rows may be cut into equal pieces with scales of their own. */
function pieceProduct(a: { readonly shape: Shape }, codes: Value, scales: Value): Shape {
  if (scales.shape.length !== 3) return codedProduct(a, codes, scales);
  const [pieces, columns] = [Number(dimOf(scales, 0)), dimOf(codes, 1)];
  if (!Number.isInteger(Number(dimOf(codes, 0)) / pieces)) fail(`${pieces} pieces do not fill ${dimOf(codes, 0)} rows`);
  if (!sameShape(scales.shape, [pieces, 1, columns])) fail('one scale for each column of each piece is needed');
  return codedProduct(a, codes, { ...scales, shape: [columns] });
}

function needBlocks(size: Dim, block: number): void {
  if (!Number.isInteger(Math.log2(block)) || typeof size !== 'number' || size % block !== 0)
    fail(`blocks of ${block} do not fill ${size}: give a power of two that does`);
}

/** Inputs of ScatterRows: `slots`, then as many `indices` as pieces. */
export function scatterInputs<T>(inputs: readonly T[]): { slots: T; indices: readonly T[]; pieces: readonly T[] } {
  const count = Math.ceil((inputs.length - 1) / 2);
  return { slots: at(inputs, 0), indices: inputs.slice(1, 1 + count), pieces: inputs.slice(1 + count) };
}

/** The rule of every operation. */
export const SHAPE_RULES: { readonly [P in Op]: ShapeRule<P> } = {
  Add: elementwise,
  Sub: elementwise,
  Mul: elementwise,
  Div: elementwise,
  Neg: same,
  Abs: same,
  Exp: same,
  Log: same,
  Sigmoid: same,
  QuickGelu: same,
  MatMul: (inputs) => batchedProduct(inputs, false, false),
  FusedMatMul: (inputs, { transA, transB }) => batchedProduct(inputs, transA, transB),
  Gemm: (inputs, { transA, transB }) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    needOneType(inputs);
    if (a.shape.length !== 2 || b.shape.length !== 2) fail('both sides must be matrices');
    const [m, k] = transA ? [dimOf(a, 1), dimOf(a, 0)] : [dimOf(a, 0), dimOf(a, 1)];
    const [k2, n] = transB ? [dimOf(b, 1), dimOf(b, 0)] : [dimOf(b, 0), dimOf(b, 1)];
    if (k !== k2) fail(`inner sizes differ: ${k} and ${k2}`);
    const addend = inputs[2];
    if (addend && !sameShape(addend.shape, [m, n])) fail('what is added must have the shape of the product');
    return [{ type: a.type, shape: [m, n] }];
  },
  Transpose: (inputs, { perm }) => {
    const x = at(inputs, 0);
    if (perm.length !== x.shape.length || !x.shape.every((_, axis) => perm.includes(axis)))
      fail(`perm [${perm.join(', ')}] does not name every axis once`);
    return [{ type: x.type, shape: perm.map((axis) => dimOf(x, axis)) }];
  },
  Reshape: (inputs, { shape }) => {
    const x = at(inputs, 0);
    if (product(x.shape) !== product(shape)) fail(`cannot become [${shape.join(', ')}]`);
    return [{ type: x.type, shape }];
  },
  Expand: (inputs, { shape }) => {
    const x = at(inputs, 0);
    if (!sameShape(broadcast(x.shape, shape), shape)) fail(`cannot become [${shape.join(', ')}]`);
    return [{ type: x.type, shape }];
  },
  Softmax: (inputs, { axis }) => {
    axisOf(axis, at(inputs, 0).shape.length);
    return same(inputs);
  },
  ReduceSum: reduceRule,
  ReduceMean: reduceRule,
  ReduceMax: reduceRule,
  Gather: (inputs, { axis }) => {
    const [x, indices] = [at(inputs, 0), at(inputs, 1)];
    const along = axisOf(axis, x.shape.length);
    needIntegers(indices, 'indices');
    return [{ type: x.type, shape: [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)] }];
  },
  GatherElements: (inputs, { axis }) => {
    const [x, indices] = [at(inputs, 0), at(inputs, 1)];
    needElementIndices(x, indices, axis);
    return [{ type: x.type, shape: indices.shape }];
  },
  ScatterElements: (inputs, { axis }) => {
    const [x, indices, updates] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    needElementIndices(x, indices, axis);
    needOneType([x, updates]);
    if (!sameShape(indices.shape, updates.shape)) fail('indices and updates must have one shape');
    return same(inputs);
  },
  Concat: (inputs, { axis }) => {
    const x = at(inputs, 0);
    const along = axisOf(axis, x.shape.length);
    needOneType(inputs);
    for (const each of inputs) {
      if (!sameShape(withAxis(each.shape, along, 0), withAxis(x.shape, along, 0))) fail('sizes beside the axis differ');
    }
    return [{ type: x.type, shape: withAxis(x.shape, along, sum(inputs.map((each) => dimOf(each, along)))) }];
  },
  Split: (inputs, { axis, sizes }) => {
    const x = at(inputs, 0);
    const along = axisOf(axis, x.shape.length);
    if (dimOf(x, along) !== sum(sizes) || sizes.some((size) => size < 1))
      fail(`sizes ${sizes.join(' + ')} do not fill axis ${along}`);
    return sizes.map((size) => ({ type: x.type, shape: withAxis(x.shape, along, size) }));
  },
  Slice: (inputs, { axis, start, end }) => {
    const x = at(inputs, 0);
    const along = axisOf(axis, x.shape.length);
    return [{ type: x.type, shape: withAxis(x.shape, along, sliceLength(dimOf(x, along), start, end, along)) }];
  },
  Where: (inputs) => {
    const [condition, a, b] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    if (condition.type !== 'bool') fail('the condition must be bool');
    needOneType([a, b]);
    return [{ type: a.type, shape: broadcast(condition.shape, broadcast(a.shape, b.shape)) }];
  },
  Cast: (inputs, { to }) => [{ type: to, shape: at(inputs, 0).shape }],
  After: (inputs) => [{ type: at(inputs, 0).type, shape: at(inputs, 0).shape }],
  Constant: (_, { type, shape, data }) => {
    if (data.length !== product(shape)) fail(`${data.length} values do not fill [${shape.join(', ')}]`);
    return [{ type, shape }];
  },
  ConstantOfShape: (_, { shape }) => [{ type: 'float32', shape }],
  SimplifiedLayerNormalization: (inputs) => {
    const [x, weight] = [at(inputs, 0), at(inputs, 1)];
    if (!sameShape(weight.shape, [dimOf(x, -1)])) fail('weight must match the last axis');
    return [
      { type: x.type, shape: x.shape },
      { type: x.type, shape: [...x.shape.slice(0, -1), 1] },
    ];
  },
  RotaryEmbedding: (inputs, { heads }) => {
    const [x, positions, cos, sin] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
    if (positions.type !== 'int64') fail('positions must be int64');
    if (x.shape.length !== 3 || !sameShape(positions.shape, x.shape.slice(0, 2)))
      fail('x must be [B, S, heads·d] and positions [B, S]');
    if (cos.shape.length !== 2 || !sameShape(cos.shape, sin.shape)) fail('cos and sin must be [P, d/2], both');
    if (dimOf(x, 2) !== product([heads, 2, dimOf(cos, 1)])) fail(`${heads} heads do not fit`);
    return [{ type: x.type, shape: x.shape }];
  },
  Attention: (inputs) => {
    const [q, k, v, mask] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
    needOneType(inputs);
    if (q.shape.length < 2 || dimOf(q, -1) !== dimOf(k, -1)) fail('q and k must be […, M, d] and […, N, d]');
    if (!sameShape(k.shape.slice(0, -1), v.shape.slice(0, -1))) fail('k and v must have one number of rows');
    const lead = q.shape.slice(0, -2);
    if (!sameShape(broadcast(k.shape.slice(0, -2), lead), lead)) fail("the leading axes of k must broadcast to q's");
    const weights = [...q.shape.slice(0, -1), dimOf(k, -2)];
    if (!sameShape(broadcast(mask.shape, weights), weights)) fail(`the mask must fit [${weights.join(', ')}]`);
    return [
      { type: q.type, shape: [...q.shape.slice(0, -1), dimOf(v, -1)] },
      { type: q.type, shape: [...q.shape.slice(0, -1), 1] },
      { type: q.type, shape: weights },
    ];
  },
  GatherRows: (inputs) => {
    const [x, slots, indices] = [at(inputs, 0), at(inputs, 1), inputs.slice(2)];
    needIntegers(slots, 'slots');
    indices.forEach((each) => needIntegers(each, 'indices'));
    if (x.shape.length !== 2 || !sameShape(slots.shape, x.shape.slice(0, 1)) || indices.length === 0)
      fail('x must be [N, D] and slots [N], and there must be a piece');
    return indices.map((each) => ({ type: x.type, shape: [...each.shape, dimOf(x, 1)] }));
  },
  ScatterRows: (inputs) => {
    const { slots, indices, pieces } = scatterInputs(inputs);
    const [first] = pieces;
    needIntegers(slots, 'slots');
    indices.forEach((each) => needIntegers(each, 'indices'));
    if (!first || indices.length !== pieces.length) fail('there must be one piece for all indices of one');
    const width = dimOf(first, -1);
    const isPiece = (piece: Value, i: number): boolean => sameShape(piece.shape, [...at(indices, i).shape, width]);
    if (slots.shape.length !== 1 || !pieces.every(isPiece)) fail('slots must be [N] and every piece [...indices, D]');
    needOneType(pieces);
    return [{ type: first.type, shape: [dimOf(slots, 0), width] }];
  },
  SoftmaxCrossEntropyLoss: (inputs) => {
    const [scores, labels] = [at(inputs, 0), at(inputs, 1)];
    needIntegers(labels, 'labels');
    if (scores.shape.length !== 2 || labels.shape.length !== 2 || dimOf(labels, 0) !== dimOf(scores, 0))
      fail('scores must be [M, V] and labels [M, K]');
    return [
      { type: scores.type, shape: labels.shape },
      { type: scores.type, shape: scores.shape },
    ];
  },
  CrossEntropyGradient: (inputs) => {
    const [softmax, labels, dy] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    needIntegers(labels, 'labels');
    needOneType([softmax, dy]);
    if (softmax.shape.length !== 2 || labels.shape.length !== 2 || dimOf(labels, 0) !== dimOf(softmax, 0))
      fail('softmax must be [M, V] and labels [M, K]');
    if (!sameShape(dy.shape, labels.shape)) fail('dy must have the shape of the labels');
    return same(inputs);
  },
  DequantizeLinear: (inputs, { axis, blockSize }) => {
    const [x, scale, zero] = [at(inputs, 0), at(inputs, 1), inputs[2]];
    const along = axisOf(axis, x.shape.length);
    const size = dimOf(x, along);
    if (typeof size !== 'number' || !sameShape(scale.shape, withAxis(x.shape, along, Math.ceil(size / blockSize))))
      fail(`one scale for each block of ${blockSize} along axis ${along} is needed`);
    if (zero && (zero.type !== x.type || !sameShape(zero.shape, scale.shape)))
      fail('zero points must have the type of the data and the shape of the scales');
    return [{ type: scale.type, shape: x.shape }];
  },
  QuantizeLinear: (inputs, { axis, to }) => {
    const [x, scale, zero] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const size = dimOf(x, axisOf(axis, x.shape.length));
    needOneType([x, scale]);
    if (zero.type !== to) fail(`zero points must be ${to}`);
    if (!sameShape(scale.shape, [size]) || !sameShape(zero.shape, [size]))
      fail(`one scale and one zero point for each of ${size} are needed`);
    return [{ type: to, shape: x.shape }];
  },
  MatMulIntegerToFloat: (inputs) => {
    const [a, codes, scale, scales, zero] = [0, 1, 2, 3, 4].map((i) => at(inputs, i)) as [
      Value,
      Value,
      Value,
      Value,
      Value,
    ];
    if (a.type !== 'uint8' || zero.type !== 'uint8' || codes.type !== 'int8')
      fail('a and its zero must be uint8 and codes int8');
    if (scale.shape.length > 0 || zero.shape.length > 0) fail('scale and zero of a must be one number each');
    return [{ type: scales.type, shape: codedProduct(a, codes, scales) }];
  },
  Int8MatMul: (inputs, { rotation, backRotation }) => {
    const [x, codes, scales, backCodes, backScales] = [0, 1, 2, 3, 4].map((i) => at(inputs, i)) as [
      Value,
      Value,
      Value,
      Value,
      Value,
    ];
    const [directions, through, factors] = inputs.slice(5);
    needOneType([x, scales, backScales]);
    if (codes.type !== 'int8' || backCodes.type !== 'int8') fail('codes must be int8');
    const shape = pieceProduct(x, codes, scales);
    pieceProduct({ shape }, backCodes, backScales);
    needBlocks(dimOf(x, 1), rotation);
    needBlocks(dimOf({ shape }, 1), backRotation);
    if (directions && !sameShape(directions.shape, [dimOf(directions, 0), dimOf(x, 1)]))
      fail('directions must be [r, K]');
    if (directions && (!through || !sameShape(through.shape, [dimOf(directions, 0), dimOf(codes, -1)])))
      fail('what goes through must be [r, N]');
    if (factors && !sameShape(factors.shape, [dimOf(x, 1)])) fail('factors must be [K]');
    return [{ type: x.type, shape }];
  },
};

/** Types and shapes of a node's outputs; throws ShapeError, which tells the operation and its inputs, where these do not fit. */
export function inferOutputs<P extends Op>(
  op: P,
  inputs: readonly Value[],
  attributes: OpAttributes[P],
): readonly OutputType[] {
  try {
    return SHAPE_RULES[op](inputs, attributes);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const given = inputs.map((each) => `${each.type}[${each.shape.join(', ')}]`).join(', ');
    throw new ShapeError(`${op}(${given}): ${error.message}`);
  }
}
