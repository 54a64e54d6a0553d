/** A distribution told by its quantiles and a histogram. */
import { quantile } from '../core/statistics.js';

export interface Quantiles {
  readonly min: number;
  readonly p5: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p95: number;
  readonly max: number;
}

/** Values in [start, end); the last bin of a histogram includes its end. */
export interface Bin {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

export interface Distribution {
  readonly n: number;
  readonly quantiles: Quantiles | null;
  readonly histogram: readonly Bin[];
}

/** Quantiles by linear interpolation, and a histogram of bins of `width`; values under `low` are counted in one first bin. Not numbers are left out. */
export function distributionOf(values: readonly number[], width: number, low: number, high: number): Distribution {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return { n: 0, quantiles: null, histogram: [] };
  const at = (share: number) => quantile(sorted, share);
  const quantiles = {
    min: at(0),
    p5: at(0.05),
    p25: at(0.25),
    median: at(0.5),
    p75: at(0.75),
    p95: at(0.95),
    max: at(1),
  };
  return { n: sorted.length, quantiles, histogram: histogram(sorted, width, low, high) };
}

function histogram(sorted: readonly number[], width: number, low: number, high: number): Bin[] {
  const min = sorted[0] ?? low;
  const start = Math.max(low, Math.floor(min / width + 1e-9) * width);
  const bins = Math.max(1, Math.round((high - start) / width));
  const counts = new Array<number>(bins).fill(0);
  let under = 0;
  for (const value of sorted) {
    if (value < start - 1e-12) under++;
    else {
      const bin = Math.min(bins - 1, Math.floor((value - start) / width + 1e-9));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  }
  const round = (value: number) => Math.round(value * 1e6) / 1e6;
  const regular = counts.map((count, i) => ({
    start: round(start + i * width),
    end: round(start + (i + 1) * width),
    count,
  }));
  return under > 0 ? [{ start: min, end: round(start), count: under }, ...regular] : regular;
}
