/** Pass: writes operations in the forms that every execution provider runs. */
import { ShapeError } from '../../core/errors.js';
import { Builder } from '../builder.js';
import { product } from '../dims.js';
import { at, dimOf, isOp, type Graph, type Node, type Value } from '../ir.js';

/** Rebuilds a graph, letting `rewrite` replace nodes; returning undefined keeps the node as it is. */
export function rebuild(
  graph: Graph,
  rewrite: (b: Builder, node: Node, inputs: readonly Value[]) => readonly Value[] | undefined,
): Graph {
  const b = new Builder();
  const now = new Map<number, Value>(
    graph.inputs.map((each) => [each.id, b.input(each.name ?? `input${each.id}`, each.type, each.shape)]),
  );
  const current = (value: Value): Value => {
    const found = now.get(value.id);
    if (!found) throw new ShapeError(`value ${value.id} is used before it is made`);
    return found;
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(current);
    const outputs = rewrite(b, node, inputs) ?? b.apply(node.op, inputs, node.attributes);
    node.outputs.forEach((output, i) => now.set(output.id, at(outputs, i)));
  }
  return b.finish(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, current(value)])));
}

/** loss = log Σ exp(x − max) + max − x[label], and the softmax exp(x − max) / Σ. */
function crossEntropy(b: Builder, scores: Value, labels: Value): readonly Value[] {
  const column = b.reshape(labels, [...labels.shape, 1]);
  const top = b.reduceMax(scores, [-1]);
  const shifted = b.exp(b.sub(scores, top));
  const total = b.reduceSum(shifted, [-1]);
  const picked = b.op('GatherElements', [scores, column], { axis: 1 });
  const loss = b.sub(b.add(b.log(total), top), picked);
  return [b.reshape(loss, labels.shape), b.div(shifted, total)];
}

/**
 * Rows of one place each, [B·S, 1, heads·d]: ONNX Runtime asks for as many rows of cos and sin as a row of x is long,
 * which packed rows, whose positions restart, need not have.
 */
function rotaryByPlace(b: Builder, node: Node<'RotaryEmbedding'>, inputs: readonly Value[]): readonly Value[] {
  const [x, positions, cos, sin] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
  const places = product(positions.shape);
  const rows = b.reshape(x, [places, 1, dimOf(x, 2)]);
  const turned = b.op('RotaryEmbedding', [rows, b.reshape(positions, [places, 1]), cos, sin], node.attributes);
  return [b.reshape(turned, x.shape)];
}

export function lowerComposites(graph: Graph): Graph {
  return rebuild(graph, (b, node, inputs) => {
    if (isOp(node, 'SoftmaxCrossEntropyLoss')) return crossEntropy(b, at(inputs, 0), at(inputs, 1));
    if (isOp(node, 'RotaryEmbedding')) return rotaryByPlace(b, node, inputs);
    return undefined;
  });
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
