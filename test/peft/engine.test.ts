/** Training and asking by PyTorch against lightmem's own engine, on the CPU in f32, for every family of models. */
import { mkdtempSync, readFileSync, rmSync, existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import type { TrainSettings } from '../../src/core/settings.js';
import { localModel } from '../../src/evaluate/respondent.js';
import { FAMILIES } from '../../src/models/families/families.js';
import { bundledModelPath, loadModel } from '../../src/models/load.js';
import type { LoadedModel } from '../../src/models/model.js';
import { closePeftSession, settledOn } from '../../src/peft/peft-session.js';
import { finetune, type FinetuneOptions } from '../../src/train/finetune.js';
import type { TrainingSample } from '../../src/train/objectives/objective.js';
import { tinyModel, tinySamples, TINY_SETTINGS } from '../train/tiny-model.js';
import { hasPython } from './support.js';

const settings = settledOn(
  { device: 'cpu', precision: 'f32', tf32: false, compile: false },
  { gpus: [], bf16: false, versions: {} },
);
const peft = { settings };
const root = mkdtempSync(join(tmpdir(), 'lightmem-peft-'));

afterAll(async () => {
  await closePeftSession();
  rmSync(root, { recursive: true, force: true });
});

interface Line {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly heldOutLoss?: number;
}

let trained = 0;

interface Training {
  readonly model: LoadedModel;
  readonly samples?: readonly TrainingSample[];
  readonly settings?: Partial<TrainSettings>;
  readonly folder?: string;
}

/** Trains by one engine; its log. */
async function train({ model, samples = tinySamples(6), ...given }: Training, own: Partial<FinetuneOptions> = {}) {
  const folder = given.folder ?? join(root, String(trained++));
  const result = await finetune({ model, samples, folder, settings: { ...TINY_SETTINGS, ...given.settings }, ...own });
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return { folder, result, lines: lines.map((line) => JSON.parse(line) as Line) };
}

/** Both engines' losses and gradients step by step. */
async function both(training: Training) {
  const ours = await train(training);
  const theirs = await train(training, { peft });
  expect(theirs.lines).toHaveLength(ours.lines.length);
  return { ours, theirs };
}

/** The largest difference of two logs, as a share. */
function difference(a: readonly Line[], b: readonly Line[], of: (line: Line) => number): number {
  return Math.max(...a.map((line, i) => Math.abs(of(line) - of(b[i] ?? line)) / of(line)));
}

const TOLERANCE = 2e-4;
const bytesOf = (folder: string): Buffer => readFileSync(join(folder, 'adapter/adapter_model.safetensors'));

/** The samples with labels that a teacher might have given. */
function taught(samples: readonly TrainingSample[]): TrainingSample[] {
  const random = new Random(3, 'teacher');
  const label = () => ({ tokens: [3, 4, 5].map((low) => low + 3 * random.below(20)), weights: [0.6, 0.3, 0.1] });
  return samples.map((sample) => ({ ...sample, teacher: sample.answer.map(label) }));
}

describe.skipIf(!hasPython)('engine peft', () => {
  it.each(Object.keys(FAMILIES))(
    'takes the steps that our own engine takes: %s',
    async (family) => {
      const { ours, theirs } = await both({ model: tinyModel(family) });
      expect(difference(ours.lines, theirs.lines, ({ loss }) => loss)).toBeLessThan(TOLERANCE);
      expect(difference(ours.lines, theirs.lines, ({ gradientNorm }) => gradientNorm)).toBeLessThan(20 * TOLERANCE);
      expect(ours.lines.at(-1)?.loss).toBeLessThan(ours.lines[0]?.loss ?? 0);
    },
    60_000,
  );

  it.each([
    ['raw text', { objective: 'text' }, tinySamples(6)],
    ['a teacher’s labels', { objective: 'distil' }, taught(tinySamples(6))],
    ['layers computed again', { gradientCheckpointing: true }, tinySamples(6)],
    [
      'other ranks for some modules',
      { lora: { ...TINY_SETTINGS.lora, rankPattern: { down_proj: 2 } } },
      tinySamples(6),
    ],
    ['a scale by the root of the rank', { lora: { ...TINY_SETTINGS.lora, rslora: true } }, tinySamples(6)],
    ['items kept from training', { heldOut: { share: 0.3, everySteps: 2, patience: 2 } }, tinySamples(9)],
  ] as const)('learns alike from %s', async (_, own, samples) => {
    const { ours, theirs } = await both({ model: tinyModel('qwen2'), settings: own, samples });
    expect(difference(ours.lines, theirs.lines, ({ loss }) => loss)).toBeLessThan(TOLERANCE);
    expect(difference(ours.lines, theirs.lines, ({ heldOutLoss = 1 }) => heldOutLoss)).toBeLessThan(TOLERANCE);
    expect(theirs.result.heldOut?.bestStep).toBe(ours.result.heldOut?.bestStep);
    expect(theirs.result.parameters).toBe(ours.result.parameters);
  });

  it('gives the same bits with the same seed, dropout and all, and others with another', async () => {
    const lora = { ...TINY_SETTINGS.lora, dropout: 0.2 };
    const model = tinyModel('qwen2');
    const [first, second] = [
      await train({ model, settings: { lora } }, { peft }),
      await train({ model, settings: { lora } }, { peft }),
    ];
    const other = await train({ model, settings: { lora, seed: 6 } }, { peft });
    expect(bytesOf(second.folder).equals(bytesOf(first.folder))).toBe(true);
    expect(bytesOf(other.folder).equals(bytesOf(first.folder))).toBe(false);
  });

  it('goes on from any step to the same bits as without a stop', async () => {
    const training = { model: tinyModel('qwen2'), settings: { lora: { ...TINY_SETTINGS.lora, dropout: 0.1 } } };
    const whole = await train(training, { peft });
    for (const stop of [1, 3, whole.lines.length - 1]) {
      const folder = join(root, `stopped-${stop}`);
      const controller = new AbortController();
      const onProgress = ({ step }: { step: number }): void => {
        if (step === stop) controller.abort(new Error('stop'));
      };
      const signal = controller.signal;
      await expect(train({ ...training, folder }, { peft, signal, onProgress })).rejects.toThrow('stop');
      expect(existsSync(join(folder, 'checkpoints'))).toBe(true);
      await closePeftSession();
      await train({ ...training, folder }, { peft });
      expect(bytesOf(folder).equals(bytesOf(whole.folder))).toBe(true);
      expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8')).toBe(
        readFileSync(join(whole.folder, 'metrics.jsonl'), 'utf8'),
      );
      expect(readdirSync(folder).sort()).toEqual(['adapter', 'metrics.jsonl']);
    }
  }, 120_000);

  it('answers as our own engine does, with an adapter and without', async () => {
    const model = loadModel(bundledModelPath());
    const samples = Array.from({ length: 12 }, (_, i) => ({
      ...{ id: `q${i}`, item: `i${Math.floor(i / 4)}`, question: `q${i}` },
      context: `Subject ${Math.floor(i / 4)} was born in ${1900 + i} in North Ashby. `.repeat(1 + (i % 3)),
      prompt: `When was subject ${Math.floor(i / 4)} born?`,
      answer: String(1900 + i),
    }));
    const learnt = samples.map((sample, i) => ({
      ...{ id: sample.id, item: sample.item, prompt: model.tokenizer.encode(sample.prompt) },
      answer: model.tokenizer.encode(` ${i} is the answer`),
    }));
    const { folder } = await train({ model, samples: learnt });
    const generation = { maxNewTokens: 12, temperature: 0, seed: 0, stop: ['zzz'] };
    for (const adapter of [null, join(folder, 'adapter')]) {
      const ours = await localModel(model, { adapter }).ask(samples, { settings: generation });
      const theirs = await localModel(model, { adapter, peft }).ask(samples, { settings: generation });
      expect(theirs).toEqual(ours);
    }
    const drawn = localModel(model, { adapter: null, peft }).ask(samples, {
      settings: { ...generation, temperature: 0.5 },
    });
    await expect(drawn).rejects.toThrow('temperature 0.5 with engine peft: it answers greedily');
  }, 60_000);

  it('says what a base in few bits takes', async () => {
    const model = tinyModel('qwen2');
    await expect(train({ model, settings: { quantisation: 'nf4' } }, { peft })).rejects.toThrow('needs a CUDA GPU');
    await expect(train({ model, settings: { quantisation: 'int4' } }, { peft })).rejects.toThrow('lightmem’s own');
  });
});
