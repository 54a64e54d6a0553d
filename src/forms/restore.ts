/** `restore`: stretches of a text with words masked, and the stretch as it is. */
import { Random } from '../core/random.js';
import { languageOf } from '../text/language.js';
import { countWords, sentencesOf } from '../text/sentences.js';
import { FUNCTION_CHARACTERS, FUNCTION_WORDS } from '../text/word-lists.js';
import type { Source } from './form.js';

/** What stands for a word that is to be found. */
export const GAP = '____';

/** Longest stretch, in words, where its sentences allow it. */
const MOST_WORDS = 120;
/** Fewest words with content that a stretch must have. */
const FEWEST_CONTENT = 4;
/** Shares of the content words that are masked. */
const [LEAST, MOST] = [0.15, 0.9];

const INSTRUCTIONS: Readonly<Record<string, string>> = { Han: '请补全空缺的词语：' };
const INSTRUCTION = 'Put the missing words back:';

export interface Restoring {
  readonly prompt: string;
  readonly answer: string;
}

/** Each stretch of a text `count` times, masked more from time to time; the same for the same seed. */
export function restorings({ item, text }: Source, count: number, seed: number): Restoring[] {
  const instruction = INSTRUCTIONS[languageOf(text) ?? ''] ?? INSTRUCTION;
  return stretchesOf(text).flatMap((stretch, index) => {
    const words = contentWords(stretch);
    if (words.length < FEWEST_CONTENT) return [];
    const random = new Random(seed, 'restore', item, index);
    return Array.from({ length: count }, (_, time) => {
      const share = LEAST + ((MOST - LEAST) * (time + random.uniform())) / count;
      const masked = random.shuffle(words).slice(0, Math.max(1, Math.round(share * words.length)));
      return { prompt: `${instruction}\n${withGaps(stretch, masked)}`, answer: stretch };
    });
  });
}

/** The text in stretches of whole sentences. */
function stretchesOf(text: string): string[] {
  const stretches: string[] = [];
  let [open, words] = ['', 0];
  for (const sentence of sentencesOf(text)) {
    const more = countWords(sentence);
    if (words > 0 && words + more > MOST_WORDS) {
      stretches.push(open);
      [open, words] = ['', 0];
    }
    open += sentence;
    words += more;
  }
  return [...stretches, open].map((stretch) => stretch.trim()).filter((stretch) => stretch !== '');
}

interface Place {
  readonly start: number;
  readonly end: number;
}

const WORDS = new Intl.Segmenter('und', { granularity: 'word' });

/** Where words with content of their own stand, in any script. */
export function contentWords(text: string): Place[] {
  return [...WORDS.segment(text)].flatMap(({ segment, index, isWordLike }) => {
    const isSmall = FUNCTION_WORDS.has(segment.toLowerCase()) || FUNCTION_CHARACTERS.has(segment);
    return isWordLike === true && !isSmall && segment !== GAP ? [{ start: index, end: index + segment.length }] : [];
  });
}

/** One gap for words that touch each other. */
function withGaps(text: string, masked: readonly Place[]): string {
  let [out, at] = ['', 0];
  for (const { start, end } of [...masked].sort((a, b) => a.start - b.start)) {
    if (start > at || at === 0) out += text.slice(at, start) + GAP;
    at = end;
  }
  return out + text.slice(at);
}
