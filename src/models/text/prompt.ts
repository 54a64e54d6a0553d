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

/** A sample as chat messages, before any template. Throws UserError on an unfilled `{}` in the question. */
export function promptMessages(sample: Pick<Sample, 'id' | 'context' | 'prompt'>, style: PromptStyle): ChatMessage[] {
  if (sample.prompt.includes('{}'))
    throw new UserError(`sample ${sample.id}: the question holds an unfilled "{}": fill in its subject`);
  const pattern = sample.context === undefined ? style.closed : style.open;
  // A function's result is taken literally, and what was put in is not searched again.
  const content = pattern.replace(/\{context\}|\{question\}/g, (slot) =>
    slot === '{context}' ? (sample.context ?? '') : sample.prompt,
  );
  const system: ChatMessage[] = style.system === null ? [] : [{ role: 'system', content: style.system }];
  return [...system, { role: 'user', content }];
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

  /** Prompt up to where the answer starts, and the answer with the end of the turn. Throws UserError on an unfilled `{}` in the question. */
  render(sample: Pick<Sample, 'id' | 'context' | 'prompt' | 'answer'>): { prompt: string; answer: string } {
    return { prompt: this.#prompt(sample), answer: sample.answer + this.model.template.endOfTurn };
  }

  /**
   * Samples as tokens, none longer than `maxLength`: the end of the context is what gives way.
   * Prompt and answer are encoded apart, as in generation. Throws UserError where question and answer alone are too long.
   */
  tokenize(samples: readonly Sample[], maxLength: number): TokenSample[] {
    const endings = samples.map((sample) => sample.answer + this.model.template.endOfTurn);
    const answers = this.model.tokenizer.encodeBatch(endings);
    const room = (i: number): number => maxLength - (answers[i]?.length ?? 0);
    return this.#fitted(samples, room, maxLength).map((fitted, i) => ({ ...fitted, answer: answers[i] ?? [] }));
  }

  /** Prompts as tokens, none longer than `maxLength` less `reserve` (the tokens an answer may take). */
  promptTokens(samples: readonly Askable[], maxLength: number, reserve = 0): TokenPrompt[] {
    return this.#fitted(samples, () => maxLength - reserve, maxLength);
  }

  #prompt(sample: Pick<Sample, 'id' | 'context' | 'prompt'>): string {
    return this.model.template.render(promptMessages(sample, this.style));
  }

  #fitted(samples: readonly Askable[], room: (index: number) => number, maxLength: number): TokenPrompt[] {
    const prompts = this.model.tokenizer.encodeBatch(samples.map((sample) => this.#prompt(sample)));
    return samples.map((sample, i) => {
      const whole = prompts[i] ?? [];
      const fits = whole.length <= room(i);
      const prompt = fits ? whole : this.#shortened(sample, whole.length, room(i), maxLength);
      return { id: sample.id, item: sample.item, prompt, contextTruncated: !fits };
    });
  }

  #shortened(sample: Askable, length: number, room: number, maxLength: number): number[] {
    const { tokenizer } = this.model;
    const context = tokenizer.encode(sample.context ?? '');
    let needed = length;
    for (let keep = context.length; keep > 0;) {
      keep = Math.max(0, keep - Math.max(1, needed - room));
      // A cut inside a character decodes to replacement characters.
      const shorter = tokenizer.decode(context.slice(0, keep)).replace(/\uFFFD+$/, '');
      const prompt = tokenizer.encode(this.#prompt({ ...sample, context: shorter }));
      if (prompt.length <= room) return prompt;
      needed = prompt.length;
    }
    const others = maxLength - room;
    throw new UserError(
      `sample ${sample.id}: ${needed} tokens of question and ${others} of answer do not fit in ${maxLength}: raise maxLength or shorten the question`,
    );
  }
}
