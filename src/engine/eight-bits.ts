/** Whether this processor multiplies integers of eight bits exactly and at once, told by its flags. */
import { readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { attempt } from '../core/attempt.js';

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

/** Whether the processor has VNNI or AMX; null where it cannot be told. Others cut sums of pairs off at sixteen bits. */
export function hasEightBitProducts(readers: FlagReaders = FLAG_READERS): boolean | null {
  if (readers.arch !== 'x64') return false;
  const flags = /^flags\s*: (.*)$/m.exec(readers.cpuinfo() ?? '')?.[1]?.split(' ');
  return flags?.some((flag) => VNNI.test(flag) || AMX_INT8.test(flag)) ?? null;
}
