/** Studies whose truth is known: answers from a latent ability with shared difficulty, cut into scores, and noise that moves whole runs. */
import { answerSpread } from '../../src/analysis/seed-noise.js';
import type { Cell } from '../../src/analysis/group.js';
import { groupBy } from '../../src/core/collections.js';
import { Random } from '../../src/core/random.js';
import type { Row } from '../../src/core/records.js';
import type { MeanEstimate } from '../../src/core/statistics.js';
import { SHAPES, type Shape, type ShapeName } from './answer-shapes.js';

export interface TruthOptions {
  readonly items: number;
  readonly questions?: number;
  /** Standard deviation of a whole run's shift, in score (1 to 5). */
  readonly noise: number;
  readonly seeds: number;
  /** Right or wrong, nine of ten right, in place of scores from 1 to 5. */
  readonly twoWay?: boolean;
  /** What each level loses, in score; default nothing. */
  readonly losses?: readonly number[];
  /** Ranks trained at the first, the middle and the last level besides 8; default 4 and 16. */
  readonly ranks?: readonly number[];
  /** How answers hang together and which scores they have; default as a real base model's. */
  readonly shape?: ShapeName;
  readonly dataset?: string;
  readonly generator: number;
}

const LEVELS = ['original', 'summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5', 'hybrid'];
const BASE = { level: 0, rank: 0, seed: 0 };

/** Rows of a study: seven levels at rank 8, other ranks at three of them, the base at the original. */
export function knownStudy(options: TruthOptions): Row[] {
  const { runs, places } = knownRuns(options);
  return runs.flatMap((run) =>
    places.map((place, i) => rowOf(run, place, { ...options, score: run.scores[i] ?? NaN })),
  );
}

/** The same study as cells, without rows: what comparisons need, in a fraction of the time. */
export function knownCells(options: TruthOptions): Cell[] {
  const { runs, itemOf } = knownRuns(options);
  const shared = { items: options.items, itemOf };
  const measured = options.twoWay === true ? 'accuracy' : 'score';
  return [...groupBy(runs, ({ level, rank }) => JSON.stringify([level, rank])).values()].map((own): Cell => {
    const [{ level, rank }] = own as [KnownRun];
    const score = own.map(({ scores }) => scores);
    const accuracy = measured === 'score' ? [] : score.map((line) => line.map((value) => (value >= 4 ? 1 : 0)));
    return {
      ...{ dataset: options.dataset ?? 'made', book: 'open', level: LEVELS[level] ?? '', rank, trr: level / 8 },
      items: rank === 0 ? 0 : options.items,
      runs: own.map(({ seed }) => `${level}-${rank}-${seed}`),
      lines: { ...shared, score, accuracy },
      spread: { score: answerSpread(score), accuracy: answerSpread(accuracy) },
      ...{ seeds: own.map(({ seed }) => seed), scales: [2], score: SOME, accuracy: SOME, abstention: null },
      ...{ answers: itemOf.length, unscored: 0, truncated: 0, retention: null, rows: [] },
    };
  });
}

/** Stands for a mean that nothing here reads but for its having answers. */
const SOME: MeanEstimate = { mean: NaN, low: NaN, high: NaN, standardError: NaN, n: 1, clusters: 1 };

interface KnownRun {
  readonly level: number;
  readonly rank: number;
  readonly seed: number;
  readonly scores: Float64Array;
}

interface Known {
  readonly runs: readonly KnownRun[];
  readonly places: readonly { readonly item: number; readonly question: number }[];
  readonly itemOf: Int32Array;
}

function knownRuns(options: TruthOptions): Known {
  const { seeds, ranks = [4, 16], losses = [], generator, dataset = 'made' } = options;
  const shape = SHAPES[options.shape ?? 'usual'];
  const { places, eases } = sharedParts(options, shape);
  const cells = LEVELS.flatMap((_, level) => [8, ...(level % 3 === 0 ? ranks : [])].map((rank) => ({ level, rank })));
  const all = [...cells.flatMap((cell) => Array.from({ length: seeds }, (_, seed) => ({ ...cell, seed }))), BASE];
  const runs = all.map(({ level, rank, seed }): KnownRun => {
    const random = new Random(generator, 'run', dataset, level, rank, seed);
    const shift = ((rank === 0 ? 0 : options.noise * random.normal()) - (losses[level] ?? 0)) / shape.slope;
    const cuts = options.twoWay === true ? [shape.right] : shape.cuts;
    const points = options.twoWay === true ? 4 : 1;
    const own = Math.sqrt(shape.own);
    const scores = (eases[level] as Float64Array).map((ease) => {
      const latent = ease + own * random.normal() + shift;
      let score = 1;
      for (const cut of cuts) if (latent > cut) score += points;
      return score;
    });
    return { level, rank, seed, scores };
  });
  return { runs, places, itemOf: Int32Array.from(places, ({ item }) => item) };
}

/** What all runs of a level share: an item's ease, a question's, and what they have at that level alone. */
function sharedParts(options: TruthOptions, shape: Shape): Pick<Known, 'places'> & { readonly eases: Float64Array[] } {
  const { items, questions = 10, generator, dataset = 'made' } = options;
  const random = new Random(generator, 'shared', dataset);
  const places: { item: number; question: number }[] = [];
  const eases = LEVELS.map((): number[] => []);
  const [item, question, itemAtLevel, questionAtLevel] = [
    shape.item,
    shape.question,
    shape.itemAtLevel,
    shape.questionAtLevel,
  ].map(Math.sqrt) as [number, number, number, number];
  for (let i = 0; i < items; i++) {
    const asked = shape.questionsOf(questions, random);
    const own = item * shape.ease(random) - shape.length * Math.log(asked / questions);
    const atLevel = eases.map(() => own + itemAtLevel * random.normal());
    for (let q = 0; q < asked; q++) {
      places.push({ item: i, question: q });
      const shared = question * random.normal();
      eases.forEach((level, l) => level.push((atLevel[l] as number) + shared + questionAtLevel * random.normal()));
    }
  }
  return { places, eases: eases.map((level) => Float64Array.from(level)) };
}

/** Written out, for objects that spreads put together are slow to read where there are many. */
function rowOf(
  { level, rank, seed }: KnownRun,
  { item, question }: { readonly item: number; readonly question: number },
  { twoWay, items, dataset = 'made', score }: TruthOptions & { readonly score: number },
): Row {
  return {
    dataset,
    level: LEVELS[level] ?? '',
    trr: level / 8,
    rank,
    seed,
    score,
    run: `${dataset}-${level}-${rank}-${seed}`,
    item: `${item}`,
    question: `${question}`,
    type: 'fact',
    book: 'open',
    scale: rank === 0 ? 0 : 2,
    items: rank === 0 ? 0 : items,
    judge: twoWay === true ? 'exact' : 'llm',
    status: 'scored',
    correct: score >= 4,
    abstention: false,
    contextTruncated: false,
    retention: null,
    bits: null,
    prompt: '',
    reference: '',
    answer: '',
    finish: 'stop',
    reason: '',
    reworded: null,
    form: null,
    exposures: null,
    control: null,
    group: null,
  };
}
