/** Questions and rewrites that a study asks of a model before it begins: foreseen, agreed to, asked once, and kept in its folder. */
import { spendForecast, type SpendForecast } from '../compress/spend-forecast.js';
import { distinctBy } from '../core/collections.js';
import { mapConcurrently } from '../core/concurrency.js';
import { messageOf, UserError, UserErrors } from '../core/errors.js';
import { makeFolder } from '../files/flush.js';
import { lockFolder } from '../files/folder-lock.js';
import { forecastWork, formsWork, type FormsWork } from '../forms/make-forms.js';
import { modelFormWriter } from '../forms/model-writer.js';
import { ruleFormWriter } from '../forms/rules.js';
import { foreseenWriter, FormStore, onceWriter, storedWriter } from '../forms/store.js';
import { worldFormWriter } from '../forms/world-writer.js';
import { FormsStopped, type FormWriter } from '../forms/writer.js';
import type { JournalTotals } from '../llm/spend/spend-journal.js';
import type { Tokenizer } from '../models/model.js';
import { agreeTo, type AskedModels } from './asked-models.js';
import type { StudyConfig } from './config.js';
import type { StudyDataset } from './datasets.js';
import { FORMS_SEED, formsAsked, type FormSetRequest } from './form-sets.js';
import { setsOf } from './text-cells.js';
import type { TextsHooks } from './texts.js';

export interface FormsRequest extends TextsHooks {
  readonly config: StudyConfig;
  readonly datasets: ReadonlyMap<string, StudyDataset>;
  /** Counts tokens. */
  readonly tokenizer: Tokenizer;
  readonly asked: AskedModels;
  /** Where what was written is kept. */
  readonly folder: string;
  /** Whether it is only foreseen: nothing is asked or written, rules stand in. */
  readonly foresee: boolean;
}

/** What writing by a model came to. */
export interface FormsOutcome {
  /** What was left to write before. */
  readonly forecast: SpendForecast;
  /** What was asked of endpoints for texts, questions and rewrites of this study, now and in earlier runs. */
  readonly spent: JournalTotals;
}

export interface StudyWriters {
  readonly writerOf: (request: FormSetRequest) => FormWriter;
  /** Null where rules write all. */
  readonly outcome: FormsOutcome | null;
}

/**
 * Who writes each set, with all that a model is asked for written. Throws UserError where that is declined or stops, UserErrors with
 * what came to nothing, the signal's reason when stopped.
 */
export async function studyWriters(request: FormsRequest): Promise<StudyWriters> {
  const { config, asked } = request;
  const work = askedWork(request);
  const rules = ({ dataset: { name } }: FormSetRequest): FormWriter =>
    config.datasets[name]?.world === undefined ? ruleFormWriter : worldFormWriter;
  if (work.length === 0) return { writerOf: rules, outcome: null };
  const { writer, forecast } = await writtenByModel(work, request);
  return {
    writerOf: (each) => (each.part.by === 'model' ? writer : rules(each)),
    outcome: { forecast, spent: asked.journal.totals() },
  };
}

/** What all sets ask of the model, each thing once. */
function askedWork({ config, datasets }: FormsRequest): FormsWork[] {
  const work = config.grid.flatMap((part) => {
    const dataset = datasets.get(part.dataset);
    if (part.book !== 'text' || part.by !== 'model' || dataset === undefined) return [];
    return setsOf(part, dataset).flatMap((set) => {
      const { sources, forms, wordings, taught } = formsAsked(set);
      return formsWork(sources, { forms, wordings, studied: new Set(taught) });
    });
  });
  return distinctBy(work, ({ source: { text, topic }, asked }) => JSON.stringify([text, topic, asked]));
}

async function writtenByModel(work: readonly FormsWork[], request: FormsRequest) {
  const { tokenizer, asked, folder, foresee, agree } = request;
  const models = asked.open();
  const store = new FormStore(folder);
  const model = onceWriter(modelFormWriter(models.chat(), (text) => tokenizer.encode(text).length));
  const stored = storedWriter(model, store);
  const forecast = spendForecast(forecastWork(work, stored), models, 'sets of questions or rewrites');
  if (foresee) return { writer: foreseenWriter(model, store), forecast };
  await agreeTo(forecast, agree);
  makeFolder(folder);
  const lock = await lockFolder(folder);
  try {
    await writeAll(work, stored, request);
  } finally {
    lock.release();
  }
  return { writer: stored, forecast };
}

async function writeAll(work: readonly FormsWork[], writer: FormWriter, request: FormsRequest): Promise<void> {
  const { config, onProgress, signal } = request;
  const failed: FormsWork[] = [];
  let done = 0;
  await mapConcurrently(work, { concurrency: writer.concurrency, signal }, async (each) => {
    if (await hasFailed(each, writer, signal)) failed.push(each);
    onProgress?.({ done: ++done, total: work.length, failed: failed.length });
  }).catch((error: unknown) => {
    if (!(error instanceof FormsStopped) || signal?.aborted === true) throw error;
    throw new UserError(
      `writing questions and rewrites stopped after ${done} of ${work.length}: ${messageOf(error)}: what is written is kept, run again to go on`,
    );
  });
  if (failed.length > 0 && config.compress.onFailure === 'stop') throw failures(failed);
}

/** Whether some request gave nothing to use. */
async function hasFailed({ source, asked }: FormsWork, writer: FormWriter, signal?: AbortSignal): Promise<boolean> {
  const own = signal === undefined ? {} : { signal };
  const { failed } =
    'study' in asked
      ? await writer.study(source, { wordings: asked.study, ...own })
      : await writer.rewrite(source, { count: asked.rewrites, seed: FORMS_SEED, ...own });
  return failed > 0;
}

/** Failures that are named one by one. */
const NAMED = 5;

function failures(failed: readonly FormsWork[]): UserErrors {
  const lines = failed
    .slice(0, NAMED)
    .map(({ source, asked }) => `${source.item}: ${'study' in asked ? 'questions' : 'rewrites'}`);
  const more = failed.length - NAMED;
  return new UserErrors(
    `the model wrote nothing usable for all or part of ${failed.length} texts: run again to ask anew, or go on without it by compress: { onFailure: keep-original }:`,
    [...lines, ...(more > 0 ? [`and ${more} more`] : [])],
  );
}
