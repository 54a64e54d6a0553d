/** The world's articles: what an item depends on, whom it names, what each level keeps, and how it is asked. */
import { describe, expect, it } from 'vitest';
import { STUDY_LEVELS, type Level } from '../../../src/core/levels.js';
import type { Item } from '../../../src/core/records.js';
import { generateWorld, worldItem, type WorldOptions } from '../../../src/data/world/generate.js';
import { ATTRIBUTES } from '../../../src/data/world/language.js';
import * as lists from '../../../src/data/world/lists.js';
import { partitionOf } from '../../../src/data/world/subjects.js';
import { bundledTokenizer, mean, tells, textOf } from './texts.js';

const study: WorldOptions = { seed: 1, items: 500, kind: 'articles', partition: 'study' };
const items = generateWorld(study);

describe('an article', () => {
  it('depends on the seed, the partition and its index, not on how many there are or which levels are asked for', () => {
    const few = generateWorld({ ...study, items: 20, levels: ['summ_l3', 'original'] });
    for (const [i, item] of few.entries()) {
      expect(item.questions).toEqual(items[i]?.questions);
      for (const level of ['summ_l3', 'original'] as const) expect(item.texts[level]).toEqual(items[i]?.texts[level]);
      expect(worldItem(study, i)).toEqual(items[i]);
    }
    expect(few).toHaveLength(20);
    expect(generateWorld({ ...study, seed: 2, items: 1 })[0]?.questions).not.toEqual(items[0]?.questions);
  });

  it('asks about each of its six facts once, and tells every answer word for word', () => {
    let asked = 0;
    for (const item of items) {
      expect(new Set(item.questions.map((question) => question.type)).size).toBe(6);
      for (const question of item.questions) {
        expect(tells(textOf(item, 'original'), question.answers[0] ?? '')).toBe(true);
        asked++;
      }
    }
    expect(asked).toBe(3000);
  });

  it('has as many facts, fillers and sentences about others as asked for', () => {
    const bare = generateWorld({ ...study, items: 30, facts: 2, fillers: 0, distractors: 0 });
    const sentences = (item: Item): number => textOf(item, 'original').split(/(?<=\.) /).length;
    for (const item of bare) {
      expect(item.questions).toHaveLength(2);
      expect(sentences(item)).toBe(3);
    }
    for (const item of items) expect(sentences(item)).toBe(1 + 6 + 5 + 3);
  });

  it('tells of others by their own names and with values that answer none of its questions', () => {
    let others = 0;
    for (const item of items) {
      const subject = item.questions[0]?.subject ?? '';
      const mine = textOf(item, 'original').replaceAll(subject, '');
      const extracted = JSON.parse(textOf(item, 'ext')) as { relations: { subject: string; object: string }[] };
      for (const relation of extracted.relations.filter((each) => each.subject !== subject)) {
        expect(item.questions.flatMap((question) => question.answers)).not.toContain(relation.object);
        expect(mine).toContain(relation.subject);
        others++;
      }
    }
    expect(others).toBe(1500);
  });
});

describe('full names', () => {
  const subjectsOf = (made: readonly Item[]): string[] => made.map((item) => item.questions[0]?.subject ?? '');
  const allNames = (made: readonly Item[]): Set<string> =>
    new Set(
      made.flatMap((item) =>
        (JSON.parse(textOf(item, 'ext')) as { entities: { name: string }[] }).entities.map((each) => each.name),
      ),
    );

  it('are unique in a set of 500, and even in one of 1,500', () => {
    expect(new Set(subjectsOf(items)).size).toBe(500);
    expect(subjectsOf(items).filter((name) => /\d/.test(name))).toEqual([]);
    const many = generateWorld({ ...study, items: 1500, levels: ['summ_l5'] });
    expect(new Set(subjectsOf(many)).size).toBe(1500);
  });

  it('of a study are never used in pretraining, not even for those who are only mentioned', () => {
    const pretraining = allNames(generateWorld({ ...study, partition: 'pretraining', items: 3000, levels: ['ext'] }));
    const studies = allNames(generateWorld({ ...study, seed: 3, items: 500, levels: ['ext'] }));
    expect(pretraining.size).toBeGreaterThan(1500);
    expect(studies.size).toBeGreaterThan(500);
    for (const name of studies) expect(pretraining.has(name)).toBe(false);
    for (const name of pretraining) expect(partitionOf(name)).toBe('pretraining');
  });

  it('of those who are only mentioned belong to no subject of the same set', () => {
    const subjects = new Set(subjectsOf(items));
    const mentioned = [...allNames(items)].filter((name) => !subjects.has(name));
    expect(allNames(items).size).toBe(500 + mentioned.length);
    for (const item of items) {
      const own = item.questions[0]?.subject;
      const { entities } = JSON.parse(textOf(item, 'ext')) as { entities: { name: string }[] };
      for (const { name } of entities) if (name !== own) expect(subjects.has(name)).toBe(false);
    }
  });
});

describe('the levels of an article', () => {
  const kept = (level: Level): number =>
    mean(
      items.map((item) =>
        mean(item.questions.map((question) => (tells(textOf(item, level), question.answers[0] ?? '') ? 1 : 0))),
      ),
    );

  it('keep all facts down to summ_l2, then fewer and fewer', () => {
    for (const level of ['original', 'summ_l1', 'summ_l2', 'ext'] as const) expect(kept(level)).toBe(1);
    expect(kept('summ_l3')).toBeCloseTo(4 / 6, 2);
    expect(kept('summ_l4')).toBeCloseTo(2 / 6, 2);
    expect(kept('summ_l5')).toBeCloseTo(1 / 6, 2);
  });

  it('are nested: what a shorter text tells, the longer ones tell too', () => {
    const order = ['summ_l5', 'summ_l4', 'summ_l3', 'summ_l2'] as const;
    for (const item of items)
      for (const { answers } of item.questions) {
        const told = order.map((level) => tells(textOf(item, level), answers[0] ?? ''));
        expect(told).toEqual([...told].sort());
      }
  });

  it('reduce tokens level by level, while the extraction grows', () => {
    const tokenizer = bundledTokenizer();
    const sizes = (level: Level): number[] =>
      items.slice(0, 100).map((item) => tokenizer.encode(textOf(item, level)).length);
    const original = sizes('original');
    const trr = (level: Level): number => mean(sizes(level).map((size, i) => 1 - size / (original[i] ?? 1)));
    const rates = (['summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5'] as const).map(trr);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    expect(rates[0]).toBeGreaterThan(0.28);
    expect(rates[0]).toBeLessThan(0.4);
    expect(rates[1]).toBeGreaterThan(0.5);
    expect(rates[1]).toBeLessThan(0.62);
    expect(trr('ext')).toBeLessThan(-0.5);
    expect(mean(original)).toBeGreaterThan(150);
    expect(mean(original)).toBeLessThan(260);
  });

  it('say where they come from', () => {
    expect(Object.keys(items[0]?.texts ?? {})).toEqual([...STUDY_LEVELS]);
    for (const level of STUDY_LEVELS)
      expect(items[0]?.texts[level]).toMatchObject({ method: 'oracle', provenance: { oracle: 'lightmem-world' } });
  });
});

describe('questions', () => {
  it('know their information: log2 of the size of the list that the answer is drawn from', () => {
    for (const attributes of Object.values(ATTRIBUTES))
      for (const attribute of attributes) expect(new Set(attribute.values).size).toBe(attribute.values.length);
    for (const item of items)
      for (const { type, bits, answers } of item.questions) {
        const attribute = Object.values(ATTRIBUTES)
          .flat()
          .find((each) => each.key === type);
        expect(bits).toBe(Math.log2(attribute?.values.length ?? 0));
        expect(attribute?.values).toContain(answers[0]);
      }
  });

  it('use every value of an attribute', () => {
    const towns = generateWorld({ ...study, items: 1500, levels: [] })
      .flatMap((item) => item.questions)
      .filter((question) => question.type === 'seat')
      .map((question) => question.answers[0]);
    expect(new Set(towns).size).toBe(lists.TOWNS.length);
    expect(towns.length).toBeGreaterThan(250);
  });
});

describe('bad options', () => {
  it('are told all at once', () => {
    expect(() => generateWorld({ ...study, facts: 10, fillers: -1, items: 1.5 })).toThrow(
      /invalid items "1.5": use an integer[\s\S]*invalid facts "10"[\s\S]*invalid fillers "-1"/,
    );
  });
});
