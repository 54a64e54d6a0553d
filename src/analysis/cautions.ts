/** What speaks against trusting a verdict: few items, one seed, truncated contexts, unscored answers, confounded ranks, failed runs. */
import { distinct } from '../core/collections.js';
import { FEWEST_ITEMS } from './compare.js';
import type { Cell } from './group.js';
import type { RankChoice } from './rank.js';
import type { RunSummary } from './run-summary.js';
import { ASSUMED_NOISE } from './seed-noise.js';
import { numberWords } from '../words/numbers.js';
import { cautionWords } from '../words/verdict.js';
import { unscoredReasons } from './unscored.js';
import { bookName, counted, listed, percent, shortLevel, whole } from './wording.js';

/** Below this many items an interval is wide and its own width uncertain. */
const FEW_ITEMS = 30;
/** A larger share of unscored answers may hide a difference. */
const MUCH_UNSCORED = 0.02;

export interface CautionPlaces {
  readonly ranks: readonly RankChoice[];
  readonly chosen: Cell;
}

/** The cautions of one data set's verdict, without its name. */
export function cautionsOf(cells: readonly Cell[], places: CautionPlaces): string[] {
  return [
    fewItems(places.chosen),
    oneSeed(cells),
    ...truncation(cells),
    ...unscoredAnswers(cells),
    confounded(places.ranks),
    abstention(cells),
  ].filter((caution) => caution !== '');
}

/** One line naming runs that failed. */
export function failedRuns(runs: readonly RunSummary[]): string[] {
  const failed = runs.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return [];
  const isOne = failed.length === 1;
  return [cautionWords().failedRuns({ failed: counted(failed.length, 'run'), all: runs.length, isOne })];
}

function fewItems({ accuracy }: Cell): string {
  if (accuracy.clusters >= FEW_ITEMS) return '';
  return cautionWords().fewItems(counted(accuracy.clusters, 'item'), accuracy.clusters < FEWEST_ITEMS);
}

function oneSeed(cells: readonly Cell[]): string {
  const trained = cells.filter(({ rank }) => rank > 0);
  const replicated = trained.filter(({ runs }) => runs.length > 1);
  if (trained.length === 0) return cautionWords().noRank;
  return replicated.length > 0 ? '' : cautionWords().oneSeed(percent(ASSUMED_NOISE));
}

function truncation(cells: readonly Cell[]): string[] {
  const cut = cells.filter(({ truncated }) => truncated > 0);
  if (cut.length === 0) return [];
  const worst = Math.max(...cut.map(({ truncated }) => truncated));
  const levels = listed(distinct(cut.map(({ level }) => shortLevel(level))));
  return [cautionWords().truncation(levels, percent(worst, 0))];
}

/** How many answers are unscored, and why most of them are. */
export function unscoredAnswers(cells: readonly Cell[]): string[] {
  const all = cells.reduce((sum, { answers }) => sum + answers, 0);
  const missing = cells.reduce((sum, cell) => sum + cell.unscored, 0);
  if (missing === 0) return [];
  const worst = [...cells].sort((a, b) => b.unscored / b.answers - a.unscored / a.answers)[0] as Cell;
  const share = worst.unscored / worst.answers;
  const words = cautionWords();
  const most = share > MUCH_UNSCORED ? words.mostIn(nameOf(worst), percent(share)) : '';
  const [why] = unscoredReasons(cells.flatMap(({ rows }) => rows));
  const counts = { missing: counted(missing, 'answer'), all: whole(all), share: percent(missing / all) };
  const reason = why === undefined ? '' : words.reason(counted(why.answers, 'answer'), why.reason);
  return [numberWords().sentences([words.unscored({ ...counts, most }), reason])];
}

function confounded(ranks: readonly RankChoice[]): string {
  if (ranks.every(({ equalScale }) => equalScale)) return '';
  return cautionWords().confounded;
}

function abstention(cells: readonly Cell[]): string {
  const asked = cells.find((cell) => cell.abstention !== null)?.abstention;
  if (asked === null || asked === undefined) return '';
  return cautionWords().abstention;
}

function nameOf({ book, level, rank, items }: Cell): string {
  const words = numberWords();
  const adapter = rank === 0 ? [words.base] : [words.rank(rank), counted(items, 'item')];
  return words.parts(bookName(book), ...(level === 'none' ? [] : [shortLevel(level)]), ...adapter);
}
