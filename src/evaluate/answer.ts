/** Asking: every sample's question put to a base model, with or without an adapter. */
import { largest } from '../core/collections.js';
import type { Device, GenerateSettings } from '../core/settings.js';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import { Generator, type Generation } from '../generate/generator.js';
import { adapterSource } from '../generate/adapted.js';
import type { LoadedModel } from '../models/model.js';
import type { TokenSample } from '../models/text/prompt.js';

export interface Answer {
  readonly id: string;
  readonly text: string;
  /** Tokens generated. */
  readonly tokens: number;
  readonly finish: 'stop' | 'length';
}

export interface AskOptions {
  readonly model: LoadedModel;
  /** A PEFT folder, or null for the base model. */
  readonly adapter: string | null;
  readonly samples: readonly Pick<TokenSample, 'id' | 'item' | 'prompt'>[];
  readonly settings: GenerateSettings;
  readonly threads?: number;
  readonly device?: Device;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Answers in the samples' order; contexts shared by an item's questions are computed once. */
export async function answerQuestions(options: AskOptions): Promise<Answer[]> {
  const { model, samples, settings } = options;
  if (samples.length === 0) return [];
  const longest = largest(samples.map((each) => each.prompt.length)) + settings.maxNewTokens;
  const generator = await Generator.create({
    engine: onnxRuntimeEngine({
      device: options.device ?? 'cpu',
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    }),
    config: model.config,
    tokenizer: model.tokenizer,
    ...adapterSource(model, options.adapter),
    positions: Math.min(longest, model.config.maxPositions),
  });
  try {
    const prompts = samples.map(({ id, item, prompt }) => ({ id, group: item, tokens: prompt }));
    const answers = await generator.generate(prompts, settings, (done) => {
      options.signal?.throwIfAborted();
      options.onProgress?.(done, prompts.length);
    });
    return answers.map(answerOf);
  } finally {
    await generator.dispose();
  }
}

function answerOf({ id, text, tokens, finish }: Generation): Answer {
  return { id, text, tokens: tokens.length, finish };
}
