/** Facts first, then a fluent text that must hold every one of them: extracted, woven, checked fact by fact, mended, reported. */
import { z } from 'zod';
import { factsOf } from '../../audit/facts.js';
import type { JsonObject } from '../../core/json.js';
import { flag, integer, oneOf } from '../../core/setting-schemas.js';
import { asSentence, countWords, joinedSentences, sentencesOf } from '../../text/sentences.js';
import { WORDS_VERSION } from '../../text/words.js';
import { asked, AskFailure, type Usage } from '../asking/ask-again.js';
import { AskingMaker, languageOption } from '../asking/asking-maker.js';
import { askForJson } from '../asking/model-json.js';
import { askForText } from '../asking/model-text.js';
import { coveragePrompt, factsPrompt, mendingPrompt, PROMPTS_VERSION, weavingPrompt } from '../asking/prompts.js';
import { defineMethod } from '../entry.js';
import { finished, sourceText } from '../measure.js';
import type {
  Compression,
  CompressionFailure,
  CompressOptions,
  Flag,
  SourceItem,
  TextMaker,
  WorkEstimate,
} from '../method.js';
import { partsOf } from '../parts.js';
import { goalWords, type Target } from '../target.js';
import { CoveredText, missingFacts, requiredFact, type RequiredFact } from './coverage.js';

/** How facts are looked for in the text: by string, number and entity alone, or by the model too where they do not match. */
export const FACT_CHECKS = ['match', 'model'] as const;

const options = z.strictObject({
  language: languageOption,
  partTokens: integer(1, 1_000_000).describe('Longest text in one request, in tokens.').default(3000),
  keepKeys: flag
    .describe('Whether names, numbers and dates of the source that no extracted fact mentions must survive too.')
    .default(true),
  repairs: integer(0, 10).describe('Revisions asked for while facts are missing.').default(2),
  onMissing: oneOf(['append', 'name'], 'policy')
    .describe(
      'Facts still missing then: their statements are added to the text as long as it stays shorter than its source, or only named.',
    )
    .default('append'),
  check: oneOf(FACT_CHECKS, 'check')
    .describe('How a fact is found in the text: by its words, or also by the model.')
    .default('match'),
});

type Options = z.output<typeof options>;

/** The entry. */
export const hybrid = defineMethod({
  name: 'hybrid',
  about: 'facts first, then a summary by a model that must hold every one',
  forms: [{ level: 'hybrid', amount: { ratio: 0.6 }, description: 'summary checked fact by fact' }],
  makesOthers: false,
  takesAmounts: true,
  model: 'chat',
  options,
  version: { prompts: PROMPTS_VERSION, words: WORDS_VERSION },
  make: (own, tools) => new Weaver(own, tools),
});

const factsSchema = z.object({ facts: z.array(z.string().trim().min(1)).min(1) });
const statedSchema = z.object({ stated: z.array(z.coerce.number().int()) });

class Weaver extends AskingMaker<Options> implements TextMaker {
  compress(item: SourceItem, target: Target, given: CompressOptions = {}): Promise<Compression | CompressionFailure> {
    return asked(hybrid.name, item, target, async (source, usage, flags) => {
      const work: Work = { signal: given.signal, usage, flags };
      const parts = partsOf(source, this.options.partTokens, this.counter);
      if (parts.length > 1) flags.add('in-parts');
      const share = goalWords(target, countWords(source)) / Math.max(1, countWords(source));
      const made = await Promise.all(parts.map((part) => this.#part(part, share, work)));
      const text = made.map((part) => part.text).join('\n');
      return this.#finish({ target, source, text }, made, work);
    });
  }

  estimate(item: SourceItem, target: Target): WorkEstimate {
    const source = sourceText(item) ?? '';
    const tokens = Math.ceil(source.length / 4);
    const parts = Math.max(1, Math.ceil(tokens / this.options.partTokens));
    const words = goalWords(target, countWords(source));
    const calls = parts * (2 + Math.min(1, this.options.repairs));
    return { calls, inputTokens: 4 * tokens + calls * 200, outputTokens: Math.ceil(tokens + 3 * words) };
  }

  #finish(woven: Woven, parts: readonly Part[], work: Work): Compression {
    const facts = parts.flatMap((part) => part.facts);
    const lost = missingFacts(woven.text, facts).filter((fact) => !parts.some((part) => part.confirmed.has(fact)));
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
    return finished({ method: hybrid.name, ...woven, provenance, flags: [...work.flags] }, this.counter);
  }

  async #part(source: string, share: number, work: Work): Promise<Part> {
    const { facts, unsupported } = await this.#facts(source, work);
    if (unsupported.length > 0) work.flags.add('unsupported-facts');
    const goal = Math.max(1, Math.round(share * countWords(source)));
    const statements = facts.map((fact) => fact.statement);
    const prompt = weavingPrompt(source, statements, goal, this.options.language);
    let text = await this.#text(prompt, source, goal, work);
    let missing = await this.#missing(text, facts, work);
    let repairs = 0;
    while (missing.lost.length > 0 && repairs < this.options.repairs) {
      repairs++;
      const lost = missing.lost.map((fact) => fact.statement);
      const mended = await this.#text(mendingPrompt(text, lost, this.options.language), source, goal, work);
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
      language: this.options.language,
      retries: 1,
      signal: work.signal,
    };
    const answer = await askForText(this.model, request, work.usage);
    for (const flag of answer.flags) work.flags.add(flag);
    return answer.text;
  }

  /** Facts from the model that the source bears out, and, where wanted, what names, numbers and dates they leave out. */
  async #facts(source: string, work: Work): Promise<{ facts: RequiredFact[]; unsupported: string[] }> {
    const { language, keepKeys } = this.options;
    const maxTokens = Math.max(512, this.counter.count(source) * 3);
    const { messages } = factsPrompt(source, language);
    const found = await askForJson(this.model, { messages, schema: factsSchema, maxTokens, ...work });
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
    if (lost.length === 0 || this.options.check === 'match') return { lost, confirmed: [] };
    const { messages } = coveragePrompt(
      text,
      lost.map((fact) => fact.statement),
    );
    const answer = await askForJson(this.model, { messages, schema: statedSchema, maxTokens: 400, ...work });
    const stated = new Set(answer?.stated ?? []);
    // The model may find a statement in other words, but no name, number or date that is not there.
    const covered = new CoveredText(text);
    const confirmed = lost.filter((fact, index) => stated.has(index + 1) && fact.keys.every((key) => covered.has(key)));
    return { lost: lost.filter((fact) => !confirmed.includes(fact)), confirmed };
  }

  /** Adds statements of missing facts, as long as the text stays shorter than its source. */
  #append(text: string, lost: readonly RequiredFact[], source: string): { text: string; count: number } {
    if (this.options.onMissing === 'name') return { text, count: 0 };
    const limit = this.counter.count(source);
    let current = text;
    let count = 0;
    for (const fact of lost) {
      if (new CoveredText(current).states(fact)) continue;
      const longer = joinedSentences([current, asSentence(fact.statement)]);
      if (this.counter.count(longer) >= limit) continue;
      current = longer;
      count++;
    }
    return { text: current, count };
  }
}

interface Woven {
  readonly target: Target;
  readonly source: string;
  readonly text: string;
}

interface Work {
  readonly signal: AbortSignal | undefined;
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
