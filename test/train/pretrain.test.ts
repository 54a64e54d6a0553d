/** Pretraining on random items: stages, what is logged, and that a stopped one goes on to the same bits. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { NonFiniteLossError } from '../../src/train/loop.js';
import { PRETRAINING_DEFAULTS, pretrain } from '../../src/train/pretrain.js';
import type { PretrainingReport, PretrainingSettings, PretrainingSource } from '../../src/train/pretraining-plan.js';
import { tinyModel } from './tiny-model.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-pretrain-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const { config } = tinyModel();
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });

/** Two questions behind a text of its own, always answered alike. */
const source: PretrainingSource = {
  stages: 3,
  identity: 'random',
  samples: (stage, index) => {
    const random = new Random(9, stage, index);
    const text = Array.from({ length: 10 }, () => 3 + random.below(40));
    return [0, 1].map((question) => ({
      id: `${stage}/${index}/${question}`,
      item: `${stage}/${index}`,
      prompt: [...text, 50 + question, 60 + stage],
      answer: [70, 2],
    }));
  },
};

const settings: PretrainingSettings = {
  ...PRETRAINING_DEFAULTS,
  totalTokens: 1100,
  batchTokens: 64,
  warmupSteps: 4,
  learningRate: 3e-2,
  poolRows: 6,
  checkpointEveryPools: 2,
  advanceAt: 0.02,
};

async function train(name: string, changed: Partial<PretrainingSettings> = {}, stopAfterPools = Infinity) {
  const abort = new AbortController();
  const reports: PretrainingReport[] = [];
  const trainer = await pretrain({
    engine,
    config,
    source,
    settings: { ...settings, ...changed },
    folder: join(root, name),
    signal: abort.signal,
    onReport: (report) => {
      if (reports.push(report) >= stopAfterPools) abort.abort(new Error('stopped'));
    },
  });
  await trainer.dispose();
  return { reports, trained: trainer.trained };
}

/** The log without what depends on the clock. */
const curveOf = (name: string): unknown[] =>
  readFileSync(join(root, name, 'curve.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...(JSON.parse(line) as PretrainingReport), tokensPerSecond: 0 }));

describe('pretraining', () => {
  it('learns stage after stage, with a line of the log for every pool', async () => {
    const { reports } = await train('whole');
    expect(reports.length).toBeGreaterThan(6);
    expect(reports.at(-1)?.loss).toBeLessThan(reports[0]?.loss ?? 0);
    expect(reports.map(({ stage }) => stage)).toContain(2);
    expect(reports.at(-1)?.tokens).toBeGreaterThanOrEqual(settings.totalTokens);
    expect(reports.at(-2)?.tokens).toBeLessThan(settings.totalTokens);
    expect(curveOf('whole')).toEqual(reports.map((each) => ({ ...each, tokensPerSecond: 0 })));
  });

  it('stopped after any pool and run again ends with the bits of a run that was not', async () => {
    const whole = await train('again');
    let stops = 0;
    for (let stop = 1; stop < whole.reports.length; stop++) {
      const name = `stopped-${stop}`;
      await expect(train(name, {}, stop)).rejects.toThrow('stopped');
      appendFileSync(join(root, name, 'curve.jsonl'), '{"step": 8, "lo');
      const { trained } = await train(name);
      expect(trained).toEqual(whole.trained);
      expect(curveOf(name)).toEqual(curveOf('again'));
      stops++;
    }
    expect(stops).toBe(whole.reports.length - 1);
    expect(stops).toBeGreaterThan(5);
  });

  it('goes on where a longer training is asked for, and begins anew where another is', async () => {
    await train('longer', { totalTokens: 700 });
    const before = curveOf('longer').length;
    const { reports } = await train('longer', { totalTokens: 1000 });
    expect(curveOf('longer')).toHaveLength(before + reports.length);
    const other = await train('longer', { totalTokens: 700, textWeight: 0.5 });
    expect(curveOf('longer')).toHaveLength(other.reports.length);
  });

  it('stops at a loss that is not finite, naming the samples', async () => {
    const wild = train('wild', { learningRate: 1e30, warmupSteps: 1, clipNorm: 0 });
    await expect(wild).rejects.toThrow(NonFiniteLossError);
    await expect(wild).rejects.toThrow(/\d\/\d\/\d/);
  });
});
