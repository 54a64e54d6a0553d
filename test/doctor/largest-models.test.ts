import { describe, expect, it } from 'vitest';
import { leastMemory, trainingFinding } from '../../src/doctor/largest-models.js';

const named = (free: number) => trainingFinding(free, 170).facts?.largest.map(({ model }) => model);

describe('the largest model that can be trained', () => {
  it('grows with the memory that is free, further with layers computed again, furthest in NF4', () => {
    expect(named(1e9)).toEqual(['bundled', 'bundled', 'bundled']);
    expect(named(16e9)).toEqual(['Qwen2.5-0.5B', 'Llama-3.2-1B', 'Llama-3.1-8B']);
  });

  it('is none where not even the bundled one has room', () => {
    const finding = trainingFinding(leastMemory() - 1, 170);
    expect(finding).toMatchObject({ status: 'missing', mend: expect.stringMatching(/^free memory/) as string });
    expect(trainingFinding(leastMemory(), 170)).toMatchObject({ status: 'ok' });
  });

  it('has a speed where a product was measured: twice the product is twice the speed', () => {
    const speed = (gigaflops: number | null) => trainingFinding(4e9, gigaflops).facts?.largest[0]?.tokensPerSecond;
    expect((speed(200) ?? 0) / (speed(100) ?? 0)).toBeCloseTo(2, 0);
    expect(speed(null)).toBeNull();
  });

  it('of SmolLM2-135M’s size is as fast as was measured within a factor of 1.5: 290 tokens a second at 173 GFLOP/s', () => {
    const { model, tokensPerSecond } = trainingFinding(4e9, 173).facts?.largest[0] ?? {};
    expect(model).toBe('SmolLM2-135M');
    expect(tokensPerSecond).toBeGreaterThan(290 / 1.5);
    expect(tokensPerSecond).toBeLessThan(290 * 1.5);
  });
});
