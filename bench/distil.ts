/** What does a step of distillation take, against a step on hard answers: the bundled base on the synthetic world, and SmolLM2-135M on WikiUpdate where it is at hand? */
import { join } from 'node:path';
import { teacherLabels } from '../src/generate/teacher-labels.js';
import { TARGET_MODULES } from '../src/core/settings.js';
import type { Item } from '../src/core/records.js';
import { trainingSamples } from '../src/core/samples.js';
import { loadAll } from '../src/data/load.js';
import { generateWorld } from '../src/data/world/generate.js';
import { onnxRuntimeEngine } from '../src/engine/onnxruntime.js';
import { bundledModelPath, loadModel } from '../src/models/load.js';
import type { LoadedModel } from '../src/models/model.js';
import { PromptRenderer } from '../src/models/text/prompt.js';
import { planSteps, type PlannedStep } from '../src/train/batch-plan.js';
import { answers } from '../src/train/objectives/answers.js';
import { distil } from '../src/train/objectives/distil.js';
import type { Objective, TrainingSample } from '../src/train/objectives/objective.js';
import { withTeacher } from '../src/train/objectives/taught.js';
import { Trainer, loraInitialiser } from '../src/train/trainer.js';
import { devData } from './support/python.js';
import { median, printReport, rounded } from './support/report.js';
import { ARTICLES, THREADS } from './support/training.js';

const WORLD_ITEMS = 60;
const K = 16;
/** Tokens of a teacher's prompt, and of a step. */
const LIMIT = 2000;
const BATCH_TOKENS = 416;
/** Steps of each side that are timed, behind those that are not; steps beyond the data's go through it again. */
const STEPS = 40;
const UNTIMED = 3;

const lora = { rank: 8, alpha: 16, rslora: false, dropout: 0, targets: [...TARGET_MODULES] };

function trainer({ config, weights }: LoadedModel, samples: readonly TrainingSample[], { labels }: Objective) {
  return Trainer.create({
    ...{ config, labels, training: { kind: 'lora', lora }, initial: loraInitialiser(weights, 0) },
    engine: onnxRuntimeEngine({ device: 'cpu', threads: THREADS }),
    optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    positions: Math.max(...samples.map(({ prompt, answer }) => prompt.length + answer.length)),
  });
}

function planned(samples: readonly TrainingSample[], objective: Objective): readonly PlannedStep[] {
  const settings = { epochs: STEPS + UNTIMED, maxSteps: STEPS + UNTIMED, batchTokens: BATCH_TOKENS };
  return planSteps(samples, { ...settings, accumulation: 1, seed: 0, objective });
}

/** What a step took, in milliseconds: on the clock, and of processors, which other work on the machine disturbs less. */
interface Spent {
  readonly wall: number;
  readonly processor: number;
}

async function spent(work: () => Promise<unknown>): Promise<Spent> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - started, processor: (user + system) / 1000 };
}

/** What every step of both took, in turn on the same batches, the first of each pair changing. */
async function timed(model: LoadedModel, hard: readonly TrainingSample[], soft: readonly TrainingSample[]) {
  const sides = [
    { trainer: await trainer(model, hard, answers), steps: planned(hard, answers), times: [] as Spent[] },
    { trainer: await trainer(model, soft, distil), steps: planned(soft, distil), times: [] as Spent[] },
  ] as const;
  for (let step = 0; step < STEPS + UNTIMED; step++)
    for (const side of step % 2 === 0 ? sides : [sides[1], sides[0]]) {
      const time = await spent(() => side.trainer.step(side.steps[step]?.batches ?? [], 2e-4, 1));
      if (step >= UNTIMED) side.times.push(time);
    }
  for (const side of sides) await side.trainer.dispose();
  return { hard: sides[0].times, soft: sides[1].times };
}

/** Questions without text, learnt from a teacher that reads it, against their answers alone. */
async function compare(model: LoadedModel, items: readonly Item[]) {
  const study = trainingSamples(items, 'none');
  const hard = new PromptRenderer(model).tokenize(study, LIMIT);
  const texts = new Map(items.map(({ id, texts: { original } }) => [id, original?.text ?? '']));
  const asked = study.map((sample) => ({ ...sample, context: texts.get(sample.item) ?? '' }));
  const started = performance.now();
  const folder = join('.lightmem/bench/distil', String(process.pid));
  const labels = await teacherLabels(asked, { model, folder, limit: LIMIT, k: K, threads: THREADS });
  const teacherSeconds = (performance.now() - started) / 1000;
  // Every sample has all its soft labels, whatever the teacher thinks of the answer.
  const { samples: soft, report } = withTeacher(hard, labels, { contradicting: 'teacher' });
  const times = await timed(model, hard, soft);
  const of = (side: readonly Spent[], kind: keyof Spent): number => median(side.map((each) => each[kind]));
  const ratio = (kind: keyof Spent): number => rounded(of(times.soft, kind) / of(times.hard, kind), 3);
  return {
    ...{ items: items.length, samples: hard.length, steps: STEPS, threads: THREADS, k: K },
    stepMs: { hard: rounded(of(times.hard, 'wall'), 1), distil: rounded(of(times.soft, 'wall'), 1) },
    ...{ ratio: ratio('processor'), ratioOfClock: ratio('wall'), teacherSeconds: rounded(teacherSeconds) },
    ...{
      contradicted: report.contradicted,
      ofPlaces: rounded(report.contradictedPlaces / report.places, 3),
      missingMean: rounded(report.missing.mean, 4),
    },
  };
}

const bundled = await compare(
  loadModel(bundledModelPath()),
  generateWorld({ kind: 'articles', seed: 1, items: WORLD_ITEMS, partition: 'study' }),
);
process.stderr.write(`${JSON.stringify(bundled)}\n`);
const path = process.env['LIGHTMEM_BENCH_MODEL'];
const smollm2 =
  path === undefined
    ? undefined
    : await compare(loadModel(path), (await loadAll(devData('wikiupdate-150.json'), { limit: ARTICLES })).items);
printReport({
  name: 'distil',
  figures: { bundled, ...(smollm2 && { smollm2 }) },
  ratio: { bundled: bundled.ratio, ...(smollm2 && { smollm2: smollm2.ratio }) },
  goal: { bundled: 1.15, ...(smollm2 && { smollm2: 1.15 }) },
});
