/** Two studies side by side: what was set differently, and what came out differently where both asked the same. */
import { groupBy } from '../core/collections.js';
import type { Json } from '../core/json.js';
import type { Row } from '../core/records.js';
import { clusteredMean, type MeanEstimate } from '../core/statistics.js';
import { measureOf, type Measure } from './measure.js';
import { questionMeans, type QuestionMean } from './question-means.js';

/** A setting that differs; null where a study has none of that name. */
export interface SettingChange {
  /** Its keys, joined by points, places of a list in brackets. */
  readonly key: string;
  readonly a: Json;
  readonly b: Json;
}

/** Settings that differ, key by key, in the order of the first study. */
export function settingChanges(a: Json, b: Json): SettingChange[] {
  const [own, other] = [new Map(leaves(a, '')), new Map(leaves(b, ''))];
  return [...new Set([...own.keys(), ...other.keys()])]
    .filter((key) => JSON.stringify(own.get(key)) !== JSON.stringify(other.get(key)))
    .map((key) => ({ key, a: own.get(key) ?? null, b: other.get(key) ?? null }));
}

/** Values that hold no others, each with its keys; a list of plain values is one. */
function leaves(value: Json, key: string): [string, Json][] {
  if (value === null || typeof value !== 'object') return [[key, value]];
  if (isList(value))
    return value.every((each) => each === null || typeof each !== 'object')
      ? [[key, value]]
      : value.flatMap((each, i) => leaves(each, `${key}[${i}]`));
  const inner = Object.entries(value);
  if (inner.length === 0) return [[key, value]];
  return inner.flatMap(([name, each]) => leaves(each, key === '' ? name : `${key}.${name}`));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Where in a grid answers belong, seeds pooled; items and exposures only where a study has several in one place otherwise. */
export interface DiffPlace extends Pick<Row, 'dataset' | 'book' | 'level' | 'rank' | 'form' | 'control'> {
  readonly items?: number;
  readonly exposures?: number | null;
}

export interface CellDiff {
  readonly place: DiffPlace;
  readonly measure: Measure;
  readonly a: MeanEstimate;
  readonly b: MeanEstimate;
  /** Of the questions that both asked, b less a, its interval clustered by item; null where there are none. */
  readonly difference: MeanEstimate | null;
  /** The greatest changes first. */
  readonly changed: readonly QuestionChange[];
}

/** A question that both asked, whose answers are worth more or less in the second study. */
export interface QuestionChange {
  readonly item: string;
  readonly question: string;
  readonly prompt: string;
  readonly reference: string;
  /** Means over seeds. */
  readonly a: number;
  readonly b: number;
  /** One of the answers of each. */
  readonly answers: { readonly a: string; readonly b: string };
}

export interface OutcomeDiff {
  /** Cells of both studies, in the order of the first. */
  readonly cells: readonly CellDiff[];
  /** Cells that one study alone has. */
  readonly onlyA: readonly DiffPlace[];
  readonly onlyB: readonly DiffPlace[];
}

/** Compares the rows of two studies, those of one judge each. */
export function outcomeDiff(a: readonly Row[], b: readonly Row[]): OutcomeDiff {
  const told = { items: tells(a, b, 'items'), exposures: tells(a, b, 'exposures') };
  const keyOf = (row: Row): string => JSON.stringify(placeOf(row, told));
  const [own, other] = [groupBy(a, keyOf), groupBy(b, keyOf)];
  const cells = [...own].flatMap(([key, rows]) => {
    const others = other.get(key);
    return others === undefined ? [] : [cellDiff(placeIn(key), rows, others)];
  });
  const only = (keys: Iterable<string>, without: ReadonlyMap<string, unknown>): DiffPlace[] =>
    [...keys].filter((key) => !without.has(key)).map(placeIn);
  return { cells, onlyA: only(own.keys(), other), onlyB: only(other.keys(), own) };
}

function placeOf(
  { dataset, book, level, rank, form, control, items, exposures }: Row,
  told: { readonly items: boolean; readonly exposures: boolean },
): DiffPlace {
  const place = { dataset, book, level, rank, form, control };
  return { ...place, ...(told.items && { items }), ...(told.exposures && { exposures }) };
}

const placeIn = (key: string): DiffPlace => JSON.parse(key) as DiffPlace;

/** Whether a study has several of something in one place otherwise. */
function tells(a: readonly Row[], b: readonly Row[], part: 'items' | 'exposures'): boolean {
  return [a, b].some((rows) => {
    const places = groupBy(rows, (row) => JSON.stringify(placeOf(row, { items: false, exposures: false })));
    return [...places.values()].some((own) => own.some((row) => row[part] !== own[0]?.[part]));
  });
}

interface Pair {
  readonly key: string;
  readonly before: QuestionMean;
  readonly after: QuestionMean;
}

function cellDiff(place: DiffPlace, a: readonly Row[], b: readonly Row[]): CellDiff {
  const measure = measureOf(a) === measureOf(b) ? measureOf(a) : 'accuracy';
  const [own, other] = [questionMeans(a, measure), questionMeans(b, measure)];
  const pairs = [...own].flatMap(([key, before]): Pair[] => {
    const after = other.get(key);
    return after === undefined ? [] : [{ key, before, after }];
  });
  const differences = pairs.map(({ before, after }) => ({
    ...{ cluster: before.cluster, value: after.value - before.value },
  }));
  return {
    ...{ place, measure, a: clusteredMean([...own.values()]), b: clusteredMean([...other.values()]) },
    difference: differences.length === 0 ? null : clusteredMean(differences),
    changed: changedOf(pairs, firstByQuestion(a), firstByQuestion(b)),
  };
}

function changedOf(
  pairs: readonly Pair[],
  own: ReadonlyMap<string, Row>,
  other: ReadonlyMap<string, Row>,
): QuestionChange[] {
  const changed = pairs.flatMap(({ key, before, after }) => {
    const [row, otherRow] = [own.get(key), other.get(key)];
    if (row === undefined || otherRow === undefined || before.value === after.value) return [];
    const { item, question, prompt, reference, answer } = row;
    const answers = { a: answer, b: otherRow.answer };
    return [{ item, question, prompt, reference, a: before.value, b: after.value, answers }];
  });
  return changed.sort((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a));
}

function firstByQuestion(rows: readonly Row[]): Map<string, Row> {
  const first = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify([row.item, row.question]);
    if (!first.has(key)) first.set(key, row);
  }
  return first;
}
