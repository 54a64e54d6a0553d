/** What writes an exam's questions: rules, a model on this machine, an endpoint, or whatever keeps this contract. */
import type { Part } from './part.js';

/** A question as it was written, before it is checked. */
export interface Draft {
  readonly prompt: string;
  /** The same question in other words, kept for testing; absent where none was written. */
  readonly testPrompt?: string;
  /** Short, and as the text has it. */
  readonly answer: string;
  /** `fact` by default. */
  readonly type?: string;
}

export interface Written {
  readonly drafts: readonly Draft[];
  /** Lines of an answer that were no question; 0 for rules. */
  readonly unread: number;
}

export interface ExamWriter {
  /** For people. */
  readonly name: string;
  /** Parts worth having under way at once. */
  readonly concurrency: number;
  /** Up to about `count` questions on a part; more may be written where some will be dropped. Throws ExamStopped where going on is pointless. */
  write(part: Part, count: number, signal?: AbortSignal): Promise<Written>;
  /** Other wordings of questions that have none, in their order; undefined where none could be written. Throws ExamStopped. */
  reword(prompts: readonly string[], part: Part, signal?: AbortSignal): Promise<readonly (string | undefined)[]>;
  /** What a part takes of a model, in tokens; null where none is asked. */
  estimate(part: Part, count: number): { readonly inputTokens: number; readonly outputTokens: number } | null;
}

/** The work ended before all parts had questions: what is written is kept, and a new run goes on from there. */
export class ExamStopped extends Error {
  override readonly name = 'ExamStopped';
}
