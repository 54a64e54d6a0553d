/** A short dialogue with a model: ask, check the answer, say what was wrong, ask again; all that was used is counted. */
import type { JsonObject } from '../../core/json.js';
import { isReply, type ChatMessage, type ChatModel, type ChatOptions, type ChatReply } from '../../llm/chat-model.js';
import { failed, sourceText } from '../measure.js';
import type { Compression, CompressionFailure, FailureReason, Flag, SourceItem } from '../method.js';
import type { Target } from '../target.js';

/** What went wrong on the way to an answer. */
export class AskFailure extends Error {
  override readonly name = 'AskFailure';

  constructor(
    readonly reason: FailureReason,
    message: string,
  ) {
    super(message);
  }
}

/** Replies used for one text, summed up for its provenance. */
export class Usage {
  #calls = 0;
  #prompt = 0;
  #completion = 0;
  readonly #models = new Set<string>();
  readonly #fingerprints = new Set<string>();
  readonly #dropped = new Set<string>();
  #date = '';

  add(reply: ChatReply): void {
    this.#calls++;
    this.#prompt += reply.usage?.promptTokens ?? 0;
    this.#completion += reply.usage?.completionTokens ?? 0;
    this.#models.add(reply.model);
    if (reply.fingerprint !== null) this.#fingerprints.add(reply.fingerprint);
    for (const name of reply.dropped) this.#dropped.add(name);
    if (reply.date > this.#date) this.#date = reply.date;
  }

  get calls(): number {
    return this.#calls;
  }

  /** Answers used (whether new or kept), their tokens, and who gave them when. */
  toJson(): JsonObject {
    return {
      model: [...this.#models].join(', '),
      fingerprint: [...this.#fingerprints].join(', ') || null,
      date: this.#date,
      calls: this.#calls,
      promptTokens: this.#prompt,
      completionTokens: this.#completion,
      ...(this.#dropped.size === 0 ? {} : { droppedParameters: [...this.#dropped] }),
    };
  }
}

/** What is thought of an answer: taken, or asked again with a complaint. */
export type Judgement<T> =
  | { readonly take: T }
  /** `else` is taken when no better answer comes; without it the failure stands. */
  | { readonly reason: FailureReason; readonly complaint: string; readonly else?: T };

export interface Question<T> {
  readonly messages: readonly ChatMessage[];
  readonly options: ChatOptions;
  /** How often it may be asked again. */
  readonly retries: number;
  judge(answer: string): Judgement<T>;
  /** What to say of an answer that was cut at the token limit before asking again; without it the failure stands. */
  readonly whenCut?: string;
}

export interface Answer<T> {
  readonly value: T;
  readonly askedAgain: boolean;
}

/** Asks until an answer is taken; what cannot be is not kept in the cache, so that another run asks for it again. Throws AskFailure, named by the outcome or by what was wrong with the last answer. */
export async function ask<T>(model: ChatModel, question: Question<T>, usage: Usage): Promise<Answer<T>> {
  let messages = question.messages;
  let fallback: T | undefined;
  const isUsable = (text: string): boolean => {
    const judged = question.judge(text);
    return 'take' in judged || judged.else !== undefined;
  };
  for (let asked = 0; ; asked++) {
    const { text: answer, cut } = await reply(model, messages, { ...question.options, isUsable }, usage);
    const judged: Judgement<T> = cut ? cutAnswer(answer, question.whenCut) : question.judge(answer);
    if ('take' in judged) return { value: judged.take, askedAgain: asked > 0 };
    fallback = judged.else ?? fallback;
    if (asked >= question.retries) {
      if (fallback !== undefined) return { value: fallback, askedAgain: asked > 0 };
      throw new AskFailure(
        judged.reason,
        `${judged.reason === 'truncated' ? 'the answer was cut at the token limit' : 'unusable answer'}: ${opening(answer)}`,
      );
    }
    messages = [
      ...question.messages,
      { role: 'assistant', content: answer },
      { role: 'user', content: judged.complaint },
    ];
  }
}

async function reply(
  model: ChatModel,
  messages: readonly ChatMessage[],
  options: ChatOptions,
  usage: Usage,
): Promise<{ readonly text: string; readonly cut: boolean }> {
  const outcome = await model.complete(messages, options);
  if (!isReply(outcome)) throw new AskFailure(outcome.status, outcome.message);
  usage.add(outcome);
  return { text: outcome.text, cut: outcome.status === 'truncated' };
}

function cutAnswer(answer: string, complaint: string | undefined): Judgement<never> {
  if (complaint === undefined) {
    throw new AskFailure('truncated', `the answer was cut at the token limit: ${opening(answer)}`);
  }
  return { reason: 'truncated', complaint };
}

function opening(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 100 ? `${line.slice(0, 100)} …` : line;
}

/**
 * Makes an item's text from its original: without one, and where asking fails, the outcome is the failure's record.
 * `make` is given the original, the count of what it uses and the set of flags it raises.
 */
export async function asked(
  method: string,
  item: SourceItem,
  target: Target,
  make: (source: string, usage: Usage, flags: Set<Flag>) => Promise<Compression | CompressionFailure>,
): Promise<Compression | CompressionFailure> {
  const source = sourceText(item);
  if (source === undefined) return failed(method, target, 'no-source', `item ${item.id} has no original text`);
  try {
    return await make(source, new Usage(), new Set());
  } catch (error) {
    if (error instanceof AskFailure) return failed(method, target, error.reason, error.message);
    throw error;
  }
}
