/** Facts first, then a fluent text that must hold every one of them: extracted, woven, checked fact by fact, mended, reported. */
import { z } from 'zod';
import { factsOf } from '../../audit/facts.js';
import type { Level } from '../../core/levels.js';
import type { Json, JsonObject } from '../../core/json.js';
import type { ChatModel } from '../../llm/chat-model.js';
import { CoveredText, missingFacts, requiredFact, type RequiredFact } from './coverage.js';
import { asked, AskFailure, type Usage } from '../asking/ask-again.js';
import { askForJson } from '../asking/model-json.js';
import { finished, sourceText } from '../measure.js';
import type {
  Compression,
  CompressionFailure,
  CompressionMethod,
  CompressOptions,
  Flag,
  SourceItem,
  Target,
  TokenCounter,
  WorkEstimate,
} from '../method.js';
import { askForText } from '../asking/model-text.js';
import { partsOf } from '../parts.js';
import {
  coveragePrompt,
  factsPrompt,
  mendingPrompt,
  PROMPTS_VERSION,
  weavingPrompt,
  type OutputLanguage,
} from '../asking/prompts.js';
import { goalWords } from '../targets.js';
import { countWords, sentencesOf } from '../../text/sentences.js';
import { WORDS_VERSION } from '../../text/words.js';

export interface HybridSettings {
  readonly model: ChatModel;
  readonly counter: TokenCounter;
  readonly language?: OutputLanguage;
  /** Longest text in one request, in tokens; default 3,000. */
  readonly partTokens?: number;
  /** Whether names, numbers and dates of the source that no extracted fact mentions must survive too; default true. */
  readonly keepKeys?: boolean;
  /** Revisions asked for while facts are missing; default 2. */
  readonly repairs?: number;
  /** Facts still missing then: `append` (default) adds their statements to the text as long as it stays shorter than its source; `name` only names them. */
  readonly onMissing?: 'append' | 'name';
  /** `match` (default) checks by string, number and entity; `model` also asks the model about facts that do not match. */
  readonly check?: 'match' | 'model';
}

const factsSchema = z.object({ facts: z.array(z.string().trim().min(1)).min(1) });
const statedSchema = z.object({ stated: z.array(z.coerce.number().int()) });

export class Hybrid implements CompressionMethod {
  readonly name = 'hybrid';
  readonly identity: Json;
  readonly concurrency: number;
  readonly #settings: Required<HybridSettings>;

  constructor(settings: HybridSettings) {
    const { language = 'source', partTokens = 3000, keepKeys = true, repairs = 2 } = settings;
    const { onMissing = 'append', check = 'match' } = settings;
    this.#settings = { ...settings, language, partTokens, keepKeys, repairs, onMissing, check };
    this.identity = {
      method: this.name,
      prompts: PROMPTS_VERSION,
      words: WORDS_VERSION,
      model: settings.model.identity,
      ...{ language, partTokens, keepKeys, repairs, onMissing, check },
    };
    this.concurrency = settings.model.concurrency;
  }

  serves(level: Level): boolean {
    return level === 'hybrid';
  }

  compress(item: SourceItem, target: Target, options: CompressOptions = {}): Promise<Compression | CompressionFailure> {
    return asked(this.name, item, target, async (source, usage, flags) => {
      const work: Work = { options, usage, flags };
      const parts = partsOf(source, this.#settings.partTokens, this.#settings.counter);
      if (parts.length > 1) flags.add('in-parts');
      const share = goalWords(target, countWords(source)) / Math.max(1, countWords(source));
      const made = await Promise.all(parts.map((part) => this.#part(part, share, work)));
      const text = made.map((part) => part.text).join('\n');
      return this.#finish(target, source, text, made, work);
    });
  }

  estimate(item: SourceItem, target: Target): WorkEstimate {
    const source = sourceText(item) ?? '';
    const tokens = Math.ceil(source.length / 4);
    const parts = Math.max(1, Math.ceil(tokens / this.#settings.partTokens));
    const words = goalWords(target, countWords(source));
    const calls = parts * (2 + Math.min(1, this.#settings.repairs));
    return { calls, inputTokens: 4 * tokens + calls * 200, outputTokens: Math.ceil(tokens + 3 * words) };
  }

  #finish(target: Target, source: string, text: string, parts: readonly Part[], work: Work): Compression {
    const facts = parts.flatMap((part) => part.facts);
    const lost = missingFacts(text, facts).filter((fact) => !parts.some((part) => part.confirmed.has(fact)));
    if (lost.length > 0) work.flags.add('facts-lost');
    const coverage: JsonObject = {
      facts: facts.length,
      kept: facts.length - lost.length,
      share: facts.length === 0 ? 1 : (facts.length - lost.length) / facts.length,
      lost: lost.map((fact) => fact.statement),
      confirmedByModel: parts.reduce((sum, part) => sum + part.confirmed.size, 0),
      repairs: parts.reduce((sum, part) => sum + part.repairs, 0),
      appended: parts.reduce((sum, part) => sum + part.appended, 0),
      unsupported: parts.flatMap((part) => part.unsupported),
    };
    const provenance = { prompts: PROMPTS_VERSION, coverage, ...work.usage.toJson() };
    const { counter } = this.#settings;
    return finished(this.name, target, source, { text, provenance, flags: [...work.flags] }, counter);
  }

  async #part(source: string, share: number, work: Work): Promise<Part> {
    const { facts, unsupported } = await this.#facts(source, work);
    if (unsupported.length > 0) work.flags.add('unsupported-facts');
    const goal = Math.max(1, Math.round(share * countWords(source)));
    const statements = facts.map((fact) => fact.statement);
    const prompt = weavingPrompt(source, statements, goal, this.#settings.language);
    let text = await this.#text(prompt, source, goal, work);
    let missing = await this.#missing(text, facts, work);
    let repairs = 0;
    while (missing.lost.length > 0 && repairs < this.#settings.repairs) {
      repairs++;
      const lost = missing.lost.map((fact) => fact.statement);
      const mended = await this.#text(mendingPrompt(text, lost, this.#settings.language), source, goal, work);
      const after = await this.#missing(mended, facts, work);
      if (after.lost.length >= missing.lost.length) break; // no better: keep the draft
      [text, missing] = [mended, after];
    }
    const added = this.#append(text, missing.lost, source);
    if (added.count > 0) work.flags.add('facts-appended');
    return {
      text: added.text,
      facts,
      unsupported,
      repairs,
      appended: added.count,
      confirmed: new Set(missing.confirmed),
    };
  }

  async #text(prompt: ReturnType<typeof mendingPrompt>, source: string, goal: number, work: Work): Promise<string> {
    const request = {
      prompt,
      source,
      goalWords: goal,
      language: this.#settings.language,
      retries: 1,
      signal: work.options.signal,
    };
    const answer = await askForText(this.#settings.model, request, work.usage);
    for (const flag of answer.flags) work.flags.add(flag);
    return answer.text;
  }

  /** Facts from the model that the source bears out, and, where wanted, what names, numbers and dates they leave out. */
  async #facts(source: string, work: Work): Promise<{ facts: RequiredFact[]; unsupported: string[] }> {
    const { model, language, counter, keepKeys } = this.#settings;
    const maxTokens = Math.max(512, counter.count(source) * 3);
    const chat = { maxTokens, json: true, sample: 0, temperature: 0, signal: work.options.signal };
    const { messages } = factsPrompt(source, language);
    const found = await askForJson(model, messages, chat, factsSchema, work.usage, work.flags);
    if (found === null && !keepKeys) throw new AskFailure('invalid-json', 'no usable list of facts after a repair');
    const claimed = [...new Set(found?.facts ?? [])].map(requiredFact);
    const whole = new CoveredText(source);
    const facts = claimed.filter((fact) => fact.keys.every((key) => whole.has(key)));
    const unsupported = claimed.filter((fact) => !facts.includes(fact)).map((fact) => fact.statement);
    return { facts: keepKeys ? [...facts, ...bareKeys(source, facts)] : facts, unsupported };
  }

  /** Facts the text does not state, and those that only the model finds in it. */
  async #missing(text: string, facts: readonly RequiredFact[], work: Work): Promise<Missing> {
    const lost = missingFacts(text, facts);
    if (lost.length === 0 || this.#settings.check === 'match') return { lost, confirmed: [] };
    const { messages } = coveragePrompt(
      text,
      lost.map((fact) => fact.statement),
    );
    const chat = { maxTokens: 400, json: true, sample: 0, temperature: 0, signal: work.options.signal };
    const answer = await askForJson(this.#settings.model, messages, chat, statedSchema, work.usage, work.flags);
    const stated = new Set(answer?.stated ?? []);
    // The model may find a statement in other words, but no name, number or date that is not there.
    const covered = new CoveredText(text);
    const confirmed = lost.filter((fact, index) => stated.has(index + 1) && fact.keys.every((key) => covered.has(key)));
    return { lost: lost.filter((fact) => !confirmed.includes(fact)), confirmed };
  }

  /** Adds statements of missing facts, as long as the text stays shorter than its source. */
  #append(text: string, lost: readonly RequiredFact[], source: string): { text: string; count: number } {
    const { counter, onMissing } = this.#settings;
    if (onMissing === 'name') return { text, count: 0 };
    const limit = counter.count(source);
    let current = text;
    let count = 0;
    for (const fact of lost) {
      if (new CoveredText(current).states(fact)) continue;
      const longer = `${current} ${asSentence(fact.statement)}`;
      if (counter.count(longer) >= limit) continue;
      current = longer;
      count++;
    }
    return { text: current, count };
  }
}

interface Work {
  readonly options: CompressOptions;
  readonly usage: Usage;
  readonly flags: Set<Flag>;
}

interface Missing {
  readonly lost: readonly RequiredFact[];
  readonly confirmed: readonly RequiredFact[];
}

interface Part {
  readonly text: string;
  readonly facts: readonly RequiredFact[];
  /** Claims that the source does not bear out. */
  readonly unsupported: readonly string[];
  readonly repairs: number;
  readonly appended: number;
  /** Facts that only the model finds in the text. */
  readonly confirmed: ReadonlySet<RequiredFact>;
}

/** Sentences of the source that hold names, numbers or dates which no fact mentions, cut down to those: one fact each. */
function bareKeys(source: string, facts: readonly RequiredFact[]): RequiredFact[] {
  const mentioned = new CoveredText(facts.map((fact) => fact.statement).join('\n'));
  const bare: RequiredFact[] = [];
  const seen = new Set<string>();
  for (const sentence of sentencesOf(source)) {
    const keys = factsOf(sentence).filter((key) => !mentioned.has(key) && !seen.has(key.label));
    for (const key of keys) seen.add(key.label);
    if (keys.length > 0) bare.push({ statement: sentence.replace(/\s+/g, ' ').trim(), keys, content: [] });
  }
  return bare;
}

function asSentence(statement: string): string {
  return /[.!?。！？]["”’)]?$/.test(statement) ? statement : `${statement}.`;
}
