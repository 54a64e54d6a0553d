/** The losses that a study's trainings left, thinned to what a chart can show. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inParts } from '../core/collections.js';
import { UserError } from '../core/errors.js';
import { mean } from '../core/statistics.js';
import { readJsonLines } from '../files/json-lines.js';
import type { LossCurve, LossPoint } from '../report/data.js';
import { stepMetric, type StepMetric } from '../train/step-metric.js';
import { TRAINING_FILES } from './layout.js';
import { resolveTraining } from './training-store.js';
import type { RunSpec } from './run-spec.js';

/** Points of a line: more are finer than a pixel of a small chart. */
const MOST_POINTS = 80;
/** Points of all lines of a study together, from which on each has fewer, and how few at least. */
const [POINTS_IN_ALL, LEAST_POINTS] = [2400, 20];

/** The loss of a run's training so far, in a study of so many runs; null where nothing was trained, or its log cannot be read, as while a line is written. */
export function lossCurve(study: string, { identity: { training } }: RunSpec, runs = 1): LossCurve | null {
  if (training === null) return null;
  const path = join(resolveTraining(study, training).folder, TRAINING_FILES.metrics);
  if (!existsSync(path)) return null;
  try {
    const most = Math.max(LEAST_POINTS, Math.min(MOST_POINTS, Math.round(POINTS_IN_ALL / runs)));
    return curveOf(readJsonLines(path, stepMetric), most);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

function curveOf(metrics: readonly StepMetric[], most: number): LossCurve {
  const heldOut = metrics.flatMap(({ step, heldOutLoss }) =>
    heldOutLoss === undefined ? [] : [{ step, loss: heldOutLoss }],
  );
  return { trained: thinned(metrics, most), heldOut: thinned(heldOut, most) };
}

/** Means of neighbours, each at the last step of its own, so that the line ends where the training did. */
function thinned(points: readonly LossPoint[], most: number): LossPoint[] {
  const size = Math.max(1, Math.ceil(points.length / most));
  return inParts(points, size).map((group) => ({
    step: group.at(-1)?.step ?? 0,
    loss: Number(mean(group.map(({ loss }) => loss)).toPrecision(5)),
  }));
}
