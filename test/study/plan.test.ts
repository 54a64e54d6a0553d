import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { planStudy, type StudyPlan } from '../../src/study/plan.js';
import { demoStudy, experimentA, experimentB, orthogonal } from '../../src/study/presets.js';
import { runId, runName } from '../../src/study/run-spec.js';
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

async function ids(changes: Partial<StudyInput> = {}): Promise<string[]> {
  return (await plan(changes)).runs.map(({ spec }) => spec.id);
}

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
      (await plan({ grid, train, base: false })).runs.map(({ spec }) => spec.identity.training?.lora.alpha);
    expect(await alphas({})).toEqual([8, 32]);
    expect(await alphas({ alpha: 16 })).toEqual([16, 16]);
    expect(await alphas({ rslora: true })).toEqual([4, 8]);
  });

  it('carries out the demonstration with 24 adapters', async () => {
    const { runs } = await planStudy(studyConfig({ ...demoStudy(), model }));
    expect(runs.filter(({ spec }) => spec.identity.rank > 0)).toHaveLength(24);
  });

  it('has the grids of the study: 14, 10 and 12 adapters', () => {
    const count = (grid: StudyInput['grid']): number => {
      const { grid: parts } = studyConfig({ datasets: { a: { file: 'a' }, b: { file: 'b' } }, grid });
      return parts.reduce(
        (sum, part) => sum + (part.levels?.length ?? 1) * part.ranks.length * (part.amounts?.length ?? 1),
        0,
      );
    };
    expect([count(experimentA('a', 'b')), count(experimentB('a')), count(orthogonal('a'))]).toEqual([14, 10, 12]);
  });
});

describe('the identity of a run', () => {
  const same: readonly (readonly [string, Partial<StudyInput>])[] = [
    ['another folder', { out: '/elsewhere' }],
    ['another name', { name: 'other' }],
    ['processes in place of a thread', { executor: { kind: 'pool', workers: 3, threads: 2 } }],
    ['fewer checkpoints', { train: { ...leastStudy(model).train, checkpointEverySteps: 0 } }],
    [
      'a second rank in the grid',
      { grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2, 3] }] },
    ],
    ['no base', { base: true }],
  ];
  const other: readonly (readonly [string, Partial<StudyInput>])[] = [
    ['another learning rate', { train: { ...leastStudy(model).train, learningRate: 2e-2 } }],
    ['another scale', { train: { ...leastStudy(model).train, scale: 1 } }],
    ['other texts', { datasets: { articles: { world: { kind: 'articles', seed: 2 }, items: 4, testItems: 2 } } }],
    ['another split', { datasets: { articles: { world: { kind: 'articles', seed: 1 }, items: 4, testItems: 1 } } }],
    ['another level', { grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l2'], ranks: [2] }] }],
    ['another seed', { grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2], seeds: [1] }] }],
    ['another prompt', { prompt: { open: '{context} {question}' } }],
    ['longer answers', { evaluate: { maxNewTokens: 5 } }],
    ['another judge', { evaluate: { maxNewTokens: 4, judge: 'exact' } }],
    ['another device', { device: 'webgpu' }],
    ['other ranks for some modules', { train: { ...leastStudy(model).train, rankPattern: { down_proj: 4 } } }],
    ['a quantised base', { train: { ...leastStudy(model).train, quantisation: 'nf4' } }],
    ['items held out', { train: { ...leastStudy(model).train, heldOut: 0.5 } }],
  ];

  it(`stays under ${same.length} changes that cannot change the result`, async () => {
    const id = (await ids())[1];
    for (const [name, changes] of same) expect(await ids(changes), name).toContain(id);
  });

  it(`changes under ${other.length} changes that can`, async () => {
    const id = (await ids())[1];
    for (const [name, changes] of other) expect(await ids(changes), name).not.toContain(id);
  });

  it('is that of the model, not of its path', async () => {
    const copy = join(folder, 'copy');
    cpSync(model, copy, { recursive: true });
    expect(await ids({ model: copy })).toEqual(await ids());
    writeTinyModel(join(folder, 'other'), 2);
    expect((await ids({ model: join(folder, 'other') }))[1]).not.toBe((await ids())[1]);
  });

  it('is computed alike from the plan and from its stored form', async () => {
    const { runs } = await plan();
    for (const { spec } of runs)
      expect(runId((JSON.parse(JSON.stringify(spec)) as typeof spec).identity)).toBe(spec.id);
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
        '  - grid[0].levels: 4 of the 4 items of "articles" have no text at level hybrid: write it with lightmem compress',
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
});
