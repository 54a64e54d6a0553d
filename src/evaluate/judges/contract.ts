/** What a judge is: the one contract between an answer and its verdict, whoever reads it. */
import type { Json } from '../../core/json.js';
import type { AnswerRecord, Verdict } from '../../core/records.js';
import { withoutThoughts } from '../../text/thoughts.js';

/** One answer, and all that a judge may know of its question. */
export interface JudgeInput {
  /** The wording that was put to the model. */
  readonly question: string;
  /** A LongMemEval question type, a relation's name, or `fact`. */
  readonly type: string;
  /** The subject the question is about, where known: words of it earn no credit. */
  readonly subject?: string;
  /** The answer to compare with; for LongMemEval's preference questions, the rubric. */
  readonly reference: string;
  /** Every accepted answer, the reference among them. */
  readonly answers: readonly string[];
  /** What the model said. */
  readonly answer: string;
  /** Whether the right answer is that the text does not say. */
  readonly abstention: boolean;
}

/** Reads an answer and says how good it is, from 1 to 5; a judgement that failed is `unscored`, never a low score. */
export interface Judge {
  readonly name: string;
  /** Everything about it that can change a verdict: the version of its rules or templates, its model. */
  readonly identity: Json;
  judge(input: JudgeInput): Promise<Verdict>;
}

/** From this score on (of 1 to 5) an answer counts as correct. */
export const CORRECT_FROM = 4;

/** A verdict from a score of 1 to 5. */
export function scored(score: number, reason: string): Verdict {
  return { status: 'scored', score, correct: score >= CORRECT_FROM, reason };
}

/** The verdict that there is none, and why. */
export function unscored(reason: string): Verdict {
  return { status: 'unscored', reason };
}

/** What a judge reads of an answer record, thoughts in the answer left out; null where there is no answer to judge. */
export function judgeInput(record: AnswerRecord): JudgeInput | null {
  const { prompt: question, type, reference, answers, answer: given, abstention, subject } = record;
  if (given === null) return null;
  const isWanted = [reference, ...answers].some((accepted) => accepted.trim() === given.trim());
  const answer = isWanted ? given : spoken(given);
  return { question, type, reference, answers, answer, abstention, ...(subject !== null && { subject }) };
}

/** The answer itself where it has no thoughts: judges then read it as it stands. */
function spoken(answer: string): string {
  const { text } = withoutThoughts(answer);
  return text === answer.trim() ? answer : text;
}
