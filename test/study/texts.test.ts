import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import type { SpendForecast } from '../../src/compress/spend-forecast.js';
import type { Item } from '../../src/core/records.js';
import { generateWorld } from '../../src/data/world/generate.js';
import { compress } from '../../src/index.js';
import { loadModel } from '../../src/models/load.js';
import { WIDE } from '../../src/report/charts/frame.js';
import { analyseReport } from '../../src/report/analyse-report.js';
import { studyFigures } from '../../src/report/sections/figures.js';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { planStudy, type PlanOptions, type StudyPlan } from '../../src/study/plan.js';
import { reportData } from '../../src/study/report.js';
import { runStudy, type StudySummary } from '../../src/study/runner.js';
import { readStudy } from '../../src/study/stored-study.js';
import { diligent } from '../compress/support/scripted-model.js';
import { completion, startServer, type MockServer, type Script } from '../llm/support/mock-server.js';
import { lastingExecutor } from './support/lasting-worker.js';
import { scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');
const documents = join(scratch, 'documents.jsonl');
const ITEMS: readonly Item[] = generateWorld({ kind: 'articles', seed: 1, partition: 'study', items: 4 }).map(
  ({ texts: { original }, ...item }) => ({ ...item, texts: original === undefined ? {} : { original } }),
);

let server: MockServer | undefined;
let count = 0;

beforeAll(() => {
  writeTinyModel(model);
  writeFileSync(documents, ITEMS.map((item) => JSON.stringify(item)).join('\n'));
});
beforeEach(() => vi.stubEnv('LIGHTMEM_CACHE', join(scratch, `cache-${++count}`)));
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
});

type Texts = NonNullable<StudyInput['texts']>;

/** A study that begins with documents and questions alone. */
function input(out: string, texts: Texts, levels: readonly string[], changes: Partial<StudyInput> = {}): StudyInput {
  return {
    name: 'documents',
    ...{ model, out: join(scratch, out), texts },
    datasets: { documents: { file: documents, testItems: 2 } },
    grid: [{ dataset: 'documents', book: 'open', levels: [...levels], ranks: [2] }],
    train: { maxSteps: 2, batchTokens: 64, learningRate: 1e-2 },
    evaluate: { maxNewTokens: 4 },
    executor: { kind: 'inline' },
    ...changes,
  };
}

const plan = (study: StudyInput, options: PlanOptions = {}): Promise<StudyPlan> =>
  planStudy(studyConfig(study), options);

async function carryOut(study: StudyInput): Promise<StudySummary & { plan: StudyPlan }> {
  const planned = await plan(study);
  const executor = lastingExecutor;
  const summary = await runStudy(planned, { folder: planned.config.out, command: 'test', executor });
  return { ...summary, plan: planned };
}

const rowsIn = (out: string) => reportData(readStudy(join(scratch, out))).rows;
const itemsOf = (planned: StudyPlan): readonly Item[] => planned.datasets.get('documents')?.items ?? [];

const answers: Script = ({ body }) => completion(diligent(body['messages'] as Parameters<typeof diligent>[0]));

async function endpoint(script: Script = answers): Promise<NonNullable<StudyInput['compress']>> {
  server = await startServer(script);
  return { model: 'qwen-plus', endpoint: server.url };
}

describe('a study that begins with documents', { timeout: 120_000 }, () => {
  it('makes the levels that it names, and a second run makes none anew', async () => {
    const texts = { 'select=0.5': {}, kurz: { method: 'select', ratio: 0.3 } };
    const study = input('made', texts, ['original', 'select=0.5', 'kurz']);
    const first = await carryOut(study);
    expect(first.plan.texts?.forecast).toMatchObject({ texts: 8, kept: 0, missing: 8, calls: 0, model: null });
    expect(first).toMatchObject({ carriedOut: 6, failed: 0 });
    const again = await carryOut(study);
    expect(again.plan.texts?.forecast).toMatchObject({ texts: 8, kept: 8, missing: 0 });
    expect(again).toMatchObject({ carriedOut: 0, reused: 6 });
    const trr = (level: string) => rowsIn('made').find((row) => row.level === level)?.trr ?? 0;
    expect(trr('select=0.5')).toBeGreaterThan(0.4);
    expect(trr('kurz')).toBeGreaterThan(trr('select=0.5'));
    const [audit] = reportData(readStudy(join(scratch, 'made'))).audits;
    expect(audit?.levels.map(({ level, description }) => [level, description])).toEqual([
      ['original', null],
      ['select=0.5', 'chosen sentences'],
      ['kurz', 'chosen sentences'],
    ]);
  });

  it('makes what its grid uses and no more, each data set its own', async () => {
    const datasets = {
      documents: { file: documents, testItems: 2 },
      world: { world: { kind: 'articles' as const, seed: 2 }, items: 3, testItems: 1 },
    };
    const grid: StudyInput['grid'] = [
      { dataset: 'documents', book: 'open', levels: ['select=0.5'], ranks: [2] },
      { dataset: 'world', book: 'open', levels: ['summ_l3', 'select=0.7'], ranks: [2] },
    ];
    const texts = { 'select=0.5': {}, 'select=0.7': {}, summ_l2: {} };
    const planned = await plan(input('each', texts, [], { datasets, grid }));
    expect(planned.texts?.forecast).toMatchObject({ texts: 4 + 3, model: null });
    const { items = [] } = planned.datasets.get('world') ?? {};
    expect(Object.keys(items[0]?.texts ?? {})).toContain('select=0.7');
    expect(Object.keys(items[0]?.texts ?? {})).not.toContain('select=0.5');
    expect(items[0]?.texts.summ_l3?.method).toBe('oracle');
  });

  it('makes the levels that a text book trains on', async () => {
    const grid: StudyInput['grid'] = [
      { dataset: 'documents', book: 'text', levels: ['select=0.5'], ranks: [2], forms: ['raw'] },
    ];
    const planned = await plan(input('trained on', { 'select=0.5': {}, 'select=0.7': {} }, [], { grid }));
    expect(planned.texts?.forecast).toMatchObject({ texts: 4, missing: 4 });
    expect(Object.keys(itemsOf(planned)[0]?.texts ?? {})).toEqual(['original', 'select=0.5']);
  });

  it('asks an endpoint once for each text, whoever asks again and under whatever name', async () => {
    const settings = await endpoint();
    const texts = { summ_l3: {}, short: { method: 'summarize', words: 20 }, ext: { language: 'english' } };
    const study = input('asked', texts, ['summ_l3', 'short', 'ext'], { compress: settings });
    const first = await carryOut(study);
    expect(first.plan.texts?.forecast).toMatchObject({ missing: 12, calls: 12, isLarge: false });
    expect(first.plan.texts?.spent).toMatchObject({ requests: 12, promptTokens: 120 });
    expect(server?.received.length).toBe(12);
    expect(JSON.stringify(server?.received.map(({ body }) => body))).toContain('Write in English.');
    expect((await carryOut(study)).plan.texts?.forecast).toMatchObject({ missing: 0, calls: 0 });
    const renamed = input('renamed', { kurz: { method: 'summarize', words: 20 } }, ['kurz'], { compress: settings });
    expect((await plan(renamed)).texts?.spent.requests).toBe(0);
    expect(server?.received.length).toBe(12);
  });

  it('asks nothing where nobody agrees to a large spend', async () => {
    const prices = { endpoint: 'http://endpoint.invalid/v1', priceInput: 1e6, priceOutput: 1e6 };
    const study = input('refused', { summ_l3: {} }, ['summ_l3'], { compress: { model: 'qwen-plus', ...prices } });
    await expect(plan(study)).rejects.toThrow(
      /4 of 4 texts to make with qwen-plus at endpoint\.invalid: about 4 requests, .* about \d+\.\d\d at your prices.*nobody agreed to this/,
    );
    const asked: SpendForecast[] = [];
    const declined = plan(study, { agree: (forecast) => (asked.push(forecast), false) });
    await expect(declined).rejects.toThrow('no texts were made, so nothing was begun');
    expect(asked).toMatchObject([{ calls: 4, isLarge: true }]);
    expect(existsSync(join(scratch, 'refused', 'texts'))).toBe(false);
  });

  it('stops at its limit, keeps what is done and goes on from there', async () => {
    const usage = { prompt_tokens: 300, completion_tokens: 150 };
    const settings = await endpoint(({ body }) =>
      completion(diligent(body['messages'] as Parameters<typeof diligent>[0]), { usage }),
    );
    const limited = { ...settings, maxTokens: 1500, maxConcurrency: 1 };
    await expect(plan(input('limited', { summ_l3: {} }, ['summ_l3'], { compress: limited }))).rejects.toThrow(
      /compression stopped \(budget\)/,
    );
    const paid = server?.received.length ?? 0;
    expect(paid).toBeLessThan(4);
    await plan(input('limited', { summ_l3: {} }, ['summ_l3'], { compress: settings }));
    expect(server?.received.length).toBe(4);
  });

  it('names the texts that could not be made, item by item, and goes on as it was told', async () => {
    const subject = ITEMS[1]?.texts.original?.text.slice(0, 60) ?? '';
    const refusing: Script = (request, index) =>
      JSON.stringify(request.body).includes(subject)
        ? completion("I'm sorry, but I can't assist with that.")
        : answers(request, index);
    const settings = await endpoint(refusing);
    const failing = (policy: Partial<NonNullable<StudyInput['compress']>> = {}) =>
      plan(input('failing', { summ_l3: {} }, ['summ_l3'], { compress: { ...settings, ...policy } }));
    await expect(failing()).rejects.toThrow(
      new RegExp(`1 texts of "documents" could not be made[\\s\\S]*${ITEMS[1]?.id}, summ_l3: refusal`),
    );
    const kept = itemsOf(await failing({ onFailure: 'keep-original' }));
    expect(kept.find(({ id }) => id === ITEMS[1]?.id)?.texts.summ_l3?.text).toBe(ITEMS[1]?.texts.original?.text);
    const dropped = itemsOf(await failing({ onFailure: 'drop-item' }));
    expect(dropped.map(({ id }) => id).sort()).toEqual(ITEMS.map(({ id }) => id).filter((id) => id !== ITEMS[1]?.id));
  });

  it('is foreseen without asking, making or writing anything', async () => {
    const settings = await endpoint();
    const study = input('foreseen', { summ_l3: {} }, ['original', 'summ_l3'], { compress: settings });
    const foreseen = await plan(study, { foresee: true });
    expect(foreseen.texts?.forecast).toMatchObject({ missing: 4, calls: 4 });
    expect(foreseen.runs.length).toBe(4);
    expect(server?.received.length).toBe(0);
    expect(readdirSync(scratch)).not.toContain('foreseen');
    for (const { texts } of itemsOf(foreseen))
      expect(texts.summ_l3?.text.length).toBeLessThan(0.96 * (texts.original?.text.length ?? 0));
  });

  it('lets its own model say what is to be expected, where no other is named', async () => {
    const items = itemsOf(await plan(input('pruned', { 'prune=0.6': {} }, ['prune=0.6'])));
    expect(items.map(({ texts }) => texts['prune=0.6']?.provenance['model'])).toEqual(Array(4).fill('model'));
    await expect(plan(input('nobody', { summ_l3: {} }, ['summ_l3']))).rejects.toThrow(
      'no model is named: say compress: { model: NAME, endpoint: URL } or compress: { local: MODEL } in the study file',
    );
  });
});

describe('a module with levels of its own names', { timeout: 120_000 }, () => {
  const path = join(scratch, 'first.mjs');
  beforeAll(() =>
    writeFileSync(
      path,
      `export const name = 'first';
       export const description = 'first sentences';
       export const levels = ['anfang-1', 'anfang-3'];
       export const compress = (text, { level, options }) =>
         text.split(/(?<=[.])\\s/).slice(0, Number(level.at(-1)) + (options.more ?? 0)).join(' ');`,
    ),
  );

  it('goes from compressing through audit and study to the figures', async () => {
    const levels = ['anfang-1', 'anfang-3'].map((level) => ({ level, method: path }));
    const { tokenizer } = loadModel(model);
    const made = await compress(ITEMS, { levels, tokenizer });
    expect(Object.keys(made[0]?.texts ?? {})).toEqual(['original', 'anfang-1', 'anfang-3']);
    writeFileSync(join(scratch, 'made.jsonl'), made.map((item) => JSON.stringify(item)).join('\n'));
    const study = input('own', {}, ['original', 'anfang-1', 'anfang-3'], {
      datasets: { documents: { file: join(scratch, 'made.jsonl'), testItems: 2 } },
    });
    expect((await carryOut(study)).plan.texts).toBeNull();
    const data = reportData(readStudy(join(scratch, 'own')));
    expect(data.audits[0]?.levels.map(({ level, description }) => [level, description])).toEqual([
      ['original', null],
      ['anfang-3', 'first sentences'],
      ['anfang-1', 'first sentences'],
    ]);
    const cells = analyse(data.rows).cells.filter(({ rank }) => rank === 2);
    expect(cells.map(({ level }) => level)).toEqual(['original', 'anfang-3', 'anfang-1']);
    const [figure] = studyFigures(analyseReport(data));
    expect(figure?.draw(WIDE)).toContain('anfang-3');
  });

  it('is made by a study that names it, and knows what the study file says', async () => {
    const texts = { 'anfang-1': { method: path }, 'anfang-3': { method: path, more: 1 } };
    const items = itemsOf(await plan(input('options', texts, ['anfang-1', 'anfang-3'])));
    const sentences = (level: string) => items[0]?.texts[level]?.text.split(/(?<=[.])\s/).length;
    expect([sentences('anfang-1'), sentences('anfang-3')]).toEqual([1, 4]);
    await expect(plan(input('other', { other: { method: path } }, ['other']))).rejects.toThrow(
      'no method for level "other" among first',
    );
  });
});
