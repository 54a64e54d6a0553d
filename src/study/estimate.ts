/** Estimates made before long work: tokens to train and to answer, and the seconds they take on this machine. */
import { tokensAt } from '../audit/trr.js';
import { sumOf } from '../core/collections.js';
import type { Item } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { remembered } from '../core/remembered.js';
import { needsModel } from '../evaluate/judges/registry.js';
import { OWN_SAMPLES } from '../evaluate/probe/probe.js';
import type { LoadedModel, ModelConfig, Tokenizer } from '../models/model.js';
import { linearModules } from '../models/modules.js';
import type { Precision } from '../peft/settings.js';
import { showsText } from './identity.js';
import type { StudyModel } from './plan.js';
import type { RunSeconds } from './run-seconds.js';
import type { PlannedRun } from './run-spec.js';
import { textCost } from './text-cost.js';
import { REPLAY } from './text-samples.js';
import { CHARACTERS_PER_TOKEN, TEMPLATE_TOKENS } from './train-size.js';

export interface RunCost {
  /** Tokens fed in training, a context once for every row of its item's questions. */
  readonly trainTokens: number;
  /** Of them, tokens that are learnt and go through the output head. */
  readonly learntTokens: number;
  /** Of the tokens fed, those of contexts that are fed again, for their items' questions take more than a batch; absent where there are none. */
  readonly repeatedTokens?: number;
  /** Tokens of a batch that would hold every item with its questions; absent likewise. */
  readonly wholeTokens?: number;
  /** Tokens that the base writes to be learnt again. */
  readonly writtenTokens: number;
  /** Tokens of one step of the optimiser; 0 where nothing is trained. */
  readonly stepTokens: number;
  /** Whether samples of texts are trained on, not questions with their texts. */
  readonly ofTexts: boolean;
  /** Whether the base's products are in integers of eight bits. */
  readonly isInt8?: boolean;
  /** Prompt tokens of asking, shared contexts counted once. */
  readonly promptTokens: number;
  readonly answers: number;
  /** Verdicts that a model is asked for. */
  readonly judgements: number;
  /** What measuring the adapter's cost to its base takes; absent where it is not measured. */
  readonly probe?: ProbeCost;
}

/** Work on all variants of an adapter together. */
export interface ProbeCost {
  /** Adapters that are loaded, the base among them. */
  readonly variants: number;
  /** Tokens whose likelihood is told. */
  readonly scoredTokens: number;
  readonly promptTokens: number;
  readonly answers: number;
}

/** Weights of the linear layers, embeddings left out: what the work of a token is proportional to. */
export const linearWeights = remembered((config: ModelConfig): number =>
  linearModules(config).reduce((sum, { inFeatures, outFeatures }) => sum + inFeatures * outFeatures, 0),
);

/** Share of a training's positions that are answer, where questions are trained on. */
const ANSWER_SHARE = 0.2;

/** What a run will cost, from token counts of its texts and lengths of its questions. */
export function runCost(run: PlannedRun, tokenizer: Tokenizer): RunCost {
  const { identity } = run.spec;
  const asked = askedTokens(run.asked, showsText(identity) ? identity.level : 'none', run, tokenizer);
  const probe = probeCost(run, tokenizer);
  const answers = answersOf(run.asked);
  return {
    ...trainCost(run, tokenizer),
    promptTokens: asked,
    answers,
    judgements: answers * run.spec.place.judges.filter(({ name }) => needsModel(name)).length,
    ...(probe !== undefined && { probe }),
  };
}

type TrainCost = Omit<RunCost, 'promptTokens' | 'answers' | 'judgements' | 'probe'>;

function trainCost(run: PlannedRun, tokenizer: Tokenizer): TrainCost {
  const { level, training } = run.spec.identity;
  if (training === null) return { trainTokens: 0, learntTokens: 0, writtenTokens: 0, stepTokens: 0, ofTexts: false };
  const { batchTokens, accumulation, maxSteps = Infinity } = training.settings;
  const stepTokens = batchTokens * accumulation;
  const most = maxSteps * stepTokens;
  const int8 = (training.settings.compute ?? 'f32') === 'f32' ? {} : { isInt8: true };
  if (run.set !== undefined) {
    const { tokens, learnt, replayed } = textCost(run.set, tokenizer);
    const writtenTokens = Math.min(replayed, REPLAY.most * REPLAY.tokens);
    const trainTokens = Math.min(tokens, most);
    const learntTokens = tokens === 0 ? 0 : (learnt * trainTokens) / tokens;
    return { trainTokens, learntTokens, writtenTokens, stepTokens, ofTexts: true, ...int8 };
  }
  const fed = rowsBy(tokenizer)(run.trained, level, contextLimit(run), batchTokens);
  const trainTokens = Math.min(fed.tokens * training.settings.epochs, most);
  const repeated = fed.repeated > 0 && {
    repeatedTokens: (fed.repeated * trainTokens) / fed.tokens,
    wholeTokens: fed.longest,
  };
  return {
    trainTokens,
    ...repeated,
    learntTokens: ANSWER_SHARE * trainTokens,
    writtenTokens: 0,
    stepTokens,
    ofTexts: false,
    ...int8,
  };
}

/** Longest context that a model on this machine is shown. */
const contextLimit = ({ spec: { identity } }: PlannedRun): number =>
  identity.answering.kind === 'local' ? identity.answering.prompt.maxLength : Infinity;

/** Tokens of items' questions, with their texts at a level. */
function askedTokens(items: readonly Item[], level: Level | 'none', run: PlannedRun, tokenizer: Tokenizer): number {
  return rowsBy(tokenizer)(items, level, contextLimit(run), Infinity).tokens;
}

/** Tokens of an item's text. */
const contextTokens = (item: Item, level: Level | 'none', maxLength: number, tokenizer: Tokenizer): number =>
  level === 'none' ? 0 : Math.min(maxLength, tokensAt(item, level, tokenizer) ?? 0);

/** What items' questions come to in rows, each with its item's text before it. */
interface FedRows {
  readonly tokens: number;
  /** Of them, of texts that stand in a row before. */
  readonly repeated: number;
  /** Of the largest item, all its questions in one row. */
  readonly longest: number;
}

/** Rows of at most so many tokens, as training packs them (batch-plan.ts). */
const rowsBy = remembered((tokenizer: Tokenizer) =>
  remembered((items: readonly Item[], level: Level | 'none', maxLength: number, rowTokens: number): FedRows => {
    let [tokens, repeated, longest] = [0, 0, 0];
    for (const item of items) {
      const [context, questions] = [contextTokens(item, level, maxLength, tokenizer), questionTokens(item)];
      const again = context * (rowsOf(questions, rowTokens - context) - 1);
      const whole = context + sumOf(questions);
      tokens += whole + again;
      repeated += again;
      longest = Math.max(longest, whole);
    }
    return { tokens, repeated, longest };
  }),
);

/** How many rows take sizes in their order, each as many as it has room for and one at least. */
function rowsOf(sizes: readonly number[], room: number): number {
  let [rows, left] = [1, room];
  sizes.forEach((size, i) => {
    if (i > 0 && size > left) [rows, left] = [rows + 1, room];
    left -= size;
  });
  return rows;
}

const answersOf = remembered((items: readonly Item[]): number =>
  items.reduce((sum, { questions }) => sum + questions.length, 0),
);

/** Every variant is asked all that was trained and all that was not, and scores general text and the base's own samples; the base is one more. */
function probeCost(run: PlannedRun, tokenizer: Tokenizer): ProbeCost | undefined {
  const probe = run.spec.identity.text?.probe;
  if (probe === undefined) return undefined;
  const variants = 2 + probe.scales.length + probe.ranks.length;
  const isTrained = new Set(run.trained);
  const reading = run.asked.filter((item) => !isTrained.has(item));
  const prompts = askedTokens(run.trained, 'none', run, tokenizer) + askedTokens(reading, 'original', run, tokenizer);
  return {
    variants,
    scoredTokens: variants * (probe.generalTokens + OWN_SAMPLES.count * OWN_SAMPLES.tokens),
    promptTokens: variants * prompts,
    answers: variants * (answersOf(run.trained) + answersOf(reading)),
  };
}

/** Tokens of each question with its answer. */
const questionTokens = ({ questions }: Item): number[] =>
  questions.map(
    ({ prompt, answers }) => TEMPLATE_TOKENS + (prompt.length + (answers[0]?.length ?? 0)) / CHARACTERS_PER_TOKEN,
  );

/** Floating-point operations a second of one processor, as measured for multiplications of the sizes at hand. */
const OPERATIONS_PER_SECOND = 3e10;
/** Operations per weight and token: forward, and backward through frozen weights with adapters beside them. */
const TRAIN_OPERATIONS = 6;
const FORWARD_OPERATIONS = 2;
/** Share of that time that a step takes with the base's products in integers of eight bits, as measured (docs/log.md). */
const INT8_SHARE = 0.65;
/** Operations per weight of one answer: its tokens come one after another, which costs reading every weight each time. */
const ANSWER_OPERATIONS = 60;
/** The same for samples of texts, which are short and share nothing, so that the same processor does more in a second; and the output head's. */
const TEXT_OPERATIONS = { weights: 3, head: 6 };
/** Operations per weight of a token that is written, many sequences side by side, and of one that is only told the likelihood of. */
const WRITE_OPERATIONS = 8;
const SCORE_OPERATIONS = 1;
/** Seconds of a variant of an adapter before its first token: graphs for scoring and for answers. */
const SECONDS_A_VARIANT = 0.3;
/** Seconds of a run before its first token: compiling the graphs, reading the weights. */
const SECONDS_TO_START = 1.5;

/** Seconds that a served model takes for an answer or a verdict, several asked at once: a guess until it has been asked. */
const SERVED_SECONDS = 0.3;

/** Seconds of a run's stages on its threads; wrong by a factor of two or so until runs of this study have been timed. */
export function runSeconds(cost: RunCost, model: StudyModel, threads: number): RunSeconds {
  const judge = cost.judgements * SERVED_SECONDS;
  if (model.kind === 'served')
    return { start: SECONDS_TO_START, train: 0, ask: cost.answers * SERVED_SECONDS, judge, probe: 0 };
  const seconds =
    model.peft === undefined ? localSeconds(cost, model.model, threads) : peftSeconds(cost, model, threads);
  return { ...seconds, judge };
}

/** Operations a second of a GPU by precision, forward and back and forward alone, as measured on an H200 (docs/log.md); others differ. */
const GPU_OPERATIONS_PER_SECOND: Readonly<Record<Precision, number>> = { bf16: 6e14, f32: 5e13 };
const GPU_FORWARD_SHARE = 0.5;
/** Seconds that the processor takes to launch a layer's kernels: of a step, forward and back, and of a token of answers, many side by side. */
const GPU_SECONDS_A_LAYER = { step: 0.008, token: 0.005 };
/** Answers that are written side by side on a GPU, and tokens until the longest of them has ended. */
const GPU_ANSWERS = { together: 700, tokens: 20 };
/** Prompt tokens of questions for each of those that are counted once, where contexts are not shared. */
const UNSHARED = 5;
/** Seconds until PyTorch is there and the weights are on the GPU. */
const SECONDS_TO_START_PYTHON = 20;

/** Tokens that PyTorch trains on in a second on a GPU, where steps are of so many: small ones wait for the processor. */
export function gpuTokensPerSecond(config: ModelConfig, precision: Precision, stepTokens: number): number {
  const operation = 1 / GPU_OPERATIONS_PER_SECOND[precision];
  const seconds = config.layers * GPU_SECONDS_A_LAYER.step;
  return stepTokens / (seconds + stepTokens * TRAIN_OPERATIONS * linearWeights(config) * operation);
}

/** PyTorch on the CPU is somewhat slower than lightmem's own engine; on a GPU it is another matter. Contexts are not shared in asking. */
function peftSeconds(
  cost: RunCost,
  { model, peft }: Extract<StudyModel, { kind: 'local' }>,
  threads: number,
): Omit<RunSeconds, 'judge'> {
  const own = localSeconds(cost, model, threads);
  const start = SECONDS_TO_START_PYTHON;
  if (peft?.settings.device !== 'cuda') return { ...own, start, train: 1.6 * own.train, ask: 3 * own.ask };
  const { config } = model;
  const { precision } = peft.settings;
  const train = cost.trainTokens / gpuTokensPerSecond(config, precision, Math.max(1, cost.stepTokens));
  const forward =
    (FORWARD_OPERATIONS * linearWeights(config)) / (GPU_FORWARD_SHARE * GPU_OPERATIONS_PER_SECOND[precision]);
  const turns = Math.ceil(cost.answers / GPU_ANSWERS.together) * GPU_ANSWERS.tokens;
  const ask = UNSHARED * cost.promptTokens * forward + turns * config.layers * GPU_SECONDS_A_LAYER.token;
  return { start, train, ask, probe: 0 };
}

function localSeconds(cost: RunCost, model: Pick<LoadedModel, 'config'>, threads: number): Omit<RunSeconds, 'judge'> {
  const { hiddenSize, vocabSize } = model.config;
  const weights = linearWeights(model.config);
  const head = hiddenSize * vocabSize;
  const speed = OPERATIONS_PER_SECOND * threads ** 0.8;
  const asking = ({ promptTokens, answers }: Pick<RunCost, 'promptTokens' | 'answers'>): number =>
    promptTokens * FORWARD_OPERATIONS * weights + answers * ANSWER_OPERATIONS * (weights + head);
  return {
    start: SECONDS_TO_START,
    train: trainOperations(cost, model.config) / speed,
    ask: asking(cost) / speed,
    probe:
      cost.probe === undefined ? 0 : probeSeconds(cost.probe, asking(cost.probe) / speed, (weights + head) / speed),
  };
}

function trainOperations(cost: TrainCost, config: ModelConfig): number {
  const weights = linearWeights(config);
  const head = config.hiddenSize * config.vocabSize;
  const each = cost.ofTexts ? TEXT_OPERATIONS : { weights: TRAIN_OPERATIONS, head: FORWARD_OPERATIONS };
  return (
    cost.trainTokens * each.weights * (cost.isInt8 === true ? INT8_SHARE : 1) * weights +
    cost.learntTokens * each.head * head +
    cost.writtenTokens * WRITE_OPERATIONS * (weights + head)
  );
}

/** Tokens of questions with their texts that are trained on in a second, where so many operations are done in one. */
export function trainedTokensPerSecond(config: ModelConfig, operationsPerSecond: number): number {
  const token = { trainTokens: 1, learntTokens: ANSWER_SHARE, writtenTokens: 0, stepTokens: 1, ofTexts: false };
  return operationsPerSecond / trainOperations(token, config);
}

/** Seconds of compiling and loading, of asking, and of scoring at so many seconds an operation on every weight. */
function probeSeconds({ variants, scoredTokens }: ProbeCost, asking: number, operation: number): number {
  return variants * SECONDS_A_VARIANT + asking + scoredTokens * SCORE_OPERATIONS * operation;
}

/** Parameters of an adapter of a rank on all linear layers. */
export const adapterParameters = remembered((config: ModelConfig, rank: number): number =>
  linearModules(config).reduce((sum, { inFeatures, outFeatures }) => sum + rank * (inFeatures + outFeatures), 0),
);

/** Bytes of one run's adapter with a checkpoint and its optimiser's two moments beside it, as they lie on disk at their most. */
export function adapterBytes(config: ModelConfig, rank: number): number {
  return 4 * adapterParameters(config, rank) * (1 + 2 * 3);
}
