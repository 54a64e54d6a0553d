/** Asking a model for a judgement: a reply that cannot be used is sent back once for repair, then asked for afresh, then given up. */
import { UserError } from '../../core/errors.js';
import { isReply, stopsWork, type ChatMessage, type ChatModel, type ChatOptions } from '../../llm/chat-model.js';
import { withoutThoughts } from '../../text/thoughts.js';

/** A reply read: its meaning, or what is wrong with it. */
export type Read<T> = { readonly value: T } | { readonly problem: string };

export interface Asking<T> {
  readonly model: ChatModel;
  /** The prompt; `attempt` counts from 0 and must change it. */
  readonly prompt: (attempt: number) => readonly ChatMessage[];
  readonly read: (text: string) => Read<T>;
  /** Whether a reply that was cut off is read all the same; default none is. */
  readonly readsCut?: (text: string) => boolean;
  /** What a reply must look like: said again when one has to be repaired. */
  readonly form: string;
  readonly options: ChatOptions;
}

/** Times the question is asked afresh; each reply may be repaired once. */
const ATTEMPTS = 2;

/**
 * A usable reply, or the problem of the last one: `unusable reply: …` where the model answered, else what became of the request
 * (`network: connect ECONNREFUSED …`). Replies that cannot be used are not kept, so that they are asked for again another time.
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
  { model, read, readsCut = () => false, options }: Asking<T>,
  messages: readonly ChatMessage[],
): Promise<{ readonly text: string | null; readonly read: Read<T> }> {
  const isUsable = (text: string): boolean => 'value' in read(withoutThoughts(text).text);
  const outcome = await model.complete(messages, { ...options, isUsable });
  if (isReply(outcome)) {
    const { text } = withoutThoughts(outcome.text);
    const isLost = outcome.status === 'truncated' && !readsCut(text);
    return { text: outcome.text, read: named(isLost ? { problem: 'it was cut off' } : read(text)) };
  }
  if (outcome.status === 'budget')
    throw new UserError(`judging stopped: ${outcome.message}; raise the limit of tokens or cost to go on`);
  if (stopsWork(outcome.status))
    throw new UserError(`judging stopped (${outcome.status}): ${outcome.message}; run again to go on`);
  return { text: null, read: { problem: `${outcome.status}: ${outcome.message}` } };
}

function named<T>(read: Read<T>): Read<T> {
  return 'value' in read ? read : { problem: `unusable reply: ${read.problem}` };
}

function repair(reply: string, problem: string, form: string): ChatMessage[] {
  return [
    { role: 'assistant', content: reply },
    { role: 'user', content: `That reply cannot be used: ${problem.replace(/^unusable reply: /, '')}. ${form}` },
  ];
}
