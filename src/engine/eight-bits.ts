/** Whether this processor multiplies integers of eight bits exactly and at once, told by its flags. */
import { readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { attempt } from '../core/attempt.js';
import { remembered } from '../core/remembered.js';

/** Flags of x86's instructions for products of eight bits, as Linux and macOS have them. */
export const VNNI = /^avx_?(512_?)?vnni$/i;
const AMX_INT8 = /^amx_int8$/i;

/** What is read of a machine. */
export interface FlagReaders {
  /** `process.arch`. */
  readonly arch: string;
  /** The text of /proc/cpuinfo; undefined where there is none. */
  readonly cpuinfo: () => string | undefined;
}

/** This machine's. */
export const FLAG_READERS: FlagReaders = {
  arch: arch(),
  cpuinfo: () => attempt(() => readFileSync('/proc/cpuinfo', 'utf8')),
};

/** Told once of a machine: every training of a plan asks, and the system's text is long where threads are many. */
const told = remembered(({ arch: kind, cpuinfo }: FlagReaders): boolean | null => {
  if (kind !== 'x64') return false;
  const flags = /^flags\s*: (.*)$/m.exec(cpuinfo() ?? '')?.[1]?.split(' ');
  return flags?.some((flag) => VNNI.test(flag) || AMX_INT8.test(flag)) ?? null;
});

/** Whether the processor has VNNI or AMX; null where it cannot be told. Others cut sums of pairs off at sixteen bits. */
export const hasEightBitProducts = (readers: FlagReaders = FLAG_READERS): boolean | null => told(readers);
