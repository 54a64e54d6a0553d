import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { csvLines, ROW_COLUMNS } from '../../src/report/export.js';
import type { Row } from '../../src/core/records.js';
import { row } from '../analysis/fixtures.js';

const rows: Row[] = [
  row({ answer: 'plain' }),
  row({ answer: 'with, comma and "quotes"', prompt: 'two\nlines\r\nand more' }),
  row({ answer: '', reference: ' blanks at the edge ' }),
  row({ answer: '汉字 🎉', status: 'unscored', score: null, correct: null, trr: null, bits: null }),
  row({ answer: '=SUM(A1)', trr: -0.8448 }),
];

describe('csvLines', () => {
  it('is read back by a CSV reader as it was', () => {
    const text = [...csvLines(rows)].join('');
    const records = parse(text, { columns: true, record_delimiter: '\r\n' }) as unknown as Record<string, string>[];
    expect(records.length).toBe(rows.length);
    records.forEach((record, i) => {
      for (const column of ROW_COLUMNS) {
        const value = rows[i]?.[column] ?? null;
        expect(record[column], `row ${i}, ${column}`).toBe(value === null ? '' : String(value));
      }
    });
    console.log(`${records.length} rows of ${ROW_COLUMNS.length} columns compared`);
  });

  it('has every field of a row as a column, and ends each line as RFC 4180 asks', () => {
    expect([...ROW_COLUMNS].sort()).toEqual(Object.keys(row()).sort());
    for (const line of csvLines(rows.slice(0, 1))) expect(line.endsWith('\r\n')).toBe(true);
  });

  it('tells an empty answer from none', () => {
    const [, line] = csvLines([row({ answer: '', bits: null })]);
    expect(line).toContain(',Velden,"",stop,');
    expect(line).toContain(',,');
  });
});
