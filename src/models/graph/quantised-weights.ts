/** A frozen base in few bits, in the graph: codes as inputs, made into f32 weights where they are used (QLoRA, Dettmers et al., 2023). */
import { at, type DataType, type Value } from '../../compiler/ir.js';
import type { Builder } from '../../compiler/builder.js';
import type { TensorData } from '../../engine/engine.js';
import type { WeightSource } from '../model.js';
import {
  BLOCK_VALUES,
  DYNAMIC_CODEBOOK,
  NF4_CODEBOOK,
  SCALE_BLOCK,
  quantise,
  type Quantised,
  type QuantisedFormat,
} from '../formats/quantise.js';

/** Asks for an input of the program. */
export type Declare = (name: string, type: DataType, shape: readonly number[]) => Value;

/** Codes of four bits that one look-up takes, and the values that it gives. */
const CODES = 4;
const TABLE_ROWS = 16 ** CODES;

/** Inputs that all weights of a format share: what sixteen bits stand for, as four values, and the 256 values of scales. */
const TABLES: Readonly<Record<string, () => Float32Array>> = {
  'nf4.values': () => fourfold((code) => NF4_CODEBOOK[code] as number),
  'int4.values': () => fourfold((code) => code),
  'nf4.scales': () => DYNAMIC_CODEBOOK,
};

function fourfold(value: (code: number) => number): Float32Array {
  return Float32Array.from({ length: TABLE_ROWS * CODES }, (_, i) =>
    value((Math.floor(i / CODES) >> (4 * (i % CODES))) & 15),
  );
}

const blocksOf = (shape: readonly number[]): number => Math.ceil(countOf(shape) / BLOCK_VALUES);
const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Values of a look-up in a shared table of `width` values a row: the codes as an input of so many bits. */
function lookUp(b: Builder, table: Value, codes: Value): Value {
  return b.gather(table, b.op('Cast', [codes], { to: 'int32' }));
}

/** The scales of NF4 blocks from their own codes: [blocks, 1]. */
function nestedScales(b: Builder, declare: Declare, name: string, blocks: number): Value {
  const groups = Math.ceil(blocks / SCALE_BLOCK);
  const table = declare('nf4.scales', 'float32', [DYNAMIC_CODEBOOK.length]);
  const codes = declare(`${name}.scaleCodes`, 'uint8', [groups * SCALE_BLOCK]);
  const values = b.reshape(lookUp(b, table, codes), [groups, SCALE_BLOCK]);
  const scaled = b.mul(values, declare(`${name}.scaleScales`, 'float32', [groups, 1]));
  const whole = b.add(scaled, declare(`${name}.scaleOffset`, 'float32', [1]));
  return b.slice(b.reshape(whole, [groups * SCALE_BLOCK, 1]), 0, 0, blocks);
}

/** Blocks of values [blocks, BLOCK_VALUES] in f32. */
function blockValues(b: Builder, declare: Declare, name: string, blocks: number, format: QuantisedFormat): Value {
  const shape = [blocks, BLOCK_VALUES];
  if (format === 'int8') {
    const codes = b.op('Cast', [declare(`${name}.codes`, 'int8', shape)], { to: 'float32' });
    return b.mul(codes, declare(`${name}.scales`, 'float32', [blocks, 1]));
  }
  const table = declare(`${format}.values`, 'float32', [TABLE_ROWS, CODES]);
  const values = b.reshape(
    lookUp(b, table, declare(`${name}.codes`, 'uint16', [(blocks * BLOCK_VALUES) / CODES])),
    shape,
  );
  if (format === 'nf4') return b.mul(values, nestedScales(b, declare, name, blocks));
  const zeros = b.op('Cast', [declare(`${name}.zeroPoints`, 'uint8', [blocks, 1])], { to: 'float32' });
  return b.mul(b.sub(values, zeros), declare(`${name}.scales`, 'float32', [blocks, 1]));
}

/** The f32 weight that a quantised one stands for; its inputs are named `<name>.codes` and so on. */
export function dequantisedWeight(
  b: Builder,
  declare: Declare,
  name: string,
  shape: readonly number[],
  format: QuantisedFormat,
): Value {
  const blocks = blocksOf(shape);
  const values = blockValues(b, declare, name, blocks, format);
  const flat = b.reshape(values, [blocks * BLOCK_VALUES]);
  return b.reshape(b.slice(flat, 0, 0, countOf(shape)), shape);
}

function padded(codes: Uint8Array, multiple: number): Uint8Array {
  const whole = new Uint8Array(Math.ceil(codes.length / multiple) * multiple);
  whole.set(codes);
  return whole;
}

/** One input's values of a quantised weight. */
function partOf(tensor: Quantised, part: string): TensorData[DataType] {
  const { codes, scales, zeroPoints, nested } = tensor;
  switch (part) {
    case 'codes':
      if (tensor.format === 'int8') return new Int8Array(codes.buffer, codes.byteOffset, codes.length);
      return Uint16Array.from({ length: codes.length / 2 }, (_, i) => at16(codes, i));
    case 'scales':
      return scales;
    case 'zeroPoints':
      return zeroPoints ?? missing(part);
    case 'scaleCodes':
      return padded(nested?.codes ?? missing(part), SCALE_BLOCK);
    case 'scaleScales':
      return nested?.scales ?? missing(part);
    case 'scaleOffset':
      return Float32Array.of(nested?.offset ?? missing(part));
    default:
      return missing(part);
  }
}

const at16 = (bytes: Uint8Array, i: number): number => (bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8);

function missing(part: string): never {
  throw new TypeError(`a weight of this format has no ${part}`);
}

const PART = /^(.*\.weight)\.(codes|scales|zeroPoints|scaleCodes|scaleScales|scaleOffset)$/;

/** Whether an input is one of a quantised weight's, or a table that these share. */
export const isQuantisedInput = (name: string): boolean => name in TABLES || PART.test(name);

/** Values of quantised weights' inputs, each weight read and quantised once if its inputs are asked for one after the other. */
export function quantisedInputs(
  weights: WeightSource,
  format: QuantisedFormat,
): (name: string) => TensorData[DataType] {
  let last: { readonly name: string; readonly tensor: Quantised } | undefined;
  return (name) => {
    const table = TABLES[name];
    if (table) return table();
    const match = PART.exec(name) ?? missing(name);
    const [weight, part] = [at(match, 1), at(match, 2)];
    if (last?.name !== weight)
      last = { name: weight, tensor: quantise(weights.read(weight), weights.shape(weight), format) };
    return partOf(last.tensor, part);
  };
}
