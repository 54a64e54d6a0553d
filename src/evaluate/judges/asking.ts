/** Asking a model for a judgement: a reply that cannot be used is sent back once for repair, then asked for afresh, then given up. */
import { UserError } from '../../core/errors.js';
import { isReply, stopsWork, type ChatMessage, type ChatModel, type ChatOptions } from '../../llm/chat-model.js';

/** A reply read: its meaning, or what is wrong with it. */
export type Read<T> = { readonly value: T } | { readonly problem: string };

export interface Asking<T> {
  readonly model: ChatModel;
  /** The prompt; `attempt` counts from 0 and must change it. */
  readonly prompt: (attempt: number) => readonly ChatMessage[];
  readonly read: (text: string) => Read<T>;
  /** What a reply must look like: said again when one has to be repaired. */
  readonly form: string;
  readonly options: ChatOptions;
}

/** Times the question is asked afresh; each reply may be repaired once. */
const ATTEMPTS = 2;

/**
 * A usable reply, or the problem of the last one.
 * Throws UserError where the endpoint cannot go on at all (no key, no quota …): what is judged so far is kept, the rest waits.
 */
export async function askForJudgement<T>(asking: Asking<T>): Promise<Read<T>> {
  let last: Read<T> = { problem: 'not asked' };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const messages = asking.prompt(attempt);
    const first = await ask(asking, messages);
    last = first.read;
    if ('value' in last || first.text === null) return last;
    last = (await ask(asking, [...messages, ...repair(first.text, last.problem, asking.form)])).read;
    if ('value' in last) return last;
  }
  return last;
}

async function ask<T>(
  { model, read, options }: Asking<T>,
  messages: readonly ChatMessage[],
): Promise<{ readonly text: string | null; readonly read: Read<T> }> {
  const outcome = await model.complete(messages, options);
  if (isReply(outcome)) {
    const cut = outcome.status === 'truncated';
    return { text: outcome.text, read: cut ? { problem: 'the reply was cut off' } : read(outcome.text) };
  }
  if (stopsWork(outcome.status))
    throw new UserError(`judging stopped (${outcome.status}): ${outcome.message}; run again to go on`);
  return { text: null, read: { problem: `${outcome.status}: ${outcome.message}` } };
}

function repair(reply: string, problem: string, form: string): ChatMessage[] {
  return [
    { role: 'assistant', content: reply },
    { role: 'user', content: `That reply cannot be used: ${problem}. ${form}` },
  ];
}
