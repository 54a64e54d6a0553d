/** A training killed with -9 at times drawn by lot, again and again: it ends with the bits of one that was not, dropout on. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-killed-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});
const program = fileURLToPath(new URL('support/train.mjs', import.meta.url));

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly steps: number;
  readonly words: string;
}

/** Trains in a process of its own, killed so many milliseconds after a step. */
function train(folder: string, kill?: { readonly afterSteps: number; readonly milliseconds: number }): Promise<Ended> {
  const child = spawn(process.execPath, [program, join(root, folder)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [steps, words] = [0, ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const before = steps;
    steps += text.split('\n').length - 1;
    if (kill !== undefined && before < kill.afterSteps && steps >= kill.afterSteps)
      setTimeout(() => child.kill('SIGKILL'), kill.milliseconds);
  });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, steps, words })));
}

const bytes = (folder: string, file: string): string => readFileSync(join(root, folder, file)).toString('base64');

it('a training killed at random ends with the bits of one that was not', { timeout: 300_000 }, async () => {
  const whole = await train('whole');
  expect(whole).toMatchObject({ code: 0, words: '' });
  const random = new Random(Number(process.env['LIGHTMEM_KILL_SEED'] ?? 1), 'kills');
  const taken: number[] = [];
  for (let ended: Ended | undefined; ended?.code !== 0;) {
    ended = await train('killed', { afterSteps: 8 + random.below(12), milliseconds: random.below(15) });
    taken.push(ended.steps);
    if (ended.code !== 0) expect(ended).toMatchObject({ signal: 'SIGKILL', words: '' });
  }
  console.info(`${whole.steps} steps; killed ${taken.length - 1} times, after ${taken.slice(0, -1).join(', ')} steps`);
  expect(taken.length - 1).toBeGreaterThan(3);
  for (const file of ['adapter/adapter_model.safetensors', 'adapter/adapter_config.json', 'metrics.jsonl'])
    expect(bytes('killed', file), file).toBe(bytes('whole', file));
});
