/** Products in integers of eight bits, in primitives: rows are turned, scaled and rounded, multiplied as whole numbers, and scaled back. */
import type { Builder } from '../builder.js';
import { product } from '../dims.js';
import { at, dimOf, type OpAttributes, type Value } from '../ir.js';

/** Hadamard's matrix over √size, [size, size]: its own transpose and inverse; size a power of two. */
export function hadamard(size: number): number[] {
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
/** What unsigned codes stand above signed ones. */
const ZERO_CODE = 128;
/** Added to scales, so that a row of zeros has one too. */
const LEAST_SCALE = 1e-30;

/** Codes of a matrix's rows, and the scales [M] that they have. */
export interface CodedRows {
  readonly codes: Value;
  readonly scales: Value;
}

/** Every row of x [M, K] in codes of eight bits, its largest value 127 of them from zero: int8, or uint8 with zero at 128. */
export function codedRows(b: Builder, x: Value, to: 'uint8' | 'int8'): CodedRows {
  const largest = b.reduceMax(b.op('Abs', [x], {}), [1], false);
  const scales = b.add(b.scale(largest, 1 / LARGEST_CODE), b.scalar(LEAST_SCALE));
  const zeros = b.expand(b.constant([to === 'uint8' ? ZERO_CODE : 0], [1], to), [dimOf(x, 0)]);
  return { codes: b.op('QuantizeLinear', [x, scales, zeros], { axis: 0, to }), scales };
}

/** Int8MatMul in primitives: what several products have of one x in common, the builder makes once. */
export function int8MatMul(b: Builder, inputs: readonly Value[], { rotation }: OpAttributes['Int8MatMul']): Value {
  const [x, codes, scales] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const [directions, through, factors] = inputs.slice(5);
  const along = directions && b.gemm(x, directions, { transB: true });
  const factored = (value: Value): Value => (factors ? b.mul(value, factors) : value);
  const rest = along && directions ? b.gemm(along, factored(directions), { alpha: -1 }, factored(x)) : x;
  const rows = codedRows(b, rotated(b, rest, rotation), 'uint8');
  const whole = b.op(
    'MatMulIntegerToFloat',
    [rows.codes, codes, b.scalar(1), scales, b.scalar(ZERO_CODE, 'uint8')],
    {},
  );
  const scaled = b.mul(whole, b.reshape(rows.scales, [dimOf(x, 0), 1]));
  return along && through ? b.gemm(along, through, {}, scaled) : scaled;
}
