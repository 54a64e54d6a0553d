/** Safetensors: a bounded, distrustful reader and an atomic writer. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { UserError } from '../core/errors.js';
import { isObject } from '../core/json.js';
import type { WeightSource } from './model.js';

/** Longest header read, in bytes: the format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

const ELEMENT_BYTES: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

function fail(path: string, why: string): never {
  throw new UserError(`${path}: ${why}: the file is damaged or was not downloaded whole`);
}

function readBytes(path: string, start: number, length: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const count = readSync(file, buffer, done, length - done, start + done);
      if (count === 0) fail(path, `ends ${length - done} bytes early`);
      done += count;
    }
    return buffer;
  } finally {
    closeSync(file);
  }
}

function sizeOf(path: string): number {
  const file = openSync(path, 'r');
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

function entryOf(path: string, name: string, raw: unknown, dataBytes: number): Entry {
  const offsets: unknown = isObject(raw) ? raw['data_offsets'] : undefined;
  const shape: unknown = isObject(raw) ? raw['shape'] : undefined;
  const dtype: unknown = isObject(raw) ? raw['dtype'] : undefined;
  if (typeof dtype !== 'string' || !(dtype in ELEMENT_BYTES))
    fail(path, `tensor "${name}" has the unsupported type ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every((each) => Number.isSafeInteger(each) && (each as number) >= 0))
    fail(path, `tensor "${name}" has no valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(Number.isSafeInteger))
    fail(path, `tensor "${name}" has no valid offsets`);
  const [start, end] = offsets as [number, number];
  const bytes = (shape as number[]).reduce((a, b) => a * b, 1) * (ELEMENT_BYTES[dtype] ?? 0);
  if (start < 0 || end > dataBytes || end - start !== bytes)
    fail(path, `tensor "${name}" lies at ${start} to ${end} of ${dataBytes} bytes and should have ${bytes}`);
  return { dtype, shape: shape as number[], start, end };
}

function readHeader(path: string): { entries: Map<string, Entry>; dataStart: number } {
  const size = sizeOf(path);
  if (size < 8) fail(path, 'has no safetensors header');
  const declared = readBytes(path, 0, 8).readBigUInt64LE();
  if (declared > BigInt(Math.min(MAX_HEADER_BYTES, size - 8))) fail(path, `declares a header of ${declared} bytes`);
  const dataStart = 8 + Number(declared);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readBytes(path, 8, Number(declared)).toString('utf8'));
  } catch {
    fail(path, 'has a header that is not JSON');
  }
  if (!isObject(parsed)) fail(path, 'has a header that is no object');
  const entries = new Map<string, Entry>();
  for (const [name, raw] of Object.entries(parsed))
    if (name !== '__metadata__') entries.set(name, entryOf(path, name, raw, size - dataStart));
  const sorted = [...entries].sort((a, b) => a[1].start - b[1].start);
  sorted.forEach(([name, entry], i) => {
    const before = sorted[i - 1];
    if (before && entry.start < before[1].end) fail(path, `tensors "${before[0]}" and "${name}" overlap`);
  });
  return { entries, dataStart };
}

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function toFloats(bytes: Buffer, dtype: string): Float32Array {
  const aligned = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  switch (dtype) {
    case 'F32':
      return new Float32Array(aligned);
    case 'F64':
      return Float32Array.from(new Float64Array(aligned));
    case 'BF16': {
      const out = new Uint32Array(aligned.byteLength / 2);
      new Uint16Array(aligned).forEach((each, i) => (out[i] = each << 16));
      return new Float32Array(out.buffer);
    }
    default:
      return Float32Array.from(new Uint16Array(aligned), halfToFloat);
  }
}

/** Opens a file; throws UserError naming the file and tensor where anything does not fit. Values are read when asked for. */
export function openSafetensors(path: string): WeightSource {
  const { entries, dataStart } = readHeader(path);
  const find = (name: string): Entry => {
    const entry = entries.get(name);
    if (!entry) throw new UserError(`${path}: has no tensor "${name}"`);
    return entry;
  };
  return {
    names: [...entries.keys()],
    shape: (name) => find(name).shape,
    read: (name) => {
      const { dtype, start, end } = find(name);
      const values = toFloats(readBytes(path, dataStart + start, end - start), dtype);
      if (values.some((each) => !Number.isFinite(each)))
        throw new UserError(`${path}: tensor "${name}" holds values that are not finite`);
      return values;
    },
  };
}

/** A tensor to write. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const scratch = new DataView(new ArrayBuffer(4));

/** Nearest 16-bit float, ties to even. */
function floatToHalf(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (!(magnitude < 65520)) return sign | (Number.isNaN(value) ? 0x7e00 : 0x7c00);
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -14)));
  const scaled = magnitude / 2 ** (exponent - 10);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  return sign | (rounded < 1024 ? rounded : ((exponent + 14) << 10) + rounded);
}

function toBytes(data: Float32Array, dtype: 'F32' | 'F16' | 'BF16'): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (dtype === 'F16') return new Uint8Array(Uint16Array.from(data, floatToHalf).buffer);
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  return new Uint8Array(Uint16Array.from(bits, (each) => (each + 0x7fff + ((each >>> 16) & 1)) >>> 16).buffer);
}

/** Writes tensors whole or not at all. `dtype` F32 (default), F16 or BF16. */
export function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  options: { readonly metadata?: Readonly<Record<string, string>>; readonly dtype?: 'F32' | 'F16' | 'BF16' } = {},
): void {
  const dtype = options.dtype ?? 'F32';
  let offset = 0;
  const header: Record<string, unknown> = options.metadata ? { __metadata__: options.metadata } : {};
  for (const { name, shape, data } of tensors) {
    const bytes = data.length * (ELEMENT_BYTES[dtype] ?? 4);
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(Buffer.byteLength(json) / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileAtomic.sync(path, Buffer.concat([length, text, ...tensors.map(({ data }) => toBytes(data, dtype))]));
}
