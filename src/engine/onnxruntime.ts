/** The engine that lightmem runs on: graphs as ONNX models in ONNX Runtime, on the CPU, WebGPU or CUDA. */
import { InferenceSession, Tensor as OrtTensor, type TypedTensor } from 'onnxruntime-node';
import type { DataType, Graph } from '../compiler/ir.js';
import { encodeOnnx } from '../compiler/onnx/encode.js';
import { lowerComposites, lowerForWebGpu } from '../compiler/passes/lower.js';
import { leavesLast } from '../compiler/passes/order.js';
import { foldAddends, passHead, layThinProducts, readTurned } from '../compiler/passes/products.js';
import { mergeReshapes, subtractNegated } from '../compiler/passes/simplify.js';
import { pruneUnused } from '../compiler/passes/prune.js';
import { verify } from '../compiler/verify.js';
import type { Device } from '../core/settings.js';
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

/** What a graph goes through before it is encoded for a device; throws ShapeError where it is wrong. */
export function prepare(graph: Graph, device: Device): Graph {
  verify(graph);
  const lowered = lowerComposites(passHead(pruneUnused(graph)));
  const portable = device === 'webgpu' ? lowerForWebGpu(lowered) : lowered;
  const folded = layThinProducts(foldAddends(mergeReshapes(subtractNegated(portable))));
  const prepared = leavesLast(device === 'cpu' ? readTurned(folded) : folded);
  verify(prepared);
  return prepared;
}

/** The ONNX Runtime engine for a device; nothing is loaded before the first `compile`. */
export function onnxRuntimeEngine(options: EngineOptions): Engine {
  return {
    name: `onnxruntime-${options.device}`,
    async compile(graph) {
      const session = await InferenceSession.create(encodeOnnx(prepare(graph, options.device)), {
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
