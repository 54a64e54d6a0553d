/** What files are made of, before any form is told: quotes, encodings, numbers as they are written, JSON's mistakes, stand-ins for files. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { loadAll, type LoadOptions } from '../../src/data/load.js';
import { scratch } from './support/files.js';

const load = (name: string, content: string | Uint8Array, options: LoadOptions = {}) =>
  loadAll(scratch(name, content), { onProblem: 'skip', ...options });

const failure = async (name: string, content: string | Uint8Array, options?: LoadOptions): Promise<string> => {
  const error: unknown = await load(name, content, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return (error as Error).message;
};

const shelf = (n: number): string => `${n},Shelf ${n} holds box ${n * 3}.,What does shelf ${n} hold?,box ${n * 3}`;
const table = (change: Readonly<Record<number, string>>, rows = 9): string =>
  ['id,text,question,answer', ...Array.from({ length: rows }, (_, i) => change[i + 1] ?? shelf(i + 1))].join('\n');

describe('quotes in tables', () => {
  /** A table of nine rows in lines 2 to 10, which ids are lost, and what is said of it. */
  const CASES: readonly [what: string, change: Record<number, string>, lost: string[], said: RegExp | undefined][] = [
    [
      'a stray quote',
      { 3: '3,"The "big" shelf 3 holds box 9.,Which?,box 9' },
      ['3'],
      /:4: a quote that opens here .*"big/,
    ],
    [
      'a quote that never closes',
      { 3: '3,"The shelf 3 holds box 9.,Which?,box 9' },
      ['3'],
      /:4: a quote .* never closed/,
    ],
    ['one on the last row', { 9: '9,"The shelf' }, ['9'], /:10: a quote/],
    ['two of them', { 3: '3,"a,b,c', 6: '6,"a,b,c' }, ['3', '6'], /:4: a quote/],
    [
      'one that takes lines with it',
      { 3: '3,"The list\nof "all" boxes\nis here",Which?,box 9' },
      ['3'],
      /:4: .*; lines 4 to 6 are left out with it/,
    ],
    ['one in the second line of a field', { 3: '3,"The list\nis here","a"b,c' }, ['3'], /:5: a quote/],
    ['quotes within a field without quotes', { 3: '3,A 5" pipe is "here".,Which?,box 9' }, [], undefined],
    ['a blank before the quote', { 3: '3, "a, b" ,Which?,box 9' }, [], undefined],
    ['a row cut short', { 3: '3,Shelf' }, ['3'], /:4: the row has 2 fields for 4 columns/],
    ['a comma too many', { 3: '3,a,b,c,d' }, ['3'], /:4: the row has 5 fields for 4 columns/],
    ['a comma at the end', { 3: `${shelf(3)},` }, [], undefined],
    ['a quote escaped by a backslash', { 3: '3,"The \\"big\\" shelf.",b,c' }, ['3'], /:4: a quote/],
  ];

  it.each(CASES)('%s costs its own row alone, and is told where it opens', async (_what, change, lost, said) => {
    for (const end of ['\n', '\r\n']) {
      const { items, report } = await load('quotes.csv', table(change).replaceAll('\n', end));
      const expected = Array.from({ length: 9 }, (_, i) => String(i + 1)).filter((id) => !lost.includes(id));
      expect(items.map(({ id }) => id)).toEqual(expected);
      expect(report.skippedItems).toBe(lost.length);
      const [problem] = report.problems;
      if (said) expect(`:${problem?.line}: ${problem?.what}`).toMatch(said);
    }
  });

  it('keep any field whole, whatever it holds and however rows are separated', async () => {
    const field = fc
      .array(fc.constantFrom('a', '"', ',', ';', '\n', ' ', '""', 'ü', '\t'), { maxLength: 8 })
      .map((parts) => parts.join(''));
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(',', ';', '\t'),
        fc.constantFrom('\n', '\r\n'),
        async (rows, by, end) => {
          const lines = [
            ['id', 'text', 'question', 'answer'].join(by),
            ...rows.map(([a, b], i) => [i, quoted(`t${a}`), quoted(`q${b}`), 'x'].join(by)),
          ];
          const { items, report } = await load('any.csv', lines.join(end) + end);
          expect(report.problems).toEqual([]);
          expect(items.map(({ texts, questions }) => [texts.original?.text, questions[0]?.prompt])).toEqual(
            rows.map(([a, b]) => [`t${a}`, `q${b}`]),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are text in a TSV where they do not close', async () => {
    const tsv = 'id\ttext\n1\t"Big" shelf\n2\t"A\tB"\n3\t"C\n4\tD\n5\t"E\nF"\n';
    const { items, report } = await load('quotes.tsv', tsv);
    expect(items.map(({ id, texts }) => [id, texts.original?.text])).toEqual([
      ['1', '"Big" shelf'], ['2', 'A\tB'], ['3', '"C'], ['4', 'D'], ['5', 'E\nF'],
    ]); // prettier-ignore
    expect(report.notes[0]).toMatchObject({
      what: 'a field begins with a quote that does not close; read as it stands',
    });
  });

  it('are doubted where a field goes over lines that look like rows', async () => {
    const { report } = await load('swallow.csv', table({ 2: '2,"Shelf 2,b,c', 5: '5,Shelf 5",b,c' }));
    expect(report.notes.map(({ what }) => what)).toEqual([
      'a field in quotes goes over lines 3 to 6, which look like rows: does a quote not close?',
    ]);
  });
});

describe('heads of tables', () => {
  const row = ['1', 'Marta runs the depot.', 'Who runs the depot?', 'Marta'];
  const written = (by: string, ...before: string[]): string =>
    [...before, ['id', 'text', 'question', 'answer'].join(by), row.join(by)].join('\r\n');
  const CASES: readonly [what: string, content: string][] = [
    ["Excel's sep=;", written(';', 'sep=;')],
    ['sep in quotes', written('|', '"sep=|"')],
    ['sep of an unusual sign', written('^', 'sep=^')],
    ['sep of a tab', written('\t', 'sep=\t')],
    ['sep against the look of it', written(';', 'sep=;').replace('answer', 'answer,b,c,d,e')],
    ['semicolons', written(';')],
    ['tabs in a .csv', written('\t')],
    ['bars', written('|')],
    ["PowerShell's type line", written(',', '#TYPE System.Object')],
    ['a mark and blank lines', `\ufeff\n${written(',')}`],
    ['columns without names at the end', written(';').replaceAll('\r\n', ';;\r\n') + ';;'],
    ['a row of nothing', `${written(';')}\r\n;;;\r\n`],
    ['carriage returns alone', written(';').replaceAll('\r\n', '\r')],
    ['blanks around names', written(',').replace('text,', ' text ,')],
  ];

  it.each(CASES)('%s are read', async (_what, content) => {
    const { items, report } = await load('head.csv', content, {
      columns: content.includes('b,c') ? { answer: 'answer,b,c,d,e' } : {},
    });
    expect(items).toMatchObject([
      { id: '1', texts: { original: { text: row[1] } }, questions: [{ answers: ['Marta'] }] },
    ]);
    expect(report.problems).toEqual([]);
  });
});

describe('encodings', () => {
  /** Bytes of one text, as Python encodes it. */
  const TEXTS: readonly [encoding: string, text: string, hex: string][] = [
    ['windows-1252', 'Das Büro kostet 5 €.', '44617320 42fc726f 206b6f73746574203520802e'],
    ['gbk', '馆长是李明华。', 'b9ddb3a4cac7c0eec3f7bbaaa1a3'],
    ['shift_jis', '館長です', '8ad992b782c582b7'],
    ['koi8-r', 'Привет', 'f0d2c9d7c5d4'],
    ['utf-16le', 'Büro', '42 00 fc 00 72 00 6f 00'],
  ];
  const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const around = (encoding: string, before: string, hex: string, after: string): Buffer => {
    const coded = encoding === 'utf-16le' ? ('utf16le' as const) : ('latin1' as const);
    return Buffer.concat([Buffer.from(before, coded), bytesOf(hex), Buffer.from(after, coded)]);
  };
  const FORMS: readonly [name: string, before: string, after: string][] = [
    ['e.jsonl', '{"id":1,"text":"', '"}\n'],
    ['e.json', '[{"id":1,"text":"', '"}]'],
    ['e.csv', 'id;text\r\n1;"', '"\r\n'],
    ['e.tsv', 'id\ttext\n1\t', '\n'],
    ['folder-e/1.md', '', ''],
  ];

  it.each(TEXTS)(
    '%s is read where it is named, and refused with line and byte where not, in every form',
    async (encoding, text, hex) => {
      for (const [name, before, after] of FORMS) {
        const path = scratch(`${encoding}-${name}`, around(encoding, before, hex, after));
        const file = name.startsWith('folder') ? path.slice(0, path.lastIndexOf('/')) : path;
        const { items } = await loadAll(file, { encoding });
        expect([name, items[0]?.texts.original?.text]).toEqual([name, text]);
        if (encoding === 'utf-16le') continue;
        await expect(loadAll(file)).rejects.toThrow(
          /:[12]: is not valid UTF-8 at byte \d+ of the (record|line|file) \(0x[89a-f].\): save .* --encoding/,
        );
      }
    },
  );

  it.each(['utf-16le', 'utf-16be'])('%s is read by its mark', async (encoding) => {
    for (const [name, before, after] of FORMS.slice(0, 4)) {
      const le = Buffer.from(`\ufeff${before}Büro 馆${after}`, 'utf16le');
      const { items } = await load(`mark-${name}`, encoding === 'utf-16le' ? le : le.swap16());
      expect(items[0]?.texts.original?.text).toBe('Büro 馆');
    }
  });

  it('that a file is not of are told with the line', async () => {
    const content = Buffer.concat([Buffer.from('id,text\n1,a\n2,b'), Buffer.from([0x81, 0x20, 0x0a])]);
    expect(await failure('not.csv', content, { encoding: 'gbk' })).toMatch(/:3: is not valid gbk behind "2,b": name/);
    expect(await failure('name.csv', 'id,text\n1,a\n', { encoding: 'klingon' })).toMatch(
      /unknown encoding "klingon": use/,
    );
  });
});

describe('numbers', () => {
  const SPELT = ['1790123456789012345', '1.50', '0.0000001', '1e5', '-0', '1E+2', '-12.0', '0.10', '1e400', '7'];

  it('are answers as they are written, in JSON, JSON Lines and tables', async () => {
    const records = SPELT.map((number, i) => `{"id":"i${i}","text":"t","question":"q","answer":[${number},"x"]}`);
    const rows = SPELT.map((number, i) => `i${i},t,q,${number}`);
    const files: [string, string][] = [
      ['n.jsonl', records.join('\n')],
      ['n.json', `[${records.join(',')}]`],
      ['n.csv', ['id,text,question,answer', ...rows].join('\n')],
    ];
    for (const [name, content] of files) {
      const { items } = await load(name, content);
      expect(items.map(({ questions }) => questions[0]?.answers[0])).toEqual(SPELT);
    }
  });

  it('are ids as they are written', async () => {
    const { items } = await load(
      'ids.jsonl',
      '{"id":1790123456789012345,"text":"a"}\n{"id":1790123456789012346,"text":"b"}\n',
    );
    expect(items.map(({ id }) => id)).toEqual(['1790123456789012345', '1790123456789012346']);
  });

  it('and dates of Parquet are spelt as its types mean them', async () => {
    const expected: Readonly<Record<string, string>> = {
      date: '2021-03-05', old_date: '1899-12-31', decimal32: '12.50', small_decimal: '0.007',
      decimal128: '-123456789012345678901234567890.00010', naive: '2021-03-05T14:30:00', utc: '2021-03-05T14:30:01.25Z',
      nanos: '2021-03-05T14:30:00.123456789', before_1970: '1969-12-31T23:59:59.5', time: '08:05:00', time_ms: '08:05:00.25',
      int64: '1790123456789012345', uint64: '18446744073709551615', float32: '0.1', double: '0.0000001', large_double: '1990',
      bool: 'true', decimals: '1.50,2.00', dates: '2021-03-05', binary: 'plain bytes',
    }; // prettier-ignore
    const path = new URL('../fixtures/data/types.parquet', import.meta.url).pathname;
    for (const [column, answers] of Object.entries(expected)) {
      const { items } = await loadAll(path, {
        columns: { text: 'id', question: 'id', answer: column },
        onProblem: 'skip',
      });
      expect([column, items[0]?.questions[0]?.answers.join()]).toEqual([column, answers]);
    }
    const { report } = await loadAll(path, {
      columns: { text: 'id', question: 'id', answer: 'no_text' },
      onProblem: 'skip',
    });
    expect(report.problems[0]?.what).toBe('is 3 bytes that are no text of UTF-8');
  });
});

describe("JSON's mistakes", () => {
  /** A value at field `note` of a record, and what is said of it. */
  const VALUES: readonly [value: string, said: RegExp][] = [
    ['NaN', /holds NaN, which JSON does not have: write null/],
    ['-Infinity', /holds -Infinity, which JSON does not have/],
    ['undefined', /holds undefined/],
    ['None', /holds Python's None, which JSON writes null/],
    ['True', /holds Python's True/],
    ["'a'", /has a single quote \('\) where JSON has double ones/],
    ['“a”', /has the typographic quote “/],
    ['.5', /has "\." where the value of "note" belongs/],
    ['01', /has 01, which is no number of JSON/],
    ['0x1f', /has 0x1f, which is no number/],
    ['[1,]', /has a comma before ]/],
    ['{a: 1}', /has the name "a" without quotes/],
    ['{"a" 1}', /has "1" where a colon behind the name "a" belongs/],
    ['yes', /has "yes" without quotes where the value of "note" belongs/],
    ['"C:\\\\x\\dir"', /has \\d in a text, which is no escape of JSON/],
    ['"tab\there"', /has a tab inside a text/],
    ['[1, // one\n 2]', /has a comment/],
  ];

  it.each(VALUES)('such as %s are told at their line and field', async (value, said) => {
    const good = { id: 'g', text: 'x', question: 'q', answer: 'a' };
    const broken = `{\n "id": 1,\n "note": ${value},\n "text": "a",\n "list": [1, 2],\n "more": true\n}`;
    const lines = `${JSON.stringify(good)}\n${broken.replaceAll('\n', '')}\n`;
    for (const [name, content, line] of [
      ['m.json', `[\n${broken},\n${JSON.stringify(good)}]`, 4],
      ['m.jsonl', lines, 2],
    ] as const) {
      const { items, report } = await load(name, content);
      expect(items.map(({ id }) => id)).toEqual(['g']);
      expect(report.problems).toHaveLength(1);
      const [problem] = report.problems;
      expect([problem?.line, problem?.field.replace(/^note[.[].*/, 'note')]).toEqual([line, 'note']);
      expect(`${problem?.what}: ${problem?.fix}`).toMatch(said);
    }
  });

  it('are one problem in an object that stands over many lines, whatever is broken', async () => {
    const object = '{\n "a": 1,\n "b": [NaN],\n "c": {\n  "d": 2\n }\n}\n';
    expect(await failure('one.json', object)).toMatch(/1 problem in the data\n.*:3: b\[0\]: .*holds NaN/);
    expect(await failure('cut.json', object.replace('NaN', '0').slice(0, 30))).toMatch(
      /1 problem in the data\n.*:1: the record that starts here never ends/,
    );
    expect(await failure('py.json', "[{'text': 'a [b', 'id': 1}]")).toMatch(
      /1 problem in the data\n.*:1: .*single quote/,
    );
  });

  it('do not make JSON Lines one object where a first line is cut', async () => {
    const { items, report } = await load(
      'first.jsonl',
      '{"id": 1, "text": "a",\n{"id": 2, "text": "b"}\n{"id": 3, "text": "c"}\n',
    );
    expect(items.map(({ id }) => id)).toEqual(['2', '3']);
    expect(report.problems.map(({ line }) => line)).toEqual([1]);
  });

  it('of a name that stands twice are noted', async () => {
    const { report } = await load('twice.jsonl', '{"id": 1, "text": "a", "text": "b"}\n');
    expect(report.notes[0]).toMatchObject({ what: 'a name stands twice in one object; its last value counts' });
    expect(report.notes[0]?.first).toMatch(/:1: text$/);
  });

  it('are none where records stand over many lines, one behind the other', async () => {
    const records = [1, 2].map((id) => JSON.stringify({ id, text: `t{${id}` }, null, 2));
    const { items, report } = await load('jq.json', records.join('\n'));
    expect(items.map(({ texts }) => texts.original?.text)).toEqual(['t{1', 't{2']);
    expect(report.container).toBe('objects');
  });
});

describe('stand-ins for files', () => {
  const LFS =
    'version https://git-lfs.github.com/spec/v1\noid sha256:9f0c1e1d0f3b4a5c6d7e8f90112233445566778899aabbccddeeff0011223344\nsize 98000000\n';
  const STUBS: readonly [content: string, said: RegExp][] = [
    [LFS, /is a Git LFS pointer, not the file itself: run git lfs pull/],
    ['/annex/objects/SHA256E-s31390--f50d7ac4.csv\n', /is a git-annex pointer/],
    ['<!DOCTYPE html>\n<html><body>Not found</body></html>', /is a web page \(HTML\)/],
    ['Entry not found', /is an error message/],
    ['PK\x03\x04rest', /is a zip archive or an Excel/],
  ];

  it.each(STUBS)('are named: %j', async (content, said) => {
    for (const name of ['s.csv', 's.tsv', 's.jsonl', 's.json', 's.parquet'])
      expect(await failure(name, content)).toMatch(said);
  });

  it('are named among the texts of a folder, where a web page may be a document', async () => {
    const path = scratch('stubs/a.md', LFS);
    scratch('stubs/b.md', '<!DOCTYPE html><p>A page.');
    const { items, report } = await loadAll(path.slice(0, path.lastIndexOf('/')), { onProblem: 'skip' });
    expect(items.map(({ id }) => id)).toEqual(['b']);
    expect(report.problems[0]?.what).toMatch(/Git LFS pointer/);
  });
});
