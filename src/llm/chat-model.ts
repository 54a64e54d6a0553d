/** What a language model that answers chat messages is, wherever it runs: the one interface between prompts and models. */
import type { Json } from '../core/json.js';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatOptions {
  /** Longest answer in tokens; default 2048. */
  readonly maxTokens?: number;
  /** 0 (the default) is greedy. */
  readonly temperature?: number;
  /** Nucleus sampling, 0 to 1; left to the model by default. */
  readonly topP?: number;
  readonly seed?: number;
  /** Strings that end an answer. */
  readonly stop?: readonly string[];
  /** Ask for a JSON object, where the model can be told so. */
  readonly json?: boolean;
  /** Index of the sample: equal requests with different indices are asked and kept apart; default 0. */
  readonly sample?: number;
  /** Whether an answer cut at `maxTokens` is asked for once more with twice as many; default true. */
  readonly grow?: boolean;
  /** Whether an answer can be used: one that cannot is handed on but not kept, so that it is asked for again another time; default all can. */
  readonly isUsable?: (text: string) => boolean;
  /** Ends the wait; the outcome is then `cancelled`. */
  readonly signal?: AbortSignal;
}

export interface ChatUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** An answer and what is known of its making. */
export interface ChatReply {
  /** Never empty; thinking blocks removed, surrounding white space trimmed. */
  readonly text: string;
  /** The model's name as the reply gives it: an alias may have moved. */
  readonly model: string;
  /** `system_fingerprint` of the reply, where given. */
  readonly fingerprint: string | null;
  /** Null where the server did not say. */
  readonly usage: ChatUsage | null;
  /** When the answer was first received, ISO 8601. */
  readonly date: string;
  /** Whether it came from the cache: no request was made and nothing spent. */
  readonly cached: boolean;
  /** Wishes the server did not know and that were therefore left out, e.g. `response_format`. */
  readonly dropped: readonly string[];
}

/** Why no answer came, by name. */
export type ChatFailureStatus =
  | 'refusal'
  | 'filtered'
  | 'empty'
  | 'too-long'
  | 'bad-request'
  | 'unauthorized'
  | 'not-found'
  | 'quota'
  | 'rate-limited'
  | 'server-error'
  | 'malformed'
  | 'timeout'
  | 'network'
  | 'budget'
  | 'cancelled';

export interface ChatFailure {
  readonly status: ChatFailureStatus;
  /** For people; keys are masked. */
  readonly message: string;
}

/** What became of a request: an answer, an answer cut at `maxTokens`, or a named failure. */
export type ChatOutcome =
  ({ readonly status: 'ok' } & ChatReply) | ({ readonly status: 'truncated' } & ChatReply) | ChatFailure;

/** A model that answers chat messages: an endpoint, or a local model. */
export interface ChatModel {
  /** For people. */
  readonly name: string;
  /** Everything about it that can change an answer. */
  readonly identity: Json;
  /** Requests worth having under way at once. */
  readonly concurrency: number;
  /** Answers, or says by name why not; it throws only on a programming error. */
  complete(messages: readonly ChatMessage[], options?: ChatOptions): Promise<ChatOutcome>;
}

/** Whether the next request would end alike, so that going on is pointless until the user does something. */
const STOPS: Readonly<Record<ChatFailureStatus, boolean>> = {
  refusal: false,
  filtered: false,
  empty: false,
  'too-long': false,
  'bad-request': false,
  unauthorized: true,
  'not-found': true,
  quota: true,
  'rate-limited': true,
  'server-error': false,
  malformed: false,
  timeout: false,
  network: false,
  budget: true,
  cancelled: true,
};

/** Whether an outcome is an answer, whole or cut. */
export function isReply(outcome: ChatOutcome): outcome is Exclude<ChatOutcome, ChatFailure> {
  return outcome.status === 'ok' || outcome.status === 'truncated';
}

/** Whether an outcome means that the work should pause rather than that this one request failed. */
export function stopsWork(status: ChatOutcome['status']): boolean {
  return status !== 'ok' && status !== 'truncated' && STOPS[status];
}
