/** How long after its start has a process trained its first step of SmolLM2-135M, one WikiUpdate article of the median length: in f32, and in eight bits with the base's codes made or kept from before? */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { hasEightBitProducts } from '../src/engine/eight-bits.js';
import { printReport, rounded } from './support/report.js';
import { PAIRS, THREADS, articlesOf, medianOf, openBenchModel, runOurs, type Measured } from './support/training.js';

const { path, model } = openBenchModel();
const articles = [...(await articlesOf(model, 'open'))].sort(
  (a, b) => (a[0]?.prompt.length ?? 0) - (b[0]?.prompt.length ?? 0),
);
const items = articles.slice(articles.length / 2, articles.length / 2 + 2);
const bases = resolve('.lightmem/bench/bases');
const runs: Record<string, Measured[]> = {};

async function run(name: string, changes: Partial<Parameters<typeof runOurs>[0]> = {}): Promise<void> {
  (runs[name] ??= []).push(await runOurs({ model: path, items, heldOut: [], ...changes }));
}

for (let pair = 0; pair < PAIRS; pair++) {
  await run('f32');
  if (hasEightBitProducts() !== true) continue;
  rmSync(bases, { recursive: true, force: true });
  await run('int8, codes made', { int8: true, bases });
  await run('int8, codes kept', { int8: true, bases });
}
rmSync(bases, { recursive: true, force: true });

const secondsOf = (all: readonly Measured[]): number => medianOf(all, ({ firstStepSeconds }) => firstStepSeconds);
const figures = Object.entries(runs).map(([name, all]) => {
  const step = medianOf(all, ({ seconds }) => seconds);
  return [name, { startToFirstStepDone: rounded(secondsOf(all)), ofWhichTheStep: rounded(step) }] as const;
});
printReport({
  name: 'first-step',
  figures: { runs: PAIRS, threads: THREADS, ...Object.fromEntries(figures) },
  ratio: rounded(5 / secondsOf(runs['f32'] ?? [])),
  goal: 1,
});
