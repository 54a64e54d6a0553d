/** Compressing as a stage, the same for the command and for a study: under the folder's lock, what is there is taken, large spends are asked about. */
import { UserError } from '../core/errors.js';
import type { Item } from '../core/records.js';
import { lockFolder } from '../files/folder-lock.js';
import type { TextModels } from '../generate/text-models.js';
import {
  compressItems,
  forecast,
  foreseen,
  type CompressProgress,
  type CompressReport,
  type LevelTask,
} from './compress-items.js';
import { spendForecast, spendText, type SpendForecast } from './spend-forecast.js';
import { CompressionStore } from './store.js';

export interface TextsRequest {
  readonly levels: readonly LevelTask[];
  /** Where finished texts are kept, content-addressed; locked while it is worked in. */
  readonly folder: string;
  /** Identity of the tokenizer that measures. */
  readonly counter: string;
  readonly models: TextModels;
  readonly onFailure?: 'drop' | 'keep-original';
  /** Told before work starts what is left to do; false ends it there. Default: what is not much is agreed to, and what is, is refused with what it comes to. */
  readonly agree?: (forecast: SpendForecast) => boolean | Promise<boolean>;
  readonly onProgress?: (progress: CompressProgress) => void;
  readonly onReport?: (report: CompressReport) => void;
  readonly signal?: AbortSignal;
}

/** The items with the texts that could be made. Throws CompressionStopped, and UserError for a spend that nobody agreed to. */
export async function makeTexts(items: readonly Item[], request: TextsRequest): Promise<Item[]> {
  const { folder, models, agree = refuseLarge, ...rest } = request;
  const lock = await lockFolder(folder);
  try {
    const store = new CompressionStore(folder);
    return await compressItems(items, { ...rest, store, confirm: (left) => agree(spendForecast(left, models)) });
  } finally {
    lock.release();
  }
}

/** What making the texts would take; makes nothing and writes nothing. */
export function forecastTexts(
  items: readonly Item[],
  { folder, models, levels, counter }: Pick<TextsRequest, 'folder' | 'models' | 'levels' | 'counter'>,
): SpendForecast {
  const store = new CompressionStore(folder);
  return spendForecast(forecast(items, { levels, store, counter }), models);
}

/** The items as they will be, for plans: nothing is made, pieces of the originals stand for what is missing. */
export function foreseenTexts(
  items: readonly Item[],
  { folder, levels, counter }: Pick<TextsRequest, 'folder' | 'levels' | 'counter'>,
): Item[] {
  return foreseen(items, { levels, counter, store: new CompressionStore(folder) });
}

function refuseLarge(left: SpendForecast): boolean {
  if (left.isLarge) throw new UserError(`${spendText(left)}: nobody agreed to this`);
  return true;
}
