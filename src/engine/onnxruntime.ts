/** The engine that lightmem runs on: graphs as ONNX models in ONNX Runtime, on the CPU, WebGPU or CUDA. */
import { InferenceSession, type Tensor as OrtTensor, type TypedTensor } from 'onnxruntime-node';
import { planBuffers, type BufferPlan } from '../compiler/buffers.js';
import type { DataType, Graph } from '../compiler/ir.js';
import { encodeOnnx } from '../compiler/onnx/encode.js';
import { pieceNames } from '../compiler/passes/cut-inputs.js';
import { MOST_INPUT_BYTES, prepareGraph } from '../compiler/pipeline.js';
import { sizesOf } from '../compiler/sizes.js';
import { explained } from './device-errors.js';
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

/** What a session computes. */
interface Compiled {
  readonly session: InferenceSession;
  readonly graph: Graph;
  /** The graph as the device computes it. */
  readonly prepare: (graph: Graph) => Graph;
  /** What becomes of a tensor of the processor's memory. */
  readonly fed: (tensor: Tensor) => readonly OrtTensor[];
}

class OrtProgram implements Program {
  constructor(readonly compiled: Compiled) {}

  async run(inputs: Fed, into: Tensors = {}): Promise<Tensors> {
    const { session } = this.compiled;
    const fetches: Record<string, OrtTensor | null> = {};
    for (const name of session.outputNames) {
      const buffer = into[name];
      fetches[name] = buffer ? toOrt(buffer) : null;
    }
    const results = await session.run(this.#feeds(inputs), fetches).catch((error: unknown) => {
      throw explained(error, () => this.#plan(inputs));
    });
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  }

  #feeds(inputs: Fed): Record<string, OrtTensor> {
    const feeds = this.compiled.graph.inputs.flatMap(({ name = '' }) => {
      const pieces = this.#pieces(name, fedAs(inputs, name));
      return pieceNames(name, pieces.length).map((each, i) => [each, pieces[i]] as const);
    });
    return Object.fromEntries(feeds) as Record<string, OrtTensor>;
  }

  #pieces(name: string, fed: Tensor | HeldTensor): readonly OrtTensor[] {
    return fed instanceof DeviceTensor ? fed.held : this.compiled.fed(tensorOf(name, fed));
  }

  #plan(inputs: Fed): BufferPlan {
    const { graph, prepare } = this.compiled;
    return planBuffers(
      prepare(graph),
      sizesOf(graph, ({ name = '' }) => fedAs(inputs, name).shape),
    );
  }

  async dispose(): Promise<void> {
    await this.compiled.session.release();
  }
}

function fedAs(inputs: Fed, name: string): Tensor | HeldTensor {
  const fed = inputs[name];
  if (!fed) throw new TypeError(`input "${name}" is missing`);
  return fed;
}

/** The ONNX Runtime engine for a device; nothing is loaded before the first `compile`. */
export function onnxRuntimeEngine(options: EngineOptions): Engine {
  const { device, threads, mostInputBytes: mostBytes = MOST_INPUT_BYTES } = options;
  const prepare = (graph: Graph): Graph => prepareGraph(graph, device, mostBytes);
  const open = (graph: Graph, more: InferenceSession.SessionOptions = {}): Promise<InferenceSession> =>
    InferenceSession.create(encodeOnnx(prepare(graph)), {
      // WebGPU's buffers are kept by classes of sizes, its default: kept by exact sizes they are never used again, for rows differ in length.
      executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
      // On the CPU its optimisers change nothing that counts in our graphs: looking for what they would takes half of the time that one opens in.
      graphOptimizationLevel: device === 'cpu' ? 'disabled' : 'all',
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      interOpNumThreads: 1,
      executionMode: 'sequential',
      enableMemPattern: false,
      logSeverityLevel: 3,
      // On a GPU, where optimisers run: it does what our own passes do, otherwise, and gives products of thin matrices another order.
      extra: { optimization: { disable_specified_optimizers: 'GemmTransposeFusion' } },
      ...more,
    });
  const fed = (tensor: Tensor): readonly OrtTensor[] =>
    device === 'webgpu' ? piecesOf(tensor, mostBytes) : [toOrt(tensor)];
  return {
    name: `onnxruntime-${device}`,
    lanes: 1,
    compile: async (graph) => new OrtProgram({ session: await open(graph), graph, prepare, fed }),
    hold: (tensors) => {
      const holding = (graph: Graph): Promise<InferenceSession> =>
        open(graph, { preferredOutputLocation: 'gpu-buffer' });
      return device === 'webgpu' ? holdOnDevice(tensors, { mostBytes, open: holding }) : heldInPlace(tensors);
    },
  };
}
