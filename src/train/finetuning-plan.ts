/** Fine-tuning as a plan: the epochs' steps, fixed before the first, and the held-out loss along the way. */
import { z } from 'zod';
import { hashJson } from '../core/hash.js';
import { apart, type TrainSettings } from '../core/settings.js';
import { calibrationBatch, planSteps, type PlannedStep } from './batch-plan.js';
import { EarlyStop, splitByItem, standingSchema, type HeldOutRecord, type Split } from './held-out.js';
import type { Batch } from './batches.js';
import { requireFinite, type Kept, type Step, type TakenStep, type TrainingPlan } from './loop.js';
import type { TrainingSample } from './objectives/objective.js';
import { objectiveNamed } from './objectives/objectives.js';
import { learningRateAt } from './schedule.js';
import { stepMetric, type StepMetric } from './step-metric.js';
import type { StepTrainer } from './step-trainer.js';

const countersSchema = z.object({ heldOut: standingSchema.nullable() });

/** What a checkpoint keeps: where the held-out measurements stand, null before the first or where nothing is held out. */
export type FinetuningCounters = z.infer<typeof countersSchema>;

/** What is learnt, and from what. */
export interface FinetuningInput {
  /** Identity of the model that is trained. */
  readonly model: string;
  readonly samples: readonly TrainingSample[];
  readonly settings: TrainSettings;
}

function identityOf({ model, samples, settings }: FinetuningInput): string {
  return hashJson({
    model,
    // How it is carried out changes nothing; 0 stands in every checkpoint's identity.
    settings: { ...apart(settings).settings, checkpointEverySteps: 0 },
    samples: samples.map((sample) => ({
      ...objectiveNamed(settings.objective).learnt(sample),
      ...(sample.form !== undefined && { form: sample.form }),
    })),
  });
}

/** Batches of samples that are measured on. */
function measuredBatches(samples: readonly TrainingSample[], settings: TrainSettings): readonly Batch[] {
  if (samples.length === 0) return [];
  const { batchTokens, seed } = settings;
  const objective = objectiveNamed(settings.objective);
  return planSteps(samples, { epochs: 1, accumulation: 1, batchTokens, seed, objective }).flatMap(
    ({ batches }) => batches,
  );
}

/** Epochs over the samples, stopped early where the held-out loss says so. */
export class FinetuningPlan implements TrainingPlan<StepMetric, FinetuningCounters> {
  readonly identity: string;
  readonly clipNorm: number;
  readonly metrics = stepMetric;
  readonly counters = countersSchema;
  readonly steps: readonly PlannedStep[];
  /** What the measurements say; undefined where nothing is held out. */
  readonly earlyStop: EarlyStop | undefined;
  readonly #settings: TrainSettings;
  readonly #split: Split<TrainingSample>;
  readonly #measured: readonly Batch[];

  /** Throws UserError for samples and objectives that cannot be trained on. */
  constructor(input: FinetuningInput) {
    const { samples, settings } = input;
    const { heldOut, seed } = settings;
    this.identity = identityOf(input);
    this.clipNorm = settings.clipNorm;
    this.#settings = settings;
    this.#split = heldOut ? splitByItem(samples, heldOut.share, seed) : { trained: samples, heldOut: [] };
    this.#measured = measuredBatches(this.#split.heldOut, settings);
    this.steps = planSteps(this.#split.trained, { ...settings, objective: objectiveNamed(settings.objective) });
    this.earlyStop = heldOut && new EarlyStop(heldOut);
  }

  /** What directions of a base in eight bits are found on, so many tokens. */
  calibration(tokens: number): Batch {
    return calibrationBatch(this.#split.trained, { tokens, objective: objectiveNamed(this.#settings.objective) });
  }

  resume({ counters, weights }: Kept<FinetuningCounters>): void {
    if (counters.heldOut !== null) this.earlyStop?.resume(counters.heldOut, weights ?? new Map());
  }

  /** The next step of the plan, unless patience is at its end. */
  next(stepsTaken: number): Step | undefined {
    const planned = this.steps[stepsTaken];
    if (planned === undefined || this.earlyStop?.isOver === true) return undefined;
    const moment = { step: stepsTaken, done: stepsTaken, total: this.steps.length };
    return { batches: planned.batches, learningRate: learningRateAt(moment, this.#settings) };
  }

  async take({ step, learningRate, result, trainer }: TakenStep): Promise<StepMetric> {
    const { loss, gradientNorm, tokens } = result;
    const epoch = this.steps[step - 1]?.epoch ?? 0;
    return { step, epoch, loss, learningRate, gradientNorm, tokens, ...(await this.#measure(step, trainer)) };
  }

  async #measure(step: number, trainer: StepTrainer): Promise<{ heldOutLoss?: number }> {
    if (this.earlyStop?.isDue(step, this.steps.length) !== true) return {};
    const heldOutLoss = await trainer.evaluate(this.#measured);
    requireFinite([heldOutLoss], step, this.#measured);
    await this.earlyStop.take(step, heldOutLoss, () => trainer.weights());
    return { heldOutLoss };
  }

  checkpoint(stepsTaken: number): Kept<FinetuningCounters> | undefined {
    const every = this.#settings.checkpointEverySteps;
    return every === 0 || stepsTaken % every !== 0 || stepsTaken === this.steps.length ? undefined : this.keep();
  }

  keep(): Kept<FinetuningCounters> {
    const { standing = null, best } = this.earlyStop ?? {};
    return { counters: { heldOut: standing }, ...(best && { weights: best }) };
  }

  /** What the measurements came to after so many steps; null where nothing is held out. */
  heldOutRecord(stepsTaken: number): HeldOutRecord | null {
    const { standing, settings } = this.earlyStop ?? {};
    if (standing === undefined || settings === undefined) return null;
    const { bestLoss, bestStep, lastLoss } = standing;
    return {
      items: new Set(this.#split.heldOut.map(({ item }) => item)).size,
      samples: this.#split.heldOut.length,
      ...{ bestLoss, bestStep, lastLoss },
      stoppedEarly: stepsTaken < this.steps.length,
      isBestKept: settings.patience > 0,
    };
  }
}
