/** Plain records: tables and JSON with usual columns, or with columns named by the user. */
import { describe, expect, it } from 'vitest';
import { loadAll } from '../../../src/data/load.js';
import { jsonl, only, scratch } from '../support/files.js';

describe('plain records', () => {
  it('finds the usual columns of JSONL, and joins rows of one text', async () => {
    const rows = [
      { id: 'a', text: 'A is b.', question: 'What is A?', answer: 'b' },
      { id: 'a', text: 'A is b.', question: 'Is A b?', answer: ['yes', 'it is'] },
      { id: 'c', text: 'C is d.', question: 'What is C?', answer: 4 },
    ];
    const { items, report } = await loadAll(scratch('p.jsonl', jsonl(rows)));
    expect(report).toMatchObject({ format: 'plain', container: 'jsonl', items: 2, questions: 3, dataset: 'p' });
    expect(items[0]?.questions.map(({ id, answers }) => [id, answers])).toEqual([
      ['0', ['b']],
      ['1', ['yes', 'it is']],
    ]);
    expect(items[1]?.questions[0]?.answers).toEqual(['4']);
  });

  it('reads CSV with quotes, line breaks and arrays of answers, by a mapping', async () => {
    const csv = 'key,body,ask,gold,short\r\n1,"Ada, the\nfirst",Who?,"[""Ada"",""A.""]",Ada\r\n2,Bob,Who?,Bob,B\r\n';
    const columns = { id: 'key', text: 'body', question: 'ask', answer: 'gold', levels: { summ_l5: 'short' } };
    const { items, report } = await loadAll(scratch('p.csv', csv), { columns });
    expect(report.container).toBe('csv');
    expect(items[0]?.texts.original?.text).toBe('Ada, the\nfirst');
    expect(items[0]?.texts.summ_l5?.text).toBe('Ada');
    expect(items[0]?.questions[0]?.answers).toEqual(['Ada', 'A.']);
  });

  it('takes columns of levels by their names, and any other column as a level where it is told to', async () => {
    const rows = [{ id: 'a', text: 'A is b.', 'select=0.5': 'A b.', summ_l7: 'A', short: 'b', kind: 'x' }];
    const { items, report } = await loadAll(scratch('lv.jsonl', jsonl(rows)), {
      columns: { levels: { mine: 'short' } },
    });
    expect(Object.keys(only(items).texts)).toEqual(['original', 'mine', 'select=0.5', 'summ_l7']);
    expect(report.notes.map(({ what }) => what)).toEqual(['field "kind" is not used']);
  });

  it('reads Parquet of several row groups', async () => {
    const path = new URL('../../fixtures/data/plain.parquet', import.meta.url).pathname;
    const { items, report } = await loadAll(path, { columns: { text: 'body' } });
    expect(report).toMatchObject({ container: 'parquet', items: 3, questions: 3 });
    expect(items.map(({ id, questions }) => [id, questions[0]?.answers])).toEqual([
      ['1', ['London']],
      ['2', ['The Thames', 'Thames']],
      ['3', ['on the Seine']],
    ]);
  });

  it('reads a record with an array of questions', async () => {
    const questions = [{ id: 'x', question: 'What is A?', answers: ['b'], bits: 2, testPrompt: 'A is?' }];
    const { items } = await loadAll(scratch('q.json', [{ id: 1, text: 'A is b.', questions }]));
    expect(only(only(items).questions)).toEqual({
      id: 'x',
      prompt: 'What is A?',
      answers: ['b'],
      type: 'fact',
      bits: 2,
      testPrompt: 'A is?',
    });
  });

  it('reads further wordings and lists from cells, as JSON and Python write them', async () => {
    const csv = [
      'id,text,question,answer,testPrompt,paraphrases',
      `1,A is b.,What is A?,"['b', ""b's""]",A is?,"[""A is what?"", ""Name A.""]"`,
      `2,C is d.,What is C?,"[d]",,`,
    ].join('\n');
    const { items, report } = await loadAll(scratch('cells.csv', csv));
    expect(items.map(({ questions }) => only(questions))).toEqual([
      {
        id: '0',
        prompt: 'What is A?',
        answers: ['b', "b's"],
        type: 'fact',
        testPrompt: 'A is?',
        paraphrases: ['A is what?', 'Name A.'],
      },
      { id: '0', prompt: 'What is C?', answers: ['[d]'], type: 'fact' },
    ]);
    expect(report.notes.map(({ what }) => what)).toEqual([
      'a list in one cell is read as answers that are all accepted',
    ]);
  });

  it('names rows without ids by their number', async () => {
    const rows = [1, 2].map((n) => ({ text: `Text ${n}.`, question: 'Q?', answer: 'a' }));
    const { items } = await loadAll(scratch('n.jsonl', jsonl(rows)));
    expect(items.map(({ id }) => id)).toEqual(['1', '2']);
  });
});

describe('columns', () => {
  it('named by the user make any table plain records', async () => {
    const table = scratch('names.csv', 'Title,Inhalt,Frage,Lösung\nA,"Rome, in Italy",Where is Rome?,Italy\n');
    await expect(loadAll(table)).rejects.toThrow(
      /not recognised from their fields.*--column text=Title question=Inhalt answer=Frage/,
    );
    const columns = { id: 'Title', text: 'Inhalt', question: 'Frage', answer: 'Lösung' };
    const { items, report } = await loadAll(table, { columns });
    expect(report.format).toBe('plain');
    expect(only(items)).toMatchObject({ id: 'A', texts: { original: { text: 'Rome, in Italy' } } });
    await expect(loadAll(table, { columns: { ...columns, answer: 'gold' } })).rejects.toThrow(
      /no column "gold" for answer: use one of Title, Inhalt, Frage, Lösung/,
    );
  });

  it('may be separated by semicolons', async () => {
    const table = scratch('semi.csv', 'id;text;"a, b, c, d";answer\n1;Rome, in Italy, is old.;x;Italy\n');
    const { items } = await loadAll(table, { columns: { question: 'a, b, c, d' } });
    expect(only(items).texts.original?.text).toBe('Rome, in Italy, is old.');
    expect(only(items).questions[0]?.answers).toEqual(['Italy']);
  });
});
