/** What does a study of 36 runs take beside a plain script, which does each run in a process of its own with all anew? A tenth of it by the script, by ours all or a third: SmolLM2-135M, WikiUpdate, open book. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { analyse } from '../src/analysis/analyse.js';
import { armsOf, comparedPairs } from '../src/analysis/lines.js';
import type { Cell } from '../src/analysis/group.js';
import { sumOf } from '../src/core/collections.js';
import type { Item, Row } from '../src/core/records.js';
import { clusteredMean, mean } from '../src/core/statistics.js';
import { loadAll } from '../src/data/load.js';
import { jsonLines } from '../src/files/json-lines.js';
import type { Change } from '../src/study/config-file.js';
import { runName } from '../src/study/identity.js';
import { readRows, type StoredRun } from '../src/study/run-store.js';
import { readStudy } from '../src/study/stored-study.js';
import type { StudySide, StudyWorkload } from './sides/study.js';
import { plainRows, runPlain, type PlainRun } from './support/one-run.js';
import { benchPython, devData, runChild } from './support/python.js';
import { printReport, rounded } from './support/report.js';
import { stepsByLevel } from './support/steps.js';
import { openBenchModel, THREADS, type Dtype } from './support/training.js';

/** The grid, which the script does every level of once, at one rank and seed. */
const GRID = { levels: ['original', 'summ_l1', 'summ_l3', 'summ_l5'], ranks: [4, 8, 16], seeds: [0, 1, 2] };
const [SCRIPT_RANK, SCRIPT_SEED] = [8, 0];
const RUNS = GRID.levels.length * GRID.ranks.length * GRID.seeds.length;

/** Articles trained on, and others asked about. */
const ARTICLES = Number(process.env['LIGHTMEM_BENCH_ARTICLES'] ?? 6);
const ASKED = Number(process.env['LIGHTMEM_BENCH_ASKED'] ?? 6);
/** Runs of ours carried out at once, which share the threads; the script does one after another. */
const WORKERS = Number(process.env['LIGHTMEM_BENCH_WORKERS'] ?? 1);
const EPOCHS = Number(process.env['LIGHTMEM_BENCH_EPOCHS'] ?? 2);
/** What the script computes in; ours trains in f32 and in integers of eight bits. */
const DTYPE: Dtype = process.env['LIGHTMEM_BENCH_DTYPE'] === 'bf16' ? 'bf16' : 'f32';
type Ours = 'f32' | 'int8';
/** What ours carries out: in eight bits all, for runs of a level share what their base is computed with. */
const PARTS = { f32: { ...GRID, seeds: [SCRIPT_SEED] }, int8: GRID } as const satisfies Record<Ours, typeof GRID>;
/** Tokens of a step of ours, where it is not as large as the level's largest article; the script's are eight questions. */
const STEP_TOKENS = numberFrom('LIGHTMEM_BENCH_STEP_TOKENS');
/** Highest learning rates: the script's, and ours, where it is not in proportion to steps that are fewer and hold more questions. */
const SCRIPT_RATE = 5e-4;
const RATE = numberFrom('LIGHTMEM_BENCH_RATE');
/** How often ours is carried out: once before the script, the others behind it. */
const TRIES = Number(process.env['LIGHTMEM_BENCH_PAIRS'] ?? 1);
/** Articles trained on and asked about by a study of the size of examples/experiment-a-smol.yaml. */
const LARGER = { articles: 70, asked: 30 };
const GOAL = 20;
const out = '.lightmem/bench/whole-study';
/** The study that comes with lightmem, with other data, grid and steps. */
const PRESET = 'experiment-a-smol';

type Seconds = Readonly<Record<string, number>>;

function numberFrom(name: string): number | undefined {
  const value = process.env[name];
  return value === undefined ? undefined : Number(value);
}

/** What a side takes in all, and where. */
interface Cost {
  /** Paid once for the study. */
  readonly once: Seconds;
  /** Paid for every trained run, in the mean. */
  readonly run: Seconds;
  /** The study's, of all threads. */
  readonly processorSeconds: number;
}

const { path, model } = openBenchModel();
const python = benchPython();
const files = await writeArticles();
const steps = await stepsByLevel({
  preset: PRESET,
  changes: [
    ...changesOf([{ levels: GRID.levels, ranks: [SCRIPT_RANK], seeds: [SCRIPT_SEED] }]),
    { keys: ['base'], value: false },
  ],
  scriptRate: SCRIPT_RATE,
  batchTokens: STEP_TOKENS,
  learningRate: RATE,
});
const tries: Record<Ours, Cost[]> = { f32: [], int8: [] };
const theirs: { readonly run: StoredRun; readonly plain: PlainRun }[] = [];

/** Articles of all lengths, one from the middle of each of as many equal stretches of those in order of length, in two files. */
async function writeArticles(): Promise<Record<'file' | 'testFile', string>> {
  const { items } = await loadAll(devData('wikiupdate-150.json'));
  const complete = items.filter(({ texts }) => GRID.levels.every((level) => texts[level] !== undefined));
  const length = ({ texts }: Item): number => texts['original']?.text.length ?? 0;
  const sorted = [...complete].sort((a, b) => length(a) - length(b));
  const count = ARTICLES + ASKED;
  const chosen = Array.from({ length: count }, (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / count)]);
  const isAsked = (i: number): boolean => Math.floor(((i + 1) * ASKED) / count) > Math.floor((i * ASKED) / count);
  const write = (name: string, asked: boolean): string => {
    mkdirSync(out, { recursive: true });
    const at = resolve(out, name);
    writeFileSync(
      at,
      [...jsonLines(chosen.flatMap((item, i) => (item && isAsked(i) === asked ? [item] : [])))].join(''),
    );
    return at;
  };
  return { file: write('trained.jsonl', false), testFile: write('asked.jsonl', true) };
}

/** Changes of the study that comes with lightmem, of the model, the data and the grid. */
function changesOf(parts: readonly object[]): Change[] {
  return [
    { keys: ['model'], value: path },
    { keys: ['datasets', 'wikiupdate'], value: { format: 'items', ...files } },
    { keys: ['grid'], value: parts.map((part) => ({ dataset: 'wikiupdate', book: 'open', ...part })) },
    { keys: ['train', 'epochs'], value: EPOCHS },
  ];
}

/** Our part of the grid, every level with steps of its own. */
function changes(compute: Ours): Change[] {
  const { ranks, seeds } = PARTS[compute];
  const byLevel = steps.map(({ level, batchTokens, learningRate }) => ({
    ...{ levels: [level], ranks, seeds },
    train: { batchTokens, learningRate },
  }));
  return [
    ...changesOf(byLevel),
    { keys: ['train', 'compute'], value: compute },
    { keys: ['executor'], value: { kind: 'pool', workers: WORKERS, threads: THREADS / WORKERS } },
  ];
}

async function carryOutBoth(): Promise<void> {
  await carryOut('f32');
  await carryOut('int8');
}

/** Our part, from nothing. */
async function carryOut(compute: Ours): Promise<void> {
  const folder = join(out, compute);
  rmSync(folder, { recursive: true, force: true });
  const workload: StudyWorkload = { preset: PRESET, changes: changes(compute), folder, isGrid: true };
  const file = join(out, `${compute}.json`);
  writeFileSync(file, JSON.stringify(workload));
  const child = await runChild(process.execPath, [join(import.meta.dirname, 'sides/study.js'), file]);
  tries[compute].push(ourCost(readStudy(folder).runs, JSON.parse(child.output) as StudySide, child.seconds));
  process.stderr.write(`study in ${compute}: ${child.seconds.toFixed(0)} s\n`);
}

function ourCost(runs: readonly StoredRun[], side: StudySide, wall: number): Cost {
  const wallOf = (run: StoredRun): number =>
    side.runs.find((each) => each.run === runName(run.spec.identity))?.seconds ?? NaN;
  const trained = runs.filter(isTrained);
  const bases = runs.filter((run) => !isTrained(run));
  // What lies between the ends of runs side by side is of all of them: by the seconds that they say they took.
  const runsWall = sumOf(runs.map(wallOf));
  const shareOf = (each: readonly StoredRun[]): number => sumOf(each.map(secondsOf)) / sumOf(runs.map(secondsOf));
  const ofAll = (each: readonly StoredRun[]): number =>
    WORKERS === 1 ? sumOf(each.map(wallOf)) : shareOf(each) * runsWall;
  const [trainedWall, basesWall] = [ofAll(trained), ofAll(bases)];
  const stages = averaged(trained.map((run) => (run.status === 'done' ? shared(run.result.seconds) : {})));
  const processor = (each: readonly StoredRun[]): number =>
    sumOf(each.map((run) => (run.status === 'done' ? run.result.processorSeconds : NaN)));
  return {
    once: { planAuditReport: wall - trainedWall - basesWall, bases: basesWall },
    run: { ...stages, rest: trainedWall / trained.length - sumOf(Object.values(stages)) },
    processorSeconds: side.processorSeconds + processor(bases) + (RUNS * processor(trained)) / trained.length,
  };
}

/** Seconds of all stages of a run. */
const secondsOf = (run: StoredRun): number => (run.status === 'done' ? sumOf(Object.values(run.result.seconds)) : NaN);

/** A run's share of the seconds of a machine that carries out several at once. */
function shared(seconds: Seconds): Seconds {
  return Object.fromEntries(Object.entries(seconds).map(([stage, each]) => [stage, each / WORKERS]));
}

function isTrained({ spec }: StoredRun): boolean {
  return spec.identity.rank > 0;
}

/** The runs that the script does too. */
function scriptsRuns(): StoredRun[] {
  return readStudy(join(out, 'f32')).runs.filter(({ spec }) => spec.identity.rank === SCRIPT_RANK);
}

function averaged(all: readonly Seconds[]): Seconds {
  const names = new Set(all.flatMap((each) => Object.keys(each)));
  return Object.fromEntries([...names].map((name) => [name, mean(all.map((each) => each[name] ?? 0))]));
}

const meanCost = (costs: readonly Cost[]): Cost => ({
  once: averaged(costs.map(({ once }) => once)),
  run: averaged(costs.map(({ run }) => run)),
  processorSeconds: mean(costs.map(({ processorSeconds }) => processorSeconds)),
});

const theirCost = (): Cost => ({
  once: {},
  run: averaged(
    theirs.map(({ plain: { seconds, wall } }) => ({ ...seconds, rest: wall - sumOf(Object.values(seconds)) })),
  ),
  processorSeconds: RUNS * mean(theirs.map(({ plain }) => plain.processorSeconds)),
});

/** Of all 36 runs: what is paid once, and for every run what one takes. */
const wholeOf = ({ once, run }: Cost): number => sumOf(Object.values(once)) + RUNS * sumOf(Object.values(run));

/** The same with more articles, where training and asking grow with them and nothing else does; of ours that is more than it takes, for what asking begins with is paid once a run. */
function larger({ once, run, processorSeconds }: Cost): Cost {
  const growth = { training: LARGER.articles / ARTICLES, asking: LARGER.asked / ASKED };
  const grown = (name: string, seconds: number): number =>
    seconds * (name === 'training' ? growth.training : /^asking|^judging|^bases/.test(name) ? growth.asking : 1);
  const each = (seconds: Seconds): Seconds =>
    Object.fromEntries(Object.entries(seconds).map(([name, value]) => [name, grown(name, value)]));
  return { once: each(once), run: each(run), processorSeconds };
}

const inDigits = (seconds: Seconds): Seconds =>
  Object.fromEntries(Object.entries(seconds).map(([name, value]) => [name, rounded(value, 1)]));

const perCompute = <T>(value: (compute: Ours) => T): Record<Ours, T> => ({ f32: value('f32'), int8: value('int8') });

async function report() {
  const cost = perCompute((compute) => meanCost(tries[compute]));
  const script = theirCost();
  const askedOnce = (RUNS - GRID.levels.length) * (script.run['askingBase'] ?? NaN);
  const ratio = (of: (each: Cost) => number, spared = 0) =>
    perCompute((compute) => rounded((of(script) - spared) / of(cost[compute]), 1));
  const shown = ({ once, run }: Cost) => ({ once: inDigits(once), run: inDigits(run) });
  return {
    name: 'whole-study',
    figures: {
      ...{
        runs: RUNS,
        carriedOut: {
          ...perCompute((compute) => PARTS[compute].levels.length * GRID.ranks.length * PARTS[compute].seeds.length),
          script: theirs.length,
        },
        steps: steps.map((each) => ({ ...each, learningRate: rounded(each.learningRate, 6) })),
        scriptRate: SCRIPT_RATE,
        threads: THREADS,
        workers: WORKERS,
        epochs: EPOCHS,
        articles: ARTICLES,
        asked: ASKED,
      },
      ...questions(),
      seconds: { ours: perCompute((compute) => shown(cost[compute])), [`script in ${DTYPE}`]: shown(script) },
      tries: perCompute((compute) => tries[compute].map((each) => rounded(wholeOf(each), 0))),
      scriptRuns: theirs.map(({ plain }) => rounded(plain.wall, 0)),
      wholeStudy: {
        ours: perCompute((compute) => rounded(wholeOf(cost[compute]), 0)),
        script: rounded(wholeOf(script), 0),
      },
      ratioOfProcessorTime: ratio(({ processorSeconds }) => processorSeconds),
      ratioHadTheScriptAskedEachBaseOnce: ratio(wholeOf, askedOnce),
      ratioOfALargerStudy: { ...LARGER, ...ratio((each) => wholeOf(larger(each))) },
      ...(await comparedRows()),
    },
    ratio: ratio(wholeOf),
    goal: perCompute(() => GOAL),
  };
}

/** How many questions a run learns, passes not counted, and is asked. */
function questions(): { trainedQuestions: number; askedQuestions: number } {
  const [first] = theirs;
  if (first === undefined) throw new Error('the script did no run');
  const { answers } = first.plain;
  return { trainedQuestions: first.plain.trained, askedQuestions: answers.adapter.length };
}

/** Scores of both sides on the same questions, and what a verdict makes of them. */
async function comparedRows() {
  const script = { base: [] as Row[], adapter: [] as Row[] };
  for (const { run, plain } of theirs) {
    const base = baseOf(run);
    script.base.push(...(await plainRows(base, plain.answers.base, model)));
    script.adapter.push(...(await plainRows(run, plain.answers.adapter, model)));
  }
  const isCompared = ({ rank, seed }: Row): boolean => rank === 0 || (rank === SCRIPT_RANK && seed === SCRIPT_SEED);
  const rows = perCompute((compute) => readStudy(join(out, compute)).runs.flatMap(readRows).filter(isCompared));
  const verdicts = {
    ...perCompute((compute) => verdictOf(rows[compute])),
    script: verdictOf([...script.base, ...script.adapter]),
  };
  return {
    sameBaseAnswers: `${script.base.filter(isAnswered(rows.f32)).length} of ${script.base.length}`,
    scoreLessTheScripts: perCompute((compute) => ({
      base: difference(rows[compute], script.base),
      adapters: difference(rows[compute], script.adapter),
      ...Object.fromEntries(
        GRID.levels.map((level) => [
          level,
          difference(
            rows[compute],
            script.adapter.filter((row) => row.level === level),
          ),
        ]),
      ),
    })),
    verdicts,
    sameVerdict: perCompute((compute) => JSON.stringify(verdicts[compute]) === JSON.stringify(verdicts.script)),
    againstTheScripts: perCompute((compute) => against(verdicts[compute], verdicts.script)),
  };
}

type Verdict = ReturnType<typeof verdictOf>;

/** Whether the same is recommended, and how the differences that are called detectable agree. */
function against(ours: Verdict, script: Verdict) {
  const opposite = script.differences.map((each) => each.split(' > ').reverse().join(' > '));
  const inBoth = script.differences.filter((each) => ours.differences.includes(each));
  return {
    sameRecommendation: ours.level === script.level && ours.rank === script.rank,
    differencesFound: `${inBoth.length} of ${script.differences.length}`,
    further: ours.differences.length - inBoth.length,
    opposite: ours.differences.filter((each) => opposite.includes(each)).length,
  };
}

function baseOf({ spec: { identity } }: StoredRun): StoredRun {
  const found = readStudy(join(out, 'f32')).runs.find(
    (run) => !isTrained(run) && run.spec.identity.level === identity.level,
  );
  if (found === undefined) throw new Error(`the base was not asked at ${identity.level}`);
  return found;
}

const keyOf = ({ level, rank, item, question }: Row): string => JSON.stringify([level, rank, item, question]);

function isAnswered(rows: readonly Row[]): (row: Row) => boolean {
  const answers = new Map(rows.map((row) => [keyOf(row), row.answer]));
  return (row) => answers.get(keyOf(row)) === row.answer;
}

/** Means of both, and the mean difference on the same questions with its 95 % interval, clustered by article. */
function difference(ours: readonly Row[], script: readonly Row[]): string {
  const scores = new Map(ours.map((row) => [keyOf(row), row.score ?? NaN]));
  const pairs = script.map((row) => ({
    cluster: row.item,
    ours: scores.get(keyOf(row)) ?? NaN,
    theirs: row.score ?? NaN,
  }));
  const found = clusteredMean(pairs.map(({ cluster, ours: a, theirs: b }) => ({ cluster, value: a - b })));
  const means = [pairs.map((each) => each.ours), pairs.map((each) => each.theirs)].map((each) => mean(each).toFixed(2));
  const [low, high] = [found.low, found.high].map((each) => each.toFixed(2));
  return `${means[0]} − ${means[1]} = ${found.mean.toFixed(2)} (${low} to ${high})`;
}

/** What is recommended, and which differences are detectable, the greater first. */
function verdictOf(rows: readonly Row[]) {
  const { cells, compare, recommendation } = analyse(rows);
  const named = (side: readonly Cell[]): string =>
    side.map(({ level, rank }) => (rank === 0 ? `base at ${level}` : level)).join(' and ');
  const differences = armsOf(cells)
    .flatMap((arm) => comparedPairs(arm))
    .flatMap(({ a, b, measure }) => {
      const { detectable, difference: by } = compare(a, b, measure);
      if (!detectable) return [];
      return by > 0 ? `${named(a)} > ${named(b)}` : `${named(b)} > ${named(a)}`;
    });
  return { level: recommendation.level, rank: recommendation.rank, differences };
}

await carryOutBoth();
for (const run of scriptsRuns()) {
  theirs.push({ run, plain: await runPlain(run, { python, model, dtype: DTYPE, learningRate: SCRIPT_RATE }) });
  process.stderr.write(`script: run ${theirs.length} done\n`);
}
for (let again = 1; again < TRIES; again++) await carryOutBoth();
printReport(await report());
