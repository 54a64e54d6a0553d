/** Which GPU a place in the pool computes on. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { gpuOfSlot } from '../../src/study/placement.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the GPU of a place in the pool', () => {
  it('is the one of the same number where this process may use all', () => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined);
    expect([0, 1, 2].map(gpuOfSlot)).toEqual(['0', '1', '2'].map((gpu) => ({ CUDA_VISIBLE_DEVICES: gpu })));
  });

  it('is one of those that this process may use, each in turn', () => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '3,GPU-5f2');
    expect([0, 1, 2].map(gpuOfSlot)).toEqual(['3', 'GPU-5f2', '3'].map((gpu) => ({ CUDA_VISIBLE_DEVICES: gpu })));
  });

  it('is none where this process may use none', () => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '');
    expect(gpuOfSlot(0)).toEqual({});
  });
});
