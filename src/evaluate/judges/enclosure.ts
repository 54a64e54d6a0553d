/** Texts of unknown origin in a prompt: enclosed by markers they cannot contain, cleaned of what could pass for the prompt around them. */
import { hashJson } from '../../core/hash.js';
import { visibleText } from '../../text/visible.js';

/** A text to show a judge, and what to call it, e.g. `answer`. */
export interface Part {
  readonly name: string;
  readonly text: string;
}

/** Longer texts lose their middle: no honest answer is as long, and a judge's context is not endless. */
const LONGEST_TEXT = 20_000;

/**
 * The parts between marked lines, and their marker: 16 hexadecimal digits, different for every call that differs in anything.
 * The marker is a hash over the very texts it encloses (and `call`), so nobody can write a text that contains its own marker,
 * while the same call always gives the same prompt, which a cache of replies needs.
 */
export function enclose(parts: readonly Part[], call: string): { readonly marker: string; readonly text: string } {
  const cleaned = parts.map(({ name, text }) => ({ name, text: clean(text) }));
  const marker = hashJson({ call, parts: cleaned }).slice(0, 16);
  const blocks = cleaned.map(({ name, text }) => `<<${name} ${marker}>>\n${text}\n<<end of ${name} ${marker}>>`);
  return { marker, text: blocks.join('\n\n') };
}

/** A text without invisible characters, with its look-alikes of markers and of chat templates' control tokens broken up. */
export function clean(text: string): string {
  const broken = visibleText(text)
    .replace(/<(?=[<|])/g, '< ')
    .replace(/(?<=[>|])>/g, ' >');
  return shorten(broken.replace(/\[(?=\/?INST\])/g, '[ '));
}

function shorten(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  const half = LONGEST_TEXT / 2;
  const middle = `\n[${text.length - LONGEST_TEXT} characters left out]\n`;
  return `${text.slice(0, half)}${middle}${text.slice(-half)}`.toWellFormed();
}
