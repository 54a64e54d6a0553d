/** What the analysis of a study claims: which kinds of differences it names. */
import { jointComparisons } from '../../src/analysis/compare.js';
import type { Cell } from '../../src/analysis/group.js';
import { armsOf, comparedPairs, type CellPair } from '../../src/analysis/lines.js';
import type { Measure } from '../../src/analysis/measure.js';
import { studentQuantile } from '../../src/core/student.js';

export interface Claims {
  /** Any difference at all. */
  readonly any: boolean;
  readonly levels: boolean;
  readonly ranks: boolean;
  /** Against the base model. */
  readonly base: boolean;
}

/** The differences between cells that are called detectable; `draws` as in the analysis. */
export function claimsOf(cells: readonly Cell[], measure: Measure, draws = 2000): Claims {
  const arms = armsOf(cells).map((arm) => comparedPairs(arm, measure));
  const compare = jointComparisons(cells, { measure, draws });
  const named = arms
    .filter(mayBeNamed(cells, measure, arms.length))
    .flatMap((pairs) => pairs.filter(({ a, b }) => compare(a, b, measure).detectable));
  return {
    any: named.length > 0,
    levels: named.some(({ a, b }) => a[0]?.level !== b[0]?.level),
    ranks: named.some(({ a, b }) => a[0]?.level === b[0]?.level && b[0]?.rank !== 0),
    base: named.some(({ b }) => b[0]?.rank === 0),
  };
}

/**
 * Whether any difference lies beyond what an interval of it alone would have to reach at twice the chance of an error that its whole
 * family has: where none does, none is named, and the joint distribution, which takes most of the time, need not be drawn.
 */
function mayBeNamed(
  cells: readonly Cell[],
  measure: Measure,
  families: number,
): (pairs: readonly CellPair[]) => boolean {
  const roughly = jointComparisons(cells, { measure, draws: 1 });
  return (pairs) =>
    pairs.some(({ a, b }) => {
      const { difference, standardError, freedom } = roughly(a, b, measure);
      return Math.abs(difference) > standardError * studentQuantile(freedom, 1 - 0.045 / families);
    });
}
