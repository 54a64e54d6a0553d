/** The contract of compression methods: an item and a target in, a shorter text or a named failure out. */
import type { Json, JsonObject } from '../core/json.js';
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import type { ChatFailureStatus } from '../llm/chat-model.js';
import type { Tokenizer } from '../models/model.js';
import type { Target } from './target.js';

/** An item as methods see it: without its questions, so that none can peek at what will be asked. */
export type SourceItem = Pick<Item, 'id' | 'dataset' | 'texts'>;

/** What is remarkable about a text. None of these is silent: they are counted, and shown per item. */
export type Flag =
  /** It has more tokens than its source. */
  | 'longer-than-source'
  /** Its length is far from the target: over 1.5 times or under 0.4 times. */
  | 'off-target'
  /** The source was too long for one request and was compressed in parts. */
  | 'in-parts'
  /** A sentence like "Here is the summary:" was removed. */
  | 'preamble-removed'
  /** A code fence was removed. */
  | 'fence-removed'
  /** Quotation marks around the whole were removed. */
  | 'quotes-removed'
  /** Another answer was asked for, because the first was unusable or far off. */
  | 'asked-again'
  /** Broken JSON was mended. */
  | 'json-repaired'
  /** Facts that should have been kept are not; the provenance names them. */
  | 'facts-lost'
  /** The model claimed facts that the source does not hold; they were left out. */
  | 'unsupported-facts'
  /** Facts were added to the model's text so that none is missing. */
  | 'facts-appended'
  /** The source itself was taken, because the text was longer. */
  | 'original-kept';

/** Sizes of a text beside its source's. */
export interface Measured {
  /** By the counter whose name is in `counter`, without special tokens. */
  readonly tokens: number;
  readonly sourceTokens: number;
  /** 1 − tokens / sourceTokens. */
  readonly trr: number;
  readonly words: number;
  readonly characters: number;
  /** Identity of the tokenizer that counted. */
  readonly counter: string;
}

export interface Compression {
  readonly status: 'done';
  readonly text: string;
  readonly level: Level;
  readonly method: string;
  /** What made it: model, prompts' version, calls, tokens, coverage … */
  readonly provenance: JsonObject;
  readonly measured: Measured;
  readonly flags: readonly Flag[];
}

/** Why there is no text, by name: a chat outcome, or what was wrong with the answer. */
export type FailureReason =
  | ChatFailureStatus
  | 'truncated'
  | 'echo'
  | 'wrong-language'
  | 'invalid-json'
  | 'longer-than-source'
  | 'no-source'
  | 'unsupported-level'
  | 'method-error';

export interface CompressionFailure {
  readonly status: 'failed';
  readonly level: Level;
  readonly method: string;
  readonly reason: FailureReason;
  /** For people. */
  readonly message: string;
}

export interface CompressOptions {
  readonly signal?: AbortSignal;
}

/** What a text will take to make. */
export interface WorkEstimate {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What makes the texts of a method. */
export interface TextMaker {
  /** Items worth having under way at once; default 4. */
  readonly concurrency?: number;
  /** The text at the target, or why not; throws only on a programming error. The same item, target and identity give the same text where the model does. */
  compress(item: SourceItem, target: Target, options?: CompressOptions): Promise<Compression | CompressionFailure>;
  /** Calls and tokens that one item will take; absent where it asks no model. */
  estimate?(item: SourceItem, target: Target): WorkEstimate;
  /** What it reads beside the original, part of what its text is known by; absent where it reads nothing else. */
  reads?(item: SourceItem, target: Target): Json;
}

/** A way to compress, ready for work. Every method passes the shared suite in `test/compress/conformance.ts`. */
export interface CompressionMethod extends TextMaker {
  /** Short, without blanks: `summarize`, `select` … */
  readonly name: string;
  /** Everything that can change its texts (prompts' version, model, options), and nothing that cannot. */
  readonly identity: Json;
}

/** Counts tokens of a text. */
export interface TokenCounter {
  /** Identity of the tokenizer. */
  readonly identity: string;
  count(text: string): number;
}

/** A model that tells how much each token of a text surprises it. */
export interface SurprisalModel {
  /** Everything about it that can change its numbers. */
  readonly identity: Json;
  /** For people. */
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Longest sequence it takes, in tokens. */
  readonly maxTokens: number;
  /** −ln p of each token given those before it in its sequence, in nats, one row per sequence; the first may be anything finite. */
  surprisal(sequences: readonly (readonly number[])[]): Promise<number[][]>;
}
