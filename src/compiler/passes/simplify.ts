/** Passes that say the same with fewer nodes: reshapes of reshapes, and sums of which a term is negated. */
import { at, isOp, type Graph, type Node, type Value } from '../ir.js';
import { pruneUnused } from './prune.js';
import { rebuild } from './rebuild.js';

/** A reshape of what was reshaped before is one reshape, or none where it leads back. */
export function mergeReshapes(graph: Graph): Graph {
  const sources = new Map<number, Value>();
  const merged = rebuild(graph, (b, node, inputs) => {
    if (!isOp(node, 'Reshape')) return undefined;
    const source = sources.get(at(node.inputs, 0).id) ?? at(inputs, 0);
    sources.set(at(node.outputs, 0).id, source);
    return [b.reshape(source, node.attributes.shape)];
  });
  return pruneUnused(merged);
}

/** x + (−y) becomes x − y. */
export function subtractNegated(graph: Graph): Graph {
  const negated = new Map<number, Value>();
  const subtracted = rebuild(graph, (b, node: Node, inputs) => {
    if (isOp(node, 'Neg')) negated.set(at(node.outputs, 0).id, at(inputs, 0));
    if (!isOp(node, 'Add')) return undefined;
    const [left, right] = [at(node.inputs, 0), at(node.inputs, 1)];
    const [x, y] = [at(inputs, 0), at(inputs, 1)];
    const [minusX, minusY] = [negated.get(left.id), negated.get(right.id)];
    if (minusY) return [b.sub(x, minusY)];
    return minusX && [b.sub(y, minusX)];
  });
  return pruneUnused(subtracted);
}
