/** Metrics of judged answers: scores and accuracy with intervals clustered by item, differences between runs, agreement and noise of judges. */
import type { Verdict } from '../core/records.js';
import {
  clusteredKappa,
  clusteredMean,
  pairedDifference,
  standardDeviation,
  type BootstrapOptions,
  type DifferenceEstimate,
  type KappaEstimate,
  type MeanEstimate,
} from '../core/statistics.js';

/** An answer's verdict, and what it belongs to. */
export interface Judged {
  readonly item: string;
  /** Unique within the item: what pairs answers of two runs or two judges. */
  readonly question: string;
  readonly verdict: Verdict;
  readonly abstention: boolean;
}

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
export function metrics(judged: readonly Judged[], options: BootstrapOptions = {}): Metrics {
  const accuracy = (rows: readonly Judged[]) => clusteredMean(correctness(rows), options);
  return {
    score: clusteredMean(scores(judged), options),
    accuracy: accuracy(judged),
    answerable: accuracy(judged.filter(({ abstention }) => !abstention)),
    abstention: accuracy(judged.filter(({ abstention }) => abstention)),
    n: judged.length,
    unscored: judged.filter(({ verdict }) => verdict.status === 'unscored').length,
  };
}

/** A difference of means over the questions that both sides have scored, and how many were left out. */
export interface Comparison extends DifferenceEstimate {
  /** Questions that only one side has, or that one side has unscored. */
  readonly unpaired: number;
}

/** Mean score of run `a` minus that of run `b` on the same questions. */
export function scoreDifference(
  a: readonly Judged[],
  b: readonly Judged[],
  options: BootstrapOptions = {},
): Comparison {
  return compare(a, b, ({ score }) => score, options);
}

/** Accuracy of run `a` minus that of run `b` on the same questions. */
export function accuracyDifference(
  a: readonly Judged[],
  b: readonly Judged[],
  options: BootstrapOptions = {},
): Comparison {
  return compare(a, b, ({ correct }) => Number(correct), options);
}

/** Quadratic-weighted kappa of two judges on the answers both have scored. */
export function agreement(a: readonly Judged[], b: readonly Judged[], options: BootstrapOptions = {}): KappaEstimate {
  return clusteredKappa(
    pairs(a, b, ({ score }) => score),
    { min: 1, max: 5 },
    options,
  );
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

type Scored = Extract<Verdict, { status: 'scored' }>;

function scores(judged: readonly Judged[]): { cluster: string; value: number }[] {
  return valuesOf(judged, ({ score }) => score);
}

function correctness(judged: readonly Judged[]): { cluster: string; value: number }[] {
  return valuesOf(judged, ({ correct }) => Number(correct));
}

function valuesOf(judged: readonly Judged[], value: (verdict: Scored) => number): { cluster: string; value: number }[] {
  return judged.flatMap(({ item, verdict }) =>
    verdict.status === 'scored' ? [{ cluster: item, value: value(verdict) }] : [],
  );
}

function pairs(
  a: readonly Judged[],
  b: readonly Judged[],
  value: (verdict: Scored) => number,
): { cluster: string; a: number; b: number }[] {
  const others = new Map(b.map((each) => [keyOf(each), each.verdict]));
  return a.flatMap((each) => {
    const other = others.get(keyOf(each));
    if (each.verdict.status !== 'scored' || other?.status !== 'scored') return [];
    return [{ cluster: each.item, a: value(each.verdict), b: value(other) }];
  });
}

function compare(
  a: readonly Judged[],
  b: readonly Judged[],
  value: (verdict: Scored) => number,
  options: BootstrapOptions,
): Comparison {
  const paired = pairs(a, b, value);
  const questions = new Set([...a, ...b].map(keyOf)).size;
  return { ...pairedDifference(paired, options), unpaired: questions - paired.length };
}

function keyOf({ item, question }: Judged): string {
  return JSON.stringify([item, question]);
}

function scoreOf(verdict: Verdict | undefined): number | undefined {
  return verdict?.status === 'scored' ? verdict.score : undefined;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
