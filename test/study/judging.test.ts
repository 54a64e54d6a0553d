/** Judging that fails, and judging what is there: nothing is final, nothing is trained or asked for it, and what went wrong is told. */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { analyseReport } from '../../src/report/analyse-report.js';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { judgeStudy } from '../../src/study/judge-study.js';
import { planStudy } from '../../src/study/plan.js';
import { reportData } from '../../src/study/report.js';
import { readRows } from '../../src/study/run-store.js';
import { runStudy, type StudySummary } from '../../src/study/runner.js';
import { readStudy } from '../../src/study/stored-study.js';
import { completion, startServer, type MockServer, type Received, type Step } from '../llm/support/mock-server.js';
import { lastingExecutor } from './support/lasting-worker.js';
import { leastStudy, scratchFolder } from './support/studies.js';

const scratch = scratchFolder();
const folder = join(scratch, 'study');

let asked: MockServer;
let judging: MockServer;
/** What the judge does. */
let verdict: (request: Received) => Step;

const SCORE = completion('{"score": 4, "reason": "nearly"}');
const NONSENSE = completion('I had rather not say.');

beforeAll(async () => {
  vi.stubEnv('LIGHTMEM_CACHE', join(scratch, 'cache'));
  asked = await startServer(() => completion('Velden'));
  judging = await startServer((request) => verdict(request));
});
beforeEach(() => {
  verdict = () => SCORE;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await asked.close();
  await judging.close();
});

type Judges = NonNullable<NonNullable<StudyInput['evaluate']>['judges']>;

function input(judges: Judges, changes: Partial<StudyInput> = {}): StudyInput {
  return leastStudy('', {
    model: { name: 'm', endpoint: asked.url },
    grid: [{ dataset: 'articles', book: 'open', levels: ['summ_l3'] }],
    evaluate: { maxNewTokens: 4, judges },
    ...changes,
  });
}

const llm = (more: object = {}): Judges => [{ name: 'llm', model: 'j', endpoint: judging.url, ...more }];

async function carryOut(judges: Judges, into = folder): Promise<StudySummary> {
  const plan = await planStudy(studyConfig(input(judges)));
  return runStudy(plan, { folder: into, command: 'test', executor: lastingExecutor });
}

/** What was asked of both servers meanwhile. */
async function counted<T>(work: () => Promise<T>): Promise<{ result: T; asked: number; judged: number }> {
  const before = [asked.received.length, judging.received.length] as const;
  const result = await work();
  return { result, asked: asked.received.length - before[0], judged: judging.received.length - before[1] };
}

const rowsIn = (into = folder) => readStudy(into).runs.flatMap(readRows);

describe('a judge that fails', { timeout: 120_000 }, () => {
  it('that refuses connections is told as that, and has scored nothing', async () => {
    const closed = await startServer(() => ({}));
    await closed.close();
    const into = join(scratch, 'refused');
    const { unscored, silent, failed } = await carryOut(llm({ endpoint: closed.url }), into);
    expect(failed).toBe(0);
    expect(unscored).toEqual([
      {
        judge: 'llm (j)',
        reason: expect.stringMatching(/^network: .*ECONNREFUSED/) as string,
        answers: rowsIn(into).length,
      },
    ]);
    expect(silent).toEqual([{ judge: 'llm (j)', runs: 1 }]);
    const { recommendation } = analyseReport(reportData(readStudy(into)));
    expect(recommendation.cautions.join()).toMatch(/could not be judged.*network: .*ECONNREFUSED/);
  });

  it('that says nothing usable is asked again by the next run, and by that alone', async () => {
    verdict = () => NONSENSE;
    const first = await carryOut(llm());
    const answers = rowsIn().length;
    expect(answers).toBeGreaterThan(4);
    expect(first).toMatchObject({ carriedOut: 1, silent: [{ judge: 'llm (j)', runs: 1 }] });
    expect(first.unscored).toMatchObject([{ reason: expect.stringMatching(/^unusable reply: /) as string, answers }]);
    verdict = () => SCORE;
    const again = await counted(() => carryOut(llm()));
    expect(again.result).toMatchObject({ carriedOut: 1, reused: 0, unscored: [], silent: [] });
    expect(again).toMatchObject({ asked: 0, judged: answers });
    expect(rowsIn().every(({ score }) => score === 4)).toBe(true);
    expect(await counted(() => carryOut(llm()))).toMatchObject({ result: { reused: 1 }, asked: 0, judged: 0 });
  });

  it('on some answers is asked about those alone', async () => {
    const into = join(scratch, 'some');
    const [one] = rowsIn();
    verdict = ({ body }) => (JSON.stringify(body['messages']).includes(one?.prompt ?? '?') ? NONSENSE : SCORE);
    const some = llm({ endpointName: 'some' });
    const first = await carryOut(some, into);
    expect(first.silent).toEqual([]);
    const missing = first.unscored.reduce((sum, { answers }) => sum + answers, 0);
    expect(missing).toBeGreaterThan(0);
    verdict = () => SCORE;
    const judged = await counted(() => judgeStudy(into, { judging: 'unscored' }));
    expect(judged).toMatchObject({
      asked: 0,
      judged: missing,
      result: { judged: 1, judgements: missing, unscored: [] },
    });
  });
});

describe('judging a study', { timeout: 120_000 }, () => {
  it('anew asks its judge again, whatever was said and kept, and trains and asks nothing', async () => {
    verdict = () => completion('{"score": 2, "reason": "on second thought"}');
    const answers = rowsIn().length;
    const { result, ...requests } = await counted(() => judgeStudy(folder));
    expect(result).toMatchObject({ judged: 1, judgements: answers, unscored: [], silent: [] });
    expect(requests).toEqual({ asked: 0, judged: answers });
    expect(rowsIn().every(({ score, reason }) => score === 2 && reason === 'on second thought')).toBe(true);
    expect(await counted(() => carryOut(llm()))).toMatchObject({ result: { reused: 1 }, asked: 0, judged: 0 });
  });

  it('by another judge has it rest on that one, and leaves what the others said', async () => {
    const answers = rowsIn().length;
    const { result, ...requests } = await counted(() => judgeStudy(folder, { judges: [{ name: 'lexical' }] }));
    expect(result).toMatchObject({ judged: 1, judgements: answers });
    expect(requests).toEqual({ asked: 0, judged: 0 });
    expect(new Set(rowsIn().map(({ judge }) => judge))).toEqual(new Set(['lexical']));
    expect(readStudy(folder).record).toMatchObject({
      judge: 'lexical',
      config: { evaluate: { judges: [{ name: 'lexical' }] } },
    });
    expect(analyseReport(reportData(readStudy(folder))).datasets).toMatchObject([{ judge: 'lexical' }]);
    expect(await carryOut(llm())).toMatchObject({ carriedOut: 0, reused: 1 });
    expect(rowsIn().every(({ score }) => score === 2)).toBe(true);
  });

  it('stops at its limit and goes on where that is raised, over all runs of the study', async () => {
    const into = join(scratch, 'limited');
    const limited = (maxTokens: number) => llm({ endpointName: 'limited', cache: false, maxTokens });
    await expect(judgeLimited(into, 600)).rejects.toThrow(
      /judging stopped: the spending limit is reached.*raise the limit/,
    );
    const before = judging.received.length;
    const { result } = await counted(() => judgeLimited(into, 1_000_000));
    expect(result).toMatchObject({ unscored: [], silent: [] });
    expect(judging.received.length - before).toBeLessThanOrEqual(rowsIn(into).length);
    async function judgeLimited(study: string, maxTokens: number) {
      await carryOut(['lexical'], study);
      const [choice] = limited(maxTokens);
      if (typeof choice !== 'object') throw new Error('no judge');
      return judgeStudy(study, { judges: [choice], judging: 'unscored' });
    }
  });

  it('is foreseen with what it will ask, and refused beyond its limit before anything is done', async () => {
    const into = join(scratch, 'foreseen');
    const planOf = (more: object) => planStudy(studyConfig(input(llm(more))), { folder: into });
    const prices = { priceInput: 1, priceOutput: 2 };
    const {
      judging: [forecast],
    } = await planOf({ ...prices, maxCost: 1 });
    expect(forecast).toMatchObject({ judge: 'llm (j)', maxCost: 1, isLarge: false });
    const { calls = 0, inputTokens = 0, outputTokens = 0, cost } = forecast ?? {};
    expect(calls).toBeGreaterThan(4);
    expect(inputTokens / calls).toBeGreaterThan(300);
    expect(cost).toBeCloseTo((inputTokens + 2 * outputTokens) / 1e6, 10);
    const before = asked.received.length;
    for (const limit of [{ maxTokens: 1000 }, { ...prices, maxCost: 0.0001 }]) {
      const run = async () =>
        runStudy(await planOf(limit), { folder: into, command: 'test', executor: lastingExecutor });
      await expect(run()).rejects.toThrow(/judging by llm \(j\): about \d+ requests.*more than the limit leaves/);
    }
    expect(asked.received.length).toBe(before);
    const left = await planStudy(studyConfig(input(llm())), { folder });
    expect(left.judging).toMatchObject([{ calls: 0 }]);
    expect((await planStudy(studyConfig(input(['lexical'])), { folder })).judging).toEqual([]);
  });

  it('is refused where nothing was answered', async () => {
    await expect(judgeStudy(join(scratch, 'none'))).rejects.toThrow('holds no study');
  });
});
