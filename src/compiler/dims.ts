/** Symbolic dimensions: integers, named sizes such as `B`, and sums of their products, in one form, so that equal sizes compare equal. */
import { ShapeError } from '../core/errors.js';

/** A size: a number, or what `product` and `sum` write: `B*S`, `2*S`, `P+S`, `B*P+B*S`; never a bracket. */
export type Dim = number | string;
/** Sizes of all axes; [] is a scalar's. */
export type Shape = readonly Dim[];

/** How often each product of symbols occurs in a sum; '' stands for the number 1. */
type Polynomial = ReadonlyMap<string, number>;

function addTo(total: Map<string, number>, symbols: string, count: number): void {
  total.set(symbols, (total.get(symbols) ?? 0) + count);
}

function fail(dim: Dim): never {
  throw new ShapeError(`invalid size "${dim}": use whole numbers and names, or sum() and product() of them`);
}

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number' && !(Number.isSafeInteger(dim) && dim >= 0)) fail(dim);
  const terms = new Map<string, number>();
  for (const term of String(dim).split('+')) {
    const factors = term.split('*');
    if (!factors.every((factor) => /^(\d+|[A-Za-z_]\w*)$/.test(factor))) fail(dim);
    const symbols = factors.filter((factor) => !/^\d/.test(factor)).sort();
    const count = factors.filter((factor) => /^\d/.test(factor)).reduce((a, b) => a * Number(b), 1);
    addTo(terms, symbols.join('*'), count);
  }
  return terms;
}

function format(terms: Polynomial): Dim {
  const present = [...terms].filter(([, count]) => count !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
  if (present.every(([symbols]) => symbols === '')) return present[0]?.[1] ?? 0;
  return present
    .map(([symbols, count]) => (symbols === '' ? String(count) : count === 1 ? symbols : `${count}*${symbols}`))
    .join('+');
}

function times(a: Polynomial, b: Polynomial): Polynomial {
  const terms = new Map<string, number>();
  for (const [left, m] of a)
    for (const [right, n] of b) {
      const symbols = [left, right].filter((each) => each !== '').flatMap((each) => each.split('*'));
      addTo(terms, symbols.sort().join('*'), m * n);
    }
  return terms;
}

/** Results by their operands: a graph asks for the same few thousands of times. */
function remembered(compute: (dims: Shape) => Dim): (dims: Shape) => Dim {
  const known = new Map<string, Dim>();
  return (dims) => {
    const key = [dims.length, ...dims].join('\0');
    const found = known.get(key) ?? compute(dims);
    known.set(key, found);
    return found;
  };
}

/** Product of sizes. */
export const product = remembered((dims) => format(dims.map(parse).reduce(times, new Map([['', 1]]))));

/** Sum of sizes, as in concatenation. */
export const sum = remembered((dims) => {
  const terms = new Map<string, number>();
  for (const dim of dims) for (const [symbols, count] of parse(dim)) addTo(terms, symbols, count);
  return format(terms);
});

/** What must be added to `part` to give `whole`; undefined where that is no size. */
export function difference(whole: Dim, part: Dim): Dim | undefined {
  const terms = new Map(parse(whole));
  for (const [symbols, count] of parse(part)) addTo(terms, symbols, -count);
  return [...terms.values()].some((count) => count < 0) ? undefined : format(terms);
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

/** The value of a size, given the values of its symbols; throws ShapeError where one is missing. */
export function evaluateDim(dim: Dim, sizes: ReadonlyMap<string, number>): number {
  const plain = typeof dim === 'number' ? dim : sizes.get(dim);
  if (plain !== undefined) return plain;
  const valueOf = (symbol: string): number => {
    const known = sizes.get(symbol);
    if (known === undefined) throw new ShapeError(`size of "${symbol}" is not known`);
    return known;
  };
  return [...parse(dim)].reduce(
    (total, [symbols, count]) =>
      total + (symbols === '' ? [] : symbols.split('*')).reduce((value, symbol) => value * valueOf(symbol), count),
    0,
  );
}

/** Symbols a size depends on: `B*P+B*S` depends on B, P and S. */
export function symbolsOf(dim: Dim): readonly string[] {
  return typeof dim === 'number' ? [] : [...new Set(dim.match(/[A-Za-z_]\w*/g) ?? [])];
}
