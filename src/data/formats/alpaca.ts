/** Instructions with their answers: Alpaca's `instruction`, `input`, `output`, Dolly's `instruction`, `context`, `response`. */
import { z } from 'zod';
import type { Item } from '../../core/records.js';
import { check, idText, noteOddities, soundText, soundTextOrEmpty } from '../schema.js';
import { promptBehind } from './conversation.js';
import { noteIgnored, recordedText, type ReadContext, type RecordFormat } from './format.js';
import { readQuestion } from './questions.js';

const EXTRA_FIELDS = ['type', 'date', 'subject', 'testPrompt', 'paraphrases'];
const TEXT_FIELDS = ['input', 'context'];
const ANSWER_FIELDS = ['output', 'response', 'completion', 'answer'];

type Fields = Readonly<Record<string, unknown>>;

const oneOf = (record: Fields, names: readonly string[]): string | undefined =>
  names.find((name) => Object.hasOwn(record, name));

export const alpaca: RecordFormat = {
  name: 'alpaca',
  matches: (record) => 'instruction' in record && oneOf(record, ANSWER_FIELDS) !== undefined,
  read(record, context): Item | undefined {
    const [textField, answerField] = [oneOf(record, TEXT_FIELDS) ?? 'input', oneOf(record, ANSWER_FIELDS) ?? 'output'];
    const fallback = String(context.place.record ?? context.place.line);
    const id = check(idText, record['id'] ?? fallback, context, { scope: 'item', path: ['id'] });
    const input = check(soundTextOrEmpty, record[textField] ?? '', context, { scope: 'item', path: [textField] });
    const system = check(soundTextOrEmpty, record['system'] ?? '', context, { scope: 'item', path: ['system'] });
    const [field, text] = input?.trim() === '' && system?.trim() !== '' ? ['system', system] : [textField, input];
    const question = readInstruction(record, answerField, context);
    const used = ['id', 'instruction', textField, answerField, 'history', 'category', ...EXTRA_FIELDS];
    noteIgnored(record, new Set(field === 'system' || system === '' ? [...used, 'system'] : used), context);
    if (id === undefined || text === undefined || !question) return undefined;
    if (text.trim() === '')
      context.log.note(`a record has no ${textField}, so no text: fit for closed book only`, context.place);
    noteOddities(text, field, context);
    const texts = text.trim() === '' ? {} : { original: recordedText(text, 'alpaca', field) };
    return { id, dataset: context.dataset, texts, questions: [question] };
  },
};

const rounds = z.array(z.tuple([soundTextOrEmpty, soundTextOrEmpty]));

/** The instruction, behind the turns of `history` where there are some, with its answer. */
function readInstruction(record: Fields, answerField: string, context: ReadContext) {
  const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';
  const extras = Object.entries(record).filter(([field, value]) => EXTRA_FIELDS.includes(field) && isGiven(value));
  const type = typeof record['category'] === 'string' && record['category'] !== '' ? { type: record['category'] } : {};
  const history = check(rounds, record['history'] ?? [], context, { scope: 'question', path: ['history'] });
  const prompt = check(soundText, record['instruction'], context, { scope: 'question', path: ['instruction'] });
  if (!history || prompt === undefined) return undefined;
  const before = history.flatMap(([asked, said]) => [
    { role: 'user' as const, content: asked },
    { role: 'assistant' as const, content: said },
  ]);
  const entry = {
    ...type,
    ...Object.fromEntries(extras),
    prompt: promptBehind(before, prompt),
    answers: record[answerField],
  };
  return readQuestion(entry, { names: { prompt: 'instruction', answers: answerField } }, context);
}
