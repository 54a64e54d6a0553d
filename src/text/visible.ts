/** Text that others wrote (documents, questions, answers, run names), made visible: no escape sequence, nothing hidden, nothing torn. */
import { stripVTControlCharacters } from 'node:util';

/**
 * What is not seen or moves what is seen: C0 and C1 controls but tab and newline, marks of direction, zero-width blanks,
 * line separators, invisible operators, byte order and annotation marks, tags. The joiners that scripts and emoji need stay.
 */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/**
 * The text without a terminal's escape sequences, each hidden character replaced (by nothing, or by `instead`); tab and newline
 * stay, other line ends become newlines, lone surrogates U+FFFD.
 */
export function visibleText(text: string, instead = ''): string {
  return stripVTControlCharacters(text.toWellFormed()).replace(/\r\n?/g, '\n').replace(HIDDEN, instead);
}

/** Visible text on one line, its blanks single. */
export function visibleLine(text: string): string {
  return visibleText(text, '\ufffd')
    .replace(/[\t\n ]+/g, ' ')
    .trim();
}

/** Visible text cut to a number of characters, saying how many were left out. */
export function clipped(text: string, most: number): string {
  const visible = visibleText(text, '\ufffd');
  if (visible.length <= most) return visible;
  return `${visible.slice(0, most).toWellFormed()} … (${visible.length - most} more characters)`;
}
