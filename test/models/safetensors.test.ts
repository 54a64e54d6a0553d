import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { halfBits } from '../../src/engine/half.js';
import { bfloatBits } from '../../src/models/formats/floats.js';
import { openSafetensors, writeSafetensors } from '../../src/models/formats/safetensors.js';
import { scratchFolder } from './support/scratch.js';

const folder = scratchFolder();
const golden = new URL('../golden/models/', import.meta.url).pathname;

/** A file of a header as given and so many zero bytes of data. */
function fileOf(name: string, header: string | Buffer | object, dataBytes: number, declared?: bigint): string {
  const text = typeof header === 'string' || Buffer.isBuffer(header) ? header : JSON.stringify(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(declared ?? BigInt(Buffer.byteLength(text)));
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([length, Buffer.from(text as string), Buffer.alloc(dataBytes)]));
  return path;
}

const f32 = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

describe('a safetensors header is refused', () => {
  const cases: [name: string, header: string | object, dataBytes: number, message: RegExp, declared?: bigint][] = [
    ['longer than the file', '{}', 0, /header of 1000 bytes, but only 2 follow/, 1000n],
    ['of a declared size near 2⁶⁴', '{}', 0, /only 2 follow/, 2n ** 64n - 1n],
    ['of no JSON', '{"a":', 0, /no JSON/],
    ['of invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 0, /no JSON \(/],
    ['of a list', '[]', 0, /no JSON object/],
    ['of a number behind white space', ' 1', 0, /no JSON object/],
    ['with a duplicate tensor', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4, /key "a" twice/],
    ['with a duplicate tensor spelt with an escape', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4, /key "a" twice/],
    ['with a duplicate field', '{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4, /key "dtype" twice/],
    ['with an unknown dtype', { a: { dtype: 'F5', shape: [1], data_offsets: [0, 4] } }, 4, /tensor "a" has the unknown dtype "F5"/],
    ['with a dtype named like an inherited property', { a: { dtype: 'constructor', shape: [1], data_offsets: [0, 4] } }, 4, /unknown dtype/],
    ['with a negative size', { a: f32([-1], 0, 4) }, 4, /shape that is no list of sizes/],
    ['with a fractional size', { a: f32([1.5], 0, 6) }, 6, /shape that is no list of sizes/],
    ['whose shape needs more than its bytes', { a: f32([2, 2], 0, 4) }, 4, /shape \[2, 2\] and dtype F32 needs other than its 4 bytes/],
    ['whose shape overflows', { a: f32([4294967296, 4294967296, 4], 0, 4) }, 4, /needs other than its 4 bytes/],
    ['whose shape overflows to infinity', { a: f32([1e300, 1e300], 0, 4) }, 4, /no list of sizes/],
    ['with offsets the wrong way round', { a: f32([1], 4, 0) }, 4, /lies at bytes 4 to 0/],
    ['with offsets beyond the file', { a: f32([2], 0, 8) }, 4, /outside of the 4 bytes of data/],
    ['with one offset', { a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4, /no pair of positions/],
    ['with overlapping tensors', { a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12, /"b" overlaps the one before it/],
    ['with two tensors in one place', { a: f32([2], 0, 8), b: f32([2], 0, 8) }, 8, /overlaps/],
    ['with a hole', { a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12, /"b" leaves a hole before it/],
    ['with bytes left at the end', { a: f32([1], 0, 4) }, 8, /4 bytes at the end belong to no tensor/],
    ['with metadata that are no strings', { __metadata__: { a: 1 } }, 0, /__metadata__ must map strings/],
    ['with a tensor that is a string', { a: 'x' }, 0, /not described by an object/],
    ['nested a million deep', '['.repeat(1_000_000), 0, /no JSON/],
    ['nested deep inside of a shape', `{"a":{"dtype":"F32","data_offsets":[0,4],"shape":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, 4, /no list of sizes/],
  ]; // prettier-ignore

  it.each(cases)('%s', (_, header, dataBytes, message, declared) => {
    const path = fileOf('bad.safetensors', header, dataBytes, declared);
    expect(() => openSafetensors(path)).toThrow(message);
    expect(() => openSafetensors(path)).toThrow(UserError);
    expect(() => openSafetensors(path)).toThrow(path);
  });

  it('in files of 0 to 7 bytes', () => {
    for (let bytes = 0; bytes < 8; bytes++) {
      const path = join(folder, 'short.safetensors');
      writeFileSync(path, Buffer.alloc(bytes));
      expect(() => openSafetensors(path)).toThrow(bytes === 0 ? 'is empty (0 bytes)' : `${bytes} bytes are too few`);
    }
  });

  it('that is beyond the limit though the file is as long, without reading it', () => {
    const path = fileOf('bomb.safetensors', '{}', 0, 100_000_001n);
    truncateSync(path, 8 + 100_000_001); // a sparse file
    expect(() => openSafetensors(path)).toThrow(/more than the 100000000 that are read/);
  });
});

describe('safetensors are read', () => {
  it('with an empty header, empty tensors, scalars and names like inherited properties', () => {
    expect(openSafetensors(fileOf('empty.safetensors', '{}', 0)).names).toEqual([]);
    const path = fileOf(
      'odd.safetensors',
      '{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"zero":{"dtype":"F32","shape":[2,0],"data_offsets":[4,4]}}  ',
      4,
    );
    const weights = openSafetensors(path);
    expect(weights.names).toEqual(['__proto__', 'zero']);
    expect([...weights.read('__proto__')]).toEqual([0]);
    expect(weights.read('zero')).toHaveLength(0);
    expect(weights.shape('zero')).toEqual([2, 0]);
  });

  it('as the Python library wrote them: F64, F32, F16, BF16; other types only by name', () => {
    const weights = openSafetensors(join(golden, 'types.safetensors'));
    const { values } = JSON.parse(readFileSync(join(golden, 'types.json'), 'utf8')) as {
      values: Record<string, number[]>;
    };
    const names = Object.keys(values);
    expect(names.sort()).toEqual(['bf16', 'f16', 'f32', 'f64']);
    for (const name of names) expect([...weights.read(name)], name).toEqual(values[name]?.map(Math.fround));
    expect(weights.metadata).toEqual({ format: 'pt' });
    expect(weights.shape('i64')).toEqual([3]);
    expect(() => weights.read('i64')).toThrow(/dtype I64: only F32, F16, BF16 and F64/);
  });

  it('into arrays of the type and length that it has, integers of eight bits among them', () => {
    const path = join(folder, 'stored.safetensors');
    const data = Int8Array.of(-128, 0, 127, 5);
    writeSafetensors(
      path,
      [
        { name: 'codes', shape: [2, 2], data },
        { name: 'scales', shape: [2], data: Float32Array.of(0.5, 2) },
      ],
      { dtype: 'F16' },
    );
    const file = openSafetensors(path);
    expect([file.dtype('codes'), file.dtype('scales')]).toEqual(['I8', 'F16']);
    const codes = new Int8Array(4);
    file.readInto('codes', codes);
    expect(codes).toEqual(data);
    expect(() => file.readInto('codes', new Int8Array(3))).toThrow(
      /tensor "codes" holds 4 I8 where 3 I8 are asked for/,
    );
    expect(() => file.readInto('codes', new Float32Array(4))).toThrow(/4 I8 where 4 F32/);
    expect(() => file.readInto('scales', new Float32Array(2))).toThrow(/2 F16 where 2 F32/);
  });

  it('but not where a value is NaN or infinite, in any type', () => {
    const bits: [dtype: string, bytes: number[]][] = [
      ['F32', [0, 0, 0xc0, 0x7f]],
      ['F32', [0, 0, 0x80, 0xff]],
      ['F16', [0x00, 0x7e]],
      ['F16', [0x00, 0xfc]],
      ['BF16', [0xc0, 0x7f]],
      ['F64', [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
      ['F64', [0, 0, 0, 0, 0, 0, 0xf0, 0x7e]], // finite, but not in 32 bits
    ];
    for (const [dtype, bytes] of bits) {
      const size = bytes.length;
      const path = fileOf('nan.safetensors', { w: { dtype, shape: [2], data_offsets: [0, 2 * size] } }, 0);
      writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(size), Buffer.from(bytes)]));
      expect(() => openSafetensors(path).read('w'), dtype).toThrow(/"w" holds (NaN|-?Infinity) at position 1/);
    }
    expect(bits.length).toBe(7);
  });

  it('but not a tensor that is absent, nor a file cut short after it was opened', () => {
    const path = join(folder, 'cut.safetensors');
    writeSafetensors(path, [{ name: 'w', shape: [1000], data: new Float32Array(1000).fill(1) }]);
    const weights = openSafetensors(path);
    expect(() => weights.read('x')).toThrow('there is no tensor "x"');
    truncateSync(path, 500);
    expect(() => weights.read('w')).toThrow(/shorter/);
    expect(() => openSafetensors(path)).toThrow(/cut short or damaged/);
  });

  it('cut at every byte never: each cut is refused', () => {
    const path = join(folder, 'every.safetensors');
    writeSafetensors(path, [{ name: 'w', shape: [3], data: Float32Array.of(1, 2, 3) }]);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => openSafetensors(path), `${length} bytes`).toThrow(UserError);
    }
    expect(whole.length).toBe(76);
  });
});

describe('sharded safetensors', () => {
  const home = join(folder, 'sharded');
  const index = (map: object) =>
    writeFileSync(join(home, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  mkdirSync(home);
  writeSafetensors(join(home, 'model-00001-of-00002.safetensors'), [
    { name: 'a', shape: [2], data: Float32Array.of(1, 2) },
  ]);
  writeSafetensors(join(home, 'model-00002-of-00002.safetensors'), [
    { name: 'b', shape: [1, 1], data: Float32Array.of(3) },
  ]);
  writeSafetensors(join(folder, 'outside.safetensors'), [{ name: 'a', shape: [1], data: Float32Array.of(9) }]);

  it('are read as one model', () => {
    index({ a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' });
    const weights = openSafetensors(home);
    expect(weights.names).toEqual(['a', 'b']);
    expect([...weights.read('a'), ...weights.read('b')]).toEqual([1, 2, 3]);
    expect(weights.shape('b')).toEqual([1, 1]);
    expect(weights.files).toHaveLength(3);
    expect(() => weights.read('c')).toThrow('there is no tensor "c"');
  });

  it('cannot reach out of their folder', () => {
    const tricks = [
      '../outside.safetensors',
      `${folder}/outside.safetensors`,
      '..',
      '.',
      '',
      'sub/../../outside.safetensors',
      '..\\outside.safetensors',
      'x.safetensors\0',
      'model.bin',
      'https://host/model.safetensors',
      '%2e%2e%2foutside.safetensors',
    ];
    for (const trick of tricks) {
      index({ a: trick });
      expect(() => openSafetensors(home), trick).toThrow(/invalid file name/);
    }
  });

  it('are refused where a shard or a tensor in it is absent, or the index is none', () => {
    index({ a: 'model-00003-of-00002.safetensors' });
    expect(() => openSafetensors(home)).toThrow(/there is no such file/);
    index({ z: 'model-00001-of-00002.safetensors' });
    expect(() => openSafetensors(home)).toThrow(/there is no tensor "z"/);
    writeFileSync(join(home, 'model.safetensors.index.json'), '{"weight_map": [1]}');
    expect(() => openSafetensors(home)).toThrow(/not an index of shards/);
  });

  it('and folders without weights, or with pickles, are refused with the reason', () => {
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    expect(() => openSafetensors(bare)).toThrow(/neither model.safetensors nor/);
    writeFileSync(join(bare, 'pytorch_model.bin'), 'x');
    expect(() => openSafetensors(bare)).toThrow(/pytorch_model.bin is a pickle, which can run code/);
    symlinkSync('/nowhere', join(bare, 'model.safetensors'));
    expect(() => openSafetensors(bare)).toThrow(UserError);
  });
});

describe('safetensors are written', () => {
  it('whole, padded to eight bytes, with their metadata, and read back bit for bit', () => {
    const path = join(folder, 'written.safetensors');
    const random = new Random(1);
    const data = Float32Array.from({ length: 600_000 }, () => random.normal());
    writeSafetensors(
      path,
      [
        { name: 'π', shape: [600, 1000], data },
        { name: 'late', shape: [2], data: () => Float32Array.of(-0, 1e-42) },
      ],
      { metadata: { format: 'pt' } },
    );
    const back = openSafetensors(path);
    expect(back.metadata).toEqual({ format: 'pt' });
    expect(Buffer.from(back.read('π').buffer).equals(Buffer.from(data.buffer))).toBe(true);
    expect([...back.read('late')]).toEqual([-0, Math.fround(1e-42)]);
    expect(readFileSync(path).readBigUInt64LE() % 8n).toBe(0n);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('in 16 bits as the nearest values', () => {
    for (const dtype of ['F16', 'BF16'] as const) {
      const path = join(folder, `${dtype}.safetensors`);
      const data = Float32Array.of(1, -2.5, 1 / 3, 1e-7, 65504, 0);
      writeSafetensors(path, [{ name: 'w', shape: [6], data }], { dtype });
      const step = dtype === 'F16' ? 2 ** -11 : 2 ** -8;
      openSafetensors(path)
        .read('w')
        .forEach((value, i) => {
          expect(Math.abs(value - (data[i] ?? 0))).toBeLessThanOrEqual(
            Math.max(Math.abs(data[i] ?? 0) * step, 2 ** -25),
          );
        });
    }
  });

  it('not at all where a name comes twice, a shape does not fit or a value is not finite; the old file stays', () => {
    const path = join(folder, 'kept.safetensors');
    const w = { name: 'w', shape: [1], data: Float32Array.of(1) };
    writeSafetensors(path, [w]);
    expect(() => writeSafetensors(path, [w, w])).toThrow(/twice/);
    expect(() => writeSafetensors(path, [{ ...w, shape: [2] }])).toThrow(/has 1 values/);
    expect(() => writeSafetensors(path, [{ ...w, data: Float32Array.of(NaN) }])).toThrow(/holds NaN/);
    expect(() => writeSafetensors(path, [{ ...w, data: Float32Array.of(1e6) }], { dtype: 'F16' })).toThrow(
      /too large for F16/,
    );
    expect([...openSafetensors(path).read('w')]).toEqual([1]);
    expect(readdirSync(folder).filter((name) => name.includes('kept'))).toEqual(['kept.safetensors']);
  });
});

describe('sixteen-bit floats', () => {
  it('round to the nearest, ties to even, as PyTorch does', () => {
    const cases = JSON.parse(readFileSync(join(golden, 'rounding.json'), 'utf8')) as {
      value: number;
      f16: number;
      bf16: number;
    }[];
    const wrong = cases.filter(({ value, f16, bf16 }) => halfBits(value) !== f16 || bfloatBits(value) !== bf16);
    expect(wrong).toEqual([]);
    expect(cases.length).toBe(2000);
  });
});
