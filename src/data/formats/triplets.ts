/** Triplets (subject, prompt with `{}`, target) as questions: the form both WikiUpdate files share. */
import { z } from 'zod';
import type { Question } from '../../core/records.js';
import { answerText, anyArray, check, fieldPath, soundText } from '../schema.js';
import { mergeAnswers, type ReadContext } from './format.js';

const triplet = z.object({ subject: soundText, prompt: soundText, target: answerText });

const PLACEHOLDER = '{}';

/** One question per triplet, ids by its index; a triplet that cannot be read is told to the log and left out. */
export function readTriplets(value: unknown, path: readonly PropertyKey[], context: ReadContext): Question[] {
  const list = check(anyArray, value, context, 'item', path) ?? [];
  const questions = list.flatMap((entry, index) => readTriplet(entry, index, [...path, index], context) ?? []);
  return mergeAnswers(questions);
}

function readTriplet(value: unknown, index: number, path: readonly PropertyKey[], context: ReadContext) {
  const read = check(triplet, value, context, 'question', path);
  if (!read) return undefined;
  const question: Question = {
    id: String(index),
    prompt: completionPrompt(read.prompt, read.subject),
    answers: [read.target],
    type: 'fact',
    subject: read.subject,
  };
  return hasPlaceholder(question, path, context) ? undefined : question;
}

/** `Complete the sentence: …` with the subject in every placeholder. */
export function completionPrompt(prompt: string, subject: string): string {
  return `Complete the sentence: ${prompt.split(PLACEHOLDER).join(subject)}`;
}

/** Whether a `{}` is left in what the model would read; told to the log. */
function hasPlaceholder(question: Question, path: readonly PropertyKey[], context: ReadContext): boolean {
  return [question.prompt, ...question.answers].some((text) => notePlaceholder(text, path, context));
}

/** Tells of a `{}` that nothing fills. */
export function notePlaceholder(text: string, path: readonly PropertyKey[], { place, log }: ReadContext): boolean {
  if (!text.includes(PLACEHOLDER)) return false;
  const fix = 'write the subject in its place';
  log.add({ ...place, field: fieldPath(path), what: 'keeps an unfilled {}', fix, scope: 'question' });
  return true;
}
