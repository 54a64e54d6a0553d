/** What answers are compared by: words without their endings, and of scripts without blanks pairs of neighbouring characters. */
import { keyOf, tellingNumber } from '../../text/word-text.js';
import type { Word } from '../../text/word.js';
import { FUNCTION_CHARACTERS, FUNCTION_WORDS } from '../../text/word-lists.js';

/** A term with what it weighs among those that an answer must hold. */
export interface Term {
  readonly key: string;
  readonly weight: number;
}

/** A unit says little without its number, and a number much without its unit. */
const UNIT_WEIGHT = 1 / 3;

/** Whether a word has content of its own. */
export function hasContent({ norm, kind }: Word): boolean {
  return kind !== 'article' && !FUNCTION_WORDS.has(norm);
}

/** All terms of some words, in order. */
export function termsOf(words: readonly Word[]): string[] {
  return runsOf(words).flatMap((run) => (run[0]?.kind === 'character' ? pairs(run) : run.map(keyOf)));
}

/** Terms that an answer is credited with: no articles, and characters also by themselves. */
export function creditedTerms(words: readonly Word[]): string[] {
  const characters = words.filter(({ kind }) => kind === 'character');
  return [...termsOf(words.filter(({ kind }) => kind !== 'article')), ...characters.map(({ norm }) => norm)];
}

/** Terms to be found in an answer; `known` ones are left out, and characters whose pairs are known. */
export function wantedTerms(words: readonly Word[], known: ReadonlySet<string>): Term[] {
  const terms = new Map<string, number>();
  const telling = tellingNumber(words);
  for (const run of runsOf(words)) {
    const [first] = run;
    const keys = first?.kind === 'character' ? piecesOf(run, known).flatMap(pairs) : run.map(keyOf);
    const isUnit = first?.kind === 'unit' || (telling !== undefined && first !== telling);
    for (const key of keys) if (!known.has(key)) terms.set(key, isUnit ? UNIT_WEIGHT : 1);
  }
  return [...terms].map(([key, weight]) => ({ key, weight }));
}

/** Single words, and runs of characters between blanks, other words and characters without content. */
function runsOf(words: readonly Word[]): Word[][] {
  const runs: Word[][] = [];
  for (const [at, word] of words.entries()) {
    const before = words[at - 1];
    if (word.kind === 'character' && isEmpty(word, before)) continue;
    const last = runs.at(-1)?.at(-1);
    const goesOn = word.kind === 'character' && last?.kind === 'character' && last.end === word.start;
    if (goesOn) runs.at(-1)?.push(word);
    else runs.push([word]);
  }
  return runs;
}

/** A character without content; one of kana only behind other scripts, where particles stand. */
function isEmpty({ norm, start }: Word, before: Word | undefined): boolean {
  if (!FUNCTION_CHARACTERS.has(norm)) return false;
  if (!HIRAGANA.test(norm)) return true;
  return before?.end === start && !HIRAGANA.test(before.norm);
}

const HIRAGANA = /^\p{Script=Hiragana}/u;

function pairs(run: readonly Word[]): string[] {
  const characters = run.map(({ norm }) => norm);
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}

/** What is left of a run without the characters of known pairs. */
function piecesOf(run: readonly Word[], known: ReadonlySet<string>): Word[][] {
  const isKnown = (i: number): boolean => known.has(`${run[i]?.norm}${run[i + 1]?.norm}`);
  const pieces: Word[][] = [[]];
  for (const [i, word] of run.entries()) {
    if (isKnown(i) || isKnown(i - 1)) pieces.push([]);
    else pieces.at(-1)?.push(word);
  }
  return pieces.filter((piece) => piece.length > 0);
}
