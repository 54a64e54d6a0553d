/** A run as plain data: what decides its result, apart from where and how it is carried out. */
import { hashJson } from '../core/hash.js';
import type { Json } from '../core/json.js';
import type { Level } from '../core/levels.js';
import type { Book, Item } from '../core/records.js';
import type { Device, GenerateSettings, TrainSettings } from '../core/settings.js';
import type { PromptStyle } from '../models/text/prompt.js';

/** Raised when the same identity no longer means the same result: another sampling, packing, initialisation or order. */
export const IDENTITY_VERSION = 1;

/** Everything that can change a run's result, and nothing that cannot. */
export interface RunIdentity {
  readonly version: number;
  readonly dataset: string;
  readonly book: Extract<Book, 'open' | 'closed'>;
  /** `none` in a closed-book run. */
  readonly level: Level | 'none';
  /** LoRA rank; 0 is the untuned base model. */
  readonly rank: number;
  /** Items trained on; 0 for the base. */
  readonly items: number;
  readonly seed: number;
  /** SHA-256 of what is trained on (null for the base) and of what is asked. */
  readonly trained: string | null;
  readonly asked: string;
  /** The model's identity, and its renderer's: prompt style, chat template, tokenizer. */
  readonly model: string;
  readonly renderer: string;
  readonly prompt: PromptStyle;
  /** Null for the base. How often checkpoints are written changes nothing and is left out. */
  readonly training: Omit<TrainSettings, 'checkpointEverySteps'> | null;
  readonly generation: GenerateSettings;
  /** Longest prompt with its answer, in tokens; the context is what gives way. */
  readonly maxLength: number;
  readonly judge: Json;
  /** What computes: its version, and the device, for other devices round otherwise. */
  readonly engine: { readonly name: string; readonly device: Device };
}

/** Where things lie and how the work is done; none of it changes the result. */
export interface RunPlace {
  readonly modelPath: string;
  /** Items as JSON lines, relative to the run's folder. */
  readonly data: string;
  readonly trained: readonly string[];
  readonly asked: readonly string[];
  readonly checkpointEverySteps: number;
  readonly threads: number;
  readonly judge: JudgePlace;
}

export interface JudgePlace {
  readonly name: string;
  readonly model?: string;
  readonly endpoint?: string;
}

/** One cell of the grid. */
export interface RunSpec {
  readonly version: number;
  /** SHA-256 of `identity`. */
  readonly id: string;
  readonly identity: RunIdentity;
  readonly place: RunPlace;
}

/** A run with the items it trains on and asks about. */
export interface PlannedRun {
  readonly spec: RunSpec;
  readonly trained: readonly Item[];
  readonly asked: readonly Item[];
}

/** The run's identity as 64 hexadecimal digits: computed alike from the plan and from a stored record. */
export function runId(identity: RunIdentity): string {
  return hashJson(identity);
}

export function runSpec(identity: RunIdentity, place: RunPlace): RunSpec {
  return { version: IDENTITY_VERSION, id: runId(identity), identity, place };
}

/** Name for people, e.g. `articles-open-summ_l2-r8-n40-s0`. */
export function runName({ dataset, book, level, rank, items, seed }: RunIdentity): string {
  const text = book === 'open' ? [dataset, book, level] : [dataset, book];
  return (rank === 0 ? [...text, 'base'] : [...text, `r${rank}`, `n${items}`, `s${seed}`]).join('-');
}

/** Name of the run's folder: readable, and unique by its identity. */
export function runFolderName(spec: Pick<RunSpec, 'id' | 'identity'>): string {
  return `${runName(spec.identity)}-${spec.id.slice(0, 12)}`;
}
