/** Schemas of settings that say at which endpoint a model is asked and what may be spent on it: the same wherever a study file names one. */
import type { z } from 'zod';
import { flag, integer, positive, text } from './setting-schemas.js';

/** What tells an endpoint from another, and whether its replies are kept. */
export const endpointFields = {
  endpointName: text
    .describe(
      'Tells this endpoint from another one at the same address under the same model name: part of what replies are found again by.',
    )
    .exactOptional(),
  cache: flag
    .describe('Whether replies are kept in the cache, and looked up there; without it, they are.')
    .exactOptional(),
};

/** Prices and limits. */
export const spendFields = {
  priceInput: positive(Infinity, true).describe('Price of a million tokens of prompts.').exactOptional(),
  priceOutput: positive(Infinity, true).describe('Price of a million tokens of answers.').exactOptional(),
  maxCost: positive(Infinity, true).describe("Most to spend, in the prices' currency.").exactOptional(),
  maxTokens: integer(1, Number.MAX_SAFE_INTEGER)
    .describe('Most tokens to spend, prompts and answers together.')
    .exactOptional(),
};

interface Spending {
  readonly maxCost?: number;
  readonly priceInput?: number;
  readonly priceOutput?: number;
}

/** Refuses a limit on cost where nothing has a price. */
export function checkSpending({ maxCost, priceInput, priceOutput }: Spending, context: z.RefinementCtx): void {
  if (maxCost === undefined || priceInput !== undefined || priceOutput !== undefined) return;
  const message = 'needs prices: give priceInput and priceOutput, or use maxTokens';
  context.addIssue({ code: 'custom', path: ['maxCost'], message });
}
