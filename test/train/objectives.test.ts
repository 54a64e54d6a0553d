/** Objectives: one suite that every entry of the table passes, and what each of them learns. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { Generator } from '../../src/generate/generator.js';
import { SurprisalScorer } from '../../src/generate/surprisal.js';
import { hardLabel, pack, type Labels, type PackedRow } from '../../src/models/graph/packing.js';
import { planSteps } from '../../src/train/batch-plan.js';
import { finetune } from '../../src/train/finetune.js';
import { answers } from '../../src/train/objectives/answers.js';
import { distil } from '../../src/train/objectives/distil.js';
import { withRowTargets, type Objective, type TrainingSample } from '../../src/train/objectives/objective.js';
import { OBJECTIVES, objectiveNamed } from '../../src/train/objectives/objectives.js';
import { text } from '../../src/train/objectives/text.js';
import { textAndAnswers } from '../../src/train/objectives/text-and-answers.js';
import { globalNorm } from '../../src/train/optimiser.js';
import { Trainer, loraInitialiser } from '../../src/train/trainer.js';
import { TINY_SETTINGS, tinyModel, tinySamples } from './tiny-model.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-objectives-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const model = tinyModel();
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });

/** Three likely tokens for every answer token, drawn at random. */
function taught(sample: TrainingSample): TrainingSample {
  const random = new Random(3, 'teacher', sample.id);
  const teacher = sample.answer.map((token, i): Labels => {
    const tokens = [token, ...(i === 0 ? [3 + random.below(80)] : []), 3 + random.below(80)];
    return { tokens, weights: tokens.map((_, k) => 0.6 / (k + 1)) };
  });
  return { ...sample, teacher };
}

const samples = tinySamples(6).map(taught);

function trainer(objective: Objective): Promise<Trainer> {
  return Trainer.create({
    engine,
    config: model.config,
    training: { kind: 'lora', lora: TINY_SETTINGS.lora },
    // B is not zero, so that every matrix has a gradient.
    initial: (parameter) => {
      const values = loraInitialiser(model.weights, 1)(parameter) as Float32Array;
      const random = new Random(2, parameter.name);
      return parameter.name.endsWith('lora_B.weight') ? values.map(() => 0.1 * random.normal()) : values;
    },
    optimiser: TINY_SETTINGS,
    positions: 64,
    labels: objective.labels,
  });
}

function rowOf(objective: Objective, some: readonly TrainingSample[]): PackedRow {
  return withRowTargets(objective, pack(some.map(objective.learnt)), new Random(1, 'row'));
}

async function accumulated(objective: Objective, rows: readonly PackedRow[]) {
  const under = await trainer(objective);
  try {
    return await under.accumulate([rows]);
  } finally {
    await under.dispose();
  }
}

type Gradients = ReadonlyMap<string, Float32Array>;

/** Largest difference of two gradients' tensors, relative to their norm. */
function difference(one: Gradients, other: Gradients): number {
  expect([...one.keys()]).toEqual([...other.keys()]);
  const relative = [...one].map(([name, gradient]) => {
    const expected = other.get(name) ?? new Float32Array();
    return globalNorm([gradient.map((value, i) => value - (expected[i] ?? NaN))]) / globalNorm([expected]);
  });
  return Math.max(...relative);
}

const settings = (objective: Objective) => ({ ...TINY_SETTINGS, epochs: 2, objective: objective.name });

function train(objective: Objective, folder: string, stopAfter = Infinity): ReturnType<typeof finetune> {
  const abort = new AbortController();
  return finetune({
    model,
    samples,
    settings: settings(objective),
    folder: join(root, folder),
    threads: 1,
    signal: abort.signal,
    onProgress: ({ step }) => {
      if (step >= stopAfter) abort.abort(new Error('stopped'));
    },
  });
}

const adapter = (folder: string): string =>
  readFileSync(join(root, folder, 'adapter/adapter_model.safetensors')).toString('base64');

describe.each(OBJECTIVES.map((objective) => [objective.name, objective] as const))(
  'the objective %s',
  (name, objective) => {
    it('is found by its name', () => {
      expect(objectiveNamed(name)).toBe(objective);
    });

    it('learns tokens that have others before them, each at an index of its own, by labels with weights', () => {
      const row = rowOf(objective, samples.slice(0, 3));
      const indices = row.targets.map(({ at }) => at);
      expect(indices.length).toBeGreaterThan(0);
      expect(new Set(indices).size).toBe(indices.length);
      for (const { at, tokens, weights } of row.targets) {
        expect(row.ids[at]).toBeDefined();
        expect(weights).toHaveLength(tokens.length);
        if (objective.labels === 'hard') expect(tokens).toHaveLength(1);
      }
    });

    it('lowers the loss and gives the same bits, stopped after a step and run again', async () => {
      const whole = await train(objective, `${name}-whole`);
      expect(whole.steps).toBeGreaterThan(2);
      expect(whole.lastLoss).toBeLessThan(whole.firstLoss);
      await expect(train(objective, `${name}-stopped`, 2)).rejects.toThrow('stopped');
      await train(objective, `${name}-stopped`);
      expect(adapter(`${name}-stopped`)).toBe(adapter(`${name}-whole`));
    });

    // A trunk's own tokens are learnt once for all samples behind it.
    it.skipIf(objective.learntOfRow !== undefined)(
      'learns of samples in one row what it learns of them apart',
      async () => {
        const some = samples.slice(0, 3);
        const packed = await accumulated(objective, [rowOf(objective, some)]);
        const apart = await accumulated(
          objective,
          some.map((sample) => rowOf(objective, [sample])),
        );
        expect(packed.loss).toBeCloseTo(apart.loss, 5);
        expect(difference(packed.gradients, apart.gradients)).toBeLessThan(1e-5);
      },
    );
  },
);

it('names the objectives there are where one is unknown', () => {
  expect(() => objectiveNamed('x')).toThrow(
    'unknown objective "x": use one of answers, text, distil, text-and-answers',
  );
});

it('gives trainings of different objectives different adapters', () => {
  const adapters = OBJECTIVES.map(({ name }) => adapter(`${name}-whole`));
  expect(new Set(adapters).size).toBe(OBJECTIVES.length);
});

describe('answers', () => {
  it('learns the answer alone', () => {
    const [sample] = samples as [TrainingSample];
    const { targets } = rowOf(answers, [sample]);
    const start = sample.prompt.length - 1;
    expect(targets).toEqual(
      sample.answer.map((token, i) => ({ at: start + i, sample: 0, tokens: [token], weights: [1] })),
    );
  });
});

describe('text', () => {
  it('learns every token of a text but the first, as surprising as the model finds it', async () => {
    const start = model.config.bosTokenId ?? model.config.eosTokenIds[0] ?? 0;
    const texts = samples.slice(0, 2).map(({ prompt }) => prompt);
    const scorer = new SurprisalScorer(model, engine);
    const surprisal = (await scorer.surprisal(texts)).flat();
    await scorer.dispose();
    const under = await Trainer.create({
      engine,
      config: model.config,
      training: { kind: 'lora', lora: TINY_SETTINGS.lora },
      initial: loraInitialiser(model.weights, 1),
      optimiser: TINY_SETTINGS,
      positions: 64,
    });
    const rows = texts.map((tokens, i) =>
      rowOf(text, [{ id: String(i), item: String(i), prompt: [start, ...tokens], answer: [] }]),
    );
    const { loss, losses } = await under.accumulate([rows]);
    await under.dispose();
    expect([...(losses[0] ?? [])]).toHaveLength(surprisal.length);
    surprisal.forEach((expected, i) => expect(losses[0]?.[i]).toBeCloseTo(expected, 4));
    expect(loss).toBeCloseTo(surprisal.reduce((a, b) => a + b, 0) / surprisal.length, 4);
  });

  it('refuses a text of one token', () => {
    expect(() => text.learnt({ id: 'a', item: 'a', prompt: [4], answer: [] })).toThrow(
      'sample a: 1 token teaches nothing: give it two or more',
    );
  });

  it('fills rows with texts, however long each is', () => {
    const steps = planSteps(samples, { epochs: 1, accumulation: 1, batchTokens: 100, seed: 1, objective: text });
    const rows = steps.flatMap(({ batches }) => batches.flat());
    expect(rows.flatMap((row) => row.samples).sort()).toEqual(samples.map(({ id }) => id).sort());
    expect(Math.max(...rows.map((row) => row.samples.length))).toBeGreaterThan(1);
  });
});

describe('distil', () => {
  it('has the cross entropy of the teacher to the model as its loss', async () => {
    const [sample] = samples as [TrainingSample];
    const generator = await Generator.create({
      ...{ engine, config: model.config, tokenizer: model.tokenizer, training: { kind: 'none' } },
      values: ({ name }) => model.weights.read(name),
    });
    let [expected, total] = [0, 0];
    for (const [i, { tokens, weights }] of (sample.teacher ?? []).entries()) {
      const logits = await generator.nextLogits([...sample.prompt, ...sample.answer.slice(0, i)]);
      const logSum = Math.log(logits.reduce((sum, each) => sum + Math.exp(each), 0));
      tokens.forEach((token, k) => {
        expected += (weights[k] ?? NaN) * (logSum - (logits[token] ?? NaN));
        total += weights[k] ?? NaN;
      });
    }
    await generator.dispose();
    const under = await Trainer.create({
      engine,
      config: model.config,
      training: { kind: 'lora', lora: TINY_SETTINGS.lora },
      initial: loraInitialiser(model.weights, 1),
      optimiser: TINY_SETTINGS,
      positions: 64,
      labels: 'soft',
    });
    const { loss } = await under.accumulate([[rowOf(distil, [sample])]]);
    await under.dispose();
    expect(loss).toBeCloseTo(expected / total, 4);
  });

  it('refuses teachers whose labels lack answer tokens, or weights that are shares', () => {
    const sample: TrainingSample = { id: 'a', item: 'a', prompt: [4], answer: [5, 6] };
    expect(() => distil.learnt({ ...sample, teacher: [] })).toThrow(
      "sample a: labels of 0 tokens for 2 answer tokens: give the teacher's labels of each",
    );
    const teacher = [hardLabel(5), { tokens: [6, 7], weights: [0.5] }];
    expect(() => distil.learnt({ ...sample, teacher })).toThrow(
      "sample a: the teacher's labels of answer token 2 are 2 tokens and 1 weights: give as many weights as tokens, one or more",
    );
    const odd = [hardLabel(5), { tokens: [6, 7], weights: [0, -0.5] }];
    expect(() => distil.learnt({ ...sample, teacher: odd })).toThrow(
      "sample a: the weights of the teacher's labels of answer token 2 are 0, -0.5: give numbers from 0 on, one of them larger",
    );
  });
});

describe('text-and-answers', () => {
  it('adds a share of trunk and questions to the answers, drawn anew for every row', () => {
    const objective = textAndAnswers({ textWeight: 0.2, questionWeight: 0.1, textShare: 0.5 });
    const row = pack(samples.slice(0, 3).map(objective.learnt));
    const learn = (seed: number) => withRowTargets(objective, row, new Random(seed, 'row')).targets;
    const added = learn(1).slice(row.targets.length);
    expect(learn(1).slice(0, row.targets.length)).toEqual(row.targets);
    expect(new Set(added.map(({ weights }) => weights[0]))).toEqual(new Set([0.4, 0.2]));
    for (const { at, tokens, sample } of added) {
      expect(sample).toBe(-1);
      expect(tokens).toEqual([row.ids[at + 1]]);
      expect(row.branch[at]).toBe(row.branch[at + 1]);
    }
    expect(learn(1)).toEqual(learn(1));
    expect(learn(2)).not.toEqual(learn(1));
  });
});
