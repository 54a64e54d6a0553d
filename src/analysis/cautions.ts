/** What speaks against trusting a verdict: few items, one seed, truncated contexts, unscored answers, confounded ranks, failed runs. */
import { distinct } from '../core/collections.js';
import { FEWEST_ITEMS } from './compare.js';
import type { Cell } from './group.js';
import type { RankChoice } from './rank.js';
import type { RunSummary } from './run-summary.js';
import { ASSUMED_NOISE } from './seed-noise.js';
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
  return [
    `${counted(failed.length, 'run')} of ${runs.length} failed and ${failed.length === 1 ? 'is' : 'are'} missing here; the table of runs says why.`,
  ];
}

function fewItems({ accuracy }: Cell): string {
  if (accuracy.clusters >= FEW_ITEMS) return '';
  const what = accuracy.clusters < FEWEST_ITEMS ? 'too few for any comparison' : 'small differences stay hidden';
  return `The verdict rests on ${counted(accuracy.clusters, 'item')}, ${what}.`;
}

function oneSeed(cells: readonly Cell[]): string {
  const trained = cells.filter(({ rank }) => rank > 0);
  const replicated = trained.filter(({ runs }) => runs.length > 1);
  if (trained.length === 0)
    return 'No rank is known: the answers are taken for those of models that were not trained for them, which no seed moves.';
  if (replicated.length > 0) return '';
  return `Every configuration was trained once, so the noise between seeds was not measured; intervals assume ${percent(ASSUMED_NOISE)} of the spread of single answers.`;
}

function truncation(cells: readonly Cell[]): string[] {
  const cut = cells.filter(({ truncated }) => truncated > 0);
  if (cut.length === 0) return [];
  const worst = Math.max(...cut.map(({ truncated }) => truncated));
  const levels = listed(distinct(cut.map(({ level }) => shortLevel(level))));
  return [
    `Contexts were shortened to fit the context length at ${levels} (up to ${percent(worst, 0)} of the answers): those scores tell of the cut too, not of the level alone.`,
  ];
}

/** How many answers are unscored, and why most of them are. */
export function unscoredAnswers(cells: readonly Cell[]): string[] {
  const all = cells.reduce((sum, { answers }) => sum + answers, 0);
  const missing = cells.reduce((sum, cell) => sum + cell.unscored, 0);
  if (missing === 0) return [];
  const worst = [...cells].sort((a, b) => b.unscored / b.answers - a.unscored / a.answers)[0] as Cell;
  const share = worst.unscored / worst.answers;
  const most = share > MUCH_UNSCORED ? `; most in ${nameOf(worst)}: ${percent(share)}` : '';
  const [why] = unscoredReasons(cells.flatMap(({ rows }) => rows));
  const reason =
    why === undefined ? '' : ` The most frequent reason (${counted(why.answers, 'answer')}): ${why.reason}.`;
  return [
    `${counted(missing, 'answer')} of ${whole(all)} (${percent(missing / all)}) could not be judged and count in no mean${most}.${reason}`,
  ];
}

function confounded(ranks: readonly RankChoice[]): string {
  if (ranks.every(({ equalScale }) => equalScale)) return '';
  return `Ranks were trained at different LoRA scales (alpha / rank), so a difference between ranks may be one of scale.`;
}

function abstention(cells: readonly Cell[]): string {
  const asked = cells.find((cell) => cell.abstention !== null)?.abstention;
  if (asked === null || asked === undefined) return '';
  return `Abstention questions are kept apart from every mean, because a text that says less earns more of them.`;
}

function nameOf({ book, level, rank, items }: Cell): string {
  const parts = [bookName(book), ...(level === 'none' ? [] : [shortLevel(level)])];
  return `${parts.join(', ')}, ${rank === 0 ? 'base model' : `rank ${rank}, ${counted(items, 'item')}`}`;
}
