/** A graph as an ONNX model: attributes that ONNX takes as inputs become initialisers, symbolic shapes are computed from inputs' own. */
import { elementCount } from '../../core/collections.js';
import { UnsupportedOpError } from '../../core/errors.js';
import { sameShape, symbolsOf, type Dim, type Shape } from '../dims.js';
import { at, isOp, type DataType, type Graph, type Node, type Op, type OpAttributes, type Value } from '../ir.js';
import { CONTRIB_DOMAIN, FORMS, int, type Form, type Operand, type OwnOp } from './forms.js';
import { encodeModel, type NodeProto, type TensorProto, type ValueInfoProto } from './schema.js';
import { ELEMENT_TYPES, tensorProto } from './tensors.js';

const OPSET = 21;
const IR_VERSION = 10;

/** A number's text; -0 and 0 are two numbers. */
const textOf = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

class Encoder {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #names = new Map<number, string>();
  readonly #sizes = new Map<string, string>();
  readonly #shapes = new Map<string, string>();
  /** Names of what is made of values for others to wait for. */
  readonly #waited = new Set<string>();
  readonly #given: ReadonlySet<number>;
  /** Shapes of what lies between inputs and outputs: where ONNX Runtime cannot tell one, its memory is never used again. */
  readonly #between: ValueInfoProto[] = [];

  constructor(readonly graph: Graph) {
    this.#given = new Set(graph.outputs.map(({ value }) => value.id));
    for (const input of graph.inputs) this.#names.set(input.id, input.name ?? `%${input.id}`);
    for (const { name, value } of graph.outputs) if (!this.#names.has(value.id)) this.#names.set(value.id, name);
  }

  encode(): Uint8Array {
    for (const node of this.graph.nodes) this.#node(node);
    const output = this.graph.outputs.map(({ name, value }) => {
      // An input, a constant and what is given out twice have another name.
      if (this.#name(value) !== name) this.#emit('Identity', [this.#name(value)], [name]);
      return info(name, value);
    });
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: 'lightmem',
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: CONTRIB_DOMAIN, version: 1 },
      ],
      graph: {
        name: 'lightmem',
        node: this.#nodes,
        initializer: [...this.#initializers.values()],
        input: this.graph.inputs.map((each) => info(this.#name(each), each)),
        output,
        valueInfo: this.#between,
      },
    });
  }

  #name(value: Value): string {
    const known = this.#names.get(value.id) ?? `%${value.id}`;
    this.#names.set(value.id, known);
    return known;
  }

  #emit(opType: string, input: readonly string[], output: readonly string[], form: Form = {}): void {
    const { attributes: attribute = [], domain = '' } = form;
    this.#nodes.push({ opType, input, output, attribute, domain });
  }

  #constant(type: DataType, dims: readonly number[], data: readonly number[]): string {
    const name = `%const_${type}_${dims.join('x')}_${data.length <= 16 ? data.map(textOf).join('_') : `#${this.#initializers.size}`}`;
    if (!this.#initializers.has(name)) {
      this.#initializers.set(name, { name, ...tensorProto(type, dims, data) });
    }
    return name;
  }

  #integers(data: readonly number[]): string {
    return this.#constant('int64', [data.length], data);
  }

  /** Name of a one-element tensor that holds a size. */
  #size(dim: Dim): string {
    if (typeof dim === 'number') return this.#integers([dim]);
    const known = this.#sizes.get(dim);
    if (known !== undefined) return known;
    const name = `%size_${this.#sizes.size}`;
    this.#sizes.set(dim, name);
    const terms = dim.split('+');
    const factors = dim.split('*');
    if (terms.length > 1) this.#chain('Add', terms, name);
    else if (factors.length > 1) this.#chain('Mul', factors, name);
    else this.#sizeOfSymbol(dim, name);
    return name;
  }

  /** Computes a sum or product of sizes into `result`. */
  #chain(op: 'Mul' | 'Add', parts: readonly string[], result: string): void {
    const names = parts.map((part) => this.#size(/^\d+$/.test(part) ? Number(part) : part));
    names.slice(1).reduce((left, right, i) => {
      const out = i === names.length - 2 ? result : `${result}_${i}`;
      this.#emit(op, [left, right], [out]);
      return out;
    }, names[0] ?? '');
  }

  #sizeOfSymbol(symbol: string, name: string): void {
    for (const input of this.graph.inputs) {
      const axis = input.shape.indexOf(symbol);
      if (axis < 0) continue;
      const attributes = [int('start', axis), int('end', axis + 1)];
      this.#emit('Shape', [this.#name(input)], [name], { attributes });
      return;
    }
    throw new UnsupportedOpError(`no input has the size "${symbol}" as one of its axes`);
  }

  /** Name of a tensor that holds a shape; at most one unknown size may be left to ONNX as −1 where `infer` allows it. */
  #shape(shape: Shape, infer: boolean): string {
    const unknown = shape.filter((dim) => symbolsOf(dim).length > 0).length;
    if (unknown === 0 || (infer && unknown === 1))
      return this.#integers(shape.map((dim) => (typeof dim === 'number' ? dim : -1)));
    const key = shape.join(',');
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    const name = `%shape_${this.#shapes.size}`;
    this.#shapes.set(key, name);
    const sizes = shape.map((dim) => this.#size(dim));
    this.#emit('Concat', sizes, [name], { attributes: [int('axis', 0)] });
    return name;
  }

  #node(node: Node): void {
    const constant = constantOf(node);
    if (constant) {
      const { type, shape, data } = constant;
      for (const output of node.outputs) this.#names.set(output.id, this.#constant(type, shape, data));
      return;
    }
    const between = node.outputs.filter(({ id }) => !this.#given.has(id));
    this.#between.push(...between.map((each) => info(this.#name(each), each)));
    if (isOp(node, 'After')) {
      this.#after(node);
      return;
    }
    const form = formOf(node);
    const operands = form.operands ?? [];
    const inputs = [...node.inputs.map((each) => this.#name(each)), ...operands.map((each) => this.#operand(each))];
    const outputs = node.outputs.map((each) => this.#name(each));
    this.#emit(node.op, inputs, outputs, form);
  }

  #operand(operand: Operand): string {
    return 'shape' in operand ? this.#shape(operand.shape, operand.infer) : this.#integers(operand);
  }

  /** A reshape of x to its own shape: to the dependency's where that is the same, else by zeros, which are made of the dependency's rows. */
  #after(node: Node<'After'>): void {
    const [x, dependency] = [at(node.inputs, 0), at(node.inputs, 1)];
    const isAlike = sameShape(x.shape, dependency.shape);
    const shape = isAlike ? this.#shapeOf(dependency) : this.#zeros(dependency, x.shape.length);
    this.#emit('Reshape', [this.#name(x), shape], [this.#name(at(node.outputs, 0))]);
  }

  /** A value's shape, or so many of its sizes, which are there no earlier than the value is. */
  #shapeOf(value: Value, end?: number): string {
    const name = `${this.#name(value)}.${end === undefined ? 'shape' : 'rows'}`;
    const attributes = end === undefined ? [] : [int('start', 0), int('end', end)];
    if (!this.#waited.has(name)) this.#emit('Shape', [this.#name(value)], [name], { attributes });
    this.#waited.add(name);
    return name;
  }

  /** So many zeros, which are there no earlier than a value is. */
  #zeros(dependency: Value, count: number): string {
    const rows = this.#shapeOf(dependency, 1);
    const zeros = `${rows}.zeros${count}`;
    if (!this.#waited.has(zeros)) this.#emit('Mul', [rows, this.#integers(Array<number>(count).fill(0))], [zeros]);
    this.#waited.add(zeros);
    return zeros;
  }
}

/** Elements of a filled tensor up to which it is written out. */
const MOST_FILLED = 4096;

/** What a node always gives; undefined where that hangs on inputs, or takes much to say. */
function constantOf(node: Node): OpAttributes['Constant'] | undefined {
  if (isOp(node, 'Constant')) return node.attributes;
  if (!isOp(node, 'ConstantOfShape')) return undefined;
  const shape = node.attributes.shape.filter((dim) => typeof dim === 'number');
  const size = elementCount(shape);
  if (shape.length < node.attributes.shape.length || size > MOST_FILLED) return undefined;
  return { type: 'float32', shape, data: Array<number>(size).fill(node.attributes.value) };
}

function formOf<P extends Exclude<Op, OwnOp>>(node: Node<Op>): Form {
  const form: (attributes: OpAttributes[P]) => Form = FORMS[node.op as P];
  return form(node.attributes as OpAttributes[P]);
}

function info(name: string, value: Value): ValueInfoProto {
  const dim = value.shape.map((each) => (typeof each === 'number' ? { dimValue: each } : { dimParam: each }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[value.type], shape: { dim } } } };
}

/** Bytes of the ONNX model (opset 21) of a lowered graph; throws UnsupportedOpError for what ONNX cannot say. */
export function encodeOnnx(graph: Graph): Uint8Array {
  return new Encoder(graph).encode();
}
