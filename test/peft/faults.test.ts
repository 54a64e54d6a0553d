/** What goes wrong while PyTorch trains: processes that are killed, and memory that runs out. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { bundledModelPath } from '../../src/models/load.js';
import { leastStudy } from '../study/support/studies.js';
import { hasPython } from './support.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-peft-faults-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = process.env['LIGHTMEM_PYTHON'] ?? '';
const bytes = (folder: string, file: string): string => readFileSync(join(root, folder, file)).toString('base64');

/** Trains in a process of its own, killed with -9 after a step; the process ids of its children then. */
async function train(folder: string, killAfter = Infinity): Promise<{ code: number | null; children: string[] }> {
  const child = spawn(process.execPath, [here('../train/support/train.mjs'), join(root, folder), 'peft'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let [steps, children] = [0, [] as string[]];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    steps += text.split('\n').length - 1;
    if (steps < killAfter || child.killed) return;
    children = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    child.kill('SIGKILL');
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, children };
}

const isAlive = (pid: string): boolean => {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(!hasPython)('engine peft', { timeout: 240_000 }, () => {
  it('leaves no Python behind when it is killed, and then ends with the bits of a training that was not', async () => {
    expect((await train('whole')).code).toBe(0);
    const { code, children } = await train('killed', 20);
    expect(code).toBeNull();
    expect(children.length).toBeGreaterThan(0);
    const until = performance.now() + 20_000;
    while (children.some(isAlive) && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(children.filter(isAlive)).toEqual([]);
    expect((await train('killed')).code).toBe(0);
    for (const file of ['adapter/adapter_model.safetensors', 'metrics.jsonl'])
      expect(bytes('killed', file), file).toBe(bytes('whole', file));
  });

  it('tries a run again with half the micro-batch where memory runs out, and says so', () => {
    const interpreter = join(root, 'python');
    writeFileSync(interpreter, `#!/bin/sh\nexec ${python} ${here('short-of-memory.py')} 100 "$@"\n`);
    chmodSync(interpreter, 0o755);
    const study = leastStudy(bundledModelPath(), {
      train: { epochs: 1, maxSteps: 4, batchTokens: 128, learningRate: 1e-2 },
      engine: { kind: 'peft', python: interpreter, device: 'cpu' },
      base: false,
    });
    const file = join(root, 'short.json');
    writeFileSync(file, JSON.stringify({ ...study, out: join(root, 'short') }));
    const ran = spawnSync(process.execPath, [here('../../dist/cli/bin.js'), 'study', 'run', file], {
      encoding: 'utf8',
    });
    expect(ran.stderr + ran.stdout).toMatch(/128 .*64|memory/);
    expect(ran.status).toBe(0);
    const trainings = join(root, 'short/trainings');
    const retries = readdirSync(trainings).filter((name) => readdirSync(join(trainings, name)).includes('retry.json'));
    expect(retries).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(trainings, retries[0] ?? '', 'retry.json'), 'utf8'))).toMatchObject({
      batchTokens: { from: 128, to: 64 },
      reason: 'Python: out of memory: CUDA out of memory. Tried to allocate 20.00 GiB.',
    });
  });
});
