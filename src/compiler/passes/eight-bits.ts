/** Products in integers of eight bits, in primitives: rows are turned, scaled and rounded, multiplied as whole numbers, and scaled back. */
import type { Builder } from '../builder.js';
import { product, type Dim } from '../dims.js';
import { at, dimOf, type OpAttributes, type Value } from '../ir.js';

const matrices = new Map<number, readonly number[]>();

/** Hadamard's matrix over √size, [size, size]: its own transpose and inverse; size a power of two. */
export function hadamard(size: number): readonly number[] {
  const known = matrices.get(size) ?? hadamardOf(size);
  matrices.set(size, known);
  return known;
}

function hadamardOf(size: number): number[] {
  const value = (row: number, column: number): number => {
    let [bits, sign] = [row & column, 1];
    for (; bits !== 0; bits >>>= 1) if ((bits & 1) === 1) sign = -sign;
    return sign / Math.sqrt(size);
  };
  return Array.from({ length: size * size }, (_, i) => value(Math.floor(i / size), i % size));
}

/** Columns of a matrix [M, K] turned in blocks. */
export function rotated(b: Builder, x: Value, block: number): Value {
  if (block === 1) return x;
  const rows = b.reshape(x, [product([dimOf(x, 0), Number(dimOf(x, 1)) / block]), block]);
  return b.reshape(b.gemm(rows, b.constant(hadamard(block), [block, block])), x.shape);
}

/** Largest code of eight bits with a sign; −128 is not used. */
const LARGEST_CODE = 127;
/** Largest code of eight bits without one. */
const LARGEST_SHARE = 255;
/** What unsigned codes stand above signed ones. */
const ZERO_CODE = 128;
/** Added to scales, so that a row of zeros has one too. */
const LEAST_SCALE = 1e-30;

/** Codes of a matrix's rows, and the scales [M] that they have. */
export interface CodedRows {
  readonly codes: Value;
  readonly scales: Value;
}

/** What codes of rows stand for: int8, or uint8 with zero at 128; `shares`, of values that are none below zero, uint8 with zero at 0. */
export type CodeKind = 'uint8' | 'int8' | 'shares';

/** Type, zero and steps from zero of the largest code, by kind. */
const KINDS = {
  uint8: { to: 'uint8', zero: ZERO_CODE, largest: LARGEST_CODE },
  int8: { to: 'int8', zero: 0, largest: LARGEST_CODE },
  shares: { to: 'uint8', zero: 0, largest: LARGEST_SHARE },
} as const;

/** Every row of x [M, K] in codes of eight bits, scaled to its largest value. */
export function codedRows(b: Builder, x: Value, kind: CodeKind): CodedRows {
  const scales = scalesOf(b, kind === 'shares' ? x : b.op('Abs', [x], {}), 1, KINDS[kind].largest);
  return { codes: rounded(b, x, scales, kind), scales };
}

/** What the largest values along an axis are divided by to give the largest code. */
function scalesOf(b: Builder, sizes: Value, axis: number, most: number): Value {
  return b.add(b.scale(b.reduceMax(sizes, [axis], false), 1 / most), b.scalar(LEAST_SCALE));
}

/** Codes of x's rows by scales of their own. */
function rounded(b: Builder, x: Value, scales: Value, kind: CodeKind): Value {
  const { to, zero } = KINDS[kind];
  const zeros = b.expand(b.constant([zero], [1], to), [dimOf(x, 0)]);
  return b.op('QuantizeLinear', [x, scales, zeros], { axis: 0, to });
}

/**
 * Every column of x [M, K] in codes int8, scaled to its largest value. Divided before it is rounded, by ones: the same bits as by scales
 * of columns, for which ONNX Runtime rounds each number by a call of its own, thirty times as slowly.
 */
export function codedColumns(b: Builder, x: Value): CodedRows {
  const scales = scalesOf(b, b.op('Abs', [x], {}), 0, KINDS.int8.largest);
  return { codes: rounded(b, b.div(x, scales), b.expand(b.scalar(1), [dimOf(x, 0)]), 'int8'), scales };
}

/** A frozen matrix in codes [K, N] with scales [N], or [P, 1, N], of P pieces of its rows. */
interface CodedMatrix {
  readonly codes: Value;
  readonly scales: Value;
}

const piecesOf = ({ scales }: CodedMatrix): number => (scales.shape.length === 3 ? Number(dimOf(scales, 0)) : 1);

const FLOAT = { to: 'float32' } as const;

/** Rows [..., N] of a matrix in codes, in f32, at indices of any shape. */
export function rowsOf(b: Builder, matrix: CodedMatrix, indices: Value): Value {
  const { codes, scales } = matrix;
  const own = b.op('Cast', [b.gather(codes, indices)], FLOAT);
  const pieces = piecesOf(matrix);
  if (pieces === 1) return b.mul(own, scales);
  const rows = Number(dimOf(codes, 0)) / pieces;
  const shares = b.scale(b.add(b.op('Cast', [indices], FLOAT), b.scalar(0.5)), 1 / rows);
  const piece = b.op('Cast', [shares], { to: 'int64' });
  return b.mul(own, b.gather(b.reshape(scales, [pieces, dimOf(codes, 1)]), piece));
}

/** Kinds of codes that a product takes on its left. */
type LeftKind = Exclude<CodeKind, 'int8'>;

/** Codes of rows times codes, by the scales of the codes' columns alone. */
const codesProduct = (b: Builder, rows: Value, { codes, scales }: CodedMatrix, kind: LeftKind): Value =>
  b.op('MatMulIntegerToFloat', [rows, codes, b.scalar(1), scales, b.scalar(KINDS[kind].zero, 'uint8')], {});

/** x [M, K] times a matrix in codes; every row of x has a scale for each of its pieces. */
export function codedProduct(b: Builder, x: Value, matrix: CodedMatrix, kind: LeftKind = 'uint8'): Value {
  if (piecesOf(matrix) > 1) return piecesProduct(b, x, matrix, kind);
  const rows = codedRows(b, x, kind);
  return b.mul(codesProduct(b, rows.codes, matrix, kind), b.reshape(rows.scales, [dimOf(x, 0), 1]));
}

/** Share of what a product's left side takes in f32 that the products of pieces may take before they are added up. */
const PRODUCTS_SHARE = 0.125;

/** Piece by piece, so many at once as there is room for, and their sum. */
function piecesProduct(b: Builder, x: Value, matrix: CodedMatrix, kind: LeftKind): Value {
  const { codes, scales } = matrix;
  const [count, pieces, columns] = [dimOf(x, 0), piecesOf(matrix), Number(dimOf(codes, 1))];
  const width = Number(dimOf(codes, 0)) / pieces;
  const rows = codedRows(b, b.reshape(x, [product([count, pieces]), width]), kind);
  const stack = (each: Value, inner: Dim): Value => b.transpose(b.reshape(each, [count, pieces, inner]), [1, 0, 2]);
  const [left, factors] = [stack(rows.codes, width), stack(rows.scales, 1)];
  const parts = Math.min(pieces, Math.ceil(columns / (width * PRODUCTS_SHARE)));
  const sums = Array.from({ length: parts }, (_, part) => {
    const [start, end] = [Math.floor((part * pieces) / parts), Math.floor(((part + 1) * pieces) / parts)];
    const cut = (each: Value, size = 1): Value =>
      parts === 1 ? each : b.op('Slice', [each], { axis: 0, start: start * size, end: end * size });
    const own = { codes: b.reshape(cut(codes, width), [end - start, width, columns]), scales: cut(scales) };
    return b.reduceSum(b.mul(codesProduct(b, cut(left), own, kind), cut(factors)), [0], false);
  });
  return sums.reduce((sum, each) => b.add(sum, each));
}

/** Int8MatMul in primitives: what several products have of one x in common, the builder makes once. */
export function int8MatMul(b: Builder, inputs: readonly Value[], { rotation }: OpAttributes['Int8MatMul']): Value {
  const [x, codes, scales] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const [directions, through, factors] = inputs.slice(5);
  const along = directions && b.gemm(x, directions, { transB: true });
  const factored = (value: Value): Value => (factors ? b.mul(value, factors) : value);
  const rest = along && directions ? b.gemm(along, factored(directions), { alpha: -1 }, factored(x)) : x;
  const turned = rotated(b, rest, rotation);
  const scaled = codedProduct(b, turned, { codes, scales });
  return along && through ? b.gemm(along, through, {}, scaled) : scaled;
}
