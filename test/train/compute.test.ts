/** Where integers of eight bits are computed in, and where they are refused. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { hasEightBitProducts } from '../../src/engine/eight-bits.js';
import { checkCompute, checkComputePlace, checkLanes, settledCompute } from '../../src/train/compute.js';
import { finetune } from '../../src/train/finetune.js';
import { TINY_SETTINGS, tinyModel, tinySamples } from './tiny-model.js';

const readers = (flags: string | undefined, arch = 'x64') => ({
  arch,
  cpuinfo: () => (flags === undefined ? undefined : `processor\t: 0\nflags\t\t: fpu avx2 ${flags}\n`),
});

describe('products of eight bits', () => {
  it.each([
    ['avx512f avx512_vnni', true],
    ['avx_vnni', true],
    ['amx_tile amx_int8', true],
    ['avx512f', false],
    ['amx_tile amx_bf16', false],
    [undefined, null],
  ])('with the flags %s are there: %s', (flags, expected) => {
    expect(hasEightBitProducts(readers(flags))).toBe(expected);
  });

  it('are of x86 alone', () => {
    expect(hasEightBitProducts(readers('avx512_vnni', 'arm64'))).toBe(false);
  });
});

describe('compute: auto', () => {
  const wide = { hiddenSize: 576, quantisation: 'none', readers: readers('avx512_vnni') } as const;

  it('is int8 where that pays, and f32 everywhere else', () => {
    expect(settledCompute('auto', wide)).toBe('int8');
    expect(settledCompute('auto', { ...wide, readers: readers('amx_int8') })).toBe('int8');
    const others = [
      { hiddenSize: 192 },
      { device: 'webgpu' as const },
      { isPeft: true },
      { isHere: false },
      { quantisation: 'nf4' as const },
      { readers: readers('avx2') },
      { readers: readers(undefined) },
    ];
    for (const other of others) expect(settledCompute('auto', { ...wide, ...other })).toBe('f32');
  });

  it('goes on as a study was begun, and leaves what is said as it is', () => {
    expect(settledCompute('auto', { ...wide, before: 'f32' })).toBe('f32');
    expect(settledCompute('auto', { ...wide, readers: readers('avx2'), before: 'int8' })).toBe('int8');
    expect(settledCompute('auto', { ...wide, quantisation: 'nf4', before: 'int8' })).toBe('f32');
    for (const compute of ['f32', 'int8', 'int8-anyway'] as const)
      expect(settledCompute(compute, { ...wide, hiddenSize: 192, before: 'f32' })).toBe(compute);
  });
});

describe('compute: int8', () => {
  it('is taken on a processor with VNNI, and f32 everywhere', () => {
    expect(() => checkCompute('int8', { readers: readers('avx512_vnni') })).not.toThrow();
    for (const compute of ['f32', undefined] as const)
      expect(() => checkCompute(compute, { readers: readers(''), device: 'webgpu', isPeft: true })).not.toThrow();
  });

  it('is refused where the processor has no instructions for it, with what to do', () => {
    const refused = (flags: string | undefined) => () => checkCompute('int8', { readers: readers(flags) });
    expect(refused('')).toThrow(UserError);
    expect(refused('')).toThrow(/neither VNNI nor AMX.* leave compute at f32, or say int8-anyway/);
    expect(refused(undefined)).toThrow('cannot be told');
    expect(() => checkCompute('int8-anyway', { readers: readers('') })).not.toThrow();
  });

  it('is refused on a GPU and with engine peft, wherever that runs', () => {
    expect(() => checkComputePlace('int8', { device: 'webgpu' })).toThrow('say device: cpu');
    expect(() => checkComputePlace('int8-anyway', { isPeft: true })).toThrow('quantisation: int8');
  });

  it('has lanes that are refused on a GPU and with engine peft', () => {
    for (const lanes of [undefined, 1]) expect(() => checkLanes(lanes, { device: 'webgpu' })).not.toThrow();
    expect(() => checkLanes(2, {})).not.toThrow();
    expect(() => checkLanes(2, { device: 'cuda' })).toThrow('on cuda leave lanes out');
    expect(() => checkLanes(2, { isPeft: true })).toThrow('with engine peft leave lanes out');
  });

  it('is refused before a model is opened', async () => {
    const settings = { ...TINY_SETTINGS, compute: 'int8' as const };
    const given = { model: tinyModel(), samples: tinySamples(2), settings, folder: '/nowhere' };
    await expect(finetune({ ...given, device: 'webgpu' })).rejects.toThrow('compute int8 is of processors');
  });
});
