/** A server of MLflow and TensorBoard's own reader for a test file, where a Python has both. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe } from 'vitest';

const PYTHON = process.env['LIGHTMEM_TRACKERS'] ?? '';
const READER = fileURLToPath(new URL('read-events.py', import.meta.url));

/** What TensorBoard's reader finds in a run's folder. */
export interface ReadEvents {
  /** Steps and values by tag. */
  readonly scalars: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly texts: Readonly<Record<string, string>>;
  readonly hparams: Readonly<Record<string, string | number | boolean>>;
  /** 1 success, 2 failure; null of a run that goes on. */
  readonly status: number | null;
}

export interface RealTrackers {
  /** `describe`, or where there is no such Python, its skipping. */
  readonly describe: typeof describe | typeof describe.skip;
  readonly scratch: string;
  readonly address: string;
  /** Starts the server on the database that it had, and waits until it answers. */
  readonly start: () => Promise<void>;
  /** Kills it with -9, and all that it started. */
  readonly kill: () => void;
  readonly ask: (path: string, body?: object) => Promise<Readonly<Record<string, unknown>>>;
  /** By the names of folders below one. */
  readonly readEvents: (folder: string) => Readonly<Record<string, ReadEvents>>;
}

/** Takes a free port; `start` begins it, and it ends with the test file. */
export async function realTrackers(): Promise<RealTrackers> {
  const isThere = PYTHON !== '' && spawnSync(PYTHON, ['-c', 'import mlflow, tensorboard']).status === 0;
  if (!isThere)
    process.stderr.write(
      'SKIPPED: tests against a real MLflow and TensorBoard: pip install mlflow tensorboard, and name its python in LIGHTMEM_TRACKERS\n',
    );
  const scratch = mkdtempSync(join(tmpdir(), 'lightmem trackers '));
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;
  const kill = (): void => {
    if (server?.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
    server = undefined;
  };
  afterAll(() => {
    kill();
    rmSync(scratch, { recursive: true, force: true });
  });
  const ask = async (path: string, body?: object) => {
    const request = body && {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    };
    const response = await fetch(`${address}/api/2.0/mlflow/${path}`, request);
    return (await response.json()) as Record<string, unknown>;
  };
  const start = async (): Promise<void> => {
    server = spawn(PYTHON, ['-m', 'mlflow', 'server', ...serverOptions(scratch), '--port', String(port)], {
      ...{ cwd: scratch, detached: true, stdio: 'ignore' },
      env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' },
    });
    for (;;) {
      if (server.exitCode !== null) throw new Error(`mlflow server ended with ${server.exitCode}`);
      const answer = await fetch(`${address}/health`).catch(() => undefined);
      if (answer?.status === 200) return;
      await wait(200);
    }
  };
  const readEvents = (folder: string) => {
    const { stdout, stderr, status } = spawnSync(PYTHON, [READER, folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Record<string, ReadEvents>;
  };
  return { describe: isThere ? describe : describe.skip, scratch, address, start, kill, ask, readEvents };
}

function serverOptions(scratch: string): string[] {
  const store = `sqlite:///${join(scratch, 'mlflow.db')}`;
  return [
    '--backend-store-uri',
    store,
    '--artifacts-destination',
    join(scratch, 'artifacts'),
    '--host',
    '127.0.0.1',
    '--workers',
    '1',
  ];
}

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  taken.close();
  return port;
}
