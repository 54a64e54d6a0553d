/** Chats as items: what ShareGPT and OpenAI records become once their turns are read. */
import type { Item, Question } from '../../core/records.js';
import { check, idText, noteOddities, soundText } from '../schema.js';
import { recordedText, type DataFormat, type ReadContext } from './format.js';

export interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * The item of a chat. With a system message, that is the text and every exchange a question about it;
 * without one, the last exchange is the question and the turns before it are the text.
 */
export function conversationItem(
  id: unknown,
  turns: readonly Turn[],
  field: string,
  format: DataFormat,
  context: ReadContext,
): Item | undefined {
  const { place, log, dataset } = context;
  const itemId = check(idText, id ?? String(place.record ?? place.line), context, 'item', ['id']);
  const system = turns.filter((turn) => turn.role === 'system').map((turn) => turn.content);
  const chat = turns.filter((turn) => turn.role !== 'system');
  const pairs = exchanges(chat);
  if (pairs.length === 0) {
    const fix = 'give a user turn followed by an assistant turn';
    log.add({ ...place, field, what: 'has no question with an answer', fix, scope: 'item' });
    return undefined;
  }
  const asked = system.length > 0 ? pairs : pairs.slice(-1);
  const text = system.length > 0 ? system.join('\n\n') : transcript(chat.slice(0, asked[0]?.at));
  const questions = asked.flatMap((pair) => question(pair, field, context) ?? []);
  if (itemId === undefined || questions.length === 0) return undefined;
  if (text.trim() === '') log.note('a record has no text before its question: fit for closed book only', place);
  noteOddities(text, field, context);
  const texts = text.trim() === '' ? {} : { original: recordedText(text, format, field) };
  return { id: itemId, dataset, texts, questions };
}

interface Exchange {
  readonly at: number;
  readonly prompt: string;
  readonly answer: string;
}

/** User turns followed by an assistant turn. */
function exchanges(chat: readonly Turn[]): Exchange[] {
  return chat.flatMap((turn, at) => {
    const next = chat[at + 1];
    if (turn.role !== 'user' || next?.role !== 'assistant') return [];
    return [{ at, prompt: turn.content, answer: next.content }];
  });
}

function transcript(turns: readonly Turn[]): string {
  return turns.map(({ role, content }) => `${role}: ${content}`).join('\n');
}

function question({ at, prompt, answer }: Exchange, field: string, context: ReadContext): Question | undefined {
  const path = [field, at];
  const sound = [prompt, answer].map((text) => check(soundText, text, context, 'question', path));
  if (sound.includes(undefined)) return undefined;
  return { id: String(at), prompt, answers: [answer], type: 'chat' };
}
