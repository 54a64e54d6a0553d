/** The pipeline as one picture: a decoder layer's training graph behind all passes, pinned as text beside what must hold of it. */
import { describe, expect, it } from 'vitest';
import { encodeOnnx } from '../../src/compiler/onnx/encode.js';
import { isOp, type Graph, type Node, type Op } from '../../src/compiler/ir.js';
import { prepareGraph } from '../../src/compiler/pipeline.js';
import { print } from '../../src/compiler/print.js';
import { Random } from '../../src/core/random.js';
import { fromTensor, interpret } from '../../src/engine/reference.js';
import type { ModelConfig } from '../../src/models/model.js';
import { modelTensors } from '../../src/models/graph/model-tensors.js';
import { pack } from '../../src/models/graph/packing.js';
import { batchTensors } from '../../src/models/graph/row-tensors.js';
import { trainingGraph } from '../../src/models/graph/training-graph.js';
import { CASES } from './cases.js';
import { buildGradients, buildValues, drawInputs, expectAllClose } from './run-case.js';

const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;

/** One layer of Llama's architecture: two heads of queries to one of keys; an adapter of rank 1 on two of its modules. */
const config: ModelConfig = {
  family: 'llama',
  ...{ vocabSize: 11, hiddenSize: 8, intermediateSize: 12, layers: 1, heads: 2, keyValueHeads: 1, headDim: 4 },
  ...{ ropeTheta: 10_000, ropeScaling: null, rmsNormEpsilon: 1e-5, tiedEmbeddings: true, attentionBias: false },
  ...{ maxPositions: 64, bosTokenId: null, eosTokenIds: [2] },
};
const lora = { rank: 1, alpha: 1, rslora: false, dropout: 0, targets: ['q_proj', 'down_proj'] } as const;
const { graph, parameters } = trainingGraph({ config, training: { kind: 'lora', lora }, chunks: 1 });
const onCpu = prepareGraph(graph, 'cpu');

/** Two questions behind one text. */
const rows = [
  pack([
    { id: 'a', prompt: [3, 4, 5, 6], answer: [7, 2] },
    { id: 'b', prompt: [3, 4, 5, 8, 9], answer: [10, 2] },
  ]),
];

function inputs() {
  const random = new Random(1, 'weights');
  const values = ({ shape }: { readonly shape: readonly number[] }): Float32Array =>
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.5 * random.normal());
  const tensors = {
    ...modelTensors(config, parameters, values, 8),
    ...batchTensors(rows, { totalWeight: 4, heads: config, chunks: 1 }),
  };
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, fromTensor(tensor)]));
}

const opsOf = ({ nodes }: Graph): ReadonlySet<Op> => new Set(nodes.map(({ op }) => op));
const width = ({ outputs }: Node): unknown => outputs[0]?.shape.at(-1);

describe('a decoder layer behind all passes', () => {
  it('reads as its golden text', async () => {
    await expect(`${print(onCpu)}\n`).toMatchFileSnapshot('../golden/compiler/decoder-layer.txt');
  });

  it.each(DEVICES)('computes what it computed before, on %s', (device) => {
    expectAllClose(interpret(prepareGraph(graph, device), inputs()), interpret(graph, inputs()), 1e-12, device);
  });

  it.each(DEVICES)('holds what ONNX can say, on %s', (device) => {
    expect(encodeOnnx(prepareGraph(graph, device)).length).toBeGreaterThan(0);
  });

  it('is as wide as the vocabulary in logits and softmax alone, not on the way back through the frozen head', () => {
    const wide = onCpu.nodes.filter((node) => width(node) === config.vocabSize);
    expect(wide.map(({ op }) => op)).toEqual(['Gemm', 'Softmax']);
  });

  it('takes gradients of the adapter alone, each computed last', () => {
    const named = onCpu.outputs.map(({ name }) => name.replace('model.layers.0.', ''));
    const adapted = ['self_attn.q_proj', 'mlp.down_proj'].flatMap((each) => [`${each}.lora_A`, `${each}.lora_B`]);
    expect(named.sort()).toEqual(['loss', 'losses', ...adapted.map((each) => `gradient:${each}.weight`)].sort());
    const last = new Set(onCpu.nodes.slice(-5).flatMap(({ outputs }) => outputs.map(({ id }) => id)));
    const isLast = onCpu.outputs.filter(({ name }) => name !== 'losses').map(({ value }) => last.has(value.id));
    expect(isLast).toEqual([true, true, true, true, true]);
  });

  it('adds within products, and on the CPU reads transposed operands as they lie', () => {
    const products = new Set(
      onCpu.nodes.flatMap((node) => (isOp(node, 'Gemm') ? node.outputs : [])).map(({ id }) => id),
    );
    const sums = onCpu.nodes.filter((node) => isOp(node, 'Add') && node.inputs.every(({ id }) => products.has(id)));
    expect(sums).toEqual([]);
    expect(opsOf(onCpu)).toContain('FusedMatMul');
    const transposed = new Set(
      onCpu.nodes.flatMap((node) => (isOp(node, 'Transpose') ? node.outputs : [])).map(({ id }) => id),
    );
    const reading = onCpu.nodes.filter(
      (node) => isOp(node, 'MatMul') && node.inputs.some(({ id }) => transposed.has(id)),
    );
    expect(reading).toEqual([]);
    for (const device of ['webgpu', 'cuda'] as const)
      expect(opsOf(prepareGraph(graph, device))).not.toContain('FusedMatMul');
  });
});

describe('the pipeline', () => {
  it.each(DEVICES)('changes no result of any operation, on %s', (device) => {
    let ran = 0;
    for (const test of CASES) {
      const built = test.noGradient === undefined ? buildGradients(test) : buildValues(test);
      const drawn = drawInputs(built.specs, test.sizes, test.name);
      const prepared = prepareGraph(built.graph, device);
      expectAllClose(interpret(prepared, drawn), interpret(built.graph, drawn), 1e-12, test.name);
      ran++;
    }
    expect(ran).toBe(CASES.length);
  });
});
