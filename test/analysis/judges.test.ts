import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import { judgeAgreement, judgesOf, rowsOfOneJudge } from '../../src/analysis/judges.js';
import { row } from './fixtures.js';

const rows = Array.from({ length: 20 }, (_, i) => {
  const shared = { item: `item-${i}`, question: 'q', answer: `answer ${i}` };
  const score = 1 + (i % 5);
  return [
    row({ ...shared, judge: 'lexical', score, correct: score >= 4 }),
    row({ ...shared, judge: 'llm', score: Math.min(5, score + (i % 2)), correct: score >= 4 }),
    row({ ...shared, judge: 'broken', status: 'unscored', score: null, correct: null }),
  ];
}).flat();

describe('several judges', () => {
  it('counts the one with most scored answers unless another is named', () => {
    expect(judgesOf(rows).at(-1)).toBe('broken');
    expect(new Set(rowsOfOneJudge(rows).map(({ judge }) => judge))).toEqual(new Set(['lexical']));
    expect(new Set(rowsOfOneJudge(rows, 'llm').map(({ judge }) => judge))).toEqual(new Set(['llm']));
    expect(analyse(rows, [], { judge: 'llm' }).datasets).toEqual([{ dataset: 'made', judge: 'llm', measure: 'score' }]);
  });

  it('agree by quadratic-weighted kappa on the answers that both scored', () => {
    const agreement = judgeAgreement(rows);
    const pair = agreement.find(({ judges }) => judges.includes('llm') && judges.includes('lexical'));
    expect(pair?.kappa.n).toBe(20);
    expect(pair?.kappa.kappa).toBeGreaterThan(0.8);
    expect(agreement.find(({ judges }) => judges.includes('broken'))?.kappa.n).toBe(0);
  });
});
