/** GGUF files: their metadata and tensors, read with every count bounded by what is left of the file. */
import { isUtf8 } from 'node:buffer';
import { UserError } from '../../core/errors.js';
import { readInto, withFile } from '../../files/file-range.js';
import { noBinary, STUB_BYTES } from '../../files/stub.js';
import { firstNonFinite } from './floats.js';
import { GGML_TYPES, type GgmlType } from './ggml-types.js';

/** Whole numbers beyond 2⁵³ stay bigints. */
export type GgufValue = number | bigint | boolean | string | readonly GgufValue[];

export interface GgufTensor {
  readonly name: string;
  /** Sizes as Hugging Face orders them, the slowest first: linear weights are [out, in]. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
  readonly count: number;
  /** First byte in the file. */
  readonly start: number;
}

/** Own limits, far above any real file's and far below what would hurt: largest known vocabularies have about 300,000 tokens. */
const MAX_ARRAY = 1 << 23;
const MAX_STRING_BYTES = 16 << 20;
const MAX_METADATA_BYTES = 512 << 20;
const MAX_KEYS = 1 << 16;
const MAX_TENSORS = 1 << 16;
const MAX_NAME_BYTES = 64;
const MAX_DIMENSIONS = 4;
const MAX_ALIGNMENT = 1 << 16;
/** An array may hold arrays; no known file nests deeper. */
const MAX_DEPTH = 2;

/** Least bytes of a key with its value, and of a tensor's description: how many of them can be left at most. */
const LEAST_KEY_BYTES = 8 + 1 + 4 + 1;
const LEAST_TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8;

const WINDOW_BYTES = 1 << 20;

/** A place in a file from which numbers and strings are read in turn, through a window of the file in memory. */
class Cursor {
  #window = Buffer.alloc(0);
  #windowStart = 0;
  position = 0;

  constructor(
    readonly path: string,
    readonly file: number,
    readonly size: number,
  ) {}

  fail(problem: string): never {
    throw new UserError(`${this.path}: ${problem}; the file is damaged or cut short`);
  }

  /** The next bytes; they stay valid until the next call. */
  take(length: number): Buffer {
    const end = this.position + length;
    if (end > this.size) this.fail(`ends at byte ${this.size}, inside of what it declares`);
    if (end > MAX_METADATA_BYTES) this.fail(`has more than ${MAX_METADATA_BYTES} bytes of metadata`);
    if (this.position < this.#windowStart || end > this.#windowStart + this.#window.length) this.#move(length);
    const at = this.position - this.#windowStart;
    this.position = end;
    return this.#window.subarray(at, at + length);
  }

  u32 = (): number => this.take(4).readUInt32LE();
  u64 = (): bigint => this.take(8).readBigUInt64LE();

  /** A declared number of things, refused where so many cannot follow or are more than `limit`. */
  count(what: string, leastBytes: number, limit: number): number {
    const declared = this.u64();
    const left = this.size - this.position;
    if (declared > BigInt(Math.floor(left / leastBytes)))
      this.fail(`declares ${declared} ${what}, but only ${left} bytes follow`);
    if (declared > BigInt(limit)) this.fail(`declares ${declared} ${what}, more than the ${limit} that are read`);
    return Number(declared);
  }

  string(what: string, limit = MAX_STRING_BYTES): string {
    const bytes = this.take(this.count(`bytes of ${what}`, 1, limit));
    if (!isUtf8(bytes)) this.fail(`${what} at byte ${this.position - bytes.length} is no UTF-8`);
    return bytes.toString('utf8');
  }

  #move(length: number): void {
    this.#window = Buffer.alloc(Math.min(Math.max(length, WINDOW_BYTES), this.size - this.position));
    this.#windowStart = this.position;
    readInto(this.path, this.file, this.#window, this.position);
  }
}

const small = (value: bigint): number | bigint =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(value) : value;

interface ValueType {
  /** Least bytes of one value. */
  readonly bytes: number;
  readonly read: (cursor: Cursor) => GgufValue;
}

/** Value types by their number in a file. */
const VALUE_TYPES: readonly (ValueType | 'array')[] = [
  { bytes: 1, read: (cursor) => cursor.take(1).readUInt8() },
  { bytes: 1, read: (cursor) => cursor.take(1).readInt8() },
  { bytes: 2, read: (cursor) => cursor.take(2).readUInt16LE() },
  { bytes: 2, read: (cursor) => cursor.take(2).readInt16LE() },
  { bytes: 4, read: (cursor) => cursor.u32() },
  { bytes: 4, read: (cursor) => cursor.take(4).readInt32LE() },
  { bytes: 4, read: (cursor) => cursor.take(4).readFloatLE() },
  { bytes: 1, read: readBoolean },
  { bytes: 8, read: (cursor) => cursor.string('a value') },
  'array',
  { bytes: 8, read: (cursor) => small(cursor.u64()) },
  { bytes: 8, read: (cursor) => small(cursor.take(8).readBigInt64LE()) },
  { bytes: 8, read: (cursor) => cursor.take(8).readDoubleLE() },
];

/** Least bytes of an array: its type and its length. */
const LEAST_ARRAY_BYTES = 12;

function readBoolean(cursor: Cursor): boolean {
  const byte = cursor.take(1).readUInt8();
  if (byte > 1) cursor.fail(`has the truth value ${byte}`);
  return byte === 1;
}

function readValue(cursor: Cursor, number: number, depth: number): GgufValue {
  const type = VALUE_TYPES[number] ?? cursor.fail(`has a value of the unknown type ${number}`);
  if (type !== 'array') return type.read(cursor);
  if (depth === MAX_DEPTH) cursor.fail(`nests arrays more than ${MAX_DEPTH} deep`);
  const elementNumber = cursor.u32();
  const element = VALUE_TYPES[elementNumber] ?? cursor.fail(`has an array of the unknown type ${elementNumber}`);
  const length = cursor.count('values in an array', element === 'array' ? LEAST_ARRAY_BYTES : element.bytes, MAX_ARRAY);
  const values: GgufValue[] = [];
  for (let i = 0; i < length; i++) values.push(readValue(cursor, elementNumber, depth + 1));
  return values;
}

function readMetadata(cursor: Cursor, count: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = cursor.string('a key', 1 << 16);
    if (metadata.has(key)) cursor.fail(`has the key ${JSON.stringify(key)} twice`);
    metadata.set(key, readValue(cursor, cursor.u32(), 0));
  }
  return metadata;
}

interface RawTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: GgmlType;
  readonly count: number;
  readonly offset: number;
  readonly bytes: number;
}

function readTensorInfo(cursor: Cursor): RawTensor {
  const name = cursor.string('a tensor name', MAX_NAME_BYTES);
  const fail = (problem: string): never => cursor.fail(`tensor ${JSON.stringify(name)} ${problem}`);
  const dimensions = cursor.u32();
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS) fail(`has ${dimensions} dimensions`);
  const sizes = Array.from({ length: dimensions }, () => cursor.u64());
  const product = sizes.reduce((a, b) => a * b, 1n);
  if (product === 0n || product > BigInt(Number.MAX_SAFE_INTEGER)) fail(`has the sizes ${sizes.join(', ')}`);
  const type = ggmlType(cursor, name, cursor.u32());
  const shape = sizes.map(Number);
  if ((shape[0] ?? 0) % type.blockValues !== 0)
    fail(`has rows of ${shape[0]} values, which are no whole blocks of ${type.name}`);
  const offset = cursor.u64();
  if (offset > BigInt(cursor.size)) fail(`begins at byte ${offset} of the data, beyond the file's end`);
  const count = Number(product);
  return {
    name,
    shape: shape.reverse(),
    type,
    count,
    offset: Number(offset),
    bytes: (count / type.blockValues) * type.blockBytes,
  };
}

function ggmlType(cursor: Cursor, name: string, number: number): GgmlType {
  const type = GGML_TYPES.get(number);
  if (type) return type;
  const known = [...GGML_TYPES.values()].map((each) => each.name).join(', ');
  throw new UserError(
    `${cursor.path}: tensor ${JSON.stringify(name)} is of the format number ${number}: only ${known} are read; quantise the model to one of them`,
  );
}

/** Tensors with their places in the file: aligned, within it, none over another. */
function placed(cursor: Cursor, tensors: readonly RawTensor[], alignment: number): Map<string, GgufTensor> {
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const places = new Map<string, GgufTensor>();
  let end = 0;
  for (const tensor of [...tensors].sort((a, b) => a.offset - b.offset)) {
    const { name, shape, type, count, offset, bytes } = tensor;
    const fail = (problem: string): never => cursor.fail(`tensor ${JSON.stringify(name)} ${problem}`);
    if (places.has(name)) fail('is there twice');
    if (offset % alignment !== 0) fail(`begins at ${offset}, no multiple of ${alignment}`);
    if (offset < end) fail('lies over the one before it');
    if (dataStart + offset + bytes > cursor.size) fail(`ends beyond the file's ${cursor.size} bytes`);
    places.set(name, { name, shape, type, count, start: dataStart + offset });
    end = offset + bytes;
  }
  return places;
}

function alignmentOf(cursor: Cursor, metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get('general.alignment') ?? 32;
  const valid = typeof value === 'number' && Number.isInteger(Math.log2(value)) && value >= 1 && value <= MAX_ALIGNMENT;
  return valid ? value : cursor.fail(`has the alignment ${String(value).slice(0, 40)}: it must be a power of two`);
}

function readVersion(cursor: Cursor): void {
  if (cursor.take(4).toString('latin1') !== 'GGUF') throw new UserError(`${cursor.path}: not a GGUF file`);
  const version = cursor.u32();
  if (version === 2 || version === 3) return;
  const bigEndian = version === 0x03000000 || version === 0x02000000;
  throw new UserError(
    `${cursor.path}: ${bigEndian ? 'a big-endian GGUF file' : `GGUF version ${version}`} is not read: convert the model to version 3, little-endian`,
  );
}

export class GgufFile {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;

  /** Reads metadata and the list of tensors; throws UserError where anything in them is wrong. Values are read when asked for. */
  constructor(readonly path: string) {
    const { metadata, tensors } = withFile(path, (file, size) => {
      const head = Buffer.alloc(Math.min(size, STUB_BYTES));
      readInto(path, file, head, 0);
      const reason = head.subarray(0, 4).toString('latin1') === 'GGUF' ? undefined : noBinary(head);
      if (reason !== undefined) throw new UserError(`${path}: not a GGUF file: it ${reason}`);
      const cursor = new Cursor(path, file, size);
      readVersion(cursor);
      const tensorCount = cursor.count('tensors', LEAST_TENSOR_BYTES, MAX_TENSORS);
      const keyCount = cursor.count('keys', LEAST_KEY_BYTES, MAX_KEYS);
      const found = readMetadata(cursor, keyCount);
      const infos = Array.from({ length: tensorCount }, () => readTensorInfo(cursor));
      return { metadata: found, tensors: placed(cursor, infos, alignmentOf(cursor, found)) };
    });
    this.metadata = metadata;
    this.tensors = tensors;
  }

  tensor(name: string): GgufTensor {
    const tensor = this.tensors.get(name);
    if (tensor) return tensor;
    throw new UserError(`${this.path}: there is no tensor "${name}"`);
  }

  /** A tensor's values in f32, dequantised; throws UserError where one is NaN or infinite. */
  read(name: string): Float32Array {
    const tensor = this.tensor(name);
    const out = withFile(this.path, (file, size) => {
      if (tensor.start + (tensor.count / tensor.type.blockValues) * tensor.type.blockBytes > size)
        throw new UserError(`${this.path}: the file has become shorter since it was opened`);
      return readTensor(this.path, file, tensor);
    });
    const bad = firstNonFinite(out);
    if (bad < 0) return out;
    throw new UserError(
      `${this.path}: tensor "${name}" holds ${out[bad]} at position ${bad}: the weights are damaged, fetch them again`,
    );
  }
}

/** Values decoded at a time; a whole number of blocks of every format. */
const CHUNK_VALUES = 1 << 18;

function readTensor(path: string, file: number, { type, count, start }: GgufTensor): Float32Array {
  const { blockValues, blockBytes, decode } = type;
  const out = new Float32Array(count);
  const scratch = new Uint8Array((Math.min(count, CHUNK_VALUES) / blockValues) * blockBytes);
  for (let done = 0; done < count; done += CHUNK_VALUES) {
    const values = Math.min(CHUNK_VALUES, count - done);
    const bytes = scratch.subarray(0, (values / blockValues) * blockBytes);
    readInto(path, file, bytes, start + (done / blockValues) * blockBytes);
    decode(bytes, out.subarray(done, done + values));
  }
  return out;
}
