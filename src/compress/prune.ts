/**
 * Phrases of least surprise left out, as Selective-Context (Li et al., 2023) and LLMLingua (Jiang et al., 2023) do: what a
 * base model expects anyway tells it little. Numbers, names and negations are protected. Needs a model's surprisal, no API.
 */
import { factsOf } from '../audit/facts.js';
import { WordText } from '../audit/words.js';
import type { Json } from '../core/json.js';
import type { Level } from '../core/levels.js';
import type { Tokenizer } from '../models/model.js';
import { failed, finished, sourceText } from './measure.js';
import type {
  Compression,
  CompressionFailure,
  CompressionMethod,
  Flag,
  SourceItem,
  Target,
  TokenCounter,
} from './method.js';
import { partsOf } from './parts.js';
import { phrasesOf, type TextPhrase } from './phrases.js';
import { goalShare } from './targets.js';
import { countWords } from './words.js';

/** A model as far as pruning needs it. */
export interface SurprisalModel {
  /** Everything about it that can change its numbers. */
  readonly identity: Json;
  /** For people. */
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Longest sequence it takes, in tokens. */
  readonly maxTokens: number;
  /** −ln p of each token given those before it in its sequence, in nats, one row per sequence; the first may be anything finite. */
  surprisal(sequences: readonly (readonly number[])[]): Promise<number[][]>;
}

export interface PruneSettings {
  readonly model: SurprisalModel;
  /** Counts what is reported; the budget is kept by it too. */
  readonly counter: TokenCounter;
  /** Longest text scored as one, in tokens; default 1,024, at most what the model takes. */
  readonly partTokens?: number;
}

export class Prune implements CompressionMethod {
  readonly name = 'prune';
  readonly identity: Json;
  readonly #model: SurprisalModel;
  readonly #counter: TokenCounter;
  readonly #partTokens: number;

  constructor({ model, counter, partTokens = 1024 }: PruneSettings) {
    this.#model = model;
    this.#counter = counter;
    this.#partTokens = Math.min(partTokens, model.maxTokens);
    this.identity = {
      method: this.name,
      version: 1,
      model: model.identity,
      partTokens: this.#partTokens,
      counter: counter.identity,
    };
  }

  serves(level: Level): boolean {
    return level !== 'original' && level !== 'ext';
  }

  async compress(item: SourceItem, target: Target): Promise<Compression | CompressionFailure> {
    const source = sourceText(item);
    if (source === undefined) return failed(this.name, target, 'no-source', `item ${item.id} has no original text`);
    const { tokenizer } = this.#model;
    const modelCounter = { identity: tokenizer.identity, count: (text: string) => tokenizer.encode(text).length };
    const parts = partsOf(source, this.#partTokens, modelCounter);
    const flags = new Set<Flag>(parts.length > 1 ? ['in-parts'] : []);
    const sequences = parts.map((part) => tokenizer.encode(part));
    const surprisals = await this.#model.surprisal(sequences);
    const phrases = parts.flatMap((part, index) =>
      scored(part, offsetsOf(part, sequences[index] ?? [], tokenizer), surprisals[index] ?? []),
    );
    const kept = this.#keep(phrases, goalShare(target, countWords(source)), this.#counter.count(source));
    const text = assembled(phrases, kept);
    if (text === '') return failed(this.name, target, 'empty', 'the text holds no words to choose from');
    const provenance = {
      model: this.#model.name,
      phrases: phrases.length,
      kept: kept.size,
      protected: phrases.filter((one) => one.guarded).length,
    };
    return finished(this.name, target, source, { text, provenance, flags: [...flags] }, this.#counter);
  }

  /** Leaves out unprotected phrases from the least surprising on until the budget is kept. */
  #keep(phrases: readonly ScoredPhrase[], share: number, sourceTokens: number): Set<number> {
    const budget = Math.max(1, Math.floor(share * sourceTokens));
    const kept = new Set(phrases.keys());
    const order = [...phrases.keys()]
      .filter((index) => phrases[index]?.guarded === false)
      .sort((a, b) => (phrases[a]?.surprise ?? 0) - (phrases[b]?.surprise ?? 0));
    const costs = phrases.map((phrase) => this.#counter.count(phrase.text));
    let tokens = costs.reduce((sum, cost) => sum + cost, 0);
    for (const index of order) {
      if (tokens <= budget) break;
      kept.delete(index);
      tokens -= costs[index] ?? 0;
    }
    return kept;
  }
}

interface ScoredPhrase extends TextPhrase {
  /** Mean surprisal of its tokens, in nats. */
  readonly surprise: number;
  readonly guarded: boolean;
}

/** Where each token begins in the text, by decoding ever longer prefixes; a token within a character begins with it. */
export function offsetsOf(text: string, ids: readonly number[], tokenizer: Tokenizer): number[] {
  const offsets: number[] = [];
  let at = 0;
  let pending: number[] = [];
  for (const id of ids) {
    offsets.push(at);
    pending.push(id);
    const piece = tokenizer.decode(pending);
    if (piece.includes('\ufffd')) continue; // part of a character: decode it with what follows
    const found = text.startsWith(piece, at) ? at : text.indexOf(piece.trim(), at);
    at = Math.min(text.length, (found < 0 ? at : found) + (found === at ? piece : piece.trim()).length);
    pending = [];
  }
  return offsets;
}

function scored(text: string, offsets: readonly number[], surprisal: readonly number[]): ScoredPhrase[] {
  const guardedRanges = protectedRanges(text);
  return phrasesOf(text).map((phrase) => {
    const own = offsets.flatMap((offset, index) =>
      offset >= phrase.start && offset < phrase.end ? [surprisal[index] ?? 0] : [],
    );
    const surprise = own.reduce((sum, value) => sum + value, 0) / Math.max(1, own.length);
    const guarded =
      NEGATION.test(phrase.text) || guardedRanges.some(([from, to]) => from < phrase.end && to > phrase.start);
    return { ...phrase, surprise, guarded };
  });
}

/** Words that turn a statement round. */
const NEGATION = /\b(?:not|no|never|none|neither|nor|without|except|cannot|n['’]t)\b|n['’]t\b|[不没無无非未]/i;

/** Characters of names, numbers and dates. */
function protectedRanges(text: string): [number, number][] {
  const words = new WordText(text);
  return factsOf(text).flatMap((fact) => fact.wordings.flatMap((wording) => words.find(wording)));
}

/** The kept phrases; blanks and punctuation tidied where something is gone. */
function assembled(phrases: readonly ScoredPhrase[], kept: ReadonlySet<number>): string {
  const text = phrases.map((phrase, index) => (kept.has(index) ? phrase.text : stops(phrase.text))).join('');
  return text
    .replace(/[ \t]+/g, ' ')
    .replace(/ +([,.;:!?)\]])/g, '$1')
    .replace(/([,;:])(?:\s*[,;:])+/g, '$1')
    .replace(/[,;:]\s*([.!?])/g, '$1')
    .replace(/([.!?])(?:\s*[.!?])+(?=\s|$)/g, '$1')
    .replace(/(^|\n)[\s,.;:]+/g, '$1')
    .trim();
}

/** What stays of a phrase that is left out: the end of its sentence or paragraph. */
function stops(text: string): string {
  return /([.!?。！？]?\s*)$/.exec(text)?.[1] ?? '';
}
