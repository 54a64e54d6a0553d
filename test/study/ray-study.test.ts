import { join } from 'node:path';
import { expect, it } from 'vitest';
import { realRay } from '../executors/support/real-ray.js';
import { farStudy, rowsOf } from './support/far-study.js';

const cluster = realRay();
Object.assign(process.env, cluster.env);

const carryOut = farStudy(cluster.scratch);

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
