/** Everything counted at one level while items go by, and the level's audit made of it. */
import type { Level } from '../core/levels.js';
import type { Item, LevelText } from '../core/records.js';
import type { AnswerBits } from './bits.js';
import { distributionOf } from './distribution.js';
import { FACT_KINDS, type Fact, type FactKind } from './facts.js';
import type { Density, ItemAudit, LevelAudit, Rates, Retention } from './audit-report.js';
import { isKept } from './retention.js';
import { macroTrr, microTrr, tokenReduction } from './trr.js';
import { TruncationCount, type SampleFitter } from './truncation.js';
import { levelSentence } from '../words/level-sentence.js';
import { countWords } from '../text/sentences.js';
import { WordText } from '../text/word-text.js';

/** An item with what all its levels share, worked out once. */
export interface PreparedItem {
  readonly item: Item;
  readonly originalTokens: number | undefined;
  readonly originalSamples: readonly number[] | undefined;
  readonly originalWords: WordText;
  /** Answers, entities, numbers and dates, and whether the original text holds each. */
  readonly facts: readonly {
    readonly fact: Fact;
    readonly inOriginal: boolean;
    readonly answer: PreparedAnswer | undefined;
  }[];
}

export interface PreparedAnswer {
  readonly tokens: readonly number[];
  readonly bits: number | undefined;
}

/** Histogram of TRR: bins of 0.05 from −2 to 1. */
const [BIN_WIDTH, LOWEST_BIN, HIGHEST_BIN] = [0.05, -2, 1];
const LISTED_GREW = 20;

interface Pair {
  readonly item: string;
  readonly original: number;
  readonly tokens: number;
}

export class LevelTally {
  #texts = 0;
  #tokens = 0;
  #words = 0;
  readonly #descriptions = new Set<string | null>();
  readonly #pairs: Pair[] = [];
  readonly #samples: { original: number; tokens: number }[] = [];
  readonly #retention = Object.fromEntries(FACT_KINDS.map((kind) => [kind, new RetentionCount()])) as Record<
    FactKind,
    RetentionCount
  >;
  readonly #truncation = new TruncationCount();
  readonly #foundTokens = new Map<number, number>();
  #recordedBits = 0;

  constructor(
    readonly level: Level,
    readonly fitter: SampleFitter | undefined,
  ) {}

  /** Counts one item's text; gives its row and the tokens of its samples. */
  add(prepared: PreparedItem, text: LevelText, tokens: number): { row: ItemAudit; samples: readonly number[] } {
    const { item, originalTokens } = prepared;
    this.#texts++;
    this.#tokens += tokens;
    this.#words += countWords(text.text);
    const { description } = text.provenance;
    this.#descriptions.add(typeof description === 'string' ? description : null);
    if (originalTokens !== undefined) this.#pairs.push({ item: item.id, original: originalTokens, tokens });
    const retention = this.#addFacts(prepared, text.text);
    const samples = this.fitter ? this.#truncation.add(item, text, tokens, this.fitter) : [];
    for (const [index, sample] of samples.entries()) {
      const original = prepared.originalSamples?.[index] ?? (this.level === 'original' ? sample : undefined);
      if (original !== undefined) this.#samples.push({ original, tokens: sample });
    }
    const trr = originalTokens === undefined ? null : finite(tokenReduction(originalTokens, tokens));
    const row = { item: item.id, level: this.level, tokens, originalTokens: originalTokens ?? null, trr, retention };
    return { row, samples };
  }

  #addFacts(prepared: PreparedItem, text: string): Record<FactKind, number | null> {
    const words = this.level === 'original' ? prepared.originalWords : new WordText(text);
    const counts = new Map<FactKind, { facts: number; kept: number }>();
    for (const { fact, inOriginal, answer } of prepared.facts) {
      const kept = isKept(fact, words);
      this.#retention[fact.kind].addFact(kept, inOriginal);
      if (kept && answer) this.#addFound(answer);
      const count = counts.get(fact.kind) ?? { facts: 0, kept: 0 };
      counts.set(fact.kind, { facts: count.facts + 1, kept: count.kept + (kept ? 1 : 0) });
    }
    const share = (kind: FactKind) => {
      const count = counts.get(kind);
      if (!count) return null;
      this.#retention[kind].addItem(count.kept / count.facts);
      return count.kept / count.facts;
    };
    return { answers: share('answers'), entities: share('entities'), numbers: share('numbers'), dates: share('dates') };
  }

  #addFound({ tokens, bits }: PreparedAnswer): void {
    this.#recordedBits += bits ?? 0;
    for (const token of tokens) this.#foundTokens.set(token, (this.#foundTokens.get(token) ?? 0) + 1);
  }

  /** The level's audit, once all items have gone by. */
  result(bits: AnswerBits): LevelAudit {
    const grown = this.#pairs.filter((pair) => pair.tokens > pair.original);
    grown.sort((a, b) => b.tokens / b.original - a.tokens / a.original);
    const values = this.#pairs.map((pair) => tokenReduction(pair.original, pair.tokens)).filter(Number.isFinite);
    const numbers = {
      level: this.level,
      n: this.#pairs.length,
      texts: this.#texts,
      words: this.#words / this.#texts,
      description: this.#descriptions.size === 1 ? ([...this.#descriptions][0] ?? null) : null,
      tokens: {
        original: this.#pairs.reduce((total, pair) => total + pair.original, 0),
        level: this.#tokens,
        mean: this.#tokens / this.#texts,
      },
      trr: ratesOf(this.#pairs),
      sampleTrr: this.fitter ? ratesOf(this.#samples) : null,
      distribution: distributionOf(values, BIN_WIDTH, LOWEST_BIN, HIGHEST_BIN),
      grew: { count: grown.length, items: grown.slice(0, LISTED_GREW).map((pair) => pair.item) },
      retention: {
        answers: this.#retention.answers.result(),
        entities: this.#retention.entities.result(),
        numbers: this.#retention.numbers.result(),
        dates: this.#retention.dates.result(),
      },
      density: this.#density(bits),
      truncation: this.fitter ? this.#truncation.result() : null,
    };
    return { ...numbers, verdict: levelSentence(numbers) };
  }

  #density(bits: AnswerBits): Density {
    const { facts, kept } = this.#retention.answers.result();
    const held = bits.isRecorded ? this.#recordedBits : bits.estimate(this.#foundTokens);
    const known = facts > 0 && this.#tokens > 0;
    return {
      factsPer1000Tokens: known ? (1000 * kept) / this.#tokens : null,
      bitsPerToken: known ? held / this.#tokens : null,
      bits: bits.isRecorded ? 'recorded' : 'estimated',
    };
  }
}

function ratesOf(pairs: readonly { readonly original: number; readonly tokens: number }[]): Rates {
  const comparable = pairs.filter((pair) => pair.original > 0);
  const rates = comparable.map((pair) => tokenReduction(pair.original, pair.tokens));
  return { macro: finite(macroTrr(rates)), micro: finite(microTrr(comparable)) };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Facts of one kind, found and not. */
class RetentionCount {
  #facts = 0;
  #kept = 0;
  #inOriginal = 0;
  #keptOfOriginal = 0;
  #shares = 0;
  #items = 0;

  addFact(kept: boolean, inOriginal: boolean): void {
    this.#facts++;
    if (kept) this.#kept++;
    if (inOriginal) this.#inOriginal++;
    if (kept && inOriginal) this.#keptOfOriginal++;
  }

  addItem(share: number): void {
    this.#shares += share;
    this.#items++;
  }

  result(): Retention {
    return {
      facts: this.#facts,
      kept: this.#kept,
      share: finite(this.#kept / this.#facts),
      macro: finite(this.#shares / this.#items),
      ofOriginal: finite(this.#keptOfOriginal / this.#inOriginal),
    };
  }
}
