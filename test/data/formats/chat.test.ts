/** Instructions and chats. */
import { describe, expect, it } from 'vitest';
import { loadAll } from '../../../src/data/load.js';
import { jsonl, only, scratch } from '../support/files.js';

describe('instruction and chat records', () => {
  it('reads Alpaca, with and without input', async () => {
    const rows = [
      { instruction: 'What is A?', input: 'A is b.', output: 'b' },
      { instruction: 'What is 2 + 2?', input: '', output: '4' },
    ];
    const { items, report } = await loadAll(scratch('al.json', rows));
    expect(report.format).toBe('alpaca');
    expect(items.map((item) => item.texts.original?.text)).toEqual(['A is b.', undefined]);
    expect(report.notes.map(({ what }) => what)).toEqual([
      'a record has no input, so no text: fit for closed book only',
    ]);
  });

  it('reads further wordings of an instruction', async () => {
    const row = {
      instruction: 'What is A?',
      input: 'A is b.',
      output: 'b',
      testPrompt: 'A is?',
      paraphrases: ['Name A.'],
    };
    const { items, report } = await loadAll(scratch('al2.json', [row]));
    expect(only(only(items).questions)).toMatchObject({ testPrompt: 'A is?', paraphrases: ['Name A.'] });
    expect(report.notes).toEqual([]);
  });

  it('tells of fields of turns that are not used', async () => {
    const messages = [
      { role: 'user', content: 'What is A?' },
      { role: 'assistant', content: 'b', mood: 'fine' },
    ];
    const { report } = await loadAll(scratch('weights.jsonl', jsonl([{ messages }])));
    expect(report.notes[0]).toMatchObject({ what: 'field "messages.mood" is not used' });
    expect(report.notes[0]?.first).toMatch(/:1: messages\[1\]\.mood$/);
  });

  it('reads ShareGPT: the turns before the last exchange are the text', async () => {
    const conversations = [
      { from: 'human', value: 'My cat is Tom.' },
      { from: 'gpt', value: 'Noted.' },
      { from: 'human', value: 'Who is my cat?' },
      { from: 'gpt', value: 'Tom' },
    ];
    const { items, report } = await loadAll(scratch('s.json', [{ id: 'c', conversations }]));
    expect(report.format).toBe('sharegpt');
    expect(only(items).texts.original?.text).toBe('user: My cat is Tom.\nassistant: Noted.');
    expect(only(only(items).questions)).toMatchObject({ prompt: 'Who is my cat?', answers: ['Tom'] });
  });

  it('reads OpenAI messages: a system message is the text and each exchange a question', async () => {
    const messages = [
      { role: 'system', content: 'A is b. C is d.' },
      { role: 'user', content: [{ type: 'text', text: 'What is A?' }] },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'What is C?' },
      { role: 'assistant', content: 'd' },
    ];
    const { items, report } = await loadAll(scratch('o.jsonl', jsonl([{ messages }])));
    expect(report.format).toBe('openai');
    expect(only(items).texts.original?.text).toBe('A is b. C is d.');
    expect(only(items).questions.map(({ answers }) => answers[0])).toEqual(['b', 'd']);
  });
});
