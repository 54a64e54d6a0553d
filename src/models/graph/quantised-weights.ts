/** A frozen base in fewer bits, in the graph: codes as inputs, made into f32 weights where they are used (QLoRA, Dettmers et al., 2023). */
import { elementCount } from '../../core/collections.js';
import type { DataType, Value } from '../../compiler/ir.js';
import type { Builder } from '../../compiler/builder.js';
import type { TensorData } from '../../engine/engine.js';
import type { WeightSource } from '../model.js';
import type { ParameterDescription, QuantisedRole } from '../modules.js';
import {
  BLOCK_VALUES,
  DYNAMIC_CODEBOOK,
  NF4_CODEBOOK,
  SCALE_BLOCK,
  halfCodes,
  quantise,
  type Quantised,
  type QuantisedFormat,
} from '../formats/quantise.js';

/** The graph that a weight is made in. */
interface Making {
  readonly builder: Builder;
  /** Asks for an input of the program. */
  readonly declare: (parameter: ParameterDescription, type: DataType) => Value;
}

/** Codes of four bits that one look-up takes, and the values that it gives. */
const CODES = 4;
const TABLE_ROWS = 16 ** CODES;

/** Inputs that all weights of a format share: what sixteen bits stand for, as four values, and the 256 values of scales. */
const TABLES = {
  'nf4.values': () => fourfold((code) => NF4_CODEBOOK[code] as number),
  'int4.values': () => fourfold((code) => code),
  'nf4.scales': () => DYNAMIC_CODEBOOK,
} as const satisfies Readonly<Record<string, () => Float32Array>>;

function fourfold(value: (code: number) => number): Float32Array {
  return Float32Array.from({ length: TABLE_ROWS * CODES }, (_, i) =>
    value((Math.floor(i / CODES) >> (4 * (i % CODES))) & 15),
  );
}

const blocksOf = (shape: readonly number[]): number => Math.ceil(elementCount(shape) / BLOCK_VALUES);
/** Values of a look-up in a shared table of `width` values a row: the codes as an input of so many bits. */
function lookUp(b: Builder, table: Value, codes: Value): Value {
  return b.gather(table, b.op('Cast', [codes], { to: 'int32' }));
}

/** A weight's own parts as inputs of the program. */
type PartOf = (role: QuantisedRole, type: DataType, shape: readonly number[]) => Value;

/** A table that weights share, as an input of the program. */
function tableOf({ declare }: Making, name: keyof typeof TABLES, shape: readonly number[]): Value {
  return declare({ name, module: '', layer: null, role: 'table', shape }, 'float32');
}

/** The scales of NF4 blocks from their own codes: [blocks, 1]. */
function nestedScales(making: Making, part: PartOf, blocks: number): Value {
  const b = making.builder;
  const groups = Math.ceil(blocks / SCALE_BLOCK);
  const table = tableOf(making, 'nf4.scales', [DYNAMIC_CODEBOOK.length]);
  const codes = part('scaleCodes', 'uint8', [groups * SCALE_BLOCK]);
  const values = b.reshape(lookUp(b, table, codes), [groups, SCALE_BLOCK]);
  const scaled = b.mul(values, part('scaleScales', 'float32', [groups, 1]));
  const whole = b.add(scaled, part('scaleOffset', 'float32', [1]));
  return b.slice(b.reshape(whole, [groups * SCALE_BLOCK, 1]), 0, 0, blocks);
}

/** Blocks of values [blocks, BLOCK_VALUES] of int8 codes in f32. */
function byteValues({ builder: b }: Making, part: PartOf, blocks: number): Value {
  const codes = b.op('Cast', [part('codes', 'int8', [blocks, BLOCK_VALUES])], { to: 'float32' });
  return b.mul(codes, part('scales', 'float32', [blocks, 1]));
}

/** The same of 4-bit codes. */
function nibbleValues(making: Making, part: PartOf, blocks: number, format: 'nf4' | 'int4'): Value {
  const b = making.builder;
  const table = tableOf(making, `${format}.values`, [TABLE_ROWS, CODES]);
  const codes = part('codes', 'uint16', [(blocks * BLOCK_VALUES) / CODES]);
  const values = b.reshape(lookUp(b, table, codes), [blocks, BLOCK_VALUES]);
  if (format === 'nf4') return b.mul(values, nestedScales(making, part, blocks));
  const zeros = b.op('Cast', [part('zeroPoints', 'uint8', [blocks, 1])], { to: 'float32' });
  return b.mul(b.sub(values, zeros), part('scales', 'float32', [blocks, 1]));
}

/** The f32 weight that a quantised one stands for; its inputs are named `<name>.codes` and so on. */
export function dequantisedWeight(weight: ParameterDescription, format: QuantisedFormat, making: Making): Value {
  const b = making.builder;
  const { name, shape } = weight;
  const blocks = blocksOf(shape);
  const part: PartOf = (role, type, size) =>
    making.declare({ ...weight, name: `${name}.${role}`, role, shape: size }, type);
  if (format === 'f16') return b.op('Cast', [part('codes', 'float16', shape)], { to: 'float32' });
  const values = format === 'int8' ? byteValues(making, part, blocks) : nibbleValues(making, part, blocks, format);
  const flat = b.reshape(values, [blocks * BLOCK_VALUES]);
  return b.reshape(b.slice(flat, 0, 0, elementCount(shape)), shape);
}

function padded(codes: Uint8Array, multiple: number): Uint8Array {
  const whole = new Uint8Array(Math.ceil(codes.length / multiple) * multiple);
  whole.set(codes);
  return whole;
}

const nibbles = ({ codes }: Quantised): Uint16Array =>
  Uint16Array.from({ length: codes.length / 2 }, (_, i) => at16(codes, i));

/** Codes as the graph takes them. */
const CODES_OF: Readonly<Record<QuantisedFormat, (tensor: Quantised) => TensorData[DataType]>> = {
  f16: halfCodes,
  nf4: nibbles,
  int4: nibbles,
  int8: ({ codes }) => new Int8Array(codes.buffer, codes.byteOffset, codes.length),
};

/** What a weight's inputs hold, by their roles. */
const PARTS: Readonly<Record<Exclude<QuantisedRole, 'table'>, (tensor: Quantised) => TensorData[DataType]>> = {
  codes: (tensor) => CODES_OF[tensor.format](tensor),
  scales: ({ scales }) => scales,
  zeroPoints: ({ zeroPoints }) => there(zeroPoints),
  scaleCodes: ({ nested }) => padded(there(nested).codes, SCALE_BLOCK),
  scaleScales: ({ nested }) => there(nested).scales,
  scaleOffset: ({ nested }) => Float32Array.of(there(nested).offset),
};

const at16 = (bytes: Uint8Array, i: number): number => (bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8);

function there<T>(part: T | undefined): T {
  if (part === undefined) throw new TypeError('a weight of another format was asked for this part');
  return part;
}

/**
 * Values of quantised weights' inputs, each weight read and quantised once if its inputs are asked for one after the other;
 * undefined for parameters that are no such inputs.
 */
export function quantisedInputs(
  weights: WeightSource,
  format: QuantisedFormat,
): (parameter: ParameterDescription) => TensorData[DataType] | undefined {
  let last: { readonly name: string; readonly tensor: Quantised } | undefined;
  const quantised = (name: string): Quantised => {
    if (last?.name !== name) last = { name, tensor: quantise(weights.read(name), weights.shape(name), format) };
    return last.tensor;
  };
  return ({ name, module, role }) => {
    if (role === 'table') return TABLES[name as keyof typeof TABLES]();
    return role in PARTS ? PARTS[role as keyof typeof PARTS](quantised(`${module}.weight`)) : undefined;
  };
}
