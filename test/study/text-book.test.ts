/** Studies that train on texts and ask without them: what is trained, asked and shared, what rows say, and what is refused. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../src/core/records.js';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { runCost } from '../../src/study/estimate.js';
import { runPath, STUDY_FILES } from '../../src/study/layout.js';
import { planStudy, type StudyPlan } from '../../src/study/plan.js';
import { runFolder } from '../../src/study/run.js';
import { runStudy, type StudySummary } from '../../src/study/runner.js';
import { readRows } from '../../src/study/run-store.js';
import { readStudy } from '../../src/study/stored-study.js';
import { lastingExecutor } from './support/lasting-worker.js';
import { leastStudy, scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');
const folder = join(scratch, 'study');

type TextPart = Extract<StudyInput['grid'][number], { book: 'text' }>;

const MIX = { name: 'mixed', raw: 0.2, study: 0.6, replay: 0.2 };
const PART: TextPart = {
  ...{ dataset: 'articles', book: 'text', levels: ['summ_l3'], ranks: [2], forms: ['raw', 'study', 'distil', MIX] },
  ...{ exposures: 1, taught: 0.5, wordings: 1 },
};

const input = (part: Partial<TextPart> = {}, changes: Partial<StudyInput> = {}): StudyInput =>
  leastStudy(model, {
    grid: [{ ...PART, ...part }],
    train: { maxSteps: 2, batchTokens: 64, learningRate: 1e-2 },
    probe: { generalTokens: 64, sweep: 'none' },
    executor: { kind: 'inline', threads: 1 },
    ...changes,
  });

async function carryOut(study: StudyInput, into = folder): Promise<StudySummary> {
  const plan = await planStudy(studyConfig(study));
  return runStudy(plan, { folder: into, command: 'test', executor: lastingExecutor });
}

const rowsIn = (path = folder): Row[] => readStudy(path).runs.flatMap(readRows);
const filesIn = (...names: string[]): string[] =>
  readdirSync(join(folder, ...names), { recursive: true, encoding: 'utf8' }).sort();

let first: StudySummary;

beforeAll(async () => {
  writeTinyModel(model);
  first = await carryOut(input());
}, 120_000);

describe('a study that trains on texts', { timeout: 120_000 }, () => {
  it('trains an adapter for each form and one of other documents, and asks the base with the text and without', () => {
    expect(first).toMatchObject({ carriedOut: 2 + 4 + 4, failed: 0 });
    expect(first.work).toEqual({ trainings: 8, questions: rowsIn().length, judgements: rowsIn().length });
    // A sample's file for each form and whose documents they are.
    expect(filesIn(STUDY_FILES.samples)).toHaveLength(8);
  });

  it('says in its rows what was trained, how often, and what of each question was', () => {
    const adapters = rowsIn().filter(({ rank, control }) => rank > 0 && control === null);
    expect(new Set(adapters.map(({ form, exposures }) => `${form} ${exposures}`))).toEqual(
      new Set(['raw 1', 'study 1', 'distil 1', 'mixed 1']),
    );
    const groupsOf = (form: string): string[] =>
      [...new Set(adapters.filter((row) => row.form === form).map(({ item, group }) => `${item} ${group}`))].sort();
    const plan = readStudy(folder).runs.find(({ spec }) => spec.identity.text?.form === 'study');
    const { trained = [], taught = [], asked = [] } = plan?.spec.place ?? {};
    expect([trained.length, taught.length, asked.length]).toEqual([2, 1, 4]);
    const [told, unseen] = [trained.filter((id) => !taught.includes(id)), asked.filter((id) => !trained.includes(id))];
    const others = [...told.map((id) => `${id} untaught`), ...unseen.map((id) => `${id} unseen`)];
    expect(groupsOf('study')).toEqual(expect.arrayContaining([...others, `${taught[0]} covered`]));
    expect(groupsOf('raw').filter((each) => /covered/.test(each))).toEqual([]);
    const controls = rowsIn().filter(({ control }) => control !== null);
    expect(new Set(controls.map(({ control, group, form }) => `${control} ${group} ${form}`))).toEqual(
      new Set([
        ...['without text null null', 'with text null null'],
        ...['raw', 'study', 'distil', 'mixed'].map((form) => `other documents null ${form}`),
      ]),
    );
    const seen = new Set(controls.filter(({ control }) => control === 'other documents').map(({ item }) => item));
    expect([...seen].sort()).toEqual([...trained].sort());
  });

  it('measures what each adapter of its own costs the base, and no other', () => {
    const probed = readStudy(folder).runs.filter((run) => run.status === 'done' && run.result.probe !== undefined);
    expect(probed.map(({ spec }) => spec.identity.text?.form).sort()).toEqual(['distil', 'mixed', 'raw', 'study']);
    expect(filesIn(STUDY_FILES.probes).filter((name) => name.endsWith('.json'))).toHaveLength(4);
  });

  it('foresees the tokens that are trained within a factor of two', async () => {
    const whole = input({ forms: ['raw', 'study', MIX], ranks: [2] }, { train: { batchTokens: 64 } });
    const into = join(scratch, 'foreseen');
    await carryOut({ ...whole, base: false, grid: [{ ...PART, forms: [MIX], controls: false }] }, into);
    const plan = await planStudy(studyConfig({ ...whole, base: false }));
    const told = plan.runs.find(({ spec }) => spec.identity.text?.form === 'mixed');
    const cost = told === undefined ? undefined : runCost(told, plan.model.tokenizer);
    const { trainTokens = 0, learntTokens = 0, probe } = cost ?? {};
    const real = readStudy(into).runs[0]?.training?.result.tokens ?? 0;
    expect(trainTokens / real).toBeGreaterThan(0.5);
    expect(trainTokens / real).toBeLessThan(2);
    expect(learntTokens).toBeGreaterThan(0.3 * trainTokens);
    expect(learntTokens).toBeLessThan(trainTokens);
    expect(probe).toMatchObject({ variants: 2 });
  });
});

describe('on a finished study that trains on texts', { timeout: 120_000 }, () => {
  it('nothing is done again', async () => {
    expect(await carryOut(input())).toMatchObject({ carriedOut: 0, reused: 10 });
  });

  it('another judge trains nothing and asks nothing', async () => {
    const judged = input({}, { evaluate: { maxNewTokens: 4, judges: ['exact'] } });
    const { work } = await carryOut(judged);
    expect(work).toEqual({ trainings: 0, questions: 0, judgements: rowsIn().length });
  });

  it('another way of measuring the cost trains nothing and asks nothing', async () => {
    const { work, carriedOut } = await carryOut(input({}, { probe: { generalTokens: 80, sweep: 'none' } }));
    expect({ work, carriedOut }).toEqual({ work: { trainings: 0, questions: 0, judgements: 0 }, carriedOut: 4 });
  });

  it('a second rank trains that rank alone, on the same samples and what the same teacher said', async () => {
    const before = [filesIn(STUDY_FILES.samples), filesIn(STUDY_FILES.teachers)];
    const { work, reused } = await carryOut(input({ ranks: [1, 2] }));
    expect({ trainings: work.trainings, reused }).toEqual({ trainings: 4, reused: 10 });
    expect([filesIn(STUDY_FILES.samples), filesIn(STUDY_FILES.teachers)]).toEqual(before);
  });
});

describe('the samples of a study', { timeout: 120_000 }, () => {
  const text = 'The station in Husum was built by Mira Voss in 1961. It cost 40 millions.';

  async function planned(testPrompt: string): Promise<StudyPlan> {
    const file = join(scratch, 'planted.jsonl');
    const items = [1, 2].map((n) => ({
      id: `station-${n}`,
      texts: { original: { text: n === 1 ? text : 'The mill stands in Emden.', method: 'recorded', provenance: {} } },
      questions: [
        { id: 'q', prompt: 'Who built it?', ...(n === 1 && { testPrompt }), answers: ['Mira Voss'], type: 'fact' },
      ],
    }));
    writeFileSync(file, items.map((item) => JSON.stringify(item)).join('\n'));
    const datasets = { stations: { file, testItems: 1 } };
    const grid: StudyInput['grid'] = [
      { ...PART, dataset: 'stations', levels: ['original'], forms: ['study'], wordings: 50 },
    ];
    return planStudy(studyConfig(input({}, { datasets, grid })));
  }

  const setOf = ({ runs }: StudyPlan) =>
    runs.flatMap(({ set }) => set ?? []).find(({ samples }) => samples.some(({ item }) => item === 'station-1'));

  it('hold no wording of the exam, though rules would write it', async () => {
    const before = setOf(await planned('Was it built by a man?'))?.samples.map(({ prompt }) => prompt ?? '') ?? [];
    const planted = before.find((prompt) => prompt.startsWith('Who')) ?? before[0] ?? '';
    expect(planted).not.toBe('');
    const set = setOf(await planned(planted));
    const prompts = set?.samples.map(({ prompt }) => prompt) ?? [];
    expect(prompts.length).toBeGreaterThan(0);
    expect(prompts).not.toContain(planted);
    expect(set?.report.dropped['asked in the exam']).toBeGreaterThan(0);
  });

  it('are missed by name where rules find nothing to ask in any of the texts', async () => {
    const datasets = { talks: { world: { kind: 'dialogues' as const, seed: 1 }, items: 2 } };
    const grid = [{ ...PART, dataset: 'talks', levels: ['original'], forms: ['study' as const], controls: false }];
    const into = join(scratch, 'nothing');
    const { runs } = await carryOut(input({}, { datasets, grid, base: false }), into);
    const told = runs.map((run) => (run.status === 'failed' ? run.error.message : run.status));
    expect(told.join()).toContain(
      'of none of its texts anything could be made as study: take another form, such as raw',
    );
  });

  it('are named where their file was changed, with what to do', async () => {
    const into = join(scratch, 'damaged');
    const study = input({ forms: ['raw'], controls: false }, { base: false });
    await carryOut(study, into);
    const [name = ''] = readdirSync(join(into, STUDY_FILES.samples));
    appendFileSync(
      join(into, STUDY_FILES.samples, name),
      '{"id":"x","item":"x","form":"raw","prompt":null,"answer":"x"}\n',
    );
    const [run] = (await planStudy(studyConfig(study))).runs;
    if (run === undefined) throw new Error('nothing is planned');
    await expect(runFolder(runPath(into, run.spec), { threads: 1 })).rejects.toThrow(
      new RegExp(`samples.${name} was changed since the study was planned: remove it and run the study again`),
    );
  });
});

describe('a study that trains on texts, killed with -9', { timeout: 120_000 }, () => {
  const config = join(scratch, 'study.json');
  const support = (name: string): string => fileURLToPath(new URL(`support/${name}`, import.meta.url));

  function carriedOut(out: string, killAtRename: number) {
    return spawnSync(
      process.execPath,
      ['--require', support('kill-at-rename.cjs'), support('carry-out.mjs'), config, out],
      {
        encoding: 'utf8',
        env: { ...process.env, KILL_AT_RENAME: String(killAtRename) },
      },
    );
  }

  it('goes on to the same rows bit for bit', () => {
    const forms = [{ name: 'all', distil: 0.6, raw: 0.2, replay: 0.2 }];
    writeFileSync(config, JSON.stringify(input({ forms, controls: false }, { base: false })));
    const [whole, killed] = [join(scratch, 'whole'), join(scratch, 'killed')];
    expect(carriedOut(whole, 0)).toMatchObject({ status: 0, stderr: '' });
    let [kills, at] = [0, 8];
    let last = carriedOut(killed, at);
    for (; last.signal === 'SIGKILL' && kills < 12; kills++) last = carriedOut(killed, (at += 5));
    expect(last).toMatchObject({ status: 0, stderr: '' });
    expect(kills).toBeGreaterThan(1);
    const rows = (path: string): string[] =>
      readStudy(path).runs.map(({ folder: own }) => readFileSync(join(own, 'rows.jsonl'), 'utf8'));
    expect(rows(killed)).toEqual(rows(whole));
  });
});
