/** What analysis and report need to know of a run besides its rows: how it was trained, how it ended, where its adapter lies. */
import type { Book, Row, TextControl } from '../core/records.js';
import type { Level } from '../core/levels.js';
import type { MeanEstimate } from '../core/statistics.js';

/** Loss on items kept from training, in nats per answer token. */
export interface HeldOutSummary {
  readonly bestLoss: number;
  /** Step of the best measurement. */
  readonly bestStep: number;
  readonly lastLoss: number;
  readonly stoppedEarly: boolean;
}

/** An adapter at some strength and rank: what it recalls, and what it costs its base. */
export interface AdapterVariant {
  /** 1 as trained. */
  readonly scale: number;
  readonly rank: number;
  /** Rise of the loss on general text, and divergence from the base on its own samples, in bits a token. */
  readonly generalRise: MeanEstimate;
  readonly divergence: MeanEstimate;
  /** Share of the taught questions answered; null where not asked. */
  readonly recall: number | null;
  /** Answers about texts never trained on, shown in the prompt, that changed sides; null where not asked. */
  readonly reading: { readonly asked: number; readonly rightToWrong: number; readonly wrongToRight: number } | null;
}

/** What an adapter costs the base as it was trained, and at lower strengths and ranks. */
export interface AdapterCost extends Omit<AdapterVariant, 'scale' | 'rank'> {
  readonly variants: readonly AdapterVariant[];
}

export interface RunSummary {
  /** The id that the rows' `run` names. */
  readonly id: string;
  readonly dataset: string;
  readonly book: Book;
  readonly level: Level | 'none';
  /** LoRA rank; 0 is the untuned base model. */
  readonly rank: number;
  /** lora_alpha; 0 for the base. */
  readonly alpha: number;
  /** lora_alpha / rank (or / √rank); 0 for the base. */
  readonly scale: number;
  readonly items: number;
  readonly seed: number;
  /** What was made of texts to train on; absent where none were trained on. */
  readonly form?: string;
  /** What a text book compares with it; absent for what is compared. */
  readonly control?: TextControl;
  readonly status: 'done' | 'failed' | 'running' | 'pending';
  /** Why it failed, for people; null unless it did. */
  readonly error: string | null;
  /** Trainable parameters of the adapter; null where unknown, 0 for the base. */
  readonly parameters: number | null;
  /** Settings that a verdict on nothing advises to change; absent where they are unknown, or nothing was trained. */
  readonly training?: {
    readonly epochs: number;
    /** Where steps are counted, epochs decide nothing. */
    readonly maxSteps?: number;
    readonly batchTokens: number;
    readonly learningRate: number;
  };
  /** Longest answer in tokens; absent where it is unknown. */
  readonly answerLimit?: number;
  /** Tokens fed in training, repeats counted; absent where unknown. */
  readonly trainedTokens?: number;
  /** What its adapter costs the base; absent where it was not measured. */
  readonly cost?: AdapterCost;
  /** Optimiser steps taken; null where it never trained. */
  readonly steps: number | null;
  /** Mean loss per answer token at the first and the last step, in nats. */
  readonly firstLoss: number | null;
  readonly lastLoss: number | null;
  /** What the loss on held-out items came to; absent where nothing was held out. */
  readonly heldOut?: HeldOutSummary;
  /** Seconds it took, training and answering together. */
  readonly seconds: number | null;
  /** Folder of the PEFT adapter; null where there is none. */
  readonly adapterPath: string | null;
}

/** What rows alone tell of the runs that they name: for answers that were made or judged elsewhere. */
export function runsOfRows(rows: readonly Row[]): RunSummary[] {
  const first = new Map<string, Row>();
  for (const row of rows) if (!first.has(row.run)) first.set(row.run, row);
  return [...first.values()].map(({ run, dataset, book, level, rank, scale, items, seed, form, control }) => ({
    id: run,
    ...{ dataset, book, level, rank, scale, items, seed },
    ...(form !== null && { form }),
    ...(control !== null && { control }),
    alpha: scale * rank,
    status: 'done',
    error: null,
    parameters: rank === 0 ? 0 : null,
    ...{ steps: null, firstLoss: null, lastLoss: null, seconds: null, adapterPath: null },
  }));
}
