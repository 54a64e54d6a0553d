/** What rules find in a text to ask about: values of tables and `key: value` lines; names, numbers and dates in sentences. */
import { factsOf } from '../audit/facts.js';
import { languageOf } from '../text/language.js';
import { UNSPACED } from '../text/scripts.js';
import { wordsOf } from '../text/words.js';
import type { Part } from './part.js';

/** A value that stands under a name. */
export interface ValueFact {
  readonly shape: 'value';
  readonly key: string;
  /** The row it stands in; empty outside tables. */
  readonly of: string;
  readonly answer: string;
}

/** A name, number or date of a sentence that stands for itself, or other words of it. */
export interface GapFact {
  readonly shape: 'gap';
  /** The sentence on either side of the answer. */
  readonly before: string;
  readonly behind: string;
  readonly answer: string;
  readonly kind: 'name' | 'date' | 'number' | 'phrase';
}

export type RuleFact = ValueFact | GapFact;

const MOST_ANSWER_WORDS = 12;
const FEWEST_SENTENCE_WORDS = 6;
const MOST_SENTENCE_WORDS = 40;

/** Words that open a sentence which cannot be understood alone. */
const LEANS_ENGLISH =
  /^(it|its|he|she|his|her|they|their|them|this|that|these|those|there|here|such|however|also|then|but|and|so)\b/i;
const LEANS = /^(er|sie|es|dies\p{L}*|il|elle|ils|ce|cela|esto|este|esta|ello|他|她|它|这|那|これ|それ)(?!\p{L})/iu;

/** All that rules can ask about a part, in the order of its text; `more` finds further words of a sentence to ask for. */
export function ruleFacts(
  { units, text, topic }: Pick<Part, 'units' | 'text' | 'topic'>,
  more: (sentence: string) => readonly GapFact[] = () => [],
): RuleFact[] {
  const leans = languageOf(text) === 'en' ? LEANS_ENGLISH : LEANS;
  let head: string[] = [];
  return units.flatMap(({ text: unit, stands }): RuleFact[] => {
    const cells = cellsOf(unit);
    if (cells !== null && !stands) head = cells;
    if (!stands) return [];
    if (cells !== null) return rowFacts(head, cells);
    const named = namedValues(unit);
    if (named.length > 0) return named.map(([key, answer]) => ({ shape: 'value', key, of: '', answer }));
    const sentence = plain(unit);
    return isFit(unit, sentence) && (topic !== '' || !leans.test(sentence))
      ? [...gapFacts(sentence, topic), ...more(sentence)]
      : [];
  });
}

/** Cells of a table's row or head; null for what is none. */
function cellsOf(text: string): string[] | null {
  const [line = ''] = text.split('\n');
  if (!/^\s*\|.*\|\s*$/.test(line)) return null;
  return line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map(plain);
}

function rowFacts(head: readonly string[], [of = '', ...cells]: readonly string[]): ValueFact[] {
  return cells.flatMap((answer, index) => {
    const key = head[index + 1] ?? '';
    if (of === '' || key === '' || !isShort(answer)) return [];
    return { shape: 'value', key: isAcronym(key) ? key : key.toLocaleLowerCase(), of, answer };
  });
}

/** `key: value` lines of front matter, lists and bold leads. */
function namedValues(text: string): [key: string, value: string][] {
  const lines = text.split('\n').map((line) => line.replace(/^\s*(?:[-*+]|\d+[.)])\s+/, ''));
  return lines.flatMap((line) => {
    const [, key = '', value = ''] =
      /^\s*(?:\*\*|__)?([\p{L}][\p{L}\p{N} _-]{1,40}?)(?:\*\*|__)?\s*[:：]\s*(?:\*\*|__)?\s*(\S.*)$/u.exec(line) ?? [];
    const isPair =
      key !== '' &&
      !/^https?$/i.test(key) &&
      key.split(/\s+/).length <= 5 &&
      isShort(plain(value)) &&
      !/[.!?]\s/.test(value) &&
      !/^[[{]/.test(value);
    return isPair && (lines.length === 1 || /^---|^\w[\w -]*:/.test(text))
      ? [[plain(key), plain(value).replace(/[.]$/, '')] as [string, string]]
      : [];
  });
}

/** Whether a unit is a sentence of usual length. */
function isFit(unit: string, sentence: string): boolean {
  const { length } = wordsOf(sentence);
  return !unit.includes('```') && length >= FEWEST_SENTENCE_WORDS && length <= MOST_SENTENCE_WORDS;
}

/** One for each name, number and date of a sentence, but not for its first words. */
function gapFacts(sentence: string, topic: string): GapFact[] {
  return factsOf(sentence).flatMap(({ label, kind }) => {
    const at = sentence.indexOf(label);
    if (at <= 0 || sentence.indexOf(label, at + 1) >= 0 || !isShort(label) || label === topic) return [];
    if (isPartOfMore(sentence, at, at + label.length)) return [];
    return {
      shape: 'gap',
      before: sentence.slice(0, at),
      behind: sentence.slice(at + label.length),
      answer: label,
      kind: kind === 'entities' ? 'name' : kind === 'dates' ? 'date' : 'number',
    };
  });
}

/** Whether what stands at a place goes on beside it: the 200 of `P-200`, one number of several in a row. */
function isPartOfMore(text: string, start: number, end: number): boolean {
  const [before, behind] = [text.slice(0, start), text.slice(end)];
  if (GOES_ON_BEFORE.test(before) || GOES_ON_BEHIND.test(behind)) return true;
  const isNumber = /^\p{N}/u.test(text.slice(start, end));
  return isNumber && (/\p{N}[ /–-]$/u.test(before) || /^[ /–-]\p{N}/u.test(behind));
}

/** Letters and digits of scripts that part words by blanks: beside one of the others every word stands close. */
const SPACED = `(?:(?![${UNSPACED}])[\\p{L}\\p{N}])`;
const GOES_ON_BEFORE = new RegExp(`${SPACED}[-–/.]?$`, 'u');
const GOES_ON_BEHIND = new RegExp(`^[-–/]?${SPACED}`, 'u');

/** Without the marks of Markdown. */
function plain(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\((?:[^()]|\([^)]*\))*\)/g, '$1')
    .replace(/\[([^\]]+)\]\[[^\]]*\]/g, '$1')
    .replace(/(\*\*|__|`)(.+?)\1/g, '$2')
    .replace(/^\s*(?:>\s?)+/gm, '')
    .replace(/^\s*(?:[-*+]|\d+[.)])\s+/, '')
    .replace(/\s+/g, ' ')
    .trim();
}

const isAcronym = (text: string): boolean => /^\p{Lu}{2,}/u.test(text);

function isShort(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text) && text.split(/\s+/).length <= MOST_ANSWER_WORDS && text.length <= 120;
}
