/** WikiUpdate, in its processed form and as AKEW publishes it. */
import { describe, expect, it } from 'vitest';
import { loadAll } from '../../../src/data/load.js';
import { developmentFile, only, scratch, wikiupdateRecords } from '../support/files.js';

describe('wikiupdate', () => {
  it('maps level names, completes the sentence and accepts any target recorded for a question', async () => {
    const { items, report } = await loadAll(scratch('w.json', wikiupdateRecords()));
    expect(report).toMatchObject({
      format: 'wikiupdate',
      items: 2,
      questions: 4,
      problemCount: 0,
      dataset: 'wikiupdate',
    });
    const [first] = items;
    expect(Object.keys(first?.texts ?? {})).toEqual(['original', 'summ_l1', 'summ_l5', 'ext']);
    expect(first?.id).toBe('1');
    expect(first?.questions.map(({ id, prompt, answers }) => [id, prompt, answers])).toEqual([
      ['0', 'Complete the sentence: Ada Byron was born in the year', ['1815']],
      ['1', 'Complete the sentence: Ada Byron came from', ['London', 'England']],
      ['2', 'Complete the sentence: Ada Byron came from', ['England', 'London']],
    ]);
  });

  it('reads the development data whole', async ({ skip }) => {
    const path = developmentFile('wikiupdate-150.json');
    if (path === undefined) return skip('the development data is not at hand');
    const { items, report } = await loadAll(path);
    expect([report.items, report.questions, report.problemCount, report.notes.length]).toEqual([150, 1681, 0, 0]);
    expect(items.flatMap((item) => item.questions).filter(({ answers }) => answers.length > 1)).toHaveLength(227);
    expect(items.every((item) => Object.keys(item.texts).length === 7)).toBe(true);
  });
});

describe('akew', () => {
  const rewrite = {
    prompt: 'The mayor of {} is',
    subject: 'Rome',
    relation_id: 'P6',
    question: 'Who is the mayor of Rome?',
    answer_new: 'Ada Byron',
    answer_new_alias: ['A. Byron'],
    fact_new_uns: 'Ada Byron is the mayor of Rome.',
    unsfact_triplets_GPT: [{ subject: 'Rome', prompt: 'The mayor of {} is', target: 'Ada Byron' }],
  };

  it('asks the triplets, with the aliases of the new answer', async () => {
    const { items, report } = await loadAll(scratch('a.json', [{ case_id: 7, requested_rewrite: rewrite }]));
    expect(report.format).toBe('akew');
    const item = only(items);
    expect([item.id, item.dataset, item.texts.original?.text]).toEqual(['7', 'wikiupdate', rewrite.fact_new_uns]);
    expect(only(item.questions)).toMatchObject({
      prompt: 'Complete the sentence: The mayor of Rome is',
      answers: ['Ada Byron', 'A. Byron'],
    });
  });

  it("asks the rewrite's own question where there are no triplets", async () => {
    const bare = { ...rewrite, unsfact_triplets_GPT: undefined };
    const { items } = await loadAll(scratch('a2.json', [{ case_id: 7, requested_rewrite: bare }]));
    expect(only(only(items).questions)).toMatchObject({ prompt: rewrite.question, type: 'P6', subject: 'Rome' });
  });
});
