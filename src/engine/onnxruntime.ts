/** The engine that lightmem runs on: graphs as ONNX models in ONNX Runtime, on the CPU, WebGPU or CUDA. */
import { InferenceSession, Tensor as OrtTensor, type TypedTensor } from 'onnxruntime-node';
import type { DataType } from '../compiler/ir.js';
import { encodeOnnx } from '../compiler/onnx/encode.js';
import { prepareGraph } from '../compiler/pipeline.js';
import type { Engine, EngineOptions, Program, Tensor, Tensors } from './engine.js';

function toOrt(tensor: Tensor): OrtTensor {
  return new OrtTensor(tensor.type as 'float32', tensor.data as Float32Array, tensor.shape);
}

function fromOrt(tensor: OrtTensor): Tensor {
  return {
    type: tensor.type as DataType,
    shape: tensor.dims,
    data: (tensor as TypedTensor<'float32'>).data,
  };
}

class OrtProgram implements Program {
  constructor(readonly session: InferenceSession) {}

  async run(inputs: Tensors, into: Tensors = {}): Promise<Tensors> {
    const feeds: Record<string, OrtTensor> = {};
    for (const name of this.session.inputNames) {
      const tensor = inputs[name];
      if (!tensor) throw new TypeError(`input "${name}" is missing`);
      feeds[name] = toOrt(tensor);
    }
    const fetches: Record<string, OrtTensor | null> = {};
    for (const name of this.session.outputNames) {
      const buffer = into[name];
      fetches[name] = buffer ? toOrt(buffer) : null;
    }
    const results = await this.session.run(feeds, fetches);
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }
}

/** The ONNX Runtime engine for a device; nothing is loaded before the first `compile`. */
export function onnxRuntimeEngine(options: EngineOptions): Engine {
  return {
    name: `onnxruntime-${options.device}`,
    async compile(graph) {
      const session = await InferenceSession.create(encodeOnnx(prepareGraph(graph, options.device)), {
        executionProviders: options.device === 'cpu' ? ['cpu'] : [options.device, 'cpu'],
        graphOptimizationLevel: 'all',
        ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
        interOpNumThreads: 1,
        executionMode: 'sequential',
        enableMemPattern: false,
        logSeverityLevel: 3,
        extra: { optimization: { disable_specified_optimizers: 'GemmTransposeFusion' } },
      });
      return new OrtProgram(session);
    },
  };
}
