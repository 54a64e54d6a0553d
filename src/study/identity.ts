/** Identities by stage: a training, its answers, a run's rows; each a hash of everything that can change it, and of nothing else. */
import { canonicalJson, hashJson, sha256 } from '../core/hash.js';
import type { Json } from '../core/json.js';
import type { Level } from '../core/levels.js';
import type { Book, Item, TextControl } from '../core/records.js';
import { remembered } from '../core/remembered.js';
import { askedPrompt, trainingSamples } from '../core/samples.js';
import type { Device, GenerateSettings, TrainIdentity } from '../core/settings.js';
import type { Int8Recipe } from '../models/graph/int8-weights.js';
import type { PromptStyle } from '../models/text/prompt.js';
import type { PeftSettings } from '../peft/settings.js';
import type { ServerIdentity } from '../serving/settings.js';
import type { FormShares } from './text-book-config.js';

/**
 * Raised when the same identity no longer means the same result: another sampling, packing, initialisation or order.
 * 1: one identity for training, answers and judge. 2: one for each stage.
 */
export const IDENTITY_VERSION = 2;

/** What computes: its version, and the device, for other devices round otherwise. */
export interface EngineIdentity {
  readonly name: string;
  readonly device: Device;
}

/** How items become tokens. */
export interface PromptIdentity {
  /** Prompt style, chat template and tokenizer, as one hash. */
  readonly renderer: string;
  readonly style: PromptStyle;
  readonly maxLength: number;
  readonly answerRoom: number;
}

/** Everything that can change an adapter. */
export interface TrainingIdentity {
  readonly version: number;
  readonly model: string;
  readonly prompt: PromptIdentity;
  /** SHA-256 of the samples it learns from, as text. */
  readonly samples: string;
  /** How often checkpoints are written changes nothing and is left out. */
  readonly settings: TrainIdentity;
  readonly engine: EngineIdentity;
  /** How integers of eight bits are made, where the base is computed in them. */
  readonly recipe?: Int8Recipe;
  /** What trains where it is not that engine, which then makes samples alone. */
  readonly peft?: PeftSettings;
  /** How often which form of the texts is trained on; absent where questions are. */
  readonly forms?: FormsIdentity;
}

/** What decides, beside the samples, how often each is trained on. */
export interface FormsIdentity {
  readonly shares: FormShares;
  readonly exposures: number;
  /** Facts that the samples ask for. */
  readonly facts: number;
}

/** Everything beside adapter and questions that can change an answer. */
export type AnsweringIdentity =
  | {
      readonly kind: 'local';
      readonly model: string;
      readonly prompt: PromptIdentity;
      readonly generation: GenerateSettings;
      readonly engine: EngineIdentity;
      /** What answers where it is not that engine. */
      readonly peft?: PeftSettings;
      readonly server?: ServerIdentity;
    }
  | {
      readonly kind: 'served';
      /** Address, name and wishes of the endpoint's model. */
      readonly model: Json;
      readonly style: PromptStyle;
      readonly generation: GenerateSettings;
    };

/** A cell of the grid: what rows are told apart by. */
export interface CellIdentity {
  readonly dataset: string;
  readonly book: Book;
  /** `none` in a closed-book run. */
  readonly level: Level | 'none';
  /** LoRA rank; 0 is the untuned base model. */
  readonly rank: number;
  /** Items trained on; 0 for the base. */
  readonly items: number;
  readonly seed: number;
  /** Set where texts are trained on, or asked about for comparison. */
  readonly text?: TextIdentity;
}

/** What tells the runs of a text book apart. */
export interface TextIdentity {
  /** Absent for the base. */
  readonly form?: string;
  readonly exposures?: number;
  readonly control?: TextControl;
  /** Items of which questions are trained, of those trained on. */
  readonly taught: number;
  /** How the adapter's cost is measured; absent of controls. */
  readonly probe?: ProbeIdentity;
}

/** Everything beside adapter, model and items that can change what a probe finds. */
export interface ProbeIdentity {
  /** SHA-256 of the general text. */
  readonly general: string;
  readonly generalTokens: number;
  /** Beside the adapter as it was trained. */
  readonly scales: readonly number[];
  readonly ranks: readonly number[];
}

/** Everything that can change a run's rows: a line through the stages. */
export interface RunIdentity extends CellIdentity {
  readonly version: number;
  /** Null for the base. */
  readonly training: TrainingIdentity | null;
  readonly answering: AnsweringIdentity;
  /** SHA-256 of the questions asked, and of the text shown with them. */
  readonly asked: string;
  /** Everything about each judge that can change its verdicts. */
  readonly judges: readonly Json[];
}

/** A stage's identity as 64 hexadecimal digits: computed alike from the plan and from a stored record. */
export function identityHash(identity: RunIdentity | TrainingIdentity): string {
  return 'training' in identity ? sha256(identityText(identity)) : trainingHash(identity);
}

/** Runs may share a training, and its folder is asked for many times; a run's hash is its plan's to keep. */
const trainingHash = remembered((identity: TrainingIdentity): string => sha256(identityText(identity)));

/** What the identities of a grid, or a run's and its training's, share as one object: told once for thousands of them. */
const SHARED = new Set(['answering', 'engine', 'heldOut', 'judges', 'lora', 'peft', 'prompt']);
/** What each has for itself, made of shared ones and of numbers. */
const OWN = new Set(['settings', 'training']);
const sharedText = remembered(canonicalJson);

/** Canonical JSON, put together from that of its parts. */
function identityText(identity: object): string {
  const fields = identity as Readonly<Record<string, Json | object | undefined>>;
  let told = '';
  for (const key of Object.keys(fields).sort()) {
    const value = fields[key];
    if (value !== undefined) told += `${told === '' ? '' : ','}"${key}":${partText(key, value)}`;
  }
  return `{${told}}`;
}

function partText(key: string, value: Json | object): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (OWN.has(key)) return identityText(value);
  return SHARED.has(key) ? sharedText(value) : canonicalJson(value);
}

/** Where the answers of one asker at one level of a data set are kept: what questions are asked adds to it and changes nothing in it. */
export function answersHash({ dataset, book, level, answering }: RunIdentity, adapter: string | null): string {
  return hashJson({ version: IDENTITY_VERSION, dataset, book, level, answering, adapter });
}

/** SHA-256 of what a training reads of items: the samples, in their order. */
export const samplesHash = remembered((items: readonly Item[], level: Level | 'none'): string =>
  hashJson(
    trainingSamples(items, level).map(({ id, context, prompt, answer }) => [id, context ?? null, prompt, answer]),
  ),
);

/** SHA-256 of what a training reads of texts: the samples, and the texts themselves where the base reads them as a teacher. */
export function textSamplesHash(
  samples: string,
  shares: FormShares,
  items: readonly Item[],
  level: Level | 'none',
): string {
  const texts = shares.distil === undefined ? null : items.map(({ texts }) => texts[level]?.text ?? null);
  return hashJson([samples, texts]);
}

/** SHA-256 of all that rows tell of items: the text at the level, the wording asked, the questions whole. */
export const askedHash = remembered((items: readonly Item[], level: Level | 'none'): string =>
  hashJson(
    items.map(({ id, texts, questions }) => ({
      id,
      text: level === 'none' ? null : (texts[level]?.text ?? null),
      original: texts['original']?.text ?? null,
      questions: questions.map((question) => ({ ...question, prompt: askedPrompt(question), paraphrases: [] })),
    })),
  ),
);

/** Whether the text at the run's level stands in the prompt when questions are asked. */
export function showsText({ book, text }: CellIdentity): boolean {
  return book === 'open' || text?.control === 'with text';
}

/** Name for people, e.g. `articles-open-summ_l2-r8-n40-s0`. */
export function runName({ dataset, book, level, rank, items, seed, text }: CellIdentity): string {
  const place = [dataset, book, ...(book === 'closed' ? [] : [level])];
  const form = text?.form === undefined ? [] : [text.form.replace(/[^\p{L}\p{N}]+/gu, '_'), `e${text.exposures ?? 0}`];
  const trained = rank === 0 ? ['base'] : [...form, `r${rank}`, `n${items}`, `s${seed}`];
  const control = text?.control === undefined ? [] : [text.control.replace(' ', '_')];
  return [...place, ...trained, ...control].join('-');
}
