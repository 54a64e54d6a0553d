/** A graph made anew, node by node, with some of its nodes replaced: what passes are written with. */
import { ShapeError } from '../../core/errors.js';
import { Builder } from '../builder.js';
import { at, type Graph, type Node, type Value } from '../ir.js';

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
