/** How fast does training on a quantised base go, at micro-batches of 1,024 tokens, against our own training in f32? */
import { printReport, rounded } from './support/report.js';
import {
  PAIRS,
  THREADS,
  articlesOf,
  gigabytes,
  medianOf,
  openBenchModel,
  runOurs,
  type Measured,
} from './support/training.js';

const FORMATS = ['nf4', 'int4', 'int8'] as const;
const STEPS = 4;
/** About as many articles as 1,024 packed tokens hold. */
const ARTICLES_PER_STEP = 2;

const { path, model } = openBenchModel();
const items = (await articlesOf(model, 'open'))
  .filter((group) => (group[0]?.prompt.length ?? 0) < 450)
  .slice(0, ARTICLES_PER_STEP * (STEPS + 1));
const run = (quantisation: 'none' | (typeof FORMATS)[number]): Promise<Measured> =>
  runOurs({ model: path, items, heldOut: [], quantisation, articlesPerStep: ARTICLES_PER_STEP, batchTokens: 1400 });
const rounds: Record<'none' | (typeof FORMATS)[number], Measured>[] = [];
for (let pair = 0; pair < PAIRS; pair++)
  rounds.push({ none: await run('none'), nf4: await run('nf4'), int4: await run('int4'), int8: await run('int8') });
const perFormat = (value: (format: (typeof FORMATS)[number]) => number) =>
  Object.fromEntries(FORMATS.map((format) => [format, value(format)] as const));
printReport({
  name: 'qlora',
  figures: {
    ...{ pairs: PAIRS, threads: THREADS, steps: STEPS },
    tokensPerStep: rounded(
      medianOf(rounds, ({ none }) => none.tokens / STEPS),
      0,
    ),
    samplesPerSecond: {
      f32: rounded(medianOf(rounds, ({ none }) => none.samplesPerSecond)),
      ...perFormat((format) => rounded(medianOf(rounds, (round) => round[format].samplesPerSecond))),
    },
    peakGB: {
      f32: gigabytes(medianOf(rounds, ({ none }) => none.peakBytes)),
      ...perFormat((format) => gigabytes(medianOf(rounds, (round) => round[format].peakBytes))),
    },
  },
  ratio: perFormat((format) =>
    rounded(medianOf(rounds, (round) => round[format].samplesPerSecond / round.none.samplesPerSecond)),
  ),
  goal: { nf4: 0.7, int4: 0.85 },
});
