/** How long after its start has a process trained its first step of SmolLM2-135M, one WikiUpdate article of the median length? */
import { printReport, rounded } from './support/report.js';
import { PAIRS, THREADS, articlesOf, medianOf, openBenchModel, runOurs } from './support/training.js';

const { path, model } = openBenchModel();
const articles = [...(await articlesOf(model, 'open'))].sort(
  (a, b) => (a[0]?.prompt.length ?? 0) - (b[0]?.prompt.length ?? 0),
);
const items = articles.slice(articles.length / 2, articles.length / 2 + 2);
const runs = [];
for (let run = 0; run < PAIRS; run++) runs.push(await runOurs({ model: path, items, heldOut: [] }));
const seconds = medianOf(runs, ({ firstStepSeconds }) => firstStepSeconds);
const step = medianOf(runs, ({ seconds: taken }) => taken);
printReport({
  name: 'first-step',
  figures: {
    runs: PAIRS,
    threads: THREADS,
    startToFirstStepDone: rounded(seconds),
    ofWhichTheStep: rounded(step),
    seconds: rounded(seconds - step),
  },
  ratio: rounded(5 / seconds),
  goal: 1,
});
