/** The intermediate representation: nodes over typed, shaped values, in an order in which every value is made before it is used. */
import { ShapeError } from '../core/errors.js';
import type { Dim, Shape } from './dims.js';

/** Types of a tensor's elements, by ONNX's names. */
export type DataType = 'float32' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint16' | 'uint8' | 'bool';

const BYTES: Readonly<Record<DataType, number>> = {
  ...{ float32: 4, float16: 2, int64: 8, int32: 4, int8: 1, uint16: 2, uint8: 1, bool: 1 },
};

/** Bytes of one value of a type. */
export const bytesOf = (type: DataType): number => BYTES[type];

/** One tensor of the graph. */
export interface Value {
  readonly id: number;
  readonly type: DataType;
  readonly shape: Shape;
  /** Inputs and outputs have names; what lies between does not need one. */
  readonly name: string | undefined;
}

/**
 * Attributes of every operation; the keys are the operations there are, by ONNX's names. A new one needs a shape rule
 * (shapes.ts), a form (onnx/forms.ts), a function of the reference engine (engine/reference.ts), and where a gradient flows
 * through it a rule (gradients.ts): the type checker names what is missing, and the tests which cases are.
 */
export interface OpAttributes {
  Add: NoAttributes;
  Sub: NoAttributes;
  Mul: NoAttributes;
  Div: NoAttributes;
  Neg: NoAttributes;
  Abs: NoAttributes;
  Exp: NoAttributes;
  Log: NoAttributes;
  Sigmoid: NoAttributes;
  /** x · sigmoid(alpha x); alpha 1 is SiLU (ONNX Runtime's `com.microsoft` domain). */
  QuickGelu: { readonly alpha: number };
  MatMul: NoAttributes;
  /** MatMul of which either side may be read with its last two axes exchanged (ONNX Runtime's own, on the CPU alone). */
  FusedMatMul: { readonly transA: boolean; readonly transB: boolean };
  /** alpha · op(A) · op(B) over matrices, + C where a third input of the result's shape is given. */
  Gemm: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number };
  Transpose: { readonly perm: readonly number[] };
  Reshape: { readonly shape: Shape };
  Expand: { readonly shape: Shape };
  Softmax: { readonly axis: number };
  ReduceSum: ReduceAttributes;
  ReduceMean: ReduceAttributes;
  ReduceMax: ReduceAttributes;
  Gather: { readonly axis: number };
  GatherElements: { readonly axis: number };
  /** data with updates added at indices along the axis. */
  ScatterElements: { readonly axis: number; readonly reduction: 'add' | 'none' };
  Concat: { readonly axis: number };
  Split: { readonly axis: number; readonly sizes: readonly number[] };
  Slice: { readonly axis: number; readonly start: Dim; readonly end: Dim };
  Where: NoAttributes;
  Cast: { readonly to: DataType };
  /** x as it is, but not before `dependency` is there: keeps what is recomputed from being computed too early. Inputs x, dependency. */
  After: NoAttributes;
  Constant: { readonly type: DataType; readonly shape: readonly number[]; readonly data: readonly number[] };
  /** One f32 value, all over a shape that may be symbolic. */
  ConstantOfShape: { readonly shape: Shape; readonly value: number };
  /** Root-mean-square norm over the last axis, with the inverse deviation as a second output (Zhang and Sennrich, 2019). */
  SimplifiedLayerNormalization: { readonly epsilon: number };
  /** Rotary position embedding over halves (Su et al., 2021): x [B, S, heads·d], positions [B, S], cos and sin [P, d/2]. */
  RotaryEmbedding: { readonly heads: number };
  /**
   * softmax(q kᵀ + mask) v (Vaswani et al., 2017), log Σ exp(q kᵀ + mask) of every row, and the softmax itself: q […, M, d],
   * k and v […, N, d], whose leading axes broadcast to q's, mask of any shape that broadcasts to […, M, N]; no gradient flows into
   * the mask; lowered to primitives.
   * With `softcap`, softcap · tanh(q kᵀ / softcap) stands for q kᵀ.
   */
  Attention: { readonly softcap?: number };
  /**
   * Rows of a matrix gathered into pieces: slot i of a piece holds x[indices[i]], and where indices[i] is −1 `zeros`, or any finite
   * numbers, for who gives them no weight: no gradient flows through them. Inputs x [N, D], slots [N], then `indices` for each piece [...indices, D]:
   * `slots` says the same the other way round, in which of all pieces' slots each row of x lies, or −1 where it lies in none; no row lies
   * in two slots. Lowered to Gathers.
   */
  GatherRows: { readonly empty: 'zeros' | 'any' };
  /** Rows of pieces scattered back, zeros where slots are −1: the reverse of GatherRows and its gradient. Inputs slots, all indices, all pieces → [N, D]. */
  ScatterRows: NoAttributes;
  /**
   * −log softmax(scores)[label] of K labels a row, and the softmax itself: scores [M, V], labels [M, K]. Times weights [M, K] and
   * summed over K it is the cross entropy of soft targets, Σₖ wₖ (log Σ exp z − zₖ); K = 1 are hard labels. Lowered to primitives.
   */
  SoftmaxCrossEntropyLoss: NoAttributes;
  /**
   * The gradient of a row's losses by its scores, Σₖ (softmax − 1 at label k) · dyₖ: softmax [M, V], labels [M, K], dy [M, K];
   * lowered to primitives.
   */
  CrossEntropyGradient: NoAttributes;
  /** Blocks of integers to floats: (x − zero) · scale along an axis. */
  DequantizeLinear: { readonly axis: number; readonly blockSize: number };
  /** Floats to integers of eight bits, x / scale rounded to even + zero, cut off at the ends of the type `to`, which is zero's: one scale and one zero point for each index of an axis. */
  QuantizeLinear: { readonly axis: number; readonly to: 'uint8' | 'int8' };
  /** (a − zero) · codes in whole numbers, times both scales: a [M, K] uint8, codes [K, N] int8, scale of a [], scales [N] of codes' columns, zero [] uint8; or stacks, a [P, M, K], codes [P, K, N] and scales [P, 1, N] (ONNX Runtime's own). */
  MatMulIntegerToFloat: NoAttributes;
  /**
   * x W in integers of eight bits, W frozen: inputs x [M, K], codes [K, N] and scales [N] of W's columns, backCodes [N, K] and backScales
   * [K] of Wᵀ's, which the gradient is made with. Every row of x is scaled to its own largest value. With `rotation` above 1, columns are
   * turned by Hadamard's matrix in blocks of so many, a power of two that divides K, so that no column stands out (QuaRot, Ashkboos
   * et al., 2024); codes are of rows turned likewise, W's or with `backRotation` Wᵀ's. With two further inputs, directions [r, K], orthonormal
   * or zero, and through [r, N], directions · W, what of x lies along these goes through in f32, and the rest alone is rounded. With a third, factors [K], the
   * columns of that rest are multiplied by these before they are turned, and codes are of rows divided by them (SmoothQuant, Xiao et al., 2023).
   * Scales [P, 1, N] are of P pieces of W, of as many rows each: every row of x has a scale for each piece, too.
   * Lowered to primitives.
   */
  Int8MatMul: { readonly rotation: number; readonly backRotation: number };
}

/** Which axes are reduced, and whether they are kept, of size 1. */
export interface ReduceAttributes {
  readonly axes: readonly number[];
  readonly keepdims: boolean;
}

/** Of operations that have none. */
export type NoAttributes = Readonly<Record<never, never>>;
/** Names of the operations. */
export type Op = keyof OpAttributes;

/** An operation applied to values. */
export interface Node<P extends Op = Op> {
  readonly op: P;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: OpAttributes[P];
}

/** A whole program: named inputs, nodes in order, named outputs. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly { readonly name: string; readonly value: Value }[];
}

/** What a shape rule says of a node's outputs. */
export interface OutputType {
  readonly type: DataType;
  readonly shape: Shape;
}

/** Whether a node is of an operation, narrowing its attributes. */
export function isOp<P extends Op>(node: Node, op: P): node is Node<P> {
  return node.op === op;
}

/** The n-th of a list that must have it. */
export function at<T>(list: readonly T[], index: number): T {
  const value = list[index < 0 ? list.length + index : index];
  if (value === undefined) throw new ShapeError(`element ${index} of a list of ${list.length} was asked for`);
  return value;
}

/** The size of an axis, counted from the end when negative. */
export function dimOf(value: { readonly shape: Shape }, axis: number): Dim {
  return at(value.shape, axis);
}
