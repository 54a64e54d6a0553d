/** Chats as items: what records of turns become, with everything that stands before a question kept with it. */
import type { Item, Question } from '../../core/records.js';
import { check, idText, noteOddities, soundText } from '../schema.js';
import type { Turn } from './chat-turns.js';
import { recordedText, type DataFormat, type ReadContext } from './format.js';

/** Where the turns of a chat stand in their record. */
export interface ChatSource {
  readonly id: unknown;
  readonly field: string;
  readonly format: DataFormat;
}

/**
 * The item of a chat. With a system message, that is the text, and every exchange that is learnt a question about it whose wording
 * begins with the turns before; without one, the last exchange that is learnt is the question and the turns before it are the text.
 */
export function conversationItem(
  turns: readonly Turn[],
  { id, field, format }: ChatSource,
  context: ReadContext,
): Item | undefined {
  const { place, log, dataset } = context;
  const itemId = check(idText, id ?? String(place.record ?? place.line), context, { scope: 'item', path: ['id'] });
  const system = turns
    .filter((turn) => turn.role === 'system' && turn.content.trim() !== '')
    .map(({ content }) => content);
  const chat = turns.filter((turn) => turn.role !== 'system');
  const pairs = exchanges(chat);
  const asked = system.length > 0 ? pairs : pairs.slice(-1);
  noteUnasked({ chat, pairs, asked }, field, context);
  if (pairs.length === 0) return tellNone(chat, field, context);
  if (system.length > 1) log.note('several system turns are joined to one text', place, field);
  const start = system.length > 0 ? 0 : (asked[0]?.at ?? 0);
  const text = system.length > 0 ? system.join('\n\n') : transcript(chat.slice(0, start));
  const questions = asked.flatMap(
    (pair) => question(pair, [chat.slice(start, pair.at), chat.slice(pair.at, pair.to)], field, context) ?? [],
  );
  if (itemId === undefined || questions.length === 0) return undefined;
  if (text.trim() === '') log.note('a record has no text before its question: fit for closed book only', place);
  noteOddities(text, field, context);
  const texts = text.trim() === '' ? {} : { original: recordedText(text, format, field) };
  return { id: itemId, dataset, texts, questions };
}

function tellNone(chat: readonly Turn[], field: string, { place, log }: ReadContext): undefined {
  const isUnlearnt = chat.some(({ role, isLearnt }) => role === 'assistant' && !isLearnt);
  const what = isUnlearnt ? 'has no answer that is to be learnt' : 'has no question with an answer';
  log.add({ ...place, field, what, fix: 'give a user turn followed by an assistant turn', scope: 'item' });
  return undefined;
}

/** A chat with its exchanges, and those of them that are questions. */
interface AskedChat {
  readonly chat: readonly Turn[];
  readonly pairs: readonly Exchange[];
  readonly asked: readonly Exchange[];
}

/** Notes what of a chat is no question: exchanges before the last, answers to nobody, and what stands behind the last answer. */
function noteUnasked({ chat, pairs, asked }: AskedChat, field: string, { place, log }: ReadContext): void {
  if (asked.length < pairs.length)
    log.note('exchanges before the last one are its text, not questions of their own', place, field);
  for (const [at, { role, isLearnt }] of chat.entries())
    if (role === 'assistant' && isLearnt && askedAt(chat, at) === undefined)
      log.note('an assistant turn behind no user turn is shown, not learnt', place, field);
  const last = pairs.at(-1)?.to ?? chat.length;
  if (last + 1 < chat.length) log.note('turns behind the last answer that is learnt are left out', place, field);
}

interface Exchange {
  /** Numbers of the user's turn and of the answer among those that are no system message. */
  readonly at: number;
  readonly to: number;
  readonly prompt: string;
  readonly answer: string;
}

/** User turns with the assistant turn that answers them and is learnt, at once or behind tools that were called. */
function exchanges(chat: readonly Turn[]): Exchange[] {
  return chat.flatMap((turn, to) => {
    const at = turn.role === 'assistant' && turn.isLearnt ? askedAt(chat, to) : undefined;
    const asked = at === undefined ? undefined : chat[at];
    return at === undefined || !asked ? [] : [{ at, to, prompt: asked.content, answer: turn.content }];
  });
}

/** Number of the user's turn that a turn answers; undefined where another answer, or nothing, stands before it. */
function askedAt(chat: readonly Turn[], answer: number): number | undefined {
  let at = answer - 1;
  while (chat[at]?.role === 'tool') at = chat[at - 1]?.role === 'assistant' ? at - 2 : at - 1;
  return chat[at]?.role === 'user' ? at : undefined;
}

/** Turns as lines, each with who speaks. */
export function transcript(turns: readonly Pick<Turn, 'role' | 'content'>[]): string {
  return turns.map(({ role, content }) => `${role}: ${content}`).join('\n');
}

/** A question as it is asked behind the turns before it; without any, it alone. */
export function promptBehind(before: readonly Pick<Turn, 'role' | 'content'>[], prompt: string): string {
  return before.length === 0 ? prompt : transcript([...before, { role: 'user', content: prompt }]);
}

function question(
  { at, prompt, answer }: Exchange,
  [before, asked]: readonly [before: readonly Turn[], asked: readonly Turn[]],
  field: string,
  context: ReadContext,
): Question | undefined {
  const path = [field, at];
  const sound = [prompt, answer].map((text) => check(soundText, text, context, { scope: 'question', path }));
  if (sound.includes(undefined)) return undefined;
  for (const text of [prompt, answer]) noteOddities(text, field, context);
  const wording = asked.length > 1 ? transcript([...before, ...asked]) : promptBehind(before, prompt);
  return { id: String(at), prompt: wording, answers: [answer], type: 'chat' };
}
