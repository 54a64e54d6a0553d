/** Teacher targets for distillation, computed once: from the store where they are there, from the base model where they are not. */
import { distinctBy, groupBy } from '../core/collections.js';
import { UserError } from '../core/errors.js';
import type { Device } from '../core/settings.js';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import type { TeacherAnswer } from '../models/graph/packing.js';
import type { LoadedModel } from '../models/model.js';
import { PromptRenderer, type PromptStyle } from '../models/text/prompt.js';
import { Teacher, teacherSettings, type TeacherSettings } from './teacher.js';
import { TextAnswers } from './teacher-store.js';

/** A question with its answer, and the text that the teacher reads; the student does not. */
export interface TaughtSample {
  /** Unlike any other's. */
  readonly id: string;
  readonly item: string;
  /** The text, whose end gives way where it is too long for the prompt. */
  readonly context: string;
  readonly prompt: string;
  readonly answer: string;
}

/** Told as it goes. */
export interface TeacherProgress {
  /** Samples that are there, and all. */
  readonly done: number;
  readonly total: number;
}

/** Who teaches, how, and where it is kept. Of the settings, `k` is 16 and `temperature` 1 where they are not given. */
export interface TeacherLabelsOptions extends Partial<TeacherSettings> {
  /** The base model; nothing of it is read from disk where all labels are there. */
  readonly model: LoadedModel;
  /** The store's folder, made where absent; processes side by side may share it, and then share the work. */
  readonly folder: string;
  /** How samples are put to it; default as everywhere. */
  readonly style?: PromptStyle;
  /** The longest prompt in tokens, text included (see promptLimit). */
  readonly limit: number;
  /** Default all cores. */
  readonly threads?: number;
  /** Default `cpu`. */
  readonly device?: Device;
  /** Told once at the start, and after every text. */
  readonly onProgress?: (progress: TeacherProgress) => void;
  /** Stops before the next run of the model; what is finished is kept, a text at a time. */
  readonly signal?: AbortSignal;
}

/** Samples of one text, and what was said of it. */
interface TextWork {
  readonly text: TextAnswers;
  readonly samples: readonly TaughtSample[];
}

/** Those that nothing was said of yet. */
const lacking = ({ text, samples }: TextWork): TaughtSample[] => samples.filter((each) => !text.get(each));

/** One call's work: what is asked of whom. */
class Questioning {
  readonly #options: TeacherLabelsOptions;
  readonly #settings: TeacherSettings;
  readonly #renderer: PromptRenderer;
  #teacher: Teacher | undefined;

  constructor(options: TeacherLabelsOptions) {
    this.#options = options;
    this.#settings = teacherSettings(options);
    this.#renderer = new PromptRenderer(options.model, options.style);
  }

  /** Samples text by text, with what is there. */
  works(samples: readonly TaughtSample[]): TextWork[] {
    const { model, folder, limit } = this.#options;
    const engine = this.#engine.name;
    const teacher = { model: model.identity, renderer: this.#renderer.identity, limit, engine, ...this.#settings };
    return [...groupBy(samples, ({ context }) => context)].map(([context, group]) => {
      const text = new TextAnswers(folder, teacher, context);
      text.read();
      return { text, samples: group };
    });
  }

  /** Answers what is lacking of a text by the time nobody else is at work on it. */
  async complete(work: TextWork): Promise<void> {
    const { signal } = this.#options;
    await work.text.alone(() => this.#ask(work), signal ? { signal } : {});
  }

  async dispose(): Promise<void> {
    await this.#teacher?.dispose();
  }

  get #engine() {
    const { device = 'cpu', threads } = this.#options;
    return onnxRuntimeEngine({ device, ...(threads !== undefined && { threads }) });
  }

  async #ask(work: TextWork): Promise<void> {
    const { limit, signal } = this.#options;
    const samples = distinctBy(lacking(work), ({ prompt, answer }) => JSON.stringify([prompt, answer]));
    if (samples.length === 0) return;
    const packable = this.#renderer.tokenize(
      samples.map((sample) => ({ ...sample, question: sample.id })),
      limit,
    );
    const { maxPositions } = this.#options.model.config;
    const tooLong = packable.find(({ prompt, answer }) => prompt.length + answer.length > maxPositions);
    if (tooLong !== undefined)
      throw new UserError(
        `sample ${tooLong.id}: its answer of ${tooLong.answer.length} tokens does not fit behind its prompt in the model's ${maxPositions} positions: lower the prompt's limit of ${limit} tokens`,
      );
    this.#teacher ??= this.#open();
    const answers = await this.#teacher.answers(packable, signal);
    work.text.add(samples.flatMap((sample, i) => (answers[i] ? [[sample, answers[i]] as const] : [])));
  }

  #open(): Teacher {
    const { model, limit } = this.#options;
    return new Teacher({ model, engine: this.#engine, settings: this.#settings, limit });
  }
}

/**
 * What the frozen base says in the place of every answer token (the end of the turn included) of samples, with their text in its
 * prompt, by the samples' ids. Computed once for each model, renderer, limit, text, question, answer, k and temperature, and kept:
 * another call finds it there, also after a kill, which loses at most the text at work; what is damaged is computed anew. Throws
 * UserError for ids that are there twice, settings that make no sense, and questions and answers too long for the model; the signal's
 * reason where stopped.
 */
export async function teacherLabels(
  samples: readonly TaughtSample[],
  options: TeacherLabelsOptions,
): Promise<ReadonlyMap<string, TeacherAnswer>> {
  requireOwnIds(samples);
  const questioning = new Questioning(options);
  try {
    const works = questioning.works(samples);
    await completeAll(works, questioning, options);
    return new Map(
      works.flatMap(({ text, samples: own }) =>
        own.flatMap((sample) => {
          const answer = text.get(sample);
          return answer ? [[sample.id, answer] as const] : [];
        }),
      ),
    );
  } finally {
    await questioning.dispose();
  }
}

/** Texts that nobody else is at work on first, so that processes side by side take different ones. */
async function completeAll(
  works: readonly TextWork[],
  questioning: Questioning,
  { onProgress, signal }: TeacherLabelsOptions,
): Promise<void> {
  const total = works.reduce((sum, { samples }) => sum + samples.length, 0);
  const incomplete = works.filter((work) => lacking(work).length > 0);
  let done = total - incomplete.reduce((sum, { samples }) => sum + samples.length, 0);
  onProgress?.({ done, total });
  const complete = async (work: TextWork): Promise<void> => {
    signal?.throwIfAborted();
    await questioning.complete(work);
    done += work.samples.length;
    onProgress?.({ done, total });
  };
  const busy: TextWork[] = [];
  for (const work of incomplete) {
    if (work.text.isBusy) busy.push(work);
    else await complete(work);
  }
  for (const work of busy) await complete(work);
}

function requireOwnIds(samples: readonly TaughtSample[]): void {
  const seen = new Set<string>();
  for (const { id } of samples) {
    if (seen.has(id)) throw new UserError(`sample ${id} is there twice: give every sample an id of its own`);
    seen.add(id);
  }
}
