/** The verb `train`: one LoRA adapter on items, with a study's defaults. */
import { UserError } from '../core/errors.js';
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import { trainingSamples } from '../core/samples.js';
import type { Device } from '../core/settings.js';
import type { LoadedModel } from '../models/model.js';
import { promptLimit, PromptRenderer, type PromptStyle } from '../models/text/prompt.js';
import { trainConfig } from '../study/config-file.js';
import type { TrainInput } from '../study/config.js';
import { epochTokens } from '../study/train-size.js';
import { trainSettings } from '../study/train-settings.js';
import { settledCompute } from '../train/compute.js';
import { finetune, type TrainProgress, type TrainResult } from '../train/finetune.js';

export interface TrainOptions {
  readonly model: LoadedModel;
  /** Where `adapter/` (PEFT), `metrics.jsonl` and checkpoints go; a training that was cut goes on from them. */
  readonly folder: string;
  /** The text shown with each question; `none` trains without a text (closed book). Default `original`. */
  readonly level?: Level | 'none';
  /** 1 to 512; default 8. */
  readonly rank?: number;
  /** Default 0. */
  readonly seed?: number;
  /** What a study file may say under `train`; default what it says where it says nothing. */
  readonly settings?: TrainInput;
  readonly style?: PromptStyle;
  /** Default `cpu`. */
  readonly device?: Device;
  readonly threads?: number;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
}

/** Trains an adapter on the items' questions. Throws UserErrors on settings that cannot be, UserError on samples that do not fit. */
export async function train(items: readonly Item[], options: TrainOptions): Promise<TrainResult> {
  const { model, level = 'original', rank = 8, seed = 0, settings = {}, style, folder, ...machine } = options;
  const config = trainConfig(settings);
  if (!Number.isInteger(rank) || rank < 1 || rank > 512)
    throw new UserError(`invalid rank ${rank}: use an integer from 1 to 512`);
  const limit = promptLimit({ maxLength: config.maxLength, maxPositions: model.config.maxPositions });
  const samples = new PromptRenderer(model, style).tokenize(trainingSamples(items, level), limit);
  const tokens = epochTokens(items, level, config.maxLength);
  const { quantisation } = config;
  const { hiddenSize } = model.config;
  const compute = settledCompute(config.compute, { hiddenSize, quantisation, device: machine.device });
  const chosen = trainSettings({ ...config, compute }, rank, seed, tokens);
  return finetune({ model, samples, folder, settings: chosen, ...machine });
}
