/** Sixteen-bit floats to 32 bits and back, many values at a time: what weight files store and what lightmem computes with. */

const bits32 = new Uint32Array(1);
const value32 = new Float32Array(bits32.buffer);

/** The value of sixteen IEEE 754 binary16 bits. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

let halfTable: Float32Array | undefined;

/** All 65,536 binary16 values by their bits, made on first use. */
export function halfValues(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => halfValue(bits));
  return halfTable;
}

/** Bits of the nearest binary16 value, ties to even; beyond 65504 infinity. */
export function halfBits(value: number): number {
  value32[0] = value;
  const bits = bits32[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | subnormalHalf(magnitude);
  // Rebias the exponent and add just under half of the last kept place, or half of it when that place is odd.
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function subnormalHalf(magnitude: number): number {
  bits32[0] = magnitude;
  const scaled = (value32[0] as number) * 2 ** 24;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Bits of the nearest bfloat16 value, ties to even. */
export function bfloatBits(value: number): number {
  value32[0] = value;
  const bits = bits32[0] as number;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Writes binary16 values into `out` from an offset. */
export function decodeHalf(source: Uint16Array, out: Float32Array, offset: number): void {
  const table = halfValues();
  for (let i = 0; i < source.length; i++) out[offset + i] = table[source[i] as number] as number;
}

/** Writes bfloat16 values into `out` from an offset. */
export function decodeBfloat(source: Uint16Array, out: Float32Array, offset: number): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset + 4 * offset, source.length);
  for (let i = 0; i < source.length; i++) bits[i] = (source[i] as number) << 16;
}

/** Position of the first NaN or infinity, or -1: one cheap pass where all is well. */
export function firstNonFinite(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * 0;
  return sum === 0 ? -1 : values.findIndex((value) => !Number.isFinite(value));
}
