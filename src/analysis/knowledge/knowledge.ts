/** Knowledge in weights: what adapters that were trained on texts answer without them, over floor, ceiling and adapters of other documents. */
import { boundedMean } from '../../core/bounded-mean.js';
import { distinct, groupBy } from '../../core/collections.js';
import type { Level } from '../../core/levels.js';
import { TEXT_GROUPS, type Row, type TextGroup } from '../../core/records.js';
import { mean, type MeanEstimate } from '../../core/statistics.js';
import { itemMean } from '../group.js';
import { questionMeans } from '../question-means.js';
import type { AdapterCost, RunSummary } from '../run-summary.js';

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
  /** Share answered right, by what training had of the question; null where there is none. The base's own knowledge is left out. */
  readonly recall: Readonly<Record<TextGroup, MeanEstimate | null>>;
  /** Of all questions about items whose texts were trained. */
  readonly trained: MeanEstimate;
  /** Share of answers still found in the level's texts, of the same items. */
  readonly retention: number | null;
  /** Of the questions whose answers the level still has, the share recalled: what training did not take. */
  readonly learnt: number | null;
  /** Questions about trained items that the base answers without any text: counted apart. */
  readonly known: number;
  /** Facts recalled above the floor, and their bits where known. */
  readonly facts: number;
  readonly bits: number | null;
  readonly parameters: number | null;
  readonly bitsPerParameter: number | null;
  /** Tokens trained on, repeats counted; null where unknown. */
  readonly tokens: number | null;
  readonly cost: AdapterCost | null;
  readonly rows: readonly Row[];
}

/** A data set's text book. */
export interface Knowledge {
  readonly dataset: string;
  /** From the original to the most compressed as measured, by form and rank. */
  readonly cells: readonly KnowledgeCell[];
  /** Share that the base answers without any text, of what it does not know: what guessing gives. */
  readonly floor: MeanEstimate | null;
  /** Share that the base answers when it reads the text, by level. */
  readonly ceiling: ReadonlyMap<Level | 'none', MeanEstimate>;
  /** Adapters of other documents asked the same questions, by form. */
  readonly others: ReadonlyMap<string, readonly Row[]>;
  /** Facts asked about trained items, and how many of them the base knew before. */
  readonly asked: number;
  readonly known: number;
}

/** What every data set with a text book came to. */
export function knowledgeOf(rows: readonly Row[], runs: readonly RunSummary[]): Knowledge[] {
  const text = rows.filter(({ book, status }) => book === 'text' && status === 'scored');
  return [...groupBy(text, ({ dataset }) => dataset)].flatMap(([dataset, own]) => {
    const knowledge = datasetKnowledge(dataset, own, runs);
    return knowledge.cells.length === 0 ? [] : [knowledge];
  });
}

const keyOf = ({ item, question }: Pick<Row, 'item' | 'question'>): string => JSON.stringify([item, question]);

function datasetKnowledge(dataset: string, rows: readonly Row[], runs: readonly RunSummary[]): Knowledge {
  const floorRows = rows.filter(({ control }) => control === 'without text');
  const known = new Set(floorRows.filter(({ correct }) => correct === true).map(keyOf));
  const adapters = groupBy(
    rows.filter(({ control }) => control === null),
    ({ level, form, rank, exposures, items }) => JSON.stringify([level, form, rank, exposures, items]),
  );
  const cells = [...adapters.values()].map((own) => cellOf(own, known, runs)).sort(inOrder);
  const trained = new Set(cells.flatMap((cell) => cell.rows.filter(({ group }) => group !== 'unseen').map(keyOf)));
  const ofTrained = floorRows.filter((row) => trained.has(keyOf(row)));
  const ceilings = groupBy(
    rows.filter(({ control }) => control === 'with text'),
    ({ level }) => level,
  );
  return {
    ...{ dataset, cells },
    floor: ofTrained.length === 0 ? null : shareRight(ofTrained),
    ceiling: new Map([...ceilings].map(([level, own]) => [level, shareRight(unknown(own, known))])),
    others: groupBy(
      rows.filter(({ control }) => control === 'other documents'),
      ({ form }) => form ?? '',
    ),
    asked: trained.size,
    known: [...trained].filter((key) => known.has(key)).length,
  };
}

const unknown = (rows: readonly Row[], known: ReadonlySet<string>): Row[] =>
  rows.filter((row) => !known.has(keyOf(row)));

function cellOf(rows: readonly Row[], known: ReadonlySet<string>, runs: readonly RunSummary[]): KnowledgeCell {
  const [first] = rows;
  if (first === undefined) throw new Error('a cell has rows');
  const { dataset, level, rank, items } = first;
  const asked = unknown(rows, known);
  const about = asked.filter(({ group }) => group !== 'unseen');
  const names = distinct(rows.map(({ run }) => run));
  const own = runs.filter(({ id }) => names.includes(id));
  const parameters = own[0]?.parameters ?? null;
  const { facts, bits } = recalled(about);
  return {
    ...{ dataset, level: level, form: first.form ?? '', rank, exposures: first.exposures ?? 0, items },
    seeds: distinct(rows.map(({ seed }) => seed)),
    runs: names,
    recall: Object.fromEntries(
      TEXT_GROUPS.map((group) => [group, estimateOf(asked.filter((row) => row.group === group))]),
    ) as Record<TextGroup, MeanEstimate | null>,
    trained: shareRight(about),
    retention: itemMean(about, ({ retention }) => retention),
    learnt: learntShare(about),
    known: distinct(rows.filter((row) => row.group !== 'unseen' && known.has(keyOf(row))).map(keyOf)).length,
    ...{ facts, bits, parameters },
    bitsPerParameter: bits === null || parameters === null || parameters === 0 ? null : bits / parameters,
    tokens: meanOf(own.map(({ trainedTokens }) => trainedTokens)),
    cost: costOf(own),
    rows,
  };
}

function estimateOf(rows: readonly Row[]): MeanEstimate | null {
  return rows.length === 0 ? null : shareRight(rows);
}

/** Share of right answers, each question once, clustered by item. */
function shareRight(rows: readonly Row[]): MeanEstimate {
  return boundedMean([...questionMeans(rows, 'accuracy').values()], { range: [0, 1] });
}

/** Recall over retention: each mean over items, so that a level that lost half of the answers is not blamed on training. */
function learntShare(rows: readonly Row[]): number | null {
  const retention = itemMean(rows, (row) => row.retention);
  if (retention === null || retention === 0) return null;
  const items = groupBy(rows, ({ item }) => item);
  const recall = mean([...items.values()].map((own) => mean(own.map(({ correct }) => Number(correct === true)))));
  return recall / retention;
}

/** Facts and bits recalled, mean over seeds; bits are null where any is unknown. */
function recalled(rows: readonly Row[]): { facts: number; bits: number | null } {
  const questions = [...groupBy(rows, keyOf).values()].map((own) => ({
    share: mean(own.map(({ correct }) => Number(correct === true))),
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

/** What the adapters of a cell cost the base, mean over seeds; sweeps are those of the first. */
function costOf(runs: readonly RunSummary[]): AdapterCost | null {
  const costs = runs.flatMap(({ cost }) => cost ?? []);
  const [first] = costs;
  if (first === undefined) return null;
  return { ...first, generalRise: { ...first.generalRise, mean: mean(costs.map((each) => each.generalRise.mean)) } };
}

function inOrder(a: KnowledgeCell, b: KnowledgeCell): number {
  return (
    (b.retention ?? 0) - (a.retention ?? 0) ||
    tokensSaved(a) - tokensSaved(b) ||
    a.form.localeCompare(b.form, 'en') ||
    a.items - b.items ||
    a.rank - b.rank
  );
}

const tokensSaved = ({ rows }: KnowledgeCell): number => itemMean(rows, ({ trr }) => trr) ?? 0;
