/** The one prompt renderer: samples to text and to tokens, for audit, training and evaluation alike. */
import { UserError } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import type { Sample } from '../core/records.js';
import type { ChatMessage, LoadedModel } from './model.js';

/** How a sample is put to a model; `{context}` and `{question}` stand for its parts. */
export interface PromptStyle {
  readonly version: string;
  readonly system: string | null;
  readonly open: string;
  readonly closed: string;
}

export const DEFAULT_PROMPT_STYLE: PromptStyle = {
  version: '1',
  system: null,
  open: 'Text: {context}\n\n{question}',
  closed: '{question}',
};

/** A sample as tokens: what is shown, and what is to be said, the end of the turn included. */
export interface TokenSample {
  readonly id: string;
  readonly item: string;
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
  readonly contextTruncated: boolean;
}

export class PromptRenderer {
  readonly identity: string;

  constructor(
    readonly model: Pick<LoadedModel, 'tokenizer' | 'template'>,
    readonly style: PromptStyle = DEFAULT_PROMPT_STYLE,
  ) {
    this.identity = hashJson({ style, template: model.template.identity, tokenizer: model.tokenizer.identity });
  }

  /** Prompt up to where the answer starts, and the answer with the end of the turn. */
  render(sample: Pick<Sample, 'id' | 'context' | 'prompt' | 'answer'>): { prompt: string; answer: string } {
    if (sample.prompt.includes('{}'))
      throw new UserError(`sample ${sample.id}: the question holds an unfilled "{}": fill in its subject`);
    const pattern = sample.context === undefined ? this.style.closed : this.style.open;
    const content = pattern.replace(/\{context\}|\{question\}/g, (slot) =>
      slot === '{context}' ? (sample.context ?? '') : sample.prompt,
    );
    const system: ChatMessage[] = this.style.system === null ? [] : [{ role: 'system', content: this.style.system }];
    return {
      prompt: this.model.template.render([...system, { role: 'user', content }]),
      answer: sample.answer + this.model.template.endOfTurn,
    };
  }

  /** Samples as tokens, none longer than `maxLength`: the end of the context is what gives way. Throws UserError where question and answer alone are too long. */
  tokenize(samples: readonly Sample[], maxLength: number): TokenSample[] {
    const { tokenizer } = this.model;
    const rendered = samples.map((sample) => this.render(sample));
    const prompts = tokenizer.encodeBatch(rendered.map((each) => each.prompt));
    const answers = tokenizer.encodeBatch(rendered.map((each) => each.answer));
    return samples.map((sample, i) => {
      const prompt = prompts[i] ?? [];
      const answer = answers[i] ?? [];
      if (prompt.length + answer.length <= maxLength)
        return { id: sample.id, item: sample.item, prompt, answer, contextTruncated: false };
      return {
        id: sample.id,
        item: sample.item,
        prompt: this.#shortened(sample, prompt.length, maxLength - answer.length),
        answer,
        contextTruncated: true,
      };
    });
  }

  #shortened(sample: Sample, length: number, limit: number): number[] {
    const { tokenizer } = this.model;
    const context = tokenizer.encode(sample.context ?? '');
    let keep = context.length - (length - limit);
    while (keep >= 0) {
      const shorter = tokenizer.decode(context.slice(0, keep)).replace(/\uFFFD+$/, '');
      const prompt = tokenizer.encode(this.render({ ...sample, context: shorter }).prompt);
      if (prompt.length <= limit) return prompt;
      keep -= Math.max(1, prompt.length - limit);
    }
    throw new UserError(
      `sample ${sample.id}: question and answer alone need more than the ${limit} tokens there are: raise maxLength`,
    );
  }
}
