import { describe, expect, it } from 'vitest';
import { UserError, UserErrors } from '../../src/core/errors.js';
import { loadAll, loadItems } from '../../src/data/load.js';
import { jsonl, longmemevalRecord, scratch, wikiupdateRecords } from './support/files.js';

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

const good = { id: 'good', text: 'A is b.', question: 'What is A?', answer: 'b' };
const line = (record: unknown) => `${JSON.stringify(record)}\n`;
const wiki = (change: object) => [{ ...wikiupdateRecords()[0], ...change }];

/** A broken file, and what must be said of it after the file's name. */
const CASES: readonly [what: string, name: string, content: string | Uint8Array | object, message: RegExp][] = [
  [
    'a duplicate id',
    'dup.jsonl',
    line(good) + line({ ...good, text: 'C.' }),
    /:2: id: "good" was given before, on line 1: /,
  ],
  ['an empty text', 'empty.jsonl', line(good) + line({ ...good, id: 2, text: ' \n' }), /:2: text: is empty: /],
  ['a number for a text', 'num.jsonl', line({ ...good, text: 5 }), /:1: text: is a number \(5\): write text here/],
  ['null for a text', 'null.jsonl', line({ ...good, text: null }), /:1: text: is null: write text here/],
  ['a missing question', 'noq.jsonl', line({ id: 1, text: 'A', answer: 'b' }), /:1: question: is missing: /],
  ['no accepted answer', 'noa.jsonl', line({ ...good, answer: [] }), /:1: answer: has no answer/],
  ['an object for an answer', 'obj.jsonl', line({ ...good, answer: { a: 1 } }), /:1: answer: is an object: write text/],
  [
    'invalid UTF-8',
    'utf8.jsonl',
    bytes(line(good), '{"id": "x', [0xff], '"}\n'),
    /:2: is not valid UTF-8 at byte 10 of the record \(0xff\): save the file as UTF-8/,
  ],
  [
    'a lone surrogate',
    'lone.jsonl',
    '{"id":1,"text":"a\\ud800b"}\n',
    /:1: text: holds a lone surrogate \(U\+D800\) at character 2: /,
  ],
  ['a NUL', 'nul.jsonl', '{"id":1,"text":"a\\u0000b"}\n', /:1: text: holds a NUL at character 2: remove it/],
  ['a broken line', 'syntax.jsonl', `${line(good)}{"id": 1,, "text": "x"}\n`, /:2: is not JSON near .*: mend the JSON/],
  ['a line that is no object', 'list.jsonl', `${line(good)}[1]\n`, /:2: is an array of 1: write an object/],
  [
    'a name that no level can have',
    'level2.jsonl',
    line({ id: 1, texts: { original: 'A', 'a/b': 'a' } }),
    /:1: texts\.a\/b: names no level: use 1 to 60 letters/,
  ],
  [
    'a level under two of its names',
    'level3.jsonl',
    line({ id: 1, texts: { original: 'A', summ_l2: 'a', L2: 'b' } }),
    /:1: texts\.L2: is a second text at level summ_l2: keep one/,
  ],
  [
    'a triplet without target',
    'target.json',
    wiki({ ground_truth_triplets: [{ subject: 'A', prompt: '{} is' }] }),
    /:2: ground_truth_triplets\[0\]\.target: is missing: /,
  ],
  [
    'triplets that are no list',
    'triplets.json',
    wiki({ ground_truth_triplets: 'none' }),
    /:2: ground_truth_triplets: is a string \("none"\): write an array here/,
  ],
  ['an empty level text', 'short.json', wiki({ summ_l5_extreme: '' }), /:2: summ_l5_extreme: is empty: /],
  [
    'a bad date',
    'date.json',
    [{ ...longmemevalRecord(), question_date: 'yesterday' }],
    /:2: question_date: is no date like /,
  ],
  [
    'an array that never ends',
    'cut.json',
    '[\n{"id": 1, "text": "a"},\n{"id": 2, "te',
    /:3: the record that starts here never ends: /,
  ],
  [
    'an array cut between records',
    'cut2.json',
    '[{"id": 1, "text": "a"}',
    /:1: the array never ends: close it with \]/,
  ],
  ['text after the array', 'after.json', '[{"id": 1, "text": "a"}]\nx', /:2: has "x" where nothing more belongs: /],
  ['a stray comma', 'comma.json', '[{"id": 1, "text": "a"},]', /:1: has "\]" where a record belongs: /],
  [
    'a row with too many fields',
    'row.csv',
    'id,text\n1,a\n2,b,c\n',
    /:3: the row has 3 fields for 2 columns: give it one field a column/,
  ],
  [
    'a record of JSON on one line',
    'one.json',
    '[{"id":1,"text":"a"},{"id":2,"text":""}]',
    /:1: record 2: text: is empty: /,
  ],
  [
    'an id twice on one line',
    'twin.json',
    '[{"id":1,"text":"a"},{"id":1,"text":"b"}]',
    /:1: record 2: id: "1" was given before, on record 1: /,
  ],
  [
    'a number beyond all bounds',
    'inf.jsonl',
    '{"id":1,"text":"a","questions":[{"question":"q","answer":"a","bits":1e400}]}',
    /questions\[0\]\.bits: is a number \(1e400\)/,
  ],
  ['a column named twice', 'twice.csv', 'id,text,text\n1,a,b\n', /:1: text: names two columns: /],
  ['an empty file', 'none.jsonl', '', /none\.jsonl: is empty: /],
  ['an empty array', 'none.json', '[]', /none\.json: holds no item: /],
  [
    'UTF-16 without a mark',
    'wide.json',
    Buffer.from('[{"id":1}]', 'utf16le'),
    /:1: looks like UTF-16 text without a byte order mark: give --encoding utf-16le/,
  ],
  [
    'an unknown form',
    'form.jsonl',
    line({ foo: 1, bar: 2 }),
    /the records' form is not recognised from their fields \(foo, bar\): /,
  ],
  ['no data at all', 'binary.bin', bytes([1, 2, 3]), /starts with "\\u0001", unknown as data/],
  ['a file that says it is Parquet', 'x.parquet', 'PAR1 but no more', /is not a Parquet file that can be read/],
];

describe('problems', () => {
  it.each(CASES)('%s is told with place and mending', async (_what, name, content, message) => {
    const error: unknown = await loadAll(scratch(name, content)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(message);
  });

  it(`ran ${CASES.length} cases`, () => expect(CASES.length).toBe(33));

  it('tells a missing file', async () => {
    await expect(loadAll('/nowhere/x.json')).rejects.toThrow('no such file or folder: /nowhere/x.json: check the path');
  });

  it('tells all problems at once and yields nothing after the first', async () => {
    const rows = [good, { ...good, id: 2, text: '' }, { ...good, id: 3 }, { ...good, id: 4, text: 7 }];
    const seen: string[] = [];
    const path = scratch('all.jsonl', jsonl(rows));
    const read = async () => {
      for await (const item of loadItems(path)) seen.push(item.id);
    };
    const error: unknown = await read().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserErrors);
    expect((error as UserErrors).problems.map((problem) => problem.replace(path, 'F'))).toEqual([
      'F:2: text: is empty: write text here or remove the record',
      'F:4: text: is a number (7): write text here',
    ]);
    expect(seen.length).toBeLessThanOrEqual(1);
  });

  it('lists fifty problems and counts the rest', async () => {
    const rows = Array.from({ length: 80 }, (_, id) => ({ id, text: '' }));
    const error: unknown = await loadAll(scratch('many.jsonl', jsonl(rows))).catch((thrown: unknown) => thrown);
    expect((error as UserErrors).problems).toHaveLength(51);
    expect((error as UserErrors).problems.at(-1)).toBe('and 30 more');
  });

  it('leaves out and counts what is broken, when asked to skip', async () => {
    const rows = [good, { ...good, id: 2, text: '' }, { ...good, id: 3, question: '' }, { ...good, text: 'C' }];
    const { items, report } = await loadAll(scratch('skip.jsonl', jsonl(rows)), { onProblem: 'skip' });
    expect(items.map(({ id, questions }) => [id, questions.length])).toEqual([
      ['good', 1],
      ['3', 0],
    ]);
    expect(report).toMatchObject({ skippedItems: 2, skippedQuestions: 1, problemCount: 3 });
  });

  it('fails when nothing is left after skipping', async () => {
    const path = scratch('gone.jsonl', line({ ...good, text: '' }));
    await expect(loadAll(path, { onProblem: 'skip' })).rejects.toThrow(/no item is left/);
  });

  it('notes what is legal but odd: byte order marks, lost bytes, twins of an id, fields of no use', async () => {
    const content = `\uFEFF${line({ ...good, extra: 1 })}${line({ ...good, id: 'GOOD', text: 'A\uFEFF \uFFFD' })}`;
    const { report } = await loadAll(scratch('odd.jsonl', content));
    expect(report.problemCount).toBe(0);
    expect(report.notes.map(({ what }) => what)).toEqual([
      'the file starts with a byte order mark; passed over',
      'field "extra" is not used',
      'a text holds a byte order mark (U+FEFF); kept as it is',
      'a text holds U+FFFD, which stands for bytes lost earlier; kept as it is',
      'two ids differ only in case or Unicode form',
    ]);
  });

  it('takes keys such as __proto__ and constructor as any other field', async () => {
    const content = '{"id":"__proto__","text":"A","__proto__":{"x":1},"constructor":2}\n';
    const { items } = await loadAll(scratch('proto.jsonl', content));
    expect(items[0]?.id).toBe('__proto__');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});
