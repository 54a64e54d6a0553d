/** How many questions a second does LoRA training of the bundled base take in, in open or closed book, against the packed PEFT script? */
import { hasEightBitProducts } from '../src/engine/eight-bits.js';
import { generateWorld } from '../src/data/world/generate.js';
import { bundledModelPath, loadModel } from '../src/models/load.js';
import { PromptRenderer } from '../src/models/text/prompt.js';
import { trainingSamples } from '../src/core/samples.js';
import { benchPython } from './support/python.js';
import { inTurn, printReport, rounded } from './support/report.js';
import {
  LANES,
  PAIRS,
  THREADS,
  gigabytes,
  medianOf,
  runOurs,
  runTheirs,
  type Articles,
  type Measured,
} from './support/training.js';

const BOOK = process.argv[2] === 'closed' ? 'closed' : 'open';
const ITEMS = 120;
/** On both sides; ours takes them in one run, in lanes its share of them in each, theirs adds up their gradients. */
const ARTICLES_PER_STEP = 4;
/** Tokens of a run of ours: all of a step's, some 1,200, or a lane's share. */
const RUN_TOKENS = LANES === 1 ? 2048 : 1280 / LANES;

const path = bundledModelPath();
const model = loadModel(path);
const python = benchPython();
const world = generateWorld({ kind: 'articles', seed: 1, items: ITEMS, partition: 'study' });
const renderer = new PromptRenderer(model);
const articles: Articles = world.map((item) =>
  renderer
    .tokenize(trainingSamples([item], BOOK === 'open' ? 'original' : 'none'), model.config.maxPositions)
    .map(({ prompt, answer }) => ({ prompt, answer })),
);
const workload = {
  ...{ model: path, items: articles, heldOut: [] },
  ...{ articlesPerStep: ARTICLES_PER_STEP, batchTokens: RUN_TOKENS },
};
const int8 = hasEightBitProducts() === true ? await runOurs({ ...workload, int8: true }) : null;
const pairs = await inTurn(
  PAIRS,
  () => runOurs(workload),
  () =>
    runTheirs(python, {
      ...{ model: path, way: 'packed', items: articles, heldOut: [] },
      ...{ steps: Math.ceil(ITEMS / ARTICLES_PER_STEP), articlesPerStep: ARTICLES_PER_STEP },
    }),
);
const processorTime = ({ processorSeconds, samples }: Measured): number => processorSeconds / samples;
const ratio = medianOf(pairs, ({ ours, theirs }) => ours.samplesPerSecond / (theirs?.samplesPerSecond ?? NaN));
printReport({
  name: 'lora-small',
  figures: {
    ...{
      book: BOOK,
      articles: ITEMS,
      articlesPerStep: ARTICLES_PER_STEP,
      samples: articles.flat().length,
      pairs: PAIRS,
      threads: THREADS,
      lanes: LANES,
    },
    samplesPerSecond: {
      ours: rounded(medianOf(pairs, ({ ours }) => ours.samplesPerSecond)),
      packed: rounded(medianOf(pairs, ({ theirs }) => theirs?.samplesPerSecond ?? NaN)),
    },
    processorTimeRatio: rounded(
      medianOf(pairs, ({ ours, theirs }) => (theirs === null ? NaN : processorTime(theirs) / processorTime(ours))),
    ),
    int8: int8 && {
      samplesPerSecond: rounded(int8.samplesPerSecond),
      processorTimeOverF32: rounded(medianOf(pairs, ({ ours }) => processorTime(int8) / processorTime(ours))),
    },
    lastLoss: { ours: pairs[0]?.ours.losses.at(-1), packed: pairs[0]?.theirs?.losses.at(-1) },
    peakGB: {
      ours: gigabytes(medianOf(pairs, ({ ours }) => ours.peakBytes)),
      packed: gigabytes(medianOf(pairs, ({ theirs }) => theirs?.peakBytes ?? NaN)),
    },
  },
  ratio: rounded(ratio),
  goal: 2.5,
});
