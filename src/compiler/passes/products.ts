/** Passes over matrix products: addends handed to them, thin ones computed transposed, transposed operands read as they are. */
import type { Builder } from '../builder.js';
import { sameShape } from '../dims.js';
import { at, dimOf, isOp, type Graph, type Node, type OpAttributes, type Value } from '../ir.js';
import { pruneUnused } from './prune.js';
import { rebuild } from './rebuild.js';

/** Widths up to which a product counts as thin: one of LoRA's, seen from the size of a model. */
const THIN = 64;

interface Product {
  readonly factors: readonly [Value, Value];
  readonly attributes: OpAttributes['Gemm'];
}

/** One term of a sum: a product of two matrices, or any other value. */
type Term = Value | Product;

const isValue = (term: Term): term is Value => 'id' in term;
const isProduct = (term: Term): term is Product => !isValue(term);

function timesUsed(graph: Graph): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  const used = [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map(({ value }) => value)];
  for (const { id } of used) times.set(id, (times.get(id) ?? 0) + 1);
  return times;
}

/** Inner size of a product; sizes that are not known yet count as large. */
const depthOf = ({ factors: [x], attributes: { transA } }: Product): number => {
  const depth = dimOf(x, transA ? 0 : 1);
  return typeof depth === 'number' ? depth : Infinity;
};

/** Columns of a product; a number that is not known yet counts as small. */
const widthOf = ({ factors: [, y], attributes: { transB } }: Product): number => {
  const width = dimOf(y, transB ? 0 : 1);
  return typeof width === 'number' ? width : 0;
};

/** A matrix as a product reads it, by its transpose or not, times a factor. */
function read(b: Builder, x: Value, isTransposed: boolean, factor = 1): Value {
  const turned = isTransposed ? b.transpose(x, [1, 0]) : x;
  return factor === 1 ? turned : b.scale(turned, factor);
}

/** Whether a product is so shallow that what it costs is to pass over its result. */
const isThin = (each: Product): boolean => depthOf(each) <= Math.min(THIN, widthOf(each) / 4);

/** The sum of several products as one, as deep as all of them together. */
function joined(b: Builder, products: readonly Product[]): Product {
  const [left, right] = [
    products.map(({ factors: [x], attributes: { transA } }) => read(b, x, transA)),
    products.map(({ factors: [, y], attributes: { transB, alpha } }) => read(b, y, transB, alpha)),
  ];
  return { factors: [b.concat(left, 1), b.concat(right, 0)], attributes: { transA: false, transB: false, alpha: 1 } };
}

/**
 * The sum of all terms: what is no product first, then product after product, each with the sum so far as its addend; the shallow
 * ones come first, for a deep one adds while it computes. Thin ones pass over the sum together, as one.
 */
function summed(b: Builder, terms: readonly Term[]): Value | undefined {
  const others = terms.filter(isValue);
  const all = terms.filter(isProduct).sort((a, b) => depthOf(a) - depthOf(b) || 0);
  const thin = all.filter(isThin);
  const products = thin.length > 1 ? [joined(b, thin), ...all.filter((each) => !isThin(each))] : all;
  const start = others.length === 0 ? undefined : others.reduce((sum, other) => b.add(sum, other));
  return products.reduce<Value | undefined>(
    (sum, { factors: [x, y], attributes }) => b.gemm(x, y, attributes, sum),
    start,
  );
}

/**
 * A sum of matrix products and other values becomes a chain of products, each with the sum so far as its addend, wherever
 * products and partial sums are used for nothing else: no pass over the sum is left.
 */
export function foldAddends(graph: Graph): Graph {
  const times = timesUsed(graph);
  const sums = new Map<number, readonly Term[]>();
  const termsOf = (old: Value, now: Value): readonly Term[] =>
    (times.get(old.id) === 1 ? sums.get(old.id) : undefined) ?? [now];
  const product = (node: Node<'Gemm'>, inputs: readonly Value[]): readonly Term[] => {
    const [x, y, addend] = [at(inputs, 0), at(inputs, 1), inputs[2]];
    const term: Term = { factors: [x, y], attributes: node.attributes };
    return addend ? [...termsOf(at(node.inputs, 2), addend), term] : [term];
  };
  const folded = rebuild(graph, (b, node, inputs) => {
    const output = at(node.outputs, 0);
    if (isOp(node, 'Gemm')) sums.set(output.id, product(node, inputs));
    if (!isOp(node, 'Add') || !inputs.every((input) => sameShape(input.shape, output.shape))) return undefined;
    const terms = node.inputs.flatMap((input, i) => termsOf(input, at(inputs, i)));
    if (terms.every(isValue)) return undefined;
    sums.set(output.id, terms);
    const sum = summed(b, terms);
    return sum ? [sum] : undefined;
  });
  return pruneUnused(folded);
}

/** A product [m, n] with n far below m is computed as [n, m] and transposed: kernels fill their registers along rows. */
export function transposeThinProducts(graph: Graph): Graph {
  return rebuild(graph, (b, node, inputs) => {
    if (!isOp(node, 'Gemm') || inputs.length > 2) return undefined;
    const [m, n] = at(node.outputs, 0).shape;
    if (typeof m !== 'number' || typeof n !== 'number' || n > THIN || m < 2 * n) return undefined;
    const { transA, transB, alpha } = node.attributes;
    const transposed = b.gemm(at(inputs, 1), at(inputs, 0), { transA: !transB, transB: !transA, alpha });
    return [b.transpose(transposed, [1, 0])];
  });
}

const swapsLast = ({ perm }: OpAttributes['Transpose']): boolean => {
  const last = perm.length - 1;
  return last > 0 && perm.every((axis, i) => axis === (i < last - 1 ? i : i === last ? last - 1 : last));
};

/** A MatMul of a value whose last two axes were exchanged reads it so, in place of a transposed copy; what waits for the copy waits for the value. */
export function fuseTransposes(graph: Graph): Graph {
  const transposed = new Map<number, Value>();
  const fused = rebuild(graph, (b, node, inputs) => {
    if (isOp(node, 'Transpose') && swapsLast(node.attributes)) transposed.set(at(node.outputs, 0).id, at(inputs, 0));
    if (!isOp(node, 'MatMul') && !isOp(node, 'After')) return undefined;
    const sources = node.inputs.map((input) => transposed.get(input.id));
    if (isOp(node, 'After')) return sources[1] && [b.op('After', [at(inputs, 0), sources[1]], {})];
    if (sources.every((source) => source === undefined)) return undefined;
    const [transA, transB] = [sources[0] !== undefined, sources[1] !== undefined];
    return [
      b.op(
        'FusedMatMul',
        inputs.map((input, i) => sources[i] ?? input),
        { transA, transB },
      ),
    ];
  });
  return pruneUnused(fused);
}
