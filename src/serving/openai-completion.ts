/** Bodies of `/v1/completions`, as OpenAI worded them and vLLM, SGLang, LoRAX and others answer them. */
import { z } from 'zod';
import { parsed } from './parsed.js';
import type { Completion } from './dialect.js';

const count = z.int().min(0);

const completion = z.object({
  choices: z
    .array(
      z.object({
        text: z.string(),
        token_ids: z.array(z.int()).nullish(),
        finish_reason: z.string().nullish(),
        logprobs: z.object({ token_logprobs: z.array(z.number().nullable()).nullish() }).nullish(),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: count.nullish(), completion_tokens: count.nullish() }).nullish(),
});

/** Reads the body of a success; a text says what is wrong with it. */
export function readOpenAiCompletion(body: string): Completion | string {
  const read = parsed(body, completion, 'completion');
  if (typeof read === 'string') return read;
  const [choice] = read.choices;
  if (choice === undefined) return 'no choices in the answer';
  const { finish_reason: ending, logprobs, token_ids: ids, text } = choice;
  if (ending !== 'stop' && ending !== 'length') return `ended with ${JSON.stringify(ending)}, which is no whole answer`;
  return {
    answer: ids === null || ids === undefined ? { text } : { tokens: ids },
    count: read.usage?.completion_tokens ?? ids?.length ?? 0,
    finish: ending,
    promptTokens: read.usage?.prompt_tokens ?? null,
    logprobs: logprobs?.token_logprobs?.filter((each) => each !== null) ?? null,
  };
}
