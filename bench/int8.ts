/** What does computing the frozen base in integers of eight bits do to gradients, held-out loss and a step's time, against f32: SmolLM2-135M on WikiUpdate? */
import { mean } from '../src/core/statistics.js';
import { TARGET_MODULES, type TrainSettings } from '../src/core/settings.js';
import { onnxRuntimeEngine } from '../src/engine/onnxruntime.js';
import { INT8_RECIPE, type Int8Recipe } from '../src/models/graph/int8-weights.js';
import { calibrationBatch, planSteps, type PlannedStep } from '../src/train/batch-plan.js';
import type { Batch } from '../src/train/batches.js';
import { answers } from '../src/train/objectives/answers.js';
import { learningRateAt } from '../src/train/schedule.js';
import { Trainer, loraInitialiser } from '../src/train/trainer.js';
import { median, printReport, rounded } from './support/report.js';
import { THREADS, articlesOf, openBenchModel, parts, textsOf, type Articles } from './support/training.js';

/** Tokens of a micro-batch, and micro-batches of a step. */
const BATCH_TOKENS = 416;
const ACCUMULATION = 4;
const EPOCHS = Number(process.env['LIGHTMEM_BENCH_EPOCHS'] ?? 2);
const LEARNING_RATE = 5e-4;
/** How the rate falls: `constant`, or as in studies `cosine`, warmed up before. */
const SCHEDULE = (process.env['LIGHTMEM_BENCH_SCHEDULE'] ?? 'constant') as TrainSettings['schedule'];
/** Of the steps' order and of the adapter's start. */
const SEED = Number(process.env['LIGHTMEM_BENCH_SEED'] ?? 0);
/** Steps in f32 before other recipes are compared. */
const STEPS_BEFORE_RECIPES = 4;

/** What each part of the recipe is worth. */
const RECIPES: Readonly<Record<string, Int8Recipe>> = {
  'as it is': INT8_RECIPE,
  'no directions': { ...INT8_RECIPE, directions: 0 },
  '32 directions': { ...INT8_RECIPE, directions: 32 },
  'columns turned back too': { ...INT8_RECIPE, backBlock: 64 },
  'blocks of 32': { ...INT8_RECIPE, block: 32 },
  'columns not levelled': { ...INT8_RECIPE, levelling: 0 },
  'no columns turned': { ...INT8_RECIPE, block: 1 },
  'rows scaled alone': {
    ...INT8_RECIPE,
    block: 1,
    backBlock: 1,
    directions: 0,
    levelling: 0,
    halved: false,
    headRows: 0,
  },
  'head in f32': { ...INT8_RECIPE, headRows: 0 },
  'head in pieces of 2,048 rows': { ...INT8_RECIPE, headRows: 2048 },
  'kept in full': { ...INT8_RECIPE, halved: false },
};

/** Recipes that are compared, by their names; all where none is named. */
const asked = (process.env['LIGHTMEM_BENCH_RECIPES'] ?? '').split(',').filter((name) => name !== '');

const book = (['closed', 'texts'] as const).find((each) => process.argv.includes(each)) ?? 'open';
const { model } = openBenchModel();
const { items, heldOut } = parts(book === 'texts' ? await textsOf(model) : await articlesOf(model, book));
const samplesOf = (articles: Articles) =>
  articles.flatMap((group, i) => group.map((question, j) => ({ id: `${i}/${j}`, item: String(i), ...question })));
const planned = (articles: Articles, epochs: number): readonly PlannedStep[] =>
  planSteps(samplesOf(articles), {
    ...{ epochs, batchTokens: BATCH_TOKENS, accumulation: ACCUMULATION, seed: SEED, objective: answers },
  });
const steps = planned(items, EPOCHS);
const measured = planned(heldOut, 1).flatMap(({ batches }) => batches);
const lora = { rank: 8, alpha: 16, rslora: false, dropout: 0, targets: [...TARGET_MODULES] };

const rateOf = (step: number): number =>
  learningRateAt(
    { step, done: step, total: steps.length },
    { learningRate: LEARNING_RATE, schedule: SCHEDULE, warmupRatio: SCHEDULE === 'constant' ? 0 : 0.05 },
  );

const trainer = (int8?: Int8Recipe): Promise<Trainer> =>
  Trainer.create({
    engine: onnxRuntimeEngine({ device: 'cpu', threads: THREADS }),
    config: model.config,
    training: { kind: 'lora', lora, ...(int8 && { int8 }) },
    initial: loraInitialiser(model.weights, SEED),
    optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    positions: Math.max(...[...items, ...heldOut].flat().map(({ prompt, answer }) => prompt.length + answer.length)),
    calibration: calibrationBatch(samplesOf(items), { tokens: INT8_RECIPE.calibrationTokens }),
  });

async function processorSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const copy = (from: ReadonlyMap<string, Float32Array>, to: Trainer): void => {
  for (const [name, values] of to.trained) values.set(from.get(name) ?? []);
};

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

type Gradients = ReadonlyMap<string, Float32Array>;

/** How like f32's gradients of all tensors others are: cosines, and lengths over f32's. */
function likeness(found: Gradients, expected: Gradients) {
  const all = [...expected].map(([name, gradient]) => {
    const own = found.get(name) ?? new Float32Array();
    const length = Math.sqrt(dot(own, own) / dot(gradient, gradient));
    return { name, cosine: dot(own, gradient) / (length * dot(gradient, gradient)), length };
  });
  const cosines = (part: string): number =>
    rounded(mean(all.filter(({ name }) => name.includes(part)).map(({ cosine }) => cosine)), 4);
  return {
    ...{ tensors: all.length, meanCosineA: cosines('lora_A'), meanCosineB: cosines('lora_B') },
    leastCosine: rounded(Math.min(...all.map(({ cosine }) => cosine)), 3),
    cosineFrom99: all.filter(({ cosine }) => cosine >= 0.99).length,
    lengthWithin2Percent: all.filter(({ length }) => Math.abs(length - 1) <= 0.02).length,
  };
}

/** Each recipe's gradients of one step, at an adapter of a few steps in f32, and its processor time over f32's. */
async function recipes(batches: readonly Batch[]) {
  const float = await trainer();
  for (const step of steps.slice(0, STEPS_BEFORE_RECIPES)) await float.step(step.batches, LEARNING_RATE, 1);
  const expected = (await float.accumulate(batches)).gradients;
  const found: Record<string, unknown> = {};
  for (const [name, recipe] of Object.entries(RECIPES).filter(([name]) => asked.length === 0 || asked.includes(name))) {
    const coded = await trainer(recipe);
    copy(float.trained, coded);
    const gradients = (await coded.accumulate(batches)).gradients;
    const [ours, theirs] = [
      await processorSeconds(() => coded.accumulate(batches)),
      await processorSeconds(() => float.accumulate(batches)),
    ];
    found[name] = { ...likeness(gradients, expected), f32Over: rounded(theirs / ours) };
    process.stderr.write(`${name}: ${JSON.stringify(found[name])}\n`);
    await coded.dispose();
  }
  await float.dispose();
  return found;
}

/** Both trained on the same steps in turn, how like gradients of the last step are at the adapter of f32, and what their adapters say of held-out articles in f32. */
async function trained() {
  const [float, coded] = [await trainer(), await trainer(INT8_RECIPE)];
  const untrained = await float.evaluate(measured);
  const seconds: { float: number; coded: number }[] = [];
  for (const [i, { batches }] of steps.entries()) {
    const of = (which: Trainer): Promise<number> => processorSeconds(() => which.step(batches, rateOf(i), 1));
    const [first, second] = i % 2 === 0 ? [await of(float), await of(coded)] : [await of(coded), await of(float)];
    seconds.push(i % 2 === 0 ? { float: first, coded: second } : { float: second, coded: first });
    process.stderr.write(`step ${i + 1} of ${steps.length}: ${JSON.stringify(seconds.at(-1))}\n`);
  }
  const floatLoss = await float.evaluate(measured);
  const own = new Map([...coded.trained].map(([name, values]) => [name, values.slice()]));
  copy(float.trained, coded);
  const batches = steps.at(-1)?.batches ?? [];
  const expected = (await float.accumulate(batches)).gradients;
  const gradients = likeness((await coded.accumulate(batches)).gradients, expected);
  copy(own, float);
  const codedLoss = await float.evaluate(measured);
  await Promise.all([float.dispose(), coded.dispose()]);
  return { losses: { untrained, f32: floatLoss, int8: codedLoss }, gradients, seconds: seconds.slice(1) };
}

if (process.argv.includes('recipes')) {
  const figures = await recipes(steps.at(-1)?.batches ?? []);
  printReport({
    name: 'int8-recipes',
    figures: { book, seed: SEED, threads: THREADS, ...figures },
    ratio: NaN,
    goal: NaN,
  });
} else {
  const { losses, gradients, seconds } = await trained();
  printReport({
    name: 'int8',
    figures: {
      ...{ book, seed: SEED, schedule: SCHEDULE, articles: items.length, steps: steps.length, threads: THREADS },
      processorSecondsAStep: {
        f32: rounded(median(seconds.map(({ float }) => float))),
        int8: rounded(median(seconds.map(({ coded }) => coded))),
      },
      gradients,
      heldOutLossInF32: Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, rounded(loss, 4)])),
    },
    ratio: rounded(median(seconds.map(({ float, coded }) => float / coded))),
    goal: book === 'open' ? 1.7 : 1.5,
  });
}
