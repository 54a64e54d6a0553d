/** Form sets: the samples that text-book runs train on, made of the items' texts at a level when a study is planned. */
import { hashJson, sha256 } from '../core/hash.js';
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import { partsOfItem } from '../exam/part.js';
import { asksFacts, type FormName, type FormSample, type Source, type TextForm } from '../forms/form.js';
import { makeForms, type FormsReport } from '../forms/make-forms.js';
import type { FormWriter } from '../forms/writer.js';
import { jsonLines } from '../files/json-lines.js';
import type { GridPart } from './config.js';
import type { StudyDataset } from './datasets.js';
import type { FormPass } from './exposures.js';
import type { FormMix } from './text-book-config.js';

/** A part of the grid that trains on texts. */
export type TextPart = Extract<GridPart, { book: 'text' }>;

/** What one training learns from. */
export interface FormSet {
  readonly mix: FormMix;
  readonly level: Level;
  readonly exposures: number;
  readonly samples: readonly FormSample[];
  /** The samples as JSON lines, and their SHA-256. */
  readonly lines: string;
  readonly hash: string;
  readonly report: FormsReport;
  /** Who wrote questions and rewrites: `rules`, `world`, or a model's name. */
  readonly writer: string;
  readonly dataset: string;
  /** Items whose texts are trained on, and whether those are others than the ones asked about. */
  readonly trained: number;
  readonly isOfOthers: boolean;
  /** Items of which questions are trained. */
  readonly taught: readonly string[];
}

/** Which set a training needs. */
export interface FormSetRequest {
  readonly part: TextPart;
  readonly dataset: StudyDataset;
  readonly mix: FormMix;
  readonly level: Level;
  readonly trained: readonly Item[];
  /** Whether the adapter is one of other documents, which knows its own: questions of all are trained, whatever the part's `taught` says. */
  readonly isOfOthers: boolean;
}

/** Makes sets, each once. */
export class FormSets {
  readonly #made = new Map<string, Promise<FormSet>>();

  constructor(
    readonly writerOf: (request: FormSetRequest) => FormWriter,
    readonly signal?: AbortSignal,
  ) {}

  /** The set of a training. Throws FormsStopped, the signal's reason when stopped. */
  get(request: FormSetRequest): Promise<FormSet> {
    const key = keyOf(request);
    const made = this.#made.get(key) ?? this.#make(request);
    this.#made.set(key, made);
    return made;
  }

  async #make(request: FormSetRequest): Promise<FormSet> {
    const { part, dataset, mix, level, trained, isOfOthers } = request;
    const { sources, forms, wordings, taught } = formsAsked(request);
    const writer = this.writerOf(request);
    const { samples, report } = await makeForms(sources, {
      ...{ forms, writer, wordings, reverse: part.reverse, seed: FORMS_SEED, exams: dataset.items },
      studied: new Set(taught),
      ...(this.signal !== undefined && { signal: this.signal }),
    });
    const lines = [...jsonLines(samples)].join('');
    return {
      ...{ mix, level, exposures: part.exposures, samples, lines, hash: sha256(lines), report, taught },
      ...{ writer: writer.name, dataset: dataset.name, trained: trained.length, isOfOthers },
    };
  }
}

/** Seed of all that is drawn for forms. */
export const FORMS_SEED = 0;

/** What a set asks of its writer. */
export function formsAsked({ part, mix, level, trained, isOfOthers }: FormSetRequest) {
  const forms = Object.keys(mix.shares).filter(isTextForm);
  const taught = forms.some(asksFacts) ? taughtItems(trained, isOfOthers ? 1 : part.taught) : [];
  return {
    sources: trained.flatMap((item) => sourceOf(item, level)),
    ...{ forms, wordings: part.wordings, taught },
  };
}

function keyOf({ part, dataset, mix, level, trained, isOfOthers }: FormSetRequest): string {
  const { wordings, reverse, taught, exposures, by } = part;
  return hashJson({
    ...{ dataset: dataset.name, mix: { name: mix.name, shares: { ...mix.shares } }, level, wordings, reverse, by },
    ...{ taught: isOfOthers ? 1 : taught, exposures, trained: trained.map(({ id }) => id), isOfOthers },
  });
}

const isTextForm = (form: string): form is TextForm => form !== 'replay';

/** The first items, in the order in which amounts are taken: it has been drawn by lot. */
function taughtItems(trained: readonly Item[], share: number): string[] {
  return trained.slice(0, Math.max(1, Math.round(share * trained.length))).map(({ id }) => id);
}

function sourceOf(item: Item, level: Level): Source[] {
  const text = item.texts[level]?.text;
  if (text === undefined || text.trim() === '') return [];
  const topic = partsOfItem(item, Infinity, () => 1)[0]?.topic ?? '';
  return [{ item: item.id, text, topic }];
}

/** What one pass over each form holds, tokens as they are counted. */
export function formPasses(
  samples: readonly FormSample[],
  tokensOf: (sample: FormSample) => number,
  facts: number,
): Partial<Record<FormName, FormPass>> {
  const passes: Partial<Record<FormName, FormPass>> = {};
  for (const form of new Set(samples.map((each) => each.form))) {
    const own = samples.filter((sample) => sample.form === form);
    const shown = asksFacts(form) ? facts : new Set(own.map(({ item }) => item)).size;
    passes[form] = {
      tokens: own.reduce((sum, sample) => sum + tokensOf(sample), 0),
      exposures: own.length / Math.max(1, shown),
    };
  }
  return passes;
}
