/** Learning-rate schedules: a linear warm-up, then constant, linear to zero, or half a cosine to zero. */
import type { TrainSettings } from '../core/settings.js';

/** The learning rate of a step (counted from 0) of `steps`. */
export function learningRateAt(
  step: number,
  steps: number,
  settings: Pick<TrainSettings, 'learningRate' | 'schedule' | 'warmupRatio'>,
): number {
  const warmup = Math.ceil(settings.warmupRatio * steps);
  if (step < warmup) return (settings.learningRate * (step + 1)) / (warmup + 1);
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  switch (settings.schedule) {
    case 'constant':
      return settings.learningRate;
    case 'linear':
      return settings.learningRate * (1 - progress);
    case 'cosine':
      return (settings.learningRate * (1 + Math.cos(Math.PI * progress))) / 2;
  }
}
