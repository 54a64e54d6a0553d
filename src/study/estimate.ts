/** Estimates made before long work: tokens to train and to answer, and the seconds they take on this machine. */
import { tokensAt } from '../audit/trr.js';
import type { Item } from '../core/records.js';
import type { LoadedModel, ModelConfig, Tokenizer } from '../models/model.js';
import { linearModules } from '../models/modules.js';
import type { StudyModel } from './plan.js';
import type { PlannedRun } from './run-spec.js';

export interface RunCost {
  /** Tokens fed in training, contexts shared by an item's questions counted once. */
  readonly trainTokens: number;
  /** Prompt tokens of asking, shared contexts counted once. */
  readonly promptTokens: number;
  readonly answers: number;
}

/** Weights of the linear layers, embeddings left out: what the work of a token is proportional to. */
export function linearWeights(config: ModelConfig): number {
  return linearModules(config).reduce((sum, { inFeatures, outFeatures }) => sum + inFeatures * outFeatures, 0);
}

/** Tokens of a prompt beside context and question: the chat template's own. */
const TEMPLATE_TOKENS = 12;
const CHARACTERS_PER_TOKEN = 4;

/** What a run will cost, from token counts of its texts and lengths of its questions. */
export function runCost({ spec, trained, asked }: PlannedRun, tokenizer: Tokenizer): RunCost {
  const { level, training, answering } = spec.identity;
  const maxLength = answering.kind === 'local' ? answering.prompt.maxLength : Infinity;
  const tokens = (items: readonly Item[]): number =>
    items.reduce((sum, item) => {
      const context = level === 'none' ? 0 : Math.min(maxLength, tokensAt(item, level, tokenizer) ?? 0);
      return sum + context + questionTokens(item);
    }, 0);
  return {
    trainTokens: training === null ? 0 : tokens(trained) * training.settings.epochs,
    promptTokens: tokens(asked),
    answers: asked.reduce((sum, { questions }) => sum + questions.length, 0),
  };
}

function questionTokens({ questions }: Item): number {
  return questions.reduce(
    (sum, { prompt, answers }) =>
      sum + TEMPLATE_TOKENS + (prompt.length + (answers[0]?.length ?? 0)) / CHARACTERS_PER_TOKEN,
    0,
  );
}

/** Floating-point operations a second of one processor, as measured for multiplications of the sizes at hand. */
const OPERATIONS_PER_SECOND = 3e10;
/** Operations per weight and token: forward, and backward through frozen weights with adapters beside them. */
const TRAIN_OPERATIONS = 6;
const FORWARD_OPERATIONS = 2;
/** Operations per weight of one answer: its tokens come one after another, which costs reading every weight each time. */
const ANSWER_OPERATIONS = 60;
/** Share of a training's positions that are answer and go through the output head. */
const HEAD_SHARE = 0.2;
/** Seconds of a run before its first token: compiling the graphs, reading the weights. */
const SECONDS_TO_START = 1.5;

export interface RunSeconds {
  readonly start: number;
  readonly train: number;
  readonly ask: number;
}

/** All stages together. */
export function wholeSeconds({ start, train, ask }: RunSeconds): number {
  return start + train + ask;
}

/** Seconds that a served model takes for an answer, several asked at once: a guess until it has been asked. */
const SERVED_SECONDS = 0.3;

/** Seconds of a run's stages on its threads; wrong by a factor of two or so until runs of this study have been timed. */
export function runSeconds(cost: RunCost, model: StudyModel, threads: number): RunSeconds {
  if (model.kind === 'served') return { start: SECONDS_TO_START, train: 0, ask: cost.answers * SERVED_SECONDS };
  return localSeconds(cost, model.model, threads);
}

function localSeconds(cost: RunCost, model: Pick<LoadedModel, 'config'>, threads: number): RunSeconds {
  const { hiddenSize, vocabSize } = model.config;
  const weights = linearWeights(model.config);
  const head = hiddenSize * vocabSize;
  const speed = OPERATIONS_PER_SECOND * threads ** 0.8;
  const train = cost.trainTokens * (TRAIN_OPERATIONS * weights + HEAD_SHARE * FORWARD_OPERATIONS * head);
  const ask = cost.promptTokens * FORWARD_OPERATIONS * weights + cost.answers * ANSWER_OPERATIONS * (weights + head);
  return { start: SECONDS_TO_START, train: train / speed, ask: ask / speed };
}

/** Bytes of one run's adapter with a checkpoint and its optimiser's two moments beside it, as they lie on disk at their most. */
export function adapterBytes(config: ModelConfig, rank: number): number {
  const parameters = linearModules(config).reduce(
    (sum, { inFeatures, outFeatures }) => sum + rank * (inFeatures + outFeatures),
    0,
  );
  return 4 * parameters * (1 + 2 * 3);
}
