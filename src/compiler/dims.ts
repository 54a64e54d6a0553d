/** Symbolic dimensions: integers, named sizes such as `B` and `S`, their products and sums, with the little algebra that shapes need. */
import { ShapeError } from '../core/errors.js';

/** A size: a number, or a product such as `B*S` or `2*(P+S)` in canonical form. */
export type Dim = number | string;
export type Shape = readonly Dim[];

interface Monomial {
  readonly factor: number;
  readonly symbols: readonly string[];
}

function parse(dim: Dim): Monomial {
  if (typeof dim === 'number') return { factor: dim, symbols: [] };
  const parts = dim.match(/\([^)]*\)|[^*]+/g) ?? [];
  const numbers = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  return {
    factor: numbers.reduce((a, b) => a * b, 1),
    symbols: parts.filter((part) => !/^\d+$/.test(part)).sort(),
  };
}

function format({ factor, symbols }: Monomial): Dim {
  if (symbols.length === 0 || factor === 0) return factor;
  return [...(factor === 1 ? [] : [String(factor)]), ...symbols].join('*');
}

/** Product of sizes. */
export function product(dims: Shape): Dim {
  const parsed = dims.map(parse);
  return format({
    factor: parsed.reduce((a, b) => a * b.factor, 1),
    symbols: parsed.flatMap((each) => each.symbols).sort(),
  });
}

/** Sum of sizes, as in concatenation. */
export function sum(dims: Shape): Dim {
  if (dims.every((dim) => typeof dim === 'number')) return dims.reduce((a, b) => a + b, 0);
  return `(${dims.join('+')})`;
}

/** `a / b` where b divides a symbol by symbol; undefined where it does not. */
export function quotient(a: Dim, b: Dim): Dim | undefined {
  const left = parse(a);
  const right = parse(b);
  const symbols = [...left.symbols];
  for (const symbol of right.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  const factor = left.factor / right.factor;
  return Number.isInteger(factor) ? format({ factor, symbols }) : undefined;
}

/** Whether two shapes are the same, size by size. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Shape of an elementwise result under NumPy's broadcasting; throws ShapeError where sizes clash. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new ShapeError(`cannot broadcast [${a.join(', ')}] with [${b.join(', ')}]`);
  });
}

/** The axis counted from the front: accepts −rank to rank − 1. */
export function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) throw new ShapeError(`axis ${axis} is outside a tensor of ${rank} dimensions`);
  return positive;
}

/** The value of a size, given the values of its symbols; sums are read term by term. */
export function evaluateDim(dim: Dim, sizes: ReadonlyMap<string, number>): number {
  const { factor, symbols } = parse(dim);
  return symbols.reduce((value, symbol) => value * evaluateSymbol(symbol, sizes), factor);
}

function evaluateSymbol(symbol: string, sizes: ReadonlyMap<string, number>): number {
  const known = sizes.get(symbol);
  if (known !== undefined) return known;
  if (!symbol.startsWith('(')) throw new ShapeError(`size of "${symbol}" is not known`);
  return symbol
    .slice(1, -1)
    .split('+')
    .reduce((total, term) => total + evaluateDim(/^\d+$/.test(term) ? Number(term) : term, sizes), 0);
}

/** Symbols a size depends on: `2*B*(P+S)` depends on B, P and S. */
export function symbolsOf(dim: Dim): readonly string[] {
  return typeof dim === 'number' ? [] : (dim.match(/[A-Za-z_]\w*/g) ?? []);
}
