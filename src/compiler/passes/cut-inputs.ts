/** Pass: matrices too large for one buffer of a device come in as several, cut by rows, and are read piece by piece. */
import { ShapeError } from '../../core/errors.js';
import { Builder } from '../builder.js';
import type { Shape } from '../dims.js';
import { at, dimOf, isOp, type DataType, type Graph, type Node, type OpAttributes, type Value } from '../ir.js';

const BYTES: Readonly<Record<DataType, number>> = {
  ...{ float32: 4, float16: 2, int64: 8, int32: 4, int8: 1, uint16: 2, uint8: 1, bool: 1 },
};

/** Bytes of one value. */
export const bytesOf = (type: DataType): number => BYTES[type];

/**
 * Rows of the pieces that a matrix of floats of known size is cut into, so that none takes more than `mostBytes`: as many to each but the
 * last. One piece where it is small enough, and for anything else than such a matrix.
 */
export function rowCuts(type: DataType, shape: Shape, mostBytes: number): readonly number[] {
  const [rows, columns] = shape;
  if (shape.length !== 2 || typeof rows !== 'number' || typeof columns !== 'number') return [0];
  const isFloat = type === 'float32' || type === 'float16';
  const bytes = rows * columns * bytesOf(type);
  if (!isFloat || bytes <= mostBytes) return [rows];
  const count = Math.ceil(bytes / mostBytes);
  const most = Math.ceil(rows / count);
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => Math.min(most, rows - i * most));
}

/** Names of an input's pieces; its own where there is one. */
export const pieceNames = (name: string, count: number): readonly string[] =>
  count === 1 ? [name] : Array.from({ length: count }, (_, i) => `${name}#${i}`);

const rowsOf = (pieces: readonly Value[]): number[] => pieces.map((piece) => Number(dimOf(piece, 0)));

/** Operands of a product whose second comes in pieces. */
interface Factors {
  readonly x: Value;
  readonly pieces: readonly Value[];
  readonly addend: Value | undefined;
}

/** x Wᵀ piece by piece beside each other, or x W as the sum over the pieces that parts of x meet. */
function product(b: Builder, { transA, transB, alpha }: OpAttributes['Gemm'], { x, pieces, addend }: Factors): Value {
  if (transB) {
    const whole = b.concat(
      pieces.map((piece) => b.gemm(x, piece, { transA, transB, alpha })),
      1,
    );
    return addend ? b.add(whole, addend) : whole;
  }
  const parts = b.split(x, rowsOf(pieces), transA ? 0 : 1);
  return parts.reduce<Value | undefined>(
    (sum, part, i) => b.gemm(part, at(pieces, i), { transA, transB, alpha }, sum),
    addend,
  ) as Value;
}

/** Rows by index: those that lie in a piece are taken from it, and zero from all others. */
function rowsByIndex(b: Builder, indices: Value, pieces: readonly Value[]): Value {
  const { type } = indices;
  const most = Number(dimOf(at(pieces, 0), 0));
  const piece = b.op('Div', [indices, b.scalar(most, type)], {});
  const shape: Shape = [...indices.shape, 1];
  const taken = pieces.map((each, i) => {
    const elsewhere = b.op('Cast', [b.sub(piece, b.scalar(i, type))], { to: 'bool' });
    const here = b.sub(b.scalar(1, type), b.op('Cast', [elsewhere], { to: type }));
    const rows = b.gather(each, b.mul(b.sub(indices, b.scalar(i * most, type)), here));
    return b.op('Where', [b.reshape(elsewhere, shape), b.op('Cast', [b.scalar(0)], { to: each.type }), rows], {});
  });
  return taken.reduce((sum, rows) => b.add(sum, rows));
}

/** A graph under construction, and which of its values come in pieces. */
class Cutting {
  readonly b = new Builder();
  /** What stands for the values of the graph before. */
  readonly #now = new Map<number, readonly Value[]>();

  constructor(
    readonly graph: Graph,
    readonly mostBytes: number,
  ) {}

  run(): Graph {
    for (const input of this.graph.inputs) this.#now.set(input.id, this.#input(input));
    for (const node of this.graph.nodes) this.#add(node);
    return this.b.finish(Object.fromEntries(this.graph.outputs.map(({ name, value }) => [name, this.#whole(value)])));
  }

  #input({ id, name = `input${id}`, type, shape }: Value): Value[] {
    const rows = rowCuts(type, shape, this.mostBytes);
    if (rows.length === 1) return [this.b.input(name, type, shape)];
    return pieceNames(name, rows.length).map((each, i) => this.b.input(each, type, [at(rows, i), dimOf({ shape }, 1)]));
  }

  #pieces({ id }: Value): readonly Value[] {
    const found = this.#now.get(id);
    if (!found) throw new ShapeError(`value ${id} is used before it is made`);
    return found;
  }

  #whole(value: Value): Value {
    return this.b.concat(this.#pieces(value), 0);
  }

  #add(node: Node): void {
    const operand = node.inputs[isOp(node, 'Gemm') ? 1 : 0];
    const pieces = operand ? this.#pieces(operand) : [];
    const made = pieces.length > 1 ? this.#fromPieces(node, pieces) : undefined;
    if (made) this.#now.set(at(node.outputs, 0).id, made);
    else {
      const inputs = node.inputs.map((each) => this.#whole(each));
      this.b
        .apply(node.op, inputs, node.attributes)
        .forEach((value, i) => this.#now.set(at(node.outputs, i).id, [value]));
    }
  }

  /** What a node makes of a matrix that comes in pieces; undefined where it needs it whole. */
  #fromPieces(node: Node, pieces: readonly Value[]): readonly Value[] | undefined {
    if (isOp(node, 'Cast')) return pieces.map((piece) => this.b.op('Cast', [piece], node.attributes));
    if (isOp(node, 'Gather') && node.attributes.axis === 0)
      return [rowsByIndex(this.b, this.#whole(at(node.inputs, 1)), pieces)];
    if (!isOp(node, 'Gemm')) return undefined;
    const addend = node.inputs[2] && this.#whole(node.inputs[2]);
    return [product(this.b, node.attributes, { x: this.#whole(at(node.inputs, 0)), addend, pieces })];
  }
}

/** A graph none of whose matrices of weights takes more than `mostBytes`; the pieces of input W are W#0, W#1 and so on. */
export const cutInputs = (graph: Graph, mostBytes: number): Graph => new Cutting(graph, mostBytes).run();
