import { describe, expect, it } from 'vitest';
import { loadAll } from '../../src/data/load.js';
import { developmentFile, jsonl, longmemevalRecord, scratch, wikiupdateRecords } from './support/files.js';

const only = <T>(values: readonly T[]): T => {
  expect(values).toHaveLength(1);
  return values[0] as T;
};

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

describe('longmemeval', () => {
  it('writes the sessions by date, takes integers as answers, and knows abstention', async () => {
    const records = [longmemevalRecord('q1', 3), longmemevalRecord('q2_abs')];
    const { items, report } = await loadAll(scratch('l.json', records));
    expect(report.format).toBe('longmemeval');
    const [first, second] = items;
    expect(first?.texts.original?.text).toBe(
      'Session of 2023/05/20 (Sat) 02:21\nuser: Hello.\n\nSession of 2023/05/21 (Sun) 10:00\nuser: I painted my bicycle blue.\nassistant: Lovely.\n',
    );
    expect(first?.questions[0]).toMatchObject({ answers: ['3'], abstention: false, date: '2023/05/30 (Tue) 23:40' });
    expect(second?.questions[0]?.abstention).toBe(true);
  });

  it('says where the turns marked as evidence stand', async () => {
    const { items } = await loadAll(scratch('l2.json', [longmemevalRecord()]));
    const original = only(items).texts.original;
    const [start, end] = (original?.provenance['evidence'] as [number, number][])[0] ?? [0, 0];
    expect(original?.text.slice(start, end)).toBe('user: I painted my bicycle blue.');
  });

  it('tells of a history with more sessions than dates', async () => {
    const record = { ...longmemevalRecord(), haystack_dates: ['2023/05/21 (Sun) 10:00'] };
    await expect(loadAll(scratch('l3.json', [record]))).rejects.toThrow(
      /l3\.json:2: haystack_dates: has 1 entries for 2 sessions: /,
    );
  });
});

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
    const path = new URL('../fixtures/data/plain.parquet', import.meta.url).pathname;
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

  it('names rows without ids by their number', async () => {
    const rows = [1, 2].map((n) => ({ text: `Text ${n}.`, question: 'Q?', answer: 'a' }));
    const { items } = await loadAll(scratch('n.jsonl', jsonl(rows)));
    expect(items.map(({ id }) => id)).toEqual(['1', '2']);
  });
});

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
});

describe('columns', () => {
  it('named by the user make any table plain records', async () => {
    const table = scratch('names.csv', 'Title,Body,Q,Gold\nA,"Rome, in Italy",Where is Rome?,Italy\n');
    await expect(loadAll(table)).rejects.toThrow(/not recognised from their fields.*--column text=Title/);
    const columns = { id: 'Title', text: 'Body', question: 'Q', answer: 'Gold' };
    const { items, report } = await loadAll(table, { columns });
    expect(report.format).toBe('plain');
    expect(only(items)).toMatchObject({ id: 'A', texts: { original: { text: 'Rome, in Italy' } } });
    await expect(loadAll(table, { columns: { ...columns, answer: 'gold' } })).rejects.toThrow(
      /no column "gold" for answer: use one of Title, Body, Q, Gold/,
    );
  });

  it('may be separated by semicolons', async () => {
    const table = scratch('semi.csv', 'id;text;"a, b, c, d";answer\n1;Rome, in Italy, is old.;x;Italy\n');
    const { items } = await loadAll(table, { columns: { question: 'a, b, c, d' } });
    expect(only(items).texts.original?.text).toBe('Rome, in Italy, is old.');
    expect(only(items).questions[0]?.answers).toEqual(['Italy']);
  });
});

describe('a folder', () => {
  it('takes texts, their levels and the questions beside them', async () => {
    scratch('f/one.txt', 'A is b.');
    scratch('f/one.summ_l5.txt', 'b');
    scratch('f/one.questions.jsonl', jsonl([{ question: 'What is A?', answer: 'b' }]));
    scratch('f/sub/two.md', '# C\nC is d.');
    scratch('f/sub/two.questions.json', [{ question: 'What is C?', answers: ['d', 'D'] }]);
    const path = scratch('f/notes.pdf', 'x').replace(/\/notes\.pdf$/, '');
    const { items, report } = await loadAll(path);
    expect(items.map(({ id, texts, questions }) => [id, Object.keys(texts), questions[0]?.answers])).toEqual([
      ['one', ['original', 'summ_l5'], ['b']],
      ['sub/two', ['original'], ['d', 'D']],
    ]);
    expect(report.notes.map(({ what }) => what)).toEqual(['a file is neither text nor questions; passed over']);
  });

  it('takes a level of any name where the text it belongs to is there, and says so', async () => {
    scratch('levels/Dr. Ames.txt', 'A is b. C is d.');
    scratch('levels/Dr. Ames.select=0.5.txt', 'A is b.');
    scratch('levels/Dr. Ames.kürzer.txt', 'A b.');
    scratch('levels/Dr. Ames.1899.txt', 'Another text.');
    scratch('levels/Dr. Ames.1899.questions.json', [{ question: 'Q?', answer: 'a' }]);
    const path = scratch('levels/v2.1.txt', 'Alone.').replace(/\/v2.*$/, '');
    const { items, report } = await loadAll(path);
    expect(items.map(({ id, texts }) => [id, Object.keys(texts)])).toEqual([
      ['Dr. Ames.1899', ['original']],
      ['Dr. Ames', ['original', 'kürzer', 'select=0.5']],
      ['v2.1', ['original']],
    ]);
    expect(report.notes.map(({ what, first }) => `${first}: ${what}`)).toContain(
      'Dr. Ames.kürzer.txt: read as the text of Dr. Ames at level kürzer; a text of its own needs another name',
    );
  });

  it('tells of questions without a text', async () => {
    const path = scratch('g/lost.questions.json', [{ question: 'Q?', answer: 'a' }]).replace(/\/lost.*$/, '');
    await expect(loadAll(path)).rejects.toThrow(/lost\.questions\.json: has no text beside it: add lost\.txt/);
  });
});
