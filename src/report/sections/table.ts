/** A table from columns and rows, in a box that scrolls sideways on narrow screens. */
import { html, NOTHING, type Html } from '../html.js';

export interface Column<T> {
  readonly name: string;
  readonly value: (row: T) => string | Html;
  /** Numbers are set right, in figures of equal width; words and sentences wrap; `screen` is left out on paper. */
  readonly kind?: 'number' | 'words' | 'sentence' | 'screen';
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
          ${columns.map((column) => html`<th scope="col" class="${column.kind ?? ''}" ${column.hint === undefined ? NOTHING : html` title="${column.hint}"`}>${column.name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr class="${classOf(row)}">
              ${columns.map((column) => html`<td class="${column.kind ?? ''}">${column.value(row)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
