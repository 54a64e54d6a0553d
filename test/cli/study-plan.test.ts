/** `lightmem study plan`: what is told before anything starts, and of a study that is there in part. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { StudyInput } from '../../src/study/config.js';
import type { PlanForecast } from '../../src/study/plan-forecast.js';
import { studyStatus } from '../../src/study/study-status.js';
import { carriedOut } from '../study/support/carried-out.js';
import { leastStudy, scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';
import { studyCommand } from './support/printed.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');
const file = join(scratch, 'study.yaml');
const out = join(scratch, 'out');
const GRID: StudyInput['grid'] = [
  { dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2, 3] },
  { dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2], evaluateOn: 'trained' },
];

const planned = async (...words: readonly string[]): Promise<PlanForecast> =>
  JSON.parse((await studyCommand('plan', file, '--out', out, '--json', ...words)).out) as PlanForecast;

beforeAll(() => {
  writeTinyModel(model);
  writeFileSync(file, stringify({ ...leastStudy(model), grid: GRID }));
});

describe('study plan', { timeout: 300_000 }, () => {
  it('tells runs, what they share, time and memory, and makes no folder', async () => {
    const plan = await planned();
    expect(existsSync(out)).toBe(false);
    expect(plan.runs.map(({ status }) => status)).toEqual(['waiting', 'waiting', 'waiting', 'waiting', 'waiting']);
    expect(plan.shared).toMatchObject({
      trainings: { distinct: 3, runs: 3, there: 0 },
      samples: { distinct: 2, runs: 3 },
      baseAnswers: { distinct: 1, runs: 2, there: 0 },
    });
    expect(plan.left).toMatchObject({ runs: 5 });
    expect(plan.left.seconds).toBeCloseTo(
      plan.runs.reduce((sum, { seconds }) => sum + seconds, 0),
      6,
    );
    expect(plan.left.wallSeconds).toBeLessThanOrEqual(plan.left.seconds);
    expect(plan.memory.mostBytes).toBeGreaterThan(3e8);
    expect(plan.cost).toBeNull();
  });

  it('names a model only where its runs have room in what is free', async () => {
    const { memory } = await planned();
    expect(memory.largestModel?.bytes ?? 0).toBeLessThanOrEqual(memory.freeBytes ?? 0);
    if ((memory.freeBytes ?? 0) > 4e9) expect(memory.largestModel?.name).toMatch(/^\w+/);
  });

  it('says that the memory of other machines is not known, and names no model that would fit', async () => {
    const cluster = ['--set', 'executor={ kind: slurm }'];
    expect((await planned(...cluster)).memory).toMatchObject({ freeBytes: null, tight: [], largestModel: null });
    const text = (await studyCommand('plan', file, '--out', out, ...cluster)).out;
    expect(text).toMatch(/^memory: up to \S+ \S+ a run; what is free where they run is not known here$/m);
  });

  it('says the same as study run --dry-run', async () => {
    const here = { ...(await studyCommand('run', file, '--out', out, '--dry-run')) };
    const plan = await studyCommand('plan', file, '--out', out);
    const lasting = (text: string): string => text.replace(/^memory: .*$/m, '');
    expect(lasting(plan.out)).toBe(lasting(here.out));
    expect(plan.out).toMatch(/^articles-open-summ_l3-r2-n2-s0: \d+ tokens to train, 12 answers, about .* s$/m);
    expect(plan.out).toMatch(/^made once and shared: 3 trainings for 3 runs; /m);
    expect(plan.out).toMatch(/^5 runs, about .*$/m);
  });

  it('tells what is there, and foresees the rest by what that took', async () => {
    const before = await planned();
    await carriedOut(model, out);
    const plan = await planned();
    expect(plan).toMatchObject({ done: 2, left: { runs: 3 } });
    expect(plan.shared).toMatchObject({ trainings: { there: 1 }, baseAnswers: { there: 1 } });
    expect(plan.left.trainTokens).toBeLessThan(before.left.trainTokens);
    expect(plan.left.seconds).not.toBeCloseTo(before.left.seconds, 2);
    const text = (await studyCommand('plan', file, '--out', out)).out;
    expect(text).toMatch(/^articles-open-summ_l3-r2-n2-s0: .*; there already$/m);
    expect(text).toMatch(/^2 of 5 runs are there already\n3 runs left, about .*$/m);
    expect(studyStatus(out)).toMatchObject({ runs: 2, done: 2 });
  });
});
