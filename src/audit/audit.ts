/** The audit: what each level kept and what it costs, counted before anything is trained. */
import { UserError } from '../core/errors.js';
import type { Level } from '../core/levels.js';
import { didYouMean } from '../core/nearest.js';
import type { Item, LevelText } from '../core/records.js';
import type { Tokenizer } from '../models/model.js';
import { AnswerBits } from './bits.js';
import { factsOf } from './facts.js';
import { LevelTally, type PreparedItem } from './level-tally.js';
import {
  AUDIT_VERSION,
  type AuditReport,
  type ItemAudit,
  type ItemView,
  type LevelAudit,
  type LevelView,
} from './audit-report.js';
import { answersOf, askedQuestions, isKept } from './retention.js';
import type { SampleFitter } from './truncation.js';
import { viewOf } from './view.js';
import { WordText } from '../text/word-text.js';

export interface AuditOptions {
  /** The base model's. */
  readonly tokenizer: Tokenizer;
  /** Levels to audit; default: every level that some item has. */
  readonly levels?: readonly Level[];
  /** Fits samples into the context limit as training does; without it truncation is not audited. */
  readonly fitter?: SampleFitter;
  /** Whether to keep one row per item and level; default no. */
  readonly perItem?: boolean;
  /** Items shown side by side, from the first on; default 1. */
  readonly views?: number;
  /** Told now and then how many items have been audited. */
  readonly onProgress?: (items: number) => void;
}

/** Items whose texts are tokenized in one call. */
const BATCH = 64;

/** Audits items as they come; only numbers are kept of them. Throws UserError when a level asked for has no text. */
export async function audit(items: Iterable<Item> | AsyncIterable<Item>, options: AuditOptions): Promise<AuditReport> {
  const auditor = new Auditor(options);
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    auditor.add(batch);
    batch = [];
    options.onProgress?.(auditor.items);
  }
  auditor.add(batch);
  return auditor.report();
}

class Auditor {
  items = 0;
  #questions = 0;
  #dataset = '';
  readonly #bits = new AnswerBits();
  readonly #tallies = new Map<Level, LevelTally>();
  readonly #present = new Set<Level>();
  readonly #rows: ItemAudit[] = [];
  readonly #views: ItemView[] = [];

  constructor(readonly options: AuditOptions) {}

  add(batch: readonly Item[]): void {
    const texts = batch.map((item) => this.#levelsOf(item));
    const flat = texts.flatMap((levels) => levels.map(([, entry]) => entry.text));
    const answers = batch.flatMap((item) => askedQuestions(item).map((question) => question.answers[0] ?? ''));
    const counts = this.options.tokenizer.encodeBatch(flat).map((ids) => ids.length);
    const answerIds = this.options.tokenizer.encodeBatch(answers);
    let [text, answer] = [0, 0];
    for (const [index, item] of batch.entries()) {
      const levels = (texts[index] ?? []).map(([level, entry]) => ({ level, entry, tokens: counts[text++] ?? 0 }));
      const asked = askedQuestions(item).length;
      this.#addItem(item, levels, answerIds.slice(answer, answer + asked));
      answer += asked;
    }
  }

  /** The item's texts, the original first: it is what the others are compared with. */
  #levelsOf(item: Item): [Level, LevelText][] {
    const wanted = this.options.levels;
    const { original, ...others } = item.texts;
    return Object.entries({ ...(original && { original }), ...others }).flatMap(
      ([level, entry]): [Level, LevelText][] => {
        if (entry) this.#present.add(level);
        return entry && (level === 'original' || !wanted || wanted.includes(level)) ? [[level, entry]] : [];
      },
    );
  }

  #addItem(
    item: Item,
    levels: readonly { level: Level; entry: LevelText; tokens: number }[],
    answers: number[][],
  ): void {
    this.items++;
    this.#questions += item.questions.length;
    this.#dataset ||= item.dataset;
    const original = levels.find(({ level }) => level === 'original');
    let prepared = this.#prepare(item, original?.tokens, answers);
    for (const { level, entry, tokens } of levels) {
      const { row, samples } = this.#tally(level).add(prepared, entry, tokens);
      if (level === 'original' && this.options.fitter) prepared = { ...prepared, originalSamples: samples };
      if (this.options.perItem === true) this.#rows.push(row);
    }
    if (this.#views.length < (this.options.views ?? 1)) this.#views.push(viewOf(item, this.options.tokenizer));
  }

  #prepare(item: Item, originalTokens: number | undefined, answerIds: readonly number[][]): PreparedItem {
    const text = item.texts.original?.text ?? '';
    const words = new WordText(text);
    const questions = askedQuestions(item);
    const answers = answersOf(item).map((fact, index) => {
      const answer = { tokens: answerIds[index] ?? [], bits: questions[index]?.bits };
      this.#bits.addAnswer(answer.tokens, answer.bits);
      return { fact, inOriginal: isKept(fact, words), answer };
    });
    const others = factsOf(text, words.words).map((fact) => ({ fact, inOriginal: true, answer: undefined }));
    return { item, originalTokens, originalSamples: undefined, originalWords: words, facts: [...answers, ...others] };
  }

  #tally(level: Level): LevelTally {
    const tally = this.#tallies.get(level) ?? new LevelTally(level, this.options.fitter);
    this.#tallies.set(level, tally);
    return tally;
  }

  report(): AuditReport {
    const wanted = this.options.levels ?? [];
    const missing = wanted.filter((level) => !this.#tallies.has(level));
    if (missing.length > 0) throw new UserError(noTextMessage(missing, [...this.#present]));
    const levels = [...this.#tallies.values()].map((tally) => tally.result(this.#bits)).sort(inOrder);
    const order = levels.map(({ level }) => level);
    return {
      version: AUDIT_VERSION,
      dataset: this.#dataset,
      tokenizer: this.options.tokenizer.identity,
      maxLength: this.options.fitter?.maxLength ?? null,
      items: this.items,
      questions: this.#questions,
      levels: levels.filter(({ level }) => wanted.length === 0 || wanted.includes(level)),
      perItem: this.#rows,
      views: this.#views.map((view) => ({ ...view, levels: [...view.levels].sort(by(order)) })),
    };
  }
}

/** The original, then by the share of tokens saved; levels without one last. */
function inOrder(a: LevelAudit, b: LevelAudit): number {
  if (a.level === 'original' || b.level === 'original')
    return Number(b.level === 'original') - Number(a.level === 'original');
  return (a.trr.macro ?? Infinity) - (b.trr.macro ?? Infinity) || 0;
}

function by(order: readonly Level[]): (a: LevelView, b: LevelView) => number {
  return (a, b) => order.indexOf(a.level) - order.indexOf(b.level);
}

function noTextMessage(missing: readonly Level[], present: readonly Level[]): string {
  const meant = missing.map((level) => `no item has a text at level ${level}${didYouMean(level, present)}`);
  return `${meant.join('; ')}; lightmem compress makes others`;
}
