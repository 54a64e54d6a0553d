/** OpenAI chat records: `messages` of role and content, as fine-tuning files hold them. */
import { z } from 'zod';
import { check, soundTextOrEmpty } from '../schema.js';
import { conversationItem, type Turn } from './conversation.js';
import { noteIgnored, noteIgnoredIn, type RecordFormat } from './format.js';

const part = z.object({ type: z.literal('text'), text: soundTextOrEmpty });

const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([soundTextOrEmpty, z.array(part).transform((parts) => parts.map((piece) => piece.text).join('\n'))]),
});

const messages = z.array(message);

export const openai: RecordFormat = {
  name: 'openai',
  matches: (record) => 'messages' in record,
  read(record, context) {
    const read = check(messages, record['messages'], context, 'item', ['messages']);
    noteIgnored(record, new Set(['id', 'messages']), context);
    noteIgnoredIn(record['messages'], new Set(Object.keys(message.shape)), context, 'messages');
    if (!read) return undefined;
    const turns: Turn[] = read.map(({ role, content }) => ({ role: role === 'developer' ? 'system' : role, content }));
    return conversationItem(record['id'], turns, 'messages', 'openai', context);
  },
};
