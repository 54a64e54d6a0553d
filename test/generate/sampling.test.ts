import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { sample } from '../../src/generate/sampling.js';

describe('the next token', () => {
  const logits = Float32Array.from([0.5, 2, -1, 2, 0]);

  it('is the first of the most probable at temperature 0', () => {
    expect(sample(logits, 0, new Random(1, 'greedy'))).toBe(1);
  });

  it.each([0.5, 1, 2])(
    'is drawn as often as its logit says at temperature %s, the same of the same seed',
    (temperature) => {
      const draws = 20_000;
      const drawn = (): number[] => {
        const random = new Random(1, 'draws');
        return Array.from({ length: draws }, () => sample(logits, temperature, random));
      };
      const tokens = drawn();
      expect(drawn()).toEqual(tokens);
      const weights = [...logits].map((each) => Math.exp(each / temperature));
      const sum = weights.reduce((a, b) => a + b, 0);
      for (const [token, weight] of weights.entries()) {
        const share = weight / sum;
        const seen = tokens.filter((each) => each === token).length / draws;
        expect(Math.abs(seen - share), `token ${token}`).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / draws));
      }
    },
  );
});
