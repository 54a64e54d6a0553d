/** A JSON object from a model, by a schema: mended where it nearly is one, else repaired once by the model. */
import type { z } from 'zod';
import type { ChatMessage, ChatModel } from '../../llm/chat-model.js';
import { ask, AskFailure, type Usage } from './ask-again.js';
import { readJsonAnswer, type JsonAnswer } from './json-answer.js';
import type { Flag } from '../method.js';

export interface JsonChat {
  readonly maxTokens: number;
  readonly json: boolean;
  readonly sample: number;
  readonly temperature: number;
  readonly signal: AbortSignal | undefined;
}

/** JSON by a schema, repaired by the model once where it is broken; null where it then still is. Throws AskFailure on other failures. */
export async function askForJson<T>(
  model: ChatModel,
  messages: readonly ChatMessage[],
  chat: JsonChat,
  schema: z.ZodType<T>,
  usage: Usage,
  flags: Set<Flag>,
): Promise<T | null> {
  const { signal, ...rest } = chat;
  // Limits are generous: what is cut goes on for ever, and is better asked anew than longer.
  const options = { ...rest, grow: false, ...(signal === undefined ? {} : { signal }) };
  const judge = (answer: string) => {
    const read: JsonAnswer<T> = readJsonAnswer(answer, schema);
    if (!('problem' in read)) return { take: read };
    return {
      reason: 'invalid-json' as const,
      complaint: `${read.problem} Answer again with the corrected JSON object alone.`,
    };
  };
  try {
    const { value, askedAgain } = await ask(model, { messages, options, retries: 1, judge }, usage);
    if (askedAgain) flags.add('asked-again');
    if (value.mended) flags.add('json-repaired');
    return value.value;
  } catch (error) {
    const broken = error instanceof AskFailure && (error.reason === 'invalid-json' || error.reason === 'truncated');
    if (!broken) throw error;
    flags.add('asked-again');
    return null;
  }
}
