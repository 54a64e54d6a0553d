import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseStudy, studyConfig } from '../../src/study/config-file.js';
import type { StudyInput } from '../../src/study/config.js';
import { planStudy } from '../../src/study/plan.js';
import { runLog } from '../../src/study/run-log.js';
import { runStudy, type StudyEvent, type StudyOptions } from '../../src/study/runner.js';
import { readStudyRecord } from '../../src/study/study-record.js';
import { publishStudy } from '../../src/study/tracking/publish.js';
import { lockTracking } from '../../src/study/tracking/tracked-study.js';
import { records } from '../../src/trackers/tensorboard/records.js';
import { FakeMlflow, type Fault } from '../trackers/support/fake-mlflow.js';
import { lastingExecutor } from './support/lasting-worker.js';
import { leastStudy, scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

vi.setConfig({ testTimeout: 120_000 });
const scratch = scratchFolder();
const model = join(scratch, 'model');
const server = new FakeMlflow();
/** A study that was carried out and told to nobody. */
const plain = join(scratch, 'plain');
/** What a server holds that was told a whole study without any trouble. */
let whole: unknown;

beforeAll(async () => {
  writeTinyModel(model);
  await server.start();
  await carryOut(plain);
  const folder = copyOfPlain();
  await publishStudy(folder, toServer());
  whole = held();
  forget();
}, 60_000);
afterAll(() => server.close());
afterEach(() => {
  vi.unstubAllEnvs();
  server.fault = undefined;
  forget();
});
const forget = (): void => {
  server.wipe();
  server.requests.length = 0;
};

const QUICK = { pollMs: 20, answerMs: 200, pauseMs: 50, closeMs: 400 };
let folders = 0;
const folderName = (): string => join(scratch, `study ${folders++}`);
const copyOfPlain = (): string => {
  const folder = folderName();
  cpSync(plain, folder, { recursive: true });
  return folder;
};
const toServer = () => ({ mlflow: { uri: server.address, experiment: 'tests' } });

async function carryOut(folder: string, track?: StudyInput['track'], options: Partial<StudyOptions> = {}) {
  const notices: string[] = [];
  const plan = await planStudy(studyConfig(leastStudy(model, track === undefined ? {} : { track })));
  const summary = await runStudy(plan, {
    ...{ folder, command: 'lightmem study run least.yaml', executor: lastingExecutor },
    trackingTimes: { ...QUICK, answerMs: 20_000, closeMs: 60_000 },
    ...options,
    onEvent: (event: StudyEvent) => {
      if (event.type === 'notice') notices.push(event.message);
      options.onEvent?.(event);
    },
  });
  return { ...summary, notices };
}

/** What the study's runs came to: rows and losses. */
const outcome = (folder: string) =>
  readStudyRecord(folder).runs.map((name) => [
    readFileSync(join(folder, 'runs', name, 'rows.jsonl'), 'utf8'),
    runLog(folder, name).losses,
  ]);
/** Every value that was logged for a step once, and every run once. */
const expectNothingTwice = (): void => {
  const names = server.runs.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  for (const { metrics } of server.runs) {
    const places = metrics.map(({ key, step }) => `${key} ${step}`);
    expect(places).toEqual([...new Set(places)]);
  }
};
/** What the server holds, without marks of studies, and how long things took. */
const held = (): unknown =>
  JSON.parse(JSON.stringify(server.held), (key, value: unknown) => {
    if (/^lightmem\.(mark|version)$/.test(key)) return undefined;
    return key === 'metrics' ? (value as string[]).filter((each) => !each.startsWith('seconds/')) : value;
  });
const eventFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('tfevents'));

describe('a study that is tracked', () => {
  it('comes to the same, and MLflow and TensorBoard have every step and score of it', async () => {
    const [tracked, tensorboard] = [folderName(), folderName()];
    expect(existsSync(join(plain, 'tracking'))).toBe(false);
    const { notices, runs } = await carryOut(tracked, { ...toServer(), tensorboard });
    expect(notices).toEqual([]);
    expect(outcome(tracked)).toEqual(outcome(plain));
    expect(server.runs).toHaveLength(2);
    expectNothingTwice();
    for (const { spec } of runs) {
      const told = server.runs.find(({ params }) => params.get('identity') === spec.id);
      expect(told?.status).toBe('FINISHED');
      const name = told?.tags.get('lightmem.run') ?? '';
      const losses = told?.metrics.filter(({ key }) => key === 'train/loss').map(({ value }) => value);
      expect(losses).toEqual(runLog(tracked, name).losses.map(({ loss }) => loss));
      const keys = told?.metrics.map(({ key }) => key);
      expect(keys).toEqual(expect.arrayContaining(['score/lexical', 'accuracy/lexical', 'answers/unscored']));
      const file = readFileSync(join(tensorboard, 'least', name, 'events.out.tfevents.0.lightmem'));
      expect([...records(file)].length).toBe(2 + runLog(tracked, name).losses.length + 2);
    }
    expect(held()).toEqual(whole);
  });

  it('is told nothing more by another study run, or by an export', async () => {
    const [folder, tensorboard] = [folderName(), folderName()];
    await carryOut(folder, { ...toServer(), tensorboard });
    const writes = server.writes.length;
    const files = () => eventFiles(tensorboard).map((name) => readFileSync(join(tensorboard, name), 'hex'));
    const before = files();
    await carryOut(folder, { ...toServer(), tensorboard });
    const published = await publishStudy(folder, { ...toServer(), tensorboard });
    expect(published).toMatchObject([{ runs: 2 }, { runs: 2 }]);
    expect(server.writes).toHaveLength(writes);
    expect(files()).toEqual(before);
  });

  it.each<Fault>(['down', 'hangs', 'fails', 'cut', 'garbled', 'refuses', 'redirects', 'full', 'limits', 'unheard'])(
    'comes to its end with a server where everything %s, says so once and what to do, and is told whole later',
    async (fault) => {
      const [folder, tensorboard] = [folderName(), folderName()];
      server.fault = fault;
      const { failed, notices } = await carryOut(folder, { ...toServer(), tensorboard }, { trackingTimes: QUICK });
      expect(failed).toBe(0);
      expect(notices).toHaveLength(1);
      expect(notices[0]).toMatch(/^MLflow \(http:.*: runs go on without it.*lightmem study export '.*' --mlflow http/s);
      expect(eventFiles(tensorboard)).toHaveLength(2);
      server.fault = undefined;
      await publishStudy(folder, toServer());
      expectNothingTwice();
      expect(held()).toEqual(whole);
    },
  );

  it('waits for a server that is still to answer no longer than it says, says so, and is told the rest later', async () => {
    const folder = folderName();
    server.hangsFrom = 4;
    const times = { ...QUICK, answerMs: 600_000 };
    const { failed, notices } = await carryOut(folder, toServer(), { trackingTimes: times });
    server.hangsFrom = Infinity;
    expect(server.writes.length).toBeGreaterThan(0);
    expect(failed).toBe(0);
    expect(notices).toEqual([
      expect.stringMatching(/not all was told within 0.4 s of the end.*lightmem study export/s),
    ]);
    await carryOut(folder, toServer());
    expectNothingTwice();
    expect(held()).toEqual(whole);
  });

  it('is told to a server that answers again while it runs, without any further word', async () => {
    const folder = folderName();
    server.fault = 'fails';
    const { notices } = await carryOut(folder, toServer(), {
      onEvent: ({ type }) => {
        if (type === 'progress' && server.requests.length > 0) server.fault = undefined;
      },
    });
    expect(notices.length).toBeLessThanOrEqual(1);
    expect(held()).toEqual(whole);
  });

  it('goes on without TensorBoard where its folder cannot be, and is told to MLflow all the same', async () => {
    const folder = folderName();
    const file = join(scratch, 'a file');
    writeFileSync(file, '');
    const { failed, notices } = await carryOut(folder, { ...toServer(), tensorboard: join(file, 'tb') });
    expect(failed).toBe(0);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/TensorBoard .*could not write .*a part of the path is a file/s);
    expect(held()).toEqual(whole);
  });

  it('goes on where nothing says which server, says what to set, and writes TensorBoard’s files', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', '');
    const [folder, tensorboard] = [folderName(), folderName()];
    const { failed, notices } = await carryOut(folder, { mlflow: {}, tensorboard });
    expect(failed).toBe(0);
    expect(notices).toEqual([
      expect.stringMatching(/^mlflow: no address of an MLflow server: set MLFLOW_TRACKING_URI/),
    ]);
    expect(eventFiles(tensorboard)).toHaveLength(2);
  });

  it('takes server, experiment and who asks from MLflow’s own variables, and keeps and says nothing of a key', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', server.address);
    vi.stubEnv('MLFLOW_EXPERIMENT_NAME', 'of the environment');
    vi.stubEnv('MLFLOW_TRACKING_USERNAME', 'me');
    vi.stubEnv('MLFLOW_TRACKING_PASSWORD', 'never-to-be-seen');
    const folder = folderName();
    server.fault = 'fails'; // it says the header back
    const { notices } = await carryOut(folder, { mlflow: {} }, { trackingTimes: QUICK });
    server.fault = undefined;
    await carryOut(folder, { mlflow: {} });
    expect([...server.experiments.keys()]).toEqual(['of the environment']);
    const header = `Basic ${Buffer.from('me:never-to-be-seen').toString('base64')}`;
    expect(server.headers.at(-1)?.authorization).toBe(header);
    const kept = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    for (const text of [...kept, ...notices]) {
      expect(text).not.toContain('never-to-be-seen');
      expect(text).not.toContain(header);
    }
  });

  it('ends at once when it is stopped, though a server hangs', async () => {
    const stop = new AbortController();
    server.fault = 'hangs';
    const running = carryOut(folderName(), toServer(), {
      signal: stop.signal,
      trackingTimes: { ...QUICK, answerMs: 600_000, closeMs: 600_000 },
      onEvent: ({ type }) => {
        if (type === 'progress') stop.abort(new Error('stopped'));
      },
    });
    await expect(running).rejects.toThrow('stopped');
  });

  it('is told by one process at a time', async () => {
    const folder = copyOfPlain();
    const lock = await lockTracking(folder);
    const published = publishStudy(folder, toServer());
    await wait(300);
    expect(server.requests.filter((path) => path === 'runs/create')).toEqual([]);
    lock.release();
    await published;
    expect(held()).toEqual(whole);
  });

  it('is told nothing twice when the process is killed in the middle', async () => {
    const folder = folderName();
    const file = `${folder}.json`;
    const tensorboard = `${folder} tb`;
    writeFileSync(file, JSON.stringify(leastStudy(model, { out: folder, track: { ...toServer(), tensorboard } })));
    const program = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url));
    const child = spawn(process.execPath, [program, 'study', 'run', file], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await vi.waitFor(() => expect(server.runs.length).toBeGreaterThan(0), { timeout: 60_000, interval: 5 });
    child.kill('SIGKILL');
    await ended;
    await carryOut(folder, { ...toServer(), tensorboard });
    expectNothingTwice();
    expect(held()).toEqual(whole);
    const [other, tb] = [folderName(), folderName()];
    await carryOut(other, { tensorboard: tb });
    const counts = (at: string) => eventFiles(at).map((name) => [...records(readFileSync(join(at, name)))].length);
    expect(counts(tensorboard)).toEqual(counts(tb));
  });

  it('is told anew where what it keeps of itself is lost', async () => {
    const folder = folderName();
    await carryOut(folder, toServer());
    rmSync(join(folder, 'tracking'), { recursive: true });
    await publishStudy(folder, toServer());
    expect(server.runs).toHaveLength(4);
  });
});

describe('what a study file says of trackers', () => {
  const problems = (track: unknown): string => {
    try {
      parseStudy(JSON.stringify({ ...leastStudy('model'), track }), 'least.yaml');
    } catch (error) {
      return String(error);
    }
    return '';
  };

  it('is an address, or one with an experiment, or what the environment says, and a folder', () => {
    const track = (given: NonNullable<StudyInput['track']>) => studyConfig(leastStudy('model', { track: given })).track;
    expect(track({ mlflow: 'http://host:5000', tensorboard: 'tb' })).toEqual({
      ...{ mlflow: { uri: 'http://host:5000' }, tensorboard: 'tb' },
    });
    expect(track({ mlflow: {} })).toEqual({ mlflow: {} });
    expect(studyConfig(leastStudy('model')).track).toBeUndefined();
  });

  it('is told with all its problems at once', () => {
    const said = problems({
      mlflow: { uri: 'sqlite:///mlflow.db', experiments: 'x', experiment: '' },
      tensorbord: 'tb',
    });
    expect(said).toMatch(/track\.mlflow\.uri: invalid "sqlite:\/\/\/mlflow\.db": use the address of a server/);
    expect(said).toMatch(/track\.mlflow\.experiments: is not known here: did you mean experiment\?/);
    expect(said).toMatch(/track\.mlflow\.experiment: is empty: give a text/);
    expect(said).toMatch(/track\.tensorbord: is not known here: did you mean tensorboard\?/);
  });

  it('never holds a password, and none is repeated', () => {
    for (const mlflow of ['http://me:secret@host', { uri: 'http://me:secret@host' }]) {
      const said = problems({ mlflow });
      expect(said).toMatch(/MLFLOW_TRACKING_PASSWORD/);
      expect(said).not.toContain('secret');
    }
  });
});
