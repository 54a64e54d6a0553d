/** How operations are written in ONNX: which attributes are attributes there, which inputs; one without its form does not compile. */
import { UnsupportedOpError } from '../../core/errors.js';
import type { Dim, Shape } from '../dims.js';
import type { Op, OpAttributes } from '../ir.js';
import type { AttributeProto } from './schema.js';
import { ELEMENT_TYPES, tensorProto } from './tensors.js';

/** Domain of ONNX Runtime's own operations. */
export const CONTRIB_DOMAIN = 'com.microsoft';

/** An attribute that ONNX takes as an input: integers, or a shape, of which ONNX may infer one size where `infer` is true. */
export type Operand = readonly number[] | { readonly shape: Shape; readonly infer: boolean };

/** What a node has in ONNX beside its own inputs. */
export interface Form {
  readonly attributes?: readonly AttributeProto[];
  /** Inputs that come after its own. */
  readonly operands?: readonly Operand[];
  /** ONNX's own where there is none. */
  readonly domain?: typeof CONTRIB_DOMAIN;
}

/** Numbers of AttributeProto.AttributeType. */
const KINDS = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 } as const;

const float = (name: string, f: number): AttributeProto => ({ name, type: KINDS.float, f });
/** An integer or truth. */
export const int = (name: string, i: number | boolean): AttributeProto => ({ name, type: KINDS.int, i: Number(i) });
const ints = (name: string, values: readonly number[]): AttributeProto => ({ name, type: KINDS.ints, ints: values });
const text = (name: string, s: string): AttributeProto => ({
  name,
  type: KINDS.string,
  s: new TextEncoder().encode(s),
});

const plain = (): Form => ({});
const alongAxis = ({ axis }: { readonly axis: number }): Form => ({ attributes: [int('axis', axis)] });
const bound = (dim: Dim): Operand => (typeof dim === 'number' ? [dim] : { shape: [dim], infer: false });
const reduction = ({ axes, keepdims }: OpAttributes['ReduceSum']): Form => ({
  attributes: [int('keepdims', keepdims)],
  operands: [axes],
});

function unlowered(op: Op): never {
  throw new UnsupportedOpError(`${op} must be lowered to primitives first`);
}

/** Operations that the encoder writes itself. */
export type OwnOp = 'Constant' | 'After';

/** The form of every operation. */
export const FORMS: { readonly [P in Exclude<Op, OwnOp>]: (attributes: OpAttributes[P]) => Form } = {
  Add: plain,
  Sub: plain,
  Mul: plain,
  Div: plain,
  Neg: plain,
  Abs: plain,
  Exp: plain,
  Log: plain,
  Sigmoid: plain,
  QuickGelu: ({ alpha }) => ({ attributes: [float('alpha', alpha)], domain: CONTRIB_DOMAIN }),
  MatMul: plain,
  FusedMatMul: ({ transA, transB }) => ({
    attributes: [int('transA', transA), int('transB', transB)],
    domain: CONTRIB_DOMAIN,
  }),
  Gemm: ({ transA, transB, alpha }) => ({
    attributes: [int('transA', transA), int('transB', transB), float('alpha', alpha)],
  }),
  Transpose: ({ perm }) => ({ attributes: [ints('perm', perm)] }),
  // With allowzero a zero is a size; without it, a copy of the input's size.
  Reshape: ({ shape }) => ({ attributes: [int('allowzero', 1)], operands: [{ shape, infer: true }] }),
  Expand: ({ shape }) => ({ operands: [{ shape, infer: false }] }),
  Softmax: alongAxis,
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  Gather: alongAxis,
  GatherElements: alongAxis,
  ScatterElements: ({ axis, reduction: how }) => ({ attributes: [int('axis', axis), text('reduction', how)] }),
  Concat: alongAxis,
  Split: ({ axis, sizes }) => ({ attributes: [int('axis', axis)], operands: [sizes] }),
  Slice: ({ axis, start, end }) => ({ operands: [bound(start), bound(end), [axis]] }),
  Where: plain,
  Cast: ({ to }) => ({ attributes: [int('to', ELEMENT_TYPES[to])] }),
  ConstantOfShape: ({ shape, value }) => ({
    attributes: [{ name: 'value', type: KINDS.tensor, t: tensorProto('float32', [1], [value]) }],
    operands: [{ shape, infer: false }],
  }),
  SimplifiedLayerNormalization: ({ epsilon }) => ({
    attributes: [int('axis', -1), int('stash_type', 1), float('epsilon', epsilon)],
  }),
  RotaryEmbedding: ({ heads }) => ({
    attributes: [int('num_heads', heads), int('interleaved', 0)],
    domain: CONTRIB_DOMAIN,
  }),
  SoftmaxCrossEntropyLoss: () => unlowered('SoftmaxCrossEntropyLoss'),
  CrossEntropyGradient: () => unlowered('CrossEntropyGradient'),
  Attention: () => unlowered('Attention'),
  GatherRows: () => unlowered('GatherRows'),
  ScatterRows: () => unlowered('ScatterRows'),
  QuantizeLinear: alongAxis,
  MatMulIntegerToFloat: () => ({ domain: CONTRIB_DOMAIN }),
  Int8MatMul: () => unlowered('Int8MatMul'),
  DequantizeLinear: ({ axis, blockSize }) => ({ attributes: [int('axis', axis), int('block_size', blockSize)] }),
};
