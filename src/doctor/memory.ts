/** Memory: what the machine has, what is free of it, and what a container or a batch job allows. */
import { totalmem } from 'node:os';
import { freeMemory, memoryLimit } from '../executors/free-memory.js';
import { bytesText } from '../text/bytes.js';
import { missing, ok, type Finding } from './finding.js';

export type MemoryFacts = {
  readonly totalBytes: number;
  /** Free for new processes, within the limit. */
  readonly freeBytes: number;
  /** What a control group allows; null where none is smaller than the machine. */
  readonly limitBytes: number | null;
};

export interface MemoryReaders {
  readonly total: () => number;
  readonly free: () => number;
  readonly limit: () => number | null;
}

/** This machine's. */
export const MEMORY_READERS: MemoryReaders = { total: totalmem, free: freeMemory, limit: memoryLimit };

/** How much memory there is; `needed` is what the smallest training takes. */
export function memoryFinding(needed: number, readers: MemoryReaders = MEMORY_READERS): Finding<MemoryFacts> {
  const [totalBytes, freeBytes, told] = [readers.total(), readers.free(), readers.limit()];
  const limitBytes = told !== null && told < totalBytes ? told : null;
  const facts = { totalBytes, freeBytes, limitBytes };
  const of = limitBytes === null ? `of ${bytesText(totalBytes)}` : `of the ${bytesText(limitBytes)} allowed here`;
  const machine = limitBytes === null ? '' : `; the machine has ${bytesText(totalBytes)}`;
  const says = `${bytesText(freeBytes)} free ${of}${machine}`;
  if (freeBytes >= needed) return ok('memory', says, facts);
  const mend =
    limitBytes !== null && limitBytes < needed
      ? `allow more: docker run --memory ${gigabytes(needed)}g …, or sbatch --mem=${gigabytes(needed)}G …`
      : `end other programs: the smallest training takes ${bytesText(needed)}`;
  return missing('memory', says, { facts, mend });
}

const gigabytes = (bytes: number): number => Math.ceil((2 * bytes) / 1e9);
