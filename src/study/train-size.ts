/** Epochs and batches where nobody names them: sized to what is trained on, so that a small set takes enough steps. */
import type { Item } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { remembered } from '../core/remembered.js';

export interface TrainSize {
  readonly epochs: number;
  readonly batchTokens: number;
}

/** What large sets get. */
const USUAL: TrainSize = { epochs: 3, batchTokens: 1024 };
/** Steps that a training should take: below some tens, warm-up and fall of the learning rate leave it hardly moved. */
const WANTED_STEPS = 60;
/** More epochs learn a small set by heart without need. */
const MOST_EPOCHS = 30;
/** Batches of an epoch that a small set is parted into, and the least that a batch holds. */
const FEWEST_BATCHES = 4;
const LEAST_BATCH = 128;
/** What sizes of batches are multiples of. */
const BATCH_STEP = 64;

/** The least size of a batch that has room for so many tokens. */
export const wholeBatch = (tokens: number): number => Math.ceil(tokens / BATCH_STEP) * BATCH_STEP;

/** The sizes named, and for those that are not: three epochs of 1,024 tokens a batch, or smaller batches and more epochs up to 60 steps. */
export function trainSize(
  named: {
    readonly epochs?: number | undefined;
    readonly batchTokens?: number | undefined;
    readonly accumulation: number;
  },
  tokens: number,
): TrainSize {
  const quarter = wholeBatch(tokens / FEWEST_BATCHES);
  const batchTokens = named.batchTokens ?? Math.max(LEAST_BATCH, Math.min(USUAL.batchTokens, quarter));
  const steps = Math.max(1, tokens / (batchTokens * named.accumulation));
  const wanted = Math.min(MOST_EPOCHS, Math.ceil(WANTED_STEPS / steps));
  return { batchTokens, epochs: named.epochs ?? Math.max(USUAL.epochs, wanted) };
}

/** Where tokens are told from characters alone. */
export const CHARACTERS_PER_TOKEN = 4;
/** Tokens of a question beside its text and its answer: the chat template's. */
export const TEMPLATE_TOKENS = 12;

/** Tokens that an epoch feeds, told from the characters: about right, quick, and the same whatever the tokenizer. */
export const epochTokens = remembered((items: readonly Item[], level: Level | 'none', maxLength: number): number =>
  items.reduce((sum, { texts, questions }) => {
    const text = level === 'none' ? 0 : (texts[level]?.text.length ?? 0) / CHARACTERS_PER_TOKEN;
    const asked = questions.map(
      ({ prompt, answers }) => (prompt.length + (answers[0]?.length ?? 0)) / CHARACTERS_PER_TOKEN,
    );
    return sum + Math.min(maxLength, text) + asked.reduce((all, each) => all + each + TEMPLATE_TOKENS, 0);
  }, 0),
);
