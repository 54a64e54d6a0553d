/** Questions as data files give them: every field of a question is read, every other one noted. */
import { z } from 'zod';
import { isObject } from '../../core/json.js';
import type { Question } from '../../core/records.js';
import { answerText, anyArray, check, fieldPath, idText, soundText } from '../schema.js';
import { plainNumbers } from '../source-number.js';
import { mergeAnswers, noteIgnored, type ReadContext } from './format.js';

const answers = z.union([answerText.transform((answer) => [answer]), z.array(answerText).min(1, 'has no answer')]);
const wordings = z.union([soundText.transform((wording) => [wording]), z.array(soundText)]);

/** Fields of a question that may be absent. */
type Extra = Exclude<keyof Question, 'prompt' | 'answers'>;

/** How each of them is read: a field that a question has and that is not read does not compile. */
const extras = z.object({
  id: idText.exactOptional(),
  paraphrases: wordings.exactOptional(),
  testPrompt: soundText.exactOptional(),
  type: soundText.exactOptional(),
  abstention: z.boolean().exactOptional(),
  bits: z.preprocess(plainNumbers, z.number().nonnegative()).exactOptional(),
  subject: soundText.exactOptional(),
  date: soundText.exactOptional(),
} satisfies Record<Extra, z.ZodType>);

const anyObject = z.record(z.string(), z.unknown());
const KNOWN = new Set(['prompt', 'question', 'answers', 'answer', ...Object.keys(extras.shape)]);

/** Questions given as an array of objects with `prompt` or `question`, and `answers` or `answer`; ids default to the index. */
export function readQuestions(value: unknown, path: readonly PropertyKey[], context: ReadContext): Question[] {
  const list = check(anyArray, value, context, 'item', path) ?? [];
  const questions = list.flatMap((entry, index) => readQuestion(entry, index, [...path, index], context) ?? []);
  return mergeAnswers(questions.filter((question) => isNewId(question, questions, path, context)));
}

/** Field names by which problems of a question are told. */
export interface QuestionNames {
  readonly prompt: string;
  readonly answers: string;
}

/** One question, or undefined after telling the log; `names` are those of the file where they differ. */
export function readQuestion(
  value: unknown,
  index: number,
  path: readonly PropertyKey[],
  context: ReadContext,
  names: QuestionNames = namesIn(value),
): Question | undefined {
  const fields = check(anyObject, value, context, 'question', path);
  if (!fields) return undefined;
  noteIgnored(fields, KNOWN, context, path);
  const given = check(extras, fields, context, 'question', path);
  const promptPath = [...path, names.prompt];
  const prompt = check(soundText, fields['prompt'] ?? fields['question'], context, 'question', promptPath);
  const accepted = check(answers, fields['answers'] ?? fields['answer'], context, 'question', [...path, names.answers]);
  if (!given || prompt === undefined || !accepted) return undefined;
  const read = { id: String(index), prompt, answers: accepted, type: 'fact', ...given };
  return withoutTestPrompt(read, path, context);
}

/** The question without paraphrases that are its wording for testing, which is never trained on. */
function withoutTestPrompt(question: Question, path: readonly PropertyKey[], { place, log }: ReadContext): Question {
  const { paraphrases, testPrompt } = question;
  if (paraphrases === undefined || testPrompt === undefined || !paraphrases.includes(testPrompt)) return question;
  log.note('a paraphrase is the wording kept for testing; left out', place, fieldPath([...path, 'paraphrases']));
  return { ...question, paraphrases: paraphrases.filter((wording) => wording !== testPrompt) };
}

function namesIn(value: unknown): QuestionNames {
  const has = (name: string) => isObject(value) && Object.hasOwn(value, name);
  return { prompt: has('prompt') ? 'prompt' : 'question', answers: has('answers') ? 'answers' : 'answer' };
}

function isNewId(
  question: Question,
  all: readonly Question[],
  path: readonly PropertyKey[],
  { place, log }: ReadContext,
): boolean {
  const first = all.findIndex((other) => other.id === question.id);
  if (all[first] === question) return true;
  const field = fieldPath(path);
  const what = `has the question id ${JSON.stringify(question.id)} twice`;
  log.add({ ...place, field, what, fix: 'give each question its own id', scope: 'question' });
  return false;
}
