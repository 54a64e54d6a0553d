/** Probes of an adapter: what costs nothing is seen to cost nothing, and what costs much is stopped at the gate. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { TARGET_MODULES } from '../../src/core/settings.js';
import { generateWorld } from '../../src/data/world/generate.js';
import { probeAdapter } from '../../src/evaluate/probe/probe.js';
import { writeAdapter, type Adapter, type LoraTensors } from '../../src/models/adapter/adapter.js';
import { loadModel } from '../../src/models/load.js';
import { linearModules } from '../../src/models/modules.js';
import { scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const scratch = scratchFolder();
const folder = join(scratch, 'model');
const items = generateWorld({ kind: 'articles', seed: 1, partition: 'study', items: 2 });
const general = [
  'The river leaves the hills near a small town and turns south across a wide plain.',
  'Bread needs little more than flour, water, salt and time.',
];

function adapterOf(size: number): Adapter {
  const random = new Random(1, 'adapter');
  const drawn = (length: number) => Float32Array.from({ length }, () => size * random.normal());
  const tensors: LoraTensors = {};
  for (const { path, inFeatures, outFeatures } of linearModules(loadModel(folder).config))
    tensors[path] = { a: drawn(2 * inFeatures), b: drawn(2 * outFeatures), rank: 2, inFeatures, outFeatures };
  return { lora: { rank: 2, alpha: 2, rslora: false, dropout: 0, targets: [...TARGET_MODULES] }, tensors };
}

beforeAll(() => {
  writeTinyModel(folder);
});

describe('a probe', { timeout: 120_000 }, () => {
  it('finds no cost at strength 0, more with more strength, and asks what it is given', async () => {
    const settings = { model: loadModel(folder), general, scales: [0, 0.5, 1], ranks: [2, 1], threads: 1 };
    const { points, baseBits, baseRecall } = await probeAdapter({
      ...{ ...settings, adapter: adapterOf(0.5) },
      ...{ taught: items.slice(0, 1), reading: items.slice(1) },
    });
    expect(points.map(({ scale, rank }) => [scale, rank])).toEqual([
      [0, 2],
      [0.5, 2],
      [1, 2],
      [1, 1],
    ]);
    expect(points[0]).toMatchObject({ generalRise: { mean: 0, low: 0, high: 0 }, divergence: { mean: 0 } });
    expect(points[0]).toMatchObject({ recall: baseRecall, known: null, reading: { rightToWrong: 0, wrongToRight: 0 } });
    expect(points[0]?.reading?.asked).toBe(items[1]?.questions.length);
    expect(baseBits).toBeGreaterThan(1);
    // A divergence is above 0, and grows with what is changed.
    const divergences = points.slice(0, 3).map(({ divergence }) => divergence.mean);
    expect(divergences[1]).toBeGreaterThan(0);
    expect(divergences[2]).toBeGreaterThan(divergences[1] ?? 0);
    const again = await probeAdapter({ ...settings, adapter: adapterOf(0.5) });
    expect(again.points.map(({ divergence }) => divergence.mean)).toEqual(
      points.map(({ divergence }) => divergence.mean),
    );
  });

  it('is a gate: its exit code tells an adapter that forgets too much', () => {
    const adapter = join(scratch, 'adapter');
    writeAdapter(adapter, { ...adapterOf(0.5), baseModel: 'tiny' });
    const text = join(scratch, 'general.txt');
    writeFileSync(text, general.join('\n'));
    const probe = (limit: string) =>
      spawnSync(
        process.execPath,
        [
          MAIN,
          'probe',
          '--model',
          folder,
          '--adapter',
          adapter,
          '--general',
          text,
          '--scales',
          '1',
          '--ranks',
          '1',
          '--max-forgetting',
          limit,
        ],
        { encoding: 'utf8' },
      );
    const strict = probe('0.0001');
    expect(strict).toMatchObject({ status: 1 });
    expect(strict.stderr).toMatch(
      /forgets too much: the loss on general text rises by .* bits a token, more than 0\.0001: train for fewer/,
    );
    expect(strict.stdout).toMatch(/^base model: \d+\.\d+ bits a token on general text\nstrength +rank +loss/);
    expect(probe('1000')).toMatchObject({ status: 0 });
  });
});
