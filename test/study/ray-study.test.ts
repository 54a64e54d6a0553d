import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { StudyInput } from '../../src/study/config.js';
import { studyConfig } from '../../src/study/config-file.js';
import { planStudy } from '../../src/study/plan.js';
import { runStudy, type StudyEvent } from '../../src/study/runner.js';
import { readStudy } from '../../src/study/stored-study.js';
import { realRay } from '../executors/support/real-ray.js';
import { leastStudy } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

const cluster = realRay();
Object.assign(process.env, cluster.env);

async function carryOut(folder: string, executor: StudyInput['executor'], onEvent?: (event: StudyEvent) => void) {
  const model = join(cluster.scratch, 'model');
  writeTinyModel(model);
  const train = { epochs: 400, maxSteps: 400, batchTokens: 64, checkpointEverySteps: 5, learningRate: 1e-3 };
  const plan = await planStudy(studyConfig(leastStudy(model, { executor, base: false, train })));
  return runStudy(plan, { folder, command: 'test', ...(onEvent && { onEvent }) });
}

const rowsOf = (folder: string): string[] =>
  readStudy(folder).runs.map((run) => readFileSync(join(run.folder, 'rows.jsonl'), 'utf8'));

cluster.describe('a study on Ray', () => {
  it('whose head is restarted in the middle of a training has the rows of one that was left alone, bit for bit', async () => {
    const [here, there] = [join(cluster.scratch, 'here'), join(cluster.scratch, 'there')];
    await carryOut(here, { kind: 'inline', threads: 1 });
    let restarted: Promise<void> | undefined;
    const said: string[] = [];
    const { carriedOut, failed } = await carryOut(
      there,
      { kind: 'ray', address: cluster.address, threads: 1, memoryGB: 0.5, pollSeconds: 1 },
      (event) => {
        if (event.type === 'notice') said.push(event.message);
        const [under] = event.type === 'progress' ? event.active : [];
        if (restarted === undefined && under?.stage === 'training' && under.share >= 0.1) restarted = cluster.restart();
      },
    );
    await restarted;
    expect(restarted).toBeDefined();
    expect(said.at(0)).toMatch(/^the scheduler gives no answer \(http:/);
    expect({ carriedOut, failed }).toEqual({ carriedOut: 1, failed: 0 });
    expect(rowsOf(there)).toEqual(rowsOf(here));
  }, 240_000);
});
