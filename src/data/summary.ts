/** What a data set holds, gathered while its items go by: counts, lengths, questions, and some samples. */
import type { Level } from '../core/levels.js';
import { Random } from '../core/random.js';
import type { Item } from '../core/records.js';
import { mean, quantile } from '../core/statistics.js';

/** Quantiles of a length. */
export interface Lengths {
  readonly min: number;
  readonly median: number;
  readonly mean: number;
  readonly p95: number;
  readonly max: number;
}

export interface LevelSummary {
  readonly level: Level;
  /** Items that have a text at this level. */
  readonly texts: number;
  readonly characters: Lengths;
  /** Methods that made the texts, with how many each. */
  readonly methods: Readonly<Record<string, number>>;
}

export interface DataSummary {
  readonly items: number;
  readonly itemsWithoutQuestions: number;
  readonly itemsWithoutText: number;
  readonly questions: number;
  /** Questions whose right answer is that the text does not say. */
  readonly abstentions: number;
  /** Questions with more than one accepted answer. */
  readonly withSeveralAnswers: number;
  readonly questionsPerItem: Lengths | null;
  readonly answerCharacters: Lengths | null;
  readonly types: Readonly<Record<string, number>>;
  readonly levels: readonly LevelSummary[];
  /** Items drawn at random, the same ones every time. */
  readonly samples: readonly Item[];
}

/** Gathers a summary; `samples` items (default 5) are drawn alike from the whole set. */
export class DataSummaryBuilder {
  #items = 0;
  #itemsWithoutQuestions = 0;
  #itemsWithoutText = 0;
  #abstentions = 0;
  #withSeveralAnswers = 0;
  readonly #questionsPerItem: number[] = [];
  readonly #answerCharacters: number[] = [];
  readonly #types = new Map<string, number>();
  readonly #characters = new Map<Level, number[]>();
  readonly #methods = new Map<Level, Map<string, number>>();
  readonly #reservoir: { readonly at: number; readonly item: Item }[] = [];
  readonly #random = new Random(0, 'data-samples');

  constructor(readonly samples = 5) {}

  add(item: Item): void {
    this.#sample(item);
    this.#items++;
    if (item.questions.length === 0) this.#itemsWithoutQuestions++;
    if (Object.keys(item.texts).length === 0) this.#itemsWithoutText++;
    this.#questionsPerItem.push(item.questions.length);
    for (const question of item.questions) {
      count(this.#types, question.type);
      this.#answerCharacters.push(question.answers[0]?.length ?? 0);
      if (question.abstention === true) this.#abstentions++;
      if (question.answers.length > 1) this.#withSeveralAnswers++;
    }
    this.#addTexts(item);
  }

  #addTexts(item: Item): void {
    for (const [level, entry] of Object.entries(item.texts)) {
      if (!entry) continue;
      const lengths = this.#characters.get(level) ?? [];
      lengths.push(entry.text.length);
      this.#characters.set(level, lengths);
      const methods = this.#methods.get(level) ?? new Map<string, number>();
      count(methods, entry.method);
      this.#methods.set(level, methods);
    }
  }

  /** Reservoir sampling: every item is as likely as any other. */
  #sample(item: Item): void {
    const at = this.#items;
    if (at < this.samples) this.#reservoir.push({ at, item });
    else {
      const slot = this.#random.below(at + 1);
      if (slot < this.samples) this.#reservoir[slot] = { at, item };
    }
  }

  summary(): DataSummary {
    return {
      items: this.#items,
      itemsWithoutQuestions: this.#itemsWithoutQuestions,
      itemsWithoutText: this.#itemsWithoutText,
      questions: this.#answerCharacters.length,
      abstentions: this.#abstentions,
      withSeveralAnswers: this.#withSeveralAnswers,
      questionsPerItem: lengthsOf(this.#questionsPerItem),
      answerCharacters: lengthsOf(this.#answerCharacters),
      types: byCount(this.#types),
      levels: [...this.#characters.keys()].flatMap((level) => this.#level(level) ?? []).sort(longestFirst),
      samples: [...this.#reservoir].sort((a, b) => a.at - b.at).map(({ item }) => item),
    };
  }

  #level(level: Level): LevelSummary | undefined {
    const lengths = this.#characters.get(level) ?? [];
    const characters = lengthsOf(lengths);
    if (!characters) return undefined;
    return { level, texts: lengths.length, characters, methods: byCount(this.#methods.get(level) ?? new Map()) };
  }
}

/** The original, then from the longest texts to the shortest. */
function longestFirst(a: LevelSummary, b: LevelSummary): number {
  return Number(b.level === 'original') - Number(a.level === 'original') || b.characters.mean - a.characters.mean;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function byCount(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}

function lengthsOf(values: readonly number[]): Lengths | null {
  if (values.length === 0) return null;
  const [min = 0, median = 0, p95 = 0, max = 0] = [0, 0.5, 0.95, 1].map((p) => quantile(values, p));
  return { min, median, mean: mean(values), p95, max };
}
