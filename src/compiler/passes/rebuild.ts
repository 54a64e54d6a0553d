/** A graph made anew, node by node, with some of its nodes replaced: what passes are written with. */
import { ShapeError } from '../../core/errors.js';
import { Builder } from '../builder.js';
import { at, type Graph, type Node, type Value } from '../ir.js';

/** What stands for a node's outputs; undefined keeps the node as it is. */
type Rewrite = (b: Builder, node: Node, inputs: readonly Value[]) => readonly Value[] | undefined;

/** An input as it was, its name given. */
export type NamedInput = Pick<Value, 'type' | 'shape'> & { readonly name: string };

const asItWas = (b: Builder, { name, type, shape }: NamedInput): Value => b.input(name, type, shape);

/** Rebuilds a graph, letting `rewrite` replace nodes; `declare` makes what stands for an input, by default the input as it was. */
export function rebuild(
  graph: Graph,
  rewrite: Rewrite,
  declare: (b: Builder, input: NamedInput) => Value = asItWas,
): Graph {
  const b = new Builder();
  const now = new Map<number, Value>(
    graph.inputs.map(({ id, name = `input${id}`, type, shape }) => [id, declare(b, { name, type, shape })]),
  );
  const current = (value: Value): Value => {
    const found = now.get(value.id);
    if (!found) throw new ShapeError(`value ${value.id} is used before it is made`);
    return found;
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(current);
    const outputs = rewrite(b, node, inputs) ?? b.keep(node, inputs);
    node.outputs.forEach((output, i) => now.set(output.id, at(outputs, i)));
  }
  return b.finish(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, current(value)])));
}
