import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import { FarExecutor } from '../../src/executors/far.js';
import { studyConfig } from '../../src/study/config-file.js';
import { planForecast } from '../../src/study/plan-forecast.js';
import { planStudy, type StudyPlan } from '../../src/study/plan.js';
import { runFolderName } from '../../src/study/run-spec.js';
import { readRows } from '../../src/study/run-store.js';
import { runStudy, type StudySummary } from '../../src/study/runner.js';
import { readStudy } from '../../src/study/stored-study.js';
import { studyStatus } from '../../src/study/study-status.js';
import { runRecords } from '../../src/study/work-records.js';
import { countingFiles } from './support/counted-files.js';
import { SimulatedCluster } from './support/simulated-cluster.js';
import { leastStudy, scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

/** Runs that are trained, base runs on top: 10,000 take a minute or two (docs/scale.md); what was measured is printed where a number is given. */
const RUNS = Number(process.env['LIGHTMEM_SCALE_RUNS'] ?? 2_000);
const WORKERS = 200;
const [LEVELS, RANKS] = [
  ['original', 'summ_l1', 'summ_l2', 'summ_l3'],
  [1, 2, 4, 8, 16],
];
/** What planning, forecast and status may take of the processor each: three times the 2 s that 10,000 runs may take, as machines differ, and a start. */
const MOST_SECONDS = 1 + (3 * 2 * RUNS) / 10_000;
/** What the heap may grow by for each run, all of it measured behind a collection. */
const MOST_HEAP_BYTES_A_RUN = 20_000;

const scratch = scratchFolder();
const model = join(scratch, 'model');
const folder = join(scratch, 'study');

beforeAll(() => {
  writeTinyModel(model);
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

async function planned(): Promise<StudyPlan> {
  const seeds = Array.from({ length: Math.round(RUNS / LEVELS.length / RANKS.length) }, (_, seed) => seed);
  const datasets = { articles: { world: { kind: 'articles' as const, seed: 1 }, items: 100, testItems: 1 } };
  const grid = [{ dataset: 'articles', book: 'open' as const, levels: LEVELS, ranks: RANKS, seeds }];
  return planStudy(studyConfig(leastStudy(model, { datasets, grid, executor: { kind: 'slurm' } })), { folder });
}

interface Stop {
  readonly cluster: SimulatedCluster;
  readonly onStop?: 'cancel' | 'leave';
  /** Recorded runs at which the process is stopped; default never. */
  readonly at?: number;
  readonly onMiddle?: () => void;
}

/** One process that carries the study out: waits are a look at the cluster each, which passes its own time then. */
async function carryOut(plan: StudyPlan, { cluster, onStop = 'cancel', at = Infinity, onMiddle }: Stop) {
  const stop = new AbortController();
  let finished = 0;
  const executor = () =>
    new FarExecutor(cluster.scheduler(onStop), runRecords, {
      ...{ concurrency: WORKERS, retries: 2, pollMs: 1, retryMs: 1, recordMs: { ended: 60_000, lost: 1 } },
    });
  const onEvent = ({ type }: { type: string }): void => {
    if (type !== 'finished') return;
    if (++finished === Math.round(RUNS / 5)) onMiddle?.();
    if (cluster.recorded.size >= at) stop.abort();
  };
  const options = { folder, command: 'lightmem study run scale.yaml', executor, onEvent, signal: stop.signal };
  return runStudy(plan, options).catch((error: unknown): StudySummary | null => {
    if (!stop.signal.aborted) throw error;
    return null;
  });
}

describe(`${RUNS} runs on ${WORKERS} workers that die, are preempted and lose what they are told`, () => {
  it(
    'are each carried out once whatever happens, planned and watched at the cost of a few files each',
    { timeout: 600_000 },
    async () => {
      const start = process.cpuUsage();
      const plan = await planned();
      const seconds = process.cpuUsage(start);
      const { runs } = plan;
      expect(runs.length).toBe(RUNS + LEVELS.length);
      const names = runs.map(({ spec }) => runFolderName(spec));

      const cluster = new SimulatedCluster(WORKERS, runs, 1);
      const before = heapBytes();
      let middle = 0;
      const first = await carryOut(plan, {
        cluster,
        onStop: 'leave',
        at: 0.3 * RUNS,
        onMiddle: () => (middle = heapBytes()),
      });
      expect(first).toBeNull();
      for (let i = 0; i < 3; i++) await cluster.pass(); // nobody looks
      expect(await carryOut(plan, { cluster, onStop: 'cancel', at: 0.6 * RUNS })).toBeNull();
      const status = countingFiles(() => studyStatus(folder));
      const forecast = countingFiles(() => planForecast(plan, folder));
      let summary = await carryOut(plan, { cluster });
      // What failed on a broken node or died three times is data: the next call carries it out again.
      for (let calls = 0; summary !== null && summary.failed > 0 && calls < 5; calls++)
        summary = await carryOut(plan, { cluster });
      const after = heapBytes();

      expect(summary).toMatchObject({ failed: 0 });
      expect(cluster.begunAgain).toEqual([]);
      expect([...cluster.recorded.keys()].sort()).toEqual([...names].sort());
      expect(Math.max(...cluster.recorded.values())).toBe(1);
      expect(cluster.mostRunning).toBe(WORKERS);
      for (const [what, times] of Object.entries(cluster.happened)) expect(times, what).toBeGreaterThan(0);

      const rows = readStudy(folder).runs.flatMap((run) =>
        readRows(run).map((row) => `${row.run} ${row.item} ${row.question}`),
      );
      const wanted = runs.flatMap(({ asked }, i) =>
        asked.flatMap(({ id, questions }) => questions.map((question) => `${names[i]} ${id} ${question.id}`)),
      );
      expect(rows.sort()).toEqual(wanted.sort());

      expect(status.value.done).toBeGreaterThanOrEqual(0.6 * RUNS);
      expect(status.value.done + status.value.failed + status.value.waiting).toBe(runs.length);
      expect(status.calls / runs.length).toBeLessThan(6);
      expect(forecast.calls / runs.length).toBeLessThan(10);
      const times = {
        planning: (seconds.user + seconds.system) / 1e6,
        status: status.seconds,
        forecast: forecast.seconds,
      };
      for (const [what, took] of Object.entries(times)) expect(took, what).toBeLessThan(MOST_SECONDS);
      expect(Math.max(middle, after) - before).toBeLessThan(50e6 + MOST_HEAP_BYTES_A_RUN * runs.length);
      if (process.env['LIGHTMEM_SCALE_RUNS'] !== undefined) {
        const heap = { middleMB: (middle - before) / 1e6, afterMB: (after - before) / 1e6 };
        process.stdout.write(
          `${JSON.stringify({ ...times, ...heap, looks: cluster.looks, calls: [status.calls, forecast.calls], ...cluster.happened })}\n`,
        );
      }
    },
  );
});
