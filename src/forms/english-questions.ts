/** Questions made of simple English sentences: by what follows their verbs and prepositions, and by turning them round: `The depot was built by Marta Voss in 1987.` → `When was the depot built by Marta Voss?` */
import type { AnswerKind } from './frames.js';

/** A sentence around what is asked for. */
export interface AskedSentence {
  readonly before: string;
  readonly behind: string;
  readonly answer: string;
  readonly kind: AnswerKind;
}

const AUXILIARIES = 'is|was|are|were|has|had|will|can';
/** Subject, auxiliary and what stands between it and the answer. */
const SIMPLE = new RegExp(`^(?<subject>[^,;:.!?]{2,80}?) (?<verb>${AUXILIARIES}) (?<rest>[^;:!?]*)$`, 'u');
const MOST_SUBJECT_WORDS = 9;

/** Sentences whose subject would not be what stands first. */
const NOT_SIMPLE =
  /^(?:in|on|at|by|for|from|with|as|after|before|during|since|until|while|when|where|although|though|if|because|there|what|who|which|that|it|they|he|she|this|these|both|among|under|over|according)\b/i;

/** Questions that ask for what is left out of a sentence; none where it is not simple. */
export function turnedQuestions({ before, behind, answer, kind }: AskedSentence): string[] {
  const { subject = '', verb = '', rest = '' } = SIMPLE.exec(`${before.trimEnd()} `)?.groups ?? {};
  if (subject === '' || NOT_SIMPLE.test(subject) || subject.split(' ').length > MOST_SUBJECT_WORDS) return [];
  const said = rest.trim();
  if (/[,(]|\b(?:who|which|that|when|where|while)\b/.test(said)) return [];
  const [, preposition = ''] = /(?:^| )(\p{Ll}+)$/u.exec(said) ?? [];
  const question = questionWord(preposition, isYear(answer) ? 'date' : kind);
  const between = question === undefined ? said : said.slice(0, -preposition.length).trim();
  if (question === undefined && said !== '') return [];
  if (question === undefined && /^ha[sd]$/.test(verb)) return [];
  const parts = [question ?? 'Who or what', verb, lowered(subject), between, tailOf(behind)];
  return [`${parts.filter((part) => part !== '').join(' ')}?`];
}

const isYear = (answer: string): boolean => /^[12]\d{3}s?$/.test(answer);

const PREPOSITIONS = /^(?:of|with|from|to|for|into|as|about|between|against|under|over)$/;

/** What is asked with where a preposition stands before the answer; undefined where none does. */
function questionWord(preposition: string, kind: AnswerKind): string | undefined {
  if (kind === 'date') return /^(?:in|on|since|from|during|around)$/.test(preposition) ? 'When' : undefined;
  if (kind === 'number') return undefined;
  if (preposition === 'by') return 'By whom or what';
  if (/^(?:in|at|near|on)$/.test(preposition)) return kind === 'name' ? 'Where' : 'In or at what';
  return PREPOSITIONS.test(preposition)
    ? `${preposition.charAt(0).toUpperCase()}${preposition.slice(1)} what`
    : undefined;
}

/** What follows, up to the end of its clause. */
function tailOf(behind: string): string {
  return (/^[^,;:.!?(]*/.exec(behind)?.[0] ?? '').trim();
}

/** A question for a sentence's subject, which the sentence must begin with; undefined where it is not simple. */
export function subjectQuestion(sentence: string, subject: string): string | undefined {
  if (!sentence.startsWith(`${subject} `)) return undefined;
  const rest = sentence.slice(subject.length + 1);
  const isSaid = new RegExp(`^(?:${AUXILIARIES}) `).test(rest) && !/[;:!?]/.test(rest);
  return isSaid ? `Who or what ${rest.replace(/[.\s]+$/, '')}?` : undefined;
}

/** A subject as it stands within a sentence. */
function lowered(subject: string): string {
  return subject.replace(/^(?:The|A|An|Its|His|Her|Their|All|Most|Some|Many|Every|Each)\b/, (word) =>
    word.toLowerCase(),
  );
}

/** Words behind which something stands that can be asked for. */
const LEADING =
  'of|in|on|at|by|for|from|with|to|into|onto|over|under|between|among|after|before|during|since|until|through|across|against|about|as|is|are|was|were|be|been|has|have|had|became|become|include|includes|included|served|won|called|named';
const LEAD = new RegExp(`(?<=\\s)(?:${LEADING}) (?=[^\\s,;:()])`, 'gu');
const MOST_PHRASE_WORDS = 8;

/** Words that say nothing without what stands around them, at either end of an answer. */
const UNFIT =
  /^(?:which|that|who|whom|whose|what|when|where|how|it|its|them|they|this|these|those|one|each|all|both|his|her|him|their|your|you|our)\b|\b(?:that|which|who|and|or|of|in|on|to|the|a|an|is|are|was|were)$/i;

/** Behind these a participle belongs to the verb. */
const BE = /^(?:is|are|was|were|be|been|has|have|had)\b/;
const PARTICIPLE =
  /^(?:\p{Ll}+(?:ed|ing)|born|built|made|sold|held|led|known|written|given|taken|found|won|set|seen|told|been|not)\b/u;

/** Words of an English sentence from a verb or preposition to the end of its clause, each once, but for those that are asked for anyway. */
export function phraseGaps(sentence: string): AskedSentence[] {
  return [...sentence.matchAll(LEAD)].flatMap(({ 0: lead, index }) => {
    const start = index + lead.length;
    const answer = (/^[^,;:()?!]*?(?=[,;:()?!]|\.?\s*$)/.exec(sentence.slice(start))?.[0] ?? '').trimEnd();
    if (answer === '' || answer.split(' ').length > MOST_PHRASE_WORDS || UNFIT.test(answer)) return [];
    if (sentence.indexOf(answer) !== start || (BE.test(lead) && PARTICIPLE.test(answer))) return [];
    return { before: sentence.slice(0, start), behind: sentence.slice(start + answer.length), answer, kind: 'phrase' };
  });
}
