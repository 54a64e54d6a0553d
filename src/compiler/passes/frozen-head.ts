/** Pass: the gradient of cross entropy goes through a frozen output head without being written out over the vocabulary. */
import type { Builder } from '../builder.js';
import { at, dimOf, isOp, type Graph, type Node, type Value } from '../ir.js';
import { codedProduct, rowsOf } from './eight-bits.js';
import { rebuild } from './rebuild.js';

const isPlain = ({ inputs, attributes: { transA, transB, alpha } }: Node<'Gemm'>): boolean =>
  inputs.length === 2 && !transA && !transB && alpha === 1;

/** Inputs of a CrossEntropyGradient. */
interface ScoreGradient {
  readonly softmax: Value;
  readonly labels: Value;
  readonly dy: Value;
}

/** A frozen head W [V, D] as the gradient goes through it. */
interface FrozenHead {
  /** softmax W of all tokens [M, V]. */
  readonly product: (b: Builder, softmax: Value) => Value;
  /** W's rows at labels of any shape, [..., D]. */
  readonly rows: (b: Builder, labels: Value) => Value;
  /** softmax W − W[label] for the one label of each row, [M, 1]. */
  readonly hard: (b: Builder, softmax: Value, labels: Value) => Value;
}

const flat = (b: Builder, labels: Value): Value => b.reshape(labels, [dimOf(labels, 0)]);

/** A head in f32. */
function floatHead(weight: Value): FrozenHead {
  const product: FrozenHead['product'] = (b, softmax) => b.gemm(softmax, weight);
  const rows: FrozenHead['rows'] = (b, labels) => b.gather(weight, labels);
  return { product, rows, hard: (b, softmax, labels) => b.sub(product(b, softmax), rows(b, flat(b, labels))) };
}

/**
 * A head in integers of eight bits, codes [V, D] with scales [D], or [P, 1, D] of P pieces. What a label has of the
 * probabilities is taken out of them, so that it rounds no others away, and stays in f32.
 */
function codedHead(codes: Value, scales: Value): FrozenHead {
  const product: FrozenHead['product'] = (b, softmax) => codedProduct(b, softmax, { codes, scales }, 'shares');
  const rows: FrozenHead['rows'] = (b, labels) => rowsOf(b, { codes, scales }, labels);
  const hard: FrozenHead['hard'] = (b, softmax, labels) => {
    const own = b.op('GatherElements', [softmax, labels], { axis: 1 });
    const others = b.op('ScatterElements', [softmax, labels, b.neg(own)], { axis: 1, reduction: 'add' });
    return b.add(product(b, others), b.mul(rows(b, flat(b, labels)), b.sub(own, b.scalar(1))));
  };
  return { product, rows, hard };
}

/** The head that a node takes its first input through, where that is all it does. */
function frozenHead(node: Node, inputs: readonly Value[]): FrozenHead | undefined {
  if (isOp(node, 'Gemm')) return isPlain(node) ? floatHead(at(inputs, 1)) : undefined;
  // Codes are the head's own rows only where nothing is turned, and nothing goes beside them.
  const isOwn = isOp(node, 'Int8MatMul') && node.attributes.rotation === 1 && inputs.length === 5;
  return isOwn ? codedHead(at(inputs, 1), at(inputs, 2)) : undefined;
}

/**
 * (softmax W − Σₖ shareₖ W[label k]) · Σₖ dyₖ with shareₖ = dyₖ / Σₖ dyₖ, the sums not zero: where one label has all of it, bit for bit
 * what the head of hard labels gives.
 */
function throughSoftHead(b: Builder, { softmax, labels, dy }: ScoreGradient, head: FrozenHead): Value {
  const [whole, sum] = [head.product(b, softmax), b.reduceSum(dy, [1])];
  const shares = b.reshape(b.div(dy, sum), [dimOf(dy, 0), 1, dimOf(dy, 1)]);
  const taught = b.reshape(b.matmul(shares, head.rows(b, labels)), whole.shape);
  return b.mul(b.sub(whole, taught), sum);
}

/**
 * (Σₖ (softmax − 1 at label k) · dyₖ) W takes softmax W and the rows W[label k] alone: the gradient of a frozen head passes over the
 * vocabulary within the product and nowhere else.
 */
export function fuseFrozenHead(graph: Graph): Graph {
  const gradients = new Map<number, ScoreGradient>();
  return rebuild(graph, (b, node, inputs) => {
    if (isOp(node, 'CrossEntropyGradient'))
      gradients.set(at(node.outputs, 0).id, { softmax: at(inputs, 0), labels: at(inputs, 1), dy: at(inputs, 2) });
    const gradient = node.inputs[0] && gradients.get(node.inputs[0].id);
    const head = gradient && frozenHead(node, inputs);
    if (!head) return undefined;
    const { softmax, labels, dy } = gradient;
    if (dimOf(labels, 1) === 1) return [b.mul(head.hard(b, softmax, labels), dy)];
    return [throughSoftHead(b, gradient, head)];
  });
}
