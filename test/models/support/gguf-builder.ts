/** Builds GGUF files byte by byte, right ones and wrong ones. */
import { readFileSync } from 'node:fs';
import type { GgufFile, GgufValue } from '../../../src/models/formats/gguf.js';

export interface TensorInfo {
  readonly name: string;
  /** Fastest first, as in the file. */
  readonly sizes: readonly (number | bigint)[];
  readonly type: number;
  readonly offset: number | bigint;
  /** Declared number of dimensions; that of `sizes` where absent. */
  readonly dimensions?: number;
}

interface Header {
  readonly version?: number;
  readonly tensorCount?: bigint;
  readonly keyCount?: bigint;
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

const f64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};

const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

export class GgufBuilder {
  readonly #values = new Map<string, Buffer>();
  readonly #twice: Buffer[] = [];
  readonly #tensors: TensorInfo[] = [];
  #data = Buffer.alloc(0);

  /** A file like another: its metadata (numbers as 64-bit floats), its tensors and their bytes. */
  static copy(file: GgufFile): GgufBuilder {
    const builder = new GgufBuilder();
    for (const [key, value] of file.metadata) builder.#value(key, value);
    const tensors = [...file.tensors.values()];
    const first = Math.min(...tensors.map(({ start }) => start));
    for (const { name, shape, start } of tensors)
      builder.tensor({ name, sizes: [...shape].reverse(), type: 0, offset: start - first });
    builder.#data = readFileSync(file.path).subarray(first);
    return builder;
  }

  /** A value of a type's number, its bytes as given; a later one of the same key takes the earlier one's place. */
  raw(key: string, type: number, bytes: Buffer): this {
    const encoded = Buffer.concat([text(key), u32(type), bytes]);
    if (this.#values.has(key) && key === 'k') this.#twice.push(encoded);
    else this.#values.set(key, encoded);
    return this;
  }

  string = (key: string, value: string): this => this.raw(key, 8, text(value));
  u32 = (key: string, value: number): this => this.raw(key, 4, u32(value));
  number = (key: string, value: number): this => this.raw(key, 12, f64(value));

  strings(key: string, values: readonly string[]): this {
    return this.raw(key, 9, Buffer.concat([u32(8), u64(values.length), ...values.map(text)]));
  }

  remove(key: string): this {
    this.#values.delete(key);
    return this;
  }

  tensor(info: TensorInfo): this {
    this.#tensors.push(info);
    return this;
  }

  /** The file, with so many zero bytes of data or the copied data; `header` declares other numbers than are there. */
  build(header: Header | number = {}): Buffer {
    const dataBytes = typeof header === 'number' ? header : 0;
    const { version = 3, tensorCount, keyCount } = typeof header === 'number' ? {} : header;
    const values = [...this.#values.values(), ...this.#twice];
    const start = [
      Buffer.from('GGUF'),
      u32(version),
      u64(tensorCount ?? this.#tensors.length),
      u64(keyCount ?? values.length),
    ];
    const infos = this.#tensors.map(({ name, sizes, type, offset, dimensions = sizes.length }) =>
      Buffer.concat([text(name), u32(dimensions), ...sizes.map(u64), u32(type), u64(offset)]),
    );
    const top = Buffer.concat([...start, ...values, ...infos]);
    const padding = Buffer.alloc((32 - (top.length % 32)) % 32);
    return Buffer.concat([top, padding, this.#data, Buffer.alloc(dataBytes)]);
  }

  #value(key: string, value: GgufValue): void {
    if (typeof value === 'string') this.string(key, value);
    else if (Array.isArray(value)) this.#list(key, value as readonly GgufValue[]);
    else this.number(key, Number(value));
  }

  #list(key: string, values: readonly GgufValue[]): void {
    if (values.every((each) => typeof each === 'string')) this.strings(key, values);
    else this.raw(key, 9, Buffer.concat([u32(12), u64(values.length), ...values.map((each) => f64(Number(each)))]));
  }
}
