/** Questions as data files give them: every field of a question is read, every other one noted. */
import { z } from 'zod';
import { isObject } from '../../core/json.js';
import type { Question } from '../../core/records.js';
import { answerText, anyArray, check, fieldPath, idText, noteOddities, soundText } from '../schema.js';
import { plainNumbers, SourceNumber } from '../../files/source-number.js';
import { mergeAnswers, noteIgnored, type ReadContext } from './format.js';
import { readCell } from './list-cell.js';

const answers = z.union([answerText.transform((answer) => [answer]), z.array(answerText).min(1, 'has no answer')]);

/** Answers as other data sets write them: SQuAD's `{text: […]}` and `[{text}]`, TriviaQA's `{value, aliases}`, DROP's `{spans}`; anything else as it is. */
function plainAnswers(value: unknown): unknown {
  if (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => isObject(each) && typeof each['text'] === 'string')
  )
    return [...new Set(value.map((each: { text: string }) => each.text))];
  if (!isObject(value) || value instanceof SourceNumber) return value;
  const { text, value: main, aliases, spans } = value;
  if (Array.isArray(text)) return [...new Set(text as unknown[])];
  if (typeof text === 'string') return text;
  if (main !== undefined && Array.isArray(aliases)) return [...new Set([main, ...(aliases as unknown[])])];
  return Array.isArray(spans) ? spans : value;
}

/** Whether a question says that its text does not answer it, as SQuAD 2.0 does: it is marked so, or its answers' texts are none. */
function isUnanswerable(fields: Readonly<Record<string, unknown>>): boolean {
  const given = fields['answers'] ?? fields['answer'];
  const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;
  if (fields['is_impossible'] === true) return isEmpty(given) || given === undefined;
  return isObject(given) && 'answer_start' in given && isEmpty(given['text']);
}
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
  evidence: soundText.exactOptional(),
  date: soundText.exactOptional(),
} satisfies Record<Extra, z.ZodType>);

const anyObject = z.record(z.string(), z.unknown());
const KNOWN = new Set(['prompt', 'question', 'answers', 'answer', 'is_impossible', ...Object.keys(extras.shape)]);

/** Questions given as an array of objects with `prompt` or `question`, and `answers` or `answer`; ids default to the index. */
export function readQuestions(value: unknown, path: readonly PropertyKey[], context: ReadContext): Question[] {
  const list = check(anyArray, value, context, { scope: 'item', path }) ?? [];
  const questions = list.flatMap(
    (entry, index) => readQuestion(entry, { index, path: [...path, index] }, context) ?? [],
  );
  return mergeAnswers(questions.filter((question) => isNewId(question, questions, path, context)));
}

/** Field names by which problems of a question are told. */
export interface QuestionNames {
  readonly prompt: string;
  readonly answers: string;
}

/** Where a question stands in its record. */
export interface QuestionPlace {
  /** Its number, which is its id where it has none; default 0. */
  readonly index?: number;
  /** Default the record itself. */
  readonly path?: readonly PropertyKey[];
  /** Names of its fields in the file; default those that it has. */
  readonly names?: QuestionNames;
}

/** One question, or undefined after telling the log. */
export function readQuestion(
  value: unknown,
  { index = 0, path = [], names = namesIn(value) }: QuestionPlace,
  context: ReadContext,
): Question | undefined {
  const fields = check(anyObject, value, context, { scope: 'question', path });
  if (!fields) return undefined;
  noteIgnored(fields, KNOWN, context, path);
  if (isUnanswerable(fields)) {
    context.log.note('a question that its text does not answer is left out', context.place, fieldPath(path));
    return undefined;
  }
  const given = check(extras, fields, context, { scope: 'question', path });
  const promptPath = [...path, names.prompt];
  const prompt = check(soundText, fields['prompt'] ?? fields['question'], context, {
    scope: 'question',
    path: promptPath,
  });
  const answersPath = [...path, names.answers];
  const accepted = check(answers, plainAnswers(fields['answers'] ?? fields['answer']), context, {
    scope: 'question',
    path: answersPath,
  });
  if (!given || prompt === undefined || !accepted) return undefined;
  noteOddities(prompt, fieldPath(promptPath), context);
  for (const answer of accepted) noteAnswer(answer, fieldPath(answersPath), context);
  const read = { id: String(index), prompt, answers: accepted, type: 'fact', ...given };
  return withoutTestPrompt(read, path, context);
}

/** What a spreadsheet left of a value in place of it. */
function spoiltByTable(answer: string): string | undefined {
  if (/^#(?:REF!|N\/A|VALUE!|DIV\/0!|NAME\?|NUM!|NULL!|####*)$/.test(answer))
    return 'an answer is the error of a spreadsheet (#REF!, #N/A …); taken as text';
  return /^-?\d[.,]\d{2,}E\+\d{2,}$/.test(answer)
    ? 'an answer is a number that a spreadsheet has shortened (1.79E+18): its digits are lost'
    : undefined;
}

function noteAnswer(answer: string, field: string, context: ReadContext): void {
  noteOddities(answer, field, context);
  const spoilt = spoiltByTable(answer);
  if (spoilt !== undefined) context.log.note(spoilt, context.place, field);
  const cell = readCell(answer);
  if (cell.kind === 'text') return;
  const what = cell.kind === 'told' ? cell.what : 'a list';
  context.log.note(`an answer looks like ${what}; taken as text`, context.place, field);
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
