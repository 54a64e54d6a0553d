/** Items as lightmem writes them: every field read, every other one told of. */
import { describe, expect, it } from 'vitest';
import { questionRecord } from '../../../src/core/question.js';
import { loadAll } from '../../../src/data/load.js';
import { generateWorld } from '../../../src/data/world/generate.js';
import { jsonl, only, scratch } from '../support/files.js';

describe('items', () => {
  it("reads lightmem's own items", async () => {
    const item = {
      id: 'i',
      dataset: 'mine',
      texts: { original: { text: 'A is b.', method: 'recorded', provenance: { by: 'hand' } }, summ_l5: 'b' },
      questions: [{ prompt: 'What is A?', answer: 'b' }],
    };
    const { items, report } = await loadAll(scratch('i.jsonl', jsonl([item])));
    expect(report.format).toBe('items');
    expect(only(items).texts.original).toEqual(item.texts.original);
    expect(only(items).texts.summ_l5).toEqual({ text: 'b', method: 'recorded', provenance: {} });
    const named = { ...item, texts: { original: 'A is b.', L2: 'A b.', 要約: 'b', 'first-2': 'A' } };
    const again = await loadAll(scratch('own-levels.jsonl', jsonl([named])));
    expect(Object.keys(only(again.items).texts)).toEqual(['original', 'summ_l2', '要約', 'first-2']);
  });

  it('keep every field of a question, its other wordings among them', async () => {
    const question = {
      id: 'q',
      prompt: 'What is A?',
      paraphrases: ['A is what?', 'Say what A is.'],
      testPrompt: 'A is?',
      answers: ['b', 'B'],
      type: 'kind',
      abstention: false,
      bits: 2,
      subject: 'A',
      date: '2023/05/30 (Tue) 23:40',
      evidence: 'A is b.',
    };
    const item = { id: 'i', dataset: 'mine', texts: { original: 'A is b.' }, questions: [question] };
    const { items, report } = await loadAll(scratch('all-fields.jsonl', jsonl([item])));
    expect(only(items).questions).toEqual([question]);
    expect(Object.keys(question).sort()).toEqual(Object.keys(questionRecord.shape).sort());
    expect(report.notes).toEqual([]);
  });

  it('are the same when written and read again', async () => {
    const world = generateWorld({ kind: 'articles', seed: 1, partition: 'study', items: 3 });
    const { items } = await loadAll(scratch('world.jsonl', jsonl(world)));
    expect(items).toEqual(JSON.parse(JSON.stringify(world)));
    expect(items.flatMap(({ questions }) => questions).some(({ paraphrases }) => paraphrases !== undefined)).toBe(true);
  });

  it('tell of every field that is not used, in items, texts and questions, with its place', async () => {
    const item = {
      id: 'i',
      texts: { original: { text: 'A is b.', source: 'web' } },
      questions: [
        { question: 'What is A?', answer: 'b', hint: 'x' },
        { question: 'Is A b?', answer: 'yes', hint: 'y', parafrases: [] },
      ],
      author: 'me',
    };
    const { report } = await loadAll(scratch('unused.jsonl', `\n${jsonl([item])}`));
    expect(report.notes.map(({ what, count, first }) => [what, count, first.replace(/^.*unused/, 'unused')])).toEqual([
      ['field "texts.original.source" is not used', 1, 'unused.jsonl:2: texts.original.source'],
      ['field "questions.hint" is not used', 2, 'unused.jsonl:2: questions[0].hint'],
      ['field "questions.parafrases" is not used', 1, 'unused.jsonl:2: questions[1].parafrases'],
      ['field "author" is not used', 1, 'unused.jsonl:2'],
    ]);
  });

  it('never train on the wording kept for testing', async () => {
    const question = { prompt: 'What is A?', answer: 'b', testPrompt: 'A is?', paraphrases: ['A is?', 'Name A.'] };
    const item = { id: 'i', texts: { original: 'A is b.' }, questions: [question] };
    const { items, report } = await loadAll(scratch('kept.jsonl', jsonl([item])));
    expect(only(only(items).questions).paraphrases).toEqual(['Name A.']);
    expect(report.notes[0]).toMatchObject({ what: 'a paraphrase is the wording kept for testing; left out', count: 1 });
  });

  it('take braces as text', async () => {
    const item = {
      id: 'i',
      texts: { original: 'It returns {}.' },
      questions: [{ prompt: 'What is {}?', answer: '{}' }],
    };
    const { items } = await loadAll(scratch('braces.jsonl', jsonl([item])));
    expect(only(only(items).questions)).toMatchObject({ prompt: 'What is {}?', answers: ['{}'] });
  });
});
