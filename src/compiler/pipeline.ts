/** The pipeline: what a graph goes through, pass by pass, before it is encoded for a device. */
import type { Device } from '../core/settings.js';
import type { Graph } from './ir.js';
import { cutInputs } from './passes/cut-inputs.js';
import { fuseFrozenHead } from './passes/frozen-head.js';
import { lowerComposites, lowerForWebGpu } from './passes/lower.js';
import { gradientsWhenDue } from './passes/order.js';
import { foldAddends, fuseTransposes, transposeThinProducts } from './passes/products.js';
import { pruneUnused } from './passes/prune.js';
import { mergeReshapes, subtractNegated } from './passes/simplify.js';
import { widenInputs } from './passes/widen-inputs.js';
import { verify } from './verify.js';

type Pass = (graph: Graph) => Graph;

/** Most bytes of one matrix of weights: what every WebGPU adapter must take at least (maxStorageBufferBindingSize in its specification). */
export const MOST_INPUT_BYTES = 2 ** 27;

/** The passes for a device, in their order. */
const passesFor = (device: Device, mostInputBytes: number): readonly Pass[] => [
  // First, so that nothing is done for what no output needs.
  pruneUnused,
  // While cross entropy is one operation still.
  fuseFrozenHead,
  lowerComposites,
  ...(device === 'webgpu' ? [lowerForWebGpu, widenInputs] : []),
  // While products are plain still.
  ...(device === 'webgpu' ? [(graph: Graph): Graph => cutInputs(graph, mostInputBytes)] : []),
  // Fewer nodes: sums have to be plain before products can take them up.
  subtractNegated,
  mergeReshapes,
  foldAddends,
  transposeThinProducts,
  // FusedMatMul is the CPU's alone.
  ...(device === 'cpu' ? [fuseTransposes] : []),
  // Last, for it is about the order of what is left.
  gradientsWhenDue,
];

/** A graph in the form that a device computes it in; throws ShapeError where it is wrong, before or after the passes. */
export function prepareGraph(graph: Graph, device: Device, mostInputBytes = MOST_INPUT_BYTES): Graph {
  verify(graph);
  const prepared = passesFor(device, mostInputBytes).reduce((current, pass) => pass(current), graph);
  verify(prepared);
  return prepared;
}
