/** Half-precision floats (IEEE 754 binary16): their values and bits. */

const SMALLEST_EXPONENT = -14;
const FRACTION_BITS = 10;
const LARGEST = 65504;

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

const exponentOf = (value: number): number => Math.max(Math.floor(Math.log2(Math.abs(value))), SMALLEST_EXPONENT);

/** The nearest half-precision value, ties to even; beyond 65504 infinity. */
export function roundToHalf(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const step = 2 ** (exponentOf(value) - FRACTION_BITS);
  const nearest = roundToEven(value / step) * step;
  return Math.abs(nearest) > LARGEST ? Math.sign(nearest) * Infinity : nearest;
}

/** Sixteen bits of the nearest half-precision value. */
export function halfBits(value: number): number {
  const half = roundToHalf(value);
  const sign = half < 0 || Object.is(half, -0) ? 0x8000 : 0;
  if (Number.isNaN(half)) return 0x7e00;
  if (!Number.isFinite(half)) return sign | 0x7c00;
  if (half === 0) return sign;
  const exponent = exponentOf(half);
  // A normal number's leading 1024 carries into the exponent's field; a subnormal has none, and its field stays 0.
  return sign | (Math.abs(half) * 2 ** (FRACTION_BITS - exponent) + (exponent - SMALLEST_EXPONENT) * 1024);
}

/** The value of sixteen bits. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> FRACTION_BITS) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** (SMALLEST_EXPONENT - FRACTION_BITS);
  return sign * (1024 + fraction) * 2 ** (exponent - 15 - FRACTION_BITS);
}
