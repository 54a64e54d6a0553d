/** An interval where every item says the same: resampling then sees no spread at all, and would claim a certainty that few items cannot give. */

/** Share of items that may differ from what all of `clusters` items showed, at 97.5 %: the exact bound 1 − 0.025^(1/n) (Clopper and Pearson, 1934). */
export function unseenShare(clusters: number): number {
  return clusters === 0 ? 1 : 1 - 0.025 ** (1 / clusters);
}

/**
 * The interval of an estimate without spread: as if the unseen share of items lay at either end of the range.
 * An interval that has spread, or none at all (NaN), is left as it is.
 */
export function withUnseenItems<T extends { readonly low: number; readonly high: number; readonly clusters: number }>(
  estimate: T,
  [least, most]: readonly [number, number],
): T {
  const { low, high, clusters } = estimate;
  if (low !== high) return estimate;
  const share = unseenShare(clusters);
  return { ...estimate, low: low + share * (least - low), high: high + share * (most - high) };
}
