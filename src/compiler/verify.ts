/** The executable specification of a graph: what must hold before it is run. */
import { ShapeError } from '../core/errors.js';
import { sameShape } from './dims.js';
import { at, type Graph } from './ir.js';
import { inferOutputs } from './shapes.js';

/** Throws ShapeError when names repeat, a value is used before it is made or made twice, or a shape is not what its rule says. */
export function verify(graph: Graph): void {
  const made = new Set<number>();
  const names = new Set<string>();
  const claim = (name: string | undefined, what: string): void => {
    if (name === undefined || names.has(name)) throw new ShapeError(`${what} "${name ?? ''}" has no name of its own`);
    names.add(name);
  };
  for (const input of graph.inputs) {
    claim(input.name, 'input');
    made.add(input.id);
  }
  for (const node of graph.nodes) {
    for (const input of node.inputs)
      if (!made.has(input.id)) throw new ShapeError(`${node.op} uses value ${input.id} before it is made`);
    const expected = inferOutputs(node.op, node.inputs, node.attributes);
    node.outputs.forEach((output, i) => {
      const { type, shape } = at(expected, i);
      if (output.type !== type || !sameShape(output.shape, shape))
        throw new ShapeError(
          `${node.op} output ${i} is [${output.shape.join(', ')}], its rule says [${shape.join(', ')}]`,
        );
      if (made.has(output.id)) throw new ShapeError(`value ${output.id} is made twice`);
      made.add(output.id);
    });
  }
  for (const { name, value } of graph.outputs) {
    claim(`output ${name}`, 'output');
    if (!made.has(value.id)) throw new ShapeError(`output "${name}" is never made`);
  }
}
