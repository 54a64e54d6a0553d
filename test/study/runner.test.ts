import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { inlineExecutor } from '../../src/executors/inline.js';
import { poolExecutor } from '../../src/executors/pool.js';
import { computeBefore } from '../../src/study/compute-before.js';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { identityHash } from '../../src/study/identity.js';
import { planStudy } from '../../src/study/plan.js';
import { RUN_FILES, runPath, STUDY_FILES, trainingPath, TRAINING_FILES } from '../../src/study/layout.js';
import { workerEntry } from '../../src/study/placement.js';
import { runSummary } from '../../src/study/run-summary.js';
import { runFolderName, type PlannedRun } from '../../src/study/run-spec.js';
import { readRows } from '../../src/study/run-store.js';
import { runStudy, type StudyEvent, type StudyOptions, type StudySummary } from '../../src/study/runner.js';
import { readStudy } from '../../src/study/stored-study.js';
import { shrinkTraining } from '../../src/study/training-store.js';
import { lastingExecutor } from './support/lasting-worker.js';
import { leastStudy, scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

const scratch = scratchFolder();
const model = join(scratch, 'model');

beforeAll(() => {
  writeTinyModel(model);
});

interface Told extends StudySummary {
  readonly events: readonly StudyEvent[];
}

async function carryOut(
  folder: string,
  changes: Partial<StudyInput> = {},
  options: Partial<StudyOptions> = {},
): Promise<Told> {
  const events: StudyEvent[] = [];
  const plan = await planStudy(studyConfig(leastStudy(model, changes)));
  const summary = await runStudy(plan, {
    folder,
    command: 'lightmem study run least.yaml',
    executor: lastingExecutor,
    ...options,
    onEvent: (event) => {
      events.push(event);
      options.onEvent?.(event);
    },
  });
  return { ...summary, events };
}

const trainedRun = (folder: string) => {
  const run = readStudy(folder).runs.find(({ spec }) => spec.identity.rank > 0);
  if (run === undefined) throw new Error('no trained run');
  return run;
};

/** The folder of the trained run's adapter and metrics. */
const trainedAt = (folder: string): string => {
  const { training } = trainedRun(folder).spec.identity;
  if (training === null) throw new Error('nothing is trained');
  return trainingPath(folder, training);
};

describe('a study', { timeout: 120_000 }, () => {
  const folder = join(scratch, 'whole');

  it('audits, trains, asks and judges every run, and its folder says so', async () => {
    const { runs, carriedOut, events } = await carryOut(folder);
    expect(carriedOut).toBe(2);
    expect(runs.map(({ status }) => status)).toEqual(['done', 'done']);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['auditing', 'planned', 'progress', 'finished']),
    );
    const stored = readStudy(folder);
    expect(stored.audits).toMatchObject([{ dataset: 'articles', items: 4 }]);
    for (const run of stored.runs) {
      const rows = readRows(run);
      expect(rows.length).toBeGreaterThan(4);
      expect(new Set(rows.map(({ run: name }) => name))).toEqual(new Set([runFolderName(run.spec)]));
      for (const row of rows) expect(row).toMatchObject({ dataset: 'articles', level: 'summ_l3', status: 'scored' });
      expect(rows.every(({ trr, retention }) => (trr ?? 0) > 0.5 && (retention ?? 0) > 0)).toBe(true);
    }
  });

  it('makes the codes of a base in eight bits once for all seeds, and keeps them until its end', async () => {
    const into = join(scratch, 'eight bits');
    const train = { ...leastStudy(model).train, compute: 'int8-anyway' as const };
    const grid = [
      { ...leastStudy(model).grid[0], dataset: 'articles', ranks: [2], seeds: [0, 1] },
    ] as StudyInput['grid'];
    const made: string[][] = [];
    const onEvent = ({ type }: StudyEvent): void => {
      if (type !== 'finished') return;
      const files = readdirSync(join(into, STUDY_FILES.bases), { recursive: true, encoding: 'utf8' });
      const codes = files.filter((name) => name.endsWith('.safetensors'));
      made.push(codes.map((name) => `${name} ${statSync(join(into, STUDY_FILES.bases, name)).mtimeMs}`));
    };
    expect(await carryOut(into, { train, grid, base: false }, { onEvent })).toMatchObject({ carriedOut: 2, failed: 0 });
    expect(made).toHaveLength(2);
    expect(made[0]).toHaveLength(1);
    expect(made[1]).toEqual(made[0]);
    const trained = trainedRun(into).spec.identity.training?.model ?? '';
    expect(computeBefore(into, trained)).toBe('int8-anyway');
    expect(computeBefore(into, 'another')).toBeUndefined();
    expect(computeBefore(join(scratch, 'nowhere'), trained)).toBeUndefined();
    expect(existsSync(join(into, STUDY_FILES.bases))).toBe(false);
  });

  it('trains an adapter whose loss falls and whose folder PEFT reads', () => {
    const run = trainedRun(folder);
    if (run.training === null) throw new Error('not trained');
    expect(run.training.result.steps).toBe(24);
    expect(run.training.result.lastLoss).toBeLessThan(run.training.result.firstLoss);
    const { adapterPath } = runSummary(run);
    const config: unknown = JSON.parse(readFileSync(join(adapterPath ?? '', 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ peft_type: 'LORA', r: 2, lora_alpha: 4 });
  });

  it('records the loss on held-out items, and where training stopped for it', async () => {
    const into = join(scratch, 'held out');
    const train = { ...leastStudy(model).train, heldOut: 0.5, evaluateEverySteps: 4, patience: 1 };
    const losses: (number | undefined)[] = [];
    const onEvent = (event: StudyEvent): void => {
      if (event.type === 'progress') losses.push(...event.active.map(({ heldOutLoss }) => heldOutLoss));
    };
    expect(await carryOut(into, { train, base: false }, { onEvent })).toMatchObject({ failed: 0 });
    const run = trainedRun(into);
    if (!run.training?.result.heldOut) throw new Error('nothing was held out');
    const { heldOut, steps } = run.training.result;
    expect(heldOut).toMatchObject({ items: 1, isBestKept: true });
    expect(losses).toContain(heldOut.bestLoss);
    expect(runSummary(run).heldOut).toMatchObject({ bestStep: heldOut.bestStep });
    const metrics = readFileSync(join(trainedAt(into), TRAINING_FILES.metrics), 'utf8')
      .trim()
      .split('\n');
    expect(metrics).toHaveLength(steps);
    expect(metrics[heldOut.bestStep - 1]).toContain(`"heldOutLoss":${heldOut.bestLoss}`);
  });

  it('trains and asks on a quantised base where that is wished', async () => {
    const into = join(scratch, 'quantised');
    const train = { ...leastStudy(model).train, quantisation: 'nf4' as const };
    expect(await carryOut(into, { train, base: false })).toMatchObject({ failed: 0 });
    const run = trainedRun(into);
    if (run.training === null) throw new Error('not trained');
    expect(run.spec.identity.training?.settings.quantisation).toBe('nf4');
    expect(run.training.result.lastLoss).toBeLessThan(run.training.result.firstLoss);
  });

  it('carried out again starts no worker and changes no file', async () => {
    const before = statSync(join(trainedRun(folder).folder, RUN_FILES.result)).mtimeMs;
    const executor = (): never => {
      throw new Error('a worker was started');
    };
    const { carriedOut, reused } = await carryOut(folder, {}, { executor });
    expect({ carriedOut, reused }).toEqual({ carriedOut: 0, reused: 2 });
    expect(statSync(join(trainedRun(folder).folder, RUN_FILES.result)).mtimeMs).toBe(before);
  });

  it('judges a run anew whose rows are damaged, and says what was damaged', async () => {
    const run = trainedRun(folder);
    const rows = join(run.folder, RUN_FILES.rows);
    const text = readFileSync(rows, 'utf8');
    writeFileSync(rows, text.slice(0, -20));
    const { carriedOut, work, events } = await carryOut(folder);
    expect({ carriedOut, work }).toEqual({ carriedOut: 1, work: { trainings: 0, questions: 0, judgements: 0 } });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'damaged', damage: 'rows.jsonl has another size than when it was written' }),
    );
    expect(readFileSync(rows, 'utf8')).toBe(text);
  });

  it('trains an adapter anew that is damaged, and asks it nothing that the same weights have answered', async () => {
    const weights = join(trainedAt(folder), 'adapter/adapter_model.safetensors');
    const bytes = readFileSync(weights);
    writeFileSync(weights, bytes.subarray(0, -1));
    const { work, events } = await carryOut(folder);
    expect(work).toEqual({ trainings: 1, questions: 0, judgements: 0 });
    expect(events).toContainEqual(
      expect.objectContaining({
        damage: 'adapter/adapter_model.safetensors has another size than when it was written',
      }),
    );
    expect(readFileSync(weights)).toEqual(bytes);
  });

  it('names file, line and field of a damaged record', () => {
    const run = trainedRun(folder);
    const rows = join(run.folder, RUN_FILES.rows);
    const text = readFileSync(rows, 'utf8');
    writeFileSync(rows, text.replace(/"rank":2/, '"rank":"two"'));
    expect(() => readRows(run)).toThrow(/rows\.jsonl cannot be read:\n {2}- line 1: field "rank" is wrong/);
    writeFileSync(rows, text);
    const spec = join(run.folder, RUN_FILES.spec);
    const whole = readFileSync(spec, 'utf8');
    writeFileSync(spec, whole.replace('"dataset": "articles"', '"dataset": 7'));
    expect(() => readStudy(folder)).toThrow(
      /spec\.json cannot be used: field "identity\.dataset" is wrong.*remove the run’s folder/,
    );
  });

  it('mends a damaged spec of a run that it has planned', async () => {
    expect(await carryOut(folder)).toMatchObject({ carriedOut: 0, reused: 2 });
    expect(readStudy(folder).runs.map(({ status }) => status)).toEqual(['done', 'done']);
  });

  it('adds runs to a folder without touching those that are there', async () => {
    const grid: StudyInput['grid'] = [{ dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2, 3] }];
    expect(await carryOut(folder, { grid })).toMatchObject({ carriedOut: 1, reused: 2 });
  });
});

describe('a study in which something goes wrong', { timeout: 120_000 }, () => {
  it('notes a run that fails, and carries out the others', async () => {
    const folder = join(scratch, 'failing');
    const { failed, carriedOut, events } = await carryOut(folder, {
      base: false,
      grid: [
        { dataset: 'articles', book: 'open', levels: ['summ_l3'], ranks: [2], train: { maxLength: 50 } },
        { dataset: 'articles', book: 'closed', ranks: [2] },
      ],
    });
    expect({ failed, carriedOut }).toEqual({ failed: 1, carriedOut: 1 });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'failed', message: expect.stringContaining('raise maxLength') as string }),
    );
    const run = readStudy(folder).runs.find(({ status }) => status === 'failed');
    if (run?.status !== 'failed') throw new Error('no run failed');
    expect(run.error).toMatchObject({ name: 'UserError', stage: 'training' });
    expect(run.training).toBeNull();
  });

  it('goes on with half the micro-batch, once, when a worker is killed for memory', async () => {
    const folder = join(scratch, 'memory');
    let isKilled = false;
    const kill = (event: StudyEvent): void => {
      if (
        isKilled ||
        event.type !== 'progress' ||
        !event.active.some(({ stage, share }) => stage === 'training' && share > 0)
      )
        return;
      isKilled = true;
      process.kill(workerProcess(), 'SIGKILL');
    };
    const { events, failed } = await carryOut(
      folder,
      { base: false },
      { executor: () => poolExecutor(workerEntry(), 1, { kills: () => Number(isKilled) }), onEvent: kill },
    );
    expect(failed).toBe(0);
    expect(events.filter(({ type }) => type === 'retried')).toHaveLength(1);
    const run = trainedRun(folder);
    if (run.status !== 'done') throw new Error(`run is ${run.status}`);
    expect(run.training?.retry).toMatchObject({ batchTokens: { from: 64, to: 32 }, accumulation: { from: 1, to: 2 } });
  });

  it('goes on with half the micro-batch, once, when an allocation fails', async () => {
    const folder = join(scratch, 'allocation');
    const hungry = fileURLToPath(new URL('support/hungry-worker.mjs', import.meta.url));
    const { events, failed } = await carryOut(folder, { base: false }, { executor: () => inlineExecutor(hungry) });
    expect(failed).toBe(0);
    const retries = events.flatMap((event) => (event.type === 'retried' ? [event.retry] : []));
    expect(retries).toEqual([
      {
        batchTokens: { from: 64, to: 32 },
        accumulation: { from: 1, to: 2 },
        reason: expect.stringContaining('Failed to allocate memory') as string,
      },
    ]);
    const run = trainedRun(folder);
    if (run.status !== 'done') throw new Error(`run is ${run.status}`);
    expect(run.training?.retry).toEqual(retries[0]);
    expect(run.training?.id).not.toBe(identityHash(run.spec.identity.training ?? never()));
  });

  it('goes on so with every run of the training, though one alone notes it', async () => {
    const folder = join(scratch, 'allocations');
    const hungry = fileURLToPath(new URL('support/hungry-worker.mjs', import.meta.url));
    const part = { dataset: 'articles', book: 'open' as const, levels: ['summ_l3'], ranks: [2] };
    const { events, failed, work } = await carryOut(
      folder,
      { base: false, grid: [part, { ...part, amounts: [2], evaluateOn: 'trained' }] },
      { executor: () => inlineExecutor(hungry) },
    );
    expect({ failed, trainings: work.trainings }).toEqual({ failed: 0, trainings: 1 });
    expect(events.filter(({ type }) => type === 'retried')).toHaveLength(1);
  });

  it('does not count a run as failed that another process tries again with half the micro-batch', async () => {
    const folder = join(scratch, 'tried again');
    const { runs } = await planStudy(studyConfig(leastStudy(model, { base: false })));
    const [{ spec }] = runs as [PlannedRun];
    const message = 'Failed to allocate memory';
    /** What the other process does once this one has looked at the folder. */
    const executor = () => {
      const error = { name: 'Error', message, stage: 'training', stack: null };
      writeFileSync(join(runPath(folder, spec), RUN_FILES.error), JSON.stringify(error));
      shrinkTraining(folder, spec.identity.training ?? never(), message);
      // As it is where both are written within one tick of the clock.
      const now = new Date();
      utimesSync(join(runPath(folder, spec), RUN_FILES.error), now, now);
      utimesSync(join(trainingPath(folder, spec.identity.training ?? never()), TRAINING_FILES.retry), now, now);
      return inlineExecutor(workerEntry());
    };
    const { events, failed } = await carryOut(folder, { base: false }, { executor });
    expect({ failed, retried: events.filter(({ type }) => type === 'retried').length }).toEqual({
      failed: 0,
      retried: 0,
    });
    const run = trainedRun(folder);
    expect(run.status === 'done' && run.training?.retry).toMatchObject({ reason: message });
  });

  it('stops when it is told to, keeps what is finished, and goes on from there', async () => {
    const folder = join(scratch, 'stopped');
    const controller = new AbortController();
    const stop = (event: StudyEvent): void => {
      if (event.type === 'progress' && event.active.some(({ stage, share }) => stage === 'training' && share > 0.5))
        controller.abort(new Error('told to stop'));
    };
    await expect(carryOut(folder, {}, { signal: controller.signal, onEvent: stop })).rejects.toThrow('told to stop');
    expect(existsSync(join(folder, 'lock'))).toBe(false);
    expect(readStudy(folder).runs.map(({ status }) => status)).toEqual(['done', 'pending']);
    expect(await carryOut(folder)).toMatchObject({ carriedOut: 1, reused: 1, failed: 0 });
    const metrics = (of: string): string => readFileSync(join(trainedAt(of), TRAINING_FILES.metrics), 'utf8');
    expect(metrics(folder)).toBe(metrics(join(scratch, 'whole')));
  });

  it('shares its runs with a second process that carries out the same', async () => {
    const folder = join(scratch, 'shared');
    const both = await Promise.all([carryOut(folder), carryOut(folder)]);
    const sum = (of: (each: Told) => number): number => both.reduce((total, each) => total + of(each), 0);
    expect(sum(({ carriedOut }) => carriedOut)).toBe(2);
    expect(sum(({ work }) => work.trainings)).toBe(1);
    expect(both.map(({ runs }) => runs.map(({ status }) => status))).toEqual([
      ['done', 'done'],
      ['done', 'done'],
    ]);
    expect(both.flatMap(({ events }) => events).filter(({ type }) => type === 'joined')).toHaveLength(1);
  });

  it('keeps a process out of its folder that carries out other runs', async () => {
    const folder = join(scratch, 'kept');
    const first = carryOut(folder);
    await expect.poll(() => existsSync(join(folder, 'lock'))).toBe(true);
    await expect(carryOut(folder, { base: false })).rejects.toThrow(/is in use by process \d+/);
    expect(await first).toMatchObject({ carriedOut: 2 });
  });

  it('leaves a run alone whose process was killed by hand, and does not take it for a lack of memory', async () => {
    const folder = join(scratch, 'by hand');
    let isKilled = false;
    const kill = (event: StudyEvent): void => {
      if (isKilled || event.type !== 'progress' || event.active.length === 0) return;
      isKilled = true;
      process.kill(workerProcess(), 'SIGKILL');
    };
    const options = { executor: () => poolExecutor(workerEntry(), 1), onEvent: kill };
    const { events, failed } = await carryOut(folder, { base: false }, options);
    expect({ failed, types: events.map(({ type }) => type) }).toMatchObject({ failed: 1 });
    expect(events.some(({ type }) => type === 'retried')).toBe(false);
    expect(await carryOut(folder, { base: false })).toMatchObject({ carriedOut: 1, failed: 0 });
  });
});

function never(): never {
  throw new Error('nothing is trained');
}

/** The one child of this process that works for a study. */
function workerProcess(): number {
  const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' }).split(
    '\n',
  );
  const line = lines.find((each) => each.includes(join('study', 'worker.js')));
  if (line === undefined) throw new Error('no worker process');
  return Number.parseInt(line, 10);
}
