/** A JSON object from a model, by a schema: mended where it nearly is one, else repaired once by the model. */
import type { z } from 'zod';
import type { ChatMessage, ChatModel } from '../../llm/chat-model.js';
import { ask, AskFailure, type Usage } from './ask-again.js';
import { readJsonAnswer, type JsonAnswer } from './json-answer.js';
import type { Flag } from '../method.js';

export interface JsonRequest<T> {
  readonly messages: readonly ChatMessage[];
  readonly schema: z.ZodType<T>;
  readonly maxTokens: number;
  /** Which of several answers to the same question; those after the first (0, the default) are drawn with some warmth. */
  readonly sample?: number;
  readonly signal: AbortSignal | undefined;
  readonly usage: Usage;
  readonly flags: Set<Flag>;
}

/** JSON by a schema, repaired by the model once where it is broken; null where it then still is. Throws AskFailure on other failures. */
export async function askForJson<T>(model: ChatModel, request: JsonRequest<T>): Promise<T | null> {
  const { messages, schema, usage, flags, signal, maxTokens, sample = 0 } = request;
  const temperature = sample === 0 ? 0 : 0.7;
  // Limits are generous: what is cut goes on for ever, and is better asked anew than longer.
  const options = { maxTokens, json: true, sample, temperature, grow: false, ...(signal && { signal }) };
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
