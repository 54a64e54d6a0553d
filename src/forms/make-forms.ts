/** Samples of the forms of texts: what writers wrote, checked, with what was dropped and why. */
import { distinct } from '../core/collections.js';
import { mapConcurrently } from '../core/concurrency.js';
import { Dropped, type Drafted, type FormDropReason, Held, heldBy, StudyCheck } from './check.js';
import { type ExamItem, ExamWordings } from './exam-wordings.js';
import { asksFacts, FORM_NAMES, type FormName, type FormSample, type Source, type TextForm } from './form.js';
import { restorings } from './restore.js';
import type { Asked, FormWriter, WriterEstimate } from './writer.js';

export interface FormsSettings {
  readonly forms: readonly TextForm[];
  readonly writer: FormWriter;
  /** Wordings of each fact; default 5. */
  readonly wordings?: number;
  /** Whether facts are asked for by their subject too; default true. */
  readonly reverse?: boolean;
  /** Rewrites of each text; default 5. */
  readonly rewrites?: number;
  /** Masked forms of each stretch of a text; default 3. */
  readonly restores?: number;
  /** Same sources, settings and seed: same samples. */
  readonly seed: number;
  /** All questions that are asked in the end, of all items: none of their wordings is trained. */
  readonly exams: readonly ExamItem[];
  /** Items that are asked about and restored; the others are only told (`raw`, `rewrite`). Default all. */
  readonly studied?: ReadonlySet<string>;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

export interface FormsReport {
  readonly made: Readonly<Record<FormName, number>>;
  readonly dropped: Readonly<Record<FormDropReason, number>>;
  /** Lines of a model's answers that were no question. */
  readonly unread: number;
  /** Requests to a model that gave nothing to use; they are made again another time. */
  readonly failed: number;
  /** Facts that are asked for. */
  readonly facts: number;
  /** Items that no question could be made of, of those studied. */
  readonly without: readonly string[];
}

export interface Forms {
  readonly samples: readonly FormSample[];
  readonly report: FormsReport;
}

const WORDINGS = 5;
const REWRITES = 5;
const RESTORES = 3;

/** Samples of the forms asked for, source by source. Throws FormsStopped where the model cannot be asked any more, the signal's reason when stopped. */
export async function makeForms(sources: readonly Source[], settings: FormsSettings): Promise<Forms> {
  return new Making(sources, settings).run();
}

class Making {
  readonly #dropped = new Dropped();
  readonly #exam: ExamWordings;
  readonly #facts = new Set<string>();
  readonly #without: string[] = [];
  #unread = 0;
  #failed = 0;

  constructor(
    readonly sources: readonly Source[],
    readonly settings: FormsSettings,
  ) {
    this.#exam = new ExamWordings(settings.exams);
  }

  async run(): Promise<Forms> {
    const asked = this.settings.forms.some(asksFacts) ? await this.#studySamples() : [];
    const samples = [
      ...(this.#has('raw') ? this.sources.map(rawSample) : []),
      ...(this.#has('rewrite') ? await this.#rewriteSamples() : []),
      ...(this.#has('restore') ? this.#restoreSamples() : []),
      ...asked,
    ];
    return { samples: numbered(samples), report: this.#report(samples) };
  }

  #has(form: TextForm): boolean {
    return this.settings.forms.includes(form);
  }

  #isStudied({ item }: Source): boolean {
    return this.settings.studied?.has(item) ?? true;
  }

  async #rewriteSamples(): Promise<Unnumbered[]> {
    const { writer, rewrites = REWRITES, seed, exams, signal } = this.settings;
    const made = await this.#each(this.sources, async (source) => {
      const request = { count: rewrites, seed, ...(signal && { signal }) };
      const { texts, failed } = await writer.rewrite(source, request);
      this.#failed += failed;
      const check = { text: source.text, held: new Held(source, exams), exam: this.#exam };
      const kept = writer.fromTextAlone ? texts : texts.flatMap((text) => heldBy(text, check, this.#dropped));
      return distinct(kept)
        .filter((text) => text !== source.text)
        .slice(0, rewrites)
        .map((answer): Unnumbered => ({ item: source.item, form: 'rewrite', prompt: null, answer }));
    });
    return made.flat();
  }

  #restoreSamples(): Unnumbered[] {
    const { restores = RESTORES, seed } = this.settings;
    return this.sources
      .filter((source) => this.#isStudied(source))
      .flatMap((source) =>
        restorings(source, restores, seed).map((each) => ({ item: source.item, form: 'restore' as const, ...each })),
      );
  }

  /** Works off sources, several at once. */
  #each<T>(sources: readonly Source[], work: (source: Source) => Promise<T>): Promise<T[]> {
    const { writer, onProgress, signal } = this.settings;
    let done = 0;
    return mapConcurrently(sources, { concurrency: writer.concurrency, signal }, async (source) => {
      const made = await work(source);
      onProgress?.({ done: ++done, total: sources.length });
      return made;
    });
  }

  async #studySamples(): Promise<Unnumbered[]> {
    const { writer, wordings = WORDINGS, reverse = true, seed, exams } = this.settings;
    const drafted = await this.#drafted(wordings);
    const { fromTextAlone } = writer;
    const check = new StudyCheck(drafted, { wordings, reverse, seed, exams, fromTextAlone, exam: this.#exam });
    const forms = (['study', 'distil'] as const).filter((form) => this.#has(form));
    return this.sources
      .filter((source) => this.#isStudied(source))
      .flatMap((source) => {
        const { item } = source;
        const kept = check.kept(source, this.#dropped);
        if (kept.length === 0) this.#without.push(item);
        for (const { fact } of kept) this.#facts.add(`${item}/${fact}`);
        return forms.flatMap((form) => kept.map(({ prompt, answer }) => ({ item, form, prompt, answer })));
      });
  }

  /** What rules can ask about sources that are not studied counts too: a question may have another answer there. */
  #drafted(wordings: number): Promise<Drafted[]> {
    const { writer, signal } = this.settings;
    const isFree = (source: Source): boolean => writer.estimate(source, { study: wordings }) === null;
    const asked = this.sources.filter((source) => this.#isStudied(source) || isFree(source));
    return this.#each(asked, async (source) => {
      const { drafts, unread, failed } = await writer.study(source, { wordings, ...(signal && { signal }) });
      this.#unread += unread;
      this.#failed += failed;
      return { source, drafts };
    });
  }

  #report(samples: readonly Unnumbered[]): FormsReport {
    const count = (form: FormName): number => samples.filter((sample) => sample.form === form).length;
    return {
      made: Object.fromEntries(FORM_NAMES.map((form) => [form, count(form)])) as Record<FormName, number>,
      dropped: this.#dropped.toJson(),
      unread: this.#unread,
      failed: this.#failed,
      facts: this.#facts.size,
      without: this.#without,
    };
  }
}

/** What is to be written before samples can be made. */
export interface FormsForecast {
  /** Texts times what is written about each: questions, rewrites. */
  readonly texts: number;
  /** What is there already. */
  readonly kept: number;
  readonly missing: number;
  /** Of the missing: requests to a model and their tokens; 0 where none is asked. */
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** One thing that is asked of a writer. */
export interface FormsWork {
  readonly source: Source;
  readonly asked: Asked;
}

type WorkSettings = Pick<FormsSettings, 'forms' | 'wordings' | 'rewrites' | 'studied'>;

/** What is asked of a writer for forms: questions of what is studied, rewrites of all. */
export function formsWork(
  sources: readonly Source[],
  { forms, wordings = WORDINGS, rewrites = REWRITES, studied }: WorkSettings,
): FormsWork[] {
  const isAsked = forms.some(asksFacts);
  return sources.flatMap((source): FormsWork[] => [
    ...(isAsked && (studied?.has(source.item) ?? true) ? [{ source, asked: { study: wordings } }] : []),
    ...(forms.includes('rewrite') ? [{ source, asked: { rewrites } }] : []),
  ]);
}

/** What work will take; asks nothing. */
export function forecastWork(work: readonly FormsWork[], writer: FormWriter): FormsForecast {
  const missing = work.filter(({ source, asked }) => writer.isKept?.(source, asked) !== true);
  const estimates = missing.map(({ source, asked }) => writer.estimate(source, asked));
  const sum = (of: keyof WriterEstimate): number => estimates.reduce((total, each) => total + (each?.[of] ?? 0), 0);
  return {
    ...{ texts: work.length, kept: work.length - missing.length, missing: missing.length },
    ...{ calls: sum('calls'), inputTokens: sum('inputTokens'), outputTokens: sum('outputTokens') },
  };
}

type Unnumbered = Omit<FormSample, 'id'>;

function rawSample({ item, text }: Source): Unnumbered {
  return { item, form: 'raw', prompt: null, answer: text };
}

function numbered(samples: readonly Unnumbered[]): FormSample[] {
  const counts = new Map<string, number>();
  return samples.map((sample) => {
    const place = `${sample.item}/${sample.form}`;
    const number = (counts.get(place) ?? 0) + 1;
    counts.set(place, number);
    return { id: `${place}/${number}`, ...sample };
  });
}
