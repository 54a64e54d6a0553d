/** The comparison of `lora-open-book` and `lora-closed-book`: ours against three ways of training with PEFT, in turn. */
import { bars, drawPanels, type Panel } from './draw.js';
import { benchPython } from './python.js';
import { printReport, rounded, median } from './report.js';
import {
  PAIRS,
  THREADS,
  articlesOf,
  ceiling,
  gigabytes,
  medianOf,
  openBenchModel,
  parts,
  runOurs,
  runTheirs,
  usefulWork,
  type Measured,
  type Way,
} from './training.js';

/** A step of ours and of the packed peer: both add up the gradients of several runs, theirs of an article each, ours of so many tokens or one article. */
const ARTICLES_PER_STEP = 4;
const RUN_TOKENS = 416;

const WAYS: readonly Way[] = ['packed', 'tuned', 'plain'];
/** Steps of 8 samples that stand for an epoch, where the whole of it would take an hour and more; the first is not timed. */
const STEPS = { plain: 5, tuned: 7 };

interface Round {
  readonly ours: Measured;
  readonly theirs: Readonly<Record<Way, Measured | null>>;
  readonly ceiling: number;
}

export interface LoraGoals {
  readonly ratio: Readonly<Record<Way, number>>;
  /** Largest share of a peer's peak memory. */
  readonly memory: Partial<Readonly<Record<Way, number>>>;
}

type PerSide = Readonly<Record<Way | 'ours', number>>;

const perWay = (value: (way: Way) => number): Readonly<Record<Way, number>> => ({
  packed: value('packed'),
  tuned: value('tuned'),
  plain: value('plain'),
});

const SIDES: Readonly<Record<Way | 'ours', string>> = {
  ours: 'lightmem',
  packed: 'PEFT, packed',
  tuned: 'PEFT, tuned',
  plain: 'PEFT, plain',
};
const PANEL: Panel = { width: 460, height: 190 };

/** Questions a second and peak memory, side by side; a peer that was killed has no bar. */
export function draw(path: string, book: string, samplesPerSecond: PerSide, peakGB: PerSide): void {
  const panel = (title: string, values: PerSide, unit: string): string =>
    bars(
      title,
      (Object.keys(SIDES) as (Way | 'ours')[]).map((side) => ({
        name: SIDES[side],
        value: Number.isFinite(values[side]) ? values[side] : 0,
        text: Number.isFinite(values[side]) ? `${values[side]}${unit}` : 'killed',
      })),
      PANEL,
    );
  const panels = [
    panel(`Questions a second, ${book}`, samplesPerSecond, ''),
    panel(`Peak memory, ${book}`, peakGB, ' GB'),
  ];
  drawPanels(path, panels, PANEL);
}

/** Trains the same part of WikiUpdate on both sides and prints rates, memory, held-out loss and share of the GEMM ceiling. */
export async function compareLora(name: string, book: 'open' | 'closed', goals: LoraGoals): Promise<void> {
  const { path, model } = openBenchModel();
  const python = benchPython();
  const { items, rest, heldOut } = parts(await articlesOf(model, book));
  const rounds: Round[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const before = await ceiling(model.config);
    const ours = await runOurs({
      model: path,
      items,
      heldOut,
      articlesPerStep: ARTICLES_PER_STEP,
      batchTokens: RUN_TOKENS,
    });
    const theirs: Record<Way, Measured | null> = { packed: null, tuned: null, plain: null };
    for (const way of WAYS) {
      const steps = way === 'packed' ? Math.ceil(items.length / ARTICLES_PER_STEP) : STEPS[way];
      theirs[way] = await runTheirs(python, {
        model: path,
        way,
        steps,
        items: way === 'packed' ? items : rest,
        articlesPerStep: ARTICLES_PER_STEP,
        heldOut: way === 'packed' ? heldOut : [],
      });
    }
    rounds.push({ ours, theirs, ceiling: Math.max(before, await ceiling(model.config)) });
    process.stderr.write(`round ${pair + 1} of ${PAIRS} done\n`);
  }
  const of = (way: Way, value: (each: Measured) => number): number =>
    medianOf(rounds, ({ theirs }) => (theirs[way] ? value(theirs[way]) : NaN));
  const ratioOf = (way: Way, value: (each: Measured) => number): number =>
    rounded(medianOf(rounds, ({ ours, theirs }) => value(ours) / (theirs[way] ? value(theirs[way]) : NaN)));
  const samplesPerSecond: PerSide = {
    ours: rounded(medianOf(rounds, ({ ours }) => ours.samplesPerSecond)),
    ...perWay((way) => rounded(of(way, (each) => each.samplesPerSecond))),
  };
  const peakGB: PerSide = {
    ours: gigabytes(medianOf(rounds, ({ ours }) => ours.peakBytes)),
    ...perWay((way) => gigabytes(of(way, (each) => each.peakBytes))),
  };
  draw(`docs/${name}.svg`, `${book} book`, samplesPerSecond, peakGB);
  const efficiency = rounds.map(
    ({ ours, ceiling: limit }) => usefulWork(model.config, ours.tokens, ours.answerTokens) / ours.seconds / limit,
  );
  printReport({
    name,
    figures: {
      ...{
        articles: items.length,
        articlesPerStep: ARTICLES_PER_STEP,
        samples: items.flat().length,
        pairs: PAIRS,
        threads: THREADS,
      },
      samplesPerSecond,
      peakGB,
      memoryShare: perWay((way) => ratioOf(way, (each) => each.peakBytes)),
      memoryGoal: goals.memory,
      heldOutLoss: {
        ours: rounded(rounds[0]?.ours.heldOut ?? NaN, 4),
        packed: rounded(rounds[0]?.theirs.packed?.heldOut ?? NaN, 4),
      },
      ceilingGigaflops: rounded(
        medianOf(rounds, (round) => round.ceiling),
        1,
      ),
      shareOfCeiling: rounded(median(efficiency), 3),
      killedForMemory: rounds.flatMap(({ theirs }) => WAYS.filter((way) => theirs[way] === null)),
    },
    ratio: perWay((way) => ratioOf(way, (each) => each.samplesPerSecond)),
    goal: goals.ratio,
  });
}
