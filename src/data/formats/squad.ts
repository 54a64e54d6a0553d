/** SQuAD: a paragraph's `context` with its questions under `qas`, or one question a record with `answers: {text, answer_start}`. */
import type { Item, Question } from '../../core/records.js';
import { isObject } from '../../core/json.js';
import { check, noteOddities, soundText } from '../schema.js';
import { noteIgnored, recordedText, type ReadContext, type RecordFormat } from './format.js';
import { readQuestion, readQuestions } from './questions.js';

type Fields = Readonly<Record<string, unknown>>;

const isFlat = (record: Fields): boolean => isObject(record['answers']) && 'answer_start' in record['answers'];

export const squad: RecordFormat = {
  name: 'squad',
  joinsRows: true,
  matches: (record) => 'context' in record && (Array.isArray(record['qas']) || isFlat(record)),
  read(record, context): Item | undefined {
    const text = check(soundText, record['context'], context, { scope: 'item', path: ['context'] });
    const questions = Array.isArray(record['qas'])
      ? readQuestions(record['qas'], ['qas'], context)
      : readFlat(record, context);
    noteIgnored(record, new Set(['id', 'title', 'context', 'qas', 'question', 'answers', 'is_impossible']), context);
    if (text === undefined) return undefined;
    noteOddities(text, 'context', context);
    // Paragraphs of one text are one item, named by where the first stands.
    return { id: '', dataset: context.dataset, texts: { original: recordedText(text, 'squad', 'context') }, questions };
  },
};

function readFlat({ question, answers, is_impossible }: Fields, context: ReadContext): Question[] {
  const entry = { question, answers, ...(is_impossible !== undefined && { is_impossible }) };
  const read = readQuestion(entry, {}, context);
  return read ? [read] : [];
}
