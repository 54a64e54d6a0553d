/** Asking by PyTorch: every sample's question put to a base model in a Python process, with or without an adapter. */
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { GenerateSettings, Quantisation } from '../core/settings.js';
import { answerText } from '../generate/answer-text.js';
import type { LoadedModel } from '../models/model.js';
import { closePeftSession, peftSession } from '../peft/peft-session.js';
import type { PeftChoice } from '../peft/settings.js';
import type { Answer, AskOptions } from './answer.js';

/** Prompt and answer tokens computed at once; where memory is short, the process halves it by itself. */
const BATCH_TOKENS = { cuda: 262_144, cpu: 4_096 };

/** PyTorch, and what the base is kept in. */
export interface PeftAsking extends PeftChoice {
  readonly quantisation: Quantisation;
}

const told = z.object({ answers: z.array(z.object({ index: z.int(), tokens: z.array(z.int()) })) });

/** Answers in the samples' order, greedily. Throws UserError for a temperature above 0, and where Python fails. */
export async function peftAnswers(options: AskOptions, peft: PeftAsking): Promise<Answer[]> {
  const { model, adapter, samples, settings, threads, signal, onProgress } = options;
  if (samples.length === 0) return [];
  if (settings.temperature > 0)
    throw new UserError(
      `temperature ${settings.temperature} with engine peft: it answers greedily: use 0, or asks: lightmem`,
    );
  const { python, quantisation } = peft;
  const session = await peftSession({
    ...{ model: model.path, quantisation, settings: peft.settings },
    ...(python !== undefined && { python }),
    ...(threads !== undefined && { threads }),
  });
  const stop = (): void => void closePeftSession();
  signal?.addEventListener('abort', stop);
  try {
    await session.adapter(adapter, false);
    const answers = new Map<number, readonly number[]>();
    const request = {
      do: 'answer',
      prompts: samples.map(({ prompt }) => prompt),
      maxNewTokens: settings.maxNewTokens,
      stopTokens: model.config.eosTokenIds,
      batchTokens: BATCH_TOKENS[peft.settings.device],
    };
    await session.ask(request, z.unknown(), (some) => {
      for (const { index, tokens } of told.parse(some).answers) answers.set(index, tokens);
      onProgress?.(answers.size, samples.length);
    });
    return samples.map(({ id }, i) => answerOf(id, answers.get(i) ?? [], model, settings));
  } finally {
    signal?.removeEventListener('abort', stop);
    signal?.throwIfAborted();
  }
}

function answerOf(id: string, tokens: readonly number[], model: LoadedModel, settings: GenerateSettings): Answer {
  const { text, finish } = answerText(tokens, { model, stop: settings.stop });
  return { id, text, tokens: tokens.length, finish };
}
