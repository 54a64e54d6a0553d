/** What training again with another seed changes: measured where there are replicates, drawn towards what is usual where there are few. */
import type { AnswerLines, Line } from './answer-lines.js';
import type { Measure } from './measure.js';

/**
 * Standard deviation between seeds that is assumed before any is measured, as a share of the standard deviation of single answers: 0.05 of
 * a score whose answers spread by 1.6. A published grid that was trained twice at three ranks had 0.021 (0.012 to 0.077).
 */
export const ASSUMED_NOISE = 0.03;
/** The assumption counts as much as a measurement with this many degrees of freedom. */
export const ASSUMED_FREEDOM = 4;

/** How far the means of runs differ that differ in their seed alone. */
export interface SeedNoise {
  /**
   * Standard deviation of a run's mean as a share of its answers' own: what was measured and what is assumed, weighed by their degrees of
   * freedom. A share, because answers that are nearly all right leave a seed little to change.
   */
  readonly share: number;
  /** Degrees of freedom: those of the assumption, and those measured as far as single answers do not blur them (Satterthwaite). */
  readonly freedom: number;
  /** Degrees of freedom measured: replicated runs less their configurations; 0 where everything was trained once. */
  readonly measured: number;
}

/** What is needed to know the noise: a configuration's answers, run by run. */
export interface Replicated {
  readonly rank: number;
  readonly lines: AnswerLines;
  /** Standard deviation of its single answers by each measure; 0 with fewer than two. */
  readonly spread: Readonly<Record<Measure, number>>;
}

/** The noise between seeds of the cells of one data set and book. */
export function seedNoise(cells: readonly Replicated[], measure: Measure): SeedNoise {
  let [beyond, within, measured] = [0, 0, 0];
  for (const { rank, lines, spread } of cells) {
    if (rank === 0 || lines[measure].length < 2 || spread[measure] === 0) continue;
    const squares = squaresBetween(lines[measure], lines);
    beyond += (squares.means - squares.answers) / spread[measure] ** 2;
    within += squares.answers / spread[measure] ** 2;
    measured += lines[measure].length - 1;
  }
  const variance = (ASSUMED_FREEDOM * ASSUMED_NOISE ** 2 + Math.max(0, beyond)) / (ASSUMED_FREEDOM + measured);
  const certainty = measured === 0 ? 0 : (variance / (variance + within / measured)) ** 2;
  return { share: Math.sqrt(variance), freedom: ASSUMED_FREEDOM + measured * certainty, measured };
}

/** Standard deviation of the mean of a cell's runs that training again would give; the base model is not trained, so no seed moves it. */
export function meanNoise({ rank, lines, spread }: Replicated, noise: SeedNoise, measure: Measure): number {
  return rank === 0 ? 0 : (noise.share * spread[measure]) / Math.sqrt(lines[measure].length);
}

/** Standard deviation of single answers that were scored; 0 of fewer than two. */
export function answerSpread(lines: readonly Line[]): number {
  let [n, sum, squares] = [0, 0, 0];
  const [first = 0] = lines.flatMap((line) => line.find((value) => !Number.isNaN(value)) ?? []);
  for (const line of lines)
    for (let question = 0; question < line.length; question++) {
      const value = line[question] as number;
      if (Number.isNaN(value)) continue;
      n++;
      sum += value - first;
      squares += (value - first) ** 2;
    }
  return n < 2 ? 0 : Math.sqrt(Math.max(0, squares - (sum * sum) / n) / (n - 1));
}

/** Sums of squares of a cell's runs. */
interface Squares {
  /** Between the means of its runs, over the questions that all of them answered. */
  readonly means: number;
  /** What that would be if each answer fell out anew and no run were better than another: a part that the error between items holds already. */
  readonly answers: number;
}

function squaresBetween(lines: readonly Line[], { items, itemOf }: AnswerLines): Squares {
  const centres = meanOf(lines, itemOf.length);
  const counts = new Float64Array(items);
  let n = 0;
  for (let question = 0; question < itemOf.length; question++) {
    if (Number.isNaN(centres[question])) continue;
    const item = itemOf[question] as number;
    n++;
    counts[item] = (counts[item] as number) + 1;
  }
  const clusters = counts.reduce((sum, count) => sum + Number(count > 0), 0);
  if (clusters < 2) return { means: 0, answers: 0 };
  const each = lines.map((line) => squaresOf(residuals(line, centres, { items, itemOf }), counts, { n, clusters }));
  return {
    means: each.reduce((sum, { means }) => sum + means, 0),
    answers: each.reduce((sum, { answers }) => sum + answers, 0),
  };
}

/** The mean of several lines by question; NaN where any has no answer. */
function meanOf(lines: readonly Line[], questions: number): Line {
  const sums = new Float64Array(questions);
  for (const line of lines)
    for (let question = 0; question < questions; question++)
      sums[question] = (sums[question] as number) + (line[question] as number);
  for (let question = 0; question < questions; question++) sums[question] = (sums[question] as number) / lines.length;
  return sums;
}

/** What a line has above the centres, summed by item. */
function residuals(line: Line, centres: Line, { items, itemOf }: Pick<AnswerLines, 'items' | 'itemOf'>): Float64Array {
  const sums = new Float64Array(items);
  for (let question = 0; question < itemOf.length; question++) {
    const centre = centres[question] as number;
    if (Number.isNaN(centre)) continue;
    const item = itemOf[question] as number;
    sums[item] = (sums[item] as number) + (line[question] as number) - centre;
  }
  return sums;
}

/** The square of a run's mean residual, and that mean's variance between items. */
function squaresOf(
  sums: Float64Array,
  counts: Float64Array,
  { n, clusters }: { readonly n: number; readonly clusters: number },
): Squares {
  const mean = sums.reduce((sum, each) => sum + each, 0) / n;
  const between = sums.reduce((sum, each, item) => sum + ((each - (counts[item] as number) * mean) / n) ** 2, 0);
  return { means: mean ** 2, answers: (clusters / (clusters - 1)) * between };
}
