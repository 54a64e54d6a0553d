import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TARGET_MODULES, type LoraSettings } from '../../src/core/settings.js';
import { floatsOf } from '../../src/engine/engine.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { Generator } from '../../src/generate/generator.js';
import { lossGraph } from '../../src/models/graph/training-graph.js';
import { loadModel } from '../../src/models/load.js';
import type { ModelConfig } from '../../src/models/model.js';
import type { Parameter, Training } from '../../src/models/graph/network.js';
import { modelTensors } from '../../src/models/graph/model-tensors.js';
import { pack } from '../../src/models/graph/packing.js';
import { batchTensors } from '../../src/models/graph/row-tensors.js';
import { globalNorm } from '../../src/train/optimiser.js';
import { Trainer } from '../../src/train/trainer.js';

interface Golden {
  batches: { prompt: number[]; answer: number[] }[][];
  prompts: number[][];
  greedy: number[][];
  /** Distance of the two best logits at each greedy token. */
  margins: number[][];
  losses: number[];
  adapter_norm: number;
  /** The first 256 logits behind each of the first four prompts, by the base model and after the 20 steps. */
  base_logits: number[][];
  adapted_logits: number[][];
}

const path =
  process.env['LIGHTMEM_TEST_MODEL'] ?? join(homedir(), '.cache', 'lightmem-dev', 'SmolLM2-135M-Instruct.Q4_1.gguf');
const isThere = existsSync(path);
if (!isThere)
  console.warn(`SKIPPED: no SmolLM2-135M-Instruct at ${path}; set LIGHTMEM_TEST_MODEL to its GGUF file or folder`);

const golden = JSON.parse(readFileSync(new URL('../golden/smollm2/peft.json', import.meta.url), 'utf8')) as Golden;
const engine = onnxRuntimeEngine({ device: 'cpu' });
const tolerance = 1e-3;
const lora: LoraSettings = { rank: 8, alpha: 16, rslora: false, dropout: 0, targets: TARGET_MODULES };

/** The start that scripts/golden/smollm2.py gives LoRA's A. */
function startOfA(name: string, shape: readonly number[]): Float32Array {
  const layer = Number(/layers\.(\d+)\./.exec(name)?.[1] ?? 0);
  const [rank = 0, inputs = 0] = shape;
  return Float32Array.from({ length: rank * inputs }, (_, k) => {
    const value = k * 0.6180339887498949 + 0.1 * layer;
    return (2 * (value - Math.trunc(value)) - 1) / Math.sqrt(inputs);
  });
}

type Values = (parameter: Parameter) => Float32Array;

/** The first 256 logits behind each of the four prompts: what the training graph's loss is computed from. */
async function logitsOf(config: ModelConfig, training: Training, values: Values): Promise<number[][]> {
  const { graph, parameters } = lossGraph({ config, training });
  const value = graph.nodes.find(({ op }) => op === 'SoftmaxCrossEntropyLoss')?.inputs[0];
  if (value === undefined) throw new Error('the graph computes no loss');
  const program = await engine.compile({ ...graph, outputs: [{ name: 'logits', value }] });
  const positions = Math.max(...golden.prompts.map(({ length }) => length)) + 1;
  const weights = modelTensors(config, parameters, values, positions);
  const found: number[][] = [];
  for (const prompt of golden.prompts.slice(0, 4)) {
    const row = pack([{ id: 'prompt', prompt, answer: [0] }]);
    const tensors = { ...weights, ...batchTensors([row], { totalWeight: 1, heads: config }) };
    found.push([...floatsOf(await program.run(tensors), 'logits').subarray(0, 256)]);
  }
  await program.dispose();
  return found;
}

/** Largest difference of logits, relative where they are larger than one. */
function largestDifference(found: readonly number[][], expected: readonly number[][]): number {
  expect(found.map((each) => each.length)).toEqual(expected.map(() => 256));
  const differences = found.flatMap((each, i) =>
    each.map((logit, j) => Math.abs(logit - (expected[i]?.[j] ?? NaN)) / Math.max(1, Math.abs(logit))),
  );
  return Math.max(...differences);
}

describe.skipIf(!isThere)('SmolLM2-135M-Instruct', () => {
  it('follows PEFT on PyTorch for 20 steps on WikiUpdate texts', { timeout: 600_000 }, async () => {
    const model = loadModel(path);
    const trainer = await Trainer.create({
      engine,
      config: model.config,
      training: { kind: 'lora', lora },
      optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
      positions: 1024,
      initial: ({ name, shape }) => {
        if (name.endsWith('.lora_A.weight')) return startOfA(name, shape);
        if (name.endsWith('.lora_B.weight')) return new Float32Array((shape[0] ?? 0) * (shape[1] ?? 0));
        return model.weights.read(name);
      },
    });
    const base = await logitsOf(model.config, { kind: 'none' }, ({ name }) => model.weights.read(name));
    const losses: number[] = [];
    for (const batch of golden.batches) {
      const row = pack(batch.map((sample, i) => ({ id: String(i), ...sample })));
      losses.push((await trainer.step([[row]], 2e-4, 0)).loss);
    }
    await trainer.dispose();
    const training: Training = { kind: 'lora', lora };
    const adapted = await logitsOf(
      model.config,
      training,
      ({ name }) => trainer.trained.get(name) ?? model.weights.read(name),
    );
    const ofBase = largestDifference(base, golden.base_logits);
    const ofAdapted = largestDifference(adapted, golden.adapted_logits);
    console.log(
      `logits differ by at most ${ofBase.toExponential(1)} (base) and ${ofAdapted.toExponential(1)} (adapted); training moved them by up to ${largestDifference(adapted, base).toFixed(2)}`,
    );
    expect(ofBase).toBeLessThan(tolerance);
    expect(ofAdapted).toBeLessThan(tolerance);
    const differences = losses.map((loss, i) => Math.abs(loss - (golden.losses[i] ?? NaN)));
    const relative = differences.map((difference, i) => difference / (golden.losses[i] ?? NaN));
    console.log(
      `20 losses differ from PEFT's by at most ${Math.max(...relative).toExponential(1)} relative, ${Math.max(...differences).toExponential(1)} absolute`,
    );
    relative.forEach((each, i) => expect(each < tolerance || (differences[i] ?? NaN) < 1e-4).toBe(true));
    expect(losses).toHaveLength(20);
    expect(Math.abs(globalNorm(trainer.trained.values()) / golden.adapter_norm - 1)).toBeLessThan(1e-2);
  });

  it(
    'continues 20 prompts as transformers does, or parts from it where two tokens are as good',
    { timeout: 600_000 },
    async () => {
      const model = loadModel(path);
      const generator = await Generator.create({
        engine,
        config: model.config,
        tokenizer: model.tokenizer,
        training: { kind: 'none' },
        values: ({ name }) => model.weights.read(name),
        positions: 1024,
      });
      const prompts = golden.prompts.map((tokens, i) => ({ id: String(i), group: String(i), tokens }));
      const answers = await generator.generate(prompts, { maxNewTokens: 16, temperature: 0, seed: 0, stop: [] });
      await generator.dispose();
      let same = 0;
      answers.forEach(({ tokens }, i) => {
        const expected = golden.greedy[i] ?? [];
        const parting = expected.findIndex((token, place) => token !== tokens[place]);
        if (parting < 0) same++;
        else expect(golden.margins[i]?.[parting]).toBeLessThan(tolerance);
      });
      console.log(`${same} of ${answers.length} continuations are equal token by token`);
      expect(answers).toHaveLength(20);
    },
  );
});
