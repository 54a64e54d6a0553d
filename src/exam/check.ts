/** What of the drafts is asked: answers that stand in the text, one question for each fact, none that gives its answer away. */
import { isKept } from '../audit/retention.js';
import { answerFact } from '../audit/facts.js';
import type { Question } from '../core/records.js';
import { phraseOf, WordText } from '../text/word-text.js';
import { wordsOf } from '../text/words.js';
import type { Part } from './part.js';
import type { Draft } from './writer.js';

/** Why a draft is not asked. */
export const DROP_REASONS = [
  'not in the text',
  'given away',
  'too long',
  'alike',
  'two answers',
  'over the number',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export type Dropped = Readonly<Record<DropReason, number>>;

export interface Checked {
  readonly questions: readonly Question[];
  readonly dropped: Dropped;
}

const MOST_ANSWER_WORDS = 15;
/** Questions that share so much of their words, and their answer, are one. */
const ALIKE = 0.8;

/** The questions of a part, at most `most`, with ids from `q1` on behind those that are taken. */
export function checkedQuestions(
  drafts: readonly Draft[],
  part: Part,
  most: number,
  taken: readonly Question[] = [],
): Checked {
  const dropped: Record<DropReason, number> = {
    'not in the text': 0,
    'given away': 0,
    'too long': 0,
    alike: 0,
    'two answers': 0,
    'over the number': 0,
  };
  const text = new WordText(part.text);
  const questions: Question[] = [];
  const answers = answersByPrompt(drafts);
  for (const draft of drafts) {
    const reason = faultOf(draft, text) ?? (manyAnswers(answers, draft) ? 'two answers' : undefined);
    if (reason !== undefined) dropped[reason]++;
    else if ([...taken, ...questions].some((other) => alike(draft, other))) dropped.alike++;
    else if (questions.length >= most) dropped['over the number']++;
    else questions.push(questionOf(draft, part, `q${taken.length + questions.length + 1}`));
  }
  return { questions, dropped };
}

function faultOf({ prompt, testPrompt, answer }: Draft, text: WordText): DropReason | undefined {
  const words = wordsOf(answer).length;
  if (words > MOST_ANSWER_WORDS) return 'too long';
  if (words === 0 || !isKept(answerFact([answer]), text)) return 'not in the text';
  const phrase = phraseOf(answer);
  const givesAway = [prompt, testPrompt ?? ''].some((wording) => new WordText(wording).has(phrase));
  return givesAway ? 'given away' : undefined;
}

function answersByPrompt(drafts: readonly Draft[]): ReadonlyMap<string, ReadonlySet<string>> {
  const answers = new Map<string, Set<string>>();
  for (const { prompt, answer } of drafts) {
    const key = keyOf(prompt);
    answers.set(key, (answers.get(key) ?? new Set()).add(keyOf(answer)));
  }
  return answers;
}

function manyAnswers(answers: ReadonlyMap<string, ReadonlySet<string>>, { prompt }: Draft): boolean {
  return (answers.get(keyOf(prompt))?.size ?? 0) > 1;
}

const keyOf = (text: string): string =>
  wordsOf(text)
    .map(({ norm }) => norm)
    .join(' ');

function alike(draft: Draft, other: Question): boolean {
  if (keyOf(draft.prompt) === keyOf(other.prompt)) return true;
  if (keyOf(draft.answer) !== keyOf(other.answers[0] ?? '')) return false;
  const [a, b] = [
    new Set(wordsOf(draft.prompt).map(({ norm }) => norm)),
    new Set(wordsOf(other.prompt).map(({ norm }) => norm)),
  ];
  const shared = [...a].filter((word) => b.has(word)).length;
  return shared / (a.size + b.size - shared) >= ALIKE;
}

function questionOf({ prompt, testPrompt, answer, type = 'fact' }: Draft, part: Part, id: string): Question {
  return {
    id,
    prompt,
    ...(testPrompt !== undefined && keyOf(testPrompt) !== keyOf(prompt) && { testPrompt }),
    answers: [answer],
    type,
    evidence: evidenceOf(prompt, answer, part),
    ...(part.topic !== '' && { subject: part.topic }),
  };
}

/** Of what holds the answer, what shares most words with the question; the whole text where no unit holds it. */
export function evidenceOf(prompt: string, answer: string, { units, text }: Pick<Part, 'units' | 'text'>): string {
  const asked = new Set(wordsOf(prompt).map(({ norm }) => norm));
  const fact = answerFact([answer]);
  const holding = units.filter((unit) => isKept(fact, new WordText(unit.text)));
  const shared = (unit: string): number => wordsOf(unit).filter(({ norm }) => asked.has(norm)).length;
  const best = holding.reduce<string | undefined>(
    (top, unit) => (top === undefined || shared(unit.text) > shared(top) ? unit.text : top),
    undefined,
  );
  return best ?? text;
}
