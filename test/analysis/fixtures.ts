/** Studies made by a seeded generator: one as the demo runs it, one with the means that the study of compression and rank reported. */
import type { RunSummary } from '../../src/analysis/run-summary.js';
import type { Level } from '../../src/core/levels.js';
import { Random } from '../../src/core/random.js';
import type { Book, Row } from '../../src/core/records.js';

export interface MadeStudy {
  readonly rows: Row[];
  readonly runs: RunSummary[];
}

export interface MadeRun {
  readonly dataset: string;
  readonly book: Book;
  readonly level: Level | 'none';
  readonly rank: number;
  readonly items: number;
  readonly seed: number;
  readonly scale: number;
}

/** A row with everything filled in; give what matters. */
export function row(given: Partial<Row> = {}): Row {
  return {
    run: 'run',
    dataset: 'made',
    item: 'item-0',
    question: 'q0',
    type: 'fact',
    book: 'open',
    level: 'original',
    rank: 8,
    scale: 2,
    items: 10,
    seed: 1,
    judge: 'exact',
    status: 'scored',
    score: 5,
    correct: true,
    abstention: false,
    contextTruncated: false,
    trr: 0,
    retention: 1,
    bits: 4,
    prompt: 'Which town does Ada Brink live in?',
    reference: 'Velden',
    answer: 'Velden',
    finish: 'stop',
    reason: 'is "Velden"',
    reworded: true,
    form: null,
    exposures: null,
    control: null,
    group: null,
    ...given,
  };
}

/** A run's summary with everything filled in. */
export function runSummary(given: Partial<RunSummary> = {}): RunSummary {
  return {
    id: 'run',
    dataset: 'made',
    book: 'open',
    level: 'original',
    rank: 8,
    alpha: 16,
    scale: 2,
    items: 10,
    seed: 1,
    status: 'done',
    error: null,
    parameters: 8 * 12_000,
    steps: 60,
    firstLoss: 1.9,
    lastLoss: 0.21,
    seconds: 12.5,
    adapterPath: 'study/runs/run/adapter',
    ...given,
  };
}

/** Rows of one run whose questions are right with a chance that the item's own difficulty shifts. */
export interface Answering {
  readonly run: MadeRun;
  readonly items: readonly string[];
  readonly questionsPerItem: number;
  /** Chance of a right answer, 0 to 1. */
  readonly chance: number;
  readonly trr: number | null;
  readonly retention: number | null;
  readonly generator: number;
}

const PEOPLE = ['Ada Brink', 'Olaf Tieme', 'Ruth Vandel', 'Ivo Marsh', 'Nela Quist', 'Karl Ostrow', 'Mina Feld'];
const TOWNS = [
  'Velden',
  'Orsa',
  'Nyhavn',
  'Tarnow',
  'Brec',
  'Halle',
  'Sorrel',
  'Ulm',
  'Pavia',
  'Lund',
  'Ghent',
  'Riga',
];
const KINDS = ['home', 'employer', 'birthplace', 'office'];

/** Answers of one run: the same question is hard or easy in every run, as real questions are. */
export function answered({ run, items, questionsPerItem, chance, trr, retention, generator }: Answering): Row[] {
  const id = runId(run);
  return items.flatMap((item) => {
    const itemShift = 0.6 * new Random(generator, 'item', run.dataset, item).normal();
    return Array.from({ length: questionsPerItem }, (_, q) => {
      const shared = 0.8 * new Random(generator, 'question', run.dataset, item, q).normal();
      const own = 0.8 * new Random(generator, 'answer', id, item, q).normal();
      const correct = logit(chance) + itemShift + shared + own > 0;
      return madeRow(run, id, item, q, correct, generator, trr, retention);
    });
  });
}

function madeRow(
  run: MadeRun,
  id: string,
  item: string,
  q: number,
  correct: boolean,
  generator: number,
  trr: number | null,
  retention: number | null,
): Row {
  const words = new Random(generator, 'words', item, q);
  const person = words.pick(PEOPLE);
  const reference = words.pick(TOWNS);
  const wrong = new Random(generator, 'wrong', id, item, q).pick(TOWNS.filter((town) => town !== reference));
  const spread = new Random(generator, 'trr', item, run.level).normal();
  return row({
    ...run,
    run: id,
    item,
    question: `q${q}`,
    type: KINDS[q % KINDS.length] ?? 'fact',
    score: correct ? 5 : 1,
    correct,
    trr: trr === null ? null : run.level === 'original' ? 0 : trr + 0.04 * spread,
    retention,
    bits: Math.log2(TOWNS.length),
    prompt: `${item}: what is the ${KINDS[q % KINDS.length] ?? 'home'} of ${person}?`,
    reference,
    answer: correct ? reference : wrong,
  });
}

/** A readable run id from its cell. */
export function runId({ dataset, book, level, rank, items, seed }: MadeRun): string {
  if (rank === 0) return `${dataset}-${book}-${level}-base`;
  return `${dataset}-${book}-${level}-r${rank}-n${items}-s${seed}`;
}

/** Scaled so that the normal noise above gives about this share of right answers. */
function logit(chance: number): number {
  return 0.75 * Math.log(chance / (1 - chance));
}

const DEMO_LEVELS: readonly (readonly [Level, number, number, number])[] = [
  ['original', 0, 0.94, 1],
  ['summ_l1', 0.36, 0.94, 0.98],
  ['summ_l2', 0.52, 0.93, 0.94],
  ['summ_l3', 0.7, 0.74, 0.68],
  ['summ_l4', 0.83, 0.5, 0.42],
  ['summ_l5', 0.93, 0.27, 0.16],
  ['ext', -0.4, 0.9, 1],
];

/** The grid of the demo: articles at 7 levels and 3 ranks, dialogues at 3 levels, closed book at 4 amounts × 2 ranks, and base runs. */
export function demoStudy(options: { seeds?: readonly number[]; items?: number; generator?: number } = {}): MadeStudy {
  const { seeds = [1], items = 60, generator = 7 } = options;
  const names = (dataset: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${dataset}-${i}`);
  const answerings: Answering[] = [];
  const add = (run: MadeRun, chance: number, trr: number | null, retention: number | null, n = items): void => {
    answerings.push({ run, items: names(run.dataset, n), questionsPerItem: 4, chance, trr, retention, generator });
  };
  for (const seed of seeds) {
    for (const [level, trr, chance, kept] of DEMO_LEVELS) {
      for (const rank of [8, ...(['original', 'summ_l3', 'summ_l5'].includes(level) ? [4, 16] : [])]) {
        add({ dataset: 'world-articles', book: 'open', level, rank, items, seed, scale: 2 }, chance, trr, kept);
      }
    }
    for (const [level, trr, chance, kept] of DEMO_LEVELS.filter(([name]) =>
      ['original', 'summ_l2', 'summ_l5'].includes(name),
    )) {
      const given = level === 'original' ? 0.55 : chance * 0.85;
      add({ dataset: 'world-dialogues', book: 'open', level, rank: 8, items, seed, scale: 2 }, given, trr * 0.98, kept);
    }
    for (const rank of [4, 16]) {
      for (const n of [15, 30, 60, 120]) {
        const chance = Math.min(0.98, (rank === 4 ? 42 : 130) / n);
        add(
          { dataset: 'world-articles', book: 'closed', level: 'none', rank, items: n, seed, scale: 2 },
          chance,
          null,
          null,
          n,
        );
      }
    }
  }
  const base = { rank: 0, items: 0, seed: 0, scale: 0 };
  add({ dataset: 'world-articles', book: 'open', level: 'original', ...base }, 0.91, 0, 1);
  add({ dataset: 'world-dialogues', book: 'open', level: 'original', ...base }, 0.48, 0, 1);
  add({ dataset: 'world-articles', book: 'closed', level: 'none', ...base }, 0.07, null, null, 120);
  return finish(answerings.map((answering) => [answering.run, answered(answering)]));
}

function finish(made: readonly (readonly [MadeRun, Row[]])[]): MadeStudy {
  const runs = made.map(([run], i) =>
    runSummary({
      ...run,
      id: runId(run),
      alpha: run.scale * run.rank,
      parameters: run.rank * 12_288,
      steps: run.rank === 0 ? null : 90,
      firstLoss: run.rank === 0 ? null : 2.1 + (i % 5) / 10,
      lastLoss: run.rank === 0 ? null : 0.12 + (i % 7) / 50,
      seconds: 9 + (i % 4),
      adapterPath: run.rank === 0 ? null : `lightmem-demo/runs/${runId(run)}/adapter`,
    }),
  );
  return { rows: made.flatMap(([, rows]) => rows), runs };
}

const WIKI = 'wikiupdate';
const MEMORY = 'longmemeval';
const WIKI_TRR: Readonly<Record<string, number>> = {
  original: 0,
  summ_l1: 0.3517,
  summ_l2: 0.4029,
  summ_l3: 0.6447,
  summ_l4: 0.7178,
  summ_l5: 0.8968,
  ext: -0.8448,
};
const WIKI_RETENTION: Readonly<Record<string, number>> = {
  original: 0.92,
  summ_l1: 0.74,
  summ_l2: 0.65,
  summ_l3: 0.42,
  summ_l4: 0.35,
  summ_l5: 0.17,
  ext: 0.8,
};
const WIKI_SCORES: readonly (readonly [Level, number])[] = [
  ['original', 3.2272],
  ['summ_l1', 3.2367],
  ['summ_l2', 3.2087],
  ['summ_l3', 2.8771],
  ['summ_l4', 2.6777],
  ['summ_l5', 2.2287],
  ['ext', 2.7512],
];
/** Level, accuracy in % and macro TRR. */
const MEMORY_ACCURACY: readonly (readonly [Level, number, number])[] = [
  ['original', 5.4, 0],
  ['summ_l1', 4.4, 0.9382],
  ['summ_l2', 21.2, 0.9612],
  ['summ_l3', 16.4, 0.9804],
  ['summ_l4', 14.8, 0.9858],
  ['summ_l5', 11.4, 0.9946],
  ['ext', 11.6, 0.8205],
];
const AMOUNTS_R8 = [3.1951, 3.1945, 3.1839, 3.2238, 3.2625, 3.2074, 3.2415, 3.2174, 3.2259];
const AMOUNTS_R4 = [
  [100, 3.195],
  [300, 3.2089],
] as const;
const AMOUNTS_R16 = [
  [100, 3.2145],
  [300, 3.2247],
] as const;
const OTHER_RANKS: readonly (readonly [number, Level, number])[] = [
  [4, 'original', 3.2494],
  [4, 'summ_l3', 2.912],
  [4, 'summ_l5', 2.2474],
  [16, 'original', 3.2368],
  [16, 'summ_l3', 2.8803],
  [16, 'summ_l5', 2.212],
];

/** The study's grid with its reported means, on 500 items with one answer each, made so that each cell's mean is the reported one. */
export function reportedStudy(itemsPerCell = 500): MadeStudy {
  const items = Array.from({ length: itemsPerCell }, (_, i) => `item-${i + 1}`);
  const cells: [MadeRun, Row[]][] = [];
  const wiki = (level: Level, rank: number, n: number, mean: number): void => {
    const run = {
      dataset: WIKI,
      book: 'open',
      level,
      rank,
      items: n,
      seed: 1,
      scale: rank === 0 ? 0 : 16 / rank,
    } as const;
    cells.push([run, withMean(run, items, mean)]);
  };
  wiki('original', 0, 0, 3.17);
  for (const [level, mean] of WIKI_SCORES) wiki(level, 8, 500, mean);
  AMOUNTS_R8.forEach((mean, i) => wiki('original', 8, 50 * (i + 1), mean));
  for (const [n, mean] of AMOUNTS_R4) wiki('original', 4, n, mean);
  for (const [n, mean] of AMOUNTS_R16) wiki('original', 16, n, mean);
  for (const [rank, level, mean] of OTHER_RANKS) wiki(level, rank, 500, mean);
  const memory = (level: Level, rank: number, accuracy: number, trr: number): void => {
    const run = {
      dataset: MEMORY,
      book: 'open',
      level,
      rank,
      items: rank === 0 ? 0 : 500,
      seed: 1,
      scale: rank === 0 ? 0 : 2,
    } as const;
    cells.push([run, withAccuracy(run, items, accuracy / 100, trr)]);
  };
  memory('original', 0, 5, 0);
  for (const [level, accuracy, trr] of MEMORY_ACCURACY) memory(level, 8, accuracy, trr);
  return finish(cells);
}

/** Scores from 1 to 5 that agree between runs as those of one model do, moved so that their mean is the one asked for. */
function withMean(run: MadeRun, items: readonly string[], mean: number): Row[] {
  const id = runId(run);
  const ease = items.map((item) => {
    const shared = 1.1 * new Random(3, 'ease', item).normal();
    return shared + 0.6 * new Random(3, 'own', id, item).normal();
  });
  const order = [...ease.keys()].sort((a, b) => (ease[b] ?? 0) - (ease[a] ?? 0));
  const target = Math.round(mean * items.length);
  const scores = new Map<number, number>(order.map((at, place) => [at, scoreAt(place / items.length, mean)]));
  let missing = target - [...scores.values()].reduce((sum, score) => sum + score, 0);
  for (let i = 0; missing !== 0; i = (i + 1) % items.length) {
    const at = order[missing > 0 ? i : items.length - 1 - i] as number;
    const moved = (scores.get(at) ?? 3) + Math.sign(missing);
    if (moved < 1 || moved > 5) continue;
    scores.set(at, moved);
    missing -= Math.sign(missing);
  }
  return items.map((item, i) => {
    const score = scores.get(i) ?? 1;
    const answer = score > 3 ? 'Springfield, Illinois' : 'Based on the provided information, it is not certain.';
    return row({
      ...run,
      run: id,
      item,
      score,
      correct: score >= 4,
      judge: 'llm',
      trr: WIKI_TRR[run.level] ?? null,
      retention: WIKI_RETENTION[run.level] ?? null,
      bits: null,
      prompt: 'Complete the sentence: Misty Buscher is the mayor of',
      reference: 'Springfield, Illinois',
      answer,
    });
  });
}

function scoreAt(place: number, mean: number): number {
  return Math.max(1, Math.min(5, Math.round(mean + 2 - 4 * place)));
}

function withAccuracy(run: MadeRun, items: readonly string[], accuracy: number, trr: number): Row[] {
  const id = runId(run);
  const ease = items.map(
    (item) => new Random(5, 'ease', item).normal() + 0.8 * new Random(5, 'own', id, item).normal(),
  );
  const order = [...ease.keys()].sort((a, b) => (ease[b] ?? 0) - (ease[a] ?? 0));
  const right = new Set(order.slice(0, Math.round(accuracy * items.length)));
  return items.map((item, i) =>
    row({
      ...run,
      run: id,
      item,
      score: right.has(i) ? 5 : 1,
      correct: right.has(i),
      judge: 'yes-no',
      type: 'multi-session',
      trr,
      retention: null,
      contextTruncated: run.level === 'original',
      bits: null,
      prompt: 'How many weeks did the kitchen renovation take?',
      reference: 'six weeks',
      answer: right.has(i) ? 'It took six weeks.' : 'user: I was thinking about new tiles',
    }),
  );
}
