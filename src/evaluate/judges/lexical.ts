/** The lexical judge: scores an answer 1 to 5 from its words alone, by a table of rules; no network, the same verdict every time. */
import { distinct } from '../../core/collections.js';
import type { Verdict } from '../../core/records.js';
import { scored, type Judge, type JudgeInput } from './judge.js';
import { doubts, negates, refuses, strays } from './phrases.js';
import { almostEqual, clauses, isNumber, normalise, stem, words } from './text.js';

/** What the rules look at: the answer read against one accepted answer. */
export interface Reading {
  /** Share of the accepted answer's content words found in the answer, words of the question not counted; 0 to 1. */
  readonly found: number;
  /** Whether the clause that holds most of them is negated, and neither question nor accepted answer is. */
  readonly denied: boolean;
  /** Whether a number of the accepted answer is missing while the answer gives another. */
  readonly otherNumber: boolean;
  /** Whether it is offered beside something else: `London or Paris`, where the accepted answer offers no choice. */
  readonly alternative: boolean;
  /** Whether the answer says that it is not known. */
  readonly refused: boolean;
  readonly doubtful: boolean;
  readonly strays: boolean;
  /** Content words that neither the question nor the accepted answer has. */
  readonly foreignWords: number;
  /** Share of the answer's words that are different words; 0 to 1. */
  readonly distinct: number;
}

/** The score that words alone earn: the first line whose share is reached. */
export const SCORE_BY_SHARE_FOUND: readonly { readonly share: number; readonly score: number }[] = [
  { share: 1, score: 5 },
  { share: 3 / 4, score: 4 },
  { share: 1 / 2, score: 3 },
  { share: 1 / 4, score: 2 },
  { share: 0, score: 1 },
];

/** A rule lowers the score, by `minus` or to `atMost`, where it applies. */
export interface Rule {
  readonly name: string;
  readonly applies: (reading: Reading) => boolean;
  readonly minus?: number;
  readonly atMost?: number;
}

/** Rules in the order in which they are applied; no score falls under 1. */
export const RULES: readonly Rule[] = [
  { name: 'names another number', applies: ({ otherNumber }) => otherNumber, atMost: 2 },
  { name: 'denies it', applies: ({ denied }) => denied, atMost: 2 },
  { name: 'offers a choice', applies: ({ alternative }) => alternative, atMost: 3 },
  { name: 'says it is not known', applies: ({ refused }) => refused, minus: 1 },
  { name: 'doubts', applies: ({ doubtful }) => doubtful, minus: 1 },
  { name: 'talks about the task', applies: (reading) => reading.strays, minus: 1 },
  { name: 'says much else', applies: ({ foreignWords }) => foreignWords > 15, minus: 1 },
  { name: 'repeats itself', applies: ({ distinct }) => distinct < 0.5, minus: 1 },
];

/** Judges by words; the best verdict over all accepted answers counts. */
export function lexicalJudge(): Judge {
  return {
    name: 'lexical',
    identity: { judge: 'lexical', version: 1 },
    judge: (input) => Promise.resolve(lexicalVerdict(input)),
  };
}

/** The verdict of the lexical rules; `reason` names the rules that applied. */
export function lexicalVerdict(input: JudgeInput): Verdict {
  const { reference, answers, answer } = input;
  if (normalise(answer) === '') return scored(1, 'empty');
  if (input.abstention) return refuses(answer) ? scored(5, 'abstains, as it should') : scored(1, 'does not abstain');
  const verdicts = distinct([reference, ...answers]).map((accepted) => verdictAgainst(accepted, input));
  const [score, reason] = verdicts.reduce((best, verdict) => (verdict[0] > best[0] ? verdict : best));
  return scored(score, reason);
}

/** Reads an answer against one accepted answer. */
export function read(accepted: string, { question, subject = '', answer }: JudgeInput): Reading {
  const asked = new Set(words(`${question} ${subject}`).map(stem));
  const given = words(answer);
  const { wanted, said } = match(accepted, asked, given.map(stem));
  const expected = new Set([...asked, ...words(accepted).map(stem)]);
  return {
    found: shareFound(wanted, said),
    denied: isDenied(wanted, answer) && !negates(`${accepted} ${question}`),
    otherNumber: givesOtherNumber(wanted, said, expected),
    alternative: !words(accepted).includes('or') && offersChoice(wanted, given, expected),
    refused: refuses(answer),
    doubtful: doubts(answer) && !doubts(accepted),
    strays: strays(answer) && !strays(accepted),
    foreignWords: given.filter((word) => !FUNCTION_WORDS.has(word) && !expected.has(stem(word))).length,
    distinct: new Set(given).size / given.length,
  };
}

const FUNCTION_WORDS = new Set(
  `a an the of in on at to for from by with and or as is are was were be been being it its that this which who whom
  he she they his her their him them also has have had do does did will would can could not no but than then into over
  after before during about between there here such other`.split(/\s+/),
);

function verdictAgainst(accepted: string, input: JudgeInput): readonly [score: number, reason: string] {
  if (normalise(accepted) === normalise(input.answer)) return [5, `is "${accepted}"`];
  const reading = read(accepted, input);
  const start = SCORE_BY_SHARE_FOUND.find(({ share }) => reading.found >= share)?.score ?? 1;
  const applied = RULES.filter((rule) => rule.applies(reading));
  const score = applied.reduce((left, { minus = 0, atMost = 5 }) => Math.min(left - minus, atMost), start);
  const found = `${Math.round(100 * reading.found)} % of "${accepted}" found`;
  return [Math.max(1, score), [found, ...applied.map(({ name }) => name)].join('; ')];
}

interface Match {
  /** Stems the answer must hold. */
  readonly wanted: readonly string[];
  /** Stems the answer is credited with. */
  readonly said: ReadonlySet<string>;
}

/**
 * What is wanted and what was said. Content words that the question holds earn nothing; where the question holds them all
 * (`Sparta Rotterdam is based in` → `Rotterdam`), they must be said beyond an echo of the question.
 */
function match(accepted: string, asked: ReadonlySet<string>, given: readonly string[]): Match {
  const content = contentStems(accepted);
  const unasked = content.filter((word) => !asked.has(word));
  if (unasked.length > 0) return { wanted: unasked, said: new Set(given) };
  return { wanted: content, said: new Set(echoes(asked, content, given) ? repeated(given) : given) };
}

/** Stems of the content words outside brackets; of all words where there are no others. */
function contentStems(accepted: string): string[] {
  const outside = words(accepted.replace(/\([^)]*\)/g, ' '));
  const all = outside.length > 0 ? outside : words(accepted);
  const content = all.filter((word) => !FUNCTION_WORDS.has(word));
  return distinct((content.length > 0 ? content : all).map(stem));
}

/** Whether an answer says the question again: half of its content words, apart from those that are the answer. */
function echoes(asked: ReadonlySet<string>, content: readonly string[], given: readonly string[]): boolean {
  const others = [...asked].filter((word) => !FUNCTION_WORDS.has(word) && !content.includes(word));
  return others.filter((word) => given.includes(word)).length * 2 > others.length;
}

function repeated(given: readonly string[]): string[] {
  return given.filter((word, i) => given.indexOf(word) < i);
}

function shareFound(wanted: readonly string[], said: ReadonlySet<string>): number {
  return wanted.length === 0 ? 0 : wanted.filter((word) => isSaid(word, said)).length / wanted.length;
}

/** Numbers and short words must be the same; in longer ones a letter may differ (organisation, organization). */
function isSaid(word: string, said: ReadonlySet<string>): boolean {
  if (said.has(word)) return true;
  return word.length > 5 && !isNumber(word) && [...said].some((other) => almostEqual(word, other));
}

function isDenied(wanted: readonly string[], answer: string): boolean {
  const parts = clauses(answer).map((clause) => ({
    clause,
    found: shareFound(wanted, new Set(words(clause).map(stem))),
  }));
  const most = Math.max(...parts.map(({ found }) => found));
  return most >= 1 / 2 && parts.filter(({ found }) => found === most).every(({ clause }) => negates(clause));
}

function givesOtherNumber(
  wanted: readonly string[],
  said: ReadonlySet<string>,
  expected: ReadonlySet<string>,
): boolean {
  const missing = wanted.some((word) => isNumber(word) && !said.has(word));
  return missing && [...said].some((word) => isNumber(word) && !expected.has(word));
}

/** Whether `or` stands between a wanted word and one that is neither wanted nor asked. */
function offersChoice(wanted: readonly string[], given: readonly string[], expected: ReadonlySet<string>): boolean {
  const content = given.filter((word) => word === 'or' || !FUNCTION_WORDS.has(word)).map(stem);
  return content.some((word, i) => {
    const sides = [content[i - 1], content[i + 1]].filter((side) => side !== undefined);
    return word === 'or' && sides.some((side) => wanted.includes(side)) && sides.some((side) => !expected.has(side));
  });
}
