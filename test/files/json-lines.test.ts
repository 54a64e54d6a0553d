import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fileChunks } from '../../src/files/file-range.js';
import { readJsonFile } from '../../src/files/json-file.js';
import { readTextFile } from '../../src/files/encoding.js';
import { jsonLines, parsedLines, parseJsonLines, readJsonLines } from '../../src/files/json-lines.js';
import { appendJsonLine, LineLog, trimLines } from '../../src/files/line-log.js';
import { LineSplitter } from '../../src/files/lines.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-lines-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const file = (content: string | Uint8Array): string => {
  const path = join(root, `${made++}.jsonl`);
  writeFileSync(path, content);
  return path;
};

const record = z.object({ step: z.number(), note: z.object({ text: z.string() }).optional() });
const steps = (count: number): string =>
  [...jsonLines(Array.from({ length: count }, (_, i) => ({ step: i + 1 })))].join('');

describe('LineSplitter', () => {
  it('gives the same lines in whatever pieces a stream comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'bc', '\n', '\r\n', 'ü', ''), { maxLength: 20 }),
        fc.nat(5),
        (parts, size) => {
          const bytes = Buffer.from(parts.join(''));
          const splitter = new LineSplitter();
          const lines = [];
          for (let at = 0; at < bytes.length; at += size + 1)
            lines.push(...splitter.push(bytes.subarray(at, at + size + 1)));
          lines.push(...splitter.rest());
          const text = bytes.toString();
          expect(lines.map(({ bytes: each }) => each?.toString())).toEqual(
            text
              .split('\n')
              .slice(0, text.endsWith('\n') || text === '' ? -1 : undefined)
              .map((line) => line.replace(/\r$/, '')),
          );
          expect(lines.at(-1)?.end ?? 0).toBe(bytes.length);
          expect(lines.every(({ isEnded }, i) => isEnded || i === lines.length - 1)).toBe(true);
        },
      ),
    );
  });

  it('tells a line above the limit by its length alone', () => {
    const splitter = new LineSplitter(3);
    const lines = [...splitter.push(Buffer.from('abcd')), ...splitter.push(Buffer.from('ef\nab\n'))];
    expect(lines).toMatchObject([
      { line: 1, bytes: undefined, length: 6 },
      { line: 2, length: 2 },
    ]);
  });
});

describe('reading JSON lines', () => {
  it('gives the same records whole and one by one, past blank lines and a byte order mark', () => {
    const path = file(`\ufeff{"step":1}\r\n\n  \n{"step":2,"note":{"text":"ü"}}`);
    const expected = [{ step: 1 }, { step: 2, note: { text: 'ü' } }];
    expect(readJsonLines(path, record)).toEqual(expected);
    expect([...parsedLines(fileChunks(path), record)]).toMatchObject([
      { line: 1, value: expected[0], isEnded: true },
      { line: 4, value: expected[1], isEnded: false },
    ]);
  });

  it('reads records that lie across the pieces in which a file is read', () => {
    const long = Array.from({ length: 5 }, (_, step) => ({ step, note: { text: 'é'.repeat(400_000 + step) } }));
    expect(readJsonLines(file([...jsonLines(long)].join('')), record)).toEqual(long);
  });

  it.each([
    ['no JSON', '{"step":1}\n{"step"', 'line 2: not valid JSON'],
    ['a field that is missing', '{"steps":1}', 'line 1: field "step" is missing'],
    ['a field within a field', '{"step":1,"note":{"text":4}}', 'line 1: field "note.text" is wrong'],
    ['no object', '[1]\n', 'line 1: not a JSON object'],
    ['text that is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'line 1: not valid JSON'],
  ])('names file, line and field of %s', (_, content, said) => {
    const path = file(content);
    const message = `${path} cannot be read:\n  - ${said}`;
    expect(() => readJsonLines(path, record)).toThrow(message);
  });

  it('tells the first five broken lines and counts the others', () => {
    expect(() => readJsonLines(file('{}\n'.repeat(8)), record)).toThrow(/line 5: .*\n.*and 3 more$/);
  });

  it('passes over a torn last line where that is allowed, and over no other', () => {
    const tolerant = { toleratesTorn: true };
    const torn = file('{"step":1}\n{"st');
    expect(readJsonLines(torn, record, tolerant)).toEqual([{ step: 1 }]);
    const whole = file('{"step":1}\n{"step":2}');
    expect(readJsonLines(whole, record, tolerant)).toHaveLength(2);
    const ended = file('{"step":1}\n{"st\n');
    expect(() => readJsonLines(ended, record, tolerant)).toThrow('line 2');
  });

  it('says that there is no such file', () => {
    expect(() => readJsonLines(join(root, 'none'), record)).toThrow(
      `cannot read ${join(root, 'none')}: there is no such file`,
    );
  });
});

describe('readJsonFile', () => {
  it('names the file, the field and what to do', () => {
    const path = file('{"step":"two"}');
    expect(() => readJsonFile(path, record, 'run again')).toThrow(
      new RegExp(`^${path} cannot be used: field "step" is wrong: .*: run again$`),
    );
    expect(readJsonFile(file('{"step":2,"more":1}'), record, 'run again')).toEqual({ step: 2 });
  });
});

it.runIf(existsSync('/dev/full'))('a full disk is named as that where a line is added', () => {
  expect(() => appendJsonLine('/dev/full', { step: 1 })).toThrow(
    'could not write /dev/full: the disk is full: free some space and run again',
  );
});

describe('trimLines', () => {
  it('cuts a log behind the last line that is kept, and gives what it holds', () => {
    const path = file(steps(5));
    expect(trimLines(path, record, ({ step }) => step <= 3)).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }]);
    expect(readFileSync(path, 'utf8')).toBe(steps(3));
    appendJsonLine(path, { step: 4 });
    expect(readFileSync(path, 'utf8')).toBe(steps(4));
  });

  it('comes to the same log wherever a kill tore it', () => {
    const whole = Buffer.from(steps(4));
    for (let cut = 0; cut <= whole.length; cut++) {
      const path = file(whole.subarray(0, cut));
      const kept = trimLines(path, record, ({ step }) => step <= 3);
      expect(readFileSync(path, 'utf8'), String(cut)).toBe(steps(kept.length));
      expect(kept.length).toBe(Math.min(3, Math.floor(cut / steps(1).length)));
    }
  });

  it('refuses a broken line before the cut, and makes no file where none is', () => {
    expect(() => trimLines(file('{"step":1}\n{}\n{"step":2}\n'), record, () => true)).toThrow('line 2: field "step"');
    expect(trimLines(join(root, 'none'), record, () => true)).toEqual([]);
    expect(existsSync(join(root, 'none'))).toBe(false);
  });
});

describe('LineLog', () => {
  it('goes on behind a torn last line and keeps a copy of it', async () => {
    const path = file(steps(2));
    appendFileSync(path, '{"step":3');
    const log = await LineLog.open(path, record);
    expect([log.held.length, log.repaired]).toEqual([2, true]);
    await Promise.all([log.add({ step: 3 }), log.add({ step: 4 })]);
    expect(readJsonLines(path, record)).toEqual([1, 2, 3, 4].map((step) => ({ step })));
    expect(readFileSync(`${path}.bad`, 'utf8')).toBe(`${steps(2)}{"step":3`);
    expect((await LineLog.open(path, record)).repaired).toBe(false);
  });

  it('refuses a line in which any bit was turned since it was written, with its number and what to do', async () => {
    const path = join(root, 'turned.jsonl');
    const log = await LineLog.open(path, record);
    await log.addAll([{ step: 1 }, { step: 23 }, { step: 4 }]);
    const whole = readFileSync(path);
    const second = whole.indexOf('\n') + 1;
    for (let bit = 8 * second; bit < 8 * whole.indexOf('\n', second); bit++) {
      const turned = Buffer.from(whole);
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(path, turned);
      const held = await LineLog.open(path, record).then(
        (opened) => opened.held,
        (error: unknown) => String(error),
      );
      // What is taken all the same says what was written: the name of the check alone was changed.
      if (typeof held === 'string') expect(held).toMatch(/line [23]: /);
      else expect(held).toEqual([{ step: 1 }, { step: 23 }, { step: 4 }]);
    }
    writeFileSync(path, String(whole).replace('23', '24'));
    await expect(LineLog.open(path, record)).rejects.toThrow(
      /turned\.jsonl cannot be read:\n {2}- line 2: it was changed since it was written: remove it and run again/,
    );
  });

  it('makes its folder, and says where the disk refuses', async () => {
    const path = join(root, 'deep', 'log.jsonl');
    const log = await LineLog.open(path, record);
    await log.add({ step: 1 });
    expect(readJsonLines(path, record)).toEqual([{ step: 1 }]);
    rmSync(join(root, 'deep'), { recursive: true });
    writeFileSync(join(root, 'deep'), '');
    await expect(log.add({ step: 2 })).rejects.toThrow(`could not write ${path}: a part of the path is a file`);
  });
});

describe('JSON lines that others wrote', () => {
  const answer = z.object({
    id: z.string(),
    reference: z.string(),
    answers: z.array(z.string()).optional(),
    rank: z.number().optional(),
  });
  const read = (text: string) => parseJsonLines(text, answer, 'F', { spelt: ['reference', 'answers'] });

  it('have numbers of named fields as they are written, and of others as numbers, in lines and in an array', () => {
    const lines = [
      '{"id":"a","reference":1.50,"answers":[1790123456789012345,2],"rank":4.0}',
      '{"id":"b","reference":"1.50"}',
    ];
    const expected = [
      { id: 'a', reference: '1.50', answers: ['1790123456789012345', '2'], rank: 4 },
      { id: 'b', reference: '1.50' },
    ];
    for (const text of [lines.join('\n'), `[${lines.join(',')}]`])
      expect(read(text).map(({ value }) => value)).toEqual(expected);
  });

  it('that are no JSON are told in words that help', () => {
    expect(() => read('{"id":"a","reference":NaN}')).toThrow(
      /line 1: not valid JSON \(holds NaN, which JSON does not have: write null/,
    );
    expect(() => read('[\n{"id":"a",\n"reference":None}]')).toThrow(/F:3: is not valid JSON: holds Python's None/);
  });
});

describe('a text file', () => {
  it('is read in UTF-8 or by its mark, and refused by line where it is neither, or stands in for another', () => {
    expect(readTextFile(file('\ufeffBüro'))).toBe('Büro');
    expect(readTextFile(file(Buffer.from('\ufeffBüro', 'utf16le')))).toBe('Büro');
    expect(() => readTextFile(file(Buffer.from('a\nBüro', 'latin1')))).toThrow(/:2: is not valid UTF-8 \(byte 0xfc\)/);
    expect(() => readTextFile(file('version https://git-lfs.github.com/spec/v1\n'))).toThrow(/is a Git LFS pointer/);
    expect(readTextFile(file(''))).toBe('');
  });
});
