/** What writes rewrites and questions: rules, a model on this machine, an endpoint, or whatever keeps this contract. */
import type { Json } from '../core/json.js';
import type { Source } from './form.js';

/** How a question asks: for the answer, for the subject, or for the gap in its sentence. */
export type Asking = 'forward' | 'reversed' | 'cloze';

/** One wording of a question as it was written, before it is checked. */
export interface StudyDraft {
  /** Which fact of the text it asks about: the wordings of one fact share it. */
  readonly fact: string;
  readonly asking: Asking;
  readonly prompt: string;
  /** Short, and as the text has it. */
  readonly answer: string;
  /** Taken only where there are not enough other wordings of the fact. */
  readonly spare?: boolean;
  /** Made of the text's own words by rules, by a writer that can add to it otherwise. */
  readonly ofText?: boolean;
}

export interface WrittenStudy {
  readonly drafts: readonly StudyDraft[];
  /** Lines of an answer that were no question; 0 for rules. */
  readonly unread: number;
  /** Requests that gave nothing to use; 0 for rules. */
  readonly failed: number;
}

export interface WrittenRewrites {
  readonly texts: readonly string[];
  /** Rewrites that were not given; 0 for rules. */
  readonly failed: number;
}

/** What is asked of a writer. */
export interface StudyRequest {
  /** Wordings of each fact that will be trained; more may be written where some will be dropped. */
  readonly wordings: number;
  readonly signal?: AbortSignal;
}

export interface RewriteRequest {
  /** How many other texts are wanted. */
  readonly count: number;
  /** Same seed, same rewrites. */
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** What is asked about a text: so many wordings of each fact, or so many rewrites. */
export type Asked = { readonly study: number } | { readonly rewrites: number };

/** What a writer's work takes of a model. */
export interface WriterEstimate {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface FormWriter {
  /** For people: `rules`, `world`, or the model's name. */
  readonly name: string;
  /** Everything about it that can change what it writes. */
  readonly identity: Json;
  /** Texts worth having under way at once. */
  readonly concurrency: number;
  /** Whether it can write nothing but what the text says; what others write is checked for what it adds. */
  readonly fromTextAlone: boolean;
  /** Questions about what the text states. Throws FormsStopped where going on is pointless. */
  study(source: Source, request: StudyRequest): Promise<WrittenStudy>;
  /** The text in other words or another order; fewer than asked where there are no more. Throws FormsStopped. */
  rewrite(source: Source, request: RewriteRequest): Promise<WrittenRewrites>;
  /** What it takes; null where no model is asked. */
  estimate(source: Source, asked: Asked): WriterEstimate | null;
  /** Whether it is there already, so that nothing is asked; absent where nothing is kept. */
  isKept?(source: Source, asked: Asked): boolean;
}

/** The work ended before all texts had their forms: what is written is kept, and a new run goes on from there. */
export class FormsStopped extends Error {
  override readonly name = 'FormsStopped';
}
