/** Shape rules: what fits, with symbolic sizes, and every way in which operands do not. */
import { afterAll, describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import type { Shape } from '../../src/compiler/dims.js';
import type { DataType, Op, OpAttributes, Value } from '../../src/compiler/ir.js';
import { inferOutputs, SHAPE_RULES } from '../../src/compiler/shapes.js';
import { ShapeError } from '../../src/core/errors.js';

/** A type and shape as `f32 B 3`. */
type Text = string;

const TYPES: Readonly<Record<string, DataType>> = {
  f32: 'float32',
  i64: 'int64',
  i32: 'int32',
  i8: 'int8',
  u8: 'uint8',
  bool: 'bool',
};

function values(texts: readonly Text[]): Value[] {
  const b = new Builder();
  return texts.map((text, i) => {
    const [type = '', ...dims] = text.split(' ');
    const shape: Shape = dims.map((dim) => (/^\d+$/.test(dim) ? Number(dim) : dim));
    return b.input(`x${i}`, TYPES[type] ?? 'float32', shape);
  });
}

function outputsOf<P extends Op>(op: P, inputs: readonly Text[], attributes: OpAttributes[P]): Text[] {
  return inferOutputs(op, values(inputs), attributes).map(({ type, shape }) => `${type}[${shape.join(', ')}]`);
}

type Fit = { [P in Op]: readonly [P, readonly Text[], OpAttributes[P], readonly string[]] }[Op];

/** Codes and scales of a weight [6, 4], and of it transposed. */
const CODES = ['i8 6 4', 'f32 4', 'i8 4 6', 'f32 6'];

const PLAIN = { rotation: 1, backRotation: 1 };

const FITS: readonly Fit[] = [
  ['Add', ['f32 B 1', 'f32 S'], {}, ['float32[B, S]']],
  ['MatMul', ['f32 B 1 S 4', 'f32 3 4 P+S'], {}, ['float32[B, 3, S, P+S]']],
  ['Gemm', ['f32 4 B*S', 'f32 5 4'], { transA: true, transB: true, alpha: 1 }, ['float32[B*S, 5]']],
  ['Transpose', ['f32 B S 4'], { perm: [2, 0, 1] }, ['float32[4, B, S]']],
  ['Reshape', ['f32 B S 4'], { shape: ['B*S', 2, 2] }, ['float32[B*S, 2, 2]']],
  ['Reshape', ['f32 B P+S'], { shape: ['B*P+B*S'] }, ['float32[B*P+B*S]']],
  ['Expand', ['f32 S 1'], { shape: ['B', 'S', 4] }, ['float32[B, S, 4]']],
  ['ReduceSum', ['f32 B S 4'], { axes: [0, -1], keepdims: false }, ['float32[S]']],
  ['ReduceMean', ['f32 B S 4'], { axes: [1], keepdims: true }, ['float32[B, 1, 4]']],
  ['Gather', ['f32 V 8', 'i64 B S'], { axis: 0 }, ['float32[B, S, 8]']],
  ['Gather', ['f32 4 5 6', 'i32'], { axis: -2 }, ['float32[4, 6]']],
  ['GatherElements', ['f32 M 8', 'i64 M 1'], { axis: 1 }, ['float32[M, 1]']],
  ['ScatterElements', ['f32 V 8', 'i64 M 8', 'f32 M 8'], { axis: 0, reduction: 'add' }, ['float32[V, 8]']],
  ['Concat', ['f32 B P 4', 'f32 B S 4', 'f32 B P 4'], { axis: -2 }, ['float32[B, 2*P+S, 4]']],
  ['Split', ['f32 B 6'], { axis: 1, sizes: [4, 2] }, ['float32[B, 4]', 'float32[B, 2]']],
  ['Slice', ['f32 B 6'], { axis: -1, start: 1, end: 3 }, ['float32[B, 2]']],
  ['Where', ['bool B 1', 'f32 S', 'f32'], {}, ['float32[B, S]']],
  ['Cast', ['i64 B'], { to: 'float32' }, ['float32[B]']],
  ['QuantizeLinear', ['f32 R 6', 'f32 R', 'u8 R'], { axis: 0, to: 'uint8' }, ['uint8[R, 6]']],
  ['MatMulIntegerToFloat', ['u8 R 6', 'i8 6 4', 'f32', 'f32 4', 'u8'], {}, ['float32[R, 4]']],
  ['MatMulIntegerToFloat', ['u8 3 R 2', 'i8 3 2 4', 'f32', 'f32 3 1 4', 'u8'], {}, ['float32[3, R, 4]']],
  ['Int8MatMul', ['f32 R 6', ...CODES], { rotation: 2, backRotation: 4 }, ['float32[R, 4]']],
  ['Int8MatMul', ['f32 R 6', 'i8 6 4', 'f32 3 1 4', 'i8 4 6', 'f32 2 1 6'], PLAIN, ['float32[R, 4]']],
  ['Int8MatMul', ['f32 R 6', ...CODES, 'f32 3 6', 'f32 3 4'], { rotation: 1, backRotation: 1 }, ['float32[R, 4]']],
  ['SimplifiedLayerNormalization', ['f32 B S 8', 'f32 8'], { epsilon: 0 }, ['float32[B, S, 8]', 'float32[B, S, 1]']],
  ['RotaryEmbedding', ['f32 B S 16', 'i64 B S', 'f32 R 4', 'f32 R 4'], { heads: 2 }, ['float32[B, S, 16]']],
  ['Gemm', ['f32 M 9', 'f32 9 4', 'f32 M 4'], { transA: false, transB: false, alpha: 1 }, ['float32[M, 4]']],
  ['Slice', ['f32 B P+S'], { axis: 1, start: 'P', end: 'P+S' }, ['float32[B, S]']],
  ['Slice', ['f32 B 4*U'], { axis: 1, start: 0, end: '2*U' }, ['float32[B, 2*U]']],
  [
    'Attention',
    ['f32 B 2 M 4', 'f32 B 2 N 4', 'f32 B 2 N 3', 'f32 M N'],
    {},
    ['float32[B, 2, M, 3]', 'float32[B, 2, M, 1]', 'float32[B, 2, M, N]'],
  ],
  ['FusedMatMul', ['f32 B S 4', 'f32 B S 3'], { transA: true, transB: false }, ['float32[B, 4, 3]']],
  ['GatherRows', ['f32 N 4', 'i64 N', 'i64 M', 'i32 B K'], { empty: 'zeros' }, ['float32[M, 4]', 'float32[B, K, 4]']],
  ['ScatterRows', ['i32 N', 'i64 M', 'i64 B 2', 'f32 M 4', 'f32 B 2 4'], {}, ['float32[N, 4]']],
  ['CrossEntropyGradient', ['f32 M 9', 'i64 M 1', 'f32 M 1'], {}, ['float32[M, 9]']],
  ['CrossEntropyGradient', ['f32 M 9', 'i64 M K', 'f32 M K'], {}, ['float32[M, 9]']],
  ['SoftmaxCrossEntropyLoss', ['f32 M 9', 'i64 M 1'], {}, ['float32[M, 1]', 'float32[M, 9]']],
  ['SoftmaxCrossEntropyLoss', ['f32 M 9', 'i64 M K'], {}, ['float32[M, K]', 'float32[M, 9]']],
  ['DequantizeLinear', ['u8 7 2', 'f32 3 2', 'u8 3 2'], { axis: 0, blockSize: 3 }, ['float32[7, 2]']],
];

type Misfit = { [P in Op]: readonly [P, readonly Text[], OpAttributes[P], string] }[Op];

const PAIRS = ['Add', 'Sub', 'Mul', 'Div'] as const;
const ONES = ['Abs', 'Neg', 'Exp', 'Log', 'Sigmoid'] as const;
const REDUCTIONS = ['ReduceSum', 'ReduceMean', 'ReduceMax'] as const;
const GEMM = { transA: false, transB: false, alpha: 1 };
const BLOCKS = { axis: 0, blockSize: 2 };

const MISFITS: readonly Misfit[] = [
  ...PAIRS.flatMap((op): Misfit[] => [
    [op, ['f32 2 3', 'f32 2'], {}, 'cannot broadcast [2, 3] with [2]'],
    [op, ['f32 2', 'i64 2'], {}, 'all must have one type'],
    [op, ['f32 2'], {}, 'element 1 of a list of 1 was asked for'],
  ]),
  ...ONES.map((op): Misfit => [op, [], {}, 'element 0 of a list of 0 was asked for']),
  ['QuickGelu', [], { alpha: 1 }, 'element 0 of a list of 0 was asked for'],
  ['MatMul', ['f32 2 3', 'f32 4 2'], {}, 'inner sizes differ'],
  ['MatMul', ['f32 3', 'f32 3 2'], {}, 'both sides must have two axes or more'],
  ['MatMul', ['f32 2 3 4', 'f32 3 4 5'], {}, 'cannot broadcast [2] with [3]'],
  ['MatMul', ['f32 2 3', 'i8 3 2'], {}, 'all must have one type'],
  ['Gemm', ['f32 2 3', 'f32 4 2'], GEMM, 'inner sizes differ: 3 and 4'],
  ['Gemm', ['f32 2 3', 'f32 3 2'], { ...GEMM, transB: true }, 'inner sizes differ: 3 and 2'],
  ['Gemm', ['f32 1 2 3', 'f32 3 2'], GEMM, 'both sides must be matrices'],
  ['Gemm', ['f32 2 3', 'i64 3 2'], GEMM, 'all must have one type'],
  ['Gemm', ['f32 2 3', 'f32 3 4', 'f32 4'], GEMM, 'what is added must have the shape of the product'],
  ['Transpose', ['f32 2 3'], { perm: [0] }, 'perm [0] does not name every axis once'],
  ['Transpose', ['f32 2 3'], { perm: [0, 0] }, 'perm [0, 0] does not name every axis once'],
  ['Transpose', ['f32 2 3'], { perm: [-1, 0] }, 'perm [-1, 0] does not name every axis once'],
  ['Reshape', ['f32 B 4'], { shape: ['B', 5] }, 'cannot become [B, 5]'],
  ['Expand', ['f32 2 3'], { shape: [2, 1] }, 'cannot become [2, 1]'],
  ['Expand', ['f32 2'], { shape: [3] }, 'cannot broadcast [2] with [3]'],
  ['Softmax', ['f32 2 3'], { axis: 2 }, 'axis 2 is outside a tensor of 2 dimensions'],
  ...REDUCTIONS.flatMap((op): Misfit[] => [
    [op, ['f32 2 3'], { axes: [], keepdims: true }, 'axes [] must be one or more, each once'],
    [op, ['f32 2 3'], { axes: [1, -1], keepdims: true }, 'axes [1, -1] must be one or more, each once'],
    [op, ['f32 2 3'], { axes: [2], keepdims: true }, 'axis 2 is outside a tensor of 2 dimensions'],
  ]),
  ['Gather', ['f32 4 2', 'f32 3'], { axis: 0 }, 'indices must be int64 or int32'],
  ['Gather', ['f32 4 2', 'i64 3'], { axis: 2 }, 'axis 2 is outside'],
  ['GatherElements', ['f32 4 2', 'i64 4'], { axis: 0 }, 'indices must have as many axes as the data'],
  ['GatherElements', ['f32 4 2', 'u8 4 1'], { axis: 0 }, 'indices must be int64 or int32'],
  ['GatherElements', ['f32 4 2', 'i64 4 1'], { axis: -3 }, 'axis -3 is outside'],
  [
    'ScatterElements',
    ['f32 4 2', 'i64 3 2', 'f32 2 3'],
    { axis: 0, reduction: 'add' },
    'indices and updates must have one shape',
  ],
  ['ScatterElements', ['f32 4 2', 'i64 3 2', 'i64 3 2'], { axis: 0, reduction: 'add' }, 'all must have one type'],
  ['Concat', ['f32 2 3', 'f32 2 4'], { axis: 0 }, 'sizes beside the axis differ'],
  ['Concat', ['f32 2 3', 'f32 2'], { axis: 0 }, 'sizes beside the axis differ'],
  ['Concat', ['f32 2', 'i64 2'], { axis: 0 }, 'all must have one type'],
  ['Concat', [], { axis: 0 }, 'element 0 of a list of 0 was asked for'],
  ['Split', ['f32 2 6'], { axis: 1, sizes: [2, 3] }, 'sizes 2 + 3 do not fill axis 1'],
  ['Split', ['f32 2 6'], { axis: 1, sizes: [6, 0] }, 'sizes 6 + 0 do not fill axis 1'],
  ['Split', ['f32 B 6'], { axis: 0, sizes: [1, 1] }, 'sizes 1 + 1 do not fill axis 0'],
  ['Slice', ['f32 2 6'], { axis: 1, start: 2, end: 7 }, '2 to 7 is not within axis 1 of size 6'],
  ['Slice', ['f32 2 6'], { axis: 1, start: 3, end: 3 }, '3 to 3 is not within axis 1 of size 6'],
  ['Slice', ['f32 B 6'], { axis: 0, start: 0, end: 1 }, '0 to 1 is not within axis 0 of size B'],
  ['Slice', ['f32 B S'], { axis: 1, start: 'P', end: 'S' }, 'P to S is not within axis 1 of size S'],
  ['Slice', ['f32 B S'], { axis: 1, start: 0, end: 'P' }, '0 to P is not within axis 1 of size S'],
  ['Where', ['f32 2', 'f32 2', 'f32 2'], {}, 'the condition must be bool'],
  ['Where', ['bool 2', 'f32 2', 'i64 2'], {}, 'all must have one type'],
  ['Where', ['bool 2', 'f32 3', 'f32'], {}, 'cannot broadcast [2] with [3]'],
  ['Cast', [], { to: 'int64' }, 'element 0 of a list of 0 was asked for'],
  ['After', [], {}, 'element 0 of a list of 0 was asked for'],
  ['Constant', [], { type: 'float32', shape: [2, 2], data: [1, 2, 3] }, '3 values do not fill [2, 2]'],
  ['SimplifiedLayerNormalization', ['f32 2 3', 'f32 4'], { epsilon: 0 }, 'weight must match the last axis'],
  [
    'RotaryEmbedding',
    ['f32 2 8', 'i64 2 8', 'f32 4 2', 'f32 4 2'],
    { heads: 1 },
    'x must be [B, S, heads·d] and positions [B, S]',
  ],
  [
    'RotaryEmbedding',
    ['f32 1 2 8', 'i64 2 2', 'f32 4 2', 'f32 4 2'],
    { heads: 2 },
    'x must be [B, S, heads·d] and positions [B, S]',
  ],
  ['RotaryEmbedding', ['f32 1 2 8', 'i32 1 2', 'f32 4 2', 'f32 4 2'], { heads: 2 }, 'positions must be int64'],
  [
    'RotaryEmbedding',
    ['f32 1 2 8', 'i64 1 2', 'f32 4 2', 'f32 5 2'],
    { heads: 2 },
    'cos and sin must be [P, d/2], both',
  ],
  ['RotaryEmbedding', ['f32 1 2 8', 'i64 1 2', 'f32 4 2', 'f32 4 2'], { heads: 3 }, '3 heads do not fit'],
  ['Attention', ['f32 2 4', 'f32 3 5', 'f32 3 4', 'f32 2 3'], {}, 'q and k must be […, M, d] and […, N, d]'],
  ['Attention', ['f32 2 4', 'f32 3 4', 'f32 2 4', 'f32 2 3'], {}, 'k and v must have one number of rows'],
  ['Attention', ['f32 2 2 4', 'f32 3 3 4', 'f32 3 3 4', 'f32 2 3'], {}, 'cannot broadcast'],
  ['Attention', ['f32 1 2 4', 'f32 3 3 4', 'f32 3 3 4', 'f32 2 3'], {}, "the leading axes of k must broadcast to q's"],
  ['Attention', ['f32 2 4', 'f32 3 4', 'f32 3 4', 'f32 5 2 3'], {}, 'the mask must fit [2, 3]'],
  ['FusedMatMul', ['f32 2 3', 'f32 3 4'], { transA: false, transB: true }, 'inner sizes differ'],
  [
    'GatherRows',
    ['f32 2 4', 'i64 3', 'i64 3'],
    { empty: 'zeros' },
    'x must be [N, D] and slots [N], and there must be a piece',
  ],
  ['GatherRows', ['f32 2 4', 'i64 2'], { empty: 'zeros' }, 'x must be [N, D] and slots [N], and there must be a piece'],
  ['GatherRows', ['f32 2 4', 'i64 2', 'f32 3'], { empty: 'zeros' }, 'indices must be int64 or int32'],
  ['ScatterRows', ['i64 4'], {}, 'there must be one piece for all indices of one'],
  ['ScatterRows', ['i64 4', 'i64 2', 'i64 2', 'f32 2 3'], {}, 'there must be one piece for all indices of one'],
  ['ScatterRows', ['i64 4', 'i64 2', 'f32 3 3'], {}, 'slots must be [N] and every piece [...indices, D]'],
  ['ScatterRows', ['f32 4', 'i64 2', 'f32 2 3'], {}, 'slots must be int64 or int32'],
  ['CrossEntropyGradient', ['f32 2 3', 'i64 3 1', 'f32 3 1'], {}, 'softmax must be [M, V] and labels [M, K]'],
  ['CrossEntropyGradient', ['f32 2 3', 'i64 2 4', 'f32 2 1'], {}, 'dy must have the shape of the labels'],
  ['SoftmaxCrossEntropyLoss', ['f32 2 3 4', 'i64 2 1'], {}, 'scores must be [M, V] and labels [M, K]'],
  ['SoftmaxCrossEntropyLoss', ['f32 2 3', 'i64 2'], {}, 'scores must be [M, V] and labels [M, K]'],
  ['SoftmaxCrossEntropyLoss', ['f32 2 3', 'i64 3 1'], {}, 'scores must be [M, V] and labels [M, K]'],
  ['SoftmaxCrossEntropyLoss', ['f32 2 3', 'f32 2 1'], {}, 'labels must be int64 or int32'],
  ['DequantizeLinear', ['u8 4 2', 'f32 3 2'], BLOCKS, 'one scale for each block of 2 along axis 0 is needed'],
  ['DequantizeLinear', ['u8 4 2', 'f32 2 3'], BLOCKS, 'one scale for each block of 2 along axis 0 is needed'],
  ['DequantizeLinear', ['u8 B 2', 'f32 2 2'], BLOCKS, 'one scale for each block of 2 along axis 0 is needed'],
  ['DequantizeLinear', ['u8 4 2', 'f32 2 2', 'i8 2 2'], BLOCKS, 'zero points must have the type of the data'],
  ['QuantizeLinear', ['f32 4 2', 'f32 4', 'i8 4'], { axis: 0, to: 'uint8' }, 'zero points must be uint8'],
  [
    'QuantizeLinear',
    ['f32 4 2', 'f32 2', 'u8 2'],
    { axis: 0, to: 'uint8' },
    'one scale and one zero point for each of 4',
  ],
  ['QuantizeLinear', ['i32 4 2', 'f32 4', 'u8 4'], { axis: 0, to: 'uint8' }, 'all must have one type'],
  ['MatMulIntegerToFloat', ['i8 4 6', 'i8 6 4', 'f32', 'f32 4', 'u8'], {}, 'must be uint8 and codes int8'],
  ['MatMulIntegerToFloat', ['u8 4 6', 'i8 6 4', 'f32 4', 'f32 4', 'u8'], {}, 'one number each'],
  ['MatMulIntegerToFloat', ['u8 4 6', 'i8 6 4', 'f32', 'f32 6', 'u8'], {}, 'one scale for each column'],
  ['MatMulIntegerToFloat', ['u8 4 5', 'i8 6 4', 'f32', 'f32 4', 'u8'], {}, 'inner sizes differ: 5 and 6'],
  ['MatMulIntegerToFloat', ['u8 1 4 6', 'i8 6 4', 'f32', 'f32 4', 'u8'], {}, 'both sides must be matrices'],
  ['MatMulIntegerToFloat', ['u8 3 4 2', 'i8 2 2 4', 'f32', 'f32 3 1 4', 'u8'], {}, 'as many matrices'],
  ['MatMulIntegerToFloat', ['u8 3 4 2', 'i8 3 2 4', 'f32', 'f32 4', 'u8'], {}, 'one scale for each column'],
  ['Int8MatMul', ['f32 R 6', 'i8 6 4', 'f32 4 1 4', 'i8 4 6', 'f32 6'], PLAIN, '4 pieces do not fill 6 rows'],
  ['Int8MatMul', ['f32 R 6', 'i8 6 4', 'f32 3 1 2', 'i8 4 6', 'f32 6'], PLAIN, 'each column of each piece'],
  ['Int8MatMul', ['f32 R 6', ...CODES], { rotation: 4, backRotation: 1 }, 'blocks of 4 do not fill 6'],
  ['Int8MatMul', ['f32 R 6', ...CODES], { rotation: 3, backRotation: 1 }, 'blocks of 3 do not fill 6'],
  ['Int8MatMul', ['f32 R 6', ...CODES], { rotation: 1, backRotation: 8 }, 'blocks of 8 do not fill 4'],
  ['Int8MatMul', ['f32 R 6', 'i8 6 4', 'f32 4', 'i8 6 4', 'f32 4'], PLAIN, 'inner sizes differ: 4 and 6'],
  ['Int8MatMul', ['f32 R 6', 'u8 6 4', 'f32 4', 'i8 4 6', 'f32 6'], PLAIN, 'codes must be int8'],
  ['Int8MatMul', ['f32 R 6', ...CODES, 'f32 3 4', 'f32 3 4'], PLAIN, 'directions must be [r, K]'],
  ['Int8MatMul', ['f32 R 6', ...CODES, 'f32 3 6', 'f32 3 4', 'f32 4'], PLAIN, 'factors must be [K]'],
  ['Int8MatMul', ['f32 R 6', ...CODES, 'f32 3 6'], PLAIN, 'what goes through must be [r, N]'],
];

/** Operations that no operands and attributes can be wrong for. */
const ALWAYS_FITS: readonly Op[] = ['ConstantOfShape'];

describe('shape rules', () => {
  it.each(FITS)('%s of %j with %j makes %j', (op, inputs, attributes, expected) => {
    expect(outputsOf(op, inputs, attributes)).toEqual(expected);
  });

  it.each(MISFITS)('%s of %j with %j is refused: %s', (op, inputs, attributes, why) => {
    expect(() => outputsOf(op, inputs, attributes)).toThrow(ShapeError);
    expect(() => outputsOf(op, inputs, attributes)).toThrow(why);
  });

  it('refuse by the name of the operation, with what it was given', () => {
    expect(() => outputsOf('Gemm', ['f32 B*S 3', 'f32 4 2'], GEMM)).toThrow(
      'Gemm(float32[B*S, 3], float32[4, 2]): inner sizes differ: 3 and 4',
    );
  });

  it('have each been refused something', () => {
    const refused = new Set<Op>([...MISFITS.map(([op]) => op), ...ALWAYS_FITS]);
    expect(Object.keys(SHAPE_RULES).filter((op) => !refused.has(op as Op))).toEqual([]);
  });

  afterAll(() => {
    console.log(`shapes: ${FITS.length} that fit, ${MISFITS.length} that do not`);
  });
});
