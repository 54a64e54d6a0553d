/** Held-out samples: the items that training does not see, their loss along the way, and when that loss says to stop. */
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { Random } from '../core/random.js';
import type { HeldOutSettings } from '../core/settings.js';
import type { Weights } from './step-trainer.js';

/** Samples to train on, and samples of other items to measure on. */
export interface Split<T> {
  readonly trained: readonly T[];
  readonly heldOut: readonly T[];
}

/**
 * Keeps a share of the items (rounded, one at least) from training, drawn by the seed: all of an item's samples go together, so
 * that no text and no fact is on both sides. Throws UserError where fewer than two items leave nothing to train on or to measure.
 */
export function splitByItem<T extends { readonly item: string }>(
  samples: readonly T[],
  share: number,
  seed: number,
): Split<T> {
  const items = [...new Set(samples.map(({ item }) => item))];
  if (items.length < 2)
    throw new UserError(`heldOut ${share}: there is but ${items.length} item: give more items, or set heldOut to 0`);
  const count = Math.min(items.length - 1, Math.max(1, Math.round(share * items.length)));
  const kept = new Set(new Random(seed, 'held-out').shuffle([...items].sort()).slice(0, count));
  return {
    trained: samples.filter(({ item }) => !kept.has(item)),
    heldOut: samples.filter(({ item }) => kept.has(item)),
  };
}

/** What the measurements of a training came to, as its record keeps it. */
export interface HeldOutRecord {
  readonly items: number;
  readonly samples: number;
  /** Loss and step of the best measurement. */
  readonly bestLoss: number;
  readonly bestStep: number;
  readonly lastLoss: number;
  /** Whether training stopped before its planned end. */
  readonly stoppedEarly: boolean;
  /** Whether the adapter is that of the best measurement rather than that of the last step. */
  readonly isBestKept: boolean;
}

/** Where the measurements stand, as checkpoints keep it; `since` counts the measurements after the best one. */
export const standingSchema = z.object({
  bestLoss: z.number(),
  bestStep: z.int(),
  lastLoss: z.number(),
  since: z.int().min(0),
});

/** The same, as a value. */
export type Standing = Readonly<z.infer<typeof standingSchema>>;

/** Watches the held-out loss: remembers the best measurement and its weights, and says when patience is at its end. */
export class EarlyStop {
  #standing: Standing | undefined;
  #best = new Map<string, Float32Array>();

  constructor(readonly settings: HeldOutSettings) {}

  get standing(): Standing | undefined {
    return this.#standing;
  }

  /** Weights of the best measurement; empty without patience, where they are not wanted. */
  get best(): ReadonlyMap<string, Float32Array> {
    return this.#best;
  }

  get isOver(): boolean {
    return this.settings.patience > 0 && (this.#standing?.since ?? 0) >= this.settings.patience;
  }

  /** Whether a step's end is a time to measure: every `everySteps`, and the last. */
  isDue(step: number, steps: number): boolean {
    return step % this.settings.everySteps === 0 || step === steps;
  }

  /** Takes a measurement after a step; the weights are copied where they are the best so far. */
  async take(step: number, loss: number, weights: () => Promise<Weights>): Promise<void> {
    const before = this.#standing;
    if (before !== undefined && !(loss < before.bestLoss)) {
      this.#standing = { ...before, lastLoss: loss, since: before.since + 1 };
      return;
    }
    this.#standing = { bestLoss: loss, bestStep: step, lastLoss: loss, since: 0 };
    if (this.settings.patience > 0)
      this.#best = new Map([...(await weights())].map(([name, data]) => [name, data.slice()]));
  }

  /** Goes on from where a checkpoint left it. */
  resume(standing: Standing, best: ReadonlyMap<string, Float32Array>): void {
    this.#standing = standing;
    this.#best = new Map(best);
  }
}
