/** The verdict in plain words: which level and rank to use on each data set, on what evidence, and what speaks against trusting it. */
import { distinct, groupBy } from '../core/collections.js';
import type { Book, Row } from '../core/records.js';
import type { Level } from '../core/levels.js';
import type { CapacityCurve } from './capacity.js';
import { cautionsOf, failedRuns, unscoredAnswers } from './cautions.js';
import type { Curve } from './curve.js';
import { estimateOf, type Cell } from './group.js';
import type { RankChoice } from './rank.js';
import { risenCaution } from './learning.js';
import { refusalsOf, type Refusal } from './refusals.js';
import type { RunSummary } from './run-summary.js';
import { capacityEvidence, capacitySentences } from './capacity-sentences.js';
import { curveEvidence, curveSentences, otherCurveSentence } from './curve-sentences.js';
import { rankEvidence, rankSentences } from './rank-sentences.js';
import { armsOf, comparedPairs } from './lines.js';
import { byTopic, type TopicSentences } from './topics.js';
import { verdictWords, type Advice } from '../words/verdict.js';
import { counted, describedLevel, listed, whole, type LevelNote } from './wording.js';

export interface DatasetRecommendation {
  readonly dataset: string;
  readonly book: Book;
  /** `none` where only closed-book runs exist; null, as rank and run are, where nothing is recommended. */
  readonly level: Level | 'none' | null;
  readonly rank: number | null;
  /** The run trained at this level and rank. */
  readonly run: string | null;
  readonly adapterPath: string | null;
  /** Why nothing is recommended, and what to change; empty where something is. */
  readonly refusals: readonly Refusal[];
  /** The finding in one line. */
  readonly headline: string;
  readonly sentences: readonly string[];
  /** The same sentences by what they are about. */
  readonly topics: readonly TopicSentences[];
  readonly evidence: readonly string[];
  readonly cautions: readonly string[];
  /** A rank that did as well at a neighbouring level and was not trained at this one: worth a run; else null. */
  readonly suggestion: { readonly level: Level | 'none'; readonly rank: number } | null;
}

/** The study's verdict: that of its main data set (the widest compression curve), and each data set's own. */
export interface Recommendation {
  /** Null when no trained run has a scored answer, or nothing can be recommended from them. */
  readonly level: Level | 'none' | null;
  readonly rank: number | null;
  readonly run: string | null;
  readonly adapterPath: string | null;
  readonly sentences: readonly string[];
  readonly evidence: readonly string[];
  readonly cautions: readonly string[];
  readonly datasets: readonly DatasetRecommendation[];
}

/** What a verdict is drawn from. */
export interface Findings {
  readonly rows: readonly Row[];
  readonly runs: readonly RunSummary[];
  readonly cells: readonly Cell[];
  readonly curves: readonly Curve[];
  readonly ranks: readonly RankChoice[];
  readonly capacity: readonly CapacityCurve[];
  /** What the texts are, where it is known. */
  readonly levels: readonly LevelNote[];
}

/** The recommendation from findings already computed. */
export function recommendFrom(findings: Findings): Recommendation {
  const names = distinct(findings.cells.map(({ dataset }) => dataset));
  const datasets = names
    .flatMap((dataset) => recommendDataset(dataset, findings) ?? [])
    .sort((a, b) => width(b, findings) - width(a, findings));
  const main = datasets[0];
  const failures = failedRuns(findings.runs);
  if (main === undefined) {
    const cautions = [...unscoredAnswers(findings.cells), ...failures];
    return { ...NOTHING, sentences: [verdictWords().nothingScored], evidence: [], cautions, datasets: [] };
  }
  return {
    level: main.level,
    rank: main.rank,
    run: main.run,
    adapterPath: main.adapterPath,
    sentences: datasets.flatMap(({ headline, sentences }) => [headline, ...sentences]),
    evidence: [...chanceSentence(findings.cells), ...datasets.flatMap(({ evidence }) => evidence)],
    cautions: [...namedCautions(datasets), ...failures],
    datasets,
  };
}

/** How many differences are compared, and what chance would give of them were each taken by itself. */
function chanceSentence(cells: readonly Cell[]): string[] {
  const families = armsOf(cells)
    .map((arm) => comparedPairs(arm).length)
    .filter((count) => count > 0);
  const compared = families.reduce((sum, count) => sum + count, 0);
  if (compared < 2) return [];
  const byChance = counted(Math.max(1, Math.round(compared / 20)), 'difference');
  return [verdictWords().chance({ compared: whole(compared), families: families.length, byChance })];
}

const NOTHING = { level: null, rank: null, run: null, adapterPath: null };

/** Cautions that several data sets share stand once, with all their names; a study of one data set needs no name. */
function namedCautions(datasets: readonly DatasetRecommendation[]): string[] {
  const all = datasets.flatMap(({ dataset, cautions }) => cautions.map((caution) => ({ dataset, caution })));
  return [...groupBy(all, ({ caution }) => caution)].map(([caution, from]) =>
    datasets.length === 1 ? caution : verdictWords().ofDatasets(listed(from.map(({ dataset }) => dataset)), caution),
  );
}

/** Levels on the data set's curve, then its cells: the wider, the more its verdict says. */
function width({ dataset }: DatasetRecommendation, { curves, cells }: Findings): number {
  const levels = curves.filter((curve) => curve.dataset === dataset).map(({ points }) => points.length);
  return 1e6 * Math.max(0, ...levels) + cells.filter((cell) => cell.dataset === dataset).length;
}

function recommendDataset(dataset: string, findings: Findings): DatasetRecommendation | null {
  const of = <T extends { readonly dataset: string }>(all: readonly T[]): T[] =>
    all.filter((x) => x.dataset === dataset);
  const cells = of(findings.cells);
  const [curve = null, ...otherCurves] = of(findings.curves);
  const ranks = of(findings.ranks);
  const capacity = of(findings.capacity);
  const place = curve === null ? bestPlace(cells) : curve.chosen.cell;
  if (place === null) return null;
  const choice = ranks.find((found) => isAt(found, place)) ?? null;
  const rank = choice?.rank ?? place.rank;
  const chosen = choice?.candidates.find((candidate) => candidate.rank === rank)?.cell ?? place;
  const nearby = choice === null ? nearestChoice(ranks, place) : null;
  const smaller = nearby !== null && nearby.rank < rank ? nearby.rank : null;
  const told = {
    evidence: [...of(findings.curves).flatMap(curveEvidence), ...rankEvidence(ranks), ...capacityEvidence(capacity)],
    cautions: [...cautionsOf(cells, { ranks, chosen }), ...risenCaution(of(findings.runs))],
  };
  const refusals = refusalsOf(cells, findings.runs, chosen);
  if (refusals.length > 0) return refused(chosen, refusals, told);
  return {
    ...{ dataset, book: chosen.book, level: chosen.level, rank, refusals, ...runOf(chosen, findings.runs), ...told },
    headline: headline(chosen, curve, findings.levels),
    ...byTopic({
      compression: [...(curve === null ? [] : curveSentences(curve)), ...otherCurves.map(otherCurveSentence)],
      parameters: [...rankSentences(ranks, choice, nearby, chosen), ...capacitySentences(capacity)],
    }),
    suggestion: smaller === null ? null : { level: chosen.level, rank: smaller },
  };
}

/** In place of a recommendation: what is the matter, and what to change. */
function refused(
  { dataset, book }: Cell,
  refusals: readonly Refusal[],
  told: Pick<DatasetRecommendation, 'evidence' | 'cautions'>,
): DatasetRecommendation {
  return {
    ...{ dataset, book, level: null, rank: null, run: null, adapterPath: null, suggestion: null, refusals, ...told },
    headline: `${verdictWords().ofDataset(dataset)}${verdictWords().refused(listed(refusals.map(({ reason }) => reason)))}`,
    ...byTopic({ finding: refusals.map(({ advice }) => advice) }),
  };
}

/** Names the level and rank, says at once where it is not settled, and where training changed nothing that can be told. */
function headline({ dataset, level, rank, book }: Cell, curve: Curve | null, notes: readonly LevelNote[]): string {
  const words = verdictWords();
  if (book === 'closed') return words.closedBook(dataset, rank);
  const note = notes.find((each) => each.dataset === dataset && each.level === level);
  const text = level === 'original' ? words.originalText : describedLevel(level, note);
  const effect = curve?.chosen.againstBase ?? null;
  const advice = adviceOf(curve);
  const own = words.ofDataset(dataset);
  if (rank === 0) return `${own}${words.text(advice, text)}`;
  if (effect === null || (effect.detectable && effect.difference > 0))
    return `${own}${words.withAdapter(advice, text, rank)}`;
  const said = effect.detectable ? words.adapterLower : words.adapterNoDifference;
  return `${own}${said(advice, text, rank)}`;
}

function adviceOf(curve: Curve | null): Advice {
  if (curve === null || curve.chosen !== curve.reference || curve.raised.length > 0) return 'use';
  return curve.stop?.outcome === 'open' ? 'open' : 'keep';
}

/** Without a curve: the trained cell with the best mean, open book before closed, most items first. */
function bestPlace(cells: readonly Cell[]): Cell | null {
  const trained = cells.filter(({ rank, accuracy }) => rank > 0 && accuracy.n > 0);
  const open = trained.filter(({ book }) => book !== 'closed');
  const from = open.length > 0 ? open : trained;
  const items = Math.max(...from.map((cell) => cell.items));
  const largest = from.filter((cell) => cell.items === items);
  return [...largest].sort((a, b) => estimateOf(b, 'accuracy').mean - estimateOf(a, 'accuracy').mean)[0] ?? null;
}

function isAt(choice: RankChoice, { book, level, items }: Cell): boolean {
  return choice.book === book && choice.level === level && choice.items === items;
}

/** The rank choice at the level nearest in TRR, on the same book and amount. */
function nearestChoice(ranks: readonly RankChoice[], place: Cell): RankChoice | null {
  const distance = ({ candidates }: RankChoice): number => Math.abs((candidates[0]?.cell.trr ?? 0) - (place.trr ?? 0));
  const usable = ranks.filter(({ book, items }) => book === place.book && items === place.items);
  return [...usable].sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

/** Of a cell's replicates, the one of the lowest seed that has an adapter. */
function runOf(cell: Cell, runs: readonly RunSummary[]): { run: string; adapterPath: string | null } {
  const own = runs.filter(({ id }) => cell.runs.includes(id)).sort((a, b) => a.seed - b.seed);
  const best = own.find(({ adapterPath }) => adapterPath !== null) ?? own[0];
  return { run: best?.id ?? cell.runs[0] ?? '', adapterPath: best?.adapterPath ?? null };
}
