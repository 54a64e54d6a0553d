import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { AdamW, clipByNorm, globalNorm } from '../../src/train/optimiser.js';

interface Golden {
  start: number[];
  gradients: number[][];
  runs: {
    settings: { lr: number; betas: [number, number]; eps: number; weight_decay: number };
    clip: number;
    values: number[][];
  }[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/train/adamw.json', import.meta.url), 'utf8')) as Golden;

it.each(golden.runs)(
  'takes the ten steps that PyTorch takes: $settings, clipped at $clip',
  ({ settings, clip, values }) => {
    const optimiser = new AdamW({ betas: settings.betas, epsilon: settings.eps, weightDecay: settings.weight_decay });
    const parameter = Float32Array.from(golden.start);
    golden.gradients.forEach((gradient, step) => {
      const gradients = new Map([['p', Float32Array.from(gradient)]]);
      clipByNorm(gradients, clip);
      optimiser.step(new Map([['p', parameter]]), gradients, settings.lr);
      values[step]?.forEach((expected, i) => {
        expect(Math.abs((parameter[i] ?? NaN) - expected)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)));
      });
    });
    expect(values).toHaveLength(10);
  },
);

it('spares parameters from weight decay when told to', () => {
  const optimiser = new AdamW({ betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.5 });
  const parameters = new Map([
    ['decays', Float32Array.of(1)],
    ['stays', Float32Array.of(1)],
  ]);
  const zero = new Map([
    ['decays', Float32Array.of(0)],
    ['stays', Float32Array.of(0)],
  ]);
  optimiser.step(parameters, zero, 0.1, (name) => name === 'decays');
  expect(parameters.get('decays')?.[0]).toBeCloseTo(0.95);
  expect(parameters.get('stays')?.[0]).toBe(1);
});

it('clips only what is too long', () => {
  const gradients = new Map([['a', Float32Array.of(3, 4)]]);
  expect(clipByNorm(gradients, 10)).toBe(5);
  expect([...(gradients.get('a') ?? [])]).toEqual([3, 4]);
  clipByNorm(gradients, 1);
  expect(globalNorm(gradients.values())).toBeCloseTo(1, 5);
});
