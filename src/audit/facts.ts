/** The facts a text states, found without a model: named entities by capitals, numbers and dates, each with its aliases. */
import { distinctBy } from '../core/collections.js';
import { datesIn } from '../text/dates.js';
import { phraseOf, phraseOfWords, tellingNumber, type Phrase } from '../text/word-text.js';
import type { Word } from '../text/word.js';
import { wordsOf } from '../text/words.js';

export type FactKind = 'answers' | 'entities' | 'numbers' | 'dates';

export const FACT_KINDS: readonly FactKind[] = ['answers', 'entities', 'numbers', 'dates'];

/** One fact: kept by a text in which any of its wordings stands. */
export interface Fact {
  readonly kind: FactKind;
  /** The fact as first written. */
  readonly label: string;
  readonly wordings: readonly Phrase[];
}

/** Small words that may stand inside a name. */
const INSIDE_NAMES = new Set('of the de del della di da dos du la le van von der den al el bin ibn and for'.split(' '));

/** Words that often open a sentence, and are no name alone. */
const OPENERS = new Set(
  `a an the he she it its his her they their this that these those in on at by for from with as after before during since until while
  when where although though however also and but or if there here one some many most all both each other another such to of since
  under over between among additionally approximately about around according despite because then later i we you our my your who which
  what no not major user assistant session yes please thanks sure`.split(/\s+/),
);

/** Distinct entities, numbers and dates of a text; `words` are the text's, where they are at hand. */
export function factsOf(text: string, words: readonly Word[] = wordsOf(text)): Fact[] {
  const dates = datesIn(words);
  const inDate = new Set(dates.flatMap((date) => date.words.map((word) => word.start)));
  const found = [
    ...dates.map((date) => dateFact(date.words, text)),
    ...words.filter((word) => isCount(word, text) && !inDate.has(word.start)).map((word) => numberFact(word, text)),
    ...entityRuns(words, text, inDate).map((run) => entityFact(run, text)),
  ];
  return distinctBy(found, factKey);
}

/** Whether a word is a number that is a fact: digits or a number word other than `one`, which mostly is none; ordinals in digits. */
function isCount({ kind, norm, start, end }: Word, text: string): boolean {
  if (kind === 'number') return norm !== '1' || text.slice(start, end) === '1';
  return kind === 'ordinal' && /^\p{N}/u.test(text.slice(start, end));
}

/** A fact's kind and first wording, by which two are the same. */
export function factKey({ kind, wordings: [first] }: Fact): string {
  return `${kind}:${first?.signs ?? first?.joined}`;
}

function dateFact(words: readonly Word[], text: string): Fact {
  const start = Math.min(...words.map((word) => word.start));
  const end = Math.max(...words.map((word) => word.end));
  return { kind: 'dates', label: text.slice(start, end), wordings: [phraseOfWords(words)] };
}

function numberFact(word: Word, text: string): Fact {
  return { kind: 'numbers', label: text.slice(word.start, word.end), wordings: [phraseOfWords([word])] };
}

/** Runs of capitalised words, small words of names inside them allowed. */
function entityRuns(words: readonly Word[], text: string, inDate: ReadonlySet<number>): Word[][] {
  const runs: Word[][] = [];
  let run: Word[] = [];
  const close = () => {
    const trimmed = trimmedRun(run, text);
    if (trimmed.length > 0) runs.push(trimmed);
    run = [];
  };
  for (const word of words) {
    const last = run.at(-1);
    if (last && !/^[ \u00a0\-–'’.&]*$/.test(text.slice(last.end, word.start))) close();
    if (last && /[.]\s/.test(text.slice(last.end, word.start)) && last.norm.length > 2) close();
    const isCapital = isName(word, text) && !inDate.has(word.start);
    if (isCapital || (run.length > 0 && INSIDE_NAMES.has(word.norm))) run.push(word);
    else close();
  }
  close();
  return runs;
}

/** Whether a word is written as a name is: with a capital, and neither a number nor a shortened negation. */
function isName({ kind, start, end }: Word, text: string): boolean {
  const raw = text.slice(start, end);
  return /^\p{Lu}/u.test(raw) && (kind === 'word' || kind === 'article') && !/n['’]t$/.test(raw);
}

/** A run without leading sentence openers and without small words at its end; empty when nothing is left. */
function trimmedRun(run: readonly Word[], text: string): Word[] {
  let [from, to] = [0, run.length];
  while (from < to && OPENERS.has(run[from]?.norm ?? '')) from++;
  while (to > from && INSIDE_NAMES.has(run[to - 1]?.norm ?? '') && isLower(run[to - 1], text)) to--;
  const kept = run.slice(from, to);
  return kept.length === 1 && (kept[0]?.norm.length ?? 0) < 2 ? [] : kept;
}

function isLower(word: Word | undefined, text: string): boolean {
  return word !== undefined && !/^\p{Lu}/u.test(text.slice(word.start, word.end));
}

function entityFact(run: readonly Word[], text: string): Fact {
  const label = text.slice(run[0]?.start, run.at(-1)?.end);
  const name = run.filter(({ kind }) => kind !== 'article');
  return { kind: 'entities', label, wordings: [phraseOfWords(name), ...aliases(run, text)] };
}

/** Other names of an entity: its initials where the text gives them in parentheses, and first with last name of a longer one. */
function aliases(run: readonly Word[], text: string): Phrase[] {
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last || run.length < 2) return [];
  const given = /^\s*\(([A-Z]{2,8})\)/.exec(text.slice(last.end, last.end + 12))?.[1];
  const out: Phrase[] = given === undefined ? [] : [phraseOf(given)];
  if (run.length === 3 && run.every((word) => !isLower(word, text))) out.push(phraseOfWords([first, last]));
  return out;
}

/** An answer as a fact, with its other accepted wordings; a telling number stands for itself with its unit, so `114,394 people` is kept by `114,394`. */
export function answerFact(answers: readonly string[]): Fact {
  return {
    kind: 'answers',
    label: answers[0] ?? '',
    wordings: [...answers.map(phraseOf), ...answers.flatMap(bareNumber)],
  };
}

function bareNumber(answer: string): Phrase[] {
  const number = tellingNumber(wordsOf(answer).filter(({ kind }) => kind !== 'article'));
  return number === undefined ? [] : [{ ...phraseOfWords([number]), withoutUnit: true }];
}
