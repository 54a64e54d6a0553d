/** Texts made before a study begins: each data set's levels that its grid uses and `texts` names; what is there is taken. */
import type { CompressProgress, CompressReport, LevelTask } from '../compress/compress-items.js';
import type { MethodTools } from '../compress/entry.js';
import { openSpecs, type LevelSpec } from '../compress/level-spec.js';
import { spendForecast, type SpendForecast } from '../compress/spend-forecast.js';
import { forecastTexts, foreseenTexts, makeTexts } from '../compress/stage.js';
import { counterOf } from '../compress/token-counter.js';
import { UserErrors } from '../core/errors.js';
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import { recordedTexts } from '../data/recorded-texts.js';
import type { TextModels } from '../generate/text-models.js';
import type { JournalTotals } from '../llm/spend/spend-journal.js';
import type { Tokenizer } from '../models/model.js';
import { agreeTo, type Agree, type AskedModels } from './asked-models.js';
import type { StudyConfig } from './config.js';

/** Who is told while texts, questions and rewrites are made, and who agrees to what they cost. */
export interface TextsHooks {
  readonly agree?: Agree;
  readonly onProgress?: (progress: Pick<CompressProgress, 'done' | 'total' | 'failed'>) => void;
  readonly signal?: AbortSignal;
}

export interface TextsRequest extends TextsHooks {
  readonly config: StudyConfig;
  /** Counts tokens. */
  readonly tokenizer: Tokenizer;
  /** Whom texts are asked of. */
  readonly asked: AskedModels;
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
  const { made, forecast } = await new Texts(items, request, request.asked.open()).make(used);
  return { items: made, forecast, spent: request.asked.journal.totals() };
}

/** The levels of a data set that its grid uses and `texts` names. */
function specsOf({ texts, grid }: StudyConfig, dataset: string): LevelSpec[] {
  const used = new Set(grid.flatMap((part) => (part.dataset === dataset ? (part.levels ?? []) : [])));
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
    if (!this.request.foresee) await agreeTo(forecast, this.request.agree);
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
