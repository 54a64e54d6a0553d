/** The processor: its name, its threads, and the instructions by which products are quick. */
import { availableParallelism, platform } from 'node:os';
import { FLAG_READERS, VNNI, type FlagReaders } from '../engine/eight-bits.js';
import { note, ok, type Finding } from './finding.js';
import { askProgram, type Ask } from './program.js';

export interface ProcessorReaders extends FlagReaders {
  /** `process.platform`. */
  readonly platform: string;
  /** Threads that this process may use. */
  readonly threads: number;
  /** How sysctl is asked. */
  readonly ask: Ask;
}

/** Instructions by the flags that Linux and macOS have for them; all of x86. */
const INSTRUCTIONS = {
  avx2: /^avx2(_0)?$/i,
  avx512: /^avx512_?f$/i,
  vnni: VNNI,
  amx: /^amx_(int8|bf16|tile)$/i,
} as const;
const NAMES = { avx2: 'AVX2', avx512: 'AVX-512', vnni: 'VNNI', amx: 'AMX' } as const;

/** Whether each is there; null where it cannot be told. */
export type Instructions = { readonly [name in keyof typeof INSTRUCTIONS]: boolean | null };

export type ProcessorFacts = {
  readonly name: string | null;
  readonly platform: string;
  readonly arch: string;
  readonly threads: number;
  readonly instructions: Instructions;
};

/** This machine's. */
export const PROCESSOR_READERS: ProcessorReaders = {
  ...FLAG_READERS,
  platform: platform(),
  threads: availableParallelism(),
  ask: askProgram,
};

interface Told {
  readonly name: string | null;
  /** Undefined where the system does not say. */
  readonly flags: readonly string[] | undefined;
}

/** What the processor is and can do. */
export async function processorFinding(
  readers: ProcessorReaders = PROCESSOR_READERS,
): Promise<Finding<ProcessorFacts>> {
  const { platform, arch, threads } = readers;
  const { name, flags } = await told(readers);
  const isX86 = arch === 'x64' || arch === 'ia32';
  const has = (pattern: RegExp): boolean | null =>
    isX86 ? (flags?.some((flag) => pattern.test(flag)) ?? null) : false;
  const { avx2, avx512, vnni, amx } = INSTRUCTIONS;
  const instructions = { avx2: has(avx2), avx512: has(avx512), vnni: has(vnni), amx: has(amx) };
  const facts = { name, platform, arch, threads, instructions };
  const which = isX86 ? instructionsText(instructions) : 'AVX and AMX are of x86 alone';
  const says = `${name ?? arch}, ${threads} ${threads === 1 ? 'thread' : 'threads'}; ${which}`;
  if (instructions.avx2 !== false || !isX86) return ok('processor', says, facts);
  return note('processor', `${says}: training is several times slower than with AVX2`, { facts });
}

async function told({ platform, cpuinfo, ask }: ProcessorReaders): Promise<Told> {
  if (platform === 'linux') return toldByLinux(cpuinfo());
  if (platform !== 'darwin') return { name: null, flags: undefined };
  const asked = (key: string): Promise<string | undefined> =>
    ask('sysctl', ['-n', key], 5_000).then((answer) =>
      answer.kind === 'ended' && answer.code === 0 ? answer.out.trim() : undefined,
    );
  const keys = ['machdep.cpu.brand_string', 'machdep.cpu.features', 'machdep.cpu.leaf7_features'];
  const [name, ...features] = await Promise.all(keys.map(asked));
  const known = features.filter((text) => text !== undefined);
  return { name: name ?? null, flags: known.length === 0 ? undefined : known.join(' ').split(/\s+/) };
}

function toldByLinux(cpuinfo = ''): Told {
  const value = (key: string): string | undefined => new RegExp(`^${key}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1]?.trim();
  return { name: value('model name') ?? null, flags: value('flags')?.split(' ') };
}

function instructionsText(instructions: Instructions): string {
  const names = Object.keys(NAMES) as (keyof Instructions)[];
  if (names.every((name) => instructions[name] === null)) return 'which instructions it has cannot be told here';
  const [has, lacks] = [true, false].map((there) => names.filter((name) => instructions[name] === there));
  const listed = (which: readonly (keyof Instructions)[] = []): string => which.map((name) => NAMES[name]).join(', ');
  const parts = [has?.length ? listed(has) : '', lacks?.length ? `no ${listed(lacks)}` : ''];
  return parts.filter((part) => part !== '').join('; ');
}
