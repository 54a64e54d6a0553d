/** Sixteen-bit floats to 32 bits and back, many values at a time: what weight files store and what lightmem computes with. */
import { halfValues } from '../../engine/half.js';

const bits32 = new Uint32Array(1);
const value32 = new Float32Array(bits32.buffer);

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
