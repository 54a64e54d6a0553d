/** What the analysis of a study claims: which kinds of differences it names. */
import { jointComparisons } from '../../src/analysis/compare.js';
import type { Cell } from '../../src/analysis/group.js';
import { armsOf, comparedPairs } from '../../src/analysis/lines.js';
import type { Measure } from '../../src/analysis/measure.js';

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
  const compare = jointComparisons(cells, { measure, draws });
  const named = armsOf(cells)
    .flatMap((arm) => comparedPairs(arm, measure))
    .filter(({ a, b }) => compare(a, b, measure).detectable);
  return {
    any: named.length > 0,
    levels: named.some(({ a, b }) => a[0]?.level !== b[0]?.level),
    ranks: named.some(({ a, b }) => a[0]?.level === b[0]?.level && b[0]?.rank !== 0),
    base: named.some(({ b }) => b[0]?.rank === 0),
  };
}
