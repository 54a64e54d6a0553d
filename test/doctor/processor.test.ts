import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/doctor/program.js';
import { processorFinding, type ProcessorReaders } from '../../src/doctor/processor.js';

const nobody = (): Promise<Answer> => Promise.resolve({ kind: 'absent' });
const linux = (cpuinfo: string | undefined, changes: Partial<ProcessorReaders> = {}): ProcessorReaders => ({
  ...{ platform: 'linux', arch: 'x64', threads: 8, cpuinfo: () => cpuinfo, ask: nobody },
  ...changes,
});
const cpuinfo = (flags: string): string =>
  `processor\t: 0\nmodel name\t: Some Processor @ 2 GHz\nflags\t\t: fpu ${flags}\n`;

describe('the processor', () => {
  it('is told from /proc/cpuinfo with the instructions that it has and lacks', async () => {
    const { status, says, facts } = await processorFinding(linux(cpuinfo('avx2 avx512f avx512_vnni')));
    expect(status).toBe('ok');
    expect(says).toBe('Some Processor @ 2 GHz, 8 threads; AVX2, AVX-512, VNNI; no AMX');
    expect(facts?.instructions).toEqual({ avx2: true, avx512: true, vnni: true, amx: false });
  });

  it('knows VNNI without AVX-512, and AMX', async () => {
    const { facts } = await processorFinding(linux(cpuinfo('avx2 avx_vnni amx_tile amx_int8')));
    expect(facts?.instructions).toEqual({ avx2: true, avx512: false, vnni: true, amx: true });
  });

  it('without AVX2 is noted as slow', async () => {
    expect(await processorFinding(linux(cpuinfo('sse4_2')))).toMatchObject({
      status: 'note',
      says: expect.stringMatching(/no AVX2, AVX-512, VNNI, AMX: .* slower/) as string,
    });
  });

  it('is unknown where there is no /proc, and on Windows', async () => {
    const unknown = { avx2: null, avx512: null, vnni: null, amx: null };
    for (const readers of [linux(undefined), linux(undefined, { platform: 'win32' })]) {
      const { status, says, facts } = await processorFinding(readers);
      expect({ status, instructions: facts?.instructions }).toEqual({ status: 'ok', instructions: unknown });
      expect(says).toBe('x64, 8 threads; which instructions it has cannot be told here');
    }
  });

  it('of macOS is told by sysctl', async () => {
    const said: Readonly<Record<string, string>> = {
      'machdep.cpu.brand_string': 'Intel(R) Core(TM) i7\n',
      'machdep.cpu.features': 'FPU SSE4.2 AVX1.0\n',
      'machdep.cpu.leaf7_features': 'BMI1 AVX2 AVX512F\n',
    };
    const ask = (_: string, [, key = '']: readonly string[]): Promise<Answer> =>
      Promise.resolve({ kind: 'ended', code: 0, out: said[key] ?? '', err: '' });
    const { facts } = await processorFinding(linux(undefined, { platform: 'darwin', ask }));
    expect(facts).toMatchObject({
      name: 'Intel(R) Core(TM) i7',
      instructions: { avx2: true, avx512: true, vnni: false, amx: false },
    });
  });

  it('of another make has none of them, and nothing is amiss', async () => {
    const { status, facts } = await processorFinding(linux('processor\t: 0\nFeatures\t: asimd\n', { arch: 'arm64' }));
    expect(status).toBe('ok');
    expect(facts?.instructions.avx2).toBe(false);
  });
});
