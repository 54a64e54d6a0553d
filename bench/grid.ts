/** What does a grid cost beside its runs one by one? The orthogonal study on the bundled base against a process for each run, which has all to do itself. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sumOf } from '../src/core/collections.js';
import { mapConcurrently } from '../src/core/concurrency.js';
import type { Change } from '../src/study/config-file.js';
import { presetStudy } from '../src/study/presets.js';
import { readRows, type StoredRun } from '../src/study/run-store.js';
import { readStudy, type StoredStudy } from '../src/study/stored-study.js';
import type { StudyWorkload } from './sides/study.js';
import { runChild } from './support/python.js';
import { inTurn, median, printReport, rounded } from './support/report.js';

/** Items of the study as it is, which its amounts and the items asked about are shares of. */
const WHOLE = 500;
const ITEMS = Number(process.argv[2] ?? 100);
const WORKERS = Number(process.argv[3] ?? 1);
const PAIRS = Number(process.env['LIGHTMEM_BENCH_PAIRS'] ?? 1);
const out = '.lightmem/bench/grid';

const ofItems = (amount: number): number => Math.max(1, Math.round((amount * ITEMS) / WHOLE));

/** A grid's part as a study file has it. */
type Part = Readonly<Record<string, unknown>>;

function changesTo(grid: readonly Part[]): Change[] {
  const testItems = ofItems(100);
  const articles = { world: { kind: 'articles', seed: 1 }, items: ITEMS + testItems, testItems };
  return [
    { keys: ['model'], value: 'bundled' },
    { keys: ['datasets', 'articles'], value: articles },
    { keys: ['executor'], value: { kind: 'pool', workers: WORKERS, threads: 1 } },
    { keys: ['grid'], value: grid },
  ];
}

/** The study's own parts with smaller amounts. */
const grid = presetStudy('orthogonal').grid.map(
  ({ dataset, book, levels, ranks, seeds, amounts, evaluateOn }): Part => ({
    ...{ dataset, book, levels, ranks, seeds },
    ...(amounts !== undefined && { amounts: amounts.map(ofItems) }),
    ...(evaluateOn !== undefined && { evaluateOn }),
  }),
);

/** Every run as a part of its own. */
const single = ['levels', 'ranks', 'amounts', 'seeds'].reduce(
  (parts: readonly Part[], key) => parts.flatMap((part) => spread(part, key)),
  grid,
);

function spread(part: Part, key: string): Part[] {
  const values = part[key];
  return Array.isArray(values) ? values.map((value: unknown) => ({ ...part, [key]: [value] })) : [part];
}

/** Carries out a study in a new process and folder; seconds until all of it is done. */
async function carryOut(name: string, parts: readonly Part[], isGrid: boolean): Promise<number> {
  const folder = join(out, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const file = join(out, `${name}.json`);
  const workload: StudyWorkload = { preset: 'orthogonal', changes: changesTo(parts), folder, isGrid };
  writeFileSync(file, JSON.stringify(workload));
  return (await runChild(process.execPath, [join(import.meta.dirname, 'sides/study.js'), file])).seconds;
}

async function runsOneByOne(): Promise<number> {
  const started = performance.now();
  await mapConcurrently(single, { concurrency: WORKERS }, (part, i) => carryOut(`run-${i}`, [part], false));
  return (performance.now() - started) / 1000;
}

/** Rows as text. Base models are told apart by level alone: the grid asks one about what several runs ask theirs. */
const rowsOf = (study: StoredStudy): string[] =>
  study.runs.flatMap(readRows).map((row) => JSON.stringify(row.rank > 0 ? row : { ...row, run: null, items: null }));

const processor = ({ runs }: StoredStudy): number =>
  rounded(runs.reduce((sum, run) => sum + (run.status === 'done' ? run.result.processorSeconds : 0), 0));

const isBase = (run: StoredRun): boolean => run.spec.identity.rank === 0;

/** Seconds of a study's stages, all its runs together. */
function stages({ runs }: StoredStudy): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const run of runs)
    for (const [stage, seconds] of Object.entries(run.status === 'done' ? run.result.seconds : {}))
      sums[stage] = (sums[stage] ?? 0) + seconds;
  return Object.fromEntries(Object.entries(sums).map(([stage, seconds]) => [stage, rounded(seconds)]));
}

const pairs = await inTurn(PAIRS, () => carryOut('grid', grid, true), runsOneByOne);
const whole = readStudy(join(out, 'grid'));
const alone = single.map((_, i) => readStudy(join(out, `run-${i}`)));
const rows = new Set(rowsOf(whole));
const isEqual = alone.every((study) => rowsOf(study).every((row) => rows.has(row)));
const bases = alone.map(({ runs, ...study }) => stages({ ...study, runs: runs.filter(isBase) })).reduce(added);
const ratio = (spared: number): number =>
  rounded(median(pairs.map(({ ours, theirs }) => (theirs - spared / WORKERS) / ours)));
printReport({
  name: 'grid',
  figures: {
    ...{ items: ITEMS, workers: WORKERS, pairs: PAIRS, runs: single.length, runsWithBase: whole.runs.length },
    seconds: { grid: pairs.map(({ ours }) => rounded(ours)), oneByOne: pairs.map(({ theirs }) => rounded(theirs)) },
    stages: { grid: stages(whole), oneByOne: alone.map(stages).reduce(added), basesOfThese: bases },
    processorSeconds: {
      grid: processor(whole),
      oneByOne: rounded(sumOf(alone.map(processor))),
    },
    ratioHadBasesCostNothing: ratio(sumOf(Object.values(bases))),
    equalRows: isEqual,
  },
  ratio: ratio(0),
  goal: 2,
});

function added(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, rounded((a[key] ?? 0) + (b[key] ?? 0))]),
  );
}
