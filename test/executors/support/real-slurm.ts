/** A Slurm of one node for a test file, where there can be one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, vi } from 'vitest';

const SCRIPT = fileURLToPath(new URL('slurm.sh', import.meta.url));

/** The name of the node. */
export const NODE = hostname().split('.')[0] ?? '';

export interface RealSlurm {
  /** A scratch folder that goes with it. */
  readonly scratch: string;
  readonly env: NodeJS.ProcessEnv;
  /** `describe`, or where Slurm cannot be had, its skipping. */
  readonly describe: typeof describe | typeof describe.skip;
  /** What a command prints. */
  readonly ask: (command: string, ...args: string[]) => string;
  /** The number of the array's element that was submitted last. */
  readonly last: () => string;
  /** Starts what was requeued until something has come of it: Slurm lets it wait for two minutes, an administrator need not. */
  again(job: string, isBegun: () => void): Promise<void>;
}

/** Starts it until the test file ends. Throws where it could be had and does not start. */
export function realSlurm(): RealSlurm {
  const scratch = mkdtempSync(join(tmpdir(), 'lightmem-slurm-'));
  const cluster = join(scratch, 'cluster');
  const { status, stderr } = spawnSync(SCRIPT, ['start', cluster], { encoding: 'utf8' });
  if (status !== 0 && status !== 3) throw new Error(`Slurm could not be started: ${stderr}`);
  if (status === 3) process.stderr.write(`SKIPPED: tests against a real Slurm: ${stderr}`);
  afterAll(() => {
    if (status === 0) execFileSync(SCRIPT, ['stop', cluster]);
    rmSync(scratch, { recursive: true, force: true });
  });
  const env = { ...process.env, SLURM_CONF: join(cluster, 'slurm.conf') };
  const ask = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8', env });
  return {
    ...{ scratch, env, ask, describe: status === 0 ? describe : describe.skip },
    last: () => ask('squeue', '--noheader', '--array', '--sort=-i', '--format=%F_%K').trim().split('\n')[0] ?? '',
    async again(job, isBegun) {
      const state = (): string => ask('squeue', '--noheader', '--states=all', `--jobs=${job}`, '--format=%T %r').trim();
      const waits = { timeout: 60_000, interval: 200 };
      await vi.waitFor(() => expect(state()).toBe('PENDING BeginTime'), waits);
      // The node refuses a start within the second in which the last one was revoked.
      ask('scontrol', 'update', `JobId=${job}`, 'StartTime=now+3seconds');
      await vi.waitFor(isBegun, waits);
    },
  };
}
