/** Metrics of judged answers: scores and accuracy with intervals clustered by item, agreement and noise of judges. */
import { boundedMean } from '../core/bounded-mean.js';
import type { Row, Verdict } from '../core/records.js';
import {
  clusteredKappa,
  mean,
  standardDeviation,
  type BootstrapOptions,
  type KappaEstimate,
  type MeanEstimate,
} from '../core/statistics.js';

/** What metrics read of a row. */
export type Judged = Pick<Row, 'item' | 'question' | 'abstention' | 'score' | 'correct'>;

/** Scores of a set of answers; the unscored are left out of both means and counted here. */
export interface Metrics {
  /** Mean score, 1 to 5. */
  readonly score: MeanEstimate;
  /** Share correct, 0 to 1. */
  readonly accuracy: MeanEstimate;
  /** Share correct among questions that have an answer. */
  readonly answerable: MeanEstimate;
  /** Share correct among questions that have none. */
  readonly abstention: MeanEstimate;
  /** Answers, scored or not. */
  readonly n: number;
  readonly unscored: number;
}

/** How far one judge's verdicts on the same answers differ from each other. */
export interface JudgeNoise {
  /** Answers judged at least twice. */
  readonly n: number;
  /** Standard deviation of a score within an answer, in points: root mean square of the answers' own. */
  readonly standardDeviation: number;
  /** Share of answers whose scores were not all the same. */
  readonly changed: number;
  /** Judgements left out as unscored. */
  readonly unscored: number;
}

/** Mean score and accuracy, over all questions and with abstention apart. */
export function metrics(judged: readonly Judged[]): Metrics {
  const accuracy = (rows: readonly Judged[]) =>
    boundedMean(
      valuesOf(rows, ({ correct }) => correct),
      { range: [0, 1] },
    );
  return {
    score: boundedMean(
      valuesOf(judged, ({ score }) => score),
      { range: [1, 5] },
    ),
    accuracy: accuracy(judged),
    answerable: accuracy(judged.filter(({ abstention }) => !abstention)),
    abstention: accuracy(judged.filter(({ abstention }) => abstention)),
    n: judged.length,
    unscored: judged.filter(({ score }) => score === null).length,
  };
}

/** Quadratic-weighted kappa of two judges on the answers both have scored. */
export function agreement(a: readonly Judged[], b: readonly Judged[], options: BootstrapOptions = {}): KappaEstimate {
  const others = new Map(b.map((each) => [keyOf(each), each.score]));
  const pairs = a.flatMap((each) => {
    const other = others.get(keyOf(each)) ?? null;
    return each.score === null || other === null ? [] : [{ cluster: each.item, a: each.score, b: other }];
  });
  return clusteredKappa(pairs, { min: 1, max: 5 }, options);
}

/** A judge's own noise from repeated judgements: one list per repeat, over the same answers in the same order. */
export function judgeNoise(repeats: readonly (readonly Verdict[])[]): JudgeNoise {
  const answers = (repeats[0] ?? []).map((_, i) => repeats.map((verdicts) => verdicts[i]));
  const perAnswer = answers.map((verdicts) => verdicts.flatMap((verdict) => scoreOf(verdict) ?? []));
  const repeated = perAnswer.filter((scored) => scored.length > 1);
  const variances = repeated.map((scored) => standardDeviation(scored) ** 2);
  return {
    n: repeated.length,
    standardDeviation: Math.sqrt(mean(variances)),
    changed: mean(variances.map((each) => Number(each > 0))),
    unscored: answers.flat().filter((verdict) => verdict?.status === 'unscored').length,
  };
}

function valuesOf(
  judged: readonly Judged[],
  value: (row: Judged) => number | boolean | null,
): { cluster: string; value: number }[] {
  return judged.flatMap((row) => {
    const found = value(row);
    return found === null ? [] : [{ cluster: row.item, value: Number(found) }];
  });
}

function keyOf({ item, question }: Judged): string {
  return JSON.stringify([item, question]);
}

function scoreOf(verdict: Verdict | undefined): number | undefined {
  return verdict?.status === 'scored' ? verdict.score : undefined;
}
