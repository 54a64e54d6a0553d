/** Several judges of the same answers: the one the verdict rests on, and how far the others agree with it. */
import { distinct, groupBy } from '../core/collections.js';
import type { Row } from '../core/records.js';
import { clusteredKappa, type KappaEstimate } from '../core/statistics.js';

export interface JudgeAgreement {
  readonly dataset: string;
  readonly judges: readonly [string, string];
  /** Quadratic-weighted kappa on the answers that both scored; interval clustered by item. */
  readonly kappa: KappaEstimate;
}

/** The judges of the rows, by the number of answers they scored, most first. */
export function judgesOf(rows: readonly Row[]): string[] {
  const scored = groupBy(rows, ({ judge }) => judge);
  const count = (judge: string): number => (scored.get(judge) ?? []).filter(({ status }) => status === 'scored').length;
  return distinct(rows.map(({ judge }) => judge)).sort((a, b) => count(b) - count(a));
}

/** The rows of one judge for each data set: the one named, or the one with most scored answers. */
export function rowsOfOneJudge(rows: readonly Row[], judge?: string): Row[] {
  return [...groupBy(rows, ({ dataset }) => dataset).values()].flatMap((group) => {
    const judges = judgesOf(group);
    const chosen = judge !== undefined && judges.includes(judge) ? judge : judges[0];
    return group.filter((row) => row.judge === chosen);
  });
}

/** Agreement of every two judges on each data set. */
export function judgeAgreement(rows: readonly Row[]): JudgeAgreement[] {
  return [...groupBy(rows, ({ dataset }) => dataset)].flatMap(([dataset, group]) => {
    const judges = judgesOf(group);
    return judges.flatMap((a, i) =>
      judges.slice(i + 1).map((b) => ({ dataset, judges: [a, b] as const, kappa: agreement(group, a, b) })),
    );
  });
}

function agreement(rows: readonly Row[], a: string, b: string): KappaEstimate {
  const others = new Map(rows.filter(({ judge }) => judge === b).map((row) => [answerKey(row), row.score]));
  const pairs = rows.flatMap((row) => {
    const other = others.get(answerKey(row));
    if (row.judge !== a || row.score === null || other === undefined || other === null) return [];
    return [{ cluster: row.item, a: row.score, b: other }];
  });
  return clusteredKappa(pairs, { min: 1, max: 5 });
}

function answerKey({ run, item, question }: Row): string {
  return JSON.stringify([run, item, question]);
}
