/** Pass: drops every node whose outputs nothing uses. */
import type { Graph } from '../ir.js';

/** The graph without them; its inputs stay. */
export function pruneUnused(graph: Graph): Graph {
  const used = new Set(graph.outputs.map((output) => output.value.id));
  const kept = [...graph.nodes].reverse().filter((node) => {
    if (!node.outputs.some((each) => used.has(each.id))) return false;
    for (const input of node.inputs) used.add(input.id);
    return true;
  });
  return { ...graph, nodes: kept.reverse() };
}
