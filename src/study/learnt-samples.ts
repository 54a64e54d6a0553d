/** What a run's training learns from: samples made of texts, where it trains on those, or the questions of its items. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { RunConflictError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import type { Item } from '../core/records.js';
import { trainingSamples } from '../core/samples.js';
import { jsonLines, readJsonLines } from '../files/json-lines.js';
import { FORM_NAMES, type FormSample } from '../forms/form.js';
import type { LoadedModel } from '../models/model.js';
import { promptLimit, PromptRenderer } from '../models/text/prompt.js';
import type { TrainingSample } from '../train/objectives/objective.js';
import { samplesHash, textSamplesHash, type TrainingIdentity } from './identity.js';
import type { RunSpec } from './run-spec.js';
import { textTrainingSamples } from './text-samples.js';

const formSample: z.ZodType<FormSample> = z.object({
  id: z.string(),
  item: z.string(),
  form: z.enum(FORM_NAMES),
  prompt: z.string().nullable(),
  answer: z.string(),
});

/** The samples of a study's file, whose name holds their hash; throws RunConflictError where they are others. */
export function readFormSamples(path: string): FormSample[] {
  if (!path.includes(sha256(readFileSync(path)).slice(0, 12)))
    throw new RunConflictError(`${path} was changed since the study was planned: remove it and run the study again`);
  return readJsonLines(path, formSample);
}

/** Where samples come from. */
export interface LearntFrom {
  readonly spec: RunSpec;
  readonly trained: readonly Item[];
  /** Empty where questions are trained on. */
  readonly samples: readonly FormSample[];
}

/** The hash that a training's identity has of what lies here. */
export function learntHash({ spec, trained, samples }: LearntFrom): string {
  const { training, level } = spec.identity;
  if (training?.forms === undefined) return samplesHash(trained, level);
  return textSamplesHash(sha256([...jsonLines(samples)].join('')), training.forms.shares, trained, level);
}

export interface LearningPlace {
  readonly identity: TrainingIdentity;
  readonly model: LoadedModel;
  /** Where what teachers say is kept. */
  readonly teachers: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** As tokens. Throws UserError for a question that does not fit. */
export function learntSamples(
  { spec, trained, samples }: LearntFrom,
  place: LearningPlace,
): readonly TrainingSample[] | Promise<readonly TrainingSample[]> {
  const { identity, model } = place;
  if (identity.forms !== undefined) {
    const texts = new Map(trained.map(({ id, texts }) => [id, texts[spec.identity.level]?.text ?? '']));
    return textTrainingSamples({ ...place, samples, textOf: (item) => texts.get(item) ?? '' });
  }
  const { style, maxLength, answerRoom } = identity.prompt;
  const limit = promptLimit({ maxLength, answerRoom, maxPositions: model.config.maxPositions });
  return new PromptRenderer(model, style).tokenize(trainingSamples(trained, spec.identity.level), limit);
}
