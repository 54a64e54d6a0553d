import { describe, expect, it } from 'vitest';
import { coveredQuestions } from '../../src/forms/covered.js';
import { makeForms, type FormsSettings } from '../../src/forms/make-forms.js';
import { ruleFormWriter } from '../../src/forms/rules.js';
import type { Source } from '../../src/forms/form.js';

const make = (sources: readonly Source[], settings: Partial<FormsSettings> = {}) =>
  makeForms(sources, { forms: ['raw', 'study'], writer: ruleFormWriter, seed: 7, exams: [], ...settings });

const DEPOT: Source = {
  item: 'depot',
  topic: 'Depot',
  text: 'The old depot at the harbour was built by Marta Voss in 1987. Its roof was painted by Jonas Keller in 1993.',
};

describe('forms of a text', () => {
  it('are the text itself and questions whose answers stand in it, the same for the same seed', async () => {
    const { samples, report } = await make([DEPOT]);
    expect(samples[0]).toEqual({ id: 'depot/raw/1', item: 'depot', form: 'raw', prompt: null, answer: DEPOT.text });
    const study = samples.filter(({ form }) => form === 'study');
    expect(new Set(study.map(({ answer }) => answer))).toEqual(new Set(['Marta Voss', '1987', 'Jonas Keller', '1993']));
    expect(report).toMatchObject({ made: { raw: 1, study: study.length, replay: 0 }, facts: 4, without: [] });
    expect(await make([DEPOT])).toEqual({ samples, report });
  });

  it('ask nothing of an item that is not studied', async () => {
    const { samples } = await make([DEPOT], { forms: ['raw', 'study', 'distil'], studied: new Set() });
    expect(samples.map(({ form }) => form)).toEqual(['raw']);
  });

  it('hold no question of the exam, however it is written, and cover those that ask for the same', async () => {
    const { samples } = await make([DEPOT]);
    const planted = samples.find(({ form }) => form === 'study')?.prompt ?? '';
    const question = { id: 'q1', prompt: planted.toUpperCase(), answers: ['Marta Voss'], type: 'fact' };
    const exams = [{ id: 'other', questions: [question] }];
    const { samples: others, report } = await make([DEPOT], { exams });
    expect(others.map(({ prompt }) => prompt)).not.toContain(planted);
    expect(report.dropped['asked in the exam']).toBeGreaterThan(0);
    expect([...coveredQuestions(others, [{ id: 'depot', questions: [question] }])]).toEqual(['depot/q1']);
    expect(coveredQuestions(others, exams).size).toBe(0);
  });
});
