/** Triplets (subject, prompt with `{}`, target) as questions: the form both WikiUpdate files share. */
import { z } from 'zod';
import { isObject } from '../../core/json.js';
import type { Question } from '../../core/records.js';
import { answerText, anyArray, check, soundText } from '../schema.js';
import { mergeAnswers, noteIgnored, type ReadContext } from './format.js';

const triplet = z.object({ subject: soundText, prompt: soundText, target: answerText });

const TRIPLET_FIELDS = new Set(Object.keys(triplet.shape));

const PLACEHOLDER = '{}';

/** One question per triplet, ids by its index; a triplet that cannot be read is told to the log and left out. */
export function readTriplets(value: unknown, path: readonly PropertyKey[], context: ReadContext): Question[] {
  const list = check(anyArray, value, context, { scope: 'item', path }) ?? [];
  const questions = list.flatMap((entry, index) => readTriplet(entry, index, [...path, index], context) ?? []);
  return mergeAnswers(questions);
}

function readTriplet(
  value: unknown,
  index: number,
  path: readonly PropertyKey[],
  context: ReadContext,
): Question | undefined {
  const read = check(triplet, value, context, { scope: 'question', path });
  if (isObject(value)) noteIgnored(value, TRIPLET_FIELDS, context, path);
  if (!read) return undefined;
  return {
    id: String(index),
    prompt: completionPrompt(read.prompt, read.subject),
    answers: [read.target],
    type: 'fact',
    subject: read.subject,
  };
}

/** `Complete the sentence: …` with the subject in every placeholder. */
export function completionPrompt(prompt: string, subject: string): string {
  return `Complete the sentence: ${prompt.split(PLACEHOLDER).join(subject)}`;
}
