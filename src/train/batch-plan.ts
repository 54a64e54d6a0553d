/** The plan of a training: every epoch's batches, fixed before the first step so that a resumed run takes the same ones. */
import { groupBy, inParts, sumOf } from '../core/collections.js';
import { mean } from '../core/statistics.js';
import { Random } from '../core/random.js';
import { packWithin, sharedPrefix, type Packable, type PackedRow } from '../models/graph/packing.js';
import { areaOf, epochBatches, packItems, tokensOf, type Batch } from './batches.js';
import { answers } from './objectives/answers.js';
import { withRowTargets, type Objective, type TrainingSample } from './objectives/objective.js';

/** What packing needs of a sample, the item that it belongs to, and its form. */
export type GroupedSample = Packable & Pick<TrainingSample, 'item' | 'form'>;

/** How rows are made of samples. */
export type Grouping =
  /** Samples of one item share a context: a row is an item's (or a part of it). */
  | 'items'
  /** Samples share nothing but the template's head: a row is filled with whatever fits, so that the head is there once. */
  | 'any';

/** Samples that stand alone for their items count as short, so that many share a row, up to this many tokens. */
const SHORT_SAMPLE_TOKENS = 256;

/** Shared tokens beyond the template's head that make packing by item worthwhile. */
const WORTHWHILE_SHARE = 8;

/** Whether items' samples share more among themselves than all samples do. */
export function groupingOf(samples: readonly GroupedSample[]): Grouping {
  const everywhere = sharedPrefix(samples.map((each) => each.prompt));
  const groups = [...groupBy(samples, ({ item }) => item).values()].map((group) => group.map(({ prompt }) => prompt));
  if (groups.every((prompts) => prompts.length === 1))
    return (samples[0]?.prompt.length ?? 0) > SHORT_SAMPLE_TOKENS ? 'items' : 'any';
  const shared = groups.map((prompts) => (prompts.length > 1 ? sharedPrefix(prompts) : (prompts[0]?.length ?? 0)));
  return mean(shared) >= everywhere + WORTHWHILE_SHARE ? 'items' : 'any';
}

/** What a plan depends on beside its samples. */
export interface PlanSettings {
  readonly epochs: number;
  readonly maxSteps?: number;
  readonly batchTokens: number;
  readonly accumulation: number;
  /** Whether the batches of one step are of like length; default false. */
  readonly groupByLength?: boolean;
  readonly seed: number;
  /** Default `answers`. */
  readonly objective?: Objective;
}

/** Samples of one form, and how rows are made of them. */
interface SampleForm {
  readonly samples: readonly GroupedSample[];
  readonly grouping: Grouping;
}

/** What a sample is grouped by. */
const groupOf = ({ item, form }: TrainingSample): Pick<TrainingSample, 'item' | 'form'> => ({
  item,
  ...(form !== undefined && { form }),
});

/** Samples by their forms, in order of first appearance: no row holds two. */
function formsOf(samples: readonly GroupedSample[]): SampleForm[] {
  const forms = [...groupBy(samples, ({ form }) => form).values()];
  return forms.map((each) => ({ samples: each, grouping: groupingOf(each) }));
}

/** One epoch's rows, form by form: by item, or the shuffled samples in rows that differ from epoch to epoch. */
function epochRows(forms: readonly SampleForm[], epoch: number, plan: PlanSettings): PackedRow[] {
  const { batchTokens, seed, objective = answers } = plan;
  const order = new Random(seed, 'rows', epoch);
  const rows = forms.flatMap(({ samples, grouping }) =>
    grouping === 'items' ? packItems(samples, batchTokens) : packWithin(order.shuffle(samples), batchTokens),
  );
  const random = new Random(seed, 'row targets', epoch);
  return rows.map((row) => withRowTargets(objective, row, random));
}

/** Largest share of an epoch's computed tokens that may be padding. */
const MOST_PADDING = 0.05;

/** A batch of rows in order of length as two, where that computes least. */
function split(batch: Batch): [Batch, Batch] {
  const last = batch.at(-1)?.ids.length ?? 0;
  const areas = batch.slice(1).map((_, i) => (i + 1) * (batch[i]?.ids.length ?? 0) + (batch.length - i - 1) * last);
  const at = areas.indexOf(Math.min(...areas)) + 1;
  return [batch.slice(0, at), batch.slice(at)];
}

const padded = (batch: Batch) => ({ batch, padding: areaOf(batch) - tokensOf(batch) });

/** The batches, those with most padding split until the epoch has little; where it has little as it is, they stay. */
function withLittlePadding(batches: readonly Batch[]): Batch[] {
  const tokens = sumOf(batches.map(tokensOf));
  const current = batches.map(padded);
  let padding = sumOf(current.map((each) => each.padding));
  while (padding > 0 && padding >= MOST_PADDING * (tokens + padding)) {
    const worst = current.reduce((a, b) => (b.padding > a.padding ? b : a));
    const halves = split(worst.batch).map(padded);
    current.splice(current.indexOf(worst), 1, ...halves);
    padding += sumOf(halves.map((each) => each.padding)) - worst.padding;
  }
  return current.map(({ batch }) => batch);
}

/** Rows of the items that come first by name, of so many tokens or somewhat more: what directions of a base in eight bits are found on, whatever the seed. */
export function calibrationBatch(
  samples: readonly TrainingSample[],
  { tokens, objective = answers }: { readonly tokens: number; readonly objective?: Objective },
): Batch {
  const items = [...groupBy(samples, ({ item }) => item)].sort(([a], [b]) => (a < b ? -1 : 1));
  const settings = { epochs: 1, batchTokens: tokens, accumulation: 1, seed: 0, objective };
  const rows: PackedRow[] = [];
  for (const [, own] of items)
    for (const row of planSteps(own, settings).flatMap(({ batches }) => batches.flat())) {
      rows.push(row);
      if (tokensOf(rows) >= tokens) return rows;
    }
  return rows;
}

/** Steps whose batches are sorted together: few enough that in a larger set chance still has a say in what a step holds. */
const SORTED_STEPS = 16;

/** An epoch's batches in steps, as they come, or batches of like length together: the steps of a stretch in an order drawn from the seed. */
function stepsOf(batches: readonly Batch[], epoch: number, settings: PlanSettings): Batch[][] {
  const { accumulation, groupByLength = false, seed } = settings;
  if (!groupByLength) return inParts(batches, accumulation);
  const random = new Random(seed, 'steps', epoch);
  const whole = batches.length - (batches.length % accumulation);
  const grouped = inParts(batches.slice(0, whole), SORTED_STEPS * accumulation).flatMap((stretch) =>
    random.shuffle(
      inParts(
        [...stretch].sort((a, b) => tokensOf(a) - tokensOf(b)),
        accumulation,
      ),
    ),
  );
  return [...grouped, ...inParts(batches.slice(whole), accumulation)];
}

/** One optimiser step: its micro-batches. */
export interface PlannedStep {
  readonly epoch: number;
  readonly batches: readonly Batch[];
}

/**
 * All steps of a training; the last step of an epoch takes what is left. A row holds samples of one form. Throws UserError for a sample that the objective cannot
 * learn from.
 */
export function planSteps(samples: readonly TrainingSample[], settings: PlanSettings): PlannedStep[] {
  const { learnt } = settings.objective ?? answers;
  const forms = formsOf(samples.map((sample) => ({ ...groupOf(sample), ...learnt(sample) })));
  const steps: PlannedStep[] = [];
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const rows = epochRows(forms, epoch, settings);
    const batches = withLittlePadding(epochBatches(rows, settings.batchTokens, settings.seed, epoch));
    steps.push(...stepsOf(batches, epoch, settings).map((each) => ({ epoch, batches: each })));
  }
  return steps.slice(0, settings.maxSteps ?? steps.length);
}
