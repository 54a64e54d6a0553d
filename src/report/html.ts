/** HTML as a template: every value put in is escaped, unless it is HTML made by the same template. */
import { visibleText } from '../text/visible.js';

/** HTML that is safe as it is. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

export type HtmlValue = string | number | Html | readonly HtmlValue[];

const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Markup with values: text is escaped, lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.map((part, i) => part + (i < values.length ? render(values[i] as HtmlValue) : '')).join(''));
}

/** Markup made elsewhere that is known to be safe, e.g. a chart's. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

/** A link to a file or folder by its path from the page's own folder: nothing in it can be read as another site or as a script. */
export function fileLink(path: string, text: string | Html): Html {
  return html`<a href="${fileAddress(path)}">${text}</a>`;
}

/** A path as the address in such a link. */
export function fileAddress(path: string): string {
  return path.toWellFormed().split('/').map(encodeURIComponent).join('/');
}

/** Text for HTML's content and quoted attributes, its unseen characters made visible. */
export function escapeHtml(text: string): string {
  return visibleText(text, '\ufffd').replace(/[&<>"']/gu, (c) => NAMED[c] ?? c);
}

/** JSON that may stand inside a script element: no `<`, no line separators. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export const NOTHING = new Html('');

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeHtml(String(value));
}
