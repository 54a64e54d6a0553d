/** The answers of all runs gathered by question, as the page's browser reads them: small, limited, and safe to show. */
import { distinct, groupBy } from '../core/collections.js';
import type { Row } from '../core/records.js';
import { placeName } from './names.js';
import { clipped } from '../text/visible.js';

/** Answers that a page carries at most: beyond this it grows past some ten megabytes and browsers turn slow. */
const MOST_ANSWERS = 25_000;
const MOST_ANSWER_CHARACTERS = 1500;
const MOST_PROMPT_CHARACTERS = 1500;

/** Everything the browser shows; short names, because there are thousands of them. */
export interface BrowsedAnswers {
  readonly runs: readonly { readonly name: string; readonly dataset: string }[];
  /** Distinct answers; questions name them by position. */
  readonly texts: readonly string[];
  readonly questions: readonly BrowsedQuestion[];
  /** Questions left out because the page would grow too large. */
  readonly omitted: number;
}

export interface BrowsedQuestion {
  readonly dataset: string;
  readonly item: string;
  readonly type: string;
  readonly prompt: string;
  readonly reference: string;
  readonly abstention: boolean;
  /** Run, text, verdict (1 right, 0 wrong, −1 unscored) and score, or null. */
  readonly answers: readonly (readonly [run: number, text: number, verdict: number, score: number | null])[];
}

/** Gathers one judge's rows by question; past the limit, questions whose verdict changes between runs go first. */
export function browsedAnswers(rows: readonly Row[], most = MOST_ANSWERS): BrowsedAnswers {
  const runs = distinct(rows.map(({ run }) => run));
  const runAt = new Map(runs.map((run, i) => [run, i]));
  const firstOf = new Map(rows.map((row) => [row.run, row]));
  const groups = [
    ...groupBy(rows, ({ dataset, item, question }) => JSON.stringify([dataset, item, question])).values(),
  ];
  const kept = withinLimit(groups, most);
  const texts = new Map<string, number>();
  const textAt = (text: string): number => {
    const known = texts.get(text) ?? texts.size;
    texts.set(text, known);
    return known;
  };
  const questions = kept.map((group) => browsed(group, runAt, textAt));
  const names = runNames(runs.map((run) => firstOf.get(run) as Row));
  return { runs: names, texts: [...texts.keys()], questions, omitted: groups.length - kept.length };
}

/** Names of runs, without the amount and the seed where all runs of the data set and book share them. */
function runNames(rows: readonly Row[]): { name: string; dataset: string }[] {
  const arms = groupBy(
    rows.filter(({ rank }) => rank > 0),
    ({ dataset, book }) => JSON.stringify([dataset, book]),
  );
  return rows.map((row) => {
    const arm = arms.get(JSON.stringify([row.dataset, row.book])) ?? [];
    const amounts = distinct(arm.map(({ items }) => items)).length > 1;
    const seeds = row.rank > 0 && distinct(arm.map(({ seed }) => seed)).length > 1;
    const name = `${placeName(row, { amount: amounts })}${seeds ? `, seed ${row.seed}` : ''}`;
    return { name: clipped(name, 80), dataset: clipped(row.dataset, 80) };
  });
}

function browsed(
  group: readonly Row[],
  runAt: ReadonlyMap<string, number>,
  textAt: (text: string) => number,
): BrowsedQuestion {
  const { dataset, item, type, prompt, reference, abstention } = group[0] as Row;
  return {
    dataset: clipped(dataset, 80),
    item: clipped(item, 120),
    type: clipped(type, 80),
    prompt: clipped(prompt, MOST_PROMPT_CHARACTERS),
    reference: clipped(reference, MOST_PROMPT_CHARACTERS),
    abstention,
    answers: group.map((row) => [
      runAt.get(row.run) ?? 0,
      textAt(clipped(row.answer, MOST_ANSWER_CHARACTERS)),
      row.status === 'unscored' ? -1 : Number(row.correct),
      row.score,
    ]),
  };
}

/** In order of first appearance while all fit; else the changing questions first, then the others, until the limit. */
function withinLimit(groups: readonly Row[][], most: number): Row[][] {
  const total = groups.reduce((sum, group) => sum + group.length, 0);
  if (total <= most) return [...groups];
  const changed = groups.filter((group) => distinct(group.map(({ score }) => score)).length > 1);
  const steady = groups.filter((group) => distinct(group.map(({ score }) => score)).length <= 1);
  let left = most;
  return [...changed, ...steady].filter((group) => (left -= group.length) >= 0);
}
