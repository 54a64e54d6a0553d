/** What an audit says: plain data, from which the terminal table, the JSON and the report's section are made. */
import type { Level } from '../core/levels.js';
import type { Bin, Distribution } from './distribution.js';
import type { FactKind } from './facts.js';

export type { Bin, Distribution };

/** Version of the form and of the facts of an `AuditReport`. */
export const AUDIT_VERSION = 3;

export interface AuditReport {
  readonly version: typeof AUDIT_VERSION;
  readonly dataset: string;
  /** SHA-256 of the tokenizer that counted. */
  readonly tokenizer: string;
  /** Longest sample in tokens; null when truncation was not audited. */
  readonly maxLength: number | null;
  readonly items: number;
  readonly questions: number;
  /** `original` first, then by the share of tokens saved. */
  readonly levels: readonly LevelAudit[];
  /** One row per item and level; empty unless asked for. */
  readonly perItem: readonly ItemAudit[];
  /** Some items at all levels, facts marked. */
  readonly views: readonly ItemView[];
}

export interface LevelAudit {
  readonly level: Level;
  /** Items that have both this text and the original: what every rate here is over. */
  readonly n: number;
  /** Items that have this text. */
  readonly texts: number;
  /** Mean words of a text. */
  readonly words: number;
  /** What the texts are, in a few words, where whoever made them said so, of all alike; else null. */
  readonly description: string | null;
  readonly tokens: TokenTotals;
  readonly trr: Rates;
  /** TRR of whole samples (template, text, question, answer), each question one sample; null without a prompt renderer. */
  readonly sampleTrr: Rates | null;
  /** Of the items' TRR. */
  readonly distribution: Distribution;
  readonly grew: {
    readonly count: number;
    /** The first 20 ids, most grown first. */ readonly items: readonly string[];
  };
  readonly retention: Readonly<Record<FactKind, Retention>>;
  readonly density: Density;
  readonly truncation: Truncation | null;
  /** One line in plain words. */
  readonly verdict: string;
}

export interface TokenTotals {
  /** Of the originals of the same items. */
  readonly original: number;
  readonly level: number;
  /** Mean tokens of a text at this level. */
  readonly mean: number;
}

/** Shares of tokens saved, as fractions; null where there is nothing to compare. */
export interface Rates {
  readonly macro: number | null;
  readonly micro: number | null;
}

/** Facts found again. Answers are the questions'; entities, numbers and dates are those of the original text. */
export interface Retention {
  readonly facts: number;
  readonly kept: number;
  /** kept / facts; null without facts. */
  readonly share: number | null;
  /** Mean over items of each item's share; null without facts. */
  readonly macro: number | null;
  /** Of the facts that the original text holds word for word, the share kept; null without such facts. */
  readonly ofOriginal: number | null;
}

export interface Density {
  /** Answers found per 1,000 tokens of text. */
  readonly factsPer1000Tokens: number | null;
  /** Bits of the answers found per token of text. */
  readonly bitsPerToken: number | null;
  /** `recorded`: the questions say their bits; `estimated`: from how often each token occurs in the data set's answers. */
  readonly bits: 'recorded' | 'estimated';
}

/** What the context limit does to the samples of a level. */
export interface Truncation {
  readonly samples: number;
  /** Samples whose text is shortened to fit. */
  readonly shortened: number;
  /** Samples whose answer (or marked evidence) stands in the text but not in the part that fits. */
  readonly lostEvidence: number;
  /** Samples whose question is cut; the renderer never does, and this count shows it. */
  readonly lostQuestion: number;
  readonly lostAnswer: number;
  /** Samples whose question and answer alone exceed the limit: training refuses them. */
  readonly impossible: number;
  /** Tokens of the longest uncut sample. */
  readonly longest: number;
}

export interface ItemAudit {
  readonly item: string;
  readonly level: Level;
  readonly tokens: number;
  readonly originalTokens: number | null;
  readonly trr: number | null;
  /** Share of each kind of fact kept; null without facts. */
  readonly retention: Readonly<Record<FactKind, number | null>>;
}

/** One item side by side at all levels. */
export interface ItemView {
  readonly item: string;
  readonly facts: readonly { readonly kind: FactKind; readonly label: string }[];
  readonly levels: readonly LevelView[];
}

export interface LevelView {
  readonly level: Level;
  readonly text: string;
  readonly tokens: number;
  readonly trr: number | null;
  /** Where facts stand in the text, by start; they may overlap. */
  readonly spans: readonly Span[];
  /** Indices into the view's `facts` of those not found here. */
  readonly lost: readonly number[];
}

export interface Span {
  /** Characters [start, end). */
  readonly start: number;
  readonly end: number;
  /** Index into the view's `facts`. */
  readonly fact: number;
}
