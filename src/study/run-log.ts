/** What a run left to read while it works and after: the losses of its training, warnings, the error that ended it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors.js';
import { parsedLines } from '../files/json-lines.js';
import { stepMetric, type StepMetric } from '../train/step-metric.js';
import { STUDY_FILES, TRAINING_FILES } from './layout.js';
import { glanceRun, type RunGlance } from './run-glance.js';
import { readSpec } from './run-store.js';
import { readTraining, resolveTraining, type ResolvedTraining } from './training-store.js';

export interface RunLog {
  readonly run: string;
  readonly status: RunGlance['status'];
  readonly report: RunGlance['report'];
  /** One for each step, from the first on; none where nothing was trained. */
  readonly losses: readonly StepMetric[];
  readonly warnings: readonly string[];
  readonly error: RunGlance['error'];
}

/** The log of a run by the name of its folder. Throws UserError where its spec cannot be read. */
export function runLog(study: string, name: string): RunLog {
  const folder = join(study, STUDY_FILES.runs, name);
  const { status, report, error, result, damage } = glanceRun(study, name);
  const { training } = readSpec(folder).identity;
  const resolved = training === null ? null : resolveTraining(study, training);
  const unscored = result?.unscored ?? 0;
  const truncated = result?.truncated ?? 0;
  return {
    ...{ run: name, status, report, error },
    losses: resolved === null ? [] : lossesOf(resolved),
    warnings: [
      ...(damage === null ? [] : [`made anew by the next study run: ${damage}`]),
      ...(resolved === null ? [] : trainingWarnings(resolved)),
      ...(unscored === 0 ? [] : [`${unscored} of ${result?.answers ?? 0} answers are unscored`]),
      ...(truncated === 0 ? [] : [`${truncated} answers were given to a context that had been shortened`]),
    ],
  };
}

/** Lines that are whole: the last may be half written. */
function lossesOf({ folder }: ResolvedTraining): StepMetric[] {
  const path = join(folder, TRAINING_FILES.metrics);
  if (!existsSync(path)) return [];
  return [...parsedLines([readFileSync(path)], stepMetric)].flatMap((line) => ('value' in line ? [line.value] : []));
}

function trainingWarnings(resolved: ResolvedTraining): string[] {
  const { retry } = resolved;
  const again =
    retry === null
      ? []
      : [
          `the memory ran out (${retry.reason}): trained with batches of ${retry.batchTokens.to} tokens in place of ${retry.batchTokens.from}`,
        ];
  try {
    const stored = readTraining(resolved);
    if (stored.status === 'done') return [...again, ...stored.record.result.warnings];
    return stored.damage === null ? again : [...again, `the training is damaged: ${stored.damage}`];
  } catch (error) {
    return [...again, messageOf(error)];
  }
}
