/** The reference engine: a plain interpreter of graphs in f64, one short function per operation; slow, for tests and finite differences. */
import { axisOf, broadcast, evaluateDim, type Shape } from '../compiler/dims.js';
import { hadamard } from '../compiler/passes/eight-bits.js';
import { at, type DataType, type Graph, type Node, type Op, type OpAttributes, type Value } from '../compiler/ir.js';
import { scatterInputs } from '../compiler/shapes.js';
import { sizesOf } from '../compiler/sizes.js';
import { verify } from '../compiler/verify.js';
import { elementCount, sumOf } from '../core/collections.js';
import { ShapeError } from '../core/errors.js';
import {
  heldInPlace,
  tensorOf,
  type Engine,
  type Fed,
  type Program,
  type Tensor,
  type TensorData,
  type Tensors,
} from './engine.js';
import { halfBits, halfValue, roundToHalf } from './half.js';

/** An array of any type with its values in f64, row-major. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Index = readonly number[];

/** Outputs of one node; `resolve` gives a symbolic shape's sizes in this run. */
type Kernel<P extends Op> = (
  inputs: readonly NdArray[],
  attributes: OpAttributes[P],
  resolve: (shape: Shape) => readonly number[],
) => readonly NdArray[];

/** Every index of a shape, row-major. */
function* everyIndex(shape: readonly number[]): Generator<Index> {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  for (let i = 0; i < elementCount(shape); i++)
    yield shape.map((size, axis) => Math.floor(i / at(strides, axis)) % size);
}

function generate(shape: readonly number[], valueAt: (index: Index) => number): NdArray {
  return { shape, data: Float64Array.from(everyIndex(shape), valueAt) };
}

/** Where an index lies in an array, under broadcasting: leading axes are dropped, axes of size 1 are stretched. */
function offsetOf(x: NdArray, index: Index): number {
  const lead = index.length - x.shape.length;
  return x.shape.reduce((offset, size, axis) => offset * size + (size === 1 ? 0 : at(index, lead + axis)), 0);
}

const read = (x: NdArray, index: Index): number => x.data[offsetOf(x, index)] ?? NaN;

const replaced = (index: Index, axis: number, value: number): Index =>
  index.map((each, i) => (i === axis ? value : each));

/** An index that may count from the end; throws RangeError outside the axis. */
function wrapped(index: number, size: number): number {
  if (index < -size || index >= size) throw new RangeError(`index ${index} is outside an axis of ${size}`);
  return index < 0 ? index + size : index;
}

const joined = (...arrays: readonly NdArray[]): readonly number[] =>
  arrays.map((each): Shape => each.shape).reduce(broadcast) as readonly number[];

const map = (x: NdArray, f: (value: number) => number): NdArray => ({ shape: x.shape, data: x.data.map(f) });

const zip = (a: NdArray, b: NdArray, f: (a: number, b: number) => number): NdArray =>
  generate(joined(a, b), (index) => f(read(a, index), read(b, index)));

const unary =
  (f: (value: number) => number): Kernel<Op> =>
  ([x]) => [map(x as NdArray, f)];

const binary =
  (f: (a: number, b: number) => number): Kernel<Op> =>
  (inputs) => [zip(at(inputs, 0), at(inputs, 1), f)];

/** Folds the values along axes into one; the axes stay, of size 1. */
function fold(x: NdArray, axes: readonly number[], f: (values: readonly number[]) => number): NdArray {
  const gone = new Set(axes.map((axis) => axisOf(axis, x.shape.length)));
  const inner = x.shape.map((size, axis) => (gone.has(axis) ? size : 1));
  const outer = x.shape.map((size, axis) => (gone.has(axis) ? 1 : size));
  return generate(outer, (index) =>
    f(
      [...everyIndex(inner)].map((within) =>
        read(
          x,
          index.map((each, axis) => each + at(within, axis)),
        ),
      ),
    ),
  );
}

const meanOf = (values: readonly number[]): number => sumOf(values) / values.length;
const maxOf = (values: readonly number[]): number => Math.max(...values);

const reduction =
  (f: (values: readonly number[]) => number): Kernel<'ReduceSum' | 'ReduceMean' | 'ReduceMax'> =>
  ([x], { axes, keepdims }) => {
    const folded = fold(x as NdArray, axes, f);
    const gone = new Set(axes.map((axis) => axisOf(axis, folded.shape.length)));
    return [keepdims ? folded : { shape: folded.shape.filter((_, axis) => !gone.has(axis)), data: folded.data }];
  };

function transpose(x: NdArray, perm: readonly number[]): NdArray {
  return generate(
    perm.map((axis) => at(x.shape, axis)),
    (index) =>
      read(
        x,
        perm.map((_, axis) => at(index, perm.indexOf(axis))),
      ),
  );
}

function matmul(a: NdArray, b: NdArray): NdArray {
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)) as readonly number[];
  const inner = [...Array(at(a.shape, -1)).keys()];
  return generate([...batch, at(a.shape, -2), at(b.shape, -1)], (index) => {
    const [lead, row, column] = [index.slice(0, -2), at(index, -2), at(index, -1)];
    return sumOf(inner.map((k) => read(a, [...lead, row, k]) * read(b, [...lead, k, column])));
  });
}

function softmax(x: NdArray, axis: number): NdArray {
  const powers = zip(x, fold(x, [axis], maxOf), (value, top) => Math.exp(value - top));
  return zip(powers, fold(powers, [axis], sumOf), (value, total) => value / total);
}

function slice(x: NdArray, axis: number, start: number, size: number): NdArray {
  const along = axisOf(axis, x.shape.length);
  return generate(replaced(x.shape, along, size), (index) => read(x, replaced(index, along, at(index, along) + start)));
}

function concat(parts: readonly NdArray[], axis: number): NdArray {
  const first = at(parts, 0);
  const along = axisOf(axis, first.shape.length);
  const owners = parts.flatMap((part) => [...Array(at(part.shape, along)).keys()].map((own) => ({ part, own })));
  return generate(replaced(first.shape, along, owners.length), (index) => {
    const { part, own } = at(owners, at(index, along));
    return read(part, replaced(index, along, own));
  });
}

function gather(x: NdArray, indices: NdArray, axis: number): NdArray {
  const along = axisOf(axis, x.shape.length);
  const end = along + indices.shape.length;
  return generate([...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)], (index) => {
    const found = wrapped(read(indices, index.slice(along, end)), at(x.shape, along));
    return read(x, [...index.slice(0, along), found, ...index.slice(end)]);
  });
}

/** Index in x that `indices` names at an index of its own. */
function elementIndex(x: NdArray, indices: NdArray, index: Index, axis: number): Index {
  const along = axisOf(axis, x.shape.length);
  return replaced(index, along, wrapped(read(indices, index), at(x.shape, along)));
}

function scatterElements(
  [x, indices, updates]: readonly [NdArray, NdArray, NdArray],
  { axis, reduction: how }: OpAttributes['ScatterElements'],
): NdArray {
  const data = x.data.slice();
  for (const index of everyIndex(indices.shape)) {
    const offset = offsetOf(x, elementIndex(x, indices, index, axis));
    data[offset] = (how === 'add' ? (data[offset] ?? NaN) : 0) + read(updates, index);
  }
  return { shape: x.shape, data };
}

function rmsNorm(x: NdArray, weight: NdArray, epsilon: number): readonly NdArray[] {
  const inverse = fold(x, [-1], (values) => 1 / Math.sqrt(meanOf(values.map((each) => each ** 2)) + epsilon));
  const normed = zip(x, inverse, (a, b) => a * b);
  return [zip(normed, weight, (a, b) => a * b), inverse];
}

/** Each head is two halves, (u, v) → (u·cos − v·sin, v·cos + u·sin). */
function rotate(inputs: readonly NdArray[], heads: number): NdArray {
  const [x, positions, cos, sin] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
  const width = at(x.shape, 2) / heads;
  const half = width / 2;
  return generate(x.shape, (index) => {
    const [row, column, channel] = [at(index, 0), at(index, 1), at(index, 2)];
    const position = wrapped(read(positions, [row, column]), at(cos.shape, 0));
    const within = channel % width;
    const other = within < half ? -read(x, [row, column, channel + half]) : read(x, [row, column, channel - half]);
    const angle = [position, within % half];
    return read(x, index) * read(cos, angle) + other * read(sin, angle);
  });
}

function logSumExp(values: readonly number[]): number {
  const top = maxOf(values);
  return Math.log(sumOf(values.map((each) => Math.exp(each - top)))) + top;
}

/** With its last two axes exchanged. */
function swapped(x: NdArray): NdArray {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

function attention(inputs: readonly NdArray[], softcap: number | undefined): readonly NdArray[] {
  const [q, k, v, mask] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
  const capped = (score: number): number => (softcap === undefined ? score : softcap * Math.tanh(score / softcap));
  const scores = zip(matmul(q, swapped(k)), mask, (a, b) => capped(a) + b);
  const weights = softmax(scores, -1);
  return [matmul(weights, v), fold(scores, [-1], logSumExp), weights];
}

/** Rows of x at indices, zeros where the index is −1. */
function rowsAt(x: NdArray, indices: NdArray): NdArray {
  return generate([...indices.shape, at(x.shape, 1)], (index) => {
    const row = read(indices, index.slice(0, -1));
    return row < 0 ? 0 : read(x, [row, at(index, -1)]);
  });
}

function crossEntropyGradient(probabilities: NdArray, labels: NdArray, dy: NdArray): NdArray {
  const [rows, size] = [probabilities.shape, at(probabilities.shape, 1)];
  const columns = [...Array(at(labels.shape, 1)).keys()];
  return generate(rows, ([row = 0, column = 0]) =>
    sumOf(
      columns.map((k) => {
        const isLabel = wrapped(read(labels, [row, k]), size) === column;
        return (read(probabilities, [row, column]) - (isLabel ? 1 : 0)) * read(dy, [row, k]);
      }),
    ),
  );
}

function crossEntropy(scores: NdArray, labels: NdArray): readonly NdArray[] {
  const losses = generate(labels.shape, (index) => {
    const row = [...slice(scores, 0, at(index, 0), 1).data];
    return logSumExp(row) - at(row, wrapped(read(labels, index), row.length));
  });
  return [losses, softmax(scores, -1)];
}

function dequantize(inputs: readonly NdArray[], attributes: OpAttributes['DequantizeLinear']): NdArray {
  const [x, scale, zero] = [at(inputs, 0), at(inputs, 1), inputs[2]];
  const { axis, blockSize } = attributes;
  const along = axisOf(axis, x.shape.length);
  return generate(x.shape, (index) => {
    const block = replaced(index, along, Math.floor(at(index, along) / blockSize));
    return (read(x, index) - (zero ? read(zero, block) : 0)) * read(scale, block);
  });
}

/** The nearest whole number, the even one of two. */
function roundedToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** Codes of eight bits as the ONNX kernel makes them: the quotient is rounded to f32 before it is rounded to a whole number. */
function quantize(inputs: readonly NdArray[], axis: number, [least, most]: readonly [number, number]): NdArray {
  const [x, scale, zero] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const along = axisOf(axis, x.shape.length);
  return generate(x.shape, (index) => {
    const own = [at(index, along)];
    const code =
      roundedToEven(Math.fround(Math.fround(read(x, index)) / Math.fround(read(scale, own)))) + read(zero, own);
    return Math.min(most, Math.max(least, code));
  });
}

const CODE_RANGES = { uint8: [0, 255], int8: [-128, 127] } as const;

/** The sums are whole numbers, and exact. */
function integerProduct(inputs: readonly NdArray[]): NdArray {
  const [a, codes, scale, scales, zero] = [0, 1, 2, 3, 4].map((i) => at(inputs, i)) as [
    NdArray,
    NdArray,
    NdArray,
    NdArray,
    NdArray,
  ];
  const whole = matmul(
    zip(a, zero, (x, y) => x - y),
    codes,
  );
  return zip(whole, scales, (sum, each) => sum * at([...scale.data], 0) * each);
}

/** Columns turned by Hadamard's matrix in blocks. */
function turned(x: NdArray, block: number): NdArray {
  const matrix = { shape: [block, block], data: Float64Array.from(hadamard(block)) };
  const rows = { shape: [x.data.length / block, block], data: x.data };
  return { shape: x.shape, data: matmul(rows, matrix).data };
}

/** Rows [M, K], each scaled to its own largest value and rounded, times codes [K, N] with scales of their columns. */
function codedProduct(rows: NdArray, codes: NdArray, scales: NdArray): NdArray {
  const rowScales = fold(rows, [1], (values) => maxOf(values.map(Math.abs)) / 127 + 1e-30);
  const own = { shape: rowScales.shape.slice(0, 1), data: rowScales.data };
  const coded = quantize([rows, own, map(own, () => 0)], 0, [-127, 127]);
  const times = (a: number, b: number): number => a * b;
  return zip(zip(matmul(coded, codes), scales, times), rowScales, times);
}

/** Columns of rows [M, K], codes and scales of each of the pieces that scales [P, 1, N] are of; with scales [N] the one piece. */
function piecesOf(rows: NdArray, codes: NdArray, scales: NdArray): [NdArray, NdArray, NdArray][] {
  const [all = 1, columns = 1] = codes.shape;
  const pieces = scales.shape.length === 3 ? at(scales.shape, 0) : 1;
  const inner = all / pieces;
  const part = ({ data }: NdArray, size: number, i: number): Float64Array =>
    Float64Array.from(data.subarray(i * size, (i + 1) * size));
  return Array.from({ length: pieces }, (_, i) => [
    {
      shape: [rows.data.length / (pieces * inner), inner],
      data: rows.data.filter((__, at) => Math.floor((at % (pieces * inner)) / inner) === i),
    },
    { shape: [inner, columns], data: part(codes, inner * columns, i) },
    { shape: [columns], data: part(scales, columns, i) },
  ]);
}

function int8MatMul(inputs: readonly NdArray[], { rotation }: OpAttributes['Int8MatMul']): NdArray {
  const [x, codes, scales] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const [directions, through, factors] = inputs.slice(5);
  const along = directions && matmul(x, swapped(directions));
  const rest = along && directions ? zip(x, matmul(along, directions), (a, b) => a - b) : x;
  const rows = turned(factors ? zip(rest, factors, (a, b) => a * b) : rest, rotation);
  const product = piecesOf(rows, codes, scales)
    .map((piece) => codedProduct(...piece))
    .reduce((sum, each) => zip(sum, each, (a, b) => a + b));
  return along && through ? zip(product, matmul(along, through), (a, b) => a + b) : product;
}

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** What every operation computes; an operation without a function does not compile. */
const KERNELS: { readonly [P in Op]: Kernel<P> } = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Abs: unary(Math.abs),
  Neg: unary((x) => -x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sigmoid: unary(sigmoid),
  QuickGelu: ([x], { alpha }) => [map(x as NdArray, (value) => value * sigmoid(alpha * value))],
  MatMul: (inputs) => [matmul(at(inputs, 0), at(inputs, 1))],
  FusedMatMul: (inputs, { transA, transB }) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    return [matmul(transA ? swapped(a) : a, transB ? swapped(b) : b)];
  },
  Gemm: (inputs, { transA, transB, alpha }) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    const whole = matmul(transA ? transpose(a, [1, 0]) : a, transB ? transpose(b, [1, 0]) : b);
    const scaled = map(whole, (value) => alpha * value);
    return [inputs[2] ? zip(scaled, inputs[2], (x, y) => x + y) : scaled];
  },
  Transpose: ([x], { perm }) => [transpose(x as NdArray, perm)],
  Reshape: ([x], { shape }, resolve) => [{ shape: resolve(shape), data: (x as NdArray).data }],
  Expand: ([x], { shape }, resolve) => [generate(resolve(shape), (index) => read(x as NdArray, index))],
  Softmax: ([x], { axis }) => [softmax(x as NdArray, axis)],
  ReduceSum: reduction(sumOf),
  ReduceMean: reduction(meanOf),
  ReduceMax: reduction(maxOf),
  Gather: (inputs, { axis }) => [gather(at(inputs, 0), at(inputs, 1), axis)],
  GatherElements: (inputs, { axis }) => {
    const [x, indices] = [at(inputs, 0), at(inputs, 1)];
    return [generate(indices.shape, (index) => read(x, elementIndex(x, indices, index, axis)))];
  },
  ScatterElements: (inputs, attributes) => [scatterElements([at(inputs, 0), at(inputs, 1), at(inputs, 2)], attributes)],
  Concat: (inputs, { axis }) => [concat(inputs, axis)],
  Split: ([x], { axis, sizes }) => sizes.map((size, i) => slice(x as NdArray, axis, sumOf(sizes.slice(0, i)), size)),
  Slice: ([x], { axis, start, end }, resolve) => {
    const [from = 0, to = 0] = resolve([start, end]);
    return [slice(x as NdArray, axis, from, to - from)];
  },
  Where: (inputs) => {
    const [condition, a, b] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    return [generate(joined(condition, a, b), (index) => read(read(condition, index) ? a : b, index))];
  },
  // Values are rounded to the output's type after every operation.
  Cast: (inputs, { to }) => [to === 'int64' ? map(at(inputs, 0), Math.trunc) : at(inputs, 0)],
  After: ([x]) => [x as NdArray],
  Constant: (_, { shape, data }) => [{ shape, data: Float64Array.from(data) }],
  ConstantOfShape: (_, { shape, value }, resolve) => [generate(resolve(shape), () => value)],
  SimplifiedLayerNormalization: (inputs, { epsilon }) => rmsNorm(at(inputs, 0), at(inputs, 1), epsilon),
  RotaryEmbedding: (inputs, { heads }) => [rotate(inputs, heads)],
  Attention: (inputs, { softcap }) => attention(inputs, softcap),
  GatherRows: (inputs) => inputs.slice(2).map((indices) => rowsAt(at(inputs, 0), indices)),
  ScatterRows: (inputs) => {
    const { slots, pieces } = scatterInputs(inputs);
    const rows = pieces.map(({ shape, data }) => ({ shape: [data.length / at(shape, -1), at(shape, -1)], data }));
    return [rowsAt(concat(rows, 0), slots)];
  },
  SoftmaxCrossEntropyLoss: (inputs) => crossEntropy(at(inputs, 0), at(inputs, 1)),
  CrossEntropyGradient: (inputs) => [crossEntropyGradient(at(inputs, 0), at(inputs, 1), at(inputs, 2))],
  DequantizeLinear: (inputs, attributes) => [dequantize(inputs, attributes)],
  QuantizeLinear: (inputs, { axis, to }) => [quantize(inputs, axis, CODE_RANGES[to])],
  MatMulIntegerToFloat: (inputs) => [integerProduct(inputs)],
  Int8MatMul: (inputs, attributes) => [int8MatMul(inputs, attributes)],
};

/** Rounding to a type; f32 keeps f64's precision on purpose. */
function rounded(x: NdArray, type: DataType): NdArray {
  switch (type) {
    case 'float32':
      return x;
    case 'float16':
      return map(x, roundToHalf);
    case 'bool':
      return map(x, (value) => (value === 0 ? 0 : 1));
    case 'int64':
    case 'int32':
    case 'int8':
    case 'uint16':
    case 'uint8':
      return map(x, Math.trunc);
  }
}

function runNode<P extends Op>(
  node: Node<P>,
  inputs: readonly NdArray[],
  sizes: ReadonlyMap<string, number>,
): NdArray[] {
  const kernel: Kernel<P> = KERNELS[node.op];
  const resolve = (shape: Shape): number[] => shape.map((dim) => evaluateDim(dim, sizes));
  const made = kernel(inputs, node.attributes, resolve);
  return node.outputs.map((output, i) => {
    const array = rounded(at(made, i), output.type);
    const expected = resolve(output.shape);
    if (array.shape.join() !== expected.join())
      throw new ShapeError(`${node.op} made [${array.shape.join(', ')}] where its rule says [${expected.join(', ')}]`);
    return array;
  });
}

function inputOf(value: Value, inputs: Readonly<Record<string, NdArray>>): NdArray {
  const array = inputs[value.name ?? ''];
  if (!array) throw new TypeError(`input "${value.name}" is missing`);
  if (array.shape.length !== value.shape.length)
    throw new ShapeError(`input "${value.name}" has ${array.shape.length} axes, the graph says ${value.shape.length}`);
  return array;
}

/** Runs a graph with all floats in f64, inputs and outputs too: what finite differences need. */
export function interpret(graph: Graph, inputs: Readonly<Record<string, NdArray>>): Readonly<Record<string, NdArray>> {
  const sizes = sizesOf(graph, (input) => inputOf(input, inputs).shape);
  const values = new Map(graph.inputs.map((value) => [value.id, inputOf(value, inputs)]));
  const valueOf = (value: Value): NdArray => {
    const array = values.get(value.id);
    if (!array) throw new ShapeError(`value ${value.id} is used before it is made`);
    return array;
  };
  for (const node of graph.nodes) {
    const made = runNode(node, node.inputs.map(valueOf), sizes);
    node.outputs.forEach((output, i) => values.set(output.id, at(made, i)));
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, valueOf(value)]));
}

/** A tensor's values in f64. */
export function fromTensor(tensor: Tensor): NdArray {
  const value = tensor.type === 'float16' ? (bits: number): number => halfValue(bits) : Number;
  return { shape: tensor.shape, data: Float64Array.from(tensor.data as Float32Array, value) };
}

const ENCODERS: { readonly [T in DataType]: (data: Float64Array) => TensorData[T] } = {
  float32: (data) => Float32Array.from(data),
  float16: (data) => Uint16Array.from(data, halfBits),
  int64: (data) => BigInt64Array.from([...data], (each) => BigInt(each)),
  int32: (data) => Int32Array.from(data),
  int8: (data) => Int8Array.from(data),
  uint16: (data) => Uint16Array.from(data),
  uint8: (data) => Uint8Array.from(data),
  bool: (data) => Uint8Array.from(data),
};

/** A tensor of a type from values in f64, rounded to it. */
export function toTensor(type: DataType, { shape, data }: NdArray): Tensor {
  return { type, shape, data: ENCODERS[type](data) };
}

class ReferenceProgram implements Program {
  constructor(readonly graph: Graph) {}

  run(inputs: Fed, into: Tensors = {}): Promise<Tensors> {
    return Promise.resolve().then(() => this.#run(inputs, into));
  }

  #run(inputs: Fed, into: Tensors): Tensors {
    const arrays = Object.fromEntries(
      Object.entries(inputs).map(([name, fed]) => [name, fromTensor(tensorOf(name, fed))]),
    );
    const results = interpret(this.graph, arrays);
    const outputs = this.graph.outputs.map(({ name, value }) => {
      const tensor = toTensor(value.type, results[name] as NdArray);
      const buffer = into[name];
      if (!buffer) return [name, tensor] as const;
      (buffer.data as Float32Array).set(tensor.data as Float32Array);
      return [name, buffer] as const;
    });
    return Object.fromEntries(outputs);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

/** The reference engine; it runs graphs as they are, unlowered, and rounds to f32 only at the outputs. */
export function referenceEngine(): Engine {
  return {
    name: 'reference',
    compile: (graph) =>
      Promise.resolve().then(() => {
        verify(graph);
        return new ReferenceProgram(graph);
      }),
    lanes: 1,
    hold: heldInPlace,
  };
}
