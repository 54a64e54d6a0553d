/** Pass: the order of nodes that makes ONNX Runtime compute gradients when they are due. */
import { isOp, type Graph, type Node } from '../ir.js';

/**
 * Nodes that no other needs come last, the latest of them first. ONNX Runtime runs what the last node of a model needs, then
 * what the one before it needs besides: a gradient is so computed while what it is made of is still there, not in the end.
 */
export function gradientsWhenDue(graph: Graph): Graph {
  const used = new Set(graph.nodes.flatMap((node) => node.inputs.map((each) => each.id)));
  const isLeaf = (node: Node): boolean => !isOp(node, 'Constant') && !node.outputs.some((each) => used.has(each.id));
  const leaves = graph.nodes.filter(isLeaf).reverse();
  return { ...graph, nodes: [...graph.nodes.filter((node) => !isLeaf(node)), ...leaves] };
}
