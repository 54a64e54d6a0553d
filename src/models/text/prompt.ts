/** The one prompt renderer: samples to text and to tokens, for audit, training and evaluation alike. */
import { UserError } from '../../core/errors.js';
import { hashJson } from '../../core/hash.js';
import type { Sample } from '../../core/records.js';
import type { ChatMessage, LoadedModel } from '../model.js';

/** How a sample is put to a model; `{context}` and `{question}` stand for its parts. */
export interface PromptStyle {
  /** Raised whenever the wording changes. */
  readonly version: string;
  /** System message; null sends none, and the model's own template may then put in its default. */
  readonly system: string | null;
  /** User message where there is a context. */
  readonly open: string;
  /** User message where there is none. */
  readonly closed: string;
}

export const DEFAULT_PROMPT_STYLE: PromptStyle = {
  version: '1',
  system: null,
  open: 'Text: {context}\n\n{question}',
  closed: '{question}',
};

/** Tokens kept free behind every prompt for its answer, where nothing else is said. */
export const ANSWER_ROOM = 48;

/** What decides how much of a text is shown: the same in training, audit, study and evaluation, whatever the right answer. */
export interface PromptLimits {
  /** Longest sample in tokens, the answer's room included. */
  readonly maxLength: number;
  /** Tokens of it that are kept free for the answer; default 48. */
  readonly answerRoom?: number;
  /** Positions that the model has. */
  readonly maxPositions: number;
  /** Longest answer that will be generated; it needs positions too, where prompts are asked. */
  readonly maxNewTokens?: number;
}

/** The longest prompt in tokens that the limits leave; it never depends on a sample's answer. Throws UserError where they leave none. */
export function promptLimit({
  maxLength,
  answerRoom = ANSWER_ROOM,
  maxPositions,
  maxNewTokens = 0,
}: PromptLimits): number {
  const limit = Math.min(maxLength - answerRoom, maxPositions - Math.max(answerRoom, maxNewTokens));
  if (limit > 0) return limit;
  throw new UserError(
    `no room for a prompt: of ${Math.min(maxLength, maxPositions)} tokens ${Math.max(answerRoom, maxNewTokens)} are kept for the answer: raise maxLength, or lower answerRoom or maxNewTokens`,
  );
}

/** A prompt as tokens, and whether its context was shortened to fit. */
export interface TokenPrompt {
  readonly id: string;
  readonly item: string;
  readonly prompt: readonly number[];
  readonly contextTruncated: boolean;
}

/** A sample as tokens: what is shown, and what is to be said, the end of the turn included. */
export interface TokenSample extends TokenPrompt {
  readonly answer: readonly number[];
}

/** The parts of a sample that are put to a model; without an answer it is only asked. */
export type Askable = Pick<Sample, 'id' | 'item' | 'context' | 'prompt'>;

/** A sample as chat messages, before any template. Braces in its parts are text. */
export function promptMessages(sample: Pick<Sample, 'context' | 'prompt'>, style: PromptStyle): ChatMessage[] {
  const pattern = sample.context === undefined ? style.closed : style.open;
  // A function's result is taken literally, and what was put in is not searched again.
  const content = pattern.replace(/\{context\}|\{question\}/g, (slot) =>
    slot === '{context}' ? (sample.context ?? '') : sample.prompt,
  );
  const system: ChatMessage[] = style.system === null ? [] : [{ role: 'system', content: style.system }];
  return [...system, { role: 'user', content }];
}

/** Messages in a model's template, for `encodePrompt`: nothing that a message holds is a control token. */
export function markedPrompt(
  { tokenizer, template }: Pick<LoadedModel, 'tokenizer' | 'template'>,
  messages: readonly ChatMessage[],
): string {
  return template.render(messages.map(({ role, content }) => ({ role, content: tokenizer.asText(content) })));
}

/** Renders samples in one style for one model; the same sample always gives the same text and tokens. */
export class PromptRenderer {
  /** SHA-256 over style, template and tokenizer. */
  readonly identity: string;

  constructor(
    readonly model: Pick<LoadedModel, 'tokenizer' | 'template'>,
    readonly style: PromptStyle = DEFAULT_PROMPT_STYLE,
  ) {
    this.identity = hashJson({ style, template: model.template.identity, tokenizer: model.tokenizer.identity });
  }

  /** Prompt up to where the answer starts, and the answer with the end of the turn, as people read them. */
  render(sample: Pick<Sample, 'context' | 'prompt' | 'answer'>): { prompt: string; answer: string } {
    const { tokenizer, template } = this.model;
    return { prompt: tokenizer.unmarked(this.#prompt(sample)), answer: sample.answer + template.endOfTurn };
  }

  /**
   * Samples as tokens, no prompt longer than `limit` (see promptLimit): the end of the context is what gives way.
   * Prompt and answer are encoded apart, as in generation, and no part of a sample is taken for control tokens.
   * Throws UserError where a question alone is too long.
   */
  tokenize(samples: readonly Sample[], limit: number): TokenSample[] {
    return this.promptTokens(samples, limit).map((fitted, i) => ({
      ...fitted,
      answer: this.answerTokens(samples[i]?.answer ?? ''),
    }));
  }

  /** An answer's tokens, the end of the turn included. */
  answerTokens(answer: string): number[] {
    const { tokenizer, template } = this.model;
    return tokenizer.encodePrompt(tokenizer.asText(answer) + template.endOfTurn);
  }

  /** Prompts as tokens, none longer than `limit` (see promptLimit). */
  promptTokens(samples: readonly Askable[], limit: number): TokenPrompt[] {
    return samples.map((sample) => {
      const whole = this.model.tokenizer.encodePrompt(this.#prompt(sample));
      const fits = whole.length <= limit;
      const prompt = fits ? whole : this.#shortened(sample, whole.length, limit);
      return { id: sample.id, item: sample.item, prompt, contextTruncated: !fits };
    });
  }

  /** The prompt with what is text in it marked. */
  #prompt(sample: Pick<Sample, 'context' | 'prompt'>): string {
    return markedPrompt(this.model, promptMessages(sample, this.style));
  }

  #shortened(sample: Askable, length: number, limit: number): number[] {
    const { tokenizer } = this.model;
    const context = tokenizer.encode(sample.context ?? '');
    let needed = length;
    for (let keep = context.length; keep > 0;) {
      keep = Math.max(0, keep - Math.max(1, needed - limit));
      // A cut inside a character decodes to replacement characters.
      const shorter = tokenizer.decode(context.slice(0, keep)).replace(/\uFFFD+$/, '');
      const prompt = tokenizer.encodePrompt(this.#prompt({ ...sample, context: shorter }));
      if (prompt.length <= limit) return prompt;
      needed = prompt.length;
    }
    throw new UserError(
      `sample ${sample.id}: a question of ${needed} tokens does not fit in the ${limit} that a prompt may have: raise maxLength or shorten the question`,
    );
  }
}

/** A text to be learnt whole, as tokens: what sequences begin with as the prompt, its own tokens and the end of a sequence as the answer. */
export function textTokens(
  { tokenizer, config }: Pick<LoadedModel, 'tokenizer' | 'config'>,
  text: string,
): Pick<TokenSample, 'prompt' | 'answer'> {
  const end = config.eosTokenIds[0];
  return {
    prompt: [config.bosTokenId ?? end ?? 0],
    answer: [...tokenizer.encode(text), ...(end === undefined ? [] : [end])],
  };
}
