/** What a finished study pays for when something is added to it: trainings, questions and judgements are counted. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { poolExecutor } from '../../src/executors/pool.js';
import { analyseReport } from '../../src/report/analyse-report.js';
import { carryOutFolder } from '../../src/study/carry-out.js';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { runPath, STUDY_FILES } from '../../src/study/layout.js';
import { workerEntry } from '../../src/study/placement.js';
import { planStudy } from '../../src/study/plan.js';
import { reportData } from '../../src/study/report.js';
import { runStudy, type StudySummary } from '../../src/study/runner.js';
import { readRows } from '../../src/study/run-store.js';
import { readStudy } from '../../src/study/stored-study.js';
import { StudyFolder } from '../../src/study/study-folder.js';
import { leastStudy, scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');
const folder = join(scratch, 'study');

/** Questions of the two items that the least study asks about. */
let questions = 0;

async function carryOut(changes: Partial<StudyInput> = {}, into = folder): Promise<StudySummary> {
  const plan = await planStudy(studyConfig(leastStudy(model, changes)));
  return runStudy(plan, { folder: into, command: 'test', executor: () => poolExecutor(workerEntry(), 1) });
}

const evaluate = { maxNewTokens: 4 };
const articles = (items: number, testItems: number): StudyInput['datasets'] => ({
  articles: { world: { kind: 'articles', seed: 1 }, items, testItems },
});

beforeAll(async () => {
  writeTinyModel(model);
  const { work } = await carryOut();
  questions = work.questions / 2;
  expect(work).toEqual({ trainings: 1, questions: 2 * questions, judgements: 2 * questions });
  expect(questions).toBeGreaterThan(4);
}, 120_000);

describe('on a finished study', { timeout: 120_000 }, () => {
  it('nothing is done again', async () => {
    expect(await carryOut()).toMatchObject({ carriedOut: 0, reused: 2, work: { trainings: 0, questions: 0 } });
  });

  it('another judge trains nothing and asks nothing', async () => {
    const { work } = await carryOut({ evaluate: { ...evaluate, judges: ['exact'] } });
    expect(work).toEqual({ trainings: 0, questions: 0, judgements: 2 * questions });
  });

  it('a second judge trains nothing, asks nothing, and judges beside those that judged before', async () => {
    const { work } = await carryOut({ evaluate: { ...evaluate, judges: ['lexical', 'exact'] } });
    expect(work).toEqual({ trainings: 0, questions: 0, judgements: 0 });
    const study = readStudy(folder);
    const rows = study.runs.flatMap(readRows);
    expect(rows.map(({ judge }) => judge).sort()).toEqual(
      ['exact', 'lexical'].flatMap((judge) => Array<string>(2 * questions).fill(judge)),
    );
    const data = reportData(study);
    const { agreement, datasets } = analyseReport(data);
    expect(agreement).toMatchObject([{ dataset: 'articles', kappa: { n: 2 * questions } }]);
    expect(datasets).toMatchObject([{ judge: 'lexical' }]);
  });

  it('a longer answer limit and another stop string train nothing', async () => {
    const longer = await carryOut({ evaluate: { maxNewTokens: 5 } });
    expect(longer.work).toMatchObject({ trainings: 0, questions: 2 * questions });
    const stopped = await carryOut({ evaluate: { ...evaluate, stop: ['.'] } });
    expect(stopped.work).toMatchObject({ trainings: 0, questions: 2 * questions });
  });

  it('one more item to ask about trains nothing and asks its questions alone', async () => {
    const { work } = await carryOut({ datasets: articles(5, 3) });
    const asked = readStudy(folder).runs.flatMap(readRows).length;
    expect(work.trainings).toBe(0);
    expect(asked).toBeGreaterThan(2 * questions);
    expect(work.questions).toBe(asked - 2 * questions);
    expect(work.judgements).toBe(asked - 2 * questions);
  });

  it('a new rank trains that rank', async () => {
    const grid: StudyInput['grid'] = [{ dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2, 3] }];
    expect(await carryOut({ grid })).toMatchObject({ reused: 2, work: { trainings: 1, questions } });
  });

  it('a part that asks the same adapter about other items trains nothing', async () => {
    const part = { dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2] } as const;
    const grid: StudyInput['grid'] = [
      { ...part, levels: [...part.levels], ranks: [2] },
      { ...part, levels: [...part.levels], ranks: [2], amounts: [2], evaluateOn: 'trained' },
    ];
    expect((await carryOut({ grid, base: false })).work.trainings).toBe(0);
  });

  it('has one folder for each adapter, whichever runs need it', () => {
    expect(readdirSync(join(folder, STUDY_FILES.trainings))).toHaveLength(2);
  });
});

describe('a run', { timeout: 120_000 }, () => {
  it('is carried out from its folder alone, its rows those of the whole study', async () => {
    const alone = join(scratch, 'alone');
    const plan = await planStudy(studyConfig(leastStudy(model)));
    const opened = await StudyFolder.open(alone, plan, 'test');
    opened.close();
    const stages = new Set<string>();
    for (const { spec } of plan.runs)
      await carryOutFolder(runPath(alone, spec), { threads: 1, onReport: ({ stage }) => stages.add(stage) });
    expect([...stages]).toEqual(['loading', 'asking', 'judging', 'training']);
    await carryOut({}, join(scratch, 'same'));
    expect(readStudy(alone).runs.flatMap(readRows)).toEqual(readStudy(join(scratch, 'same')).runs.flatMap(readRows));
    for (const { spec } of plan.runs) expect(existsSync(join(runPath(alone, spec), 'progress.json'))).toBe(false);
  });

  it('shows other processes that it runs, and how far it is', async () => {
    const watched = join(scratch, 'watched');
    const plan = await planStudy(studyConfig(leastStudy(model)));
    const seen: unknown[] = [];
    await runStudy(plan, {
      folder: watched,
      command: 'test',
      executor: () => poolExecutor(workerEntry(), 1),
      onEvent: (event) => {
        if (event.type !== 'progress') return;
        for (const run of readStudy(watched).runs) if (run.status === 'running') seen.push(run.report?.stage);
      },
    });
    expect(seen).toContain('training');
  });
});

describe('a study of the version before', () => {
  it('is refused with what to do', async () => {
    const old = join(scratch, 'old');
    await carryOut({ base: false }, old);
    const path = join(old, STUDY_FILES.study);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"version": 2', '"version": 1'));
    const expected =
      /was written by another version of lightmem \(study format 1, this one reads 2\).*into another folder/;
    expect(() => readStudy(old)).toThrow(expected);
    await expect(carryOut({}, old)).rejects.toThrow(expected);
  });
});

describe('a served model', { timeout: 120_000 }, () => {
  let server: Server;
  let asked = 0;

  beforeAll(async () => {
    vi.stubEnv('LIGHTMEM_CACHE', join(scratch, 'cache'));
    server = createServer((request, response) => {
      asked++;
      request.resume().on('end', () => {
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({ model: 'm', choices: [{ message: { content: 'Velden' }, finish_reason: 'stop' }] }),
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.close();
    vi.unstubAllEnvs();
  });

  it('is asked as it is, level by level, and nothing is trained', async () => {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const served: Partial<StudyInput> = {
      model: { name: 'm', endpoint },
      grid: [{ dataset: 'articles', book: 'open', levels: ['original', 'summ_l3'] }],
    };
    const into = join(scratch, 'served');
    const { work, failed } = await carryOut(served, into);
    expect({ work, failed }).toEqual({
      work: { trainings: 0, questions: 2 * questions, judgements: 2 * questions },
      failed: 0,
    });
    expect(asked).toBe(2 * questions);
    const rows = readStudy(into).runs.flatMap(readRows);
    expect(new Set(rows.map(({ level, rank, answer }) => `${level} ${rank} ${answer}`))).toEqual(
      new Set(['original 0 Velden', 'summ_l3 0 Velden']),
    );
    expect(rows.every(({ trr }) => trr !== null)).toBe(true);
    expect((await carryOut(served, into)).carriedOut).toBe(0);
  });
});
