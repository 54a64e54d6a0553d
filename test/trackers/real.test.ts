import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { inlineExecutor } from '../../src/executors/inline.js';
import { studyConfig } from '../../src/study/config-file.js';
import { planStudy } from '../../src/study/plan.js';
import { workerEntry } from '../../src/study/placement.js';
import { runLog } from '../../src/study/run-log.js';
import { runStudy, type StudyEvent } from '../../src/study/runner.js';
import { readStudyRecord } from '../../src/study/study-record.js';
import { publishStudy } from '../../src/study/tracking/publish.js';
import { MlflowClient } from '../../src/trackers/mlflow/client.js';
import { MlflowTracker } from '../../src/trackers/mlflow/mlflow.js';
import { tensorboard } from '../../src/trackers/tensorboard/tensorboard.js';
import { leastStudy } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';
import { realTrackers, type ReadEvents } from './support/real-trackers.js';
import { madeUpRun } from './support/runs.js';

const trackers = await realTrackers();
const { scratch, address, ask } = trackers;
const model = join(scratch, 'model');
const signal = new AbortController().signal;
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

interface ServerRun {
  readonly info: {
    readonly run_id: string;
    readonly run_name: string;
    readonly status: string;
    readonly end_time?: number;
  };
  readonly data: Readonly<Record<'params' | 'tags', readonly { readonly key: string; readonly value: string }[]>>;
}

async function runsOf(experiment: string): Promise<ServerRun[]> {
  const found = await ask(`experiments/get-by-name?experiment_name=${encodeURIComponent(experiment)}`);
  const { experiment_id: id } = found['experiment'] as { experiment_id: string };
  const { runs = [] } = await ask('runs/search', { experiment_ids: [id] });
  return runs as ServerRun[];
}

async function history({ info }: ServerRun, key: string): Promise<[number, number][]> {
  const { metrics = [] } = await ask(`metrics/get-history?run_id=${info.run_id}&metric_key=${encodeURIComponent(key)}`);
  return (metrics as { step?: number; value: number }[]).map(({ step = 0, value }) => [step, value]);
}

/** Losses by step of the run that a folder has under a name. */
const lossesIn = (folder: string, name: string): [number, number][] =>
  runLog(folder, name).losses.map(({ step, loss }) => [step, loss]);

beforeAll(() => {
  writeTinyModel(model);
});

trackers.describe('a real server of MLflow', () => {
  beforeAll(() => trackers.start());

  it('has every run of a study, every step, and what it came to, told while it goes on and killed in its middle', async () => {
    const folder = join(scratch, 'killed');
    const track = { mlflow: { uri: address, experiment: 'killed, then started' } };
    const notices: string[] = [];
    const plan = await planStudy(studyConfig(leastStudy(model, { track })));
    const summary = await runStudy(plan, {
      ...{ folder, command: 'test', executor: () => inlineExecutor(workerEntry()) },
      trackingTimes: { pollMs: 20, pauseMs: 100 },
      onEvent: (event: StudyEvent) => {
        if (event.type === 'finished') trackers.kill();
        if (event.type === 'notice') notices.push(event.message);
      },
    });
    expect(summary.failed).toBe(0);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/MLflow .*: runs go on without it/s);
    await trackers.start();
    await publishStudy(folder, track);
    await publishStudy(folder, track);
    const runs = await runsOf('killed, then started');
    expect(runs.map(({ info }) => info.status)).toEqual(['FINISHED', 'FINISHED']);
    for (const run of runs) {
      expect(run.info.end_time).toBeGreaterThan(0);
      const tags = Object.fromEntries(run.data.tags.map(({ key, value }) => [key, value]));
      expect(await history(run, 'train/loss')).toEqual(lossesIn(folder, tags['lightmem.run'] ?? ''));
      expect(await history(run, 'score/lexical')).toHaveLength(1);
      expect(run.data.params.find(({ key }) => key === 'rank')?.value).toMatch(/^[02]$/);
    }
  });

  it('takes long trainings and names of any kind, and is told nothing twice', async () => {
    const tracker = () => new MlflowTracker(new MlflowClient(new URL(`${address}/`), {}, 60_000), 'long');
    await tracker().publish(madeUpRun(1_300, { status: 'running' }), signal);
    await tracker().publish(madeUpRun(2_300), signal);
    await tracker().publish(madeUpRun(2_300), signal);
    const runs = await runsOf('long');
    expect(runs).toHaveLength(1);
    const [run] = runs;
    if (run === undefined) throw new Error('no run');
    expect(await history(run, 'train/loss')).toEqual(Array.from({ length: 2_300 }, (_, i) => [i + 1, 1 / (i + 3)]));
    expect(await history(run, 'accuracy/llm _qwen_ plus_')).toEqual([[2_300, 0.75]]);
    const versions = await tracker().versions(madeUpRun(1).study, [], signal);
    expect([...versions.values()]).toEqual([madeUpRun(1).version]);
  });

  it('says in its own words that an experiment was deleted', async () => {
    const found = await ask('experiments/create', { name: 'deleted' });
    await ask('experiments/delete', { experiment_id: found['experiment_id'] });
    const tracker = new MlflowTracker(new MlflowClient(new URL(`${address}/`), {}, 60_000), 'deleted');
    await expect(tracker.publish(madeUpRun(2), signal)).rejects.toThrow(/"deleted" was deleted: restore it there/);
  });
});

trackers.describe('TensorBoard’s own reader', () => {
  const only = (folder: string): ReadEvents => {
    const [read, ...others] = Object.values(trackers.readEvents(folder));
    if (read === undefined || others.length > 0) throw new Error('not one run');
    return read;
  };

  it('reads every run of a study: losses, scores, settings, and how it ended', async () => {
    const [folder, tb] = [join(scratch, 'read'), join(scratch, 'read tb')];
    const plan = await planStudy(studyConfig(leastStudy(model, { track: { tensorboard: tb } })));
    await runStudy(plan, {
      folder,
      command: 'test',
      executor: () => inlineExecutor(workerEntry()),
      trackingTimes: { pollMs: 20 },
    });
    const read = trackers.readEvents(tb);
    const { runs } = readStudyRecord(folder);
    expect(Object.keys(read).sort()).toEqual([...runs].sort());
    for (const name of runs) {
      const events = read[name];
      const told = lossesIn(folder, name).map(([step, loss]) => [step, Math.fround(loss)]);
      expect(events?.scalars['train/loss'] ?? []).toEqual(told);
      expect(events?.scalars['score/lexical']).toHaveLength(1);
      expect(events).toMatchObject({ status: 1, texts: { 'lightmem/status': 'done', 'lightmem/study': 'least' } });
      expect(events?.hparams).toMatchObject({ dataset: 'articles', level: 'summ_l3', 'generation.temperature': 0 });
    }
  });

  it('reads a run that goes on, and one that failed', async () => {
    const tb = join(scratch, 'failed tb');
    await tensorboard(tb).publish(madeUpRun(30, { status: 'running' }), signal);
    expect(only(tb)).toMatchObject({ status: null, hparams: { rank: 2, 'train.rslora': false, level: 'summ_l3' } });
    expect(only(tb).scalars['held_out/loss']).toEqual([
      [10, 9],
      [20, 19],
      [30, 29],
    ]);
    await tensorboard(tb).publish(madeUpRun(40, { status: 'failed', tags: { error: 'training: no memory' } }), signal);
    expect(only(tb)).toMatchObject({ status: 2, texts: { 'lightmem/error': 'training: no memory' } });
    expect(only(tb).scalars['train/loss']).toHaveLength(40);
  });
});
