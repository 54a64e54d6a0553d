/** One adapter of a text book in numbers: what it recalls of what its base does not know, what that is worth, and what it costs. */
import { boundedMean } from '../../core/bounded-mean.js';
import { distinct, groupBy } from '../../core/collections.js';
import type { Level } from '../../core/levels.js';
import { TEXT_GROUPS, type Row, type TextGroup } from '../../core/records.js';
import { mean, type MeanEstimate } from '../../core/statistics.js';
import { questionMeans } from '../question-means.js';
import type { AdapterCost, AdapterVariant, RunSummary } from '../run-summary.js';

/** Adapters that differ in their seed alone. */
export interface KnowledgeCell {
  readonly dataset: string;
  readonly level: Level;
  readonly form: string;
  readonly rank: number;
  readonly exposures: number;
  /** Items trained on. */
  readonly items: number;
  readonly seeds: readonly number[];
  readonly runs: readonly string[];
  /** Share answered right of what the base does not know, by what training had of the question; null where there is none. */
  readonly recall: Readonly<Record<TextGroup, MeanEstimate | null>>;
  /** The same of all questions about items whose texts were trained. */
  readonly trained: MeanEstimate;
  /** Mean over those questions of the share of their item's answers still found in the level's text. */
  readonly retention: number | null;
  /** Recall over retention, at most 1: of the answers that the level still has, the share that training took. */
  readonly learnt: number | null;
  /** Questions that the base answers without any text: how many the adapter was asked, and how many of them it answers wrong. */
  readonly known: KnownFacts;
  /** Questions about trained items that are recalled, and their bits where known. */
  readonly facts: number;
  readonly bits: number | null;
  readonly parameters: number | null;
  readonly bitsPerParameter: number | null;
  /** Tokens trained on, repeats counted; null where unknown. */
  readonly tokens: number | null;
  readonly cost: AdapterCost | null;
  /** Its answers, without those to questions that the base answers without any text. */
  readonly rows: readonly Row[];
}

export interface KnownFacts {
  readonly asked: number;
  /** Mean over seeds. */
  readonly lost: number;
}

/** Names a question in all runs of a data set. */
export const questionKey = ({ item, question }: Pick<Row, 'item' | 'question'>): string =>
  JSON.stringify([item, question]);

/** Share of right answers, each question once, clustered by item. */
export function shareRight(rows: readonly Row[]): MeanEstimate {
  return boundedMean([...questionMeans(rows, 'accuracy').values()], { range: [0, 1] });
}

export const isRight = ({ correct }: Row): number => Number(correct === true);

/** The cell of adapters that differ in their seed alone; `known` are the questions that the base answers without any text. */
export function knowledgeCell(
  own: readonly Row[],
  known: ReadonlySet<string>,
  runs: readonly RunSummary[],
): KnowledgeCell {
  const [first] = own;
  if (first === undefined) throw new Error('a cell has rows');
  const { dataset, level, rank, items } = first;
  const rows = own.filter((row) => !known.has(questionKey(row)));
  const about = rows.filter(({ group }) => group !== 'unseen');
  const names = distinct(own.map(({ run }) => run));
  const trainings = runs.filter(({ id }) => names.includes(id));
  const parameters = trainings[0]?.parameters ?? null;
  const { facts, bits } = worth(about);
  return {
    ...{ dataset, level, form: first.form ?? '', rank, exposures: first.exposures ?? 0, items },
    seeds: distinct(own.map(({ seed }) => seed)),
    runs: names,
    recall: recallByGroup(rows),
    trained: shareRight(about),
    ...kept(about),
    known: knownFacts(own.filter((row) => known.has(questionKey(row)))),
    ...{ facts, bits, parameters },
    bitsPerParameter: bits === null || parameters === null || parameters === 0 ? null : bits / parameters,
    tokens: meanOf(trainings.map(({ trainedTokens }) => trainedTokens)),
    cost: costOf(trainings),
    rows,
  };
}

function recallByGroup(rows: readonly Row[]): KnowledgeCell['recall'] {
  const of = (group: TextGroup): MeanEstimate | null => {
    const own = rows.filter((row) => row.group === group);
    return own.length === 0 ? null : shareRight(own);
  };
  const [covered, uncovered, untaught, unseen] = TEXT_GROUPS.map(of);
  return {
    covered: covered ?? null,
    uncovered: uncovered ?? null,
    untaught: untaught ?? null,
    unseen: unseen ?? null,
  };
}

/** Both means over the same questions, so that recall is retention times what was learnt of it. */
function kept(rows: readonly Row[]): Pick<KnowledgeCell, 'retention' | 'learnt'> {
  const measured = rows.flatMap((row) =>
    row.retention === null ? [] : [{ right: isRight(row), kept: row.retention }],
  );
  if (measured.length === 0) return { retention: null, learnt: null };
  const retention = mean(measured.map((each) => each.kept));
  const recall = mean(measured.map(({ right }) => right));
  return { retention, learnt: retention === 0 ? null : Math.min(1, recall / retention) };
}

function knownFacts(rows: readonly Row[]): KnownFacts {
  const questions = [...questionMeans(rows, 'accuracy').values()];
  return { asked: questions.length, lost: questions.reduce((sum, { value }) => sum + 1 - value, 0) };
}

/** Facts and bits recalled, mean over seeds; bits are null where any is unknown. */
function worth(rows: readonly Row[]): { facts: number; bits: number | null } {
  const questions = [...groupBy(rows, questionKey).values()].map((own) => ({
    share: mean(own.map(isRight)),
    bits: own[0]?.bits ?? null,
  }));
  const facts = questions.reduce((sum, { share }) => sum + share, 0);
  const bits = questions.reduce<number | null>(
    (sum, each) => (sum === null || each.bits === null ? null : sum + each.share * each.bits),
    0,
  );
  return { facts, bits };
}

function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? null : mean(known);
}

/** What the adapters of a cell cost the base: means over seeds, answers read together; strengths and ranks are those of the first. */
function costOf(runs: readonly RunSummary[]): AdapterCost | null {
  const costs = runs.flatMap(({ cost }) => cost ?? []);
  const [first] = costs;
  if (first === undefined || costs.length === 1) return first ?? null;
  return {
    ...first,
    generalRise: meanEstimate(costs.map(({ generalRise }) => generalRise)),
    divergence: meanEstimate(costs.map(({ divergence }) => divergence)),
    recall: meanOf(costs.map(({ recall }) => recall)),
    reading: readTogether(costs.flatMap(({ reading }) => reading ?? [])),
  };
}

/** Ends are averaged too: what training again would change is not in them. */
function meanEstimate(all: readonly MeanEstimate[]): MeanEstimate {
  const of = (key: keyof MeanEstimate): number => mean(all.map((each) => each[key]));
  const [low, high, standardError] = [of('low'), of('high'), of('standardError')];
  return { mean: of('mean'), low, high, standardError, n: of('n'), clusters: of('clusters') };
}

function readTogether(all: readonly NonNullable<AdapterVariant['reading']>[]): AdapterVariant['reading'] {
  if (all.length === 0) return null;
  const sum = (key: 'asked' | 'rightToWrong' | 'wrongToRight'): number =>
    all.reduce((total, each) => total + each[key], 0);
  return { asked: sum('asked'), rightToWrong: sum('rightToWrong'), wrongToRight: sum('wrongToRight') };
}
