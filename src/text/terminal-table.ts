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

/** Lines of the table within a width, and one that names columns left out, as `leftOut` says it; the columns that stay are folded where they are still too wide. */
export function terminalTable<T>(
  columns: readonly TerminalColumn<T>[],
  rows: readonly T[],
  width: number,
  leftOut: (names: readonly string[]) => string = noRoom,
): string {
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
  return [...lines, ...(left.length === 0 ? [] : foldedLine(leftOut(left), width).split('\n'))].join('\n');
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

function noRoom(names: readonly string[]): string {
  return `(no room for: ${names.join(', ')}; a wider terminal or --json has them)`;
}

/** What a line of Chinese may be broken behind: a character with the marks that must not begin a line, an opening bracket with what follows. */
const PIECE = /（?\p{Script=Han}[，。；：、）]*|（?[^\p{Script=Han}（]+|（/gu;

/** A sentence broken at blanks, and between Chinese characters; the first line keeps its own blanks, the following ones begin with `indent`. */
export function foldedLine(sentence: string, width: number, indent = ''): string {
  const lines: string[] = [];
  const words = sentence.trim().split(' ');
  let line = ' '.repeat(sentence.length - sentence.trimStart().length);
  for (const [i, word] of words.entries())
    for (const [j, piece] of (word.match(PIECE) ?? [word]).entries()) {
      const longer = `${line}${i > 0 && j === 0 ? ' ' : ''}${piece}`;
      if (line.trim() !== '' && stringWidth(longer) > width) {
        lines.push(line);
        line = `${indent}${piece}`;
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
