/** The specification of a graph: one right graph, and every way to break it. */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import { at, type Graph, type Node, type Value } from '../../src/compiler/ir.js';
import { verify } from '../../src/compiler/verify.js';
import { ShapeError } from '../../src/core/errors.js';

/** y, z = split((x · w)²), of four nodes. */
function right(): Graph {
  const b = new Builder();
  const x = b.input('x', 'float32', ['B', 3]);
  const hidden = b.gemm(x, b.input('w', 'float32', [3, 4]));
  const [y, z] = b.split(b.mul(hidden, hidden), [1, 3], 1) as [Value, Value];
  return b.finish({ y, z: b.exp(z) });
}

const replaceNode = (graph: Graph, index: number, change: (node: Node) => Node): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node, i) => (i === index ? change(node) : node)),
});

const withFirst = (values: readonly Value[], change: Partial<Value>): readonly Value[] =>
  values.map((value, i) => (i === 0 ? { ...value, ...change } : value));

const rename = (graph: Graph, change: Partial<Value>): Graph => ({ ...graph, inputs: withFirst(graph.inputs, change) });

const WRONG: readonly (readonly [string, (graph: Graph) => Graph, string])[] = [
  ['an input without a name', (graph) => rename(graph, { name: undefined }), 'invalid name "" of an input'],
  ['an input with an empty name', (graph) => rename(graph, { name: '' }), 'invalid name "" of an input'],
  ['an input with a name of the encoder', (graph) => rename(graph, { name: '%3' }), 'invalid name "%3" of an input'],
  [
    'two inputs of one name',
    (graph) => rename(graph, { name: 'w' }),
    'input "w" has the name of another input or output',
  ],
  [
    'an output with the name of an input',
    (graph) => ({ ...graph, outputs: graph.outputs.map((each) => ({ ...each, name: 'x' })) }),
    'output "x" has the name of another input or output',
  ],
  [
    'two outputs of one name',
    (graph) => ({ ...graph, outputs: graph.outputs.map((each) => ({ ...each, name: 'y' })) }),
    'output "y" has the name of another input or output',
  ],
  [
    'a value used before it is made',
    (graph) => ({ ...graph, nodes: [...graph.nodes].reverse() }),
    'Exp uses value 5 before it is made',
  ],
  [
    'a value made nowhere',
    (graph) => ({ ...graph, inputs: graph.inputs.slice(1) }),
    'Gemm uses value 0 before it is made',
  ],
  ['an output made nowhere', (graph) => ({ ...graph, nodes: graph.nodes.slice(0, -1) }), 'output "z" is never made'],
  [
    'a value made twice',
    (graph) => ({ ...graph, nodes: [...graph.nodes, at(graph.nodes, -1)] }),
    'value 6 is made twice',
  ],
  [
    'operands that do not fit',
    (graph) => replaceNode(graph, 0, (node) => ({ ...node, inputs: [...node.inputs].reverse() })),
    'Gemm(float32[3, 4], float32[B, 3]): inner sizes differ: 4 and B',
  ],
  [
    'an output of another shape than the rule says',
    (graph) => replaceNode(graph, 3, (node) => ({ ...node, outputs: withFirst(node.outputs, { shape: ['B', 4] }) })),
    'Exp output 0 is float32[B, 4], its rule says float32[B, 3]',
  ],
  [
    'an output of another type than the rule says',
    (graph) => replaceNode(graph, 3, (node) => ({ ...node, outputs: withFirst(node.outputs, { type: 'int64' }) })),
    'Exp output 0 is int64[B, 3], its rule says float32[B, 3]',
  ],
  [
    'a value used as another shape than it was made',
    (graph) => replaceNode(graph, 3, (node) => ({ ...node, inputs: withFirst(node.inputs, { shape: [3, 'B'] }) })),
    'Exp takes value 5 as float32[3, B], it was made as float32[B, 3]',
  ],
  [
    'fewer outputs than the rule says',
    (graph) => replaceNode(graph, 2, (node) => ({ ...node, outputs: node.outputs.slice(0, 1) })),
    'Split has 1 outputs, its rule says 2',
  ],
  [
    'more outputs than the rule says',
    (graph) =>
      replaceNode(graph, 3, (node) => ({ ...node, outputs: [...node.outputs, { ...at(node.outputs, 0), id: 99 }] })),
    'Exp has 2 outputs, its rule says 1',
  ],
];

describe('verify', () => {
  it('accepts a graph that is right', () => {
    expect(() => {
      verify(right());
    }).not.toThrow();
  });

  it.each(WRONG)('refuses %s', (_, breakIt, why) => {
    const broken = breakIt(right());
    const check = (): void => {
      verify(broken);
    };
    expect(check).toThrow(ShapeError);
    expect(check).toThrow(why);
  });
});
