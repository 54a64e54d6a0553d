/** What a report is made from: plain data of a study, whoever gathered it. */
import type { AnalysisOptions } from '../analysis/analyse.js';
import type { RunSummary } from '../analysis/run-summary.js';
import type { JsonObject } from '../core/json.js';
import type { Level } from '../core/levels.js';
import type { Row } from '../core/records.js';
import type { Language } from '../words/language.js';

export interface ReportData {
  readonly title: string;
  /** When the report was made, ISO 8601. */
  readonly created: string;
  /** The command that makes this study and report again. */
  readonly command: string;
  /** Name of the base model, for people. */
  readonly model: string;
  /** The study's settings as they were read, e.g. grid, training, generation, judge. */
  readonly settings: JsonObject;
  /** Hashes and names that fix what was measured: model, tokenizer, template, data, texts. */
  readonly identities: Readonly<Record<string, string>>;
  /** Versions of lightmem, Node, ONNX Runtime … */
  readonly versions: Readonly<Record<string, string>>;
  /** Where it ran: processor, memory, device … */
  readonly environment: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly runs: readonly RunSummary[];
  /** One for each data set that was audited. */
  readonly audits: readonly AuditSummary[];
  /** The loss of each run's training by the run's id; absent where it is not known. */
  readonly losses?: ReadonlyMap<string, LossCurve>;
  /** What was put to the model beside the question; absent where it is not known. */
  readonly shown?: ShownPrompts;
  /** What lies beside the page; absent where nothing does. */
  readonly files?: ReportFiles;
  /** The judge whose verdicts count, where several judged; default: the one with most scored answers. */
  readonly judge?: string;
  /** Questions whose answers the page holds, those whose score changes between runs first; default: as many as a browser bears. */
  readonly mostQuestions?: number;
  /** The language of verdict, page and summary; default English. */
  readonly language?: Language;
  /** How the rows are read, beyond the defaults. */
  readonly reading?: Pick<AnalysisOptions, 'measure' | 'tolerance' | 'rule' | 'rankMargin'>;
}

/** Mean loss after a number of steps, in nats per answer token. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

/** How a training's loss went, in steps' order and few enough points to draw. */
export interface LossCurve {
  /** On what was trained, averaged over neighbouring steps. */
  readonly trained: readonly LossPoint[];
  /** On items kept from training, where they were measured. */
  readonly heldOut: readonly LossPoint[];
}

/** The messages that questions were put in, and the texts that were shown with them. */
export interface ShownPrompts {
  /** `{context}` and `{question}` stand for their parts; the system message is null where none was sent. */
  readonly style: { readonly system: string | null; readonly open: string; readonly closed: string };
  /** Texts by {@link shownKey}, clipped to what a page can carry. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Where a text stands among those shown. */
export function shownKey(dataset: string, item: string, level: Level | 'none'): string {
  return JSON.stringify([dataset, item, level]);
}

/** Files and folders that the page links to, by their paths from its own folder, with `/` between names. */
export interface ReportFiles {
  /** Files that hold all rows. */
  readonly rows: readonly string[];
  /** By a run's id: its folder, and its adapter's where it has one. */
  readonly runs: ReadonlyMap<string, { readonly folder: string; readonly adapter: string | null }>;
}

/** A data set's audit: what its levels kept before anything was trained. An audit's report fits as it is. */
export interface AuditSummary {
  readonly dataset: string;
  /** SHA-256 of the tokenizer that counted. */
  readonly tokenizer: string;
  /** Longest sample in tokens; null when truncation was not audited. */
  readonly maxLength: number | null;
  readonly items: number;
  readonly questions: number;
  readonly levels: readonly AuditedLevel[];
  readonly views: readonly AuditedItem[];
}

export interface AuditedLevel {
  readonly level: Level;
  /** Items that have both this text and the original. */
  readonly n: number;
  readonly tokens: { readonly mean: number };
  /** Mean words of a text. */
  readonly words: number;
  /** What the texts are, in a few words, where it is known. */
  readonly description: string | null;
  readonly trr: { readonly macro: number | null; readonly micro: number | null };
  /** The same of whole samples: template, text, question and answer; null where no samples were made. */
  readonly sampleTrr?: { readonly macro: number | null; readonly micro: number | null } | null;
  readonly distribution: AuditedDistribution;
  readonly grew: { readonly count: number };
  readonly retention: Readonly<Record<'answers' | 'entities' | 'numbers' | 'dates', AuditedRetention>>;
  readonly density: { readonly factsPer1000Tokens: number | null; readonly bitsPerToken: number | null };
  readonly truncation: AuditedTruncation | null;
  /** One line in plain words. */
  readonly verdict: string;
}

export interface AuditedDistribution {
  readonly n: number;
  readonly quantiles: { readonly p5: number; readonly median: number; readonly p95: number } | null;
  /** Counts of items by their TRR, in [start, end). */
  readonly histogram: readonly { readonly start: number; readonly end: number; readonly count: number }[];
}

export interface AuditedRetention {
  readonly facts: number;
  /** Share of the facts kept; null without facts. */
  readonly share: number | null;
  /** Of the facts that the original holds word for word, the share kept; null without such facts. */
  readonly ofOriginal: number | null;
}

export interface AuditedTruncation {
  readonly samples: number;
  readonly shortened: number;
  readonly lostEvidence: number;
  readonly lostQuestion: number;
  readonly lostAnswer: number;
  readonly impossible: number;
}

/** One item side by side at all levels, with its facts' places. */
export interface AuditedItem {
  readonly item: string;
  readonly facts: readonly { readonly kind: string; readonly label: string }[];
  readonly levels: readonly {
    readonly level: Level;
    readonly text: string;
    readonly tokens: number;
    readonly trr: number | null;
    /** Characters [start, end) that hold a fact; they may overlap. */
    readonly spans: readonly { readonly start: number; readonly end: number; readonly fact: number }[];
    /** Indices into `facts` of those not found here. */
    readonly lost: readonly number[];
  }[];
}
