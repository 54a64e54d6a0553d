/**
 * What PEFT on a GPU does under lightmem's plan: questions per second and memory, packed by lightmem against a plain script, on models of
 * SmolLM2-135M's and Qwen2.5-3B's shape with random weights; seconds of asking; and what a study of 36 runs takes. With `webgpu`,
 * lightmem's own engine on WebGPU as well; `int8` and `compile` are measured where they are named.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elementCount } from '../src/core/collections.js';
import { Random } from '../src/core/random.js';
import { TARGET_MODULES, type Device, type Quantisation, type TrainSettings } from '../src/core/settings.js';
import { onnxRuntimeEngine } from '../src/engine/onnxruntime.js';
import { pack, type PackedRow } from '../src/models/graph/packing.js';
import { modelParameters } from '../src/models/modules.js';
import type { ModelConfig, WeightSource } from '../src/models/model.js';
import { z } from 'zod';
import { closePeftSession, describePython, peftSession, settledOn } from '../src/peft/peft-session.js';
import { PYTHON_VARIABLE } from '../src/peft/python.js';
import type { PeftSettings, Precision } from '../src/peft/settings.js';
import { PeftTrainer } from '../src/train/peft-trainer.js';
import type { StepTrainer } from '../src/train/step-trainer.js';
import { loraInitialiser, Trainer } from '../src/train/trainer.js';
import { benchPython, runChild } from './support/python.js';
import { printReport, rounded } from './support/report.js';
import { QWEN_3B } from './support/shapes.js';

/** A model's shape as Hugging Face and as lightmem describe it. */
interface Shape {
  readonly name: string;
  readonly config: ModelConfig;
  /** Biases of q, k and v, or none. */
  readonly modelType: 'llama' | 'qwen2';
}

/** The smaller is config.json of HuggingFaceTB/SmolLM2-135M-Instruct. */
const SHAPES: readonly Shape[] = [
  {
    name: '135M',
    modelType: 'llama',
    config: {
      family: 'llama',
      ...{ hiddenSize: 576, layers: 30, heads: 9, keyValueHeads: 3, headDim: 64, intermediateSize: 1536 },
      ...{ vocabSize: 49152, maxPositions: 8192, ropeTheta: 1e5, ropeScaling: null, rmsNormEpsilon: 1e-5 },
      ...{ tiedEmbeddings: true, attentionBias: false, bosTokenId: 1, eosTokenIds: [2] },
    },
  },
  {
    name: '3B',
    modelType: 'qwen2',
    config: QWEN_3B,
  },
];

/** A WikiUpdate article as it is trained on in the mean: what its questions share, how many there are, and tokens of each. */
const ARTICLE = { shared: 301, questions: 11, own: 16, answer: 9 };
/** The report's studies: articles trained on and asked about, passes, runs; the answers that a GPU gives in one go. */
const STUDY = { articles: 500, epochs: 3, asked: 100, runs: 36, answerTokens: 12 };
const RANK = 8;

const work = mkdtempSync(join(process.env['LIGHTMEM_BENCH_FOLDER'] ?? tmpdir(), 'lightmem-gpu-'));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Articles of random tokens. */
function articles(count: number, { vocabSize }: ModelConfig) {
  const random = new Random(0, 'articles');
  const draw = (length: number): number[] => Array.from({ length }, () => random.below(vocabSize));
  return Array.from({ length: count }, (_, article) => {
    const shared = draw(ARTICLE.shared);
    return Array.from({ length: ARTICLE.questions }, (_question, i) => ({
      id: `${article}/${i}`,
      prompt: [...shared, ...draw(ARTICLE.own)],
      answer: draw(ARTICLE.answer),
    }));
  });
}

const hubConfig = ({ modelType, config }: Shape) => ({
  model_type: modelType,
  ...{ hidden_size: config.hiddenSize, intermediate_size: config.intermediateSize, num_hidden_layers: config.layers },
  ...{ num_attention_heads: config.heads, num_key_value_heads: config.keyValueHeads, vocab_size: config.vocabSize },
  ...{ max_position_embeddings: config.maxPositions, rms_norm_eps: config.rmsNormEpsilon },
  ...{ rope_theta: config.ropeTheta, tie_word_embeddings: true },
});

async function madeModel(shape: Shape): Promise<string> {
  const [description, folder] = [join(work, `${shape.name}.json`), join(work, shape.name)];
  writeFileSync(description, JSON.stringify(hubConfig(shape)));
  await runChild(benchPython(), [
    join(import.meta.dirname, '../../../../bench/gpu/make_model.py'),
    description,
    folder,
  ]);
  return folder;
}

function settings(quantisation: Quantisation): TrainSettings {
  return {
    lora: { rank: RANK, alpha: 2 * RANK, rslora: false, dropout: 0, targets: [...TARGET_MODULES] },
    ...{ learningRate: 2e-4, schedule: 'constant', warmupRatio: 0, epochs: 1, batchTokens: 1024, accumulation: 1 },
    ...{ clipNorm: 1, weightDecay: 0, betas: [0.9, 0.999], epsilon: 1e-8, seed: 0, maxLength: 1024 },
    ...{ quantisation, checkpointEverySteps: 0 },
  };
}

interface Speed {
  readonly questionsPerSecond: number;
  readonly tokensPerSecond: number;
  readonly peakGB: number;
  readonly losses: readonly number[];
}

/** So many articles a step, the first two steps not timed. */
async function timed(trainer: StepTrainer, rows: readonly PackedRow[], articlesPerStep: number): Promise<Speed> {
  let [seconds, tokens, questions] = [0, 0, 0];
  const losses: number[] = [];
  for (let start = 0, step = 0; start < rows.length; start += articlesPerStep, step++) {
    const batch = rows.slice(start, start + articlesPerStep);
    const started = performance.now();
    const result = await trainer.step([batch], 2e-4, 1);
    losses.push(result.loss);
    if (step < 2) continue;
    seconds += (performance.now() - started) / 1000;
    tokens += result.tokens;
    questions += batch.reduce((sum, { samples }) => sum + samples.length, 0);
  }
  return {
    questionsPerSecond: rounded(questions / seconds, 1),
    tokensPerSecond: rounded(tokens / seconds, 0),
    peakGB: rounded((await trainer.peakMemoryBytes()) / 1e9),
    losses: losses.map((loss) => rounded(loss, 3)),
  };
}

interface Mode {
  readonly precision: Precision;
  readonly quantisation: Quantisation;
  readonly tf32?: boolean;
  readonly compile?: boolean;
}

/** Ours: a row an article, by the Python process. */
async function packed(shape: Shape, folder: string, mode: Mode, perStep: number, steps: number): Promise<Speed> {
  const { precision, quantisation, tf32 = false, compile = false } = mode;
  const peft: PeftSettings = settledOn({ device: 'auto', precision, tf32, compile }, await found);
  const model = { path: folder, config: shape.config };
  const trainer = await PeftTrainer.create({
    model,
    settings: settings(quantisation),
    peft,
    folder: join(work, 'run'),
  });
  const rows = articles(perStep * steps, shape.config).map((each) => pack(each));
  return timed(trainer, rows, perStep);
}

/** A script as users write it: batches of 8 questions with their article, padded, full logits. */
async function plain(shape: Shape, folder: string, { precision, quantisation }: Mode, steps: number) {
  await closePeftSession();
  const workload = join(work, 'plain.json');
  const items = articles(steps, shape.config);
  writeFileSync(
    workload,
    JSON.stringify({
      ...{ folder, gguf: null, threads: 8, rank: RANK, alpha: 2 * RANK, learningRate: 2e-4, way: 'plain', steps },
      ...{ items, heldOut: [], device: (await found).gpus.length > 0 ? 'cuda' : 'cpu', dtype: precision, quantisation },
    }),
  );
  const script = join(import.meta.dirname, '../../../../bench/peers/train.py');
  const { output } = await runChild(benchPython(), [script, workload]);
  const side = JSON.parse(output) as { seconds: number; samples: number; peakBytes: number | null };
  return {
    questionsPerSecond: rounded(side.samples / side.seconds, 1),
    peakGB: rounded((side.peakBytes ?? 0) / 1e9),
  };
}

/** Seconds of answering all questions about so many articles, each prompt with its article. */
async function asking(shape: Shape, folder: string, { precision, quantisation }: Mode, count: number) {
  const peft = settledOn({ device: 'auto', precision, tf32: false, compile: false }, await found);
  const session = await peftSession({ model: folder, quantisation, settings: peft });
  const prompts = articles(count, shape.config).flatMap((each) => each.map(({ prompt }) => prompt));
  const started = performance.now();
  const request = { do: 'answer', prompts, maxNewTokens: STUDY.answerTokens, batchTokens: 262_144 };
  await session.ask({ ...request, stopTokens: shape.config.eosTokenIds }, z.unknown(), () => undefined);
  const seconds = (performance.now() - started) / 1000;
  return { prompts: prompts.length, seconds: rounded(seconds), promptsPerSecond: rounded(prompts.length / seconds, 1) };
}

/** Random weights of a shape. */
function randomWeights(shape: Shape): WeightSource {
  const random = new Random(0, 'weights');
  const pool = Float32Array.from({ length: 1 << 20 }, () => 0.02 * random.normal());
  const parameters = new Map(modelParameters(shape.config).map((each) => [each.name, each]));
  const shapeOf = (name: string): readonly number[] => parameters.get(name)?.shape ?? [];
  return {
    names: [...parameters.keys()],
    shape: shapeOf,
    read: (name) => {
      const values = new Float32Array(elementCount(shapeOf(name)));
      if (parameters.get(name)?.role === 'norm') return values.fill(1);
      for (let start = 0; start < values.length; start += pool.length)
        values.set(pool.subarray(0, values.length - start), start);
      return values;
    },
  };
}

interface OwnMode {
  readonly device: Device;
  readonly quantisation?: Quantisation;
}

/** lightmem's own engine on a device, with random weights. */
async function own(
  shape: Shape,
  { device, quantisation = 'none' }: OwnMode,
  perStep: number,
  steps: number,
): Promise<Speed & { readonly openedSeconds: number }> {
  const { lora } = settings('none');
  const started = performance.now();
  const trainer = await Trainer.create({
    engine: onnxRuntimeEngine({ device }),
    config: shape.config,
    training: { kind: 'lora', lora, quantisation },
    initial: loraInitialiser(randomWeights(shape), 0, quantisation),
    optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    positions: ARTICLE.shared + ARTICLE.own + ARTICLE.answer,
  });
  const openedSeconds = rounded((performance.now() - started) / 1000, 1);
  try {
    const rows = articles(perStep * steps, shape.config).map((each) => pack(each));
    return { openedSeconds, ...(await timed(trainer, rows, perStep)) };
  } finally {
    await trainer.dispose();
  }
}

/** GPU-hours of the report's 36 runs, from measured questions a second; opening the model once per run is counted in. */
function studyHours(trained: number, asked: number, startSeconds: number): number {
  const questions = STUDY.articles * ARTICLE.questions * STUDY.epochs;
  const seconds = questions / trained + (STUDY.asked * ARTICLE.questions) / asked + startSeconds;
  return rounded((STUDY.runs * seconds) / 3600);
}

process.env[PYTHON_VARIABLE] ??= benchPython();
const found = describePython();
const wanted = process.argv.slice(2);
const isWanted = (part: string): boolean => wanted.length === 0 || wanted.includes(part);
const figures: Record<string, unknown> = { ...(await found) };

async function measure<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
  const started = performance.now();
  try {
    const result = await work();
    figures[name] = result;
    say(`${name}: ${JSON.stringify(result)} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    return result;
  } catch (error) {
    figures[name] = { failed: error instanceof Error ? error.message.slice(0, 600) : String(error) };
    say(`${name} failed: ${JSON.stringify(figures[name])}`);
    return undefined;
  }
}

let ratio = NaN;
const BF16: Mode = { precision: 'bf16', quantisation: 'none' };
const NF4: Mode = { precision: 'bf16', quantisation: 'nf4' };
const hasGpu = (await found).gpus.length > 0;
for (const shape of SHAPES.filter(({ name }) => isWanted(name))) {
  const folder = await measure(`${shape.name} made`, () => madeModel(shape));
  if (folder === undefined) continue;
  const perStep = hasGpu ? [4, 16] : [2];
  const steps = hasGpu ? 8 : 3;
  const modes = { f32: { precision: 'f32', quantisation: 'none' }, bf16: BF16, nf4: NF4 } satisfies Record<
    string,
    Mode
  >;
  const best: Record<string, number> = {};
  for (const [name, mode] of Object.entries(modes)) {
    if (name === 'f32' && shape.name === '3B') continue;
    if (name === 'nf4' && !hasGpu) continue;
    for (const count of perStep) {
      const speed = await measure(`${shape.name} packed ${name} ${count}`, () =>
        packed(shape, folder, mode, count, steps),
      );
      best[name] = Math.max(best[name] ?? 0, speed?.questionsPerSecond ?? 0);
    }
    if (name !== 'f32') {
      const answered = await measure(`${shape.name} asking ${name}`, () =>
        asking(shape, folder, mode, hasGpu ? 50 : 2),
      );
      const theirs = await measure(`${shape.name} plain ${name}`, () => plain(shape, folder, mode, hasGpu ? 10 : 3));
      if (theirs === undefined || answered === undefined) continue;
      const times = (best[name] ?? 0) / theirs.questionsPerSecond;
      figures[`${shape.name} ${name} packed over plain`] = rounded(times);
      figures[`${shape.name} ${name} hours of 36 runs`] = studyHours(best[name] ?? 0, answered.promptsPerSecond, 15);
      if (shape.name === '3B' && name === 'bf16') ratio = times;
    }
  }
  await closePeftSession();
}
if (isWanted('webgpu')) {
  const [small, large] = SHAPES as [Shape, Shape];
  const modes = [
    { name: 'webgpu f32', shape: small, mode: { device: 'webgpu' }, perStep: [2, 8, 16] },
    { name: 'webgpu f16', shape: small, mode: { device: 'webgpu', quantisation: 'f16' }, perStep: [8] },
    { name: 'webgpu nf4', shape: small, mode: { device: 'webgpu', quantisation: 'nf4' }, perStep: [8] },
    { name: 'cpu f32', shape: small, mode: { device: 'cpu' }, perStep: [2] },
    { name: 'webgpu f16', shape: large, mode: { device: 'webgpu', quantisation: 'f16' }, perStep: [4] },
  ] satisfies readonly { name: string; shape: Shape; mode: OwnMode; perStep: readonly number[] }[];
  for (const { name, shape, mode, perStep } of modes)
    for (const count of perStep)
      await measure(`${shape.name} own engine, ${name} ${count}`, () => own(shape, mode, count, 5));
}
for (const shape of SHAPES.filter(() => hasGpu)) {
  const extra = { int8: { ...BF16, quantisation: 'int8' }, compile: { ...BF16, compile: true } } satisfies Record<
    string,
    Mode
  >;
  for (const [name, mode] of Object.entries(extra).filter(([name]) => wanted.includes(name))) {
    const folder = await madeModel(shape);
    await measure(`${shape.name} packed ${name} 16`, () => packed(shape, folder, mode, 16, 8));
    await closePeftSession();
  }
}
rmSync(work, { recursive: true, force: true });
printReport({ name: 'gpu', figures, ratio: rounded(ratio), goal: 5 });
