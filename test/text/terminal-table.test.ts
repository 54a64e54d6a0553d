import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { foldedLine, terminalTable, type TerminalColumn } from '../../src/text/terminal-table.js';

interface Row {
  readonly name: string;
  readonly n: number;
}
const columns: readonly TerminalColumn<Row>[] = [
  { name: 'name', value: ({ name }) => name },
  { name: 'number', align: 'right', value: ({ n }) => n },
  { name: 'its square', align: 'right', spare: 1, value: ({ n }) => n * n },
  { name: 'its cube', align: 'right', spare: 2, value: ({ n }) => n ** 3 },
];
const rows: readonly Row[] = [
  { name: 'two', n: 2 },
  { name: '一千二百三十四', n: 1234 },
  { name: 'a name of several words that is longer than all the others', n: 7 },
];
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => stringWidth(line)));

describe('a table for a terminal', () => {
  it('stays within any width, and says which columns it left out', () => {
    let compared = 0;
    for (const width of [40, 50, 60, 70, 80, 100, 120]) {
      const text = terminalTable(columns, rows, width);
      expect(widest(text), `${width}`).toBeLessThanOrEqual(width);
      for (const { name } of columns) expect(text.replace(/\s+/g, ' '), `${width}`).toContain(name);
      compared++;
    }
    expect(compared).toBe(7);
  });

  it('leaves out the columns that say least first', () => {
    const narrow = rows.slice(0, 2);
    expect(terminalTable(columns, narrow, 80)).not.toContain('no room');
    const [head, ...rest] = terminalTable(columns, narrow, 40).split('\n');
    expect(head).toContain('its square');
    expect(rest.join(' ')).toContain('(no room for: its cube; a wider');
  });

  it('sets numbers right and wide characters by their width', () => {
    const [, two, wide] = terminalTable(columns.slice(0, 2), rows.slice(0, 2), 80).split('\n');
    expect(two).toBe(`two${' '.repeat(11)}       2`);
    expect(stringWidth(wide ?? '')).toBe(stringWidth(two ?? ''));
  });

  it('folds sentences at blanks', () => {
    expect(foldedLine('one two three four', 9, '  ')).toBe('one two\n  three\n  four');
    expect(foldedLine('  one two', 6, '    ')).toBe('  one\n    two');
  });
});
