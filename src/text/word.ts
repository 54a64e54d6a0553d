/** A word as audit and judges compare it, and how rules put neighbouring words in one form. */

/**
 * `number`: norm is a decimal number, or a decade (`1980s`); `ordinal`: norm is a number and `th`; `unit`: stands behind a
 * number; `character`: one of a script that is compared by characters; `article`: makes no difference; else `word`.
 */
export type WordKind = 'word' | 'number' | 'ordinal' | 'unit' | 'character' | 'article';

export interface Word {
  /** The word as compared. */
  readonly norm: string;
  readonly kind: WordKind;
  /** Characters [start, end) in the text. */
  readonly start: number;
  readonly end: number;
}

/** What a rule puts in place of `length` words. */
export interface Rewriting {
  readonly words: readonly Word[];
  readonly length: number;
}

/** Looks at the words from one place on; undefined where it does not apply. */
export type Rule = (words: readonly Word[], at: number, text: string) => Rewriting | undefined;

/** The words after a rule has been applied from left to right. */
export function rewritten(words: readonly Word[], rule: Rule, text: string): Word[] {
  const out: Word[] = [];
  for (let at = 0; at < words.length;) {
    const found = rule(words, at, text);
    const word = words[at];
    if (found !== undefined) out.push(...found.words);
    else if (word !== undefined) out.push(word);
    at += found?.length ?? 1;
  }
  return out;
}

/** One word in place of several neighbours. */
export function joined(norm: string, kind: WordKind, words: readonly Word[]): Word {
  return {
    norm,
    kind,
    start: Math.min(...words.map(({ start }) => start)),
    end: Math.max(...words.map(({ end }) => end)),
  };
}

/** What stands in the text between two words. */
export function between(a: Word, b: Word, text: string): string {
  return text.slice(a.end, b.start);
}

/** Whether nothing but a blank, a hyphen or neither stands between two words. */
export function touches(a: Word, b: Word, text: string): boolean {
  return a.end === b.start || /^[ \u00a0-]$/.test(between(a, b, text));
}
