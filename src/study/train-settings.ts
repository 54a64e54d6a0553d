/** Settings of one training, from the flat form of a study file. */
import type { Compute, TrainSettings } from '../core/settings.js';
import type { StudyConfig } from './config.js';
import { trainSize } from './train-size.js';

export type TrainConfig = StudyConfig['train'];

/** The same, what is computed in settled. */
export type SettledTrain = Omit<TrainConfig, 'compute'> & { readonly compute: Compute };

/** Settings with those of a part of the grid in their place: a part's scale also stands in place of a fixed alpha. */
export function withOverride({ alpha, ...config }: TrainConfig, own: Partial<TrainConfig>): TrainConfig {
  return { ...config, ...(alpha !== undefined && own.scale === undefined && { alpha }), ...own };
}

/**
 * Settings of one training from those of a study file: the scale alpha/r is held equal over ranks unless an alpha is given;
 * epochs and batches that are not named are sized to the tokens of an epoch, default very many.
 */
export function trainSettings(config: SettledTrain, rank: number, seed: number, tokens = Infinity): TrainSettings {
  const {
    scale,
    alpha,
    rslora,
    dropout,
    targets,
    rankPattern,
    maxSteps,
    heldOut,
    evaluateEverySteps,
    patience,
    gradientCheckpointing,
    groupByLength,
    compute,
    objective,
    lanes,
    ...rest
  } = config;
  const fitting = scale * (rslora ? Math.sqrt(rank) : rank);
  return {
    lora: {
      rank,
      alpha: alpha ?? fitting,
      rslora,
      dropout,
      targets,
      ...(rankPattern !== undefined && { rankPattern }),
    },
    ...rest,
    ...trainSize(config, tokens),
    ...(maxSteps !== undefined && { maxSteps }),
    ...(gradientCheckpointing && { gradientCheckpointing }),
    // A step of one batch is of one length.
    ...(groupByLength && config.accumulation > 1 && { groupByLength }),
    ...(compute !== 'f32' && { compute }),
    ...(lanes > 1 && { lanes }),
    ...(objective !== undefined && { objective }),
    ...(heldOut > 0 && { heldOut: { share: heldOut, everySteps: evaluateEverySteps, patience } }),
    seed,
  };
}
