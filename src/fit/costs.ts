/** What trying candidates takes, told from planned runs before any is carried out. */
import { sumOf } from '../core/collections.js';
import { runCost, runSeconds } from '../study/estimate.js';
import { wholeSeconds, type RunSeconds } from '../study/run-seconds.js';
import { placementHere } from '../study/placement.js';
import type { StudyPlan } from '../study/plan.js';
import type { PlannedRun } from '../study/run-spec.js';
import type { Budget } from './budget.js';
import { formName, type Candidate } from './candidate.js';
import type { Cost } from './halving.js';

/** The run of a candidate that is shown every fact so many times. */
export interface TrialPlace {
  readonly candidate: Candidate;
  readonly exposures: number;
  /** How many learning rates are tried. */
  readonly rates: number;
}

/** Finds it; undefined where the plan has none. */
export function runOfTrial({ runs }: Pick<StudyPlan, 'runs'>, trial: TrialPlace): PlannedRun | undefined {
  return runs.find(({ spec: { identity } }) => isOfTrial(identity, trial));
}

/** Whether a run's identity, or its rows, are those of a trial. */
export function isOfTrial(
  identity: PlannedRun['spec']['identity'],
  { candidate, exposures, rates }: TrialPlace,
): boolean {
  const { level, rank, text } = identity;
  const isSame = level === candidate.level && rank === candidate.rank && text?.exposures === exposures;
  return isSame && text.control === undefined && text.form === formName(candidate, rates);
}

/** Estimated seconds of a run's stages. */
export function secondsOf({ model, config }: StudyPlan, run: PlannedRun): RunSeconds {
  return runSeconds(runCost(run, model.tokenizer), model, placementHere(config.executor, model).threads);
}

/** What a trial takes in a budget's unit: whatever it is shown, and for each exposure. */
export function trialCost(plan: StudyPlan, run: PlannedRun, unit: Budget['unit'], exposures: number): Cost {
  if (unit === 'tokens') return { fixed: 0, perExposure: runCost(run, plan.model.tokenizer).trainTokens / exposures };
  const seconds = secondsOf(plan, run);
  return { fixed: wholeSeconds({ ...seconds, train: 0 }), perExposure: seconds.train / exposures };
}

/** What runs take together in a budget's unit, carried out side by side. */
export function costOfRuns(plan: StudyPlan, runs: readonly PlannedRun[], unit: Budget['unit']): number {
  const each = runs.map((run) =>
    unit === 'tokens' ? runCost(run, plan.model.tokenizer).trainTokens : wholeSeconds(secondsOf(plan, run)),
  );
  const { workers } = placementHere(plan.config.executor, plan.model);
  return sumOf(each) / (unit === 'tokens' ? 1 : Math.min(workers, Math.max(1, each.length)));
}
