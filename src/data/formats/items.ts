/** Items as lightmem itself writes them: one record per item, with texts by level and questions. */
import { z } from 'zod';
import { isObject, type JsonObject } from '../../core/json.js';
import { isLevel, LEVEL_RULE, levelName } from '../../core/levels.js';
import type { Item, LevelText, Question } from '../../core/records.js';
import { answerText, anyArray, check, fieldPath, idText, noteOddities, soundText } from '../schema.js';
import { mergeAnswers, noteIgnored, type ReadContext, type RecordFormat } from './format.js';
import { notePlaceholder } from './triplets.js';

const levelText = z.union([
  soundText.transform((text) => ({ text, method: 'recorded', provenance: {} })),
  z.object({
    text: soundText,
    method: soundText.default('recorded'),
    provenance: z.record(z.string(), z.json()).default({}),
  }),
]);

const answers = z.union([answerText.transform((answer) => [answer]), z.array(answerText).min(1, 'has no answer')]);

const optionalText = soundText.optional();

const questionFields = z.looseObject({
  id: idText.optional(),
  testPrompt: soundText.optional(),
  type: soundText.optional(),
  abstention: z.boolean().optional(),
  bits: z.number().nonnegative().optional(),
  subject: soundText.optional(),
  date: soundText.optional(),
});

export const items: RecordFormat = {
  name: 'items',
  matches: (record) => isObject(record['texts']),
  read(record, context): Item | undefined {
    const before = context.log.countOf('item');
    const id = check(idText, record['id'], context, 'item', ['id']);
    const dataset = check(optionalText, record['dataset'], context, 'item', ['dataset']) ?? context.dataset;
    const texts = readLevelTexts(record['texts'], context);
    const questions = readQuestions(record['questions'] ?? [], ['questions'], context);
    noteIgnored(record, new Set(['id', 'dataset', 'texts', 'questions']), context);
    if (id === undefined || context.log.countOf('item') > before) return undefined;
    return { id, dataset, texts, questions };
  },
};

function readLevelTexts(value: unknown, context: ReadContext): Item['texts'] {
  const texts: Record<string, LevelText> = {};
  for (const [key, entry] of Object.entries(isObject(value) ? value : {})) {
    const path = ['texts', key];
    const name = levelName(key);
    if (!isLevel(name) || Object.hasOwn(texts, name)) {
      const [what, fix] = isLevel(name)
        ? [`is a second text at level ${name}`, 'keep one']
        : ['names no level', LEVEL_RULE];
      context.log.add({ ...context.place, field: path.join('.'), what, fix, scope: 'item' });
      continue;
    }
    const schema = isObject(entry) ? levelText.options[1] : levelText.options[0];
    const read = check<{ text: string; method: string; provenance: JsonObject }>(schema, entry, context, 'item', path);
    if (!read) continue;
    noteOddities(read.text, path.join('.'), context);
    texts[name] = read;
  }
  return texts;
}

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
  const fields = check(questionFields, value, context, 'question', path);
  if (!fields) return undefined;
  const promptPath = [...path, names.prompt];
  const prompt = check(soundText, fields['prompt'] ?? fields['question'], context, 'question', promptPath);
  const accepted = check(answers, fields['answers'] ?? fields['answer'], context, 'question', [...path, names.answers]);
  if (prompt === undefined || !accepted || notePlaceholder(prompt, promptPath, context)) return undefined;
  return { id: fields.id ?? String(index), prompt, answers: accepted, type: fields.type ?? 'fact', ...extras(fields) };
}

function namesIn(value: unknown): QuestionNames {
  const has = (name: string) => isObject(value) && Object.hasOwn(value, name);
  return { prompt: has('prompt') ? 'prompt' : 'question', answers: has('answers') ? 'answers' : 'answer' };
}

function extras(fields: z.infer<typeof questionFields>): Partial<Question> {
  const { testPrompt, abstention, bits, subject, date } = fields;
  return {
    ...(testPrompt !== undefined && { testPrompt }),
    ...(abstention !== undefined && { abstention }),
    ...(bits !== undefined && { bits }),
    ...(subject !== undefined && { subject }),
    ...(date !== undefined && { date }),
  };
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
