/** A text in which phrases are looked up as audit and judges compare them. */
import { stem } from './stem.js';
import type { Word } from './word.js';
import { wordsOf } from './words.js';

/** Words to look for. */
export interface Phrase {
  /** The words as they are looked up, joined by blanks. */
  readonly joined: string;
  /** Number of words. */
  readonly length: number;
  /** Signs to be found as they are, where there is no word. */
  readonly signs?: string;
  /** Whether the words are a number without its unit, which no unit may follow. */
  readonly withoutUnit?: boolean;
}

/** A text prepared for looking phrases up. */
export class WordText {
  /** All words, articles too. */
  readonly words: readonly Word[];
  readonly #text: string;
  /** The words that are looked at: all but articles. */
  readonly #compared: readonly Word[];
  /** Their keys joined by single blanks, one blank at either end. */
  readonly #joined: string;
  #wordAtOffset: ReadonlyMap<number, number> | undefined;

  constructor(text: string) {
    this.#text = text;
    this.words = wordsOf(text);
    this.#compared = this.words.filter(({ kind }) => kind !== 'article');
    this.#joined = ` ${this.#compared.map(keyOf).join(' ')} `;
  }

  /** Whether the phrase's words stand here in a row. */
  has(phrase: Phrase): boolean {
    if (phrase.joined === '' || phrase.withoutUnit === true) return this.find(phrase).length > 0;
    return this.#joined.includes(` ${phrase.joined} `);
  }

  /** Every place of the phrase, as characters [start, end) of the text. */
  find(phrase: Phrase): [number, number][] {
    if (phrase.joined === '') return phrase.signs === undefined ? [] : placesOfSigns(this.#text, phrase.signs);
    const places: [number, number][] = [];
    const needle = ` ${phrase.joined} `;
    for (let at = this.#joined.indexOf(needle); at >= 0; at = this.#joined.indexOf(needle, at + 1)) {
      const first = this.#wordAt(at + 1);
      const covered = this.#compared.slice(first, first + phrase.length);
      if (phrase.withoutUnit === true && this.#compared[first + phrase.length]?.kind === 'unit') continue;
      places.push([Math.min(...covered.map((word) => word.start)), Math.max(...covered.map((word) => word.end))]);
    }
    return places;
  }

  #wordAt(offset: number): number {
    this.#wordAtOffset ??= this.#wordOffsets();
    return this.#wordAtOffset.get(offset) ?? -1;
  }

  #wordOffsets(): Map<number, number> {
    let offset = 1;
    return new Map(
      this.#compared.map((word, index) => {
        const own = offset;
        offset += keyOf(word).length + 1;
        return [own, index];
      }),
    );
  }
}

/** What a word is compared by: words without their endings, all else as it is. */
export function keyOf({ norm, kind }: Word): string {
  return kind === 'word' || kind === 'article' ? stem(norm) : norm;
}

/** A text's words to look for, without articles; where nothing else is there, articles, and where no word is, its signs. */
export function phraseOf(text: string): Phrase {
  const words = wordsOf(text);
  const content = words.filter(({ kind }) => kind !== 'article');
  if (words.length > 0) return phraseOfWords(content.length > 0 ? content : words);
  return { joined: '', length: 0, signs: text.trim() };
}

export function phraseOfWords(words: readonly Word[]): Phrase {
  return { joined: words.map(keyOf).join(' '), length: words.length };
}

/** A text's words as they are compared, without articles; where it has no word, its signs. Equal answers have equal forms. */
export function normalForm(text: string): string {
  const words = wordsOf(text);
  const content = words.filter(({ kind }) => kind !== 'article');
  if (words.length === 0) return text.trim();
  return (content.length > 0 ? content : words).map(({ norm }) => norm).join(' ');
}

/** The number of content words that are a number and one word, where it has three digits or more and is no year: it tells enough alone. */
export function tellingNumber(content: readonly Word[]): Word | undefined {
  const [number, unit] = content;
  if (number?.kind !== 'number' || unit === undefined || content.length > 2) return undefined;
  const isTelling = number.norm.replace(/\D/g, '').length >= 3 && !/^[12]\d{3}$/.test(number.norm);
  return isTelling ? number : undefined;
}

/** Places where signs stand by themselves, as `{}` does in `it returns {}.` and `★★` does not in `★★★`. */
function placesOfSigns(text: string, signs: string): [number, number][] {
  const places: [number, number][] = [];
  if (signs === '') return places;
  for (let at = text.indexOf(signs); at >= 0; at = text.indexOf(signs, at + 1)) {
    const [before, behind] = [text.slice(Math.max(0, at - 1), at), text.slice(at + signs.length).slice(0, 2)];
    if (/(?:^|[\s"'“‘(\[`])$/.test(before) && /^(?:$|[\s"'”’)\]`]|[.,;:!?。](?:$|[\s"'”’)\]`]))/.test(behind)) {
      places.push([at, at + signs.length]);
    }
  }
  return places;
}
