/** What a text-book training learns from, as tokens: each sample of its forms as often as the exposures ask for. */
import { inParts } from '../core/collections.js';
import { Random } from '../core/random.js';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import type { FormName, FormSample } from '../forms/form.js';
import { ownSamples } from '../generate/own-samples.js';
import { teacherLabels } from '../generate/teacher-labels.js';
import type { LoadedModel } from '../models/model.js';
import { promptLimit, PromptRenderer, textTokens } from '../models/text/prompt.js';
import type { TrainingSample } from '../train/objectives/objective.js';
import { withTeacher } from '../train/objectives/taught.js';
import { passesOf, tokensInAll } from './exposures.js';
import { formPasses } from './form-sets.js';
import type { TrainingIdentity } from './identity.js';

export interface TextSamplesInput {
  readonly identity: TrainingIdentity;
  readonly model: LoadedModel;
  readonly samples: readonly FormSample[];
  /** The text of an item that a teacher reads, at the training's level. */
  readonly textOf: (item: string) => string;
  /** Where what teachers say is kept. */
  readonly teachers: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** A sample of a form as tokens; `form` keeps rows to one form. */
type FormTokens = TrainingSample & { readonly form: FormName };

/** All samples of a training, in no order. */
export async function textTrainingSamples(input: TextSamplesInput): Promise<TrainingSample[]> {
  const { identity, samples } = input;
  const { forms } = identity;
  if (forms === undefined) throw new Error('a training on texts says its forms');
  const labels = await teacherOf(input);
  const renderer = new PromptRenderer(input.model, identity.prompt.style);
  const tokens = new Map(samples.map((sample) => [sample.id, tokensOf(sample, input, renderer)]));
  const passes = formPasses(samples, ({ id }) => countOf(tokens.get(id) ?? []), forms.facts);
  const replay = await replaySamples(input, tokensInAll(forms.shares, passes, forms.exposures));
  const all = [...withTeacher([...tokens.values()].flat(), labels).samples, ...replay];
  const counted = replay.length === 0 ? passes : { ...passes, replay: { tokens: countOf(replay), exposures: 0 } };
  const times = passesOf(forms.shares, counted, forms.exposures);
  return all.flatMap((sample) => copiesOf(sample, times[sample.form] ?? 0));
}

/** What the base says of the questions to distil when it reads the text, by the samples' ids. */
function teacherOf({ identity, model, samples, textOf, teachers, threads, signal }: TextSamplesInput) {
  const { style, maxLength, answerRoom } = identity.prompt;
  const asked = samples.flatMap(({ id, item, form, prompt, answer }) =>
    form === 'distil' && prompt !== null ? [{ id, item, context: textOf(item), prompt, answer }] : [],
  );
  return teacherLabels(asked, {
    ...{ model, style, folder: teachers, device: identity.engine.device },
    limit: promptLimit({ maxLength, answerRoom, maxPositions: model.config.maxPositions }),
    ...(threads !== undefined && { threads }),
    ...(signal !== undefined && { signal }),
  });
}

const countOf = (samples: readonly TrainingSample[]): number =>
  samples.reduce((sum, { prompt, answer }) => sum + prompt.length + answer.length, 0);

/** A text as windows that fit; a question with its answer as one. */
function tokensOf(sample: FormSample, { identity, model }: TextSamplesInput, renderer: PromptRenderer): FormTokens[] {
  const { maxLength, answerRoom } = identity.prompt;
  const { maxPositions } = model.config;
  const { id, item, form, prompt, answer } = sample;
  if (prompt === null) {
    const whole = textTokens(model, answer);
    const most = Math.min(maxLength, maxPositions) - whole.prompt.length;
    return inParts(whole.answer, most).map((own, i) => ({
      ...{ id: i === 0 ? id : `${id}/${i + 1}`, item, form },
      ...{ prompt: whole.prompt, answer: own },
    }));
  }
  const limit = promptLimit({ maxLength, answerRoom, maxPositions });
  return renderer.tokenize([{ id, item, question: id, prompt, answer }], limit).map((each) => ({ ...each, form }));
}

/** Copies stand for items of their own: one row never holds a sample twice. */
function copiesOf(sample: FormTokens, times: number): TrainingSample[] {
  const whole = Math.floor(times);
  const count = whole + Number(new Random(0, 'passes', sample.id).uniform() < times - whole);
  return Array.from({ length: count }, (_, i) => ({
    ...sample,
    id: `${sample.id}#${i + 1}`,
    item: `${sample.item}#${i + 1}`,
  }));
}

/** Longest sample that the base writes, and how many different ones are made at most. */
export const REPLAY = { tokens: 64, most: 512, seed: 1 };

async function replaySamples(
  { identity, model, threads }: TextSamplesInput,
  tokensInAll: number,
): Promise<FormTokens[]> {
  const share = identity.forms?.shares.replay ?? 0;
  const count = Math.min(REPLAY.most, Math.ceil((share * tokensInAll) / REPLAY.tokens));
  if (count === 0) return [];
  const engine = onnxRuntimeEngine({ device: identity.engine.device, ...(threads !== undefined && { threads }) });
  const written = await ownSamples(model, engine, { count, tokens: REPLAY.tokens, seed: REPLAY.seed });
  const { prompt } = textTokens(model, '');
  return written.map((answer, i) => {
    const id = `replay/${i + 1}`;
    return { id, item: id, form: 'replay', prompt, answer };
  });
}
