/** The executable specification of a graph: what must hold before it is run. */
import { ShapeError } from '../core/errors.js';
import { at, type Graph, type Node, type OutputType, type Value } from './ir.js';
import { inferOutputs } from './shapes.js';

/** Inputs and outputs share one name space; names that begin with % are the encoder's own. */
function claim(names: Set<string>, name: string | undefined, what: string): void {
  if (name === undefined || name === '' || name.startsWith('%'))
    throw new ShapeError(`invalid name "${name ?? ''}" of an ${what}: use a text that does not begin with %`);
  if (names.has(name)) throw new ShapeError(`${what} "${name}" has the name of another input or output`);
  names.add(name);
}

const typeText = ({ type, shape }: OutputType): string => `${type}[${shape.join(', ')}]`;

function verifyNode(node: Node, made: ReadonlyMap<number, Value>): void {
  for (const input of node.inputs) {
    const known = made.get(input.id);
    if (!known) throw new ShapeError(`${node.op} uses value ${input.id} before it is made`);
    if (typeText(known) !== typeText(input))
      throw new ShapeError(
        `${node.op} takes value ${input.id} as ${typeText(input)}, it was made as ${typeText(known)}`,
      );
  }
  const expected = inferOutputs(node.op, node.inputs, node.attributes);
  if (node.outputs.length !== expected.length)
    throw new ShapeError(`${node.op} has ${node.outputs.length} outputs, its rule says ${expected.length}`);
  node.outputs.forEach((output, i) => {
    const rule = typeText(at(expected, i));
    if (typeText(output) !== rule)
      throw new ShapeError(`${node.op} output ${i} is ${typeText(output)}, its rule says ${rule}`);
    if (made.has(output.id)) throw new ShapeError(`value ${output.id} is made twice`);
  });
}

/**
 * Throws ShapeError when names repeat, a value is used before it is made, made twice or used as another type or shape,
 * or a node's outputs are not what its rule says.
 */
export function verify(graph: Graph): void {
  const made = new Map(graph.inputs.map((input) => [input.id, input]));
  const names = new Set<string>();
  for (const input of graph.inputs) claim(names, input.name, 'input');
  for (const node of graph.nodes) {
    verifyNode(node, made);
    for (const output of node.outputs) made.set(output.id, output);
  }
  for (const { name, value } of graph.outputs) {
    claim(names, name, 'output');
    if (!made.has(value.id)) throw new ShapeError(`output "${name}" is never made`);
  }
}
