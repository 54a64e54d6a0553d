/** A graph as text: one line a node, the form that tests pin. */
import { isOp, type Graph, type Node, type Value } from './ir.js';

const SHORT = {
  float32: 'f32',
  float16: 'f16',
  int64: 'i64',
  int32: 'i32',
  int8: 'i8',
  uint16: 'u16',
  uint8: 'u8',
  bool: 'b',
} as const;

const typeText = (value: Value): string => `${SHORT[value.type]}[${value.shape.join(',')}]`;

function attributesText(node: Node): string {
  if (isOp(node, 'Constant')) {
    const { data } = node.attributes;
    return `{${data.slice(0, 6).join(' ')}${data.length > 6 ? ` … ${data.length}` : ''}}`;
  }
  const entries = Object.entries(node.attributes).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return entries.length ? `{${entries.join(' ')}}` : '';
}

/** Text of a graph; values are numbered in the order in which they are made. */
export function print(graph: Graph): string {
  const numbers = new Map<number, string>();
  const name = (value: Value): string => {
    const known = numbers.get(value.id) ?? value.name ?? `%${numbers.size}`;
    numbers.set(value.id, known);
    return known;
  };
  return [
    ...graph.inputs.map((each) => `input ${name(each)}: ${typeText(each)}`),
    ...graph.nodes.map((node) => {
      const inputs = node.inputs.map(name).join(', ');
      const outputs = node.outputs.map((each) => `${name(each)}: ${typeText(each)}`).join(', ');
      return `${outputs} = ${node.op}${attributesText(node)}(${inputs})`;
    }),
    ...graph.outputs.map((output) => `output ${output.name} = ${name(output.value)}`),
  ].join('\n');
}
