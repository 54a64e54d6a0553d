/** Schemas of what a study keeps on disk: every record is checked where it is read. */
import { z } from 'zod';
import type { Json } from '../core/json.js';
import type { Level } from '../core/levels.js';
import {
  COMPUTES,
  QUANTISATIONS,
  TARGET_MODULES,
  type GenerateSettings,
  type TrainIdentity,
} from '../core/settings.js';
import { TEXT_CONTROLS } from '../core/records.js';
import { FORM_DROP_REASONS } from '../forms/check.js';
import { FORM_NAMES } from '../forms/form.js';
import { PEFT_DEVICES, PRECISIONS, type PeftSettings } from '../peft/settings.js';
import { SERVED_PRECISIONS, SERVER_KINDS, type ServerIdentity, type ServerSettings } from '../serving/settings.js';
import type { HeldOutRecord } from '../train/held-out.js';
import type { TrainResult } from '../train/finetune.js';
import type { AnsweringIdentity, PromptIdentity, RunIdentity, TrainingIdentity } from './identity.js';
import type { FormsRecord, RunSpec } from './run-spec.js';

const count = z.number().int().min(0);
const hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'use a SHA-256 of 64 hexadecimal digits' });
const json = z.json() as z.ZodType<Json>;
const level = z.custom<Level | 'none'>((value) => typeof value === 'string', { error: 'use a level, or none' });

const lora = z.looseObject({
  rank: count,
  alpha: z.number(),
  rslora: z.boolean(),
  dropout: z.number(),
  targets: z.array(z.enum(TARGET_MODULES)),
  rankPattern: z.record(z.string(), count).exactOptional(),
});

const settings: z.ZodType<TrainIdentity> = z.looseObject({
  lora,
  learningRate: z.number(),
  schedule: z.enum(['constant', 'linear', 'cosine']),
  warmupRatio: z.number(),
  epochs: count,
  maxSteps: count.exactOptional(),
  batchTokens: count,
  accumulation: count,
  clipNorm: z.number(),
  weightDecay: z.number(),
  betas: z.tuple([z.number(), z.number()]),
  epsilon: z.number(),
  seed: z.number().int(),
  maxLength: count,
  quantisation: z.enum(QUANTISATIONS),
  compute: z.enum(COMPUTES).exactOptional(),
  gradientCheckpointing: z.boolean().exactOptional(),
  groupByLength: z.boolean().exactOptional(),
  objective: z.string().exactOptional(),
  heldOut: z.looseObject({ share: z.number(), everySteps: count, patience: count }).exactOptional(),
});

const generation: z.ZodType<GenerateSettings> = z.looseObject({
  maxNewTokens: count,
  temperature: z.number(),
  seed: z.number().int(),
  stop: z.array(z.string()),
});

const engine = z.looseObject({ name: z.string(), device: z.enum(['cpu', 'webgpu', 'cuda']) });

const peft: z.ZodType<PeftSettings> = z.object({
  device: z.enum(PEFT_DEVICES),
  precision: z.enum(PRECISIONS),
  tf32: z.boolean(),
  compile: z.boolean(),
  versions: z.record(z.string(), z.string()),
});

const server: z.ZodType<ServerSettings> = z.looseObject({
  kind: z.enum(SERVER_KINDS),
  endpoint: z.string().exactOptional(),
  command: z.array(z.string()).exactOptional(),
  options: z.array(z.string()),
  model: z.string().exactOptional(),
  adapters: z.string().exactOptional(),
  precision: z.enum(SERVED_PRECISIONS),
  maxLoras: count,
  maxCpuLoras: count,
  gpuMemory: z.number(),
  addsStart: z.boolean(),
  maxRank: count,
  positions: count,
  atOnce: count,
  startSeconds: count,
  answerSeconds: count,
  check: z.boolean(),
});

const serverIdentity: z.ZodType<ServerIdentity> = z.object({
  kind: z.enum(SERVER_KINDS),
  precision: z.enum(SERVED_PRECISIONS),
  base: z.string().exactOptional(),
  options: z.array(z.string()).exactOptional(),
});

/** `server.json` beside answers: what the server said of itself. */
export const toldRecord = z.object({
  kind: z.enum(SERVER_KINDS),
  base: z.string().nullable(),
  precision: z.string().nullable(),
});

const style = z.looseObject({
  version: z.string(),
  system: z.string().nullable(),
  open: z.string(),
  closed: z.string(),
});

const prompt: z.ZodType<PromptIdentity> = z.looseObject({
  renderer: hash,
  style,
  maxLength: count,
  answerRoom: count,
});

export const trainingIdentity: z.ZodType<TrainingIdentity> = z.looseObject({
  version: count,
  model: hash,
  prompt,
  samples: hash,
  settings,
  engine,
  recipe: z
    .object({
      block: count,
      backBlock: count,
      directions: count,
      levelling: z.number(),
      halved: z.boolean(),
      headRows: count,
      calibrationTokens: count,
    })
    .exactOptional(),
  peft: peft.exactOptional(),
  forms: z
    .object({ shares: z.partialRecord(z.enum(FORM_NAMES), z.number()), exposures: count, facts: count })
    .exactOptional(),
});

const answering: z.ZodType<AnsweringIdentity> = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('local'),
    model: hash,
    prompt,
    generation,
    engine,
    peft: peft.exactOptional(),
    server: serverIdentity.exactOptional(),
  }),
  z.looseObject({ kind: z.literal('served'), model: json, style, generation }),
]);

const runIdentity: z.ZodType<RunIdentity> = z.looseObject({
  version: count,
  dataset: z.string(),
  book: z.enum(['open', 'closed', 'text']),
  level,
  rank: count,
  items: count,
  seed: z.number().int(),
  training: trainingIdentity.nullable(),
  answering,
  asked: hash,
  judges: z.array(json),
  text: z
    .object({
      form: z.string().exactOptional(),
      exposures: count.exactOptional(),
      control: z.enum(TEXT_CONTROLS).exactOptional(),
      taught: count,
      probe: z
        .object({ general: hash, generalTokens: count, scales: z.array(z.number()), ranks: z.array(count) })
        .exactOptional(),
    })
    .exactOptional(),
});

const endpointRecord = { endpointName: z.string().exactOptional(), cache: z.boolean().exactOptional() };

const modelPlace = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('local'), path: z.string() }),
  z.object({
    kind: z.literal('served'),
    name: z.string(),
    endpoint: z.string().nullable(),
    tokenizer: z.string().nullable(),
    ...endpointRecord,
  }),
]);

const judgeChoice = z.object({
  name: z.string(),
  model: z.string().exactOptional(),
  endpoint: z.string().exactOptional(),
  ...endpointRecord,
  priceInput: z.number().exactOptional(),
  priceOutput: z.number().exactOptional(),
  maxCost: z.number().exactOptional(),
  maxTokens: z.number().exactOptional(),
});

const formsRecord: z.ZodType<FormsRecord> = z.object({
  writer: z.string(),
  made: z.record(z.enum(FORM_NAMES), count),
  dropped: z.record(z.enum(FORM_DROP_REASONS), count),
  unread: count,
  failed: count,
  facts: count,
  without: z.array(z.string()),
});

/** `spec.json` of a run. */
export const runSpecRecord: z.ZodType<RunSpec> = z.object({
  version: count,
  id: hash,
  identity: runIdentity,
  place: z.object({
    model: modelPlace,
    data: z.string(),
    trained: z.array(z.string()),
    asked: z.array(z.string()),
    samples: z.string().exactOptional(),
    taught: z.array(z.string()).exactOptional(),
    general: z.string().exactOptional(),
    forms: formsRecord.exactOptional(),
    python: z.string().exactOptional(),
    server: server.exactOptional(),
    checkpointEverySteps: count,
    lanes: count.exactOptional(),
    judges: z.array(judgeChoice),
  }),
});

/** A stage's files by name within its folder. */
const files = z.record(z.string(), z.object({ bytes: count, sha256: hash }));
export type StageFiles = Readonly<z.infer<typeof files>>;

const heldOut: z.ZodType<HeldOutRecord> = z.object({
  items: count,
  samples: count,
  bestLoss: z.number(),
  bestStep: count,
  lastLoss: z.number(),
  stoppedEarly: z.boolean(),
  isBestKept: z.boolean(),
});

/** Settings of a training changed after the memory ran out; the optimiser's steps stay the same size. */
export const retryRecord = z.object({
  batchTokens: z.object({ from: count, to: count }),
  accumulation: z.object({ from: count, to: count }),
  reason: z.string(),
});
export type Retry = Readonly<z.infer<typeof retryRecord>>;

const trainResult: z.ZodType<TrainResult> = z.looseObject({
  steps: count,
  firstLoss: z.number(),
  lastLoss: z.number(),
  tokens: count,
  seconds: z.number(),
  peakMemoryBytes: z.number(),
  adapterPath: z.string(),
  parameters: count,
  heldOut: heldOut.nullable(),
  warnings: z.array(z.string()),
});

/** `training.json`: what came of a training; `adapterPath` is relative to its folder. */
export interface TrainingRecord {
  readonly version: number;
  /** SHA-256 of the training's identity. */
  readonly id: string;
  readonly result: TrainResult;
  /** Set where it stands for a training that ran out of memory. */
  readonly retry: Retry | null;
  readonly files: StageFiles;
}
export const trainingRecord: z.ZodType<TrainingRecord> = z.object({
  version: count,
  id: hash,
  result: trainResult,
  retry: retryRecord.nullable(),
  files,
});

const estimate = z.object({
  mean: z.number(),
  low: z.number().nullable().transform(orNaN),
  high: z.number().nullable().transform(orNaN),
  n: count,
  clusters: count,
  standardError: z.number().nullable().transform(orNaN),
});

const turned = z.object({ asked: count, rightToWrong: count, wrongToRight: count });

/** An adapter's cost at some strength and rank, as a probe's file holds it; JSON has null where there is no interval. */
const probePoint = z.object({
  scale: z.number(),
  rank: count,
  generalRise: estimate,
  divergence: estimate,
  recall: z.number().nullable(),
  reading: turned.nullable(),
});

/** `probes/HASH.json`: what an adapter costs its base, as trained first. */
export const probeRecord = z.object({ baseBits: z.number(), points: z.array(probePoint) });
export type ProbeRecord = Readonly<z.infer<typeof probeRecord>>;

function orNaN(value: number | null): number {
  return value ?? NaN;
}

/** `result.json`: what a run came to. */
export const resultRecord = z.object({
  version: count,
  id: hash,
  seconds: z.object({
    training: z.number(),
    asking: z.number(),
    judging: z.number(),
    /** Absent in runs of earlier versions, and where nothing was probed. */
    loading: z.number().exactOptional(),
    probing: z.number().exactOptional(),
  }),
  /** Processor time of the process that ended it, all threads together. */
  processorSeconds: z.number(),
  /** Name of its training's folder; null for the base model. */
  training: z.string().nullable(),
  answers: count,
  unscored: count,
  truncated: count,
  /** What was done for it by the process that ended it, the rest was there: trainings, questions asked, answers judged. */
  work: z.object({ trainings: count, questions: count, judgements: count }),
  files,
  /** Hash of what its adapter's probe is kept under, where one was made. */
  probe: hash.exactOptional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type RunResult = Readonly<z.infer<typeof resultRecord>>;

/** `error.json`: why a run failed. */
export const errorRecord = z.object({
  name: z.string(),
  message: z.string(),
  stage: z.string(),
  stack: z.string().nullable(),
});
export type RunError = Readonly<z.infer<typeof errorRecord>>;

export const RUN_STAGES = ['loading', 'training', 'asking', 'judging', 'probing'] as const;

/** `progress.json`: how far a run is, for other processes to see. */
export const progressRecord = z.object({
  stage: z.enum(RUN_STAGES),
  /** Share of the stage that is done, 0 to 1. */
  share: z.number(),
  /** Loss of the last step, in training. */
  loss: z.number().exactOptional(),
  /** Loss on held-out items, where it was last measured. */
  heldOutLoss: z.number().exactOptional(),
});
export type RunReport = Readonly<z.infer<typeof progressRecord>>;
export type RunStage = RunReport['stage'];
