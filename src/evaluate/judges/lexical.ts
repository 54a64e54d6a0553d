/** The lexical judge: scores an answer 1 to 5 from its words alone, by a table of rules; no network, the same verdict every time. */
import { distinct } from '../../core/collections.js';
import type { Verdict } from '../../core/records.js';
import { scored, type Judge, type JudgeInput } from './contract.js';
import { doubts, negates, strays } from '../../text/attitude.js';
import { saysUnknown } from '../../text/refusal.js';
import { clauses } from '../../text/sentences.js';
import type { Word } from '../../text/word.js';
import { normalForm, phraseOf, WordText } from '../../text/word-text.js';
import { WORDS_VERSION, wordsOf } from '../../text/words.js';
import { almostEqual } from './almost-equal.js';
import { FUNCTION_WORDS } from '../../text/word-lists.js';
import { creditedTerms, hasContent, termsOf, wantedTerms, type Term } from './terms.js';

/** What the rules look at: the answer read against one accepted answer. */
export interface Reading {
  /** Share of the accepted answer's content words found in the answer, words of the question not counted; 0 to 1. */
  readonly found: number;
  /** Whether the clause that holds most of them is negated, and neither question nor accepted answer is. */
  readonly denied: boolean;
  /** Whether a number of the accepted answer is missing while the answer gives another. */
  readonly otherNumber: boolean;
  /** Whether a number of the accepted answer has another unit in the answer. */
  readonly otherUnit: boolean;
  /** Whether numbers that belong together stand the other way round: `1:3` for `3:1`. */
  readonly otherOrder: boolean;
  /** Whether the accepted answer negates something and the answer nothing: `stated` for `not stated`. */
  readonly affirmed: boolean;
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
  { name: 'names another unit', applies: ({ otherUnit }) => otherUnit, atMost: 2 },
  { name: 'names numbers in another order', applies: ({ otherOrder }) => otherOrder, atMost: 2 },
  { name: 'leaves the negation out', applies: ({ affirmed }) => affirmed, atMost: 2 },
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
    identity: { judge: 'lexical', version: 3, words: WORDS_VERSION },
    judge: (input) => Promise.resolve(lexicalVerdict(input)),
  };
}

/** The verdict of the lexical rules; `reason` names the rules that applied. */
export function lexicalVerdict(input: JudgeInput): Verdict {
  const { reference, answers, answer } = input;
  if (answer.trim() === '') return scored(1, 'empty');
  if (input.abstention)
    return saysUnknown(answer) ? scored(5, 'abstains, as it should') : scored(1, 'does not abstain');
  const verdicts = distinct([reference, ...answers]).map((accepted) => verdictAgainst(accepted, input));
  const [score, reason] = verdicts.reduce((best, verdict) => (verdict[0] > best[0] ? verdict : best));
  return scored(score, reason);
}

/** Reads an answer against one accepted answer. */
export function read(accepted: string, { question, subject = '', answer }: JudgeInput): Reading {
  const asked = new Set(termsOf(wordsOf(`${question}\n${subject}`)));
  const [right, given] = [wordsOf(accepted), wordsOf(answer)];
  const said = termsOf(given);
  const content = contentOf(accepted);
  const { wanted, credited } = match(content, asked, given);
  const expected = new Set([...asked, ...termsOf(right)]);
  return {
    found: shareFound(wanted, credited),
    denied: isDenied(wanted, answer) && !negates(`${accepted} ${question}`),
    otherNumber: givesOther(content, given, expected, 'number') || givesOther(content, given, expected, 'ordinal'),
    otherUnit: givesOtherUnit(right, given),
    otherOrder: reversesNumbers(right, given),
    affirmed: negates(withoutNumero(accepted)) && !negates(answer) && !saysUnknown(answer),
    alternative: !right.some(isOr) && offersChoice(wanted, given, expected),
    refused: saysUnknown(answer),
    doubtful: doubts(answer) && !doubts(accepted),
    strays: strays(answer) && !strays(accepted),
    foreignWords: countForeign(given, expected),
    distinct: said.length === 0 ? 1 : new Set(said).size / said.length,
  };
}

function verdictAgainst(accepted: string, input: JudgeInput): readonly [score: number, reason: string] {
  const phrase = phraseOf(accepted);
  if (normalForm(accepted) === normalForm(input.answer)) return [5, `is "${accepted}"`];
  if (phrase.signs !== undefined) return signsVerdict(accepted, new WordText(input.answer).has(phrase));
  const reading = read(accepted, input);
  const start = SCORE_BY_SHARE_FOUND.find(({ share }) => reading.found >= share - 1e-9)?.score ?? 1;
  const applied = RULES.filter((rule) => rule.applies(reading));
  const score = applied.reduce((left, { minus = 0, atMost = 5 }) => Math.min(left - minus, atMost), start);
  const found = `${Math.round(100 * reading.found)} % of "${accepted}" found`;
  return [Math.max(1, score), [found, ...applied.map(({ name }) => name)].join('; ')];
}

/** An accepted answer without any word is in the answer as it stands, or is not. */
function signsVerdict(accepted: string, isFound: boolean): readonly [score: number, reason: string] {
  return isFound ? [5, `holds "${accepted}"`] : [1, `lacks "${accepted}"`];
}

interface Match {
  /** What the answer must hold. */
  readonly wanted: readonly Term[];
  /** What the answer is credited with. */
  readonly credited: ReadonlySet<string>;
}

/**
 * What is wanted and what was said. Content words that the question holds earn nothing; where the question holds them all
 * (`Sparta Rotterdam is based in` → `Rotterdam`), they must be said beyond an echo of the question.
 */
function match(content: readonly Word[], asked: ReadonlySet<string>, given: readonly Word[]): Match {
  const unasked = wantedTerms(content, asked);
  const said = creditedTerms(given);
  if (unasked.some(({ weight }) => weight === 1)) return { wanted: unasked, credited: new Set(said) };
  const wanted = wantedTerms(content, new Set());
  return { wanted, credited: new Set(echoes(asked, wanted, said) ? repeated(said) : said) };
}

/** The content words outside brackets; all words where there are no others. */
function contentOf(accepted: string): Word[] {
  const outside = wordsOf(accepted.replace(/\([^)]*\)/g, ' '));
  const all = outside.length > 0 ? outside : wordsOf(accepted);
  const content = all.filter((word, i) => hasContent(word) || isGlued(word, all[i - 1]));
  return content.length > 0 ? content : all;
}

/** Whether a word stands right behind a number, and is a part of its name: the `a` of `7a`. */
function isGlued({ kind, start }: Word, before: Word | undefined): boolean {
  return kind === 'word' && before?.kind === 'number' && before.end === start;
}

/** `No. 5` negates nothing. */
function withoutNumero(text: string): string {
  return text.replace(/\bno\.? ?(?=\d)/gi, '');
}

/** Whether two numbers in a row stand in the answer the other way round, and nowhere as they should. */
function reversesNumbers(right: readonly Word[], given: readonly Word[]): boolean {
  const follow = (words: readonly Word[], a: string, b: string): boolean =>
    words.some(({ norm, kind }, i) => kind === 'number' && norm === a && words[i + 1]?.norm === b);
  return right.some((word, i) => {
    const next = right[i + 1];
    if (word.kind !== 'number' || next?.kind !== 'number' || word.norm === next.norm) return false;
    return follow(given, next.norm, word.norm) && !follow(given, word.norm, next.norm);
  });
}

/** Whether an answer says the question again: half of its content words, apart from those that are the answer. */
function echoes(asked: ReadonlySet<string>, wanted: readonly Term[], said: readonly string[]): boolean {
  const own = new Set(wanted.map(({ key }) => key));
  const others = [...asked].filter((word) => !FUNCTION_WORDS.has(word) && !own.has(word));
  return others.filter((word) => said.includes(word)).length * 2 > others.length;
}

function repeated(said: readonly string[]): string[] {
  return said.filter((word, i) => said.indexOf(word) < i);
}

function shareFound(wanted: readonly Term[], credited: ReadonlySet<string>): number {
  const sum = (terms: readonly Term[]): number => terms.reduce((total, { weight }) => total + weight, 0);
  return wanted.length === 0 ? 0 : sum(wanted.filter(({ key }) => isSaid(key, credited))) / sum(wanted);
}

/** Numbers and short words must be the same; in longer ones a letter may differ. */
function isSaid(word: string, credited: ReadonlySet<string>): boolean {
  if (credited.has(word)) return true;
  return word.length > 5 && !/[\d\p{M}]/u.test(word) && [...credited].some((other) => almostEqual(word, other));
}

function isDenied(wanted: readonly Term[], answer: string): boolean {
  const parts = clauses(answer).map((clause) => ({
    clause,
    found: shareFound(wanted, new Set(creditedTerms(wordsOf(clause)))),
  }));
  const most = Math.max(...parts.map(({ found }) => found));
  return most >= 1 / 2 && parts.filter(({ found }) => found === most).every(({ clause }) => negates(clause));
}

/** Whether a number (or ordinal) that is right is missing while another is given. */
function givesOther(
  right: readonly Word[],
  given: readonly Word[],
  expected: ReadonlySet<string>,
  kind: 'number' | 'ordinal',
): boolean {
  const said = new Set(given.map(({ norm }) => norm));
  const isMissing = right.some((word) => word.kind === kind && !said.has(word.norm));
  return isMissing && given.some((word) => word.kind === kind && !expected.has(word.norm));
}

/** Whether a right number stands in the answer with a unit that is not its own. */
function givesOtherUnit(right: readonly Word[], given: readonly Word[]): boolean {
  return right.some((number, at) => {
    if (number.kind !== 'number') return false;
    const places = given.flatMap(({ norm }, i) => (norm === number.norm ? [i] : []));
    return places.length > 0 && places.every((place) => differ(unitsBehind(right, at), unitsBehind(given, place)));
  });
}

/** The units behind a number: `5 °C` has two, degree and celsius. */
function unitsBehind(words: readonly Word[], at: number): string[] {
  const behind = words.slice(at + 1, at + 3).map(({ norm, kind }) => (kind === 'unit' ? norm : undefined));
  return behind
    .slice(0, behind.includes(undefined) ? behind.indexOf(undefined) : 2)
    .filter((norm) => norm !== undefined);
}

function differ(a: readonly string[], b: readonly string[]): boolean {
  return a.some((unit, i) => b[i] !== undefined && b[i] !== unit);
}

function isOr({ norm }: Word): boolean {
  return norm === 'or';
}

/** Whether `or` stands between a wanted word and one that is neither wanted nor asked. */
function offersChoice(wanted: readonly Term[], given: readonly Word[], expected: ReadonlySet<string>): boolean {
  const own = new Set(wanted.map(({ key }) => key));
  const content = given.filter((word) => isOr(word) || hasContent(word)).flatMap((word) => termsOf([word]));
  return content.some((word, i) => {
    const sides = [content[i - 1], content[i + 1]].filter((side) => side !== undefined);
    return word === 'or' && sides.some((side) => own.has(side)) && sides.some((side) => !expected.has(side));
  });
}

/** Content words that neither question nor accepted answer has; two characters count as one word. */
function countForeign(given: readonly Word[], expected: ReadonlySet<string>): number {
  const isForeign = (term: string): boolean => !expected.has(term);
  const spaced = given.filter((word) => word.kind !== 'character' && hasContent(word));
  const characters = termsOf(given.filter(({ kind }) => kind === 'character'));
  return termsOf(spaced).filter(isForeign).length + characters.filter(isForeign).length / 2;
}
