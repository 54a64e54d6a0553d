/** Recurring subjects: the same facts whenever they are told or asked, none of a study, none in a wording kept for testing. */
import { describe, expect, it } from 'vitest';
import { generateWorld } from '../../../src/data/world/generate.js';
import { COHORT_ROWS, isUnasked, RECALL, recallRow, recurringSubject } from '../../../src/data/world/recall.js';
import { partitionOf } from '../../../src/data/world/subjects.js';

const COHORTS = 4;
const rows = Array.from({ length: COHORTS * COHORT_ROWS }, (_, index) => recallRow(1, index));
const told = rows.filter((row) => row.kind === 'told');
const asked = rows.filter((row) => row.kind === 'asked');

describe('the recall stage', () => {
  it('gives the same row at an index each time, and others at others', () => {
    expect(recallRow(1, 17)).toEqual(rows[17]);
    expect(recallRow(2, 17)).not.toEqual(rows[17]);
  });

  it('tells and asks only what is a fact of its subject', () => {
    for (const { subject, questions } of asked) {
      const { name, facts } = recurringSubject(1, subject);
      for (const { prompt, answer } of questions) {
        expect(prompt).toContain(name);
        expect(facts.map(({ value }) => value)).toContain(answer);
      }
    }
    for (const { subject, text } of told) {
      const { name, facts } = recurringSubject(1, subject);
      expect(text).toContain(name);
      expect(facts.some(({ value }) => text.includes(value))).toBe(true);
    }
  });

  it('never asks about one subject in so many, which is told all the same', () => {
    expect(asked.filter(({ subject }) => isUnasked(subject))).toEqual([]);
    expect(told.filter(({ subject }) => isUnasked(subject)).length).toBeGreaterThan(100);
  });

  it('tells each cohort many times before it asks about it, a few times', () => {
    const cohortOf = (index: number): number => Math.floor(index / COHORT_ROWS);
    const times = (kind: string): number =>
      rows.filter((row) => row.kind === kind).length / (COHORTS * RECALL.subjects);
    expect(times('told')).toBeGreaterThan(8 * times('asked'));
    expect(times('asked')).toBeGreaterThan(RECALL.askings / 2);
    expect(times('asked')).toBeLessThan(2 * RECALL.askings);
    rows.forEach((row, index) => {
      expect(Math.floor(row.subject / RECALL.subjects)).toBe(cohortOf(index));
      if (row.kind === 'asked') expect((index % COHORT_ROWS) / COHORT_ROWS).toBeGreaterThanOrEqual(RECALL.before);
    });
  });

  it('asks for each fact in as many wordings as it says, all in one row', () => {
    for (const { subject, questions } of asked)
      for (const { value } of recurringSubject(1, subject).facts)
        expect(questions.filter(({ answer }) => answer === value).length).toBeGreaterThanOrEqual(RECALL.wordings);
  });

  it('leaves the answer out of every gap', () => {
    const gaps = asked.flatMap(({ questions }) => questions).filter(({ prompt }) => prompt.startsWith('Fill the gap'));
    expect(gaps.length).toBeGreaterThan(150);
    for (const { prompt } of gaps) expect(prompt.match(/____/g)).toHaveLength(1);
  });

  it('has no subject of a study, and asks in no wording that is kept for testing', () => {
    for (let number = 0; number < 30 * RECALL.subjects; number++)
      expect(partitionOf(recurringSubject(1, number).name)).toBe('pretraining');
    const frames = new Set(
      asked.flatMap(({ subject, questions }) =>
        questions.map(({ prompt }) => prompt.replace(recurringSubject(1, subject).name, '{S}')),
      ),
    );
    const tests = generateWorld({ kind: 'articles', seed: 3, items: 60, partition: 'study' }).flatMap(({ questions }) =>
      questions.map(({ testPrompt = '', subject = '' }) => testPrompt.replace(subject, '{S}')),
    );
    expect(tests.filter((wording) => frames.has(wording))).toEqual([]);
  });
});
