/** A table for a terminal of any width: what does not fit is left out column by column, and said. */
import Table from 'cli-table3';
import stringWidth from 'string-width';

export interface TerminalColumn<T> {
  readonly name: string;
  readonly value: (row: T) => string | number;
  /** Default `left`. */
  readonly align?: 'left' | 'right';
  /** Columns of a larger number are left out first where the width lacks; those of none stay. */
  readonly spare?: number;
}

/** Blanks between columns. */
const GAP = 2;
/** Narrower columns are not folded further. */
const NARROWEST = 8;

/** Lines of the table within a width, and one that names columns left out; the columns that stay are folded where they are still too wide. */
export function terminalTable<T>(columns: readonly TerminalColumn<T>[], rows: readonly T[], width: number): string {
  const cells = columns.map((column) => [column.name, ...rows.map((row) => String(column.value(row)))]);
  const widths = cells.map((texts) => widest(texts, widthOf));
  const kept = fitting(columns, widths, width);
  const folded = foldedWidths(
    kept.map((i) => widths[i] ?? 0),
    width,
  );
  const table = new Table({
    head: kept.map((i) => columns[i]?.name ?? ''),
    colAligns: kept.map((i) => columns[i]?.align ?? 'left'),
    colWidths: folded,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    ...{ chars: PLAIN, wordWrap: true, wrapOnWordBoundary: true },
  });
  for (const [i] of rows.entries()) table.push(kept.map((column) => cells[column]?.[i + 1] ?? ''));
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  const left = columns.filter((_, i) => !kept.includes(i)).map(({ name }) => name);
  return [...lines, ...leftOut(left, width)].join('\n');
}

/** The largest width, however many texts there are. */
function widest(texts: readonly string[], widthOfText: (text: string) => number): number {
  return texts.reduce((most, text) => Math.max(most, widthOfText(text)), 0);
}

/** The widest line of a text. */
function widthOf(text: string): number {
  return widest(text.split('\n'), (line) => stringWidth(line));
}

/** Positions of the columns that fit, or that must stay. */
function fitting<T>(columns: readonly TerminalColumn<T>[], widths: readonly number[], width: number): number[] {
  let kept = [...columns.keys()];
  const total = (): number => kept.reduce((sum, i) => sum + (widths[i] ?? 0) + GAP, -GAP);
  const spares = kept.filter((i) => columns[i]?.spare !== undefined);
  spares.sort((a, b) => (columns[b]?.spare ?? 0) - (columns[a]?.spare ?? 0));
  for (const spare of spares) {
    if (total() <= width) break;
    kept = kept.filter((i) => i !== spare);
  }
  return kept;
}

/** Widths made smaller, the widest first, until all fit. */
function foldedWidths(widths: readonly number[], width: number): number[] {
  const folded = [...widths];
  const total = (): number => folded.reduce((sum, each) => sum + each + GAP, -GAP);
  for (let most = Math.max(...folded); total() > width && most > NARROWEST; most = Math.max(...folded))
    folded[folded.indexOf(most)] = most - 1;
  return folded;
}

/** Says what is missing, folded to the width. */
function leftOut(names: readonly string[], width: number): string[] {
  if (names.length === 0) return [];
  return foldedLine(`(no room for: ${names.join(', ')}; a wider terminal or --json has them)`, width).split('\n');
}

/** A sentence broken at blanks; the first line keeps its own, the following ones begin with `indent`. */
export function foldedLine(sentence: string, width: number, indent = ''): string {
  const lines: string[] = [];
  const [first = '', ...words] = sentence.trim().split(' ');
  let line = `${' '.repeat(sentence.length - sentence.trimStart().length)}${first}`;
  for (const word of words) {
    const longer = `${line} ${word}`;
    if (line.trim() !== '' && stringWidth(longer) > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = longer;
  }
  return [...lines, line].join('\n');
}

/** Blanks between columns, no lines. */
const PLAIN = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: ' '.repeat(GAP) },
};
