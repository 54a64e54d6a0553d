/** Rows gathered into cells of the grid: one estimate for all answers that share data set, book, level, rank and number of items. */
import { distinct, groupBy } from '../core/collections.js';
import type { Book, Row } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { boundedMean } from '../core/bounded-mean.js';
import { mean, type MeanEstimate } from '../core/statistics.js';
import { answerLines, type AnswerLines } from './answer-lines.js';
import { rangeOf, valueOf, type Measure } from './measure.js';
import { answerSpread, meanNoise, seedNoise, type SeedNoise } from './seed-noise.js';

export interface Cell {
  readonly dataset: string;
  readonly book: Book;
  readonly level: Level | 'none';
  /** 0 is the untuned base model. */
  readonly rank: number;
  readonly items: number;
  /** The seeds of its runs; several are replicates of one configuration. */
  readonly seeds: readonly number[];
  /** The ids of its runs. */
  readonly runs: readonly string[];
  /** The LoRA scales of its runs, normally one. */
  readonly scales: readonly number[];
  /** Mean score, 1 to 5, of the scored answers to questions that have an answer; its 95 % interval counts items and, of trained cells, seeds. */
  readonly score: MeanEstimate;
  /** Share of correct answers among the same. */
  readonly accuracy: MeanEstimate;
  /** Share of correct answers to abstention questions, kept apart; null where none was asked. */
  readonly abstention: MeanEstimate | null;
  /** Number of judged answers, unscored ones included. */
  readonly answers: number;
  /** Number of answers whose judgement failed: in no mean. */
  readonly unscored: number;
  /** Share of answers given to a context that had been shortened. */
  readonly truncated: number;
  /** Unweighted mean of its items' token reduction rates; null where there is no context. */
  readonly trr: number | null;
  /** Mean share of its items' answers still found in the text; null where there is no context. */
  readonly retention: number | null;
  /** Standard deviation of its single answers by each measure; 0 with fewer than two. */
  readonly spread: Readonly<Record<Measure, number>>;
  readonly rows: readonly Row[];
  /** Its answers by question, numbered alike in all cells of its data set and book. */
  readonly lines: AnswerLines;
}

/** How rows are told apart: with seeds pooled as replicates (default), or one cell per seed. */
export interface GroupOptions {
  readonly perSeed?: boolean;
}

/** The cells of a study, ordered by data set, book, level (the original, then by tokens saved), items and rank. */
export function groupCells(rows: readonly Row[], options: GroupOptions = {}): Cell[] {
  const groups = groupBy(rows, cellKey(options));
  const arms = groupBy([...groups.values()].map(gathered), ({ dataset, book }) => JSON.stringify([dataset, book]));
  const cells = [...arms.values()].map(withAnswers).flatMap((arm) => {
    const noise = { score: seedNoise(arm, 'score'), accuracy: seedNoise(arm, 'accuracy') };
    return arm.map((place) => cellOf(place, noise));
  });
  const places = levelPlaces(cells);
  const placeOf = ({ dataset, level }: Cell): number => places.get(dataset)?.indexOf(level) ?? 0;
  return cells.sort((a, b) => inGridOrder(a, b, placeOf));
}

/** A row's key; rows of one cell mostly follow one another, so the last key is kept. */
function cellKey({ perSeed = false }: GroupOptions): (row: Row) => string {
  let last: Row | undefined;
  let key = '';
  return (row) => {
    if (last !== undefined && isSamePlace(last, row) && (!perSeed || row.seed === last.seed)) return key;
    last = row;
    const { dataset, book, level, rank, items, seed } = row;
    key = JSON.stringify([dataset, book, level, rank, items, perSeed ? seed : null]);
    return key;
  };
}

function isSamePlace(a: Row, b: Row): boolean {
  return (
    a.level === b.level && a.rank === b.rank && a.items === b.items && a.book === b.book && a.dataset === b.dataset
  );
}

/** The estimate of a cell by a measure. */
export function estimateOf(cell: Cell, measure: Measure): MeanEstimate {
  return measure === 'score' ? cell.score : cell.accuracy;
}

/** Each data set's levels in order. */
function levelPlaces(cells: readonly Cell[]): Map<string, (Level | 'none')[]> {
  const datasets = [...groupBy(cells, ({ dataset }) => dataset)];
  return new Map(
    datasets.map(([dataset, own]) => {
      const levels = [...groupBy(own, ({ level }) => level)];
      return [dataset, levelOrder(levels.map(([level, same]) => [level, same.flatMap(({ rows }) => rows)]))];
    }),
  );
}

/** Levels with their rows in order: the original, then from least to most tokens saved as measured; the unmeasured by name, `none` last. */
export function levelOrder<L extends Level | 'none'>(levels: readonly (readonly [L, readonly Row[]])[]): L[] {
  const measured = levels.map(([level, rows]) => ({
    level,
    saved: level === 'original' ? -Infinity : (itemMean(rows, ({ trr }) => trr) ?? Infinity),
  }));
  measured.sort(
    (a, b) =>
      Number(a.level === 'none') - Number(b.level === 'none') ||
      (a.saved === b.saved ? a.level.localeCompare(b.level, 'en') : a.saved - b.saved),
  );
  return measured.map(({ level }) => level);
}

/** Mean of each distinct item's first non-null value; null where no item has one. */
export function itemMean(rows: readonly Row[], valueOfRow: (row: Row) => number | null): number | null {
  const values = new Map<string, number>();
  for (const row of rows) {
    const value = valueOfRow(row);
    if (value !== null && !values.has(row.item)) values.set(row.item, value);
  }
  if (values.size === 0) return null;
  return mean([...values.values()]);
}

type Gathered = Pick<Cell, 'dataset' | 'book' | 'level' | 'rank' | 'items' | 'runs' | 'rows'>;
type Place = Gathered & Pick<Cell, 'lines' | 'spread'>;

function gathered(rows: readonly Row[]): Gathered {
  const { dataset, book, level, rank, items } = rows[0] as Row;
  return { ...{ dataset, book, level, rank, items }, runs: distinct(rows.map(({ run }) => run)), rows };
}

function withAnswers(arm: readonly Gathered[]): Place[] {
  const lines = answerLines(arm);
  return arm.map((place, i) => {
    const own = lines[i] as AnswerLines;
    return { ...place, lines: own, spread: { score: answerSpread(own.score), accuracy: answerSpread(own.accuracy) } };
  });
}

function cellOf(place: Place, noise: Readonly<Record<Measure, SeedNoise>>): Cell {
  const { rows } = place;
  const answerable = rows.filter(({ abstention }) => !abstention);
  const abstention = rows.filter((row) => row.abstention);
  const own = (measure: Measure): MeanEstimate =>
    estimate(answerable, measure, noiseOf(place, noise[measure], measure));
  return {
    ...place,
    seeds: distinct(rows.map(({ seed }) => seed)).sort((a, b) => a - b),
    scales: distinct(rows.map(({ scale }) => scale)),
    ...{ score: own('score'), accuracy: own('accuracy') },
    abstention:
      abstention.length > 0 ? estimate(abstention, 'accuracy', noiseOf(place, noise.accuracy, 'accuracy')) : null,
    answers: rows.length,
    unscored: rows.filter(({ status }) => status === 'unscored').length,
    truncated: rows.filter(({ contextTruncated }) => contextTruncated).length / rows.length,
    trr: itemMean(rows, ({ trr }) => trr),
    retention: itemMean(rows, ({ retention }) => retention),
  };
}

function noiseOf(place: Place, noise: SeedNoise, measure: Measure): { variance: number; freedom: number } {
  return { variance: meanNoise(place, noise, measure) ** 2, freedom: noise.freedom };
}

function estimate(
  rows: readonly Row[],
  measure: Measure,
  noise: { readonly variance: number; readonly freedom: number },
): MeanEstimate {
  const scored = rows.flatMap((row) => {
    const value = valueOf(row, measure);
    return value === null ? [] : [{ cluster: row.item, value }];
  });
  return boundedMean(scored, { range: rangeOf(measure), noise });
}

function inGridOrder(a: Cell, b: Cell, placeOf: (cell: Cell) => number): number {
  return (
    a.dataset.localeCompare(b.dataset, 'en') ||
    a.book.localeCompare(b.book, 'en') ||
    placeOf(a) - placeOf(b) ||
    a.items - b.items ||
    a.rank - b.rank ||
    (a.seeds[0] ?? 0) - (b.seeds[0] ?? 0)
  );
}
