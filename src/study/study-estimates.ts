/** What the runs of a plan are foreseen to take where they run: kept in the study's record, for the time left and for comparing with what they took. */
import { runCost, runSeconds } from './estimate.js';
import { trainingName } from './layout.js';
import type { Placement } from './placement.js';
import type { StudyModel, StudyPlan } from './plan.js';
import { runMemory } from './run-memory.js';
import { kindOf, type RunEstimate } from './run-seconds.js';
import { runFolderName, type PlannedRun } from './run-spec.js';
import type { StudyEstimates } from './study-record.js';

/** What every run of a plan is foreseen to take in its place, by the names of the runs' folders. */
export function estimatesOf(
  { runs, model }: Pick<StudyPlan, 'runs' | 'model'>,
  { workers, threads }: Pick<Placement, 'workers' | 'threads'>,
): StudyEstimates {
  const each = runs.map((run) => [runFolderName(run.spec), runEstimate(run, model, threads)] as const);
  return { workers, threads, runs: Object.fromEntries(each) };
}

function runEstimate(run: PlannedRun, model: StudyModel, threads: number): RunEstimate {
  const { identity } = run.spec;
  const cost = runCost(run, model.tokenizer);
  return {
    kind: kindOf(identity),
    training: identity.training === null ? null : trainingName(identity.training),
    answers: cost.answers,
    seconds: runSeconds(cost, model, threads),
    memoryBytes: Math.round(runMemory(run, model)),
  };
}
