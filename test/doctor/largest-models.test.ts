import { describe, expect, it } from 'vitest';
import { leastMemory, trainingFinding, type Place } from '../../src/doctor/largest-models.js';

const cpu = (freeBytes: number, gigaflops: number | null = 170): Place => ({
  engine: 'lightmem',
  device: 'cpu',
  freeBytes,
  gigaflops,
});
const named = (free: number) => trainingFinding(cpu(free)).facts?.largest.map(({ model }) => model);

describe('the largest model that can be trained', () => {
  it('grows with the memory that is free, further with layers computed again, furthest in NF4', () => {
    expect(named(1e9)).toEqual(['bundled', 'bundled', 'bundled']);
    expect(named(16e9)).toEqual(['Qwen2.5-0.5B', 'Llama-3.2-1B', 'Llama-3.1-8B']);
  });

  it('is none where not even the bundled one has room', () => {
    const finding = trainingFinding(cpu(leastMemory() - 1));
    expect(finding).toMatchObject({ status: 'missing', mend: expect.stringMatching(/^free memory/) as string });
    expect(trainingFinding(cpu(leastMemory()))).toMatchObject({ status: 'ok' });
  });

  it('on a GPU is told beside the processor’s, without a speed', () => {
    const gpu: Place = { engine: 'lightmem', device: 'cuda', freeBytes: 4e9, gigaflops: null };
    const largest = trainingFinding(cpu(16e9), gpu).facts?.largest.filter(({ device }) => device === 'cuda');
    expect(largest?.map(({ model, tokensPerSecond }) => [model, tokensPerSecond])).toEqual([
      ...[
        ['SmolLM2-135M', null],
        ['SmolLM2-135M', null],
        ['SmolLM2-1.7B', null],
      ],
    ]);
  });

  it('by PEFT on a GPU of 80 GB is far larger, further in NF4, and that needs bitsandbytes', () => {
    const gpu = { engine: 'peft', device: 'cuda', freeBytes: 80e9, precision: 'bf16' } as const;
    const rows = (quantises: boolean) =>
      trainingFinding(cpu(16e9), { ...gpu, quantises }).facts?.largest.filter(({ engine }) => engine === 'peft');
    expect(rows(true)?.map(({ base, model, asks }) => [base, model, asks])).toEqual([
      ...[
        ['bf16', 'Qwen2.5-14B', true],
        ['bf16', 'Qwen2.5-32B', true],
        ['nf4', 'Qwen2.5-32B', true],
      ],
    ]);
    expect(rows(false)?.map(({ base }) => base)).toEqual(['bf16', 'bf16']);
    expect(rows(true)?.every(({ tokensPerSecond }) => (tokensPerSecond ?? 0) > 100)).toBe(true);
  });

  it('has a speed where a product was measured: twice the product is twice the speed', () => {
    const speed = (gigaflops: number | null) => trainingFinding(cpu(4e9, gigaflops)).facts?.largest[0]?.tokensPerSecond;
    expect((speed(200) ?? 0) / (speed(100) ?? 0)).toBeCloseTo(2, 0);
    expect(speed(null)).toBeNull();
  });

  it('of SmolLM2-135M’s size is as fast as was measured within a factor of 1.5: 290 tokens a second at 173 GFLOP/s', () => {
    const { model, tokensPerSecond } = trainingFinding(cpu(4e9, 173)).facts?.largest[0] ?? {};
    expect(model).toBe('SmolLM2-135M');
    expect(tokensPerSecond).toBeGreaterThan(290 / 1.5);
    expect(tokensPerSecond).toBeLessThan(290 * 1.5);
  });
});
