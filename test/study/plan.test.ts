import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { planLines } from '../../src/cli/study/plan-text.js';
import { hasEightBitProducts } from '../../src/engine/eight-bits.js';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { runCost, runSeconds } from '../../src/study/estimate.js';
import type { RunSeconds } from '../../src/study/run-seconds.js';
import { INT8_RECIPE } from '../../src/models/graph/int8-weights.js';
import { planStudy, type StudyPlan } from '../../src/study/plan.js';
import { planForecast } from '../../src/study/plan-forecast.js';
import { learntSamples } from '../../src/study/learnt-samples.js';
import { planSteps } from '../../src/train/batch-plan.js';
import { presetNames, presetStudy } from '../../src/study/presets.js';
import { hashJson } from '../../src/core/hash.js';
import { identityHash, runName } from '../../src/study/identity.js';
import { leastStudy, scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

const folder = scratchFolder();
const model = join(folder, 'model');

beforeAll(() => {
  writeTinyModel(model);
});

const plan = (changes: Partial<StudyInput> = {}): Promise<StudyPlan> =>
  planStudy(studyConfig(leastStudy(model, changes)));

const names = ({ runs }: StudyPlan): string[] => runs.map(({ spec }) => runName(spec.identity));

describe('a plan', () => {
  it('has one base run for each way of asking, and one run for each cell', async () => {
    const planned = await plan({
      datasets: { articles: { world: { kind: 'articles', seed: 1 }, items: 8, testItems: 2 } },
      grid: [
        { dataset: 'articles', book: 'open', levels: ['original', 'summ_l3'], ranks: [4, 8] },
        { dataset: 'articles', book: 'closed', ranks: [4], amounts: [2, 8], seeds: [0, 1] },
      ],
    });
    expect(names(planned)).toEqual([
      'articles-open-original-base',
      'articles-open-summ_l3-base',
      'articles-closed-base',
      'articles-open-original-r4-n6-s0',
      'articles-open-original-r8-n6-s0',
      'articles-open-summ_l3-r4-n6-s0',
      'articles-open-summ_l3-r8-n6-s0',
      'articles-closed-r4-n2-s0',
      'articles-closed-r4-n2-s1',
      'articles-closed-r4-n8-s0',
      'articles-closed-r4-n8-s1',
    ]);
  });

  it('never asks an open book about what was trained, and a closed book about nothing else', async () => {
    const planned = await plan({
      grid: [
        { dataset: 'articles', book: 'open', levels: ['original'], ranks: [4] },
        { dataset: 'articles', book: 'closed', ranks: [4], amounts: [3] },
      ],
    });
    const [, , open, closed] = planned.runs;
    expect(open?.asked.filter((item) => open.trained.includes(item))).toEqual([]);
    expect(closed?.asked).toEqual(closed?.trained);
    expect(planned.runs[1]?.asked).toEqual(closed?.trained);
  });

  it('holds alpha / r equal over ranks, unless an alpha is given', async () => {
    const grid: StudyInput['grid'] = [{ dataset: 'articles', book: 'closed', ranks: [4, 16] }];
    const alphas = async (train: NonNullable<StudyInput['train']>): Promise<(number | undefined)[]> =>
      (await plan({ grid, train, base: false })).runs.map(({ spec }) => spec.identity.training?.settings.lora.alpha);
    expect(await alphas({})).toEqual([8, 32]);
    expect(await alphas({ alpha: 16 })).toEqual([16, 16]);
    expect(await alphas({ rslora: true })).toEqual([4, 8]);
  });

  it('foresees less time for a training in integers of eight bits, and the same for asking', async () => {
    const seconds = async (compute: 'f32' | 'int8-anyway'): Promise<RunSeconds> => {
      const { model: local, runs } = await plan({ train: { compute }, base: false });
      const [run] = runs;
      if (run === undefined) throw new Error('nothing is planned');
      return runSeconds(runCost(run, local.tokenizer), local, 1);
    };
    const [float, coded] = [await seconds('f32'), await seconds('int8-anyway')];
    expect(coded.ask).toBe(float.ask);
    expect(coded.train / float.train).toBeGreaterThan(0.6);
    expect(coded.train / float.train).toBeLessThan(0.8);
  });

  it('foresees no more tokens than maxSteps come to', async () => {
    const tokens = async (maxSteps?: number): Promise<number> => {
      const settings = { epochs: 4, batchTokens: 64, accumulation: 2, ...(maxSteps !== undefined && { maxSteps }) };
      const { model: local, runs } = await plan({ train: settings, base: false });
      const [run] = runs;
      return run === undefined ? NaN : runCost(run, local.tokenizer).trainTokens;
    };
    expect(await tokens(3)).toBe(3 * 2 * 64);
    expect(await tokens(10_000)).toBe(await tokens());
    expect(await tokens()).toBeGreaterThan(3 * 2 * 64);
  });

  it('counts a text again for every further batch that its questions take, much as training packs them, and says so', async () => {
    const grid: StudyInput['grid'] = [{ dataset: 'articles', book: 'open', levels: ['original'], ranks: [4] }];
    const fed = async (batchTokens: number) => {
      const planned = await plan({ grid, train: { epochs: 1, batchTokens }, base: false });
      const { model: local, runs } = planned;
      const [run] = runs;
      const identity = run?.spec.identity.training;
      if (run === undefined || !identity || local.kind !== 'local') throw new Error('no training is planned');
      const from = { spec: run.spec, trained: run.trained, samples: null };
      const samples = await learntSamples(from, { identity, model: local.model, teachers: '' });
      const batches = planSteps(samples, { epochs: 1, batchTokens, accumulation: 1, seed: 0 }).flatMap(
        (step) => step.batches,
      );
      const said = planLines(planned, planForecast(planned, join(folder, 'out'))).filter((line) =>
        /fed again/.test(line),
      );
      return {
        cost: runCost(run, local.tokenizer),
        real: batches.flat().reduce((sum, { ids }) => sum + ids.length, 0),
        said,
      };
    };
    const [small, large] = [await fed(96), await fed(1024)];
    expect(large.cost.repeatedTokens).toBeUndefined();
    expect(large.said).toEqual([]);
    expect(small.cost.trainTokens - (small.cost.repeatedTokens ?? 0)).toBeCloseTo(large.cost.trainTokens, 6);
    expect(small.real / large.real).toBeGreaterThan(1.2);
    expect(small.cost.trainTokens / large.cost.trainTokens / (small.real / large.real)).toBeGreaterThan(0.75);
    expect(small.cost.trainTokens / large.cost.trainTokens / (small.real / large.real)).toBeLessThan(1.33);
    const [line = ''] = small.said;
    expect(line).toMatch(
      /^train.batchTokens: 96 has no room for .* up to \d\d % of the tokens to train; about \d+ has room for all/,
    );
    const whole = await fed(Number(/about (\d+) has/.exec(line)?.[1]));
    expect(whole.cost.repeatedTokens).toBeUndefined();
  });

  it('carries out the demonstration with 35 adapters, 13 of them trained on texts', async () => {
    const { runs } = await planStudy({ ...presetStudy('demo'), model });
    expect(runs.filter(({ spec }) => spec.identity.rank > 0 && spec.identity.book !== 'text')).toHaveLength(22);
    expect(runs.filter(({ spec }) => spec.identity.rank > 0 && spec.identity.book === 'text')).toHaveLength(13);
  });

  it('has the grids of the study, asked in open book: 14, 10 and 12 configurations', () => {
    const count = (name: string): number =>
      presetStudy(name)
        .grid.filter(({ book }) => book === 'open')
        .reduce(
          (sum, part) => sum + (part.levels?.length ?? 1) * (part.ranks?.length ?? 0) * (part.amounts?.length ?? 1),
          0,
        );
    expect(['experiment-a', 'experiment-b', 'orthogonal'].map(count)).toEqual([14, 10, 12]);
  });

  it('has the same grids in the showcase, as far as a book knows levels and rules find questions: 36 open, 29 on texts, 16 closed', () => {
    const { grid } = presetStudy('showcase');
    const count = (book: string): number =>
      grid
        .filter((part) => part.book === book)
        .reduce((sum, part) => {
          const levels = part.book === 'closed' ? 1 : part.levels.length;
          return sum + levels * (part.ranks?.length ?? 0) * (part.amounts?.length ?? 1);
        }, 0);
    expect(['open', 'text', 'closed'].map(count)).toEqual([36, 29, 16]);
    expect(new Set(grid.map(({ seeds }) => seeds.length))).toEqual(new Set([3]));
  });

  it('trains each configuration of the study with three seeds, for its verdicts hang on the noise between them', () => {
    const seeds = ['experiment-a', 'experiment-b', 'orthogonal'].flatMap((name) =>
      presetStudy(name).grid.map((part) => part.seeds.length),
    );
    expect(new Set(seeds)).toEqual(new Set([3]));
  });

  it('reads every study that has a name', () => {
    expect(presetNames().length).toBeGreaterThan(8);
    for (const name of presetNames()) expect(presetStudy(name).name).toBe(name);
  });
});

/** What of a trained run changes: its training, how it is asked, and the run as a whole. */
interface Stages {
  readonly training: string;
  readonly answering: string;
  readonly run: string;
}

async function stages(changes: Partial<StudyInput> = {}): Promise<Stages> {
  const run = (await plan(changes)).runs.find(({ spec }) => spec.identity.training !== null);
  if (run?.spec.identity.training == null) throw new Error('nothing is trained');
  const { training, answering } = run.spec.identity;
  return { training: identityHash(training), answering: hashJson(answering), run: run.spec.id };
}

type Change = readonly [name: string, changes: Partial<StudyInput>];

describe('identities', () => {
  const { train } = leastStudy(model);
  const evaluate = { maxNewTokens: 4 };
  const nothing: readonly Change[] = [
    ['another folder', { out: '/elsewhere' }],
    ['another name', { name: 'other' }],
    ['processes in place of a thread', { executor: { kind: 'pool', workers: 3, threads: 2 } }],
    ['fewer checkpoints', { train: { ...train, checkpointEverySteps: 0 } }],
    ['lanes', { train: { ...train, lanes: 2 } }],
    ['steps of one batch of like length', { train: { ...train, groupByLength: true } }],
    [
      'a second rank in the grid',
      { grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2, 3] }] },
    ],
    ['no base', { base: false }],
  ];
  const trainings: readonly Change[] = [
    ['another learning rate', { train: { ...train, learningRate: 2e-2 } }],
    ['another scale', { train: { ...train, scale: 1 } }],
    ['other texts', { datasets: { articles: { world: { kind: 'articles', seed: 2 }, items: 4, testItems: 2 } } }],
    ['another split', { datasets: { articles: { world: { kind: 'articles', seed: 1 }, items: 4, testItems: 1 } } }],
    ['another level', { grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l2'], ranks: [2] }] }],
    ['another seed', { grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2], seeds: [1] }] }],
    ['another prompt', { prompt: { open: '{context} {question}' } }],
    ['more room for answers', { prompt: { answerRoom: 60 } }],
    ['another device', { device: 'webgpu' }],
    ['other ranks for some modules', { train: { ...train, rankPattern: { down_proj: 4 } } }],
    ['a quantised base', { train: { ...train, quantisation: 'nf4' } }],
    ['a base computed in eight bits', { train: { ...train, compute: 'int8-anyway' } }],
    ['items held out', { train: { ...train, heldOut: 0.5 } }],
  ];
  const askings: readonly Change[] = [
    ['longer answers', { evaluate: { maxNewTokens: 5 } }],
    ['another stop string', { evaluate: { ...evaluate, stop: ['.'] } }],
    ['answers drawn by lot', { evaluate: { ...evaluate, temperature: 0.5 } }],
  ];
  const rows: readonly Change[] = [
    ['another judge', { evaluate: { ...evaluate, judges: ['exact'] } }],
    ['a second judge', { evaluate: { ...evaluate, judges: ['lexical', 'exact'] } }],
    [
      'one more item to ask about',
      { datasets: { articles: { world: { kind: 'articles', seed: 1 }, items: 5, testItems: 3 } } },
    ],
  ];

  it.each(nothing)('all stay with %s', async (_, changes) => {
    expect(await stages(changes)).toEqual(await stages());
  });

  it('of the training and the run change with steps of like length, where a step has several batches', async () => {
    const several = { train: { ...train, accumulation: 2 } };
    const [apart, alike] = [await stages(several), await stages({ train: { ...several.train, groupByLength: true } })];
    expect(alike.training).not.toBe(apart.training);
    expect(alike.run).not.toBe(apart.run);
  });

  it.each(trainings)('of the training and the run change with %s', async (_, changes) => {
    const [now, before] = [await stages(changes), await stages()];
    expect(now.training).not.toBe(before.training);
    expect(now.run).not.toBe(before.run);
  });

  it.each(askings)('of the answers and the run, not of the training, change with %s', async (_, changes) => {
    const [now, before] = [await stages(changes), await stages()];
    expect(now.training).toBe(before.training);
    expect(now.answering).not.toBe(before.answering);
    expect(now.run).not.toBe(before.run);
  });

  it.each(rows)('of the run alone change with %s', async (_, changes) => {
    const [now, before] = [await stages(changes), await stages()];
    expect(now).toEqual({ ...before, run: now.run });
    expect(now.run).not.toBe(before.run);
  });

  it('hold how integers of eight bits are made, where a base is computed in them', async () => {
    const recipes = async (compute: 'f32' | 'int8-anyway') =>
      (await plan({ train: { ...train, compute } })).runs.map(({ spec }) => spec.identity.training?.recipe);
    expect(await recipes('int8-anyway')).toContainEqual(INT8_RECIPE);
    expect(new Set(await recipes('f32'))).toEqual(new Set([undefined]));
  });

  it('are those of the model, not of its path', async () => {
    const copy = join(folder, 'copy');
    cpSync(model, copy, { recursive: true });
    expect(await stages({ model: copy })).toEqual(await stages());
    writeTinyModel(join(folder, 'other'), 2);
    const [other, before] = [await stages({ model: join(folder, 'other') }), await stages()];
    expect([other.training === before.training, other.answering === before.answering]).toEqual([false, false]);
  });

  it('are computed alike from the plan and from their stored form', async () => {
    const { runs } = await plan();
    for (const { spec } of runs) {
      const { identity } = JSON.parse(JSON.stringify(spec)) as typeof spec;
      expect(identityHash(identity)).toBe(spec.id);
    }
    expect.assertions(runs.length);
  });
});

describe('a plan that cannot be carried out', () => {
  it('tells every part of the grid that does not fit the data', async () => {
    const grid: StudyInput['grid'] = [
      { dataset: 'articles', book: 'open', levels: ['hybrid'], ranks: [2], amounts: [3] },
      { dataset: 'articles', book: 'closed', ranks: [2], amounts: [5] },
    ];
    await expect(plan({ grid })).rejects.toThrow(
      [
        'the grid does not fit its data:',
        '  - grid[0].amounts: 3 items asked, "articles" has 2 to train on',
        '  - grid[0].levels: 4 of the 4 items of "articles" have no text at level hybrid: name it under "texts", or write it with lightmem compress',
        '  - grid[1].amounts: 5 items asked, "articles" has 4 to train on',
      ].join('\n'),
    );
  });

  it('asks for items to test on', async () => {
    const datasets = { articles: { world: { kind: 'articles' as const }, items: 4 } };
    await expect(plan({ datasets })).rejects.toThrow('set its testItems, or evaluateOn: trained');
  });

  it('says when the split leaves nothing, and when a file holds nothing', async () => {
    const datasets = { articles: { world: { kind: 'articles' as const }, items: 4, testItems: 4 } };
    await expect(plan({ datasets })).rejects.toThrow('lower "testItems"');
    const file = join(folder, 'empty.jsonl');
    writeFileSync(file, '');
    await expect(plan({ datasets: { articles: { file, testItems: 1 } } })).rejects.toThrow('is empty');
    writeFileSync(file, '{"id":"a","text":"no questions here"}\n');
    await expect(plan({ datasets: { articles: { file } } })).rejects.toThrow(/question/);
  });

  it('says when the model is not there', async () => {
    await expect(plan({ model: join(folder, 'nowhere') })).rejects.toThrow('there is no model at');
  });

  it('computes a wide base in integers of eight bits where the processor has them, and says so', async () => {
    const wide = writeTinyModel(join(folder, 'wide'), 1, 512);
    const planned = async (changes: Partial<StudyInput>) => {
      const made = await plan({ model: wide, base: false, ...changes });
      const lines = planLines(made, planForecast(made, join(folder, 'none'))).filter((line) =>
        /compute: auto/.test(line),
      );
      return [made.runs[0]?.spec.identity.training?.settings.compute, lines.length];
    };
    const chosen = hasEightBitProducts() === true ? ['int8', 1] : [undefined, 0];
    expect(await planned({})).toEqual(chosen);
    expect(await planned({ train: { compute: 'auto' } })).toEqual(chosen);
    expect(await planned({ train: { compute: 'f32' } })).toEqual([undefined, 0]);
    expect(await planned({ train: { quantisation: 'nf4' } })).toEqual([undefined, 0]);
    expect(await planned({ train: { compute: 'int8-anyway' } })).toEqual(['int8-anyway', 0]);
    expect(await planned({ model })).toEqual([undefined, 0]);
  });

  it('refuses integers of eight bits on a GPU before anything is made', async () => {
    await expect(plan({ train: { compute: 'int8' }, device: 'webgpu' })).rejects.toThrow(
      'compute int8 is of processors',
    );
  });
});
