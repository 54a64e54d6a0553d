/** Distillation: its teacher, loss and gradients as PyTorch has them (scripts/golden/distil.py), and what it does with samples that have no teacher. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { Teacher } from '../../src/generate/teacher.js';
import { readAdapter } from '../../src/models/adapter/adapter.js';
import { hardLabel, pack, type PackedRow, type TeacherAnswer } from '../../src/models/graph/packing.js';
import { finetune } from '../../src/train/finetune.js';
import { answers } from '../../src/train/objectives/answers.js';
import { distil } from '../../src/train/objectives/distil.js';
import type { Objective, TrainingSample } from '../../src/train/objectives/objective.js';
import { withTeacher } from '../../src/train/objectives/taught.js';
import { globalNorm } from '../../src/train/optimiser.js';
import { Trainer } from '../../src/train/trainer.js';
import { TINY_SETTINGS, tinyModel, tinySamples } from './tiny-model.js';

interface GoldenSample {
  text: number[] | null;
  prompt: number[];
  answer: number[];
  teacher: { tokens: number[][]; weights: number[][]; missing: number[] } | null;
}

interface Golden {
  k: number;
  temperature: number;
  reference: number;
  families: Record<string, { samples: GoldenSample[]; loss: number; gradients: Record<string, number[]> }>;
}

const GOLDEN = new URL('../golden/', import.meta.url).pathname;
const golden = JSON.parse(readFileSync(join(GOLDEN, 'train/distil.json'), 'utf8')) as Golden;
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const root = mkdtempSync(join(tmpdir(), 'lightmem-distil-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const goldenOf = (family: string) => golden.families[family] ?? { samples: [], loss: NaN, gradients: {} };

/** The student's samples: without their text. */
const studied = (family: string): TrainingSample[] =>
  goldenOf(family).samples.map(({ prompt, answer }, i) => ({ id: String(i), item: String(i), prompt, answer }));

/** What PyTorch's teacher said, by sample. */
const said = (family: string): ReadonlyMap<string, TeacherAnswer> =>
  new Map(
    goldenOf(family).samples.flatMap(({ teacher }, i) => {
      if (teacher === null) return [];
      const labels = teacher.tokens.map((tokens, place) => ({ tokens, weights: teacher.weights[place] ?? [] }));
      return [[String(i), { labels, missing: teacher.missing }] as const];
    }),
  );

/** PEFT's adapter of a tiny model, with a B that is not zero, as the script has it. */
function trainer(family: string, objective: Objective): Promise<Trainer> {
  const { config, weights } = tinyModel(family);
  const { tensors } = readAdapter(join(GOLDEN, 'decoder', family, 'adapter'), config, { allowUntrained: true });
  return Trainer.create({
    ...{ engine, config, optimiser: TINY_SETTINGS, positions: 64, labels: objective.labels },
    training: { kind: 'lora', lora: TINY_SETTINGS.lora },
    initial: ({ name, module, role }) => {
      const pair = tensors[module];
      if (pair && role === 'lora_A') return pair.a.slice();
      return pair && role === 'lora_B' ? pair.b.map((_, i) => 0.1 * Math.sin(1 + i)) : weights.read(name);
    },
  });
}

async function accumulated(family: string, objective: Objective, rows: readonly PackedRow[]) {
  const under = await trainer(family, objective);
  try {
    return await under.accumulate([rows]);
  } finally {
    await under.dispose();
  }
}

const rowsOf = (objective: Objective, samples: readonly TrainingSample[]): PackedRow[] => [
  pack(samples.slice(0, 3).map(objective.learnt)),
  pack(samples.slice(3).map(objective.learnt)),
];

describe.each(Object.keys(golden.families))('a tiny random %s', (family) => {
  const { k, temperature, reference } = golden;
  const { samples } = withTeacher(studied(family), said(family), { reference, contradicting: 'teacher' });

  it('teaches what PyTorch’s teaches', async () => {
    const settings = { k, temperature };
    const teacher = new Teacher({ model: tinyModel(family), engine, settings, limit: 64 });
    const taught = goldenOf(family).samples.flatMap(({ text, prompt, answer }, i) =>
      text === null ? [] : [{ id: String(i), prompt: [...text, ...prompt], answer }],
    );
    const found = await teacher.answers(taught);
    await teacher.dispose();
    const expected = [...said(family).values()];
    expect(found.map(({ labels }) => labels.map(({ tokens }) => tokens))).toEqual(
      expected.map(({ labels }) => labels.map(({ tokens }) => tokens)),
    );
    const numbers = (said: readonly TeacherAnswer[]): number[] =>
      said.flatMap(({ labels, missing }) => [...labels.flatMap(({ weights }) => weights), ...missing]);
    numbers(found).forEach((number, i) => expect(number).toBeCloseTo(numbers(expected)[i] ?? NaN, 5));
  });

  it('learns by the loss and the gradients of PyTorch, one of its samples without a teacher', async () => {
    const { loss, gradients } = await accumulated(family, distil, rowsOf(distil, samples));
    expect(loss / goldenOf(family).loss).toBeCloseTo(1, 5);
    const names = Object.keys(goldenOf(family).gradients);
    expect([...gradients.keys()].sort()).toEqual(names.sort());
    for (const name of names) {
      const expected = goldenOf(family).gradients[name] ?? [];
      const difference = [...(gradients.get(name) ?? [])].map((value, i) => value - (expected[i] ?? NaN));
      expect(globalNorm([Float32Array.from(difference)]) / globalNorm([Float32Array.from(expected)])).toBeLessThan(
        1e-4,
      );
    }
  });

  it('has gradients that the loss follows, by finite differences', async () => {
    const under = await trainer(family, distil);
    const rows = rowsOf(distil, samples);
    const { gradients } = await under.accumulate([rows]);
    const random = new Random(5, 'direction');
    const directions = [
      new Map([...gradients].map(([name, data]) => [name, data.map(() => random.normal())])),
      gradients,
    ];
    for (const direction of directions) {
      const norm = globalNorm(direction.values());
      let expected = 0;
      for (const [name, data] of gradients)
        data.forEach((value, i) => (expected += (value * (direction.get(name)?.[i] ?? NaN)) / norm));
      const moved = (by: number): Promise<number> => {
        for (const [name, data] of direction) {
          const values = under.trained.get(name);
          values?.set(values.map((value, i) => value + (by * (data[i] ?? NaN)) / norm));
        }
        return under.evaluate([rows]);
      };
      const slope = ((await moved(1e-2)) - (await moved(-2e-2))) / 2e-2;
      await moved(1e-2);
      expect(slope / expected).toBeCloseTo(1, 2);
    }
    await under.dispose();
  });

  it('learns of hard labels, alone or beside several, bit for bit what training on answers learns', async () => {
    const plain = studied(family);
    const certain = plain.map((sample) => ({ ...sample, teacher: sample.answer.map((token) => hardLabel(token)) }));
    const hard = await accumulated(family, answers, rowsOf(answers, plain));
    const soft = await accumulated(family, distil, rowsOf(distil, certain));
    expect(soft).toEqual(hard);
    // Among three labels, two of no weight: the sum of the losses is taken in another order, the gradients are the same.
    const three = certain.map(({ teacher, ...sample }) => ({
      ...sample,
      teacher: teacher.map(({ tokens }) => ({ tokens: [...tokens, 7, 9], weights: [1, 0, 0] })),
    }));
    const mixed = await accumulated(family, distil, rowsOf(distil, [...three.slice(0, 2), ...plain.slice(2)]));
    expect(mixed.gradients).toEqual(hard.gradients);
    expect(mixed.loss).toBeCloseTo(hard.loss, 5);
  });
});

it('trains on certain teachers to the adapter that training on answers gives, byte for byte', async () => {
  const model = tinyModel();
  const samples = tinySamples(6);
  const train = async (objective: string, taught: readonly TrainingSample[]) => {
    const { adapterPath } = await finetune({
      ...{ model, samples: taught, settings: { ...TINY_SETTINGS, objective }, folder: join(root, objective) },
      threads: 1,
    });
    return readFileSync(join(adapterPath, 'adapter_model.safetensors')).toString('base64');
  };
  const certain = samples.map((sample) => ({ ...sample, teacher: sample.answer.map((token) => hardLabel(token)) }));
  expect(await train('distil', certain)).toBe(await train('answers', samples));
});

describe('samples with a teacher', () => {
  const sample = (id: string, answer: number[]): TrainingSample => ({ id, item: 'i', prompt: [3, 4], answer });
  const agreeing: TeacherAnswer = {
    labels: [
      { tokens: [5, 6], weights: [0.75, 0.25] },
      { tokens: [2, 8], weights: [0.5, 0.5] },
    ],
    missing: [0.02, 0.04],
  };
  const other: TeacherAnswer = { labels: [{ tokens: [7, 5], weights: [0.5, 0.5] }], missing: [0.06] };
  const samples = [sample('agreed', [5, 2]), sample('other', [9]), sample('none', [5])];
  const teacher = new Map([
    ['agreed', agreeing],
    ['other', other],
  ]);

  it('learn its labels and their answer by shares; where it contradicts them their answer alone', () => {
    const { samples: made, report } = withTeacher(samples, teacher, { reference: 0.2 });
    expect(made[0]?.teacher).toEqual([
      { tokens: [5, 6], weights: [0.8 * 0.75 + 0.2, 0.8 * 0.25] },
      { tokens: [2, 8], weights: [0.8 * 0.5 + 0.2, 0.8 * 0.5] },
    ]);
    expect(made[1]?.teacher).toEqual([hardLabel(9)]);
    expect(made[2]).toBe(samples[2]);
    expect(report).toEqual({
      ...{ taught: 2, contradicted: 1, places: 3, contradictedPlaces: 1, dropped: 0 },
      missing: { mean: 0.04, most: 0.06 },
    });
  });

  it('learn where it contradicts them what is asked for: of other places, their answer alone, nothing, or of it all the same', () => {
    const dropped = withTeacher(samples, teacher, { contradicting: 'drop' });
    expect(dropped.samples.map(({ id }) => id)).toEqual(['agreed', 'none']);
    expect(dropped.report).toMatchObject({ taught: 2, contradicted: 1, dropped: 1 });
    const partly = new Map([['agreed', { ...agreeing, labels: [...other.labels, ...agreeing.labels.slice(1)] }]]);
    const places = withTeacher(samples, partly, { reference: 0 });
    expect(places.samples[0]?.teacher).toEqual([hardLabel(5), agreeing.labels[1]]);
    const hard = withTeacher(samples, partly, { contradicting: 'hard' });
    expect(hard.samples[0]?.teacher).toEqual([hardLabel(5), hardLabel(2)]);
    const followed = withTeacher(samples, teacher, { contradicting: 'teacher', reference: 0.3 });
    expect(followed.samples[1]?.teacher).toEqual([{ tokens: [7, 5, 9], weights: [0.35, 0.35, 0.3] }]);
    const alone = withTeacher(samples, teacher, { contradicting: 'teacher', reference: 0 });
    expect(alone.samples[1]?.teacher).toEqual(other.labels);
  });

  it('are refused where shares or answers do not fit', () => {
    expect(() => withTeacher(samples, teacher, { reference: 2 })).toThrow(
      'invalid share of the reference answers "2": use a number from 0 to 1',
    );
    expect(() => withTeacher([sample('agreed', [5])], teacher)).toThrow(
      'sample agreed: the teacher has labels of 2 tokens for 1 answer tokens: ask it with the same answer',
    );
  });
});
