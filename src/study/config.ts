/** The study file: what a grid of runs is made of, checked whole before anything is done. */
import { z } from 'zod';
import { STUDY_LEVELS, type Level } from '../core/levels.js';
import { distinctList, flag, given, integer, list, oneOf, positive, text } from '../core/setting-schemas.js';
import { COMPUTE_CHOICES, QUANTISATIONS, TARGET_MODULES } from '../core/settings.js';
import { checkSpending, endpointFields, spendFields } from '../core/spend-schemas.js';
import { DEVICE_CHOICES } from '../engine/devices.js';
import { MOST_FACTS } from '../data/world/generate.js';
import { COLUMN_PARTS, type ColumnPart, FORMATS } from '../data/formats/format.js';
import { JUDGES, needsModel } from '../evaluate/judges/registry.js';
import { BUNDLED } from '../models/load.js';
import { ANSWER_ROOM, DEFAULT_PROMPT_STYLE } from '../models/text/prompt.js';
import { OBJECTIVE_NAMES } from '../train/objectives/objectives.js';
import { engine } from './engine-config.js';
import { executor } from './executor-config.js';
import { server, serverProblems } from './server-config.js';
import { sameNameProblems, textBookFields, textBookProblems } from './text-book-config.js';
import { compress, level, texts } from './texts-config.js';
import { LANGUAGES } from '../words/language.js';
import { track } from './track-config.js';

const columnParts = Object.fromEntries(
  COLUMN_PARTS.map((part) => [part, text.describe(`The column of the ${part}.`).optional()]),
) as Record<ColumnPart, z.ZodOptional<typeof text>>;

const columns = z.strictObject({
  ...columnParts,
  levels: z.record(level, text).describe('Columns that hold texts at levels: `summ_l2: Short`.').optional(),
});

const dataset = z
  .strictObject({
    world: z
      .strictObject({
        kind: oneOf(['articles', 'dialogues'], 'kind of world').describe(
          'Articles, asked about by name, or dialogues in sessions.',
        ),
        seed: integer(0, 2 ** 31 - 1)
          .describe('Another seed, another world.')
          .default(0),
        facts: integer(1, MOST_FACTS)
          .describe('Facts of each article, each with its question; six without it.')
          .exactOptional(),
      })
      .refine(({ kind, facts }) => kind === 'articles' || facts === undefined, {
        path: ['facts'],
        message: 'is of articles alone: remove it, or say kind: articles',
      })
      .describe('The bundled synthetic world, in place of a file.')
      .optional(),
    file: text.describe('A file or folder; `--data` can give it on the command line.').optional(),
    testFile: text
      .describe('A second file or folder, whose items are all kept for asking; in place of `testItems`.')
      .optional(),
    format: oneOf(FORMATS, 'format').describe('What the file holds; without it, seen from its fields.').optional(),
    columns: columns.describe('Names of a table’s columns, where they are not the usual ones.').optional(),
    encoding: text
      .describe('Encoding of the file’s text; without it, UTF-8, or what a byte order mark says.')
      .optional(),
    items: integer(1, 1_000_000).describe('Items used of the file (drawn by lot), or made by the world.').optional(),
    testItems: integer(0, 1_000_000).describe('Items kept for asking in open book, never trained on.').default(0),
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
  objective: oneOf(OBJECTIVE_NAMES, 'objective')
    .describe('What is learnt from a sample: without it, the tokens of the answer (`answers`).')
    .optional(),
  learningRate: positive(10).describe('Highest learning rate of the schedule.'),
  schedule: oneOf(['constant', 'linear', 'cosine'], 'schedule').describe('How the learning rate falls.'),
  warmupRatio: positive(1, true).describe('Share of the steps in which the learning rate rises from 0.'),
  epochs: integer(1, 10_000).describe(
    'Times that every sample is trained on; without it, 3, or as many (up to 30) as a small set needs for 60 steps.',
  ),
  maxSteps: integer(1, 10_000_000)
    .describe('Steps of the optimiser at which training ends, where `epochs` have not ended it before.')
    .optional(),
  batchTokens: integer(8, 1_000_000).describe(
    'Tokens that a batch is filled up to; without it, 1,024, or for a small set a quarter of it, at least 128.',
  ),
  accumulation: integer(1, 10_000).describe('Batches whose gradients make one step.'),
  groupByLength: flag.describe(
    'Whether the batches of one step are of like length, so that lanes wait less for each other; steps then differ more in length.',
  ),
  clipNorm: positive(Infinity, true).describe('Longest gradient, as a norm over all; 0 leaves it as it is.'),
  weightDecay: positive(10, true).describe('Decoupled weight decay of AdamW.'),
  betas: z
    .tuple([positive(1, true), positive(1, true)], {
      error: (raw) => `${given(raw)}: give two numbers, e.g. [0.9, 0.999]`,
    })
    .describe('Decay rates of AdamW’s moments.'),
  epsilon: positive(1).describe('AdamW’s epsilon.'),
  maxLength: integer(8, 1_000_000).describe(
    'Most tokens of a sample; a longer text gives way, question and answer never.',
  ),
  checkpointEverySteps: integer(0, 1_000_000).describe('Steps between checkpoints; 0 writes none.'),
  lanes: integer(1, 256).describe(
    'Batches of a step computed side by side, each on its share of the threads and in memory of its own, as many as there are threads and as `accumulation` is. The adapter is the same; on small models and many threads it is made sooner.',
  ),
  heldOut: positive(0.9, true).describe(
    'Share of the items kept from training to measure the loss on; 0 keeps none. Only for open-book parts that ask about test items.',
  ),
  evaluateEverySteps: integer(1, 1_000_000).describe('Steps between measurements of the held-out loss.'),
  patience: integer(0, 10_000).describe(
    'Measurements without a new lowest loss at which training stops, with the weights of the lowest; 0 never stops early.',
  ),
  scale: positive(1000).describe('alpha / r (or alpha / √r with rslora), the same at every rank.'),
  alpha: positive(100_000)
    .describe('A fixed alpha, in place of a fixed scale: the scale then differs between ranks.')
    .optional(),
  rslora: flag.describe('Rank-stabilised LoRA: alpha is divided by √r.'),
  dropout: positive(0.95, true).describe('Share of an adapter’s inputs left out in training.'),
  targets: distinctList(oneOf(TARGET_MODULES, 'module'), 'modules').describe('Modules that get an adapter.'),
  quantisation: oneOf(QUANTISATIONS, 'quantisation').describe(
    'What the frozen base’s linear layers are kept in: f32, half precision, or few bits (QLoRA).',
  ),
  compute: oneOf(COMPUTE_CHOICES, 'compute').describe(
    'What the frozen base’s products are computed in while training: f32, or on processors with VNNI or AMX integers of eight bits, which is quicker and somewhat less exact; `int8-anyway` also on others. `auto` is int8 where it pays: such a processor in this machine, lightmem’s own engine, and a base at least 512 wide without `quantisation`; a study that was begun goes on as it began. Adapters are asked in f32.',
  ),
  gradientCheckpointing: flag.describe('Whether layers are computed again on the way back, in place of being kept.'),
  rankPattern: z
    .record(text, integer(1, 512))
    .describe('Other ranks for some modules, by the end of their path as in PEFT: `down_proj`, `layers.0.mlp.up_proj`.')
    .optional(),
};

/** What nothing is trained with both of: one says the other. */
function onlyOneScale(
  { scale, alpha }: { scale?: number | undefined; alpha?: number | undefined },
  context: z.RefinementCtx,
): void {
  if (scale !== undefined && alpha !== undefined)
    context.addIssue({
      code: 'custom',
      path: ['alpha'],
      message:
        'stands beside scale, which is alpha / r: give alpha for one alpha at every rank, or scale for one scale',
    });
}

const DEFAULT_SCALE = 2;

const trainWithDefaults = z.strictObject({
  ...trainFields,
  learningRate: trainFields.learningRate.default(5e-4),
  schedule: trainFields.schedule.default('cosine'),
  warmupRatio: trainFields.warmupRatio.default(0.05),
  epochs: trainFields.epochs.optional(),
  batchTokens: trainFields.batchTokens.optional(),
  accumulation: trainFields.accumulation.default(1),
  groupByLength: trainFields.groupByLength.default(false),
  clipNorm: trainFields.clipNorm.default(1),
  weightDecay: trainFields.weightDecay.default(0),
  betas: trainFields.betas.default([0.9, 0.999]),
  epsilon: trainFields.epsilon.default(1e-8),
  maxLength: trainFields.maxLength.default(1024),
  checkpointEverySteps: trainFields.checkpointEverySteps.default(25),
  lanes: trainFields.lanes.default(1),
  heldOut: trainFields.heldOut.default(0),
  evaluateEverySteps: trainFields.evaluateEverySteps.default(10),
  patience: trainFields.patience.default(0),
  scale: trainFields.scale.meta({ default: DEFAULT_SCALE }).optional(),
  rslora: trainFields.rslora.default(false),
  dropout: trainFields.dropout.default(0),
  quantisation: trainFields.quantisation.default('none'),
  compute: trainFields.compute.default('auto'),
  gradientCheckpointing: trainFields.gradientCheckpointing.default(false),
  targets: trainFields.targets.default([...TARGET_MODULES]),
});

/** Settings of training, each with its default. */
export const trainSchema = trainWithDefaults
  .superRefine(onlyOneScale)
  .transform(({ scale = DEFAULT_SCALE, ...rest }) => ({ ...rest, scale }));

/** What a part of the grid may train differently. */
const trainOverride = z.strictObject(trainFields).partial().superRefine(onlyOneScale);

const shared = {
  dataset: text.describe('One of `datasets`, by its name.'),
  ranks: distinctList(integer(1, 512), 'ranks')
    .describe('Ranks of the adapters; left out where a served model is asked as it is.')
    .optional(),
  amounts: distinctList(integer(1, 1_000_000), 'numbers of items')
    .describe('Numbers of items trained on; without it, all there are.')
    .optional(),
  seeds: distinctList(integer(0, 2 ** 31 - 1), 'seeds')
    .describe('Each seed trains an adapter of its own.')
    .default([0]),
  train: trainOverride.describe('What this part trains differently from `train`.').optional(),
};

const part = z.discriminatedUnion(
  'book',
  [
    z.strictObject({
      ...shared,
      book: z.literal('open').describe('The text stands in the prompt.'),
      levels: levels.describe('Levels shown, or `study` for the study’s seven.'),
      evaluateOn: oneOf(['test', 'trained'], 'choice')
        .describe('Which items are asked about: those kept for it, or those trained on.')
        .default('test'),
    }),
    z.strictObject({
      ...shared,
      book: z.literal('closed').describe('No text is shown: what was trained is asked in wordings kept for it.'),
      levels: z.never({ error: 'a closed-book run shows no text and has no level: remove this line' }).optional(),
      evaluateOn: z.never({ error: 'a closed-book run is asked about what was trained: remove this line' }).optional(),
    }),
    z.strictObject({
      ...shared,
      book: z.literal('text').describe('Trained on the texts themselves, asked without them.'),
      levels: levels.describe('Levels trained on, or `study` for the study’s seven.'),
      evaluateOn: z.never({ error: 'a text-book run is asked about what was trained: remove this line' }).optional(),
      ...textBookFields,
    }),
  ],
  {
    error: (raw) =>
      raw.code === 'invalid_union'
        ? `must say its book: give "book: open", "book: closed" or "book: text" (it is ${JSON.stringify((raw.input as { book?: unknown }).book) ?? 'missing'})`
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
        name: judgeName.describe(`One of ${JUDGES.join(', ')}.`),
        model: text
          .describe('The model that judges, for the judges that ask one; its key comes from the environment.')
          .exactOptional(),
        endpoint: text.describe('OpenAI-compatible address of the judge’s model.').exactOptional(),
        ...endpointFields,
        ...spendFields,
      }),
    ],
    { error: (raw) => `${given(raw)}: give a judge's name, or name, model and endpoint` },
  )
  .superRefine((value, context) => {
    if ('model' in value) checkSpending(value, context);
    if (needsModel(value.name) && !('model' in value))
      context.addIssue({
        code: 'custom',
        message: `judge "${value.name}" asks a language model: give { name: ${value.name}, model: … }, or use lexical`,
      });
  });

const evaluate = z.strictObject({
  judges: list(judge, 'judges')
    .refine((all) => new Set(all.map((each) => JSON.stringify(each))).size === all.length, {
      error: 'names a judge twice: name each once',
    })
    .describe('Who judges; the verdict rests on the first, the report shows how far the others agree with it.')
    .prefault(['lexical']),
  maxNewTokens: integer(1, 4096).describe('Longest answer, in tokens.').default(48),
  temperature: positive(2, true).describe('0 takes the likeliest token each time.').default(0),
  stop: z.array(text).describe('Further strings that end an answer.').default([]),
});

const servedModel = z.strictObject({
  name: text.describe('The model’s name at its endpoint.'),
  endpoint: text.describe('OpenAI-compatible address; its key comes from the environment.'),
  ...endpointFields,
  tokenizer: text
    .describe('Folder of the tokenizer that counts texts’ tokens; without it, Qwen2.5’s, which comes with lightmem.')
    .optional(),
});

const prompt = z.strictObject({
  system: text.describe('The system message; null for none.').nullable().default(DEFAULT_PROMPT_STYLE.system),
  open: text
    .describe('What is asked in open book: `{context}` and `{question}` stand for the text and the question.')
    .default(DEFAULT_PROMPT_STYLE.open),
  closed: text.describe('What is asked in closed book.').default(DEFAULT_PROMPT_STYLE.closed),
  answerRoom: integer(1, 100_000)
    .describe(
      'Tokens of `maxLength` kept free for the answer: how much of a text is shown never depends on the right one.',
    )
    .default(ANSWER_ROOM),
});

const probe = z.strictObject({
  general: text
    .describe('A text file that nobody trains on; without it, a short English one, or for the bundled model its world.')
    .optional(),
  generalTokens: integer(64, 1_000_000).describe('Tokens of it that are read.').default(4096),
  scales: z
    .array(positive(4))
    .describe('Strengths at which an adapter is asked again, 1 being as trained; not for every adapter: see `sweep`.')
    .default([0.25, 0.5, 0.75]),
  ranks: z.array(integer(1, 512)).describe('Ranks that an adapter is cut to and asked again.').default([8, 4, 2, 1]),
  sweep: oneOf(['some', 'all', 'none'], 'choice')
    .describe(
      'Which adapters are asked at those strengths and ranks: `some` are those of the largest rank at the first level.',
    )
    .default('some'),
});

/** What is held out is not learnt, so that a part which asks about all it trains on cannot hold anything out. */
function heldOutProblem(own: z.output<typeof part>, train: z.output<typeof trainSchema>): string | undefined {
  const heldOut = own.train?.heldOut ?? train.heldOut;
  const patience = own.train?.patience ?? train.patience;
  if (heldOut > 0 && (own.book !== 'open' || own.evaluateOn === 'trained'))
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

/** A data set's name, in any script. */
const datasetName = z
  .string()
  .regex(/^[\p{L}\p{M}\p{N}_.-]{1,60}$/u, { error: 'use up to 60 letters, digits, dots and dashes' })
  .refine((name) => /[\p{L}\p{N}]/u.test(name) && !(name in {}), { error: 'needs a letter or a digit' });

/** The whole file. */
export const studySchema = z
  .strictObject({
    name: text.describe('What the study is called.').default('study'),
    model: z
      .union([text, servedModel], { error: (raw) => `${given(raw)}: give a path or a name, or name and endpoint` })
      .describe(
        'A Hugging Face folder, a GGUF file, a name on the hub, or `bundled`; or a served model, which is asked as it is.',
      )
      .default(BUNDLED),
    datasets: z
      .record(datasetName, dataset)
      .refine((all) => Object.keys(all).length > 0, { error: 'is empty: give at least one data set' })
      .describe('What is read, by a name of yours.'),
    texts: texts
      .describe('Levels to make before anything is trained; without it, data sets bring their texts.')
      .prefault({}),
    compress: compress.describe('Whom texts are asked of, and what may be spent on them.').prefault({}),
    grid: list(part, 'parts with dataset, book, levels, ranks').describe(
      'What is compared: every combination is a run.',
    ),
    base: flag.describe('Whether the untuned model is asked too.').default(true),
    prompt: prompt.describe('How texts and questions are put.').prefault({}),
    train: trainSchema.describe('How adapters are trained.').prefault({}),
    evaluate: evaluate.describe('How answers are made and judged.').prefault({}),
    probe: probe.describe('How the cost of adapters that train on texts is measured.').prefault({}),
    executor: executor.describe('Where runs run.').prefault({ kind: 'pool' }),
    engine: engine.prefault('lightmem'),
    server: server.optional(),
    track: track
      .describe('Where else runs are shown, without waiting for it; nothing that comes out depends on it.')
      .optional(),
    device: oneOf(DEVICE_CHOICES, 'device')
      .describe('What computes; `auto` takes the fastest. The CPU alone gives the same bits every time.')
      .default('cpu'),
    language: oneOf(LANGUAGES, 'language')
      .describe('In which language verdict, page and summary are written: English or Chinese; default English.')
      .optional(),
    out: text.describe('Folder of the study, under the folder one stands in.').default('lightmem-study'),
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
    for (const { path, message } of serverProblems(study)) context.addIssue({ code: 'custom', path, message });
    study.grid.forEach((part, index) => {
      const problems = part.book === 'text' ? textBookProblems(part, index, study) : [];
      for (const { path, message } of problems) context.addIssue({ code: 'custom', path, message });
    });
    const textParts = study.grid.map((part) => (part.book === 'text' ? part : null));
    for (const { path, message } of sameNameProblems(textParts)) context.addIssue({ code: 'custom', path, message });
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
