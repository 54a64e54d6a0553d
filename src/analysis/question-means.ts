/** Answers gathered by question: what comparisons are paired on. */
import type { Row } from '../core/records.js';
import { valueOf, type Measure } from './measure.js';

export interface QuestionMean {
  /** The item that the question belongs to. */
  readonly cluster: string;
  readonly value: number;
}

/** The value of each scored, answerable question, averaged over runs: keyed by item and question. */
export function questionMeans(rows: readonly Row[], measure: Measure): Map<string, QuestionMean> {
  const sums = new Map<string, { cluster: string; sum: number; n: number }>();
  for (const row of rows) {
    const value = row.abstention ? null : valueOf(row, measure);
    if (value === null) continue;
    const key = JSON.stringify([row.item, row.question]);
    const entry = sums.get(key);
    if (entry === undefined) sums.set(key, { cluster: row.item, sum: value, n: 1 });
    else {
      entry.sum += value;
      entry.n++;
    }
  }
  return new Map([...sums].map(([key, { cluster, sum, n }]) => [key, { cluster, value: sum / n }]));
}
