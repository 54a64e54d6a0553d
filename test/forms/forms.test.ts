import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKept } from '../../src/audit/retention.js';
import { answerFact } from '../../src/audit/facts.js';
import { groupBy } from '../../src/core/collections.js';
import { coveredQuestions } from '../../src/forms/covered.js';
import type { Source, TextForm } from '../../src/forms/form.js';
import { makeForms, type FormsSettings } from '../../src/forms/make-forms.js';
import { ruleFormWriter } from '../../src/forms/rules.js';
import { WordText } from '../../src/text/word-text.js';

const FORMS: readonly TextForm[] = ['raw', 'rewrite', 'restore', 'study', 'distil'];
const make = (sources: readonly Source[], settings: Partial<FormsSettings> = {}) =>
  makeForms(sources, { forms: FORMS, writer: ruleFormWriter, seed: 7, exams: [], ...settings });

const DEPOT: Source = {
  item: 'depot',
  topic: 'Marta Voss',
  text: 'Marta Voss built the old depot at the harbour in 1987. She painted its roof with Jonas Keller in 1993. The depot was sold to the Nordwind company for 40 crowns.',
};

const MANUAL: Source = {
  item: 'manual',
  topic: 'Pump P-200',
  text: `---
version: 1.2
---

# Pump P-200

The pump was designed in Husum by Ada Marlow. Its filter was made in Kelsen since 1998.

The pump moves water to Bordan at 40 litres.

| Setting | Default | Range |
| --- | --- | --- |
| pressure | 4 bar | 1–8 bar |
| flow | 7 litres | 2–9 litres |

1. Open the valve of Husum first.
2. Close the valve of Kelsen then.
`,
};

const CHINESE: Source = {
  item: '泵',
  topic: '水泵',
  text: '水泵于1998年在胡苏姆制造。它每分钟输送40升水。过滤器每六个月更换一次，费用为300元。',
};

describe('forms of a text', () => {
  it('are the text itself, other orders of it, gaps to fill, and questions whose answers stand in it', async () => {
    const { samples, report } = await make([DEPOT]);
    expect(samples[0]).toEqual({ id: 'depot/raw/1', item: 'depot', form: 'raw', prompt: null, answer: DEPOT.text });
    expect(new Set(samples.map(({ id }) => id)).size).toBe(samples.length);
    const of = (form: TextForm) => samples.filter((sample) => sample.form === form);
    const study = of('study');
    for (const answer of ['1987', 'Jonas Keller', '1993', 'Nordwind', '40 crowns', 'Marta Voss'])
      expect(study.map((sample) => sample.answer)).toContain(answer);
    expect(study.map(({ prompt }) => prompt)).toContain('To what was the depot sold? (Marta Voss)');
    expect(of('distil').map(({ prompt, answer }) => [prompt, answer])).toEqual(
      study.map(({ prompt, answer }) => [prompt, answer]),
    );
    for (const { answer } of of('rewrite')) {
      expect(answer).not.toBe(DEPOT.text);
      expect(answer).toContain('Marta Voss painted its roof');
    }
    for (const { prompt, answer } of of('restore')) {
      expect(answer).toBe(DEPOT.text);
      expect(prompt).toContain('____');
    }
    expect(report).toMatchObject({ made: { raw: 1, study: study.length, replay: 0 }, unread: 0, without: [] });
  });

  it('ask only for what stands in the text, in five wordings or more, in tables, named values and any language', async () => {
    for (const source of [DEPOT, MANUAL, CHINESE]) {
      const { samples, report } = await make([source], { forms: ['study'] });
      const text = new WordText(source.text);
      for (const { prompt, answer } of samples) {
        expect(isKept(answerFact([answer]), text), answer).toBe(true);
        expect(isKept(answerFact([answer]), new WordText(prompt ?? '')), `${prompt} => ${answer}`).toBe(false);
      }
      const facts = groupBy(samples, ({ answer }) => answer);
      for (const subject of [source.topic, 'pressure', 'flow']) facts.delete(subject);
      for (const [answer, asking] of facts) expect(asking.length, answer).toBeGreaterThanOrEqual(5);
      expect(report.facts).toBeGreaterThan(3);
    }
  });

  it('ask for rows, values, and what a topic is or does, in words of their own', async () => {
    const { samples } = await make([MANUAL, CHINESE], { forms: ['study'], wordings: 9 });
    const asked = samples.map(({ prompt, answer }) => `${prompt} ${answer}`);
    for (const each of [
      'What is the version of Pump P-200? 1.2',
      'What has 4 bar as its default? (Pump P-200) pressure',
      'By whom or what was the pump designed in Husum? (Pump P-200) Ada Marlow',
      'When was its filter made in Kelsen? (Pump P-200) 1998',
      '这说的是谁或什么：____于1998年在胡苏姆制造。 水泵',
      '请填空（水泵）：它每分钟输送____升水。 40',
    ])
      expect(asked).toContain(each);
  });

  it('keep what stands together: headings, rows and steps in their place', async () => {
    const { samples } = await make([MANUAL, CHINESE], { forms: ['rewrite', 'restore'] });
    const rewrites = samples.filter(({ form, item }) => form === 'rewrite' && item === 'manual');
    expect(rewrites.length).toBeGreaterThan(1);
    for (const { answer } of rewrites) {
      expect(answer.split('\n').sort()).toEqual(MANUAL.text.trim().split('\n').sort());
      expect(answer.indexOf('1. Open')).toBeLessThan(answer.indexOf('2. Close'));
      expect(answer.indexOf('| ---')).toBeLessThan(answer.indexOf('| flow'));
    }
    // A sentence that begins with "it" stays behind the one that it leans on.
    for (const { answer } of samples.filter(({ form, item }) => form === 'rewrite' && item === '泵'))
      expect(answer).toContain('制造。它每分钟');
  });

  it('mask from few to most words, and hold the rest as it is', async () => {
    const { samples } = await make([DEPOT, CHINESE], { forms: ['restore'], restores: 4 });
    expect(samples).toHaveLength(8);
    for (const item of ['depot', '泵']) {
      const lengths = samples
        .filter((each) => each.item === item)
        .map(({ prompt }) => prompt?.replaceAll('____', '').length ?? 0);
      expect([...lengths].sort((a, b) => b - a)).toEqual(lengths);
    }
    const long = {
      ...DEPOT,
      text: Array.from({ length: 60 }, (_, i) => `Station ${i} was built by Engineer Marlow in ${1900 + i}.`).join(' '),
    };
    const { samples: stretches } = await make([long], { forms: ['restore'], restores: 1 });
    expect(stretches.length).toBeGreaterThan(3);
    expect(stretches.map(({ answer }) => answer).join(' ')).toBe(long.text);
  });

  it('ask nothing of an item that is not studied', async () => {
    const { samples } = await make([DEPOT, MANUAL], { studied: new Set(['manual']) });
    const forms = new Set(samples.filter(({ item }) => item === 'depot').map(({ form }) => form));
    expect(forms).toEqual(new Set(['raw', 'rewrite']));
    expect(samples.some(({ item, form }) => item === 'manual' && form === 'restore')).toBe(true);
  });

  it('are the same for the same seed, sources and settings, and others for another seed', async () => {
    const made = await make([DEPOT, MANUAL, CHINESE]);
    expect(await make([DEPOT, MANUAL, CHINESE])).toEqual(made);
    expect((await make([DEPOT, MANUAL, CHINESE], { seed: 8 })).samples).not.toEqual(made.samples);
  });

  it('hold no question of the exam, however it is written, and cover those that ask for the same', async () => {
    const { samples } = await make([DEPOT]);
    const planted = samples.find(({ form, answer }) => form === 'study' && answer === 'Jonas Keller')?.prompt ?? '';
    const question = { id: 'q1', prompt: 'Who?', answers: ['Jonas Keller'], type: 'fact' };
    for (const asked of [
      { ...question, prompt: planted.toUpperCase() },
      { ...question, testPrompt: ` ${planted}!` },
      { ...question, paraphrases: [planted.split(' ').slice(1).join(' ')] },
    ]) {
      const exams = [{ id: 'other', questions: [asked] }];
      const { samples: others, report } = await make([DEPOT], { exams });
      expect(others.map(({ prompt }) => prompt)).not.toContain(planted);
      expect(report.dropped['asked in the exam']).toBeGreaterThan(0);
      expect([...coveredQuestions(others, [{ id: 'depot', questions: [asked] }])]).toEqual(['depot/q1']);
      expect(coveredQuestions(others, exams).size).toBe(0);
    }
  });

  it('ask nothing that has another answer in another text', async () => {
    const twin = { ...MANUAL, item: 'twin', text: MANUAL.text.replace('4 bar', '5 bar') };
    const of = (made: Awaited<ReturnType<typeof make>>) =>
      made.samples.filter(({ form, answer }) => form === 'study' && answer === '4 bar');
    expect(of(await make([MANUAL])).length).toBeGreaterThan(4);
    const made = await make([MANUAL, twin]);
    expect(of(made)).toEqual([]);
    expect(made.report.dropped['several answers']).toBeGreaterThan(9);
    // What is only told elsewhere counts too.
    expect(of(await make([MANUAL, twin], { studied: new Set(['manual']) }))).toEqual([]);
  });

  it('are made of any text whatever', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc
        .array(
          fc.constantFrom(
            ...MANUAL.text.split(/(?<=\s)/),
            ...CHINESE.text,
            '{',
            '}',
            '"relations":[',
            '|',
            '\n',
            '# ',
            '\ud800',
          ),
          { maxLength: 60 },
        )
        .map((pieces) => pieces.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom('', 'Pump', '(', '____'), async (each, topic) => {
        const { samples, report } = await make([{ item: 'a', text: each, topic }], { rewrites: 2, restores: 1 });
        for (const [form, count] of Object.entries(report.made))
          expect(samples.filter((sample) => sample.form === form)).toHaveLength(count);
        for (const { form, answer } of samples) if (form === 'rewrite') expect(answer).not.toBe(each);
      }),
      { numRuns: 100 },
    );
  });
});
