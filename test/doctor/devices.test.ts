import { describe, expect, it } from 'vitest';
import { cpuFinding, cudaFinding, nvidiaFinding, webgpuFinding } from '../../src/doctor/devices.js';
import type { Answer } from '../../src/doctor/program.js';
import type { ProbeReply } from '../../src/engine/devices.js';

const gives = (reply: ProbeReply) => () => Promise.resolve(reply);
const smi = (answer: Answer) => nvidiaFinding(() => Promise.resolve(answer));
const ended = (code: number, out: string, err = ''): Answer => ({ kind: 'ended', code, out, err });

describe('the processor’s product', () => {
  it('is the best of three, in GFLOP/s', async () => {
    const times = [40, 20, 30];
    const { status, facts } = await cpuFinding(() => Promise.resolve({ milliseconds: times.pop() ?? 0 }));
    expect({ status, facts, left: times.length }).toEqual({ status: 'ok', facts: { gigaflops: 107 }, left: 0 });
  });

  it('that fails says how to mend it', async () => {
    expect(await cpuFinding(gives({ error: 'Illegal instruction' }))).toMatchObject({
      status: 'missing',
      says: 'ONNX Runtime does not compute: Illegal instruction',
      mend: expect.stringContaining('npm install') as string,
    });
  });
});

describe('WebGPU', () => {
  const without = gives({ error: 'Failed to get a WebGPU adapter' });

  it('is missing where a GPU has no driver, and no fault where there is no GPU', async () => {
    const there = await webgpuFinding({ platform: 'linux', trial: without, hasHardware: () => true });
    expect(there).toMatchObject({ status: 'missing', mend: expect.stringContaining('libvulkan1') as string });
    const none = await webgpuFinding({ platform: 'linux', trial: without, hasHardware: () => false });
    expect(none).toMatchObject({ status: 'note', says: 'no GPU in this machine', mend: null });
  });

  it('that computes is told with its speed', async () => {
    const trial = gives({ milliseconds: 1 });
    const finding = await webgpuFinding({ platform: 'win32', trial, hasHardware: () => null });
    expect(finding).toMatchObject({ status: 'ok', facts: { gigaflops: 2150 } });
    expect(finding.says).toContain('2.15 TFLOP/s');
  });
});

describe('nvidia-smi', () => {
  it('tells of two GPUs', async () => {
    const out =
      'NVIDIA H100 80GB HBM3, 81559, 80994, 550.54.15, 9.0\nNVIDIA GeForce RTX 3060, 12288, 11000, 550.54.15, [N/A]\n';
    const { status, says, facts } = await smi(ended(0, out));
    expect(status).toBe('ok');
    expect(says).toContain('NVIDIA H100 80GB HBM3, 84.9 GB free of 85.5 GB, driver 550.54.15; NVIDIA GeForce');
    expect(facts?.gpus).toEqual([
      expect.objectContaining({ name: 'NVIDIA H100 80GB HBM3', totalBytes: 81559 * 2 ** 20, capability: '9.0' }),
      expect.objectContaining({ name: 'NVIDIA GeForce RTX 3060', freeBytes: 11000 * 2 ** 20, capability: null }),
    ]);
  });

  it('that is not there is no fault', async () => {
    expect(await smi({ kind: 'absent' })).toMatchObject({ status: 'note', facts: { gpus: [] } });
  });

  it.each([
    [
      'a driver that does not answer',
      ended(9, 'NVIDIA-SMI has failed because it couldn’t communicate\n'),
      /couldn’t communicate/,
    ],
    ['no device', ended(0, 'No devices were found\n'), /No devices were found/],
    ['one that hangs', { kind: 'late', out: '', err: '' } as const, /no answer within 10 s/],
  ])('with %s is missing, in its own words', async (_, answer, words) => {
    expect(await smi(answer)).toMatchObject({
      ...{ status: 'missing', facts: { gpus: [] } },
      says: expect.stringMatching(words) as string,
    });
  });
});

describe('CUDA in ONNX Runtime', () => {
  const trial = gives({ error: 'Failed to load shared library' });
  const linux = { system: 'linux-x64', trial, hasLibraries: () => false };

  it('is no matter without an NVIDIA GPU, and on other systems', async () => {
    expect(await cudaFinding(0, linux)).toMatchObject({ status: 'note' });
    expect(await cudaFinding(1, { ...linux, system: 'darwin-arm64' })).toMatchObject({ status: 'note' });
  });

  it('wants its libraries, or CUDA’s own', async () => {
    expect((await cudaFinding(1, linux)).mend).toMatch(/^ONNXRUNTIME_NODE_INSTALL=cuda12 /);
    expect((await cudaFinding(1, { ...linux, hasLibraries: () => true })).mend).toContain('LD_LIBRARY_PATH');
  });
});
