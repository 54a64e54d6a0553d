/** Learning-rate schedules: a linear warm-up, then constant, linear to zero, half a cosine to zero, or constant with a linear end. */
import type { TrainSettings } from '../core/settings.js';

/** How far a training is: `done` of `total`, both in steps or both in tokens. */
export interface Moment {
  /** Steps taken. */
  readonly step: number;
  readonly done: number;
  readonly total: number;
}

/** Warms up over a share of the whole, then stays or falls to zero. */
export type FallingSchedule = Pick<TrainSettings, 'learningRate' | 'schedule' | 'warmupRatio'>;

/** Warms up over some steps, stays, and falls in a line over the last share of the whole, to a hundredth. */
export interface TrapezoidSchedule {
  readonly learningRate: number;
  readonly schedule: 'trapezoid';
  readonly warmupSteps: number;
  /** Share of the whole at the end over which the rate falls. */
  readonly decayShare: number;
}

/** Share of the peak by the share of the way behind the warm-up. */
const FALLS: Readonly<Record<TrainSettings['schedule'], (progress: number) => number>> = {
  constant: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
};

const LEAST = 0.01;

function falling({ done, total }: Moment, { learningRate, schedule, warmupRatio }: FallingSchedule): number {
  const warmup = Math.ceil(warmupRatio * total);
  if (done < warmup) return (learningRate * (done + 1)) / (warmup + 1);
  return learningRate * FALLS[schedule]((done - warmup) / Math.max(1, total - warmup));
}

function trapezoid(moment: Moment, { learningRate, warmupSteps, decayShare }: TrapezoidSchedule): number {
  const warm = Math.min(1, (moment.step + 1) / warmupSteps);
  const left = (moment.total - moment.done) / (decayShare * moment.total);
  return learningRate * warm * Math.min(1, Math.max(LEAST, left));
}

/** The learning rate of the next step. */
export function learningRateAt(moment: Moment, schedule: FallingSchedule | TrapezoidSchedule): number {
  return schedule.schedule === 'trapezoid' ? trapezoid(moment, schedule) : falling(moment, schedule);
}
