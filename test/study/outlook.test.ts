import { describe, expect, it } from 'vitest';
import { Outlook } from '../../src/study/outlook.js';
import { kindOf, tookSeconds, type RunEstimate, type RunSeconds } from '../../src/study/run-seconds.js';
import type { RunIdentity } from '../../src/study/identity.js';
import type { RunResult } from '../../src/study/study-records.js';

const SECONDS: RunSeconds = { start: 1, train: 10, ask: 4, judge: 0, probe: 0 };
const estimate = (kind: string, changes: Partial<RunSeconds> = {}): RunEstimate => ({
  ...{ kind, training: null, answers: 6, memoryBytes: 0, seconds: { ...SECONDS, ...changes } },
});

describe('the outlook of a study', () => {
  it('is what was foreseen until a run has been timed, shared by the runs that go side by side', () => {
    const outlook = new Outlook(2);
    for (const name of ['a', 'b', 'c']) outlook.add(name, estimate('open'));
    expect(outlook.prospect).toEqual({ done: 0, total: 45, secondsLeft: 22.5 });
    outlook.report('a', { stage: 'training', share: 0.5 });
    expect(outlook.prospect).toEqual({ done: 6, total: 45, secondsLeft: 19.5 });
    outlook.settle('a');
    outlook.settle('b');
    expect(outlook.prospect).toEqual({ done: 30, total: 45, secondsLeft: 15 });
  });

  it('corrects a kind by what its own runs took, another of the book by those, another book half by all', () => {
    const outlook = new Outlook(1);
    outlook.learn(estimate('text raw'), { train: 20 });
    outlook.learn(estimate('open'), { train: 5 });
    expect(outlook.corrected(estimate('text raw')).train).toBe(20);
    expect(outlook.corrected(estimate('text study')).train).toBe(20);
    expect(outlook.corrected(estimate('open base')).train).toBe(5);
    expect(outlook.corrected(estimate('closed')).train).toBeCloseTo(10 * Math.sqrt(1.25));
    expect(outlook.corrected(estimate('text raw')).ask).toBe(4);
  });

  it('comes nearer to the truth with every run of a kind', () => {
    const truth = 3;
    const outlook = new Outlook(1);
    const names = Array.from({ length: 8 }, (_, i) => `run ${i}`);
    for (const name of names) outlook.add(name, estimate('open'));
    const errors = names.slice(1).map((name, i) => {
      outlook.learn(estimate('open'), { start: truth, train: 10 * truth, ask: 4 * truth });
      outlook.settle(name);
      return Math.abs(outlook.prospect.secondsLeft / (15 * truth * (names.length - 1 - i)) - 1);
    });
    expect(errors[0]).toBeLessThan(0.01);
    expect(Math.max(...errors)).toBeLessThan(0.01);
  });

  it('does not let a stage of no time correct others beyond all bounds', () => {
    const outlook = new Outlook(1);
    outlook.learn(estimate('open', { train: 1e-6 }), { train: 1 });
    expect(outlook.corrected(estimate('open')).train).toBe(300);
  });
});

describe('what a run took', () => {
  const result = (work: RunResult['work']): RunResult => ({
    ...{ version: 2, id: '', processorSeconds: 1, training: null, answers: 6, unscored: 0, truncated: 0, work },
    ...{ seconds: { training: 9, asking: 3, judging: 1, loading: 2 }, files: {}, environment: {} },
  });

  it('leaves out what was there before, and what was done in part', () => {
    const whole = { start: 2, train: 9, ask: 3, judge: 1 };
    expect(tookSeconds(result({ trainings: 1, questions: 6, judgements: 6 }), estimate('open'))).toEqual(whole);
    expect(tookSeconds(result({ trainings: 0, questions: 5, judgements: 0 }), estimate('open'))).toEqual({ start: 2 });
  });

  it('goes by the book, the form and the comparison', () => {
    const identity = { book: 'text', rank: 4, text: { form: 'study', control: 'other documents', taught: 0 } };
    expect(kindOf(identity as RunIdentity)).toBe('text study other documents');
    expect(kindOf({ book: 'open', rank: 0 } as RunIdentity)).toBe('open base');
  });
});
