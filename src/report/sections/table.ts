/** A table from columns and rows: it sorts by every column, tells once what all rows share, and scrolls sideways where a screen is too narrow. */
import { distinct } from '../../core/collections.js';
import { numberWords, type Noun } from '../../words/numbers.js';
import { pageWords } from '../../words/page.js';
import { html, NOTHING, type Html } from '../html.js';

export interface Column<T> {
  readonly name: string;
  readonly value: (row: T) => string | Html;
  /** Numbers are set right, in figures of equal width; words wrap; `screen` is left out on paper. */
  readonly kind?: 'number' | 'words' | 'screen';
  /** Explanation shown when pointing at the name. */
  readonly hint?: string;
  /** What sorting goes by; default: the number that the cell begins with, else its text. */
  readonly order?: (row: T) => number;
  /** Whether it is told in a line above the table, where all rows (three or more) that it concerns say the same; default no. */
  readonly folds?: boolean;
}

export interface TableOptions<T> {
  /** Class of a row. */
  readonly classOf?: (row: T) => string;
  /** What a row is, for the line that says what paper leaves out, e.g. `run`. */
  readonly noun?: Noun;
}

/** Rows that paper shows of a table: the whole of it is in the exported files. */
const MOST_ON_PAPER = 60;
/** Fewer rows share a value by chance. */
const FEWEST_TO_FOLD = 3;
/** Longer words may be broken anywhere, so that a table stays within its page. */
const LONG_WORD = 16;
const NONE = '–';

/** The table in its box, below a line of what all rows share. */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[], options: TableOptions<T> = {}): Html {
  const folded = columns.filter((column) => isFolded(column, rows));
  const shown = columns.filter((column) => !folded.includes(column));
  const hidden = rows.length - MOST_ON_PAPER;
  return html`${sharedLine(folded, rows)}
    <div class="scroll" tabindex="0">
      <table class="sorts">
        <thead>
          <tr>
            ${shown.map(headCell)}
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => line(shown, row, options))}
        </tbody>
      </table>
    </div>
    ${hidden > 0 ? html`<p class="note paper">${hiddenWords(hidden, options.noun)}</p>` : NOTHING}`;
}

function hiddenWords(hidden: number, noun: Noun = 'row'): string {
  return pageWords().tableHidden(hidden, numberWords().counted(String(hidden), noun, false));
}

/** What the rows say in a column, without the dash of those that it does not concern. */
function said<T>({ value }: Column<T>, rows: readonly T[]): string[] {
  return distinct(rows.map((row) => String(value(row)))).filter((text) => text !== NONE);
}

function isFolded<T>(column: Column<T>, rows: readonly T[]): boolean {
  return column.folds === true && rows.length >= FEWEST_TO_FOLD && said(column, rows).length <= 1;
}

function sharedLine<T>(folded: readonly Column<T>[], rows: readonly T[]): Html {
  if (folded.length === 0) return NOTHING;
  const parts = folded.map(
    (column, i) => html`${i > 0 ? ' · ' : ''}${column.name.toLowerCase()} <b>${said(column, rows)[0] ?? NONE}</b>`,
  );
  const [before, after] = pageWords().inEveryRow;
  return html`<p class="note shared">${before}${parts}${after}</p>`;
}

function headCell<T>({ name, kind = 'words', hint }: Column<T>): Html {
  const title = hint === undefined ? NOTHING : html` title="${hint}"`;
  return html`<th scope="col" class="${kind}" ${title}>${name}</th>`;
}

function line<T>(columns: readonly Column<T>[], row: T, { classOf = () => '' }: TableOptions<T>): Html {
  return html`<tr class="${classOf(row)}">
    ${columns.map((column) => cell(column, row))}
  </tr> `;
}

function cell<T>({ kind = 'words', value, order }: Column<T>, row: T): Html {
  const by = order === undefined ? NOTHING : html` data-order="${order(row)}"`;
  const shown = value(row);
  const isLong = typeof shown === 'string' && shown.split(/\s/).some((word) => word.length > LONG_WORD);
  return html`<td class="${kind}${isLong ? ' long' : ''}" ${by}>${shown}</td>`;
}
