/** The study file: what a grid of runs is made of, checked whole before anything is done. */
import { z } from 'zod';
import { STUDY_LEVELS, type Level } from '../core/levels.js';
import { distinctList, flag, given, integer, list, oneOf, positive, text } from '../core/setting-schemas.js';
import { QUANTISATIONS, TARGET_MODULES } from '../core/settings.js';
import { DEVICE_CHOICES } from '../engine/devices.js';
import { COLUMN_PARTS, type ColumnPart, FORMATS } from '../data/formats/format.js';
import { JUDGES, needsModel } from '../evaluate/judges/registry.js';
import { ANSWER_ROOM, DEFAULT_PROMPT_STYLE } from '../models/text/prompt.js';
import { compress, level, texts } from './texts-config.js';

/** The name of the model that comes with the package. */
export const BUNDLED = 'bundled';

const columnParts = Object.fromEntries(COLUMN_PARTS.map((part) => [part, text.optional()])) as Record<
  ColumnPart,
  z.ZodOptional<typeof text>
>;

const columns = z.strictObject({
  ...columnParts,
  levels: z.record(level, text).optional(),
});

const dataset = z
  .strictObject({
    /** The bundled synthetic world. */
    world: z
      .strictObject({
        kind: oneOf(['articles', 'dialogues'], 'kind of world'),
        seed: integer(0, 2 ** 31 - 1).default(0),
      })
      .optional(),
    /** A file or folder; `--data` can give it on the command line. */
    file: text.optional(),
    /** A second file or folder, whose items are all kept for asking; in place of `testItems`. */
    testFile: text.optional(),
    format: oneOf(FORMATS, 'format').optional(),
    columns: columns.optional(),
    /** Encoding of the file's text; default: UTF-8, or what a byte order mark says. */
    encoding: text.optional(),
    /** Items used of the file (drawn by lot), or made by the world. */
    items: integer(1, 1_000_000).optional(),
    /** Items kept for asking in open book, never trained on. */
    testItems: integer(0, 1_000_000).default(0),
  })
  .superRefine((value, context) => {
    if (value.world !== undefined && value.file !== undefined)
      context.addIssue({ code: 'custom', path: ['file'], message: 'stands beside "world": give one source' });
    if (value.testFile !== undefined && (value.world !== undefined || value.testItems > 0))
      context.addIssue({
        code: 'custom',
        path: ['testFile'],
        message: 'holds all items to ask about: remove "testItems" and "world"',
      });
    if (value.world !== undefined && value.items === undefined)
      context.addIssue({ code: 'custom', path: ['items'], message: 'is missing: say how many items the world makes' });
    if (value.world !== undefined && value.format !== undefined)
      context.addIssue({ code: 'custom', path: ['format'], message: 'is for files: remove it, or give "file"' });
  });

const levels = z.union(
  [z.literal('study').transform((): Level[] => [...STUDY_LEVELS]), distinctList(level, 'levels')],
  {
    error: (raw) => `${given(raw)}: give a list of levels, or "study" for the study's seven`,
  },
);

const trainFields = {
  learningRate: positive(10),
  schedule: oneOf(['constant', 'linear', 'cosine'], 'schedule'),
  warmupRatio: positive(1, true),
  epochs: integer(1, 10_000),
  maxSteps: integer(1, 10_000_000).optional(),
  batchTokens: integer(8, 1_000_000),
  accumulation: integer(1, 10_000),
  clipNorm: positive(Infinity, true),
  weightDecay: positive(10, true),
  betas: z.tuple([positive(1, true), positive(1, true)], {
    error: (raw) => `${given(raw)}: give two numbers, e.g. [0.9, 0.999]`,
  }),
  epsilon: positive(1),
  maxLength: integer(8, 1_000_000),
  checkpointEverySteps: integer(0, 1_000_000),
  /** Share of the items kept from training to measure the loss on; 0 keeps none. Only for open-book parts that ask about test items. */
  heldOut: positive(0.9, true),
  /** Steps between measurements of the held-out loss. */
  evaluateEverySteps: integer(1, 1_000_000),
  /** Measurements without a new lowest loss at which training stops, with the weights of the lowest; 0 never stops early. */
  patience: integer(0, 10_000),
  /** alpha / r (or alpha / √r), the same at every rank. */
  scale: positive(1000),
  /** A fixed alpha, in place of a fixed scale. */
  alpha: positive(100_000).optional(),
  rslora: flag,
  dropout: positive(0.95, true),
  targets: distinctList(oneOf(TARGET_MODULES, 'module'), 'modules'),
  /** What the frozen base's linear layers are kept in (QLoRA). */
  quantisation: oneOf(QUANTISATIONS, 'quantisation'),
  /** Whether layers are computed again on the way back, in place of being kept. */
  gradientCheckpointing: flag,
  /** Other ranks for some modules, by the end of their path as in PEFT: `down_proj`, `layers.0.mlp.up_proj`. */
  rankPattern: z.record(text, integer(1, 512)).optional(),
};

/** Settings of training, each with its default. */
export const trainSchema = z.strictObject({
  ...trainFields,
  learningRate: trainFields.learningRate.default(5e-4),
  schedule: trainFields.schedule.default('cosine'),
  warmupRatio: trainFields.warmupRatio.default(0.05),
  epochs: trainFields.epochs.default(3),
  batchTokens: trainFields.batchTokens.default(1024),
  accumulation: trainFields.accumulation.default(1),
  clipNorm: trainFields.clipNorm.default(1),
  weightDecay: trainFields.weightDecay.default(0),
  betas: trainFields.betas.default([0.9, 0.999]),
  epsilon: trainFields.epsilon.default(1e-8),
  maxLength: trainFields.maxLength.default(1024),
  checkpointEverySteps: trainFields.checkpointEverySteps.default(25),
  heldOut: trainFields.heldOut.default(0),
  evaluateEverySteps: trainFields.evaluateEverySteps.default(10),
  patience: trainFields.patience.default(0),
  scale: trainFields.scale.default(2),
  rslora: trainFields.rslora.default(false),
  dropout: trainFields.dropout.default(0),
  quantisation: trainFields.quantisation.default('none'),
  gradientCheckpointing: trainFields.gradientCheckpointing.default(false),
  targets: trainFields.targets.default([...TARGET_MODULES]),
});

/** What a part of the grid may train differently. */
const trainOverride = z.strictObject(trainFields).partial();

const shared = {
  dataset: text,
  /** Ranks of the adapters; left out where a served model is asked as it is. */
  ranks: distinctList(integer(1, 512), 'ranks').optional(),
  /** Numbers of items trained on; without it, all there are. */
  amounts: distinctList(integer(1, 1_000_000), 'numbers of items').optional(),
  seeds: distinctList(integer(0, 2 ** 31 - 1), 'seeds').default([0]),
  train: trainOverride.optional(),
};

const part = z.discriminatedUnion(
  'book',
  [
    z.strictObject({
      ...shared,
      book: z.literal('open'),
      levels,
      /** Which items are asked about: those kept for it, or those trained on. */
      evaluateOn: oneOf(['test', 'trained'], 'choice').default('test'),
    }),
    z.strictObject({
      ...shared,
      book: z.literal('closed'),
      levels: z.never({ error: 'a closed-book run shows no text and has no level: remove this line' }).optional(),
      evaluateOn: z.never({ error: 'a closed-book run is asked about what was trained: remove this line' }).optional(),
    }),
  ],
  {
    error: (raw) =>
      raw.code === 'invalid_union'
        ? `must say its book: give "book: open" or "book: closed" (it is ${JSON.stringify((raw.input as { book?: unknown }).book) ?? 'missing'})`
        : `${given(raw)}: give dataset, book, ranks …`,
  },
);

const judgeName = text.refine((name) => JUDGES.includes(name), {
  error: (raw) => `unknown judge ${JSON.stringify(raw.input)}: use one of ${JUDGES.join(', ')}`,
});

const judge = z
  .union(
    [
      judgeName.transform((name) => ({ name })),
      z.strictObject({
        name: judgeName,
        /** The model that judges, for the judges that ask one; its key comes from the environment. */
        model: text.exactOptional(),
        /** OpenAI-compatible address of the judge's model. */
        endpoint: text.exactOptional(),
      }),
    ],
    { error: (raw) => `${given(raw)}: give a judge's name, or name, model and endpoint` },
  )
  .superRefine((value, context) => {
    if (needsModel(value.name) && !('model' in value))
      context.addIssue({
        code: 'custom',
        message: `judge "${value.name}" asks a language model: give { name: ${value.name}, model: … }, or use lexical`,
      });
  });

const evaluate = z.strictObject({
  /** Who judges; the verdict rests on the first, the report shows how far the others agree with it. */
  judges: list(judge, 'judges')
    .refine((all) => new Set(all.map((each) => JSON.stringify(each))).size === all.length, {
      error: 'names a judge twice: name each once',
    })
    .prefault(['lexical']),
  maxNewTokens: integer(1, 4096).default(48),
  temperature: positive(2, true).default(0),
  /** Further strings that end an answer. */
  stop: z.array(text).default([]),
});

/** Threads of each run; without it, processors / workers. */
const threads = integer(1, 1024).optional();

const executor = z.discriminatedUnion(
  'kind',
  [
    /** One run at a time, in a thread of this process. */
    z.strictObject({ kind: z.literal('inline'), threads }),
    /** Processes side by side; without `workers`, as many as processors for a small model, one for a large one. */
    z.strictObject({ kind: z.literal('pool'), workers: integer(1, 256).optional(), threads }),
  ],
  { error: (raw) => `${given(raw)}: use kind: inline or kind: pool` },
);

const servedModel = z.strictObject({
  /** The model's name at its endpoint. */
  name: text,
  /** OpenAI-compatible address; its key comes from the environment. */
  endpoint: text,
  /** Folder of the tokenizer that counts texts' tokens; default Qwen2.5's, which comes with lightmem. */
  tokenizer: text.optional(),
});

const prompt = z.strictObject({
  system: text.nullable().default(DEFAULT_PROMPT_STYLE.system),
  open: text.default(DEFAULT_PROMPT_STYLE.open),
  closed: text.default(DEFAULT_PROMPT_STYLE.closed),
  /** Tokens of `maxLength` kept free for the answer: how much of a text is shown never depends on the right one. */
  answerRoom: integer(1, 100_000).default(ANSWER_ROOM),
});

/** What is held out is not learnt, so that a part which asks about all it trains on cannot hold anything out. */
function heldOutProblem(own: z.output<typeof part>, train: z.output<typeof trainSchema>): string | undefined {
  const heldOut = own.train?.heldOut ?? train.heldOut;
  const patience = own.train?.patience ?? train.patience;
  if (heldOut > 0 && (own.book === 'closed' || own.evaluateOn === 'trained'))
    return 'heldOut keeps items from training, and this part asks about all it trains on: give it train: { heldOut: 0, patience: 0 }';
  if (heldOut === 0 && patience > 0) return `patience ${patience} needs items to measure on: set heldOut, e.g. 0.1`;
  return undefined;
}

function ranksProblem(isServed: boolean, ranks: readonly number[] | undefined): string | undefined {
  if (isServed && ranks !== undefined)
    return 'a served model is asked as it is, and nothing is trained: remove this line';
  if (!isServed && ranks === undefined) return 'is missing: give a list of ranks, e.g. [4, 8, 16]';
  return undefined;
}

/** The whole file. */
export const studySchema = z
  .strictObject({
    name: text.default('study'),
    /** Folder of a Hugging Face model, a GGUF file, a name on the hub, `bundled`; or a served model, which is asked as it is. */
    model: z
      .union([text, servedModel], { error: (raw) => `${given(raw)}: give a path or a name, or name and endpoint` })
      .default(BUNDLED),
    datasets: z
      .record(z.string().regex(/^[\w.-]{1,60}$/, { error: 'use up to 60 letters, digits, dots and dashes' }), dataset)
      .refine((all) => Object.keys(all).length > 0, { error: 'is empty: give at least one data set' }),
    /** Levels to make before anything is trained; without it, data sets bring their texts. */
    texts: texts.prefault({}),
    /** Whom texts are asked of, and what may be spent on them. */
    compress: compress.prefault({}),
    grid: list(part, 'parts with dataset, book, levels, ranks'),
    /** Whether the untuned model is asked too; default yes. */
    base: flag.default(true),
    prompt: prompt.prefault({}),
    train: trainSchema.prefault({}),
    evaluate: evaluate.prefault({}),
    executor: executor.prefault({ kind: 'pool' }),
    /** What computes; `auto` takes the fastest. The CPU alone gives the same bits every time. */
    device: oneOf(DEVICE_CHOICES, 'device').default('cpu'),
    out: text.default('lightmem-study'),
  })
  .superRefine((study, context) => {
    study.grid.forEach((part, index) => {
      const problem = heldOutProblem(part, study.train);
      if (problem !== undefined) context.addIssue({ code: 'custom', path: ['grid', index, 'train'], message: problem });
    });
    study.grid.forEach((part, index) => {
      const maxLength = part.train?.maxLength ?? study.train.maxLength;
      const { answerRoom } = study.prompt;
      if (maxLength <= answerRoom)
        context.addIssue({
          code: 'custom',
          path: part.train?.maxLength === undefined ? ['train', 'maxLength'] : ['grid', index, 'train', 'maxLength'],
          message: `${maxLength} leaves no room beside the ${answerRoom} tokens of answerRoom: raise it, or lower prompt.answerRoom`,
        });
    });
    const isServed = typeof study.model !== 'string';
    study.grid.forEach(({ ranks }, index) => {
      const message = ranksProblem(isServed, ranks);
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['grid', index, 'ranks'], message });
    });
    if (isServed && !study.base)
      context.addIssue({
        code: 'custom',
        path: ['base'],
        message: 'leaves nothing to ask of a served model: remove it',
      });
    study.grid.forEach(({ dataset: name }, index) => {
      if (!Object.hasOwn(study.datasets, name))
        context.addIssue({
          code: 'custom',
          path: ['grid', index, 'dataset'],
          message: `unknown data set ${JSON.stringify(name)}: use one of ${Object.keys(study.datasets).join(', ')}`,
        });
    });
  });

export type StudyConfig = z.output<typeof studySchema>;
/** What is written in a file or given to `studyConfig`: everything with a default may be left out. */
export type StudyInput = z.input<typeof studySchema>;
/** Settings of training as they are given: everything may be left out. */
export type TrainInput = z.input<typeof trainSchema>;
export type DatasetConfig = StudyConfig['datasets'][string];
export type GridPart = StudyConfig['grid'][number];
