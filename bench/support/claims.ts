/** What the analysis of a study claims: which kinds of differences it names. */
import { analyse } from '../../src/analysis/analyse.js';
import { armsOf, comparedPairs } from '../../src/analysis/lines.js';
import type { Row } from '../../src/core/records.js';

export interface Claims {
  /** Any difference at all. */
  readonly any: boolean;
  readonly levels: boolean;
  readonly ranks: boolean;
  /** Against the base model. */
  readonly base: boolean;
}

/** The differences that are called detectable; `draws` as in the analysis. */
export function claimsOf(rows: readonly Row[], draws = 2000): Claims {
  const { cells, compare } = analyse(rows, [], { draws });
  const named = armsOf(cells)
    .flatMap((arm) => comparedPairs(arm))
    .filter(({ a, b, measure }) => compare(a, b, measure).detectable);
  return {
    any: named.length > 0,
    levels: named.some(({ a, b }) => a.level !== b.level),
    ranks: named.some(({ a, b }) => a.level === b.level && b.rank > 0),
    base: named.some(({ b }) => b.rank === 0),
  };
}
