/** What a cluster is asked for on behalf of a job. */
import type { JobSpec } from './executor.js';

/**
 * Megabytes to ask for: `gigabytes` where a person said so, else a quarter more than estimated, rounded up to half a power of two of
 * gigabytes, so that jobs that need about the same ask for the same; undefined where nothing was estimated.
 */
export function neededMegabytes({ memoryBytes }: JobSpec, gigabytes?: number): number | undefined {
  if (gigabytes !== undefined) return Math.ceil(gigabytes * 1000);
  if (memoryBytes === undefined) return undefined;
  const needed = Math.max(0.5, (1.25 * memoryBytes) / 1e9);
  const step = 2 ** Math.floor(Math.log2(needed)) / 2;
  return Math.ceil(1000 * step * Math.ceil(needed / step));
}
