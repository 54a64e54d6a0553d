/** WikiUpdate as AKEW publishes it (arXiv 2402.18909): one requested rewrite per record, with the article and its triplets. */
import { z } from 'zod';
import { isObject } from '../../core/json.js';
import type { Question } from '../../core/records.js';
import { answerText, check, idText, noteOddities, soundText } from '../schema.js';
import { noteIgnored, recordedText, type ReadContext, type RecordFormat } from './format.js';
import { readTriplets } from './triplets.js';

const anyObject = z.record(z.string(), z.unknown());
const otherNames = z.array(answerText);

const ARTICLE_FIELDS = ['fact_new_uns', 'unsfact_triplets_GPT'];
const RECORD_FIELDS = new Set(['case_id', 'requested_rewrite', ...ARTICLE_FIELDS]);
const REWRITE_FIELDS = new Set([
  ...ARTICLE_FIELDS,
  'question',
  'relation_id',
  'subject',
  'answer_new',
  'answer_new_alias',
]);

type Fields = Readonly<Record<string, unknown>>;

export const akew: RecordFormat = {
  name: 'akew',
  dataset: 'wikiupdate',
  matches: (record) => 'requested_rewrite' in record,
  read(record, context) {
    const before = context.log.countOf('item');
    const id = check(idText, record['case_id'], context, { scope: 'item', path: ['case_id'] });
    const rewrite = check(anyObject, record['requested_rewrite'], context, {
      scope: 'item',
      path: ['requested_rewrite'],
    });
    if (id === undefined || !rewrite) return undefined;
    const article = fieldOf(record, rewrite, 'fact_new_uns');
    const text = check(soundText, article.value, context, { scope: 'item', path: article.path });
    const questions = readQuestions(record, rewrite, context);
    noteIgnored(record, RECORD_FIELDS, context);
    noteIgnored(rewrite, REWRITE_FIELDS, context, ['requested_rewrite']);
    if (text === undefined || context.log.countOf('item') > before) return undefined;
    noteOddities(text, 'fact_new_uns', context);
    const texts = { original: recordedText(text, 'akew', 'fact_new_uns') };
    return { id, dataset: context.dataset, texts, questions };
  },
};

/** A field of the rewrite, or of the record where it stands there. */
function fieldOf(record: Fields, rewrite: Fields, name: string): { value: unknown; path: readonly string[] } {
  if (!(name in rewrite) && name in record) return { value: record[name], path: [name] };
  return { value: rewrite[name], path: ['requested_rewrite', name] };
}

/** The triplets' questions; without triplets, the rewrite's own question. */
function readQuestions(record: Fields, rewrite: Fields, context: ReadContext): Question[] {
  const triplets = fieldOf(record, rewrite, 'unsfact_triplets_GPT');
  const names = readAliases(rewrite, context);
  if (triplets.value !== undefined)
    return readTriplets(triplets.value, triplets.path, context).map((question) => withAliases(question, names));
  const path = ['requested_rewrite', 'question'];
  const prompt = check(soundText, rewrite['question'], context, { scope: 'question', path });
  if (prompt === undefined || names.length === 0) return [];
  const type = typeof rewrite['relation_id'] === 'string' ? rewrite['relation_id'] : 'fact';
  const subject = typeof rewrite['subject'] === 'string' ? { subject: rewrite['subject'] } : {};
  return [{ id: 'rewrite', prompt, answers: names, type, ...subject }];
}

/** The new answer and its other names; none when the record gives no answer. */
function readAliases(rewrite: Fields, context: ReadContext): string[] {
  if (rewrite['answer_new'] === undefined) return [];
  const answer = check(answerText, answerName(rewrite['answer_new']), context, {
    scope: 'question',
    path: ['requested_rewrite', 'answer_new'],
  });
  const aliases = otherNames.safeParse(rewrite['answer_new_alias'] ?? []);
  return answer === undefined ? [] : [...new Set([answer, ...(aliases.success ? aliases.data : [])])];
}

/** An answer given as text, or as an object with a name. */
function answerName(value: unknown): unknown {
  return isObject(value) ? (value['name'] ?? value['str']) : value;
}

/** Adds the other names of the rewrite's answer to a question that has that answer. */
function withAliases(question: Question, names: readonly string[]): Question {
  const own = question.answers[0]?.toLowerCase();
  if (!names.some((name) => name.toLowerCase() === own)) return question;
  return { ...question, answers: [...new Set([...question.answers, ...names])] };
}
