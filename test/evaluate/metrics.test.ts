/** Metrics: the unscored are left out and counted, judges' noise comes from repeats. */
import { describe, expect, it } from 'vitest';
import { scored, unscored } from '../../src/evaluate/judges/contract.js';
import { agreement, judgeNoise, metrics, type Judged } from '../../src/evaluate/metrics.js';

function judged(id: string, score: number | null, abstention = false): Judged {
  const [item = '', question = ''] = id.split('/');
  return { item, question, abstention, score, correct: score === null ? null : score >= 4 };
}

const RUN = [judged('a/1', 5), judged('a/2', 1), judged('b/1', null), judged('b/2', 4), judged('c/1', 5, true)];

describe('metrics', () => {
  it('leaves the unscored out of the means and counts them', () => {
    const { score, accuracy, n, unscored: left } = metrics(RUN);
    expect({ n, left }).toEqual({ n: 5, left: 1 });
    expect(score).toMatchObject({ mean: 3.75, n: 4, clusters: 3 });
    expect(accuracy).toMatchObject({ mean: 0.75, n: 4 });
  });

  it('tells questions with and without an answer apart', () => {
    const { answerable, abstention } = metrics(RUN);
    expect(answerable).toMatchObject({ mean: 2 / 3, n: 3 });
    expect(abstention).toMatchObject({ mean: 1, n: 1, low: NaN });
  });

  it('has no mean of nothing', () => {
    expect(metrics([judged('a/1', null)])).toMatchObject({ score: { mean: NaN, n: 0 }, n: 1, unscored: 1 });
  });

  it('measures agreement where both judges scored', () => {
    expect(agreement(RUN, RUN)).toMatchObject({ kappa: 1, n: 4, clusters: 3 });
    expect(agreement(RUN, [judged('a/1', null)])).toMatchObject({ kappa: NaN, n: 0 });
  });

  it('measures the noise of a judge from repeats', () => {
    const first = [scored(3, ''), scored(5, ''), unscored('')];
    const second = [scored(5, ''), scored(5, ''), scored(1, '')];
    expect(judgeNoise([first, second])).toEqual({ n: 2, standardDeviation: 1, changed: 0.5, unscored: 1 });
    expect(judgeNoise([first]).n).toBe(0);
  });
});
