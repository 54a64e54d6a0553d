/** Items with texts at every level asked for: what is stored is taken, the rest is made, kept at once, and counted. */
import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { distinct } from '../core/collections.js';
import { mapConcurrently } from '../core/concurrency.js';
import { messageOf, UserError } from '../core/errors.js';
import { hashJson, sha256 } from '../core/hash.js';
import type { Level } from '../core/levels.js';
import type { Item, LevelText } from '../core/records.js';
import { stopsWork, type ChatOutcome } from '../llm/chat-model.js';
import { countWords } from '../text/sentences.js';
import type {
  Compression,
  CompressionFailure,
  CompressionMethod,
  FailureReason,
  SourceItem,
  WorkEstimate,
} from './method.js';
import type { CompressionResult, CompressionStore } from './store.js';
import { goalShare, targetName, type Target } from './target.js';

/** A level to make, and by what. */
export interface LevelTask {
  readonly target: Target;
  readonly method: CompressionMethod;
  /** What its texts are, in a few words, for their provenance; null where that is not known. */
  readonly description: string | null;
}

export interface CompressRequest {
  readonly levels: readonly LevelTask[];
  /** Null keeps nothing. */
  readonly store: CompressionStore | null;
  /** Identity of the tokenizer that measures, part of what a stored text is known by. */
  readonly counter: string;
  /** What stands in for a text that could not be made: nothing (`drop`, the default), or the original, marked as such. */
  readonly onFailure?: 'drop' | 'keep-original';
  /** Told before work starts what is left to do; false ends it there with CompressionStopped. */
  readonly confirm?: (forecast: Forecast) => boolean | Promise<boolean>;
  /** Told after each text. */
  readonly onProgress?: (progress: CompressProgress) => void;
  /** Told once, at the end or when the work stops. */
  readonly onReport?: (report: CompressReport) => void;
  /** Ends the work: nothing new is begun, what is under way gets `graceMs` (default 10,000) to finish. */
  readonly signal?: AbortSignal;
  readonly graceMs?: number;
}

/** What is left to do. */
export interface Forecast extends WorkEstimate {
  readonly texts: number;
  /** Texts that are there already. */
  readonly kept: number;
  readonly missing: number;
}

export interface CompressProgress {
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  /** Texts that were there already. */
  readonly kept: number;
  /** New texts per second so far. */
  readonly perSecond: number;
  /** Null until the first text. */
  readonly secondsLeft: number | null;
}

/** What became of one level over all items. */
export interface LevelReport {
  readonly level: Level;
  /** What was asked of the method: `summ_l2`, `select=0.4`. */
  readonly target: string;
  readonly method: string;
  readonly texts: number;
  readonly failed: number;
  /** Mean TRR of the items' texts; null without any. */
  readonly macroTrr: number | null;
  /** Mean words of a text; null without any. */
  readonly words: number | null;
  readonly longerThanSource: number;
  readonly flags: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  /** Models as the replies named them, by name: more than one means that an alias moved. */
  readonly models: readonly string[];
}

export interface CompressReport {
  readonly items: number;
  readonly kept: number;
  readonly made: number;
  readonly failed: number;
  readonly levels: readonly LevelReport[];
  /** The first 20 failures. */
  readonly failures: readonly { readonly item: string; readonly failure: CompressionFailure }[];
  readonly seconds: number;
}

/** The work ended before all was done; what was finished is kept, and a further run goes on from there. */
export class CompressionStopped extends UserError {
  constructor(
    readonly reason: FailureReason | 'declined' | 'all-alike',
    message: string,
  ) {
    super(message);
  }
}

/** So many failures of one kind in a row, or as the very first results, end the work. */
const ALIKE_IN_A_ROW = 10;
const ALIKE_AT_FIRST = 5;

interface Job {
  readonly item: SourceItem;
  readonly index: number;
  readonly task: LevelTask;
  readonly key: string;
  result: CompressionResult | null;
}

/**
 * The items with the texts that could be made added to them, in order. A failed text is left out and told in the report.
 * Throws CompressionStopped when the work ends early.
 */
export async function compressItems(items: readonly Item[], request: CompressRequest): Promise<Item[]> {
  const from = performance.now();
  const jobs = jobsOf(items, request);
  const open = jobs.filter((job) => job.result === null);
  const work = new Work(jobs.length, jobs.length - open.length, request);
  const report = (): void =>
    request.onReport?.(
      reportOf({ items, jobs, request, open: open.length, seconds: (performance.now() - from) / 1000 }),
    );
  if ((await request.confirm?.(forecastOf(jobs, open))) === false)
    throw new CompressionStopped('declined', 'nothing was begun');
  try {
    const methods = distinct(open.map(({ task }) => task.method));
    await Promise.all(methods.map((method) => work.run(open.filter(({ task }) => task.method === method))));
  } finally {
    work.close();
    report();
  }
  const failures = jobs.some((job) => job.result?.status === 'failed');
  const alike = work.stopped?.reason === 'all-alike';
  if (failures && (work.stopped === undefined || alike)) request.store?.endRound();
  if (work.stopped !== undefined) throw work.stopped;
  return withTexts(items, jobs, request.onFailure ?? 'drop');
}

/** What is left to do, without doing it. */
export function forecast(
  items: readonly Item[],
  request: Pick<CompressRequest, 'levels' | 'store' | 'counter'>,
): Forecast {
  const jobs = jobsOf(items, request);
  return forecastOf(
    jobs,
    jobs.filter((job) => job.result === null),
  );
}

/** The items as they will be: with the texts that are there, and pieces of the originals of about the right length for the others. */
export function foreseen(
  items: readonly Item[],
  request: Pick<CompressRequest, 'levels' | 'store' | 'counter'>,
): Item[] {
  const jobs = jobsOf(items, request);
  for (const job of jobs) job.result ??= standIn(job);
  return withTexts(items, jobs, 'drop');
}

function standIn({ item, task: { target, method } }: Job): Compression {
  const source = item.texts.original?.text ?? '';
  const text = source.slice(0, Math.ceil(goalShare(target, countWords(source)) * source.length));
  const measured = { tokens: 0, sourceTokens: 0, trr: 0, words: 0, characters: text.length, counter: '' };
  return { status: 'done', text, level: target.level, method: method.name, provenance: {}, measured, flags: [] };
}

function jobsOf(
  items: readonly Item[],
  { levels, store, counter }: Pick<CompressRequest, 'levels' | 'store' | 'counter'>,
): Job[] {
  return items.flatMap((item, index) => {
    const source: SourceItem = { id: item.id, dataset: item.dataset, texts: item.texts };
    const original = sha256(item.texts.original?.text ?? '');
    return levels.map((task): Job => {
      const { target, method } = task;
      const further = method.reads?.(source, target);
      const hash = further === undefined ? original : hashJson({ original, further });
      const key = store?.key(hash, target, method, counter) ?? '';
      return { item: source, index, task, key, result: store?.read(key, target.level) ?? null };
    });
  });
}

function forecastOf(jobs: readonly Job[], open: readonly Job[]): Forecast {
  const parts = open.map(
    ({ item, task }) => task.method.estimate?.(item, task.target) ?? { calls: 0, inputTokens: 0, outputTokens: 0 },
  );
  const sum = (pick: (estimate: WorkEstimate) => number): number =>
    parts.reduce((total, part) => total + pick(part), 0);
  return {
    texts: jobs.length,
    kept: jobs.length - open.length,
    missing: open.length,
    calls: sum((part) => part.calls),
    inputTokens: sum((part) => part.inputTokens),
    outputTokens: sum((part) => part.outputTokens),
  };
}

/** The work under way: hands out jobs, keeps results, notices when going on is pointless. */
class Work {
  stopped: CompressionStopped | undefined;
  readonly #total: number;
  readonly #kept: number;
  readonly #request: CompressRequest;
  readonly #cancel = new AbortController();
  readonly #from = performance.now();
  #grace: NodeJS.Timeout | undefined;
  #made = 0;
  #failed = 0;
  #alike = 0;
  #lastReason: string | undefined;
  readonly #onAbort = (): void => {
    this.stopped ??= new CompressionStopped('cancelled', 'stopped: what was finished is kept; run again to go on');
    this.#grace = setTimeout(() => this.#cancel.abort(), this.#request.graceMs ?? 10_000);
  };

  constructor(total: number, kept: number, request: CompressRequest) {
    this.#total = total;
    this.#kept = kept;
    this.#request = request;
    setMaxListeners(0, this.#cancel.signal); // every request under way listens
    request.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (request.signal?.aborted === true) this.#onAbort();
  }

  close(): void {
    clearTimeout(this.#grace);
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
  }

  /** Works off one method's jobs, as many at once as it bears. */
  async run(jobs: readonly Job[]): Promise<void> {
    const concurrency = (jobs[0]?.task.method.concurrency ?? 4) * 2;
    await mapConcurrently(jobs, { concurrency }, async (job) => {
      if (this.stopped !== undefined) return;
      await this.#one(job).catch((error: unknown) => {
        this.stopped ??= stop('method-error', messageOf(error), this.#kept + this.#made, this.#total);
        if (!(error instanceof UserError)) throw error;
      });
    });
  }

  async #one(job: Job): Promise<void> {
    const result = await attempt(job, this.#cancel.signal);
    if (result.status === 'failed' && stopsWork(result.reason as ChatOutcome['status'])) {
      this.stopped ??= stop(result.reason, result.message, this.#kept + this.#made, this.#total);
      return;
    }
    job.result = result;
    this.#request.store?.write(job.key, result);
    this.#count(result);
    await setImmediate(); // methods that only compute must not starve timers and signals
  }

  #count(result: CompressionResult): void {
    this.#made++;
    if (result.status === 'failed') this.#failed++;
    const reason = result.status === 'failed' ? result.reason : undefined;
    this.#alike = reason !== undefined && reason === this.#lastReason ? this.#alike + 1 : 1;
    this.#lastReason = reason;
    const allSoFar = this.#failed === this.#made && this.#alike >= ALIKE_AT_FIRST;
    if (result.status === 'failed' && (allSoFar || this.#alike >= ALIKE_IN_A_ROW) && !OF_THE_TEXT.has(result.reason)) {
      const message = `the ${allSoFar ? 'first' : 'last'} ${this.#alike} texts all failed alike (${result.reason}): ${result.message}`;
      this.stopped ??= stop('all-alike', message, this.#kept + this.#made - this.#failed, this.#total);
    }
    this.#reportProgress();
  }

  #reportProgress(): void {
    const seconds = (performance.now() - this.#from) / 1000;
    const perSecond = this.#made / Math.max(seconds, 1e-3);
    const done = this.#kept + this.#made;
    const secondsLeft = this.#made === 0 ? null : (this.#total - done) / perSecond;
    this.#request.onProgress?.({
      done,
      total: this.#total,
      failed: this.#failed,
      kept: this.#kept,
      perSecond,
      secondsLeft,
    });
  }
}

/** Failures that lie in the single text, however many there are in a row. */
const OF_THE_TEXT: ReadonlySet<string> = new Set(['refusal', 'filtered', 'no-source', 'longer-than-source']);

async function attempt(job: Job, signal: AbortSignal): Promise<CompressionResult> {
  return job.task.method.compress(job.item, job.task.target, { signal });
}

function stop(reason: CompressionStopped['reason'], message: string, done: number, total: number): CompressionStopped {
  return new CompressionStopped(
    reason,
    `compression stopped (${reason}): ${message}\n${done} of ${total} texts are kept; run again to go on`,
  );
}

/** A failed text replaces one that was there before by what the policy says, so that no level mixes two methods unseen. */
function withTexts(items: readonly Item[], jobs: readonly Job[], policy: 'drop' | 'keep-original'): Item[] {
  const changes = new Map<number, Map<Level, LevelText | undefined>>();
  for (const { index, task, result } of jobs) {
    if (result === null) continue;
    const texts = changes.get(index) ?? new Map<Level, LevelText | undefined>();
    changes.set(index, texts.set(task.target.level, levelText(result, task, items[index], policy)));
  }
  return items.map((item, index) => ({ ...item, texts: changed(item.texts, changes.get(index)) }));
}

function changed(texts: Item['texts'], changes: ReadonlyMap<Level, LevelText | undefined> | undefined): Item['texts'] {
  const entries = new Map(Object.entries(texts));
  for (const [level, text] of changes ?? []) {
    if (text === undefined) entries.delete(level);
    else entries.set(level, text);
  }
  return Object.fromEntries(entries);
}

function levelText(
  result: CompressionResult,
  { target, description }: LevelTask,
  item: Item | undefined,
  policy: 'drop' | 'keep-original',
): LevelText | undefined {
  if (result.status === 'done') {
    const { text, method, provenance, measured, flags } = result;
    const said = description === null ? {} : { description };
    const made = { ...provenance, ...said, target: targetName(target), measured: { ...measured }, flags };
    return { text, method, provenance: made };
  }
  const original = item?.texts.original;
  if (policy === 'drop' || original === undefined) return undefined;
  const provenance = {
    target: targetName(target),
    fallback: 'original',
    reason: result.reason,
    flags: ['original-kept'],
  };
  return { text: original.text, method: result.method, provenance };
}

interface Done {
  readonly items: readonly Item[];
  readonly jobs: readonly Job[];
  readonly request: CompressRequest;
  /** Texts that were to be made. */
  readonly open: number;
  readonly seconds: number;
}

function reportOf({ items, jobs, request: { levels }, open, seconds }: Done): CompressReport {
  const failures = jobs.flatMap(({ item, result }) =>
    result?.status === 'failed' ? [{ item: item.id, failure: result }] : [],
  );
  return {
    items: items.length,
    kept: jobs.length - open,
    made: jobs.filter((job) => job.result !== null).length - (jobs.length - open),
    failed: failures.length,
    levels: levels.map((task) =>
      levelReport(
        task,
        jobs.filter((job) => job.task === task),
      ),
    ),
    failures: failures.slice(0, 20),
    seconds,
  };
}

function levelReport({ target, method }: LevelTask, jobs: readonly Job[]): LevelReport {
  const results = jobs.flatMap((job) => (job.result === null ? [] : [job.result]));
  const texts = results.flatMap((result) => (result.status === 'done' ? [result] : []));
  const failures = results.flatMap((result) => (result.status === 'failed' ? [result.reason] : []));
  const models = texts.flatMap(({ provenance }) => [provenance['model']].filter((model) => typeof model === 'string'));
  return {
    level: target.level,
    target: targetName(target),
    method: method.name,
    texts: texts.length,
    failed: failures.length,
    macroTrr: meanOf(texts.map(({ measured }) => measured.trr)),
    words: meanOf(texts.map(({ measured }) => measured.words)),
    longerThanSource: texts.filter(({ flags }) => flags.includes('longer-than-source')).length,
    flags: tally(texts.flatMap(({ flags }) => flags)),
    failures: tally(failures),
    models: distinct(models).sort(),
  };
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
