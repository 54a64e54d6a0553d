/** The builder: makes graphs node by node, inferring shapes as it goes; a node made twice is made once. */
import { broadcast, sameShape, sum, type Dim, type Shape } from './dims.js';
import {
  at,
  dimOf,
  type DataType,
  type Graph,
  type Node,
  type Op,
  type OpAttributes,
  type OutputType,
  type Value,
} from './ir.js';
import { inferOutputs } from './shapes.js';

/** Texts of what does not change and is asked for again: attributes, which passes hand on, and the matrices that constants hold. */
const texts = new WeakMap<object, string>();

/** Text of attributes; JSON would write -Infinity, Infinity and NaN alike, and -0 as 0. */
function textOf(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = Array.isArray(value)
    ? `[${value.map(textOf).join()}]`
    : Object.entries(value)
        .flatMap(([name, each]) => (each === undefined ? [] : [`${name}:${textOf(each)}`]))
        .join();
  texts.set(value, text);
  return text;
}

/** Text that tells two nodes apart. */
const keyOf = (op: Op, inputs: readonly Value[], attributes: OpAttributes[Op]): string =>
  `${op} ${inputs.map(({ id }) => id).join()} ${textOf(attributes)}`;

const isLike = (a: OutputType, b: OutputType): boolean =>
  a.type === b.type && (a.shape === b.shape || sameShape(a.shape, b.shape));

/** A graph under construction. */
export class Builder {
  readonly #inputs: Value[] = [];
  readonly #nodes: Node[] = [];
  readonly #made = new Map<string, readonly Value[]>();
  #next = 0;

  /** `shared: false` makes every node anew, also one that was made before. */
  constructor(readonly options: { readonly shared: boolean } = { shared: true }) {}

  /** Nodes made so far, in order. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** A named input of the program; its sizes are numbers, names, or sums and products of them. */
  input(name: string, type: DataType, shape: Shape): Value {
    const value: Value = { id: this.#next++, type, shape: shape.map((dim) => sum([dim])), name };
    this.#inputs.push(value);
    return value;
  }

  /** Adds a node and returns all its outputs; the same operation on the same inputs is added once. */
  apply<P extends Op>(op: P, inputs: readonly Value[], attributes: OpAttributes[P]): readonly Value[] {
    return this.#node(op, inputs, attributes, () => inferOutputs(op, inputs, attributes));
  }

  /** Adds a node of another graph on inputs that stand for its own; what comes out is told anew only where these are others. */
  keep(node: Node, inputs: readonly Value[]): readonly Value[] {
    const { op, attributes, inputs: before, outputs } = node;
    const isSame = inputs.every((input, i) => isLike(input, at(before, i)));
    return this.#node(op, inputs, attributes, () => (isSame ? outputs : inferOutputs(op, inputs, attributes)));
  }

  #node<P extends Op>(
    op: P,
    inputs: readonly Value[],
    attributes: OpAttributes[P],
    infer: () => readonly OutputType[],
  ): readonly Value[] {
    const key = keyOf(op, inputs, attributes);
    const made = this.#made.get(key);
    if (made && this.options.shared) return made;
    const outputs = infer().map(({ type, shape }): Value => ({ type, shape, id: this.#next++, name: undefined }));
    this.#nodes.push({ op, inputs, outputs, attributes });
    this.#made.set(key, outputs);
    return outputs;
  }

  /** Adds a node and returns its first output. */
  op<P extends Op>(op: P, inputs: readonly Value[], attributes: OpAttributes[P]): Value {
    return at(this.apply(op, inputs, attributes), 0);
  }

  /** The graph of what was made so far. */
  finish(outputs: Readonly<Record<string, Value>>): Graph {
    return {
      inputs: [...this.#inputs],
      nodes: [...this.#nodes],
      outputs: Object.entries(outputs).map(([name, value]) => ({ name, value })),
    };
  }

  add = (a: Value, b: Value): Value => this.op('Add', [a, b], {});
  sub = (a: Value, b: Value): Value => this.op('Sub', [a, b], {});
  mul = (a: Value, b: Value): Value => this.op('Mul', [a, b], {});
  div = (a: Value, b: Value): Value => this.op('Div', [a, b], {});
  neg = (x: Value): Value => this.op('Neg', [x], {});
  exp = (x: Value): Value => this.op('Exp', [x], {});
  log = (x: Value): Value => this.op('Log', [x], {});
  sigmoid = (x: Value): Value => this.op('Sigmoid', [x], {});
  /** SiLU: x · sigmoid(x). */
  silu = (x: Value): Value => this.op('QuickGelu', [x], { alpha: 1 });
  matmul = (a: Value, b: Value): Value => this.op('MatMul', [a, b], {});
  softmax = (x: Value, axis = -1): Value => this.op('Softmax', [x], { axis });

  /** alpha · op(a) · op(b) over matrices, + addend where one is given. */
  gemm(a: Value, b: Value, { transA = false, transB = false, alpha = 1 } = {}, addend?: Value): Value {
    return this.op('Gemm', addend ? [a, b, addend] : [a, b], { transA, transB, alpha });
  }

  /** Part of x along an axis, from `start` up to `end`. */
  slice(x: Value, axis: number, start: Dim, end: Dim): Value {
    return start === 0 && end === dimOf(x, axis) ? x : this.op('Slice', [x], { axis, start, end });
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return perm.every((axis, i) => axis === i) ? x : this.op('Transpose', [x], { perm });
  }

  reshape(x: Value, shape: Shape): Value {
    return sameShape(x.shape, shape) ? x : this.op('Reshape', [x], { shape });
  }

  expand(x: Value, shape: Shape): Value {
    return sameShape(x.shape, shape) ? x : this.op('Expand', [x], { shape });
  }

  /** A sum that keeps its axes leaves those of size 1 as they are. */
  reduceSum(x: Value, axes: readonly number[], keepdims = true): Value {
    if (axes.every((axis) => keepdims && dimOf(x, axis) === 1)) return x;
    return this.op('ReduceSum', [x], { axes, keepdims });
  }

  reduceMean(x: Value, axes: readonly number[], keepdims = true): Value {
    return this.op('ReduceMean', [x], { axes, keepdims });
  }

  reduceMax(x: Value, axes: readonly number[], keepdims = true): Value {
    return this.op('ReduceMax', [x], { axes, keepdims });
  }

  gather(x: Value, indices: Value, axis = 0): Value {
    return this.op('Gather', [x, indices], { axis });
  }

  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? at(values, 0) : this.op('Concat', values, { axis });
  }

  split(x: Value, sizes: readonly number[], axis: number): readonly Value[] {
    return sizes.length === 1 ? [x] : this.apply('Split', [x], { axis, sizes });
  }

  /**
   * −log softmax(scores)[label] for K labels a row, [M, K], and its sum Σ weights · that over all: scores [M, V], labels and weights
   * [M, K]. K = 1 are hard labels; a teacher's probabilities as weights give its Kullback–Leibler divergence but for a constant.
   */
  crossEntropy(scores: Value, labels: Value, weights: Value): { readonly losses: Value; readonly loss: Value } {
    const losses = this.op('SoftmaxCrossEntropyLoss', [scores, labels], {});
    return { losses, loss: this.reduceSum(this.mul(losses, weights), [0, 1], false) };
  }

  /** A tensor of numbers known now. */
  constant(data: readonly number[], shape: readonly number[] = [data.length], type: DataType = 'float32'): Value {
    return this.op('Constant', [], { type, shape, data });
  }

  scalar(value: number, type: DataType = 'float32'): Value {
    return this.constant([value], [], type);
  }

  /** A tensor filled with one f32 value, of a shape that may be symbolic. */
  full(shape: Shape, value = 0): Value {
    return this.op('ConstantOfShape', [], { shape, value });
  }

  scale(x: Value, factor: number): Value {
    return factor === 1 ? x : this.mul(x, this.scalar(factor));
  }

  /** limit · tanh(x / limit), by the sigmoid that tanh is. */
  softcap(x: Value, limit: number): Value {
    return this.sub(this.scale(this.sigmoid(this.scale(x, 2 / limit)), 2 * limit), this.scalar(limit));
  }

  /** Undoes broadcasting: sums a value over the axes along which `shape` was stretched to it. */
  sumTo(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    broadcast(x.shape, shape);
    const lead = x.shape.length - shape.length;
    const axes = x.shape.flatMap((dim, i) => (i < lead || (at(shape, i - lead) === 1 && dim !== 1) ? [i] : []));
    return this.reshape(this.reduceSum(x, axes), shape);
  }
}
