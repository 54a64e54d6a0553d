/** Phrases by which an answer doubts, strays or denies: plain lists that a person can read and extend. */
import { anyOf } from './any-of.js';

const DOUBTS = [
  'confus\\w+|mix-?up|mistaken?|misspell\\w*|misspelt|misinterpret\\w*|typo|erroneous|incorrect|unclear|not clear',
  'seems?|appears? (?:to|that)|it appears|might|may (?:be|have)|perhaps|possibly|probably|likely|presumably|infer(?:red)?|either (?:[\\w-]+ ){1,6}or',
];

const ASIDES = [
  "language model|answer the (?:following )?question|the correct answer|rephrase|let[’']s (?:break|analy)",
];
const SIGNS_OF_ASIDES = ['(?<=^|\\n)\\s*(?:question|assistant|user|task|answer) ?:', '\\?|？|؟'];

const DOUBT = anyOf(DOUBTS);
const ASIDE = anyOf(ASIDES, SIGNS_OF_ASIDES);
/** Words that negate, and parts of words in scripts without blanks. */
const NEGATIONS = [
  "not|no|never|neither|nor|without|cannot|\\w+n['’]t",
  'nicht|kein(?:e[mnrs]?)?|niemals|pas|jamais|nunca|jamás|не|нет|никогда|ليس(?:ت)?|لم|لن',
];
const NEGATING_PARTS = ['不是|并不|并非|没有|不在|从未|未曾|不对|ではない|ではありません|じゃない|ません|아니|않'];
const NEGATION = anyOf(NEGATIONS, NEGATING_PARTS);
const POSSIBLE_NEGATION = anyOf([...NEGATIONS, 'none|except'], [...NEGATING_PARTS, '[不没無无非未]']);

/** Whether a text doubts itself, the names it was given or the question. */
export function doubts(text: string): boolean {
  return DOUBT.test(text);
}

/** Whether a text asks, talks about the task or plays another part instead of only answering. */
export function strays(text: string): boolean {
  return ASIDE.test(text);
}

/** Whether a text negates something. */
export function negates(text: string): boolean {
  return NEGATION.test(text);
}

/** Whether a text holds anything that may turn a statement round: wider than `negates`, for what must not be left out. */
export function mayNegate(text: string): boolean {
  return POSSIBLE_NEGATION.test(text);
}
