/** Summaries by a model: the study's five levels, or any amount; long items in parts, whole. */
import type { Level } from '../../core/levels.js';
import type { Json } from '../../core/json.js';
import type { ChatModel } from '../../llm/chat-model.js';
import { asked, type Usage } from '../asking/ask-again.js';
import { failed, finished, sourceText } from '../measure.js';
import {
  levelOf,
  type Compression,
  type CompressionFailure,
  type CompressionMethod,
  type CompressOptions,
  type Flag,
  type SourceItem,
  type Target,
  type TokenCounter,
  type WorkEstimate,
} from '../method.js';
import { askForText } from '../asking/model-text.js';
import { partsOf } from '../parts.js';
import { PROMPTS_VERSION, summaryPrompt, type OutputLanguage } from '../asking/prompts.js';
import { goalWords, isStandard } from '../targets.js';
import { countWords } from '../../text/sentences.js';

export interface SummarizeSettings {
  readonly model: ChatModel;
  readonly counter: TokenCounter;
  /** Default `source`: the language of the text. */
  readonly language?: OutputLanguage;
  /** Longest text in one request, in tokens; longer ones are compressed in parts. Default 6,000. */
  readonly partTokens?: number;
  /** How often an unusable answer, or one that is far too long, is asked for again. Default 1. */
  readonly retries?: number;
  /** What to do with a text that is still longer than its source: keep it with a flag (default), take the source with a flag, or fail. */
  readonly onLonger?: LongerPolicy;
}

export type LongerPolicy = 'flag' | 'keep-original' | 'fail';

/** Each part of a long text gets at least so many words; what is too long then is compressed once more. */
const LEAST_PART_WORDS = 40;
const MOST_PASSES = 5;
const PROMPT_TOKENS = 150;

const LEVELS: readonly Level[] = ['summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5'];

export class Summarize implements CompressionMethod {
  readonly name = 'summarize';
  readonly identity: Json;
  readonly concurrency: number;
  readonly #settings: Required<SummarizeSettings>;

  constructor(settings: SummarizeSettings) {
    const { language = 'source', partTokens = 6000, retries = 1, onLonger = 'flag' } = settings;
    this.#settings = { ...settings, language, partTokens, retries, onLonger };
    this.identity = {
      method: this.name,
      prompts: PROMPTS_VERSION,
      model: settings.model.identity,
      ...{ language, partTokens, retries, onLonger },
    };
    this.concurrency = settings.model.concurrency;
  }

  serves(level: Level): boolean {
    return LEVELS.includes(level);
  }

  compress(item: SourceItem, target: Target, options: CompressOptions = {}): Promise<Compression | CompressionFailure> {
    return asked(this.name, item, target, async (source, usage, flags) => {
      const goal = goalWords(target, countWords(source));
      const text = await this.#condense(source, { target, goal, options, usage, flags, pass: 1 });
      const provenance = { prompts: PROMPTS_VERSION, language: this.#settings.language, ...usage.toJson() };
      const made = finished(this.name, target, source, { text, provenance, flags: [...flags] }, this.#settings.counter);
      return longerHandled(made, source, this.#settings.onLonger, this.#settings.counter, target);
    });
  }

  estimate(item: SourceItem, target: Target): WorkEstimate {
    const source = sourceText(item) ?? '';
    const tokens = Math.ceil(source.length / 4);
    const calls = Math.max(1, Math.ceil(tokens / this.#settings.partTokens));
    const words = goalWords(target, countWords(source));
    return { calls, inputTokens: tokens + calls * PROMPT_TOKENS, outputTokens: Math.ceil(words * 1.5) };
  }

  async #condense(text: string, work: Work): Promise<string> {
    const { counter, partTokens } = this.#settings;
    const parts = partsOf(text, partTokens, counter);
    if (parts.length === 1) return this.#once(text, work.goal, work);
    work.flags.add('in-parts');
    const total = countWords(text);
    const condensed = await Promise.all(
      parts.map((part) => {
        const share = Math.ceil((work.goal * countWords(part)) / total);
        return this.#once(part, Math.min(Math.max(share, LEAST_PART_WORDS), Math.max(1, countWords(part))), work);
      }),
    );
    const joined = condensed.join('\n');
    if (countWords(joined) <= 1.25 * work.goal || work.pass >= MOST_PASSES) return joined;
    return this.#condense(joined, { ...work, pass: work.pass + 1 });
  }

  async #once(text: string, goal: number, { target, options, usage, flags }: Work): Promise<string> {
    const { model, language, retries } = this.#settings;
    const prompt = summaryPrompt(text, levelOf(target), goal, isStandard(target), language);
    const request = { prompt, source: text, goalWords: goal, language, retries, signal: options.signal };
    const answer = await askForText(model, request, usage);
    for (const flag of answer.flags) flags.add(flag);
    return answer.text;
  }
}

/** One item's work, passed down. */
interface Work {
  readonly target: Target;
  readonly goal: number;
  readonly options: CompressOptions;
  readonly usage: Usage;
  readonly flags: Set<Flag>;
  readonly pass: number;
}

/** Applies the policy for texts that are longer than their source. */
export function longerHandled(
  made: Compression,
  source: string,
  policy: LongerPolicy,
  counter: TokenCounter,
  target: Target,
): Compression | CompressionFailure {
  if (policy === 'flag' || made.measured.tokens <= made.measured.sourceTokens) return made;
  const sizes = `${made.measured.tokens} tokens, its source ${made.measured.sourceTokens}`;
  if (policy === 'fail') return failed(made.method, target, 'longer-than-source', `the text has ${sizes}`);
  const provenance = { ...made.provenance, replaced: `a text of ${sizes}` };
  return finished(
    made.method,
    target,
    source,
    { text: source, provenance, flags: [...made.flags, 'original-kept'] },
    counter,
  );
}
