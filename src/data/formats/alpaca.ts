/** Alpaca records: `instruction` is the question, `input` the text, `output` the answer. */
import type { Item } from '../../core/records.js';
import { check, idText, noteOddities, soundTextOrEmpty } from '../schema.js';
import { noteIgnored, recordedText, type RecordFormat } from './format.js';
import { readQuestion } from './questions.js';

const EXTRA_FIELDS = ['type', 'date', 'subject', 'testPrompt', 'paraphrases'];
const USED = new Set(['id', 'instruction', 'input', 'output', ...EXTRA_FIELDS]);

export const alpaca: RecordFormat = {
  name: 'alpaca',
  matches: (record) => 'instruction' in record && 'output' in record,
  read(record, context): Item | undefined {
    const fallback = String(context.place.record ?? context.place.line);
    const id = check(idText, record['id'] ?? fallback, context, 'item', ['id']);
    const text = check(soundTextOrEmpty, record['input'] ?? '', context, 'item', ['input']);
    const extras = Object.entries(record).filter(([field]) => EXTRA_FIELDS.includes(field));
    const entry = { ...Object.fromEntries(extras), prompt: record['instruction'], answers: record['output'] };
    const question = readQuestion(entry, 0, [], context, { prompt: 'instruction', answers: 'output' });
    noteIgnored(record, USED, context);
    if (id === undefined || text === undefined || !question) return undefined;
    if (text.trim() === '')
      context.log.note('a record has no input, so no text: fit for closed book only', context.place);
    noteOddities(text, 'input', context);
    const texts = text.trim() === '' ? {} : { original: recordedText(text, 'alpaca', 'input') };
    return { id, dataset: context.dataset, texts, questions: [question] };
  },
};
