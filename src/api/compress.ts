/** The verb `compress`: items with texts at the levels asked for, by our methods or your own; what is there is not made again. */
import { compressItems, type CompressRequest, type LevelTask } from '../compress/compress-items.js';
import type { MethodTools } from '../compress/entry.js';
import { openSpecs, type LevelSpec } from '../compress/level-spec.js';
import type { CompressionMethod, SurprisalModel } from '../compress/method.js';
import { CompressionStore } from '../compress/store.js';
import type { Amount } from '../compress/target.js';
import { counterOf } from '../compress/token-counter.js';
import { UserError } from '../core/errors.js';
import { parseLevel, type Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import { recordedTexts } from '../data/recorded-texts.js';
import type { ChatModel } from '../llm/chat-model.js';
import type { Tokenizer } from '../models/model.js';

/** A level made by a method of your own. */
export interface OwnLevel {
  readonly level: Level;
  readonly method: CompressionMethod;
  /** How much, in words or as a share of the original's tokens; default null: the method knows. */
  readonly amount?: Amount;
  /** What its texts are, in a few words for reports. */
  readonly description?: string;
}

export interface CompressSettings extends Pick<
  CompressRequest,
  'onFailure' | 'confirm' | 'onProgress' | 'onReport' | 'signal'
> {
  /** By name (`summ_l2`, `select=0.4`), with a method, an amount and options, or by a method of your own. */
  readonly levels: readonly (Level | LevelSpec | OwnLevel)[];
  /** Counts tokens, for what is reported and for budgets. */
  readonly tokenizer: Tokenizer;
  /** Where finished texts are kept and found again; default nowhere. */
  readonly folder?: string;
  /** The model that summaries and extractions are asked of. */
  readonly model?: ChatModel;
  /** The model that tells what is to be expected, for `prune`. */
  readonly surprisal?: SurprisalModel;
}

/** The items with their new texts, in order. Throws UserError where a level cannot be made, CompressionStopped when the work ends early. */
export async function compress(items: readonly Item[], settings: CompressSettings): Promise<Item[]> {
  const { levels, tokenizer, folder, model, surprisal, ...request } = settings;
  const counter = counterOf(tokenizer);
  const tools: MethodTools = {
    counter,
    hasChat: model !== undefined,
    chat: () => named(model, 'model'),
    surprisal: () => named(surprisal, 'surprisal'),
    recorded: recordedTexts,
  };
  const tasks: LevelTask[] = [];
  for (const level of levels) tasks.push(...(await tasksOf(level, tools)));
  const store = folder === undefined ? null : new CompressionStore(folder);
  return compressItems(items, { ...request, levels: tasks, store, counter: counter.identity });
}

async function tasksOf(wanted: Level | LevelSpec | OwnLevel, tools: MethodTools): Promise<LevelTask[]> {
  if (typeof wanted === 'string') return openSpecs([{ level: parseLevel(wanted) }], tools);
  return isOwn(wanted) ? [ownTask(wanted)] : openSpecs([wanted], tools);
}

function isOwn(wanted: LevelSpec | OwnLevel): wanted is OwnLevel {
  return typeof wanted.method === 'object';
}

function ownTask({ level: name, method, amount, description }: OwnLevel): LevelTask {
  const level = parseLevel(name);
  const target = { level, form: level, amount: amount ?? null, isUsual: false };
  return { target, method, description: description ?? null };
}

function named<T>(model: T | undefined, setting: string): T {
  if (model === undefined) throw new UserError(`a level needs a model: give ${setting}`);
  return model;
}
