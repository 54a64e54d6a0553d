/** Statistics against numbers from NumPy, SciPy, statsmodels and scikit-learn (test/golden/statistics), and their edges. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clusteredKappa,
  clusteredMean,
  quantile,
  standardDeviation,
  type Interval,
} from '../../src/core/statistics.js';

interface Expected {
  readonly rows: readonly { readonly cluster: string; readonly a: number; readonly b: number }[];
  readonly mean: Interval & { readonly mean: number };
  readonly kappa: Interval & { readonly kappa: number };
  readonly naiveStandardError: number;
  readonly values: readonly number[];
  readonly standardDeviation: number;
  readonly quantiles: readonly (readonly [number, number])[];
}

const golden = join(import.meta.dirname, '../golden/statistics/expected.json');
const expected = JSON.parse(readFileSync(golden, 'utf8')) as Expected;
const errors = JSON.parse(readFileSync(join(golden, '../errors.json'), 'utf8')) as {
  readonly clustered: {
    readonly rows: readonly { readonly cluster: string; readonly value: number }[];
    readonly mean: number;
    readonly error: number;
    readonly low95: number;
  };
};
const agreement = JSON.parse(readFileSync(join(golden, '../agreement.json'), 'utf8')) as Readonly<
  Record<'kappa' | 'difference' | 'error' | 'bound', number>
>;
const means = expected.rows.map(({ cluster, a }) => ({ cluster, value: a }));
const scale = { min: 1, max: 5 };

/** Two bootstraps of the same data differ by chance: a tenth of the standard error is many times that at 20,000 resamples. */
function expectSameInterval(ours: Interval, theirs: Interval): void {
  const tolerance = 0.1 * theirs.standardError;
  for (const key of ['low', 'high', 'standardError'] as const)
    expect(Math.abs(ours[key] - theirs[key]), key).toBeLessThan(tolerance);
}

describe('statistics as SciPy computes them', () => {
  const options = { resamples: 20_000 };

  it('estimates a mean whose interval is that of resampled clusters', () => {
    const ours = clusteredMean(means);
    expect(ours.mean).toBeCloseTo(expected.mean.mean, 12);
    expect(ours).toMatchObject({ n: expected.rows.length, clusters: 60 });
    expectSameInterval(ours, expected.mean);
    expect(ours.standardError).toBeGreaterThan(1.5 * expected.naiveStandardError);
  });

  it('has the mean, the error and the bound that statsmodels gives clusters', () => {
    const { rows, mean, error, low95 } = errors.clustered;
    const ours = clusteredMean(rows, 0.9);
    expect(ours.mean).toBeCloseTo(mean, 12);
    expect(ours.standardError).toBeCloseTo(error, 12);
    expect(ours.low).toBeCloseTo(low95, 8);
  });

  it('computes weighted kappa as its definition by matrices does, and its interval', () => {
    const ours = clusteredKappa(expected.rows, scale, options);
    expect(ours.kappa).toBeCloseTo(expected.kappa.kappa, 12);
    expectSameInterval(ours, expected.kappa);
  });

  it("has scikit-learn's kappa, and statsmodels' bound of a paired difference, which non-inferiority rests on", () => {
    expect(clusteredKappa(expected.rows, scale, { resamples: 2 }).kappa).toBeCloseTo(agreement.kappa, 12);
    const differences = expected.rows.map(({ cluster, a, b }) => ({ cluster, value: a - b }));
    const ours = clusteredMean(differences, 0.9);
    expect(ours.mean).toBeCloseTo(agreement.difference, 12);
    expect(ours.standardError).toBeCloseTo(agreement.error, 12);
    expect(ours.low).toBeCloseTo(agreement.bound, 9);
  });

  it('interpolates quantiles as NumPy does', () => {
    for (const [p, value] of expected.quantiles) expect(quantile(expected.values, p), `p ${p}`).toBeCloseTo(value, 12);
    expect(standardDeviation(expected.values)).toBeCloseTo(expected.standardDeviation, 12);
  });
});

describe('statistics at their edges', () => {
  it('gives the same interval of kappa for the same seed and another for another', () => {
    const low = (seed: number): number => clusteredKappa(expected.rows, scale, { seed }).low;
    expect(low(3)).toBe(low(3));
    expect(low(3)).not.toBe(low(4));
  });

  it('leaves an interval unknown where fewer than two clusters cannot tell it', () => {
    expect(clusteredMean([])).toEqual({ mean: NaN, low: NaN, high: NaN, standardError: NaN, n: 0, clusters: 0 });
    const rows = [1, 5].map((value) => ({ cluster: 'only', value }));
    expect(clusteredMean(rows)).toEqual({ mean: 3, low: NaN, high: NaN, standardError: NaN, n: 2, clusters: 1 });
  });

  it('has kappa 1 for agreement, below 0 for the opposite, NaN where nobody varies', () => {
    const kappa = (a: readonly number[], b: readonly number[]): number =>
      clusteredKappa(
        a.map((score, i) => ({ cluster: String(i), a: score, b: b[i] ?? NaN })),
        scale,
      ).kappa;
    expect(kappa([1, 2, 5], [1, 2, 5])).toBe(1);
    expect(kappa([1, 5], [5, 1])).toBe(-1);
    expect(kappa([3, 3], [3, 3])).toBeNaN();
  });

  it('refuses scores outside the scale and an impossible level', () => {
    for (const pair of [
      { a: 0, b: 1 },
      { a: 1, b: 6 },
      { a: NaN, b: 1 },
    ])
      expect(() => clusteredKappa([{ cluster: 'a', ...pair }], scale)).toThrow(
        /invalid score .*: use numbers from 1 to 5/,
      );
    expect(() => clusteredMean(means, 95)).toThrow('invalid level 95: use a number between 0 and 1');
  });

  it('has an interval around the mean, and none wider than no spread', () => {
    const row = fc.record({ cluster: fc.constantFrom('p', 'q', 'r', 's'), value: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
        const { mean, low, high, clusters } = clusteredMean(rows);
        expect(mean).toBeGreaterThanOrEqual(1);
        expect(mean).toBeLessThanOrEqual(5);
        if (clusters > 1) expect(low <= mean && mean <= high).toBe(true);
      }),
      { numRuns: 100 },
    );
    const alike = ['p', 'q', 'r'].map((cluster) => ({ cluster, value: 2 }));
    expect(clusteredMean(alike)).toMatchObject({ mean: 2, low: 2, high: 2, standardError: 0 });
  });
});
