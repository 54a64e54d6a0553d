import { describe, expect, it } from 'vitest';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { planStudy } from '../../src/study/plan.js';
import { KNOWN_MODELS } from '../../src/study/known-models.js';
import { quantisedTrainingMemory, runMemory, tightRuns } from '../../src/study/run-memory.js';
import { leastStudy } from './support/studies.js';

async function planned(train: StudyInput['train']) {
  return planStudy(studyConfig(leastStudy('bundled', { train })));
}

/** Bytes of the largest run. */
async function most(train: StudyInput['train']): Promise<number> {
  const { runs, model } = await planned(train);
  return Math.max(...runs.map((run) => runMemory(run, model)));
}

describe('the memory of a run', () => {
  it('is within a factor of 1.5 of what trainings of the bundled base took at their most: 338 to 415 MB', async () => {
    const bytes = await most({ batchTokens: 1024 });
    expect(bytes).toBeGreaterThan(415e6 / 1.5);
    expect(bytes).toBeLessThan(338e6 * 1.5);
  });

  it('grows with the batch, and falls where layers are computed again', async () => {
    const [small, large] = [await most({ batchTokens: 1024 }), await most({ batchTokens: 8192 })];
    expect(large).toBeGreaterThan(2 * small);
    expect(await most({ batchTokens: 8192, gradientCheckpointing: true })).toBeLessThan(large);
  });

  it('grows by what every further lane keeps, as many as have a batch', async () => {
    const [alone, two] = [
      { batchTokens: 2048, accumulation: 2 },
      { batchTokens: 2048, accumulation: 2, lanes: 2 },
    ];
    const kept = (await most({ batchTokens: 4096 })) - (await most({ batchTokens: 2048 }));
    expect((await most(two)) - (await most(alone))).toBeGreaterThan(kept);
    expect(await most({ ...two, lanes: 8 })).toBe(await most(two));
    expect(await most({ batchTokens: 2048, lanes: 8 })).toBe(await most({ batchTokens: 2048 }));
  });

  it('of a base in NF4 is within a factor of 1.2 of what a step at Qwen2.5-3B’s shape took: 4.05 GB (npm run bench qlora-3b-shape)', () => {
    const config = KNOWN_MODELS.find(({ name }) => name === 'Qwen2.5-3B')?.config;
    if (config === undefined) throw new Error('the model is not known');
    const settings = { batchTokens: 512, maxLength: 512, gradientCheckpointing: true, lora: { rank: 8 } };
    const bytes = quantisedTrainingMemory(settings, config, 'nf4');
    expect(bytes).toBeGreaterThan(4.05e9 / 1.2);
    expect(bytes).toBeLessThan(4.05e9 * 1.2);
    expect(quantisedTrainingMemory(settings, config, 'int8')).toBeGreaterThan(1.2 * bytes);
  });

  it('is compared with what is free, run by run', async () => {
    const { runs, model } = await planned({ batchTokens: 8192 });
    expect(tightRuns(runs, model, 1e12)).toEqual([]);
    expect(tightRuns(runs, model, 5e8)).toMatchObject([{ run: 'articles-open-summ_l3-r2-n2-s0' }]);
  });
});
