/** Texts made before a study begins: each data set's levels that its grid uses and `texts` names; what is there is taken. */
import { join } from 'node:path';
import type { CompressProgress, CompressReport, LevelTask } from '../compress/compress-items.js';
import type { MethodTools } from '../compress/entry.js';
import { openSpecs, type LevelSpec } from '../compress/level-spec.js';
import { spendForecast, spendText, type SpendForecast } from '../compress/spend-forecast.js';
import { forecastTexts, foreseenTexts, makeTexts } from '../compress/stage.js';
import { counterOf } from '../compress/token-counter.js';
import { UserError, UserErrors } from '../core/errors.js';
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import type { Device } from '../core/settings.js';
import { recordedTexts } from '../data/recorded-texts.js';
import { TextModels } from '../generate/text-models.js';
import { SpendJournal, type JournalTotals } from '../llm/spend/spend-journal.js';
import { loadModel } from '../models/load.js';
import type { LoadedModel, Tokenizer } from '../models/model.js';
import type { StudyConfig } from './config.js';

/** Who is told while texts are made, and who agrees to what they cost. */
export interface TextsHooks {
  /** Whether to make what is missing; default: large spends are refused with what they come to. */
  readonly agree?: (forecast: SpendForecast) => boolean | Promise<boolean>;
  readonly onProgress?: (progress: CompressProgress) => void;
  readonly signal?: AbortSignal;
}

export interface TextsRequest extends TextsHooks {
  readonly config: StudyConfig & { readonly device: Device };
  /** Counts tokens. */
  readonly tokenizer: Tokenizer;
  /** The study's model, where it is on this machine: it says what is to be expected unless another is named. */
  readonly model: LoadedModel | undefined;
  /** Where finished texts are kept. */
  readonly folder: string;
  /** Whether texts are only foreseen: nothing is asked, made or written, and pieces of the originals stand in. */
  readonly foresee: boolean;
}

/** Items by data set. */
export type ItemsByName = ReadonlyMap<string, readonly Item[]>;

/** What making texts came to. */
export interface TextsOutcome {
  /** What was left to make before. */
  readonly forecast: SpendForecast;
  /** What was asked of endpoints for this study's texts, now and in earlier runs. */
  readonly spent: JournalTotals;
}

export interface MadeTexts extends TextsOutcome {
  readonly items: ItemsByName;
}

/**
 * The items with the texts that the study file names; null where it names none that the grid uses. Throws UserError,
 * UserErrors with the texts that could not be made, CompressionStopped.
 */
export async function studyTexts(items: ItemsByName, request: TextsRequest): Promise<MadeTexts | null> {
  const used = [...items.keys()].filter((name) => specsOf(request.config, name).length > 0);
  if (used.length === 0) return null;
  const journal = new SpendJournal(join(request.folder, 'spend.jsonl'), request.config.name);
  const models = openModels(request, journal);
  try {
    const { made, forecast } = await new Texts(items, request, models).make(used);
    return { items: made, forecast, spent: journal.totals() };
  } finally {
    await models.close();
  }
}

/** The levels of a data set that its grid uses and `texts` names. */
function specsOf({ texts, grid }: StudyConfig, dataset: string): LevelSpec[] {
  const used = new Set(grid.flatMap((part) => (part.dataset === dataset && part.book === 'open' ? part.levels : [])));
  const named = Object.entries(texts).filter(([level]) => used.has(level));
  return named.map(([level, { method, words, ratio, ...options }]) => ({
    ...{ level, options },
    ...(method !== undefined && { method }),
    ...(words !== undefined && { words }),
    ...(ratio !== undefined && { ratio }),
  }));
}

class Texts {
  readonly #tools: MethodTools;
  /** Texts of the data sets already worked off, and of all. */
  #before = 0;
  #total = 0;

  constructor(
    readonly items: ItemsByName,
    readonly request: TextsRequest,
    readonly models: TextModels,
  ) {
    this.#tools = {
      counter: counterOf(request.tokenizer),
      hasChat: models.hasChat,
      chat: () => models.chat(),
      surprisal: () => models.surprisal(),
      recorded: recordedTexts,
    };
  }

  async make(names: readonly string[]): Promise<{ made: ItemsByName; forecast: SpendForecast }> {
    const tasks = new Map<string, LevelTask[]>();
    for (const name of names) tasks.set(name, await openSpecs(specsOf(this.request.config, name), this.#tools));
    const forecast = this.#forecast(tasks);
    this.#total = forecast.texts;
    if (!this.request.foresee) await this.#agree(forecast);
    const made = new Map(this.items);
    for (const [name, levels] of tasks) {
      made.set(name, await this.#texts(name, levels));
      this.#before += this.#itemsOf(name).length * levels.length;
    }
    return { made, forecast };
  }

  /** All data sets' together, so that a spend is asked about once. */
  #forecast(tasks: ReadonlyMap<string, readonly LevelTask[]>): SpendForecast {
    const parts = [...tasks].map(([name, levels]) => forecastTexts(this.#itemsOf(name), this.#work(levels)));
    const sum = (pick: (part: SpendForecast) => number): number => parts.reduce((total, part) => total + pick(part), 0);
    const left = {
      texts: sum(({ texts }) => texts),
      kept: sum(({ kept }) => kept),
      missing: sum(({ missing }) => missing),
      calls: sum(({ calls }) => calls),
      inputTokens: sum(({ inputTokens }) => inputTokens),
      outputTokens: sum(({ outputTokens }) => outputTokens),
    };
    return spendForecast(left, this.models);
  }

  async #agree(forecast: SpendForecast): Promise<void> {
    const { agree } = this.request;
    if (agree === undefined && forecast.isLarge) throw new UserError(`${spendText(forecast)}: nobody agreed to this`);
    if (agree !== undefined && !(await agree(forecast)))
      throw new UserError('no texts were made, so nothing was begun');
  }

  async #texts(name: string, levels: readonly LevelTask[]): Promise<readonly Item[]> {
    const { config, foresee, signal } = this.request;
    const items = this.#itemsOf(name);
    if (foresee) return foreseenTexts(items, this.#work(levels));
    let report: CompressReport | undefined;
    const { onFailure } = config.compress;
    const made = await makeTexts(items, {
      ...this.#work(levels),
      onFailure: onFailure === 'keep-original' ? onFailure : 'drop',
      agree: () => true,
      onProgress: this.#onProgress(),
      onReport: (outcome) => (report = outcome),
      ...(signal && { signal }),
    });
    if (onFailure === 'stop' && report !== undefined && report.failed > 0) throw failures(name, report);
    const wanted = levels.map(({ target }) => target.level);
    return onFailure === 'drop-item' ? made.filter(({ texts }) => hasAll(texts, wanted)) : made;
  }

  /** Progress over all data sets. */
  #onProgress(): (progress: CompressProgress) => void {
    const [before, total] = [this.#before, this.#total];
    return (progress) => this.request.onProgress?.({ ...progress, done: before + progress.done, total });
  }

  #itemsOf(name: string): readonly Item[] {
    return this.items.get(name) ?? [];
  }

  #work(levels: readonly LevelTask[]) {
    return { levels, folder: this.request.folder, counter: this.#tools.counter.identity, models: this.models };
  }
}

function hasAll(texts: Item['texts'], levels: readonly Level[]): boolean {
  return levels.every((level) => texts[level] !== undefined);
}

function failures(name: string, { failed, failures: first }: CompressReport): UserErrors {
  const lines = first.map(({ item, failure }) => `${item}, ${failure.level}: ${failure.reason}: ${failure.message}`);
  const more = failed - first.length;
  return new UserErrors(
    `${failed} texts of "${name}" could not be made: run again to try them anew, or say compress: { onFailure: keep-original } or drop-item:`,
    [...lines, ...(more > 0 ? [`and ${more} more`] : [])],
  );
}

const HINT = {
  chat: 'say compress: { model: NAME, endpoint: URL } or compress: { local: MODEL } in the study file',
  local: 'say compress: { local: MODEL } in the study file',
};

/** Whom the study file names. Throws UserError. */
function openModels({ config: { compress, device }, model: base }: TextsRequest, journal: SpendJournal): TextModels {
  const { model, endpoint, endpointName, cache, local, maxConcurrency, timeoutSeconds, maxCost, maxTokens } = compress;
  const { priceInput, priceOutput } = compress;
  const isPriced = priceInput !== undefined || priceOutput !== undefined;
  return new TextModels({
    ...{ device, maxConcurrency, timeoutMs: 1000 * timeoutSeconds, journal, hint: HINT },
    ...(model !== undefined && { model }),
    ...(endpoint !== undefined && { endpoint }),
    ...(endpointName !== undefined && { endpointName }),
    ...(cache !== undefined && { cache }),
    ...(local !== undefined && { local: loadModel(local) }),
    ...(base !== undefined && { base }),
    ...(isPriced && { price: { inputPerMillion: priceInput ?? 0, outputPerMillion: priceOutput ?? 0 } }),
    limits: { ...(maxCost !== undefined && { maxCost }), ...(maxTokens !== undefined && { maxTokens }) },
  });
}
