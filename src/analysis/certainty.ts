/** An interval where every answer says the same: resampling then sees no spread at all, and would claim a certainty that few answers cannot give. */

/** Share of answers that may differ from what all of `n` showed, at 97.5 %: the exact bound 1 − 0.025^(1/n) (Clopper and Pearson, 1934). */
export function unseenShare(n: number): number {
  return n === 0 ? 1 : 1 - 0.025 ** (1 / n);
}

/**
 * The interval of an estimate without spread: as if the unseen share of answers lay at either end of the range.
 * It counts answers, not items, so that it goes on where the resampled interval of nearly equal answers ends.
 * An interval that has spread, or none at all (NaN), is left as it is.
 */
export function withUnseenAnswers<T extends { readonly low: number; readonly high: number; readonly n: number }>(
  estimate: T,
  [least, most]: readonly [number, number],
): T {
  const { low, high, n } = estimate;
  if (low !== high) return estimate;
  const share = unseenShare(n);
  return { ...estimate, low: low + share * (least - low), high: high + share * (most - high) };
}
