/** What a run's training learns from: samples made of texts, where it trains on those, or the questions of its items. */
import { z } from 'zod';
import type { Item } from '../core/records.js';
import { trainingSamples } from '../core/samples.js';
import { FORM_NAMES, type FormSample } from '../forms/form.js';
import type { LoadedModel } from '../models/model.js';
import { promptLimit, PromptRenderer } from '../models/text/prompt.js';
import type { TrainingSample } from '../train/objectives/objective.js';
import { readContentFile } from './content-file.js';
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

/** Samples made of texts, and the SHA-256 of their file. */
export type FormSamples = ReturnType<typeof readFormSamples>;

/** The samples of a study's file; throws RunConflictError where they are others than its name says. */
export function readFormSamples(path: string) {
  return readContentFile(path, formSample);
}

/** Where samples come from. */
export interface LearntFrom {
  readonly spec: RunSpec;
  readonly trained: readonly Item[];
  /** Null where questions are trained on. */
  readonly samples: FormSamples | null;
}

/** The hash that a training's identity has of what lies here. */
export function learntHash({ spec, trained, samples }: LearntFrom): string {
  const { training, level } = spec.identity;
  if (training?.forms === undefined || samples === null) return samplesHash(trained, level);
  return textSamplesHash(samples.hash, training.forms.shares, trained, level);
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
  if (identity.forms !== undefined && samples !== null) {
    const texts = new Map(trained.map(({ id, texts }) => [id, texts[spec.identity.level]?.text ?? '']));
    return textTrainingSamples({ ...place, samples: samples.records, textOf: (item) => texts.get(item) ?? '' });
  }
  const { style, maxLength, answerRoom } = identity.prompt;
  const limit = promptLimit({ maxLength, answerRoom, maxPositions: model.config.maxPositions });
  return new PromptRenderer(model, style).tokenize(trainingSamples(trained, spec.identity.level), limit);
}
