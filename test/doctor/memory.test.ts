import { describe, expect, it } from 'vitest';
import { memoryFinding } from '../../src/doctor/memory.js';

const machine = (total: number, free: number, limit: number | null) => ({
  ...{ total: () => total, free: () => free, limit: () => limit },
});

describe('memory', () => {
  it('is what is free of the machine where nothing limits it', () => {
    const finding = memoryFinding(4e8, machine(16e9, 8e9, null));
    expect(finding).toMatchObject({ status: 'ok', says: '8.0 GB free of 16.0 GB', mend: null });
  });

  it('is what a container allows, with how to allow more where that is too little', () => {
    expect(memoryFinding(4e8, machine(16e9, 2e9, 4e9)).says).toBe(
      '2.0 GB free of the 4.0 GB allowed here; the machine has 16.0 GB',
    );
    const small = memoryFinding(4e8, machine(16e9, 1e8, 2e8));
    expect(small).toMatchObject({ status: 'missing', facts: { limitBytes: 2e8 } });
    expect(small.mend).toContain('docker run --memory 1g');
  });

  it('that others use is to be freed', () => {
    expect(memoryFinding(4e8, machine(16e9, 1e8, null))).toMatchObject({
      status: 'missing',
      mend: 'end other programs: the smallest training takes 400.0 MB',
    });
  });

  it('has no limit where the one that is set is more than the machine', () => {
    expect(memoryFinding(4e8, machine(16e9, 8e9, 64e9)).facts?.limitBytes).toBeNull();
  });
});
