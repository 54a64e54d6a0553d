/** How far each item draws a mean. */

/**
 * What each item adds to a mean, as leaving it out tells (the cluster jackknife, CV3 of MacKinnon, Nielsen and Webb, 2023): an item with
 * many questions draws the mean towards itself, so that its own distance from it is too small. Of equal items: their distances.
 * `sums` of values and `counts` of them by item; the variance of the mean is clusters / (clusters − 1) times the sum of their squares.
 */
export function pullsOf(
  sums: Float64Array,
  counts: Float64Array,
  { n, mean, clusters }: { readonly n: number; readonly mean: number; readonly clusters: number },
): Float64Array {
  return sums.map((sum, item) => {
    const own = counts[item] as number;
    if (own === 0) return 0;
    const leftOut = clusters < 2 ? 1 : (n * (clusters - 1)) / (clusters * (n - own));
    return (leftOut * (sum - own * mean)) / n;
  });
}
