/** ShareGPT records: `conversations` of turns from `human` and `gpt`. */
import { z } from 'zod';
import { check, soundTextOrEmpty } from '../schema.js';
import { conversationItem, type Turn } from './conversation.js';
import { noteIgnored, noteIgnoredIn, type RecordFormat } from './format.js';

const ROLES: Readonly<Record<string, Turn['role']>> = {
  system: 'system',
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  assistant: 'assistant',
  model: 'assistant',
};

const turns = z.array(
  z.object({
    from: z.enum(Object.keys(ROLES) as [string, ...string[]]),
    value: soundTextOrEmpty,
  }),
);

export const sharegpt: RecordFormat = {
  name: 'sharegpt',
  matches: (record) => Array.isArray(record['conversations']) || 'conversations' in record,
  read(record, context) {
    const read = check(turns, record['conversations'], context, 'item', ['conversations']);
    const system = check(soundTextOrEmpty, record['system'] ?? '', context, 'item', ['system']);
    noteIgnored(record, new Set(['id', 'conversations', 'system']), context);
    noteIgnoredIn(record['conversations'], new Set(['from', 'value']), context, 'conversations');
    if (!read || system === undefined) return undefined;
    const chat = read.map(({ from, value }) => ({ role: ROLES[from] ?? 'user', content: value }));
    const all = system.trim() === '' ? chat : [{ role: 'system' as const, content: system }, ...chat];
    return conversationItem(record['id'], all, 'conversations', 'sharegpt', context);
  },
};
