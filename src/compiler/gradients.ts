/** Reverse-mode differentiation: one table of rules and the walk that applies them from the loss back to the parameters. */
import { ShapeError, UnsupportedOpError } from '../core/errors.js';
import { axisOf, difference, product, sum, type Dim, type Shape } from './dims.js';
import type { Builder } from './builder.js';
import { at, dimOf, type Node, type Op, type Value } from './ir.js';
import { scatterInputs } from './shapes.js';

/** Gradients of several values; undefined where none flows. */
type Gradients = readonly (Value | undefined)[];

/** Gradients of a node's inputs from that of its first output, the only one that one flows into. */
type FirstOutputRule<P extends Op> = (b: Builder, node: Node<P>, dy: Value) => Gradients;

/** Gradients of a node's inputs from those of all its outputs, of which one at least is there. */
type AllOutputsRule<P extends Op> = (b: Builder, node: Node<P>, grads: Gradients) => Gradients;

/** Broadcasting is undone by the walk. */
type GradientRule<P extends Op> = FirstOutputRule<P> | { readonly ofAll: AllOutputsRule<P> };

const x0 = (node: Node): Value => at(node.inputs, 0);
const x1 = (node: Node): Value => at(node.inputs, 1);
const y0 = (node: Node): Value => at(node.outputs, 0);

const swapLast = (b: Builder, x: Value): Value => {
  const axes = x.shape.map((_, i) => i);
  const last = axes.length - 1;
  return b.transpose(x, [...axes.slice(0, -2), last, last - 1]);
};

/** The slope of limit · tanh(x / limit), in sigmoids σ of 2x / limit: 4σ(1 − σ). */
function slopeOfCap(b: Builder, x: Value, limit: number): Value {
  const sigmoid = b.sigmoid(b.scale(x, 2 / limit));
  return b.scale(b.mul(sigmoid, b.sub(b.scalar(1), sigmoid)), 4);
}

/** Shape of x with the reduced axes kept as ones, so that a reduction's gradient broadcasts back. */
function keptShape(x: Value, axes: readonly number[]): Shape {
  const gone = new Set(axes.map((axis) => axisOf(axis, x.shape.length)));
  return x.shape.map((dim, i): Dim => (gone.has(i) ? 1 : dim));
}

function knownSize(x: Value, axes: readonly number[]): number {
  const size = product(axes.map((axis) => dimOf(x, axis)));
  if (typeof size !== 'number')
    throw new UnsupportedOpError(`mean over a size that is not known when compiling: ${size}`);
  return size;
}

/** Gradients of all outputs of a node, zero where none flows. */
const filled = (b: Builder, node: Node, grads: Gradients): readonly Value[] =>
  grads.map((grad, i) => grad ?? b.full(at(node.outputs, i).shape));

/**
 * The gradient of Attention's scores before their cap. With P = softmax(q kᵀ + mask), dS = P ∘ (dP − rowsum(dP ∘ P)), and
 * rowsum(dP ∘ P) = rowsum(dy ∘ y) (Dao et al., 2022): the difference comes out of one product, [dy, rowsum] [v, −1]ᵀ, so that P is
 * passed over once. A gradient of the log-sum adds itself to every score of its row, by the row's weights.
 */
function scoreGradient(b: Builder, n: Node<'Attention'>, dy: Value | undefined, dLogSum: Value | undefined): Value {
  const [v, y, weights] = [at(n.inputs, 2), y0(n), at(n.outputs, 2)];
  if (!dy) return dLogSum ? b.mul(weights, dLogSum) : b.full(weights.shape);
  const products = b.reduceSum(b.mul(dy, y), [-1]);
  const rowSums = dLogSum ? b.sub(products, dLogSum) : products;
  const less = b.full([...v.shape.slice(0, -1), 1], -1);
  return b.mul(weights, b.matmul(b.concat([dy, rowSums], -1), swapLast(b, b.concat([v, less], -1))));
}

/** Rules in the order of the operations; an operation without a rule is a constant to the walk or an error when a gradient reaches it. */
export const GRADIENT_RULES: { readonly [P in Op]?: GradientRule<P> } = {
  Add: (_, __, dy) => [dy, dy],
  Sub: (b, _, dy) => [dy, b.neg(dy)],
  Mul: (b, n, dy) => [b.mul(dy, x1(n)), b.mul(dy, x0(n))],
  Div: (b, n, dy) => [b.div(dy, x1(n)), b.neg(b.div(b.mul(dy, y0(n)), x1(n)))],
  Neg: (b, _, dy) => [b.neg(dy)],
  Exp: (b, n, dy) => [b.mul(dy, y0(n))],
  Log: (b, n, dy) => [b.div(dy, x0(n))],
  Sigmoid: (b, n, dy) => [b.mul(dy, b.mul(y0(n), b.sub(b.scalar(1), y0(n))))],
  // y = x·s, so dy/dx = y·alpha + s·(1 − y·alpha).
  QuickGelu: (b, n, dy) => {
    const y = b.scale(y0(n), n.attributes.alpha);
    const s = b.sigmoid(b.scale(x0(n), n.attributes.alpha));
    return [b.mul(dy, b.add(y, b.mul(s, b.sub(b.scalar(1), y))))];
  },
  MatMul: (b, n, dy) => [b.matmul(dy, swapLast(b, x1(n))), b.matmul(swapLast(b, x0(n)), dy)],
  Gemm: (b, n, dy) => {
    const { transA, transB, alpha } = n.attributes;
    const [a, c] = [x0(n), x1(n)];
    return [
      transA ? b.gemm(c, dy, { transA: transB, transB: true, alpha }) : b.gemm(dy, c, { transB: !transB, alpha }),
      transB ? b.gemm(dy, a, { transA: true, transB: transA, alpha }) : b.gemm(a, dy, { transA: !transA, alpha }),
      ...(n.inputs.length > 2 ? [dy] : []),
    ];
  },
  Transpose: (b, n, dy) => [
    b.transpose(
      dy,
      n.attributes.perm.map((_, i) => n.attributes.perm.indexOf(i)),
    ),
  ],
  Reshape: (b, n, dy) => [b.reshape(dy, x0(n).shape)],
  Expand: (_, __, dy) => [dy],
  Softmax: (b, n, dy) => {
    const y = y0(n);
    return [b.mul(y, b.sub(dy, b.reduceSum(b.mul(dy, y), [n.attributes.axis])))];
  },
  ReduceSum: (b, n, dy) => [b.expand(b.reshape(dy, keptShape(x0(n), n.attributes.axes)), x0(n).shape)],
  ReduceMean: (b, n, dy) => {
    const spread = b.expand(b.reshape(dy, keptShape(x0(n), n.attributes.axes)), x0(n).shape);
    return [b.scale(spread, 1 / knownSize(x0(n), n.attributes.axes))];
  },
  // Rows are added back one element at a time: ScatterElements is right and repeatable where ScatterND is not.
  Gather: (b, n, dy) => {
    const [x, indices] = [x0(n), x1(n)];
    if (axisOf(n.attributes.axis, x.shape.length) !== 0 || x.shape.length !== 2) {
      throw new UnsupportedOpError('the gradient of Gather is written for rows of a matrix');
    }
    const rows = product(indices.shape);
    const width = dimOf(x, 1);
    const where = b.expand(b.reshape(indices, [rows, 1]), [rows, width]);
    const zeros = b.full(x.shape);
    return [b.op('ScatterElements', [zeros, where, b.reshape(dy, [rows, width])], { axis: 0, reduction: 'add' })];
  },
  GatherElements: (b, n, dy) => [
    b.op('ScatterElements', [b.full(x0(n).shape), x1(n), dy], { axis: n.attributes.axis, reduction: 'add' }),
  ],
  ScatterElements: (b, n, dy) => {
    if (n.attributes.reduction !== 'add')
      throw new UnsupportedOpError('the gradient of ScatterElements is written for reduction "add"');
    return [dy, undefined, b.op('GatherElements', [dy, x1(n)], { axis: n.attributes.axis })];
  },
  Concat: (b, n, dy) => {
    const { axis } = n.attributes;
    const sizes = n.inputs.map((each) => dimOf(each, axis));
    if (sizes.every((size) => typeof size === 'number')) return b.split(dy, sizes, axis);
    return sizes.map((size, i) => {
      const start = sum(sizes.slice(0, i));
      return b.slice(dy, axis, start, sum([start, size]));
    });
  },
  Split: { ofAll: (b, n, grads) => [b.concat(filled(b, n, grads), n.attributes.axis)] },
  Slice: (b, n, dy) => {
    const { axis, start, end } = n.attributes;
    const along = axisOf(axis, x0(n).shape.length);
    const behind = difference(dimOf(x0(n), axis), end);
    if (behind === undefined)
      throw new UnsupportedOpError(`the gradient of Slice needs to know what lies behind ${end}`);
    const zeros = (count: Dim): Value[] =>
      count === 0 ? [] : [b.full(dy.shape.map((dim, i) => (i === along ? count : dim)))];
    return [b.concat([...zeros(start), dy, ...zeros(behind)], along)];
  },
  Where: (b, n, dy) => {
    const zero = b.scalar(0);
    return [undefined, b.op('Where', [x0(n), dy, zero], {}), b.op('Where', [x0(n), zero, dy], {})];
  },
  // y = x·inv·w with inv = (mean x² + eps)^-½:  dx = inv·(g − x·inv²·mean(g·x)), g = dy·w.
  SimplifiedLayerNormalization: (b, n, dy) => {
    const [x, weight] = [x0(n), x1(n)];
    const inv = at(n.outputs, 1);
    const g = b.mul(dy, weight);
    const along = b.mul(b.mul(inv, inv), b.reduceMean(b.mul(g, x), [-1]));
    return [b.mul(inv, b.sub(g, b.mul(x, along))), b.mul(dy, b.mul(x, inv))];
  },
  // A rotation's transpose is the rotation back.
  RotaryEmbedding: (b, n, dy) => [
    b.op('RotaryEmbedding', [dy, x1(n), at(n.inputs, 2), b.neg(at(n.inputs, 3))], n.attributes),
  ],
  // Scores capped by c · tanh(s / c), tanh(x) = 2σ(2x) − 1, pass on 4σ(1 − σ) of theirs; σ is made again from q and k.
  Attention: {
    ofAll: (b, n, [dy, dLogSum, dWeights]) => {
      if (dWeights) throw new UnsupportedOpError('a gradient flows into the weights of Attention');
      const [q, k, weights] = [x0(n), x1(n), at(n.outputs, 2)];
      const { softcap } = n.attributes;
      const capped = scoreGradient(b, n, dy, dLogSum);
      const scores =
        softcap === undefined ? capped : b.mul(capped, slopeOfCap(b, b.matmul(q, swapLast(b, k)), softcap));
      const dv = dy && b.matmul(swapLast(b, weights), dy);
      return [b.matmul(scores, k), b.matmul(swapLast(b, scores), q), dv, undefined];
    },
  },
  GatherRows: {
    ofAll: (b, n, grads) => [b.op('ScatterRows', [...n.inputs.slice(1), ...filled(b, n, grads)], {})],
  },
  ScatterRows: (b, n, dy) => {
    const { slots, indices } = scatterInputs(n.inputs);
    const pieces = b.apply('GatherRows', [dy, slots, ...indices], { empty: 'zeros' });
    return [undefined, ...indices.map(() => undefined), ...pieces];
  },
  // As if nothing were rounded: dy Wᵀ by the codes of the other direction. Nothing flows into codes.
  Int8MatMul: (b, n, dy) => {
    const [, codes, scales, backCodes, backScales] = n.inputs as [Value, Value, Value, Value, Value];
    const { rotation, backRotation } = n.attributes;
    return [
      b.op('Int8MatMul', [dy, backCodes, backScales, codes, scales], {
        rotation: backRotation,
        backRotation: rotation,
      }),
    ];
  },
  SoftmaxCrossEntropyLoss: (b, n, dy) => [b.op('CrossEntropyGradient', [at(n.outputs, 1), x1(n), dy], {})],
};

/** Values that depend on any of `sources`: only through these does a gradient need to flow. */
function dependents(nodes: readonly Node[], sources: readonly Value[]): Set<number> {
  const ids = new Set(sources.map((each) => each.id));
  for (const node of nodes) {
    if (node.inputs.some((each) => ids.has(each.id))) for (const output of node.outputs) ids.add(output.id);
  }
  return ids;
}

function applyRule<P extends Op>(b: Builder, node: Node<P>, grads: Gradients): Gradients {
  const rule: GradientRule<P> | undefined = GRADIENT_RULES[node.op];
  if (!rule) throw new UnsupportedOpError(`no gradient rule for ${node.op}`);
  if (typeof rule !== 'function') return rule.ofAll(b, node, grads);
  const [dy, ...others] = grads;
  if (!dy || others.some((each) => each !== undefined))
    throw new UnsupportedOpError(`a gradient flows into a secondary output of ${node.op}`);
  return rule(b, node, dy);
}

/**
 * Gradients of a scalar `loss` with respect to each of `parameters`, added to the graph under construction.
 * Throws UnsupportedOpError where a rule is missing or a parameter does not reach the loss, ShapeError where the loss is
 * not one number.
 */
export function gradients(b: Builder, loss: Value, parameters: readonly Value[]): Value[] {
  if (product(loss.shape) !== 1) throw new ShapeError(`the loss must be one number, not [${loss.shape.join(', ')}]`);
  const nodes = [...b.nodes];
  const flows = dependents(nodes, parameters);
  const gradient = new Map<number, Value>([[loss.id, b.full(loss.shape, 1)]]);
  for (const node of nodes.reverse()) {
    const upstream = node.outputs.map((each) => gradient.get(each.id));
    if (upstream.every((each) => each === undefined) || !node.inputs.some((each) => flows.has(each.id))) continue;
    applyRule(b, node, upstream).forEach((grad, i) => {
      const input = at(node.inputs, i);
      if (!grad || !flows.has(input.id)) return;
      const fitted = b.sumTo(grad, input.shape);
      const sofar = gradient.get(input.id);
      gradient.set(input.id, sofar ? b.add(sofar, fitted) : fitted);
    });
  }
  return parameters.map((parameter) => {
    const found = gradient.get(parameter.id);
    if (!found) throw new UnsupportedOpError(`parameter "${parameter.name ?? parameter.id}" does not reach the loss`);
    return found;
  });
}
