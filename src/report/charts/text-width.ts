/** About how wide a text of a chart is, before anything draws it. */

const WIDE = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/gu;
/** Chinese characters and their marks are about as wide as two letters. */
const LETTERS_EACH = 1.75;

/** Letters that take as much room; `letter` is what one takes, in pixels. */
export function textWidth(text: string, letter: number): number {
  const wide = text.match(WIDE)?.length ?? 0;
  return letter * (text.length + (LETTERS_EACH - 1) * wide);
}
