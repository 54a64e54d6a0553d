/** OpenAI chat records: `messages` of role and content, as fine-tuning files hold them, and TRL's `prompt` and `completion` of messages. */
import { isTurns, readTurns, type Turn } from './chat-turns.js';
import { conversationItem } from './conversation.js';
import { noteIgnored, type ReadContext, type RecordFormat } from './format.js';

const FIELDS = ['messages', 'chat', 'dialogue', 'dialog', 'turns'];
const COMPLETIONS = ['completion', 'chosen'];

type Fields = Readonly<Record<string, unknown>>;

const isPrompted = (record: Fields): boolean => isTurns(record['prompt']) || isTurns(record['chosen']);

const fieldOf = (record: Fields): string | undefined =>
  FIELDS.find((name) => name in record && (name === 'messages' || isTurns(record[name])));

export const openai: RecordFormat = {
  name: 'openai',
  matches: (record) => fieldOf(record) !== undefined || isPrompted(record),
  read(record, context) {
    const field = fieldOf(record) ?? (isPrompted(record) ? 'prompt' : 'messages');
    const turns = field === 'prompt' ? promptedTurns(record, context) : readTurns(record[field], field, context);
    const used = field === 'prompt' ? ['prompt', ...COMPLETIONS] : [field];
    noteIgnored(record, new Set(['id', ...used]), context);
    return turns && conversationItem(turns, { id: record['id'], field, format: 'openai' }, context);
  },
};

/** TRL's turns: those of the prompt are shown, those of the completion (of two, the one that was chosen) learnt. */
function promptedTurns(record: Fields, context: ReadContext): Turn[] | undefined {
  const shown = record['prompt'] === undefined ? [] : turnsOf(record['prompt'], 'prompt', 'user', context);
  const field = COMPLETIONS.find((name) => name in record);
  const learnt = field === undefined ? [] : turnsOf(record[field], field, 'assistant', context);
  return shown && learnt && [...shown.map((turn) => ({ ...turn, isLearnt: false })), ...learnt];
}

function turnsOf(value: unknown, field: string, role: Turn['role'], context: ReadContext): Turn[] | undefined {
  return typeof value === 'string' ? [{ role, content: value, isLearnt: true }] : readTurns(value, field, context);
}
