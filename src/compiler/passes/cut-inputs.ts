/** Pass: matrices too large for one buffer of a device come in as several, cut by rows, and are read piece by piece. */
import type { Builder } from '../builder.js';
import type { Shape } from '../dims.js';
import { at, bytesOf, dimOf, isOp, type DataType, type Graph, type OpAttributes, type Value } from '../ir.js';
import { pruneUnused } from './prune.js';
import { rebuild, type NamedInput } from './rebuild.js';

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

/** A graph none of whose matrices of weights takes more than `mostBytes`; the pieces of input W are W#0, W#1 and so on. */
export function cutInputs(graph: Graph, mostBytes: number): Graph {
  /** Pieces of a value by the whole that they are joined to, which is dropped where nothing asks for it. */
  const pieces = new Map<number, readonly Value[]>();
  const joined = (b: Builder, parts: readonly Value[]): Value => {
    const whole = b.concat(parts, 0);
    if (parts.length > 1) pieces.set(whole.id, parts);
    return whole;
  };
  const inPieces = (b: Builder, { name, type, shape }: NamedInput): Value => {
    const rows = rowCuts(type, shape, mostBytes);
    const inputs = pieceNames(name, rows.length).map((each, i) =>
      b.input(each, type, rows.length === 1 ? shape : [at(rows, i), dimOf({ shape }, 1)]),
    );
    return joined(b, inputs);
  };
  const cut = rebuild(
    graph,
    (b, node, inputs) => {
      const parts = pieces.get(inputs[isOp(node, 'Gemm') ? 1 : 0]?.id ?? -1);
      if (!parts) return undefined;
      const casts = isOp(node, 'Cast') && parts.map((part) => b.op('Cast', [part], node.attributes));
      if (casts) return [joined(b, casts)];
      if (isOp(node, 'Gather') && node.attributes.axis === 0) return [rowsByIndex(b, at(inputs, 1), parts)];
      if (!isOp(node, 'Gemm')) return undefined;
      return [product(b, node.attributes, { x: at(inputs, 0), pieces: parts, addend: inputs[2] })];
    },
    inPieces,
  );
  return pruneUnused(cut);
}
