/** Pretraining the bundled base model on the synthetic world: the source of its items, its shape, and where the result goes. */
import { join } from 'node:path';
import { hashJson } from '../core/hash.js';
import { samplesOf } from '../core/samples.js';
import { Random } from '../core/random.js';
import { CURRICULUM, pretrainingItem } from '../data/world/curriculum.js';
import { RECALL, recallRow, type RecallRow } from '../data/world/recall.js';
import { jsonText } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { configJson } from '../models/hub/hub-files.js';
import type { ChatTemplate, LoadedModel, ModelConfig, Tokenizer } from '../models/model.js';
import { ANSWER_ROOM, PromptRenderer, textTokens } from '../models/text/prompt.js';
import { writeSafetensors } from '../models/formats/safetensors.js';
import type { TrainingSample } from '../train/objectives/objective.js';
import type { PretrainingSource } from '../train/pretraining-plan.js';
import type { Trainer } from '../train/trainer.js';

/** The bundled base: Qwen2's architecture at 2.1 million parameters. */
export function baseModelConfig(vocabSize: number, eosTokenId: number): ModelConfig {
  return {
    family: 'qwen2',
    vocabSize,
    hiddenSize: 192,
    intermediateSize: 512,
    layers: 4,
    heads: 6,
    keyValueHeads: 3,
    headDim: 32,
    ropeTheta: 10_000,
    ropeScaling: null,
    rmsNormEpsilon: 1e-6,
    tiedEmbeddings: true,
    attentionBias: true,
    maxPositions: 1024,
    bosTokenId: null,
    eosTokenIds: [eosTokenId],
  };
}

/** Stages of pretraining: the curriculum, and behind it recall. */
export const PRETRAINING_STAGES = CURRICULUM.length + 1;

/** Share of the recall stage's rows that are the curriculum's last: reading is not to be forgotten. */
export const READ_SHARE = 0.15;

export interface WorldSourceOptions {
  readonly seed: number;
  /** Tokens of the longest row. */
  readonly maxLength: number;
  /** Share of the recall stage's rows that are read; default READ_SHARE. */
  readonly readShare?: number;
}

/** The synthetic world as a source of pretraining rows. */
export function worldSource(
  model: { readonly tokenizer: Tokenizer; readonly template: ChatTemplate; readonly config: ModelConfig },
  { seed, maxLength, readShare = READ_SHARE }: WorldSourceOptions,
): PretrainingSource {
  const renderer = new PromptRenderer(model);
  const read = (stage: number, index: number): TrainingSample[] => {
    const { item, level } = pretrainingItem(stage, seed, index);
    return renderer.tokenize(
      samplesOf([item], level, ({ prompt }) => prompt),
      maxLength - ANSWER_ROOM,
    );
  };
  return {
    stages: PRETRAINING_STAGES,
    identity: hashJson({
      curriculum: CURRICULUM,
      recall: RECALL,
      readShare,
      seed,
      maxLength,
      renderer: renderer.identity,
    }),
    samples: (stage, index) => {
      if (stage < CURRICULUM.length) return read(stage, index);
      const isRead = new Random(seed, 'recall or read', index).uniform() < readShare;
      if (!isRead) return recallSamples(recallRow(seed, index), index, { model, renderer });
      // Only what is asked without a text says how far the stage is.
      return read(CURRICULUM.length - 1, index).map((sample) => ({ ...sample, form: 'read' }));
    },
  };
}

interface Rendering {
  readonly model: Pick<LoadedModel, 'tokenizer' | 'config'>;
  readonly renderer: PromptRenderer;
}

function recallSamples(row: RecallRow, index: number, { model, renderer }: Rendering): TrainingSample[] {
  const item = `recall-${index}`;
  if (row.kind === 'told') return [{ id: item, item, form: 'raw', ...textTokens(model, row.text) }];
  const asked = row.questions.map(({ prompt, answer }, i) => ({ id: `${item}/${i}`, item, prompt, answer }));
  return renderer.tokenize(
    asked.map((each) => ({ ...each, question: each.id })),
    Infinity,
  );
}

/** Writes a trained model's weights, in 16-bit floats, and configuration into a folder that holds its tokenizer, as a Hugging Face model. */
export function writeBaseModel(folder: string, config: ModelConfig, trainer: Trainer): void {
  const tensors = trainer.parameters.map(({ name, shape }) => ({
    name,
    shape,
    data: trainer.trained.get(name) ?? new Float32Array(),
  }));
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { metadata: { format: 'pt' }, dtype: 'F16' });
  writeWhole(join(folder, 'config.json'), jsonText({ ...configJson(config), torch_dtype: 'float16' }));
}
