/** The plan of a training: every epoch's batches, fixed before the first step so that a resumed run takes the same ones. */
import { Random } from '../core/random.js';
import { packWithin, sharedPrefix, type Packable, type PackedRow } from '../models/packing.js';
import { epochBatches, packItems } from './batches.js';

export type GroupedSample = Packable & { readonly item: string };

/** How rows are made of samples. */
export type Grouping =
  /** Samples of one item share a context: a row is an item's (or a part of it). */
  | 'items'
  /** Samples share nothing but the template's head: rows are filled with whatever fits. */
  | 'any';

/** Rows of questions without a context are kept this short: longer ones spend their time on tokens that do not see each other. */
const SHORT_ROW_TOKENS = 256;

/** Shared tokens beyond the template's head that make packing by item worthwhile. */
const WORTHWHILE_SHARE = 8;

/** Whether items' samples share more among themselves than all samples do. */
export function groupingOf(samples: readonly GroupedSample[]): Grouping {
  const everywhere = sharedPrefix(samples.map((each) => each.prompt));
  const groups = new Map<string, (readonly number[])[]>();
  for (const { item, prompt } of samples) groups.set(item, [...(groups.get(item) ?? []), prompt]);
  const shared = [...groups.values()].map((prompts) =>
    prompts.length > 1 ? sharedPrefix(prompts) : (prompts[0]?.length ?? 0),
  );
  const mean = shared.reduce((a, b) => a + b, 0) / Math.max(1, shared.length);
  const single = [...groups.values()].every((prompts) => prompts.length === 1);
  if (single) return (samples[0]?.prompt.length ?? 0) > SHORT_ROW_TOKENS ? 'items' : 'any';
  return mean >= everywhere + WORTHWHILE_SHARE ? 'items' : 'any';
}

/** One epoch's rows: by item, or the shuffled samples in rows that differ from epoch to epoch. */
function epochRows(
  samples: readonly GroupedSample[],
  grouping: Grouping,
  batchTokens: number,
  seed: number,
  epoch: number,
): PackedRow[] {
  if (grouping === 'items') return packItems(samples, batchTokens);
  const shuffled = new Random(seed, 'rows', epoch).shuffle(samples);
  return packWithin(shuffled, Math.min(SHORT_ROW_TOKENS, batchTokens));
}

/** One optimiser step: its micro-batches. */
export interface PlannedStep {
  readonly epoch: number;
  readonly batches: readonly (readonly PackedRow[])[];
}

/** All steps of a training; the last step of an epoch takes what is left. */
export function planSteps(
  samples: readonly GroupedSample[],
  settings: {
    readonly epochs: number;
    readonly maxSteps?: number;
    readonly batchTokens: number;
    readonly accumulation: number;
    readonly seed: number;
  },
): PlannedStep[] {
  const grouping = groupingOf(samples);
  const steps: PlannedStep[] = [];
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const rows = epochRows(samples, grouping, settings.batchTokens, settings.seed, epoch);
    const batches = epochBatches(rows, settings.batchTokens, settings.seed, epoch);
    for (let i = 0; i < batches.length; i += settings.accumulation)
      steps.push({ epoch, batches: batches.slice(i, i + settings.accumulation) });
  }
  return steps.slice(0, settings.maxSteps ?? steps.length);
}
