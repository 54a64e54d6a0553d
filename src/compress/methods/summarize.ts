/** Summaries by a model: the study's five levels, or any amount; long items in parts, whole. */
import { z } from 'zod';
import { integer, oneOf } from '../../core/setting-schemas.js';
import { countWords } from '../../text/sentences.js';
import { asked, type Usage } from '../asking/ask-again.js';
import { AskingMaker, languageOption } from '../asking/asking-maker.js';
import { askForText } from '../asking/model-text.js';
import { PROMPTS_VERSION, summaryPrompt } from '../asking/prompts.js';
import { defineMethod } from '../entry.js';
import { failed, finished, sourceText, type Made } from '../measure.js';
import type {
  Compression,
  CompressionFailure,
  CompressOptions,
  Flag,
  SourceItem,
  TextMaker,
  TokenCounter,
  WorkEstimate,
} from '../method.js';
import { partsOf } from '../parts.js';
import { goalWords, type Amount, type Target } from '../target.js';

export const LONGER_POLICIES = ['flag', 'keep-original', 'fail'] as const;

export type LongerPolicy = (typeof LONGER_POLICIES)[number];

const options = z.strictObject({
  language: languageOption,
  partTokens: integer(1, 1_000_000)
    .describe('Longest text in one request, in tokens; longer ones are compressed in parts.')
    .default(6000),
  retries: integer(0, 10)
    .describe('How often an unusable answer, or one that is far too long, is asked for again.')
    .default(1),
  onLonger: oneOf(LONGER_POLICIES, 'policy')
    .describe(
      'What to do with a text that is still longer than its source: keep it with a flag, take the source with a flag, or fail.',
    )
    .default('flag'),
});

type Options = z.output<typeof options>;

const summary = (level: string, amount: Amount) => ({ level, amount, description: 'summary' });

/** The entry. */
export const summarize = defineMethod({
  name: 'summarize',
  about: 'summaries by a model, in five sizes or to any amount',
  forms: [
    summary('summ_l1', { ratio: 0.65 }),
    summary('summ_l2', { words: 100 }),
    summary('summ_l3', { words: 50 }),
    summary('summ_l4', { words: 30 }),
    summary('summ_l5', { words: 12 }),
  ],
  makesOthers: false,
  takesAmounts: true,
  model: 'chat',
  options,
  version: { prompts: PROMPTS_VERSION },
  make: (own, tools) => new Summarizer(own, tools),
});

/** Each part of a long text gets at least so many words; what is too long then is compressed once more. */
const LEAST_PART_WORDS = 40;
const MOST_PASSES = 5;
const PROMPT_TOKENS = 150;

class Summarizer extends AskingMaker<Options> implements TextMaker {
  compress(item: SourceItem, target: Target, given: CompressOptions = {}): Promise<Compression | CompressionFailure> {
    return asked(summarize.name, item, target, async (source, usage, flags) => {
      const goal = goalWords(target, countWords(source));
      const text = await this.#condense(source, { target, goal, options: given, usage, flags, pass: 1 });
      const provenance = { prompts: PROMPTS_VERSION, language: this.options.language, ...usage.toJson() };
      const made = { method: summarize.name, target, source, text, provenance, flags: [...flags] };
      return longerHandled(made, this.options.onLonger, this.counter);
    });
  }

  estimate(item: SourceItem, target: Target): WorkEstimate {
    const source = sourceText(item) ?? '';
    const tokens = Math.ceil(source.length / 4);
    const calls = Math.max(1, Math.ceil(tokens / this.options.partTokens));
    const words = goalWords(target, countWords(source));
    return { calls, inputTokens: tokens + calls * PROMPT_TOKENS, outputTokens: Math.ceil(words * 1.5) };
  }

  async #condense(text: string, work: Work): Promise<string> {
    const parts = partsOf(text, this.options.partTokens, this.counter);
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

  async #once(text: string, goal: number, { target, options: { signal }, usage, flags }: Work): Promise<string> {
    const { language, retries } = this.options;
    const prompt = summaryPrompt(text, target, goal, language);
    const request = { prompt, source: text, goalWords: goal, language, retries, signal };
    const answer = await askForText(this.model, request, usage);
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

/** The finished text, by the policy for texts that are longer than their source. */
export function longerHandled(
  made: Made,
  policy: LongerPolicy,
  counter: TokenCounter,
): Compression | CompressionFailure {
  const done = finished(made, counter);
  const { tokens, sourceTokens } = done.measured;
  if (policy === 'flag' || tokens <= sourceTokens) return done;
  const sizes = `${tokens} tokens, its source ${sourceTokens}`;
  if (policy === 'fail') return failed(made.method, made.target, 'longer-than-source', `the text has ${sizes}`);
  const provenance = { ...made.provenance, replaced: `a text of ${sizes}` };
  const flags: Flag[] = [...done.flags, 'original-kept'];
  return finished({ ...made, text: made.source, provenance, flags }, counter);
}
