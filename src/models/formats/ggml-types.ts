/** The number formats of GGUF tensors and what their blocks of values mean (ggml's quantisation formats). */
import { halfValues } from '../../engine/half.js';
import { decodeBfloat, decodeHalf } from './floats.js';

/** A number format: values come in blocks of fixed size. */
export interface GgmlType {
  readonly name: string;
  readonly blockValues: number;
  readonly blockBytes: number;
  /** Writes the values of whole blocks into `out`, from its beginning. */
  readonly decode: (bytes: Uint8Array, out: Float32Array) => void;
}

const K_VALUES = 256;

const words = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);

/** A block while it is decoded: its bytes from `at`, its values from `to`; one object serves all blocks, one after the other. */
interface Block {
  readonly bytes: Uint8Array;
  at: number;
  readonly out: Float32Array;
  to: number;
}

/** A number format that is decoded block by block. */
function byBlocks(
  name: string,
  blockValues: number,
  blockBytes: number,
  decodeBlock: (block: Block) => void,
): GgmlType {
  const decode = (bytes: Uint8Array, out: Float32Array): void => {
    const block: Block = { bytes, at: 0, out, to: 0 };
    for (; block.at < bytes.length; block.at += blockBytes, block.to += blockValues) decodeBlock(block);
  };
  return { name, blockValues, blockBytes, decode };
}

/** A half at a position that need not be even. */
function half(bytes: Uint8Array, at: number): number {
  return halfValues()[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;
}

/** Leaves a sum as it is, a negative zero too. */
const NOTHING = -0;

/** What 4-bit numbers stand for: scale · (number − centre) + shift. */
interface Nibbles {
  /** Bytes of the block before the first number. */
  readonly skip: number;
  readonly scale: number;
  readonly centre: number;
  readonly shift: number;
  /** Bytes of the block before the numbers' fifth bits, where they have one. */
  readonly fifthAt?: number;
}

/** Sixteen bytes of two numbers each, the low ones values 0 to 15, the high ones 16 to 31. */
function nibbles({ bytes, at, out, to }: Block, { skip, scale, centre, shift, fifthAt }: Nibbles): void {
  const fifth = (value: number): number => (fifthAt === undefined ? 0 : fifthBit(bytes, at + fifthAt, value));
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + skip + i] as number;
    out[to + i] = scale * (((pair & 15) | fifth(i)) - centre) + shift;
    out[to + i + 16] = scale * (((pair >> 4) | fifth(i + 16)) - centre) + shift;
  }
}

/** The fifth bit of one of 32 values, as 0 or 16, from four bytes. */
const fifthBit = (bytes: Uint8Array, at: number, value: number): number =>
  (((bytes[at + (value >> 3)] as number) >> (value & 7)) & 1) << 4;

const Q4_0 = byBlocks('Q4_0', 32, 18, (block) => {
  nibbles(block, { skip: 2, scale: half(block.bytes, block.at), centre: 8, shift: NOTHING });
});

const Q4_1 = byBlocks('Q4_1', 32, 20, (block) => {
  const { bytes, at } = block;
  nibbles(block, { skip: 4, scale: half(bytes, at), centre: 0, shift: half(bytes, at + 2) });
});

const Q5_0 = byBlocks('Q5_0', 32, 22, (block) => {
  nibbles(block, { skip: 6, scale: half(block.bytes, block.at), centre: 16, shift: NOTHING, fifthAt: 2 });
});

const Q5_1 = byBlocks('Q5_1', 32, 24, (block) => {
  const { bytes, at } = block;
  nibbles(block, { skip: 8, scale: half(bytes, at), centre: 0, shift: half(bytes, at + 2), fifthAt: 4 });
});

const Q8_0 = byBlocks('Q8_0', 32, 34, ({ bytes, at, out, to }) => {
  const scale = half(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = scale * (((bytes[at + 2 + i] as number) << 24) >> 24);
});

/** The 6-bit scale and minimum of one of the eight groups of 32 values in a block, packed into twelve bytes. */
function scaleAndMinimum(bytes: Uint8Array, at: number, group: number): [scale: number, minimum: number] {
  const low = bytes[at + (group & 3)] as number;
  const middle = bytes[at + (group & 3) + 4] as number;
  if (group < 4) return [low & 63, middle & 63];
  const high = bytes[at + group + 4] as number;
  return [(high & 15) | ((low >> 2) & 48), (high >> 4) | ((middle >> 2) & 48)];
}

/** Where a Q4_K or Q5_K block has its 4-bit numbers, and their fifth bits where it has these. */
interface KLayout {
  readonly lowAt: number;
  readonly fifthAt?: number;
}

/** Q4_K and Q5_K: d, dmin, twelve bytes of scales and minima, the fifth bits (Q5_K), 4-bit numbers of two groups in each 32 bytes. */
function kBlock({ bytes, at, out, to }: Block, { lowAt, fifthAt }: KLayout): void {
  const [d, dmin] = [half(bytes, at), half(bytes, at + 2)];
  for (let group = 0; group < 8; group++) {
    const [scale, minimum] = scaleAndMinimum(bytes, at + 4, group);
    const [step, least] = [d * scale, dmin * minimum];
    const [from, shift] = [at + lowAt + 32 * (group >> 1), 4 * (group & 1)];
    for (let i = 0; i < 32; i++) {
      const fifth = fifthAt === undefined ? 0 : (((bytes[at + fifthAt + i] as number) >> group) & 1) << 4;
      out[to + 32 * group + i] = step * ((((bytes[from + i] as number) >> shift) & 15) | fifth) - least;
    }
  }
}

const Q4_K = byBlocks('Q4_K', K_VALUES, 144, (block) => kBlock(block, { lowAt: 16 }));

const Q5_K = byBlocks('Q5_K', K_VALUES, 176, (block) => kBlock(block, { lowAt: 48, fifthAt: 16 }));

/** Q6_K: 128 bytes of low four bits, 64 of high two, sixteen 8-bit scales, d. Each half block holds four groups of 32 values. */
const Q6_K = byBlocks('Q6_K', K_VALUES, 210, ({ bytes, at, out, to }) => {
  const d = half(bytes, at + 208);
  for (let value = 0; value < K_VALUES; value++) {
    const [part, group, i] = [value >> 7, (value >> 5) & 3, value & 31];
    const low = ((bytes[at + 64 * part + 32 * (group & 1) + i] as number) >> (4 * (group >> 1))) & 15;
    const high = ((bytes[at + 128 + 32 * part + i] as number) >> (2 * group)) & 3;
    const scale = ((bytes[at + 192 + (value >> 4)] as number) << 24) >> 24;
    out[to + value] = d * scale * ((low | (high << 4)) - 32);
  }
});

const F32: GgmlType = {
  name: 'F32',
  blockValues: 1,
  blockBytes: 4,
  decode: (bytes, out) => out.set(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)),
};

const F16: GgmlType = {
  name: 'F16',
  blockValues: 1,
  blockBytes: 2,
  decode: (bytes, out) => decodeHalf(words(bytes), out, 0),
};

const BF16: GgmlType = {
  name: 'BF16',
  blockValues: 1,
  blockBytes: 2,
  decode: (bytes, out) => decodeBfloat(words(bytes), out, 0),
};

/** The formats that are read, by their number in a file. */
export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map([
  [0, F32],
  [1, F16],
  [2, Q4_0],
  [3, Q4_1],
  [6, Q5_0],
  [7, Q5_1],
  [8, Q8_0],
  [12, Q4_K],
  [13, Q5_K],
  [14, Q6_K],
  [30, BF16],
]);
