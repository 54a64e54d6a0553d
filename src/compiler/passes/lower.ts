/** Pass: writes operations in the forms that every execution provider runs. */
import type { Builder } from '../builder.js';
import { product } from '../dims.js';
import { at, dimOf, isOp, type Graph, type Node, type Op, type Value } from '../ir.js';
import { scatterInputs } from '../shapes.js';
import { int8MatMul } from './eight-bits.js';
import { rebuild } from './rebuild.js';

/** log Σ exp of rows whose softmax is known: the largest score less the logarithm of its probability. */
function logSum(b: Builder, scores: Value, softmax: Value): Value {
  return b.sub(b.reduceMax(scores, [-1]), b.log(b.reduceMax(softmax, [-1])));
}

/** log Σ exp(x) − x[label] of every label, and the softmax. */
function crossEntropy(b: Builder, scores: Value, labels: Value): readonly Value[] {
  const softmax = b.softmax(scores);
  const picked = b.op('GatherElements', [scores, labels], { axis: 1 });
  return [b.sub(logSum(b, scores, softmax), picked), softmax];
}

/**
 * Rows of one token each, [B·S, 1, heads·d]: ONNX Runtime asks for as many rows of cos and sin as a row of x is long,
 * which packed rows, whose positions restart, need not have.
 */
function rotaryByToken(b: Builder, inputs: readonly Value[], node: Node<'RotaryEmbedding'>): readonly Value[] {
  const [x, positions, cos, sin] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
  const tokens = product(positions.shape);
  const rows = b.reshape(x, [tokens, 1, dimOf(x, 2)]);
  const rotated = b.op('RotaryEmbedding', [rows, b.reshape(positions, [tokens, 1]), cos, sin], node.attributes);
  return [b.reshape(rotated, x.shape)];
}

function attention(b: Builder, inputs: readonly Value[], { attributes }: Node<'Attention'>): readonly Value[] {
  const [q, k, v, mask] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
  const axes = k.shape.map((_, axis) => axis);
  const keys = b.transpose(k, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  const products = b.matmul(q, keys);
  const scores = b.add(attributes.softcap === undefined ? products : b.softcap(products, attributes.softcap), mask);
  const weights = b.softmax(scores);
  return [b.matmul(weights, v), logSum(b, scores, weights), weights];
}

/** Rows of pieces, with a row of zeros behind them: the last, which −1 names. */
function rowsOf(b: Builder, pieces: readonly Value[]): Value {
  const width = dimOf(at(pieces, 0), -1);
  const matrices = pieces.map((piece) => b.reshape(piece, [product(piece.shape.slice(0, -1)), width]));
  return b.concat([...matrices, b.full([1, width])], 0);
}

/** Without the zeros −1 names the last row there is, which passes a tensor less. */
function gatherRows(b: Builder, inputs: readonly Value[], { attributes }: Node<'GatherRows'>): readonly Value[] {
  const x = at(inputs, 0);
  const rows = attributes.empty === 'zeros' ? rowsOf(b, [x]) : x;
  return inputs.slice(2).map((indices) => b.gather(rows, indices));
}

/** softmax · Σₖ dyₖ, less dyₖ at label k, in full. */
function crossEntropyGradient(b: Builder, softmax: Value, labels: Value, dy: Value): Value {
  const spread = b.mul(softmax, b.reduceSum(dy, [1]));
  return b.op('ScatterElements', [spread, labels, b.neg(dy)], { axis: 1, reduction: 'add' });
}

type Lowering<P extends Op> = (b: Builder, inputs: readonly Value[], node: Node<P>) => readonly Value[];

const LOWERINGS: { readonly [P in Op]?: Lowering<P> } = {
  SoftmaxCrossEntropyLoss: (b, inputs) => crossEntropy(b, at(inputs, 0), at(inputs, 1)),
  CrossEntropyGradient: (b, inputs) => [crossEntropyGradient(b, at(inputs, 0), at(inputs, 1), at(inputs, 2))],
  Attention: attention,
  GatherRows: gatherRows,
  ScatterRows: (b, inputs) => {
    const { slots, pieces } = scatterInputs(inputs);
    return [b.gather(rowsOf(b, pieces), slots)];
  },
  RotaryEmbedding: rotaryByToken,
  Int8MatMul: (b, inputs, { attributes }) => [int8MatMul(b, inputs, attributes)],
};

function lowered<P extends Op>(b: Builder, node: Node<P>, inputs: readonly Value[]): readonly Value[] | undefined {
  const lowering: Lowering<P> | undefined = LOWERINGS[node.op];
  return lowering?.(b, inputs, node);
}

/** Composites, and what ONNX Runtime asks too much of, in primitives. */
export function lowerComposites(graph: Graph): Graph {
  return rebuild(graph, (b, node, inputs) => lowered(b, node, inputs));
}

/** 1 / √(mean x² + epsilon) as exp(−½ log(mean x² + epsilon)). */
function inverseDeviation(b: Builder, x: Value, epsilon: number): Value {
  const variance = b.add(b.reduceMean(b.mul(x, x), [-1]), b.scalar(epsilon));
  return b.exp(b.scale(b.log(variance), -0.5));
}

/**
 * What WebGPU computes otherwise than the CPU: as second output of SimplifiedLayerNormalization its kernel gives the mean
 * (onnxruntime 1.30.0), so that the inverse deviation is computed beside it.
 */
export function lowerForWebGpu(graph: Graph): Graph {
  return rebuild(graph, (b, node, inputs) => {
    if (!isOp(node, 'SimplifiedLayerNormalization')) return undefined;
    const normed = b.op('SimplifiedLayerNormalization', inputs, node.attributes);
    return [normed, inverseDeviation(b, at(inputs, 0), node.attributes.epsilon)];
  });
}
