/** Phrases by which an answer refuses, doubts or strays: plain lists that a person can read and extend. */

const REFUSALS = [
  "(?:do|does|did)(?: not|n['’]t) (?:\\w+ ){0,2}(?:know|say|state|mention|provide|contain|specify|indicate|include|list|give|have (?:any |enough |that )?information)",
  "(?:is|are|was|were)(?: not|n['’]t) (?:\\w+ ){0,2}(?:mentioned|stated|provided|specified|given|listed|available|known|answerable|enough|sufficient|possible to)",
  "(?:has|have)(?: not|n['’]t) (?:\\w+ ){0,2}(?:mentioned|been mentioned|said|told)",
  "(?:is|are|was|were|there['’]s)(?:n['’]t)? (?:no|any) (?:\\w+ ){0,2}(?:mention|information|record|indication|reference|connection)",
  '(?:no|without|lacks?|insufficient|not enough) (?:\\w+ ){0,2}(?:mention|information|context|details?)',
  "(?:can|could)(?: ?not|n['’]t) (?:\\w+ ){0,2}(?:answer|determine|confirm|say|tell|find|provide|conclude|be determined)",
  '(?:unable|not able|impossible|not possible) to (?:answer|determine|confirm|say|tell|find|provide|state)',
  "(?:am|i['’]m) not (?:sure|certain)",
  "no (?:idea|answer)|unanswerable|unknown|not mentioned|not (?:explicitly|directly|specifically)|i (?:do not|don['’]t) know|you (?:did|have) ?(?:not|n['’]t) (?:\\w+ )?mention",
];

const DOUBTS = [
  'confus\\w+|mix-?up|mistaken?|misspell\\w*|misspelt|misinterpret\\w*|typo|erroneous|incorrect|unclear|not clear',
  'seems?|appears? (?:to|that)|it appears|might|may (?:be|have)|perhaps|possibly|probably|likely|presumably|infer(?:red)?|either (?:[\\w-]+ ){1,6}or',
];

const ASIDES = [
  "language model|answer the (?:following )?question|the correct answer|rephrase|let[’']s (?:break|analy)",
  '(?<=^|\\n)\\s*(?:question|assistant|user|task|answer) ?:',
  '\\?',
];

const REFUSAL = anyOf(REFUSALS);
const DOUBT = anyOf(DOUBTS);
const ASIDE = anyOf(ASIDES);
const NEGATION = anyOf(["not|no|never|neither|nor|without|cannot|\\w+n['’]t"]);

/** Whether a text says that the answer is not known or not in the source. */
export function refuses(text: string): boolean {
  return REFUSAL.test(text);
}

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

function anyOf(phrases: readonly string[]): RegExp {
  const parts = phrases.map((phrase) => (/^\(\?<=|^\\\?/.test(phrase) ? phrase : `\\b(?:${phrase})(?!\\w)`));
  return new RegExp(parts.join('|'), 'iu');
}
