/** What a prepared graph takes on a device: its inputs, its largest buffer, and the most that is there at once. */
import { evaluateDim } from './dims.js';
import { bytesOf, isOp, type Graph, type Value } from './ir.js';

/** Bytes of a graph's buffers for one run. */
export interface BufferPlan {
  /** All inputs together. */
  readonly inputs: number;
  /** The largest buffer, an input or not, and what makes it. */
  readonly largest: { readonly bytes: number; readonly shape: readonly number[]; readonly made: string };
  /**
   * Inputs and all that is computed, at the node where most of it is there: every value from the node that makes it to the last that
   * reads it. ONNX Runtime uses some buffers twice that are counted here, and keeps some free ones that are not.
   */
  readonly peak: number;
}

/** Where each value is read for the last time; the graph's outputs at the end. */
function lastReads({ nodes, outputs }: Graph): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  nodes.forEach((node, i) => node.inputs.forEach(({ id }) => last.set(id, i)));
  for (const { value } of outputs) last.set(value.id, nodes.length);
  return last;
}

/** Plans a graph as `prepareGraph` gives it, whose symbols have these sizes; throws ShapeError where one is missing. */
export function planBuffers(graph: Graph, sizes: ReadonlyMap<string, number>): BufferPlan {
  const shapeOf = (value: Value): number[] => value.shape.map((dim) => evaluateDim(dim, sizes));
  const sizeOf = (value: Value): number => shapeOf(value).reduce((total, size) => total * size, bytesOf(value.type));
  const inputs = graph.inputs.reduce((total, input) => total + sizeOf(input), 0);
  let largest = { bytes: 0, shape: [] as readonly number[], made: '' };
  const note = (value: Value, made: string): void => {
    const bytes = sizeOf(value);
    if (bytes > largest.bytes) largest = { bytes, shape: shapeOf(value), made };
  };
  for (const input of graph.inputs) note(input, `input ${input.name ?? ''}`);
  const last = lastReads(graph);
  const freed = new Map<number, number>();
  let [now, peak] = [0, 0];
  graph.nodes.forEach((node, i) => {
    if (isOp(node, 'Constant')) return;
    for (const output of node.outputs) {
      note(output, node.op);
      const end = last.get(output.id) ?? i;
      freed.set(end, (freed.get(end) ?? 0) + sizeOf(output));
      now += sizeOf(output);
    }
    peak = Math.max(peak, now);
    now -= freed.get(i) ?? 0;
  });
  return { inputs, largest, peak: inputs + peak };
}
