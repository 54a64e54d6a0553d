/** Safetensors files: a reader that believes nothing a header says, for single files and sharded folders, and a writer that leaves whole files. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { elementCount } from '../../core/collections.js';
import { UserError, messageOf } from '../../core/errors.js';
import { isObject } from '../../core/json.js';
import { bytesOf, readInto, withFile } from '../../files/file-range.js';
import { danglingLink, noBinary, STUB_BYTES, stubOf } from '../../files/stub.js';
import { writeWhole } from '../../files/write-whole.js';
import { halfBits } from '../../engine/half.js';
import { bfloatBits, decodeBfloat, decodeHalf, firstNonFinite } from './floats.js';
import type { WeightSource } from '../model.js';

/** Longest header that is read, as in the reference implementation: far above any real model's, and it bounds the parser's work. */
const MAX_HEADER_BYTES = 100_000_000n;

/** Bytes of one element, by the format's names. Others are refused. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  F64: 8, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1,
  I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1,
}; // prettier-ignore

/** Values converted at a time: big enough to be quick, small enough that no second copy of a tensor is held. */
const CHUNK_VALUES = 1 << 18;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte of the values in the file. */
  readonly start: number;
  readonly count: number;
}

/** A WeightSource over one or several safetensors files, with their free metadata. */
export interface Safetensors extends WeightSource {
  readonly metadata: Readonly<Record<string, string>>;
  /** Files it reads from. */
  readonly files: readonly string[];
  /** Type as stored: `F32`, `F16`, `BF16` … */
  dtype(name: string): string;
  /** Fills an array with a tensor that is stored as just such numbers. Throws UserError where it is another type or another number of values. */
  readInto(name: string, into: StoredArray): void;
}

/** Arrays whose numbers are stored as they are. */
export type StoredArray = Float32Array | Int8Array;

const storedType = (array: StoredArray): 'F32' | 'I8' => (array instanceof Int8Array ? 'I8' : 'F32');

/**
 * Opens a safetensors file, an index of shards (`model.safetensors.index.json`) or a folder with either.
 * Every header is checked whole; values are read from the file when asked for, converted to f32 from F64, F32, F16 or BF16.
 * Throws UserError naming file and tensor where a header is wrong, and on reading where values are NaN or infinite.
 */
export function openSafetensors(path: string): Safetensors {
  const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!folder) return path.endsWith('.json') ? openShards(path) : new SafetensorsFile(path);
  const single = join(path, 'model.safetensors');
  const index = `${single}.index.json`;
  if (existsSync(single)) return new SafetensorsFile(single);
  if (existsSync(index)) return openShards(index);
  const link = danglingLink(single) ?? danglingLink(index);
  if (link !== undefined)
    throw new UserError(`${path}: its weights are a link to ${link}, which is not there: fetch the model again`);
  throw new UserError(
    `${path}: neither model.safetensors nor model.safetensors.index.json is there${pickleHint(path)}`,
  );
}

function pickleHint(folder: string): string {
  const pickles = ['pytorch_model.bin', 'pytorch_model.bin.index.json', 'model.pt', 'consolidated.00.pth'];
  const found = pickles.find((name) => existsSync(join(folder, name)));
  if (found === undefined) return '';
  return `; ${found} is a pickle, which can run code when it is opened and is not read: convert it to safetensors`;
}

class SafetensorsFile implements Safetensors {
  readonly names: readonly string[];
  readonly files: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(readonly path: string) {
    const { entries, metadata } = withFile(path, (file, size) => readHeader(path, file, size));
    this.#entries = entries;
    this.metadata = metadata;
    this.names = [...entries.keys()];
    this.files = [path];
  }

  shape(name: string): readonly number[] {
    return this.#entry(name).shape;
  }

  dtype(name: string): string {
    return this.#entry(name).dtype;
  }

  read(name: string): Float32Array {
    const entry = this.#entry(name);
    return this.#finite(
      name,
      this.#withEntry(entry, (file) => readValues({ path: this.path, file }, name, entry)),
    );
  }

  readInto(name: string, into: StoredArray): void {
    const entry = this.#entry(name);
    const [found, asked] = [`${entry.count} ${entry.dtype}`, `${into.length} ${storedType(into)}`];
    if (found !== asked)
      throw new UserError(`${this.path}: tensor "${name}" holds ${found} where ${asked} are asked for`);
    this.#withEntry(entry, (file) => readInto(this.path, file, bytesOf(into), entry.start));
    if (into instanceof Float32Array) this.#finite(name, into);
  }

  #withEntry<T>({ start, count, dtype }: Entry, use: (file: number) => T): T {
    return withFile(this.path, (file, size) => {
      if (start + count * (ELEMENT_BYTES[dtype] ?? 0) > size)
        throw new UserError(`${this.path}: the file has become shorter since it was opened`);
      return use(file);
    });
  }

  #finite(name: string, values: Float32Array): Float32Array {
    const bad = firstNonFinite(values);
    if (bad < 0) return values;
    throw new UserError(
      `${this.path}: tensor "${name}" holds ${values[bad]} at position ${bad}: the weights are damaged, fetch them again`,
    );
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry) return entry;
    throw new UserError(`${this.path}: there is no tensor "${name}"`);
  }
}

function readHeader(path: string, file: number, size: number): Header {
  refuseOthers(path, file, size);
  if (size < 8) throw new UserError(`${path}: ${size} bytes are too few for a safetensors file`);
  const prefix = Buffer.alloc(8);
  readInto(path, file, prefix, 0);
  const declared = prefix.readBigUInt64LE();
  const available = BigInt(size - 8);
  if (declared > available)
    throw new UserError(
      `${path}: declares a header of ${declared} bytes, but only ${available} follow; it is cut short or no safetensors file`,
    );
  if (declared > MAX_HEADER_BYTES)
    throw new UserError(
      `${path}: declares a header of ${declared} bytes, more than the ${MAX_HEADER_BYTES} that are read`,
    );
  const header = Buffer.alloc(Number(declared));
  readInto(path, file, header, 8);
  return parseHeader(path, header, size - 8 - header.length);
}

/** Throws UserError where the file is something that stands in for weights, or text. */
function refuseOthers(path: string, file: number, size: number): void {
  const head = Buffer.alloc(Math.min(size, STUB_BYTES));
  readInto(path, file, head, 0);
  const reason = noBinary(head);
  if (reason !== undefined) throw new UserError(`${path}: not a safetensors file: it ${reason}`);
}

interface Header {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where a file has the values of its tensors. */
interface DataRange {
  readonly path: string;
  /** First byte. */
  readonly start: number;
  readonly bytes: number;
}

function parseHeader(path: string, bytes: Buffer, dataBytes: number): Header {
  const parsed = parseJson(path, bytes);
  const { ['__metadata__']: metadata, ...tensors } = parsed;
  if (metadata !== undefined && !isStringMap(metadata))
    throw new UserError(`${path}: __metadata__ must map strings to strings`);
  const data: DataRange = { path, start: 8 + bytes.length, bytes: dataBytes };
  const entries = new Map<string, Entry & { end: number }>();
  for (const [name, info] of Object.entries(tensors)) entries.set(name, checkEntry(data, name, info));
  checkLayout(data, entries);
  return { entries, metadata: metadata ?? {} };
}

function parseJson(path: string, bytes: Buffer): Record<string, unknown> {
  let parsed: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `${path}: the header is no JSON (${messageOf(error).slice(0, 120)}); it is damaged or no safetensors file`,
    );
  }
  if (!text.startsWith('{') || !isObject(parsed)) throw new UserError(`${path}: the header is no JSON object`);
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new UserError(`${path}: the header has the key ${twice.slice(0, 200)} twice`);
  return parsed;
}

/** A key that one object of a valid JSON text has twice, or undefined; JSON.parse would silently keep the last. */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/gsu;
  for (const [piece, colon] of text.matchAll(token)) {
    if (piece === '{') open.push(new Set());
    else if (piece === '}') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(piece.slice(0, -colon.length)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return JSON.stringify(key);
      keys?.add(key);
    }
  }
  return undefined;
}

function isStringMap(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function checkEntry(data: DataRange, name: string, info: unknown): Entry & { end: number } {
  const fail = (problem: string) =>
    new UserError(`${data.path}: tensor ${JSON.stringify(name.slice(0, 200))} ${problem}`);
  if (!isObject(info)) throw fail('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = info;
  const bytes = typeof dtype === 'string' && Object.hasOwn(ELEMENT_BYTES, dtype) ? ELEMENT_BYTES[dtype] : undefined;
  if (typeof dtype !== 'string' || bytes === undefined)
    throw fail(`has the unknown dtype ${JSON.stringify(dtype)?.slice(0, 60)}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) throw fail('has a shape that is no list of sizes');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw fail('has data_offsets that are no pair of positions');
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > data.bytes)
    throw fail(
      `lies at bytes ${begin} to ${end}, outside of the ${data.bytes} bytes of data; the file is cut short or damaged`,
    );
  const count = shape.reduce((product: number, size: number) => product * size, 1);
  if (!isSize(count) || count * bytes !== end - begin)
    throw fail(
      `of shape [${shape.slice(0, 8).join(', ')}] and dtype ${dtype} needs other than its ${end - begin} bytes`,
    );
  return { dtype, shape: shape, start: data.start + begin, count, end: data.start + end };
}

/** Tensors must lie one behind the other and fill the data: no overlap, no hole. */
function checkLayout(
  { path, start: first, bytes }: DataRange,
  entries: ReadonlyMap<string, Entry & { end: number }>,
): void {
  let at = first;
  for (const [name, { start, end }] of [...entries].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    if (start !== at)
      throw new UserError(
        `${path}: tensor ${JSON.stringify(name.slice(0, 200))} ${start < at ? 'overlaps the one before it' : 'leaves a hole before it'}`,
      );
    at = end;
  }
  if (at !== first + bytes) throw new UserError(`${path}: ${first + bytes - at} bytes at the end belong to no tensor`);
}

/** A file that is open. */
interface OpenFile {
  readonly path: string;
  readonly file: number;
}

function readValues(from: OpenFile, name: string, entry: Entry): Float32Array {
  const { dtype, start, count } = entry;
  switch (dtype) {
    case 'F32': {
      const out = new Float32Array(count);
      readInto(from.path, from.file, bytesOf(out), start);
      return out;
    }
    case 'F16':
      return readChunks(from, entry, Uint16Array, decodeHalf);
    case 'BF16':
      return readChunks(from, entry, Uint16Array, decodeBfloat);
    case 'F64':
      return readChunks(from, entry, Float64Array, (chunk, out, offset) => out.set(chunk, offset));
    default:
      throw new UserError(
        `${from.path}: tensor "${name}" is of dtype ${dtype}: only F32, F16, BF16 and F64 weights can be used`,
      );
  }
}

function readChunks<T extends Uint16Array | Float64Array>(
  { path, file }: OpenFile,
  { start, count }: Entry,
  Chunk: new (length: number) => T,
  decode: (chunk: T, out: Float32Array, offset: number) => void,
): Float32Array {
  const out = new Float32Array(count);
  const scratch = new Chunk(Math.min(count, CHUNK_VALUES));
  for (let done = 0; done < count; done += CHUNK_VALUES) {
    const chunk = scratch.subarray(0, Math.min(CHUNK_VALUES, count - done)) as T;
    readInto(path, file, bytesOf(chunk), start + done * chunk.BYTES_PER_ELEMENT);
    decode(chunk, out, done);
  }
  return out;
}

const shardIndex = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Opens all shards an index names. A shard's name must be a plain file name: an index cannot reach out of its folder. */
function openShards(path: string): Safetensors {
  const map = Object.entries(readIndex(path));
  const shards = new Map<string, SafetensorsFile>();
  for (const [name, shard] of map) {
    if (basename(shard) !== shard || !/^[\w.-]+\.safetensors$/.test(shard))
      throw new UserError(
        `${path}: invalid file name ${JSON.stringify(shard)} of tensor "${name}": use the name of a .safetensors file in the same folder`,
      );
    if (!shards.has(shard)) shards.set(shard, new SafetensorsFile(join(dirname(path), shard)));
    shards.get(shard)?.shape(name);
  }
  refuseUnlisted(path, new Map(map), shards);
  return new ShardedSafetensors(
    path,
    new Map(map.map(([name, shard]) => [name, shards.get(shard) as SafetensorsFile])),
  );
}

/** Throws UserError where a shard holds a tensor that the index does not name there: it would be passed over. */
function refuseUnlisted(
  path: string,
  map: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, SafetensorsFile>,
): void {
  for (const [shard, { names }] of shards) {
    const unlisted = names.find((name) => map.get(name) !== shard);
    if (unlisted !== undefined)
      throw new UserError(
        `${path}: tensor "${unlisted}" of ${shard} is not listed there: the index is of other files, fetch it again`,
      );
  }
}

function readIndex(path: string): Record<string, string> {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (BigInt(size) > MAX_HEADER_BYTES)
    throw new UserError(`${path}: ${size} bytes are too many for an index of shards`);
  const bytes = readFileSync(path);
  const stub = stubOf(bytes);
  if (stub) throw new UserError(`${path} ${stub.what}: ${stub.fix}`);
  try {
    return shardIndex.parse(JSON.parse(bytes.toString('utf8'))).weight_map;
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new UserError(`${path}: not an index of shards: ${reason}`);
  }
}

class ShardedSafetensors implements Safetensors {
  readonly names: readonly string[];
  readonly files: readonly string[];
  readonly metadata = {};

  constructor(
    readonly path: string,
    readonly shards: ReadonlyMap<string, SafetensorsFile>,
  ) {
    this.names = [...shards.keys()];
    this.files = [path, ...new Set([...shards.values()].map((shard) => shard.path))];
  }

  shape(name: string): readonly number[] {
    return this.#shard(name).shape(name);
  }

  dtype(name: string): string {
    return this.#shard(name).dtype(name);
  }

  read(name: string): Float32Array {
    return this.#shard(name).read(name);
  }

  readInto(name: string, into: StoredArray): void {
    this.#shard(name).readInto(name, into);
  }

  #shard(name: string): SafetensorsFile {
    const shard = this.shards.get(name);
    if (shard) return shard;
    throw new UserError(`${this.path}: there is no tensor "${name}"`);
  }
}

/**
 * A tensor to be written; `data` may be a function that makes the values when their turn comes, so that not all need be held at once.
 * Int8Arrays are stored as I8.
 */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: StoredArray | (() => Float32Array);
}

export interface WriteOptions {
  /** Free strings for readers; PEFT and transformers expect `{ format: 'pt' }`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** How floating-point values are stored; default F32. */
  readonly dtype?: FloatType;
}

type FloatType = 'F32' | 'F16' | 'BF16';

/**
 * Writes tensors into one safetensors file, whole or not at all (a temporary file, flushed and renamed).
 * Throws Error on a name given twice, a wrong number of values or values that are not finite, UserError on values too large for the dtype.
 */
export function writeSafetensors(path: string, tensors: readonly NamedTensor[], options: WriteOptions = {}): void {
  const dtype = options.dtype ?? 'F32';
  const header = headerOf(tensors, dtype, options.metadata ?? {});
  writeWhole(path, pieces(header, tensors, dtype));
}

function* pieces(header: Buffer, tensors: readonly NamedTensor[], dtype: FloatType) {
  yield header;
  for (const tensor of tensors) yield* tensorPieces(tensor, dtype);
}

function headerOf(
  tensors: readonly NamedTensor[],
  floats: FloatType,
  metadata: Readonly<Record<string, string>>,
): Buffer {
  const entries = new Map<string, object>();
  if (Object.keys(metadata).length > 0) entries.set('__metadata__', metadata);
  let at = 0;
  for (const { name, shape, data } of tensors) {
    if (entries.has(name)) throw new Error(`tensor "${name}" is given twice`);
    const dtype = data instanceof Int8Array ? 'I8' : floats;
    const end = at + elementCount(shape) * (ELEMENT_BYTES[dtype] ?? 0);
    entries.set(name, { dtype, shape, data_offsets: [at, end] });
    at = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, 0x20); // values begin at a multiple of eight bytes
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
}

function* tensorPieces({ name, shape, data }: NamedTensor, dtype: FloatType): Generator<Uint8Array> {
  const values = typeof data === 'function' ? data() : data;
  if (values.length !== elementCount(shape))
    throw new Error(`tensor "${name}" of shape [${shape.join(', ')}] has ${values.length} values`);
  if (values instanceof Int8Array) {
    yield bytesOf(values);
    return;
  }
  const bad = firstNonFinite(values);
  if (bad >= 0) throw new Error(`tensor "${name}" holds ${values[bad]} at position ${bad}: it is not written`);
  if (dtype === 'F32') yield bytesOf(values);
  else
    for (let done = 0; done < values.length; done += CHUNK_VALUES)
      yield bytesOf(sixteenBits(name, values.subarray(done, done + CHUNK_VALUES), dtype));
}

function sixteenBits(name: string, values: Float32Array, dtype: 'F16' | 'BF16'): Uint16Array {
  const convert = dtype === 'F16' ? halfBits : bfloatBits;
  const infinity = dtype === 'F16' ? 0x7c00 : 0x7f80;
  const sixteen = new Uint16Array(values.length);
  for (let i = 0; i < sixteen.length; i++) {
    const value = values[i] as number;
    const bits = convert(value);
    if ((bits & 0x7fff) === infinity)
      throw new UserError(`tensor "${name}" holds ${value}, too large for ${dtype}: write it as F32`);
    sixteen[i] = bits;
  }
  return sixteen;
}
