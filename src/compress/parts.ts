/** Long texts in parts, whole: cut at paragraphs, else sentences, else blanks; the parts joined are the text. */
import type { TokenCounter } from './method.js';
import { sentencesOf } from '../text/sentences.js';

/** Parts of at most `maxTokens` tokens each (more only where a single unbreakable run has more). */
export function partsOf(text: string, maxTokens: number, counter: TokenCounter): string[] {
  return pack(text, maxTokens, counter, CUTS);
}

/** Ways to cut a text, coarse to fine. */
const CUTS: readonly ((text: string) => string[])[] = [
  (text) => text.split(/(?<=\n[ \t]*\n+)/),
  (text) => text.split(/(?<=\n)/),
  sentencesOf,
  (text) => text.split(/(?<=\s)/),
  ...[200, 40, 8].map((size) => (text: string) => text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'gu')) ?? []),
];

function pack(text: string, maxTokens: number, counter: TokenCounter, cuts: typeof CUTS): string[] {
  if (counter.count(text) <= maxTokens) return [text];
  const [cut, ...finer] = cuts;
  if (cut === undefined) return [text];
  const pieces = cut(text).filter((piece) => piece !== '');
  const small = pieces.flatMap((piece) => pack(piece, maxTokens, counter, finer));
  return gather(small, maxTokens, counter);
}

/** Joins neighbours as long as they fit together; sums of counts stand for the count of the joined text. */
function gather(pieces: readonly string[], maxTokens: number, counter: TokenCounter): string[] {
  const parts: string[] = [];
  let tokens = 0;
  for (const piece of pieces) {
    const size = counter.count(piece);
    const last = parts.at(-1);
    if (last !== undefined && tokens + size <= maxTokens) {
      parts[parts.length - 1] = last + piece;
      tokens += size;
    } else {
      parts.push(piece);
      tokens = size;
    }
  }
  return parts;
}
