import { join } from 'node:path';
import { expect, it } from 'vitest';
import { realSlurm } from '../executors/support/real-slurm.js';
import { farStudy, rowsOf } from './support/far-study.js';

const cluster = realSlurm();
process.env['SLURM_CONF'] = cluster.env['SLURM_CONF'];

const carryOut = farStudy(cluster.scratch);

cluster.describe('a study on Slurm', () => {
  it('whose run is requeued in the middle of its training has the rows of one that was left alone, bit for bit', async () => {
    const [here, there] = [join(cluster.scratch, 'here'), join(cluster.scratch, 'there')];
    await carryOut(here, { kind: 'inline', threads: 1 });
    let requeued: Promise<void> | undefined;
    const stages: string[] = [];
    const { carriedOut, failed } = await carryOut(
      there,
      { kind: 'slurm', threads: 1, memoryGB: 1, pollSeconds: 1 },
      (event) => {
        const [under] = event.type === 'progress' ? event.active : [];
        if (under !== undefined) stages.push(under.stage);
        if (requeued !== undefined || under?.stage !== 'training' || under.share < 0.1) return;
        const job = cluster.last();
        cluster.ask('scontrol', 'requeue', job);
        requeued = cluster.again(job, () =>
          expect(cluster.ask('scontrol', 'show', 'job', job)).toMatch(/RUNNING|COMPLETED/),
        );
      },
    );
    await requeued;
    expect(requeued).toBeDefined();
    expect(stages).toContain('training');
    expect({ carriedOut, failed }).toEqual({ carriedOut: 1, failed: 0 });
    expect(rowsOf(there)).toEqual(rowsOf(here));
  }, 240_000);
});
