import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  mlflowAddress,
  mlflowAddressProblem,
  mlflowAuthorization,
  mlflowExperiment,
} from '../../src/trackers/mlflow/address.js';
import { MlflowClient } from '../../src/trackers/mlflow/client.js';
import { MlflowTracker } from '../../src/trackers/mlflow/mlflow.js';
import { FakeMlflow, type Fault } from './support/fake-mlflow.js';
import { madeUpRun } from './support/runs.js';

let server: FakeMlflow;
beforeEach(async () => {
  server = new FakeMlflow();
  await server.start();
});
afterEach(() => server.close());

const signal = new AbortController().signal;
const tracker = (env: NodeJS.ProcessEnv = {}, answerMs = 20_000): MlflowTracker =>
  new MlflowTracker(new MlflowClient(new URL(`${server.address}/`), env, answerMs), 'tests');

const failure = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return String(error);
  }
  throw new Error('nothing failed');
};

describe('runs told to MLflow', () => {
  it('have their settings, every step, what they came to, and how they ended', async () => {
    await tracker().publish(madeUpRun(20), signal);
    expect([...server.experiments.keys()]).toEqual(['tests']);
    const [run, ...others] = server.runs;
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      name: 'a r2',
      status: 'FINISHED',
      startTime: 1_700_000_000_000,
      endTime: 1_700_000_002_000,
    });
    expect(Object.fromEntries(run?.params ?? [])).toEqual({
      ...{ rank: '2', level: 'summ_l3', 'train.rslora': 'false', 'train.learningRate': '0.0005' },
    });
    expect(Object.fromEntries(run?.tags ?? [])).toMatchObject({ 'lightmem.study': 'tests', 'lightmem.status': 'done' });
    const of = (key: string) => run?.metrics.filter((each) => each.key === key);
    expect(of('train/loss')?.map(({ step, value }) => [step, value])).toEqual(
      Array.from({ length: 20 }, (_, i) => [i + 1, 1 / (i + 3)]),
    );
    expect(of('held_out/loss')?.map(({ step }) => step)).toEqual([10, 20]);
    expect(of('accuracy/llm _qwen_ plus_')).toMatchObject([{ step: 20, value: 0.75 }]);
  });

  it('are told nothing twice, by the same process or by another', async () => {
    const own = tracker();
    await own.publish(madeUpRun(7, { status: 'running' }), signal);
    await own.publish(madeUpRun(9, { status: 'running' }), signal);
    // It was killed: whoever tells next knows nothing of it.
    await tracker().publish(madeUpRun(12, { status: 'running' }), signal);
    await tracker().publish(madeUpRun(25), signal);
    const held = server.held;
    const writes = server.writes.length;
    const other = tracker();
    await other.publish(madeUpRun(25), signal);
    await other.publish(madeUpRun(25), signal);
    expect(server.writes).toHaveLength(writes);
    const fresh = new FakeMlflow();
    await fresh.start();
    await new MlflowTracker(new MlflowClient(new URL(`${fresh.address}/`), {}, 20_000), 'tests').publish(
      madeUpRun(25),
      signal,
    );
    expect(held).toEqual(fresh.held);
    fresh.close();
  });

  it('are told in as many requests as a server takes, and long histories are read whole', async () => {
    await tracker().publish(madeUpRun(1_700, { status: 'running' }), signal);
    await tracker().publish(madeUpRun(2_600), signal);
    const losses = server.runs[0]?.metrics.filter(({ key }) => key === 'train/loss').map(({ step }) => step);
    expect(losses).toEqual(Array.from({ length: 2_600 }, (_, i) => i + 1));
  });

  it('that stand in several pages of the server are all found again', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await tracker().publish(madeUpRun(2, { name }), signal);
    const { study, version } = madeUpRun(2);
    expect([...(await tracker().versions(study, names, signal))]).toEqual(names.map((name) => [name, version]));
    expect((await tracker().versions({ ...study, mark: 'fedcba9876543210' }, names, signal)).size).toBe(0);
  });

  it('that came out otherwise later have the later values too', async () => {
    await tracker().publish(madeUpRun(3), signal);
    await tracker().publish(madeUpRun(3, { outcome: { 'answers/count': 13 }, version: 'a'.repeat(16) }), signal);
    const counts = server.runs[0]?.metrics.filter(({ key }) => key === 'answers/count').map(({ value }) => value);
    expect(counts).toEqual([12, 13]);
    expect(server.runs[0]?.tags.get('lightmem.version')).toBe('a'.repeat(16));
  });

  it('fail in words and with their error as a tag', async () => {
    await tracker().publish(
      madeUpRun(3, { status: 'failed', tags: { status: 'failed', error: 'training: no memory' } }),
      signal,
    );
    expect(server.runs[0]?.status).toBe('FAILED');
    expect(server.runs[0]?.tags.get('lightmem.error')).toBe('training: no memory');
  });

  it.each(['unheard', 'down', 'fails', 'cut', 'garbled'] as const)(
    'are whole and have nothing twice whichever request is %s, whether the process lives or not',
    async (fault) => {
      const whole = tracker();
      await whole.publish(madeUpRun(12), signal);
      const { held, requests } = server;
      const places = requests.length;
      expect(places).toBeGreaterThan(6);
      for (const lives of [true, false])
        for (let place = 0; place < places; place++) {
          server.wipe();
          server.requests.length = 0;
          server.faultAt = { place, fault };
          const first = tracker();
          await failure(first.publish(madeUpRun(12), signal));
          await (lives ? first : tracker()).publish(madeUpRun(12), signal);
          expect([place, server.held]).toEqual([place, held]);
        }
    },
  );

  it('of a study told at once are one each, though the first answers are lost', async () => {
    const own = tracker();
    const all = ['a', 'b', 'c', 'd'].map((name) => madeUpRun(3, { name, label: name }));
    server.faultAt = { place: 3, fault: 'unheard' };
    const outcomes = await Promise.allSettled(all.map((run) => own.publish(run, signal)));
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
    for (const run of all) await own.publish(run, signal);
    expect(server.runs.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are told anew to a server that has lost everything', async () => {
    const own = tracker();
    await own.publish(madeUpRun(5, { status: 'running' }), signal);
    server.wipe();
    await failure(own.publish(madeUpRun(6), signal));
    await own.publish(madeUpRun(6), signal);
    expect(server.runs[0]?.metrics.filter(({ key }) => key === 'train/loss')).toHaveLength(6);
  });
});

describe('what a server refuses', () => {
  const env = { MLFLOW_TRACKING_TOKEN: 'a-token-nobody-may-see' };
  it.each<[Fault, RegExp]>([
    ['refuses', /refuses \(401\): what is set does not do: set MLFLOW_TRACKING_USERNAME and/],
    ['forbids', /refuses \(403\)/],
    ['redirects', /no MLflow API \(302\): give the address/],
    ['garbled', /not MLflow's: <html>Welcome/],
    ['fails', /answers 500: <html>Internal Server Error, said to Bearer \[key\]/],
    ['full', /refuses \(500\): \(sqlite3.OperationalError\) database or disk is full/],
    ['limits', /answers 429: Too many/],
    ['down', /closed|ECONN|socket/],
    ['hangs', /no whole answer within 0.2 s/],
  ])('is told in words where it %s, and no key with it', async (fault, words) => {
    server.fault = fault;
    const said = await failure(tracker(env, 200).publish(madeUpRun(2), signal));
    expect(said).toMatch(words);
    expect(said).not.toContain('nobody');
    expect(server.headers.at(-1)?.authorization).toBe('Bearer a-token-nobody-may-see');
  });

  it('is that an experiment was deleted, and what to do', async () => {
    server.experiments.set('tests', { id: '5', stage: 'deleted' });
    expect(await failure(tracker().publish(madeUpRun(2), signal))).toMatch(
      /"tests" was deleted: restore it there, or name another/,
    );
  });

  it('says which variables to set where none is', async () => {
    server.fault = 'refuses';
    expect(await failure(tracker().publish(madeUpRun(2), signal))).toMatch(/\(401\): set MLFLOW_TRACKING_USERNAME and/);
  });
});

describe('the address of a server and who asks', () => {
  it('are those that were given, or else of the environment', () => {
    const env = { MLFLOW_TRACKING_URI: 'http://host:5000/mlflow', MLFLOW_EXPERIMENT_NAME: 'theirs' };
    expect(mlflowAddress(undefined, env).href).toBe('http://host:5000/mlflow/');
    expect(mlflowAddress('http://other', env).href).toBe('http://other/');
    expect(mlflowExperiment(undefined, 'study', env)).toBe('theirs');
    expect(mlflowExperiment('mine', 'study', env)).toBe('mine');
    expect(mlflowExperiment(undefined, 'study', {})).toBe('study');
    expect(() => mlflowAddress(undefined, {})).toThrow(/set MLFLOW_TRACKING_URI/);
    expect(() => mlflowAddress(undefined, { MLFLOW_TRACKING_URI: 'databricks' })).toThrow(
      /MLFLOW_TRACKING_URI invalid "databricks"/,
    );
  });

  it('cannot be files or databases, and no password stands in an address or is repeated', () => {
    expect(mlflowAddressProblem('http://127.0.0.1:5000')).toBeUndefined();
    expect(mlflowAddressProblem('sqlite:///mlflow.db')).toMatch(/start `mlflow server`/);
    expect(mlflowAddressProblem('./mlruns')).toMatch(/start `mlflow server`/);
    for (const address of ['http://me:secret@host', 'ftp://me:secret@host']) {
      const problem = mlflowAddressProblem(address);
      expect(problem).toMatch(/MLFLOW_TRACKING_USERNAME/);
      expect(problem).not.toContain('secret');
    }
  });

  it('prefer user and password to a token, as MLflow’s clients do', () => {
    const both = { MLFLOW_TRACKING_TOKEN: 't', MLFLOW_TRACKING_USERNAME: 'me', MLFLOW_TRACKING_PASSWORD: 'p:w' };
    expect(mlflowAuthorization(both)?.header).toBe(`Basic ${Buffer.from('me:p:w').toString('base64')}`);
    expect(mlflowAuthorization({ ...both, MLFLOW_TRACKING_PASSWORD: '' })?.header).toBe('Bearer t');
    expect(mlflowAuthorization({})).toBeNull();
  });
});
