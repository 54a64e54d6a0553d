import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import type { RunSummary } from '../../src/analysis/run-summary.js';
import type { Row } from '../../src/core/records.js';
import { demoStudy, row, runSummary } from './fixtures.js';

const LEVELS = ['original', 'summ_l2', 'summ_l5'] as const;
const training = { epochs: 2, batchTokens: 1024, learningRate: 0.01 };

/** A study of one data set: three levels, twelve items, one adapter each and the base model. */
function made(change: (row: Row) => Partial<Row>, run: Partial<RunSummary> = {}) {
  const runs = LEVELS.flatMap((level) =>
    [0, 8].map((rank) =>
      runSummary({ id: `${level}-${rank}`, level, rank, training, answerLimit: 16, ...(rank > 0 && run) }),
    ),
  );
  const rows = runs.flatMap(({ id, level, rank }) =>
    Array.from({ length: 12 }, (_, i) => {
      const right = (i + rank) % 3 > 0;
      const own = row({
        ...{ run: id, level, rank, item: `item-${i}`, trr: LEVELS.indexOf(level as 'original') / 3 },
        ...{ answer: right ? 'Velden' : 'Graz', score: right ? 5 : 1, correct: right },
      });
      return { ...own, ...change(own) };
    }),
  );
  const { recommendation } = analyse(rows, runs, { draws: 500 });
  const [found] = recommendation.datasets;
  return { recommendation, found, kinds: found?.refusals.map(({ kind }) => kind) };
}

describe('a verdict on nothing', () => {
  it('is none where trainings are long enough and answers differ', () => {
    const { found, kinds } = made(() => ({}));
    expect(kinds).toEqual([]);
    expect(found?.rank).toBe(8);
    const demo = demoStudy();
    const told = analyse(demo.rows, demo.runs, { draws: 500 }).recommendation.datasets;
    expect(told.map(({ refusals }) => refusals)).toEqual(told.map(() => []));
  });

  it('is refused where every answer is wrong, and says what to change', () => {
    const { recommendation, found, kinds } = made(() => ({ answer: 'Graz', score: 1, correct: false }));
    expect(kinds).toEqual(['all-wrong']);
    expect(recommendation).toMatchObject({ level: null, rank: null, run: null, adapterPath: null });
    expect(recommendation.sentences[0]).toBe(found?.headline);
    expect(found?.headline).toBe('made: nothing can be recommended: no answer of a trained model is right (0 of 36).');
    expect(found?.sentences[0]).toContain('raise the learning rate (it was 0.01)');
  });

  it.each([1, 3, 5])('is refused of a judge that gives all answers a %i, whatever they say', (score) => {
    const { kinds, found } = made(() => ({ score, correct: score > 3 }));
    expect(kinds).toEqual(['constant-judge']);
    expect(found?.headline).toContain(`gave all 72 answers the score ${score}`);
  });

  it('is not refused where all answers are right, and look so', () => {
    expect(made(() => ({ answer: 'It is Velden.', score: 5, correct: true })).kinds).toEqual([]);
  });

  it('is refused after five steps, with epochs and batches that would give enough', () => {
    const { kinds, found } = made(() => ({}), { steps: 5 });
    expect(kinds).toEqual(['few-steps']);
    expect(found?.headline).toContain('the adapter was trained for 5 steps only');
    expect(found?.sentences[0]).toContain('raise epochs from 2 to 24, or lower batchTokens from 1024 to 85');
    expect(made(() => ({}), { steps: 8 }).kinds).toEqual([]);
  });

  it('names maxSteps where that ended the training, for epochs decide nothing then', () => {
    const training = { epochs: 2, maxSteps: 5, batchTokens: 1024, learningRate: 1e-3 };
    const { found } = made(() => ({}), { steps: 5, training });
    expect(found?.sentences[0]).toContain('raise maxSteps from 5 to 60');
    expect(found?.sentences[0]).not.toContain('epochs');
  });

  it('names epochs where these ended the training before maxSteps', () => {
    const training = { epochs: 2, maxSteps: 500, batchTokens: 1024, learningRate: 1e-3 };
    expect(made(() => ({}), { steps: 5, training }).found?.sentences[0]).toContain('raise epochs from 2 to 24');
  });

  it('is refused where the loss rose', () => {
    const { kinds, found } = made(() => ({}), { firstLoss: 1.2, lastLoss: 3.4 });
    expect(kinds).toEqual(['loss-rose']);
    expect(found?.headline).toContain('(1.20 to 3.40)');
    expect(found?.sentences[0]).toBe('Lower the learning rate (it was 0.01).');
    expect(made(() => ({}), { firstLoss: 0.001, lastLoss: 0.002 }).kinds).toEqual([]);
  });

  it('is refused where most answers run to their limit', () => {
    const { kinds, found } = made(({ item }) => ({ finish: Number(item.slice(5)) < 8 ? 'length' : 'stop' }));
    expect(kinds).toEqual(['cut-answers']);
    expect(found?.headline).toContain('67\u00a0% of the answers ran to the limit of 16 tokens');
    expect(found?.sentences[0]).toContain('evaluate.maxNewTokens');
  });

  it('is refused where the form of an answer was not learnt', () => {
    expect(made(({ rank }) => (rank > 0 ? { answer: '' } : {})).kinds).toEqual(['unlearnt-form']);
    const long = 'The text goes on about Velden and about much else besides, as a text does that is gone on with.';
    expect(made(({ rank }) => (rank > 0 ? { answer: long } : {})).kinds).toEqual(['unlearnt-form']);
  });

  it('tells all that is the matter at once', () => {
    const { kinds } = made(() => ({ answer: 'Graz', score: 1, correct: false, finish: 'length' }), {
      steps: 3,
      firstLoss: 1,
      lastLoss: 2,
    });
    expect(kinds).toEqual(['all-wrong', 'few-steps', 'loss-rose', 'cut-answers']);
  });
});
