/** Text that others wrote (documents, questions, answers, run names) made safe to show: in HTML, in a script's JSON, in a terminal. */

/** C0 and C1 controls except tab and newline, and the marks that change the direction of text or hide in it. */
const UNSEEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;

/** Whole escape sequences of terminals: CSI (colours, cursor), OSC (titles, links), and two-character ones. */
const ESCAPES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])?/gu;

/** Text without terminal escapes, control characters, direction marks and lone surrogates: each is shown as U+FFFD. */
export function visibleText(text: string): string {
  return wellFormed(text).replace(/\r\n?/gu, '\n').replace(ESCAPES, '\ufffd').replace(UNSEEN, '\ufffd');
}

/** Visible text on one line, for a terminal's table. */
export function terminalText(text: string): string {
  return visibleText(text)
    .replace(/[\t\n\v\f\r ]+/gu, ' ')
    .trim();
}

/** Visible text cut to a number of characters, saying how many were left out. */
export function clipped(text: string, most: number): string {
  const visible = visibleText(text);
  if (visible.length <= most) return visible;
  return `${wellFormed(visible.slice(0, most))} … (${visible.length - most} more characters)`;
}

/** JSON that may stand inside a script element: no `<`, no line separators. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Lone surrogates become U+FFFD. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
