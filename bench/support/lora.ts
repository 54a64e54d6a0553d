/** The comparison of `lora-open-book` and `lora-closed-book`: ours against three ways of training with PEFT, each in f32 and in bf16, in turn. */
import { inParts } from '../../src/core/collections.js';
import { hasEightBitProducts } from '../../src/engine/eight-bits.js';
import { packedLength } from '../../src/models/graph/packing.js';
import { bars, drawPanels, type Panel } from './draw.js';
import { benchPython } from './python.js';
import { printReport, rounded, median } from './report.js';
import {
  LANES,
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
  type Articles,
  type Dtype,
  type Measured,
  type Way,
} from './training.js';

/** A step of ours and of the packed peer: both add up the gradients of several runs, theirs of an article each, ours of so many tokens or one article. */
const ARTICLES_PER_STEP = 4;
const RUN_TOKENS = 416;

/** What ours is compared with. */
const PEERS = {
  packed: { way: 'packed', dtype: 'f32' },
  packedBf16: { way: 'packed', dtype: 'bf16' },
  tuned: { way: 'tuned', dtype: 'f32' },
  tunedBf16: { way: 'tuned', dtype: 'bf16' },
  plain: { way: 'plain', dtype: 'f32' },
  plainBf16: { way: 'plain', dtype: 'bf16' },
} as const satisfies Record<string, { readonly way: Way; readonly dtype: Dtype }>;
type Peer = keyof typeof PEERS;

/** The peers of this call: all, or those that LIGHTMEM_BENCH_PEERS names. */
const NAMED = process.env['LIGHTMEM_BENCH_PEERS']?.split(',');
const CHOSEN = (Object.keys(PEERS) as Peer[]).filter((peer) => NAMED === undefined || NAMED.includes(peer));
if (CHOSEN.length === 0) throw new Error(`LIGHTMEM_BENCH_PEERS names none of ${Object.keys(PEERS).join(', ')}`);
/** Steps of 8 samples that stand for an epoch, where the whole of it would take an hour and more; the first is not timed. */
const STEPS = { plain: 5, tuned: 7 };

interface Round {
  readonly ours: Measured;
  /** Ours with the base in integers of eight bits; null where the processor lacks them. */
  readonly int8: Measured | null;
  readonly theirs: PerPeer<Measured | null>;
  readonly ceiling: number;
}

/** A value for each peer that was compared with. */
type PerPeer<T> = Readonly<Partial<Record<Peer, T>>>;

export interface LoraGoals {
  readonly ratio: PerPeer<number>;
  /** Of ours in integers of eight bits, over ours in f32 too. */
  readonly int8: { readonly f32: number } & PerPeer<number>;
  /** Largest share of a peer's peak memory. */
  readonly memory: PerPeer<number>;
}

type PerSide = Readonly<{ ours: number; int8?: number } & PerPeer<number>>;

const perPeer = <T>(value: (peer: Peer) => T): PerPeer<T> =>
  Object.fromEntries(CHOSEN.map((peer) => [peer, value(peer)]));

const OURS = { ours: 'lightmem', int8: 'lightmem, int8' } as const;
type Side = Peer | keyof typeof OURS;

/** Bars of a picture, in their order. */
const SIDES: readonly Side[] = ['ours', 'int8', ...CHOSEN];

const isOurs = (side: Side): side is keyof typeof OURS => side in OURS;

const nameOf = (side: Side): string =>
  isOurs(side) ? OURS[side] : `PEFT, ${PEERS[side].way}${PEERS[side].dtype === 'bf16' ? ', bf16' : ''}`;

/** The goals of the peers of this call. */
const goalsOf = (goals: PerPeer<number>): PerPeer<number> =>
  Object.fromEntries(Object.entries(goals).filter(([peer]) => CHOSEN.includes(peer as Peer)));

const PANEL: Panel = { width: 460, height: 280 };

/** Questions a second and peak memory, side by side; a peer that was killed has no bar. */
export function draw(path: string, book: string, samplesPerSecond: PerSide, peakGB: PerSide): void {
  const panel = (title: string, values: PerSide, unit: string): string =>
    bars(
      title,
      SIDES.filter((side) => side in values).map((side) => {
        const value = values[side] ?? NaN;
        const isThere = Number.isFinite(value);
        return {
          ...{ name: nameOf(side), isOurs: isOurs(side) },
          ...{ value: isThere ? value : 0, text: isThere ? `${value}${unit}` : 'killed' },
        };
      }),
      PANEL,
    );
  const panels = [
    panel(`Questions a second, ${book}`, samplesPerSecond, ''),
    panel(`Peak memory, ${book}`, peakGB, ' GB'),
  ];
  drawPanels(path, panels, PANEL);
}

/** Articles in steps of like length, as a training with `groupByLength` takes them; the first step, which is not timed, is one from the middle. */
function alike(items: Articles): Articles {
  const lengthOf = (article: Articles[number]): number =>
    packedLength(article.map((each, i) => ({ id: String(i), ...each })));
  const sorted = [...items].sort((a, b) => lengthOf(a) - lengthOf(b));
  const steps = inParts(sorted, ARTICLES_PER_STEP);
  const [first = []] = steps.splice(Math.floor((steps.length - 1) / 2), 1);
  return [first, ...steps].flat();
}

/** Trains the same part of WikiUpdate on both sides and prints rates, memory, held-out loss and share of the GEMM ceiling. */
export async function compareLora(name: string, book: 'open' | 'closed', goals: LoraGoals): Promise<void> {
  const { path, model } = openBenchModel();
  const python = benchPython();
  const { items: drawn, rest, heldOut } = parts(await articlesOf(model, book));
  const items = book === 'open' && LANES > 1 ? alike(drawn) : drawn;
  const rounds: Round[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const before = await ceiling(model.config);
    const workload = { model: path, items, heldOut, articlesPerStep: ARTICLES_PER_STEP, batchTokens: RUN_TOKENS };
    const ours = await runOurs(workload);
    const int8 = hasEightBitProducts() === true ? await runOurs({ ...workload, int8: true }) : null;
    const theirs: Partial<Record<Peer, Measured | null>> = {};
    for (const peer of CHOSEN) {
      const { way, dtype } = PEERS[peer];
      theirs[peer] = await runTheirs(python, {
        ...{ model: path, way, dtype, articlesPerStep: ARTICLES_PER_STEP },
        steps: way === 'packed' ? Math.ceil(items.length / ARTICLES_PER_STEP) : STEPS[way],
        items: way === 'packed' ? items : rest,
        heldOut: way === 'packed' ? heldOut : [],
      });
    }
    rounds.push({ ours, int8, theirs, ceiling: Math.max(before, await ceiling(model.config)) });
    process.stderr.write(`round ${pair + 1} of ${PAIRS} done\n`);
  }
  const of = (peer: Peer, value: (each: Measured) => number): number =>
    medianOf(rounds, ({ theirs }) => valueOf(theirs[peer], value));
  const ratioOf = (peer: Peer, value: (each: Measured) => number): number =>
    rounded(medianOf(rounds, ({ ours, theirs }) => value(ours) / valueOf(theirs[peer], value)));
  const samplesPerSecond: PerSide = {
    ours: rounded(medianOf(rounds, ({ ours }) => ours.samplesPerSecond)),
    ...perPeer((peer) => rounded(of(peer, (each) => each.samplesPerSecond))),
  };
  const peakGB: PerSide = {
    ours: gigabytes(medianOf(rounds, ({ ours }) => ours.peakBytes)),
    ...perPeer((peer) => gigabytes(of(peer, (each) => each.peakBytes))),
  };
  const int8 = int8Figures(rounds, goals.int8);
  // The picture has all peers, or is left as it is.
  if (NAMED === undefined)
    draw(
      `docs/${name}.svg`,
      `${book} book`,
      { ...samplesPerSecond, ...(int8 !== null && { int8: int8.samplesPerSecond }) },
      { ...peakGB, ...(int8 !== null && { int8: int8.peakGB }) },
    );
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
        lanes: LANES,
      },
      samplesPerSecond,
      peakGB,
      memoryShare: perPeer((peer) => ratioOf(peer, (each) => each.peakBytes)),
      memoryGoal: goalsOf(goals.memory),
      heldOutLoss: {
        ours: rounded(rounds[0]?.ours.heldOut ?? NaN, 4),
        ...perPeer((peer) => roundedOrNull(rounds[0]?.theirs[peer]?.heldOut)),
      },
      ceilingGigaflops: rounded(
        medianOf(rounds, (round) => round.ceiling),
        1,
      ),
      shareOfCeiling: rounded(median(efficiency), 3),
      int8,
      killedForMemory: rounds.flatMap(({ theirs }) => CHOSEN.filter((peer) => theirs[peer] === null)),
    },
    ratio: perPeer((peer) => ratioOf(peer, (each) => each.samplesPerSecond)),
    goal: goalsOf(goals.ratio),
  });
}

/** What integers of eight bits come to, against ours in f32 and every peer; null where the processor lacks them. */
function int8Figures(rounds: readonly Round[], goal: LoraGoals['int8']) {
  const pairs = rounds.flatMap(({ int8, ...round }) => (int8 === null ? [] : [{ ...round, int8 }]));
  const [first] = pairs;
  if (first === undefined) return null;
  const over = (of: (round: Round) => Measured | null | undefined): number =>
    rounded(
      medianOf(pairs, (round) => round.int8.samplesPerSecond / valueOf(of(round), (each) => each.samplesPerSecond)),
    );
  return {
    samplesPerSecond: rounded(medianOf(pairs, ({ int8 }) => int8.samplesPerSecond)),
    peakGB: gigabytes(medianOf(pairs, ({ int8 }) => int8.peakBytes)),
    memoryOverF32: rounded(medianOf(pairs, ({ int8, ours }) => int8.peakBytes / ours.peakBytes)),
    heldOutLossInF32: roundedOrNull(first.int8.heldOut),
    over: { f32: over(({ ours }) => ours), ...perPeer((peer) => over(({ theirs }) => theirs[peer])) },
    goal: { f32: goal.f32, ...goalsOf(goal) },
  };
}

const valueOf = (peer: Measured | null | undefined, value: (each: Measured) => number): number =>
  peer === null || peer === undefined ? NaN : value(peer);

/** Held-out losses are measured of packed peers alone. */
const roundedOrNull = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : rounded(value, 4);
