/** The engine that lightmem runs on: graphs as ONNX models in ONNX Runtime, on the CPU, WebGPU or CUDA. */
import { InferenceSession, type Tensor as OrtTensor, type TypedTensor } from 'onnxruntime-node';
import type { DataType, Graph } from '../compiler/ir.js';
import { encodeOnnx } from '../compiler/onnx/encode.js';
import { pieceNames } from '../compiler/passes/cut-inputs.js';
import { MOST_INPUT_BYTES, prepareGraph } from '../compiler/pipeline.js';
import { DeviceTensor, holdOnDevice, piecesOf, toOrt } from './device-tensors.js';
import {
  heldInPlace,
  tensorOf,
  type Engine,
  type EngineOptions,
  type Fed,
  type HeldTensor,
  type Program,
  type Tensor,
  type Tensors,
} from './engine.js';

function fromOrt(tensor: OrtTensor): Tensor {
  return {
    type: tensor.type as DataType,
    shape: tensor.dims,
    data: (tensor as TypedTensor<'float32'>).data,
  };
}

class OrtProgram implements Program {
  constructor(
    readonly session: InferenceSession,
    /** The graph's inputs as they are known outside. */
    readonly inputs: readonly string[],
    /** What becomes of a tensor of the processor's memory. */
    readonly fed: (tensor: Tensor) => readonly OrtTensor[],
  ) {}

  async run(inputs: Fed, into: Tensors = {}): Promise<Tensors> {
    const fetches: Record<string, OrtTensor | null> = {};
    for (const name of this.session.outputNames) {
      const buffer = into[name];
      fetches[name] = buffer ? toOrt(buffer) : null;
    }
    const results = await this.session.run(this.#feeds(inputs), fetches);
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  }

  #feeds(inputs: Fed): Record<string, OrtTensor> {
    const feeds = this.inputs.flatMap((name) => {
      const fed = inputs[name];
      if (!fed) throw new TypeError(`input "${name}" is missing`);
      const pieces = this.#pieces(name, fed);
      return pieceNames(name, pieces.length).map((each, i) => [each, pieces[i]] as const);
    });
    return Object.fromEntries(feeds) as Record<string, OrtTensor>;
  }

  #pieces(name: string, fed: Tensor | HeldTensor): readonly OrtTensor[] {
    return fed instanceof DeviceTensor ? fed.held : this.fed(tensorOf(name, fed));
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }
}

const namesOf = (graph: Graph): string[] => graph.inputs.flatMap(({ name }) => name ?? []);

/** The ONNX Runtime engine for a device; nothing is loaded before the first `compile`. */
export function onnxRuntimeEngine(options: EngineOptions): Engine {
  const { device, threads, mostInputBytes: mostBytes = MOST_INPUT_BYTES } = options;
  const open = (graph: Graph, more: InferenceSession.SessionOptions = {}): Promise<InferenceSession> =>
    InferenceSession.create(encodeOnnx(prepareGraph(graph, device, mostBytes)), {
      executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
      graphOptimizationLevel: 'all',
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      interOpNumThreads: 1,
      executionMode: 'sequential',
      enableMemPattern: false,
      logSeverityLevel: 3,
      extra: { optimization: { disable_specified_optimizers: 'GemmTransposeFusion' } },
      ...more,
    });
  const fed = (tensor: Tensor): readonly OrtTensor[] =>
    device === 'webgpu' ? piecesOf(tensor, mostBytes) : [toOrt(tensor)];
  const openHolding = (graph: Graph): Promise<InferenceSession> =>
    open(graph, { preferredOutputLocation: 'gpu-buffer' });
  return {
    name: `onnxruntime-${device}`,
    compile: async (graph) => new OrtProgram(await open(graph), namesOf(graph), fed),
    hold: (tensors) =>
      device === 'webgpu' ? holdOnDevice(tensors, { mostBytes, open: openHolding }) : heldInPlace(tensors),
  };
}
