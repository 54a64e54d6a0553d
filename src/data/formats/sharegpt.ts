/** ShareGPT records: `conversations` of turns, from `human` and `gpt` or of role and content. */
import { check, soundTextOrEmpty } from '../schema.js';
import { readTurns, type Turn } from './chat-turns.js';
import { conversationItem } from './conversation.js';
import { noteIgnored, type RecordFormat } from './format.js';

const FIELDS = ['conversations', 'conversation'];

export const sharegpt: RecordFormat = {
  name: 'sharegpt',
  matches: (record) => FIELDS.some((field) => field in record),
  read(record, context) {
    const field = FIELDS.find((name) => name in record) ?? 'conversations';
    const read = readTurns(record[field], field, context);
    const system = check(soundTextOrEmpty, record['system'] ?? '', context, { scope: 'item', path: ['system'] });
    noteIgnored(record, new Set(['id', field, 'system']), context);
    if (!read || system === undefined) return undefined;
    const before: Turn[] = system.trim() === '' ? [] : [{ role: 'system', content: system, isLearnt: false }];
    return conversationItem([...before, ...read], { id: record['id'], field, format: 'sharegpt' }, context);
  },
};
