import { describe, expect, it } from 'vitest';
import { isKept } from '../../src/audit/retention.js';
import { answerFact } from '../../src/audit/facts.js';
import { distinct } from '../../src/core/collections.js';
import { STUDY_LEVELS } from '../../src/core/levels.js';
import type { Item } from '../../src/core/records.js';
import { generateWorld } from '../../src/data/world/generate.js';
import { ATTRIBUTES, FRAMES } from '../../src/data/world/language.js';
import { trainWordings } from '../../src/data/world/questions.js';
import { kindOfName } from '../../src/data/world/subjects.js';
import type { Source } from '../../src/forms/form.js';
import { makeForms } from '../../src/forms/make-forms.js';
import { ruleFormWriter } from '../../src/forms/rules.js';
import { worldFacts, worldSentences } from '../../src/forms/world-facts.js';
import { WordText } from '../../src/text/word-text.js';

const items = generateWorld({ kind: 'articles', items: 18, seed: 3, partition: 'study' });
const sourceOf = (item: Item, level: string): Source => ({
  item: item.id,
  text: item.texts[level]?.text ?? '',
  topic: item.questions[0]?.subject ?? '',
});
const make = (level: string, forms: ('study' | 'rewrite' | 'restore')[]) =>
  makeForms(
    items.map((item) => sourceOf(item, level)),
    { forms, writer: ruleFormWriter, seed: 1, exams: items },
  );

/** Wordings of a fact that are kept for testing. */
const keptForTesting = new Set(
  Object.values(ATTRIBUTES)
    .flat()
    .flatMap((attribute) => {
      const trained = new Set(trainWordings(attribute));
      const all = FRAMES.flatMap((frame) => attribute.phrases.map((phrase) => frame.replace('{P}', phrase)));
      return all.filter((wording) => !trained.has(wording));
    }),
);

describe('forms of the world', () => {
  it.each(STUDY_LEVELS)(
    'ask for every fact that %s tells, in five wordings or more, and for none that it lost',
    async (level) => {
      const { samples, report } = await make(level, ['study']);
      let told = 0;
      for (const item of items) {
        const text = new WordText(item.texts[level]?.text ?? '');
        const study = samples.filter((sample) => sample.item === item.id);
        for (const { answers, subject = '', id } of item.questions) {
          const [value = ''] = answers;
          const kind = kindOfName(subject) ?? 'person';
          const attribute = ATTRIBUTES[kind].find(({ key }) => key === id);
          const asking = study.filter(
            ({ prompt, answer }) => answer === value && attribute?.phrases.some((phrase) => prompt?.includes(phrase)),
          );
          const isNamedAlone = ATTRIBUTES[kind].filter(({ values }) => values.includes(value)).length === 1;
          if (isKept(answerFact(answers), text) && (level !== 'summ_l5' || isNamedAlone)) {
            told++;
            expect(asking.length, `${item.id} ${id}`).toBeGreaterThanOrEqual(5);
          } else expect(asking, `${item.id} ${id}`).toEqual([]);
        }
        const names = distinct(worldFacts(worldSentences(item.texts[level]?.text ?? '') ?? []).map(({ name }) => name));
        const isKeptForTesting = (prompt: string) =>
          names.some((name) => keptForTesting.has(prompt.replace(name, '{S}')));
        expect(study.filter(({ prompt }) => isKeptForTesting(prompt ?? ''))).toEqual([]);
        expect(study.filter(({ answer }) => !isKept(answerFact([answer]), text))).toEqual([]);
      }
      expect(told).toBeGreaterThan(level === 'summ_l5' ? 9 : 30);
      expect(report.dropped['not in the text']).toBe(0);
    },
  );

  it('ask about others whom a text mentions too, and once with a gap in the sentence', async () => {
    const { samples } = await make('original', ['study']);
    const [item] = items;
    if (item === undefined) throw new Error('no item');
    const facts = worldFacts(worldSentences(item.texts['original']?.text ?? '') ?? []);
    expect(new Set(facts.map(({ name }) => name)).size).toBe(2);
    expect(facts).toHaveLength(9);
    const gaps = samples.filter((sample) => sample.item === item.id && sample.prompt?.startsWith('Fill the gap: '));
    expect(gaps).toHaveLength(9);
    for (const { prompt = '', answer } of gaps)
      expect(item.texts['original']?.text).toContain(prompt?.slice('Fill the gap: '.length).replace('____', answer));
  });

  it('ask for a subject only where one alone fits', async () => {
    const { samples, report } = await make('summ_l2', ['study']);
    const reversed = samples.filter(({ prompt }) => prompt?.startsWith('Whose '));
    const facts = items.flatMap((item) => worldFacts(worldSentences(item.texts['summ_l2']?.text ?? '') ?? []));
    expect(reversed.length).toBeGreaterThan(0);
    expect(report.dropped['several answers']).toBeGreaterThan(0);
    for (const { prompt, answer } of reversed) {
      const fitting = facts.filter(({ attribute, value }) => prompt === `Whose ${attribute.phrases[0]} is ${value}?`);
      expect(new Set(fitting.map(({ name }) => name))).toEqual(new Set([answer]));
    }
  });

  it.each(['original', 'summ_l3', 'ext'])('tell all facts of %s and no others in each rewrite', async (level) => {
    const { samples } = await make(level, ['rewrite']);
    expect(samples).toHaveLength(5 * items.length);
    const key = (text: string) =>
      worldFacts(worldSentences(text) ?? [])
        .map(({ name, attribute, value }) => `${name}/${attribute.key}/${value}`)
        .sort();
    for (const item of items) {
      const text = item.texts[level]?.text ?? '';
      const rewrites = samples.filter((sample) => sample.item === item.id).map(({ answer }) => answer);
      expect(new Set([text, ...rewrites]).size).toBe(6);
      for (const rewrite of rewrites) expect(key(rewrite)).toEqual(key(text));
    }
  });

  it('leave texts of no world alone', () => {
    expect(worldSentences('The pump was built in Husum. It moves water.')).toBeNull();
    expect(worldSentences('')).toBeNull();
    expect(worldSentences('{"relations": [{"subject": "Pump", "relation": "hobby", "object": "chess"}]}')).toBeNull();
    expect(worldSentences('{"relations": 3}')).toBeNull();
  });
});
