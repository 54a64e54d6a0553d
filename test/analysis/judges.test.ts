import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import { measureOf } from '../../src/analysis/measure.js';
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

describe('a judge', () => {
  it('has one measure, whatever a study’s verdicts happen to be', () => {
    const of = (judge: string, scores: readonly number[]) => measureOf(scores.map((score) => row({ judge, score })));
    for (const scores of [
      [1, 5],
      [5, 5],
      [2, 4],
      [1, 3, 5],
    ]) {
      for (const judge of ['lexical', 'llm', 'llm (qwen-plus)']) expect(of(judge, scores)).toBe('score');
      for (const judge of ['exact', 'yes-no (qwen-plus)']) expect(of(judge, scores)).toBe('accuracy');
    }
    expect([of('gpt-4o', [1, 5]), of('my own', [2, 4])]).toEqual(['accuracy', 'score']);
  });
});

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
