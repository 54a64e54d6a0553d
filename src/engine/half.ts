/** Half-precision floats (IEEE 754 binary16): their values and bits, for the engines and for files of weights. */

const bits32 = new Uint32Array(1);
const value32 = new Float32Array(bits32.buffer);

/** The value of sixteen bits. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

let table: Float32Array | undefined;

/** All 65,536 values by their bits, made on first use. */
export function halfValues(): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => halfValue(bits));
  return table;
}

/** Bits of the nearest half-precision value, ties to even; beyond 65504 infinity, and 0x7e00 of what is no number. */
export const halfBits = (value: number): number => (Number.isNaN(value) ? 0x7e00 : fromSingle(singleBits(value)));

/** The same of many values. */
export function halvesOf(values: Float32Array): Uint16Array {
  const singles = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) {
    const bits = singles[i] as number;
    halves[i] = (bits & 0x7fffffff) > 0x7f800000 ? 0x7e00 : fromSingle(bits);
  }
  return halves;
}

/** Half-precision bits from single-precision ones of a number. */
function fromSingle(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | subnormalBits(magnitude);
  // Rebias the exponent and add just under half of the last kept place, or half of it when that place is odd.
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** The nearest half-precision value, ties to even; beyond 65504 infinity. */
export const roundToHalf = (value: number): number => halfValues()[halfBits(value)] as number;

/** Bits in single precision, cut off; a number that is cut has its last bit set, so that it is rounded further as it would be itself. */
function singleBits(value: number): number {
  value32[0] = value;
  const [nearest, bits] = [value32[0], bits32[0] as number];
  if (nearest === value) return bits;
  return (bits - (Math.abs(nearest) > Math.abs(value) ? 1 : 0)) | 1;
}

/** Bits of what is too small for a leading one, from its magnitude's bits in single precision. */
function subnormalBits(magnitude: number): number {
  bits32[0] = magnitude;
  const scaled = (value32[0] as number) * 2 ** 24;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
