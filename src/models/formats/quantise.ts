/** Weights of a frozen base in fewer bits: half precision, NF4 with double quantisation (QLoRA, Dettmers et al., 2023), int4 with zero points, int8; all in blocks. */
import { elementCount } from '../../core/collections.js';
import type { Quantisation } from '../../core/settings.js';
import type { LoadedModel, WeightSource } from '../model.js';
import { halvesOf } from '../../engine/half.js';
import { decodeHalf } from './floats.js';
import { linearModules, weightParameter } from '../modules.js';

export type QuantisedFormat = Exclude<Quantisation, 'none'>;

/** Values that share a scale. */
export const BLOCK_VALUES = 64;
/** Scales of NF4 blocks that share a scale of their own. */
export const SCALE_BLOCK = 256;

/** NF4's sixteen values: quantiles of the normal distribution scaled to [−1, 1], zero among them (bitsandbytes' constants). */
export const NF4_CODEBOOK: Float32Array = Float32Array.of(
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
  0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
); // prettier-ignore

/** The doubly quantised scales of NF4 blocks: offset + DYNAMIC_CODEBOOK[code] · scale of the code's block of 256. */
export interface NestedScales {
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  readonly offset: number;
}

/** A quantised tensor. Blocks of BLOCK_VALUES run over the values in row-major order; the last is filled up with zeros. */
export interface Quantised {
  readonly format: QuantisedFormat;
  readonly shape: readonly number[];
  /** Two bytes a value for f16, one for int8 (two's complement), half a byte otherwise: the first value in the low half, as ONNX's uint4. */
  readonly codes: Uint8Array;
  /** One a block; none for f16. NF4: the values after double quantisation. */
  readonly scales: Float32Array;
  /** int4 alone: the code that stands for zero in each block, 0 to 15. */
  readonly zeroPoints?: Uint8Array;
  /** NF4 alone: what `scales` is stored as. */
  readonly nested?: NestedScales;
}

/** Quantises a tensor's values. Throws RangeError where their number is not the shape's. */
export function quantise(values: Float32Array, shape: readonly number[], format: QuantisedFormat): Quantised {
  if (values.length !== elementCount(shape))
    throw new RangeError(
      `a tensor of shape [${shape.join(', ')}] has ${elementCount(shape)} values, not ${values.length}`,
    );
  return FORMATS[format].quantise(values, shape);
}

/** The values a quantised tensor stands for, row-major. */
export function dequantise(tensor: Quantised): Float32Array {
  return FORMATS[tensor.format].dequantise(tensor);
}

interface Format {
  readonly quantise: (values: Float32Array, shape: readonly number[]) => Quantised;
  readonly dequantise: (tensor: Quantised) => Float32Array;
}

const FORMATS: { readonly [F in QuantisedFormat]: Format } = {
  f16: { quantise: toHalves, dequantise: fromHalves },
  nf4: { quantise: quantiseNf4, dequantise: (tensor) => fromNibbles(tensor, nf4Value) },
  int4: { quantise: quantiseInt4, dequantise: (tensor) => fromNibbles(tensor, int4Value) },
  int8: { quantise: quantiseInt8, dequantise: dequantiseInt8 },
};

/** The nearest values in half precision; beyond 65504 infinity. */
function toHalves(values: Float32Array, shape: readonly number[]): Quantised {
  const halves = halvesOf(values);
  return { format: 'f16', shape, codes: new Uint8Array(halves.buffer), scales: new Float32Array() };
}

function fromHalves(tensor: Quantised): Float32Array {
  const values = new Float32Array(elementCount(tensor.shape));
  decodeHalf(halfCodes(tensor), values, 0);
  return values;
}

/** Bits of the values in half precision. */
export const halfCodes = ({ codes }: Quantised): Uint16Array =>
  new Uint16Array(codes.buffer, codes.byteOffset, codes.length / 2);

const blocksOf = (values: Float32Array): number => Math.ceil(values.length / BLOCK_VALUES);

function blockOf(values: Float32Array, block: number, size = BLOCK_VALUES): Float32Array {
  return values.subarray(block * size, Math.min((block + 1) * size, values.length));
}

function largest(values: Float32Array): number {
  let found = 0;
  for (let i = 0; i < values.length; i++) found = Math.max(found, Math.abs(values[i] as number));
  return found;
}

/** Writes a value's 4-bit code. */
function setNibble(codes: Uint8Array, index: number, code: number): void {
  codes[index >> 1] = (codes[index >> 1] as number) | (code << (4 * (index & 1)));
}

function fromNibbles(
  tensor: Quantised,
  value: (tensor: Quantised, code: number, block: number) => number,
): Float32Array {
  const out = new Float32Array(elementCount(tensor.shape));
  for (let i = 0; i < out.length; i++) {
    const code = ((tensor.codes[i >> 1] as number) >> (4 * (i & 1))) & 15;
    out[i] = value(tensor, code, Math.floor(i / BLOCK_VALUES));
  }
  return out;
}

const nf4Value = ({ scales }: Quantised, code: number, block: number): number =>
  (NF4_CODEBOOK[code] as number) * (scales[block] as number);

const int4Value = ({ scales, zeroPoints }: Quantised, code: number, block: number): number =>
  (code - ((zeroPoints as Uint8Array)[block] as number)) * (scales[block] as number);

/** Borders between the values of a sorted codebook, in f32 as bitsandbytes computes them. */
function midpoints(codebook: Float32Array): Float32Array {
  return Float32Array.from({ length: codebook.length - 1 }, (_, i) =>
    Math.fround(Math.fround((codebook[i] as number) + (codebook[i + 1] as number)) / 2),
  );
}

/** Number of borders below a value: the code of the nearest codebook value, the lower one on a tie. */
function codeOf(value: number, borders: Float32Array): number {
  let [low, high] = [0, borders.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((borders[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Codes of values in blocks that are each scaled to [−1, 1] by their largest magnitude. In f32, and as bitsandbytes rounds: a whole
 * block is multiplied by the inverse of that magnitude, the values of a broken one are divided by it.
 */
function blockwise(
  values: Float32Array,
  size: number,
  borders: Float32Array,
  put: (index: number, code: number) => void,
): Float32Array {
  const scales = new Float32Array(Math.ceil(values.length / size));
  for (let block = 0; block < scales.length; block++) {
    const part = blockOf(values, block, size);
    const scale = largest(part);
    scales[block] = scale;
    const inverse = Math.fround(1 / Math.max(scale, 1e-38));
    for (let i = 0; i < part.length; i++) {
      const value = part[i] as number;
      const scaled = Math.fround(part.length === size ? value * inverse : value / Math.max(scale, 1e-38));
      put(block * size + i, codeOf(scaled, borders));
    }
  }
  return scales;
}

const NF4_BORDERS = midpoints(NF4_CODEBOOK);

function quantiseNf4(values: Float32Array, shape: readonly number[]): Quantised {
  const codes = new Uint8Array((blocksOf(values) * BLOCK_VALUES) / 2);
  const absmax = blockwise(values, BLOCK_VALUES, NF4_BORDERS, (index, code) => setNibble(codes, index, code));
  for (let i = values.length; i < 2 * codes.length; i++) setNibble(codes, i, NF4_CODEBOOK.indexOf(0));
  const nested = nest(absmax);
  return { format: 'nf4', shape, codes, scales: unnest(nested), nested };
}

/** So many equal steps from 0.1 to 1 in f32, counted from the nearer end and rounded once, as PyTorch's linspace does. */
function decadeBorders(steps: number): Float32Array {
  const first = Math.fround(0.1);
  const step = Math.fround(Math.fround(1 - first) / steps);
  return Float32Array.from({ length: steps + 1 }, (_, i) =>
    i < (steps + 1) / 2 ? first + step * i : 1 - step * (steps - i),
  );
}

/**
 * The 256 values of the dynamic 8-bit type (Dettmers, 2015): in each of seven decades from 10⁻⁶ to 1 the means of twice as many equal
 * steps from 0.1 to 1 as in the one below, of both signs, and 0 and 1.
 */
function dynamicCodebook(): Float32Array {
  const values = [0, 1];
  for (let decade = 0; decade < 7; decade++) {
    const borders = decadeBorders(2 ** decade);
    for (const mean of midpoints(borders)) {
      const value = Math.fround(10 ** (decade - 6)) * mean;
      values.push(value, -value);
    }
  }
  return Float32Array.from(values).sort();
}

export const DYNAMIC_CODEBOOK: Float32Array = dynamicCodebook();
const DYNAMIC_BORDERS = midpoints(DYNAMIC_CODEBOOK);

function nest(absmax: Float32Array): NestedScales {
  const offset = Math.fround(absmax.reduce((sum, value) => sum + value, 0) / Math.max(1, absmax.length));
  const codes = new Uint8Array(absmax.length);
  const centred = absmax.map((value) => value - offset);
  const scales = blockwise(centred, SCALE_BLOCK, DYNAMIC_BORDERS, (index, code) => (codes[index] = code));
  return { codes, scales, offset };
}

/** Scales of NF4 blocks from their nested form. */
function unnest({ codes, scales, offset }: NestedScales): Float32Array {
  return Float32Array.from(codes, (code, i) => {
    const scale = scales[Math.floor(i / SCALE_BLOCK)] as number;
    return Math.fround((DYNAMIC_CODEBOOK[code] as number) * scale) + offset;
  });
}

/** Least and largest value, zero counted in. */
function range(values: Float32Array): [number, number] {
  let [low, high] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i] as number);
    high = Math.max(high, values[i] as number);
  }
  return [low, high];
}

/** Sixteen equal steps over a block's range, zero among them. */
function quantiseInt4(values: Float32Array, shape: readonly number[]): Quantised {
  const blocks = blocksOf(values);
  const codes = new Uint8Array((blocks * BLOCK_VALUES) / 2);
  const scales = new Float32Array(blocks);
  const zeroPoints = new Uint8Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const part = blockOf(values, block);
    const [low, high] = range(part);
    scales[block] = (high - low) / 15 || 1;
    const scale = scales[block] as number;
    const zero = Math.round(-low / scale);
    zeroPoints[block] = zero;
    for (let i = 0; i < BLOCK_VALUES; i++) {
      const code = Math.round((part[i] ?? 0) / scale) + zero;
      setNibble(codes, block * BLOCK_VALUES + i, Math.min(15, Math.max(0, code)));
    }
  }
  return { format: 'int4', shape, codes, scales, zeroPoints };
}

/** 255 equal steps, symmetric about zero. */
function quantiseInt8(values: Float32Array, shape: readonly number[]): Quantised {
  const blocks = blocksOf(values);
  const codes = new Int8Array(blocks * BLOCK_VALUES);
  const scales = new Float32Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const part = blockOf(values, block);
    scales[block] = largest(part) / 127 || 1;
    const scale = scales[block] as number;
    for (let i = 0; i < part.length; i++) {
      const code = Math.round((part[i] as number) / scale);
      codes[block * BLOCK_VALUES + i] = Math.min(127, Math.max(-127, code));
    }
  }
  return { format: 'int8', shape, codes: new Uint8Array(codes.buffer), scales };
}

function dequantiseInt8({ codes, scales, shape }: Quantised): Float32Array {
  const signed = new Int8Array(codes.buffer, codes.byteOffset, codes.length);
  const out = new Float32Array(elementCount(shape));
  for (let i = 0; i < out.length; i++)
    out[i] = (signed[i] as number) * (scales[Math.floor(i / BLOCK_VALUES)] as number);
  return out;
}

/** The weights a quantised base computes with: those of linear layers rounded through the format, the others as they are. */
export function roundedWeights(
  { config, weights }: Pick<LoadedModel, 'config' | 'weights'>,
  format: QuantisedFormat,
): WeightSource {
  const quantised = new Set(linearModules(config).map((module) => weightParameter(module).name));
  return {
    names: weights.names,
    shape: (name) => weights.shape(name),
    read: (name) => {
      const values = weights.read(name);
      return quantised.has(name) ? dequantise(quantise(values, weights.shape(name), format)) : values;
    },
  };
}
