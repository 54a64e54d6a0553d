/** How many questions a second does LoRA training of the bundled base take in, in open or closed book, against the packed PEFT script? */
import { generateWorld } from '../src/data/world/generate.js';
import { bundledModelPath, loadModel } from '../src/models/load.js';
import { PromptRenderer } from '../src/models/text/prompt.js';
import { trainingSamples } from '../src/core/samples.js';
import { benchPython } from './support/python.js';
import { inTurn, printReport, rounded } from './support/report.js';
import {
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
/** On both sides; ours takes them in one run, theirs adds up their gradients. */
const ARTICLES_PER_STEP = 4;

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
const pairs = await inTurn(
  PAIRS,
  () => runOurs({ model: path, items: articles, heldOut: [], articlesPerStep: ARTICLES_PER_STEP }),
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
    },
    samplesPerSecond: {
      ours: rounded(medianOf(pairs, ({ ours }) => ours.samplesPerSecond)),
      packed: rounded(medianOf(pairs, ({ theirs }) => theirs?.samplesPerSecond ?? NaN)),
    },
    processorTimeRatio: rounded(
      medianOf(pairs, ({ ours, theirs }) => (theirs === null ? NaN : processorTime(theirs) / processorTime(ours))),
    ),
    lastLoss: { ours: pairs[0]?.ours.losses.at(-1), packed: pairs[0]?.theirs?.losses.at(-1) },
    peakGB: {
      ours: gigabytes(medianOf(pairs, ({ ours }) => ours.peakBytes)),
      packed: gigabytes(medianOf(pairs, ({ theirs }) => theirs?.peakBytes ?? NaN)),
    },
  },
  ratio: rounded(ratio),
  goal: 2.5,
});
