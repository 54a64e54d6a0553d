/** A table from columns and rows, in a box that scrolls sideways on narrow screens. */
import { html, NOTHING, type Html } from '../html.js';

export interface Column<T> {
  readonly name: string;
  readonly value: (row: T) => string | Html;
  /** Set right, in figures of equal width. */
  readonly number?: boolean;
  /** A column of sentences, that may wrap. */
  readonly wide?: boolean;
  /** Explanation shown when pointing at the name. */
  readonly hint?: string;
}

export function table<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  classOf: (row: T) => string = () => '',
): Html {
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col" class="${kind(column)}" ${column.hint === undefined ? NOTHING : html` title="${column.hint}"`}>${column.name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr class="${classOf(row)}">
              ${columns.map((column) => html`<td class="${kind(column)}">${column.value(row)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function kind<T>({ number, wide }: Column<T>): string {
  return number === true ? 'number' : wide === true ? 'wide-text' : '';
}
