/** A Ray of one machine for a test file, where there can be one. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe } from 'vitest';
import { RayClient } from '../../../src/executors/ray-client.js';

const SCRIPT = fileURLToPath(new URL('ray.sh', import.meta.url));
/** What the cluster wants of everybody who asks it anything. */
const TOKEN = 'a-token-of-the-tests';

export interface RealRay {
  /** A scratch folder that goes with it. */
  readonly scratch: string;
  readonly address: string;
  /** Where its token is. */
  readonly env: NodeJS.ProcessEnv;
  /** `describe`, or where Ray cannot be had, its skipping. */
  readonly describe: typeof describe | typeof describe.skip;
  /** Jobs by their ids, each with its status. */
  readonly jobs: () => Promise<Readonly<Record<string, string>>>;
  readonly stop: (id: string) => Promise<void>;
  /** Ends the head and all that runs, at once, and starts one that knows nothing. */
  readonly restart: () => Promise<void>;
}

/** Starts it until the test file ends. Throws where it could be had and does not start. */
export function realRay(): RealRay {
  // Ray's sockets lie in it, and their paths may not be long.
  const scratch = mkdtempSync(join(tmpdir().length < 30 ? tmpdir() : '/tmp', 'lm-ray-'));
  const head = join(scratch, 'head');
  const env = { ...process.env, RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: TOKEN };
  const script = (what: 'start' | 'stop') => spawnSync(SCRIPT, [what, head], { encoding: 'utf8', env });
  const start = (): number | null => {
    const { status, stderr } = script('start');
    if (status === 3) process.stderr.write(`SKIPPED: tests against a real Ray: ${stderr}`);
    else if (status !== 0) {
      rmSync(scratch, { recursive: true, force: true });
      throw new Error(`Ray could not be started: ${stderr}`);
    }
    return status;
  };
  const isThere = start() === 0;
  afterAll(() => {
    if (isThere) script('stop');
    rmSync(scratch, { recursive: true, force: true });
  });
  const port = isThere ? readFileSync(join(head, 'port'), 'utf8').trim() : '0';
  const address = `http://127.0.0.1:${port}`;
  const client = new RayClient(new URL(`${address}/`), { RAY_AUTH_TOKEN: TOKEN });
  return {
    ...{ scratch, address, env: { RAY_AUTH_TOKEN: TOKEN }, describe: isThere ? describe : describe.skip },
    async jobs() {
      return Object.fromEntries([...(await client.list())].map(([id, { status }]) => [id, status]));
    },
    stop: (id) => client.stop(id, AbortSignal.timeout(10_000)),
    async restart() {
      script('stop');
      // This process goes on meanwhile: whoever asks hears nothing.
      const started = spawn(SCRIPT, ['start', head], { env, stdio: 'ignore' });
      const status = await new Promise((resolve) => started.on('exit', resolve));
      if (status !== 0) throw new Error(`Ray could not be started again: see ${head}`);
    },
  };
}
