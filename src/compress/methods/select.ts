/**
 * The most telling sentences to a token budget, without any model: central in the graph of sentence similarity (LexRank,
 * Erkan and Radev 2004), rich in facts not yet said, and unlike those already chosen (MMR, Carbonell and Goldstein 1998).
 */
import { z } from 'zod';
import { factsOf } from '../../audit/facts.js';
import { distinct, largest } from '../../core/collections.js';
import { integer, positive } from '../../core/setting-schemas.js';
import { countWords, joinedSentences, sentencesOf } from '../../text/sentences.js';
import { WORDS_VERSION, wordsOf } from '../../text/words.js';
import { defineMethod, type MethodTools } from '../entry.js';
import { failed, finished, sourceText } from '../measure.js';
import type { Compression, CompressionFailure, Flag, SourceItem, TextMaker, TokenCounter } from '../method.js';
import { joinedUnits, markdownUnits, type Unit } from '../../text/markdown.js';
import { partsOf } from '../parts.js';
import { goalShare, type Target } from '../target.js';

const options = z.strictObject({
  factWeight: positive(1, true).describe('Weight of facts not yet said against centrality, 0 to 1.').default(0.5),
  noveltyWeight: positive(1, true).describe('Weight of dissimilarity to what is chosen, 0 to 1.').default(0.3),
  partTokens: integer(1, 1_000_000).describe('Longest text ranked as one, in tokens.').default(8_000),
});

type Options = z.output<typeof options>;

/** The entry. */
export const select = defineMethod({
  name: 'select',
  about: 'the most telling sentences, whole, without any model',
  forms: [{ level: 'select', amount: { ratio: 0.5 }, description: 'chosen sentences' }],
  makesOthers: true,
  takesAmounts: true,
  model: 'none',
  options,
  version: { version: 2, words: WORDS_VERSION },
  identity: (own, { counter }) => ({ ...own, counter: counter.identity }),
  make: (own, tools) => new Selector(own, tools),
});

/** Random jumps in LexRank: the share of rank that every sentence gets alike. */
const JUMP = 0.15;
const ITERATIONS = 60;

class Selector implements TextMaker {
  readonly #options: Options;
  readonly #counter: TokenCounter;

  constructor(own: Options, { counter }: MethodTools) {
    this.#options = own;
    this.#counter = counter;
  }

  compress(item: SourceItem, target: Target): Promise<Compression | CompressionFailure> {
    return Promise.resolve(this.#compress(item, target));
  }

  #compress(item: SourceItem, target: Target): Compression | CompressionFailure {
    const source = sourceText(item);
    if (source === undefined) return failed(select.name, target, 'no-source', `item ${item.id} has no original text`);
    const share = goalShare(target, countWords(source));
    const units = markdownUnits(source);
    const chosen = units === null ? this.#fromProse(source, share) : this.#fromMarkdown(units, share);
    const flags: Flag[] = chosen.length > 1 ? ['in-parts'] : [];
    const text = chosen.map((one) => one.text).join(units === null ? '\n' : '\n\n');
    const total = (pick: (one: Chosen) => number): number => chosen.reduce((sum, one) => sum + pick(one), 0);
    if (text === '') return failed(select.name, target, 'empty', 'the text holds no words to choose from');
    const provenance = {
      ranking: 'lexrank + facts + mmr',
      sentences: total((one) => one.sentences),
      kept: total((one) => one.kept),
    };
    return finished({ method: select.name, target, source, text, provenance, flags }, this.#counter);
  }

  #fromProse(source: string, share: number): Chosen[] {
    return partsOf(source, this.#options.partTokens, this.#counter).map((text) => {
      const sentences = sentencesOf(text).filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
      const pieces = sentences.map((sentence) => this.#piece(sentence.trim()));
      const budget = Math.max(1, Math.floor(share * this.#counter.count(text)));
      const kept = pick(pieces, budget, this.#options);
      return { text: joined(sentences, kept), sentences: sentences.length, kept: kept.length };
    });
  }

  /** Sections of up to `partTokens`, whole blocks each, with the headings they stand under. */
  #fromMarkdown(units: readonly Unit[], share: number): Chosen[] {
    const costs = units.map(({ text }) => this.#cost(text));
    const chosen = sections(units, costs, this.#options.partTokens).map((section) => {
      const shown = distinct(section.flatMap((index) => [...(units[index]?.needs ?? []), index])).sort((a, b) => a - b);
      const pieces = shown.map((index) => pieceOf(units, costs, index, shown));
      const budget = Math.max(1, Math.floor(share * section.reduce((sum, index) => sum + (costs[index] ?? 0), 0)));
      const among = section.map((index) => shown.indexOf(index));
      const kept = new Set(pick(pieces, budget, this.#options, among).flatMap((at) => shown[at] ?? []));
      const sentences = section.filter((index) => units[index]?.stands).length;
      const told = section.filter((index) => kept.has(index) && units[index]?.stands).length;
      return { text: joinedUnits(units, kept), sentences, kept: told };
    });
    return chosen.filter(({ text }) => text !== '');
  }

  #piece(text: string): Piece {
    return { text, cost: this.#cost(text), needs: [], stands: true };
  }

  #cost(text: string): number {
    return Math.max(1, this.#counter.count(text));
  }
}

/** What is kept whole or left out. */
interface Piece {
  readonly text: string;
  /** In tokens. */
  readonly cost: number;
  /** Pieces that must be kept with it, by their index. */
  readonly needs: readonly number[];
  /** Whether it can be chosen for itself. */
  readonly stands: boolean;
}

/** A unit of those shown, its needs as their places among them. */
function pieceOf(units: readonly Unit[], costs: readonly number[], index: number, shown: readonly number[]): Piece {
  const { text = '', needs = [], stands = false } = units[index] ?? {};
  return { text, cost: costs[index] ?? 1, needs: needs.map((need) => shown.indexOf(need)), stands };
}

/** Indices of runs of whole blocks, each of at most so many tokens where blocks allow it. */
function sections(units: readonly Unit[], costs: readonly number[], most: number): number[][] {
  const runs: number[][] = [[]];
  let tokens = 0;
  units.forEach((unit, index) => {
    const cost = costs[index] ?? 0;
    if (tokens + cost > most && tokens > 0 && units[index - 1]?.block !== unit.block) {
      runs.push([]);
      tokens = 0;
    }
    runs.at(-1)?.push(index);
    tokens += cost;
  });
  return runs;
}

interface Chosen {
  readonly text: string;
  readonly sentences: number;
  readonly kept: number;
}

/** The chosen sentences in their order, paragraphs as in the source. */
function joined(sentences: readonly string[], kept: readonly number[]): string {
  const inOrder = [...kept].sort((a, b) => a - b);
  return joinedSentences(inOrder.map((index) => sentences[index] ?? ''));
}

/** Indices chosen greedily by worth per token while the budget lasts, with what they need; at least one, the best that is closest to the budget. */
function pick(
  pieces: readonly Piece[],
  budget: number,
  options: Options,
  among: readonly number[] = [...pieces.keys()],
): number[] {
  const choice = new Choice(pieces, options);
  const open = new Set(among.filter((index) => pieces[index]?.stands));
  let left = budget;
  while (open.size > 0) {
    const fitting = [...open].filter((index) => choice.cost(index) <= left);
    const candidates = fitting.length === 0 && choice.chosen.size === 0 ? [cheapest([...open], choice)] : fitting;
    const best = candidates.reduce<number | undefined>(
      (top, index) => (top === undefined || choice.worth(index) > choice.worth(top) ? index : top),
      undefined,
    );
    if (best === undefined) break;
    left -= choice.cost(best);
    choice.take(best, open);
  }
  return [...choice.chosen];
}

/** What is chosen so far, and what each other piece would add to it. */
class Choice {
  readonly chosen = new Set<number>();
  readonly #vectors: readonly Vector[];
  readonly #rank: readonly number[];
  readonly #facts: readonly (readonly string[])[];
  readonly #said = new Set<string>();
  readonly #similarity: Float64Array;

  constructor(
    readonly pieces: readonly Piece[],
    readonly options: Options,
  ) {
    const texts = pieces.map(({ text }) => text);
    this.#vectors = tfIdf(texts);
    this.#rank = lexRank(this.#vectors);
    this.#facts = texts.map((text) => factsOf(text).map((fact) => fact.wordings[0]?.joined ?? ''));
    this.#similarity = new Float64Array(pieces.length);
  }

  /** Tokens that a piece adds, with those it needs that are not chosen yet. */
  cost(index: number): number {
    if ((this.pieces[index]?.needs ?? []).length === 0) return this.pieces[index]?.cost ?? 1;
    return this.#withNeeds(index).reduce((sum, each) => sum + (this.pieces[each]?.cost ?? 1), 0);
  }

  /** Facts not yet said, and centrality less likeness to what is chosen, by token. */
  worth(index: number): number {
    const { factWeight, noveltyWeight } = this.options;
    const fresh = (this.#facts[index] ?? []).filter((fact) => !this.#said.has(fact)).length;
    const cost = this.pieces[index]?.cost ?? 1;
    const central = (this.#rank[index] ?? 0) * (1 - noveltyWeight * (this.#similarity[index] ?? 0));
    return factWeight * (fresh / cost) * MEAN_FACT_COST + (1 - factWeight) * central * Math.min(1, MEAN_COST / cost);
  }

  /** Chooses a piece with what it needs, and takes them out of what is open. */
  take(best: number, open: Set<number>): void {
    for (const each of this.#withNeeds(best)) {
      this.chosen.add(each);
      open.delete(each);
    }
    for (const fact of this.#facts[best] ?? []) this.#said.add(fact);
    for (const index of open)
      this.#similarity[index] = Math.max(
        this.#similarity[index] ?? 0,
        cosine(this.#vectors[index], this.#vectors[best]),
      );
  }

  #withNeeds(index: number): number[] {
    return [index, ...(this.pieces[index]?.needs ?? [])].filter((each) => !this.chosen.has(each));
  }
}

/** Tokens that a fact, and a sentence, take about: they bring the two kinds of worth to one scale. */
const MEAN_FACT_COST = 8;
const MEAN_COST = 30;

function cheapest(indices: readonly number[], choice: Choice): number {
  return indices.reduce((best, index) => (choice.cost(index) < choice.cost(best) ? index : best), indices[0] ?? 0);
}

type Vector = ReadonlyMap<string, number>;

/** Sentences as unit vectors of words, weighted by how rare a word is among the sentences. */
function tfIdf(sentences: readonly string[]): Vector[] {
  const counts = sentences.map((sentence) => {
    const words = new Map<string, number>();
    for (const { norm } of wordsOf(sentence)) words.set(norm, (words.get(norm) ?? 0) + 1);
    return words;
  });
  const frequency = new Map<string, number>();
  for (const words of counts) for (const word of words.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  return counts.map((words) => {
    const weights = [...words].map(
      ([word, count]) => [word, count * Math.log(1 + sentences.length / (frequency.get(word) ?? 1))] as const,
    );
    const norm = Math.sqrt(weights.reduce((sum, [, weight]) => sum + weight * weight, 0)) || 1;
    return new Map(weights.map(([word, weight]) => [word, weight / norm]));
  });
}

function cosine(a: Vector | undefined, b: Vector | undefined): number {
  if (a === undefined || b === undefined) return 0;
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let sum = 0;
  for (const [word, weight] of small) sum += weight * (large.get(word) ?? 0);
  return sum;
}

/** Centrality of each sentence, 1 for the most central: the stationary distribution of a walk along similarities. */
function lexRank(vectors: readonly Vector[]): number[] {
  const n = vectors.length;
  const walk = transitions(vectors);
  let rank = new Float64Array(n).fill(1 / Math.max(1, n));
  for (let i = 0; i < ITERATIONS; i++) {
    const next = new Float64Array(n).fill(JUMP / n);
    for (let from = 0; from < n; from++) {
      const flow = (1 - JUMP) * (rank[from] ?? 0);
      for (let to = 0; to < n; to++) next[to] = (next[to] ?? 0) + flow * (walk[from * n + to] ?? 0);
    }
    rank = next;
  }
  const most = Math.max(largest(rank), Number.MIN_VALUE);
  return [...rank].map((value) => value / most);
}

/** Probabilities [n, n] of a step from sentence to sentence: their cosines, each row summing to 1. */
function transitions(vectors: readonly Vector[]): Float32Array {
  const n = vectors.length;
  const weights = new Float32Array(n * n);
  for (const places of wordPlaces(vectors).values()) {
    for (const [a, weightA] of places) {
      for (const [b, weightB] of places)
        if (a !== b) weights[a * n + b] = (weights[a * n + b] ?? 0) + weightA * weightB;
    }
  }
  for (let row = 0; row < n; row++) {
    const own = weights.subarray(row * n, (row + 1) * n);
    const sum = own.reduce((total, weight) => total + weight, 0) || 1;
    own.forEach((weight, index) => (own[index] = weight / sum));
  }
  return weights;
}

/** For each word the sentences it stands in, with its weight there. */
function wordPlaces(vectors: readonly Vector[]): Map<string, [number, number][]> {
  const places = new Map<string, [number, number][]>();
  vectors.forEach((vector, index) => {
    for (const [word, weight] of vector) {
      const own = places.get(word) ?? [];
      own.push([index, weight]);
      places.set(word, own);
    }
  });
  return places;
}
