/**
 * Questions without a model: rows of tables and `key: value` lines become questions, names, numbers and dates in sentences
 * become gaps. Their second wording is another frame around the same words, not a rewording by someone who understands them.
 */
import { factsOf } from '../audit/facts.js';
import { languageOf } from '../text/language.js';
import { UNSPACED } from '../text/scripts.js';
import { wordsOf } from '../text/words.js';
import type { Part } from './part.js';
import type { Draft, ExamWriter } from './writer.js';

/** How questions are put in a language; `about` is empty or names the topic. */
interface Frames {
  readonly about: (topic: string) => string;
  readonly value: (about: string, key: string, of: string) => readonly [prompt: string, test: string];
  readonly gap: (about: string, sentence: string) => readonly [prompt: string, test: string];
  /** Words that open a sentence which cannot be understood alone. */
  readonly leans: RegExp;
}

const ENGLISH: Frames = {
  about: (topic) => ` (${topic})`,
  value: (about, key, of) =>
    of === ''
      ? [`What is given as the ${key}?${about}`, `Name the ${key}.${about}`]
      : [`What is given as the ${key} of ${of}?${about}`, `Of ${of}, name the ${key}.${about}`],
  gap: (about, sentence) => [
    `Fill the gap${about}: ${sentence}`,
    `Which words belong where the dots are?${about} ${sentence.replace(GAP, '…')}`,
  ],
  leans:
    /^(it|its|he|she|his|her|they|their|them|this|that|these|those|there|here|such|however|also|then|but|and|so)\b/i,
};

/** For languages without frames of their own: signs alone. */
const SIGNS: Frames = {
  about: (topic) => ` (${topic})`,
  value: (about, key, of) => [
    `${of === '' ? '' : `${of}: `}${key} = ?${about}`,
    `? = ${key}${of === '' ? '' : `, ${of}`}${about}`,
  ],
  gap: (about, sentence) => [`${sentence}${about}`, `${about} ${sentence.replace(GAP, '…')}`.trim()],
  leans: /^(er|sie|es|dies\p{L}*|il|elle|ils|ce|cela|esto|este|esta|ello|他|她|它|这|那|これ|それ)(?!\p{L})/iu,
};

const GAP = '____';
const MOST_ANSWER_WORDS = 12;
const FEWEST_SENTENCE_WORDS = 6;
const MOST_SENTENCE_WORDS = 40;

/** Writes by rules: at once, and the same each time. */
export const ruleWriter: ExamWriter = {
  name: 'rules',
  concurrency: 1,
  write: (part, count) => Promise.resolve({ drafts: spread(draftsOf(part), 2 * count), unread: 0 }),
  reword: (prompts) => Promise.resolve(prompts.map(framed)),
  estimate: () => null,
};

/** A question in another frame. */
function framed(prompt: string): string {
  const sentence = /^complete the sentence:\s*(.+)$/i.exec(prompt)?.[1];
  if (sentence !== undefined) return `How does this go on? ${sentence} …`;
  return languageOf(prompt) === 'en' ||
    /^(who|what|when|where|which|how|why|is|are|was|were|do|does|did|can)\b/i.test(prompt)
    ? `Please answer briefly. ${prompt}`
    : `? ${prompt}`;
}

function draftsOf(part: Part): Draft[] {
  const frames = languageOf(part.text) === 'en' ? ENGLISH : SIGNS;
  const about = part.topic === '' ? '' : frames.about(part.topic);
  let head: string[] = [];
  return part.units.flatMap(({ text, stands }): Draft[] => {
    const cells = cellsOf(text);
    if (cells !== null && !stands) head = cells;
    if (!stands) return [];
    if (cells !== null) return rowDrafts(head, cells, frames, about);
    const named = namedValues(text);
    return named.length > 0
      ? named.map(([key, value]) => valueDraft(frames.value(about, key, ''), value))
      : gapDrafts(text, frames, about, part);
  });
}

/** Drafts taken evenly from all over the part, so that a long table does not stand for the whole. */
function spread(drafts: readonly Draft[], most: number): Draft[] {
  if (drafts.length <= most) return [...drafts];
  return Array.from({ length: most }, (_, i) => drafts[Math.floor((i * drafts.length) / most)]).filter(
    (draft) => draft !== undefined,
  );
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

function rowDrafts(
  head: readonly string[],
  [of = '', ...cells]: readonly string[],
  frames: Frames,
  about: string,
): Draft[] {
  return cells.flatMap((cell, index) => {
    const key = head[index + 1] ?? '';
    if (of === '' || key === '' || !isShort(cell)) return [];
    return valueDraft(frames.value(about, isAcronym(key) ? key : key.toLocaleLowerCase(), of), cell);
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

function valueDraft([prompt, testPrompt]: readonly [string, string], answer: string): Draft {
  return { prompt, testPrompt, answer, type: 'value' };
}

/** One gap for each name, number and date of a sentence that stands for itself, but not for its first words. */
function gapDrafts(text: string, frames: Frames, about: string, { topic }: Part): Draft[] {
  if (text.includes('```')) return [];
  const sentence = plain(text);
  const { length } = wordsOf(sentence);
  const isFit = length >= FEWEST_SENTENCE_WORDS && length <= MOST_SENTENCE_WORDS;
  if (!isFit || (topic === '' && frames.leans.test(sentence))) return [];
  return factsOf(sentence).flatMap(({ label, kind }) => {
    const at = sentence.indexOf(label);
    if (at <= 0 || sentence.indexOf(label, at + 1) >= 0 || !isShort(label) || label === topic) return [];
    if (isPartOfMore(sentence, at, at + label.length)) return [];
    const gapped = sentence.slice(0, at) + GAP + sentence.slice(at + label.length);
    const [prompt, testPrompt] = frames.gap(about, gapped);
    return {
      prompt,
      testPrompt,
      answer: label,
      type: kind === 'entities' ? 'name' : kind === 'dates' ? 'date' : 'number',
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
