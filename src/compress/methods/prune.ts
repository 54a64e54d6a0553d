/**
 * Phrases of least surprise left out, then words, as Selective-Context (Li et al., 2023) and LLMLingua (Jiang et al., 2023) do:
 * what a base model expects anyway tells it little. Numbers, names and negated phrases stay. Needs a model's surprisal, no API.
 */
import { z } from 'zod';
import { factsOf } from '../../audit/facts.js';
import { integer } from '../../core/setting-schemas.js';
import type { Tokenizer } from '../../models/model.js';
import { mayNegate } from '../../text/attitude.js';
import { phrasesOf, type TextPhrase } from '../../text/phrases.js';
import { countWords } from '../../text/sentences.js';
import { WordText } from '../../text/word-text.js';
import { WORDS_VERSION } from '../../text/words.js';
import { defineMethod, type MethodTools } from '../entry.js';
import { failed, finished, sourceText } from '../measure.js';
import type {
  Compression,
  CompressionFailure,
  Flag,
  SourceItem,
  SurprisalModel,
  TextMaker,
  TokenCounter,
} from '../method.js';
import { partsOf } from '../parts.js';
import { goalShare, type Target } from '../target.js';

const options = z.strictObject({
  partTokens: integer(1, 1_000_000)
    .describe('Longest text scored as one, in tokens; at most what the model takes.')
    .default(1024),
});

type Options = z.output<typeof options>;

/** The entry. */
export const prune = defineMethod({
  name: 'prune',
  about: 'what surprises a model on this machine least is left out',
  forms: [{ level: 'prune', amount: { ratio: 0.5 }, description: 'least surprising words left out' }],
  makesOthers: true,
  takesAmounts: true,
  model: 'surprisal',
  options,
  version: { version: 3, words: WORDS_VERSION },
  identity: (own, tools) => ({ partTokens: partTokensOf(own, tools), counter: tools.counter.identity }),
  make: (own, tools) => new Pruner(own, tools),
});

function partTokensOf({ partTokens }: Options, tools: MethodTools): number {
  return Math.min(partTokens, tools.surprisal().maxTokens);
}

class Pruner implements TextMaker {
  readonly #model: SurprisalModel;
  readonly #counter: TokenCounter;
  readonly #partTokens: number;

  constructor(own: Options, tools: MethodTools) {
    this.#model = tools.surprisal();
    this.#counter = tools.counter;
    this.#partTokens = partTokensOf(own, tools);
  }

  async compress(item: SourceItem, target: Target): Promise<Compression | CompressionFailure> {
    const source = sourceText(item);
    if (source === undefined) return failed(prune.name, target, 'no-source', `item ${item.id} has no original text`);
    const { tokenizer } = this.#model;
    const modelCounter = { identity: tokenizer.identity, count: (text: string) => tokenizer.encode(text).length };
    const parts = partsOf(source, this.#partTokens, modelCounter);
    const flags = new Set<Flag>(parts.length > 1 ? ['in-parts'] : []);
    const sequences = parts.map((part) => tokenizer.encode(part));
    const surprisals = await this.#model.surprisal(sequences);
    const units = parts.flatMap((part, index) =>
      scored(part, offsetsOf(part, sequences[index] ?? [], tokenizer), surprisals[index] ?? []),
    );
    const kept = this.#keep(units, goalShare(target, countWords(source)), this.#counter.count(source));
    const text = assembled(units, kept);
    if (text === '') return failed(prune.name, target, 'empty', 'the text holds no words to choose from');
    const provenance = {
      model: this.#model.name,
      units: units.length,
      kept: kept.size,
      protected: units.filter((one) => one.guarded).length,
    };
    return finished({ method: prune.name, target, source, text, provenance, flags: [...flags] }, this.#counter);
  }

  /**
   * Leaves out as little as brings the text within its budget: first whole phrases that hold nothing protected, then single
   * words of the others, both from the least surprising on.
   */
  #keep(units: readonly ScoredUnit[], share: number, sourceTokens: number): Set<number> {
    const budget = Math.max(1, Math.floor(share * sourceTokens));
    const order = [...units.entries()]
      .filter(([, unit]) => !unit.guarded)
      .sort(([, a], [, b]) => Number(b.isPhrase) - Number(a.isPhrase) || a.surprise - b.surprise)
      .map(([index]) => index);
    const without = (count: number): Set<number> => {
      const gone = new Set(order.slice(0, count));
      return new Set([...units.keys()].filter((index) => !gone.has(index)));
    };
    let [low, high] = [0, order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#counter.count(assembled(units, without(middle))) <= budget) high = middle;
      else low = middle + 1;
    }
    return without(low);
  }
}

/** A unit that is kept or left out as one. */
interface Unit extends TextPhrase {
  /** Whether it holds a name, a number, a date or a negation, and stays. */
  readonly guarded: boolean;
  /** Whether it is a whole phrase; else it is a word, or something guarded. */
  readonly isPhrase: boolean;
}

interface ScoredUnit extends Unit {
  /** Mean surprisal of its tokens, in nats. */
  readonly surprise: number;
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

function scored(text: string, offsets: readonly number[], surprisal: readonly number[]): ScoredUnit[] {
  return unitsOf(text).map((unit) => {
    const own = offsets.flatMap((offset, index) =>
      offset >= unit.start && offset < unit.end ? [surprisal[index] ?? 0] : [],
    );
    return { ...unit, surprise: own.reduce((sum, value) => sum + value, 0) / Math.max(1, own.length) };
  });
}

/** Phrases that hold nothing protected, and between them words and what is protected; joined they are the text. */
function unitsOf(text: string): Unit[] {
  const ranges = protectedRanges(text);
  const holds = (start: number, end: number): boolean => ranges.some(([from, to]) => from < end && to > start);
  const phrases = phrasesOf(text);
  const free = new Map(phrases.filter(({ start, end }) => !holds(start, end)).map((each) => [each.start, each.end]));
  const inPhrase = (at: number): boolean => [...free].some(([start, end]) => start < at && at < end);
  const words = [...text.matchAll(/(?<=\s)(?=\S)/g)].map(({ index }) => index).filter((at) => !inPhrase(at));
  const cuts = [...new Set([0, ...phrases.map(({ start }) => start), ...words])].sort((a, b) => a - b);
  const borders = [...cuts.filter((at) => !ranges.some(([from, to]) => from < at && at < to)), text.length];
  return borders.slice(0, -1).map((start, index) => {
    const end = borders[index + 1] ?? text.length;
    return { text: text.slice(start, end), start, end, guarded: holds(start, end), isPhrase: free.get(start) === end };
  });
}

/** Characters of names, numbers and dates, and of phrases that a negation turns round. */
function protectedRanges(text: string): (readonly [number, number])[] {
  const words = new WordText(text);
  const facts = factsOf(text).flatMap((fact) => fact.wordings.flatMap((wording) => words.find(wording)));
  const negated = phrasesOf(text).filter((phrase) => mayNegate(phrase.text));
  return [...facts, ...negated.map(({ start, end }) => [start, end] as const)];
}

/** The kept units; blanks and punctuation tidied where something is gone. */
function assembled(units: readonly ScoredUnit[], kept: ReadonlySet<number>): string {
  let text = '';
  for (const [index, unit] of units.entries()) text = kept.has(index) ? text + unit.text : withStop(text, unit.text);
  return text
    .replace(/[ \t]+/g, ' ')
    .replace(/ +([,.;:!?)\]])/g, '$1')
    .replace(/\s+(?=[，、；：。！？｡､])/g, '')
    .replace(/([,;:])(?:\s*[,;:])+/g, '$1')
    .replace(/[,;:]\s*([.!?])/g, '$1')
    .replace(/([.!?])(?:\s*[.!?])+(?=\s|$)/g, '$1')
    .replace(/(^|\n)[\s,.;:，、；：。！？｡､،؛।۔]+/g, '$1')
    .trim();
}

/** The text so far behind which a unit is left out: the end of its sentence or paragraph stays, unless the text ends so already. */
function withStop(text: string, gone: string): string {
  const [, stop = '', blank = ''] = /(\p{Sentence_Terminal}?)["'”’)」』]*(\s*)$/u.exec(gone) ?? [];
  const before = text.trimEnd();
  const isEnded = before === '' || /\p{Sentence_Terminal}["'”’)」』]*$/u.test(before);
  if (stop === '') return text + (text === before ? blank : blank.replace(/[^\n]/g, ''));
  return isEnded ? text + blank : before.replace(/[,;:，、；：､،؛]+$/u, '') + stop + blank;
}
