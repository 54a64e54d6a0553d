/** Half-precision floats: all 65,536 of them, and rounding between them. */
import { describe, expect, it } from 'vitest';
import { halfBits, halfValue, roundToHalf } from '../../src/engine/half.js';

const ALL = Array.from({ length: 65536 }, (_, bits) => bits);
const finite = ALL.filter((bits) => Number.isFinite(halfValue(bits)));

describe('half precision', () => {
  it('gives every value its own bits back', () => {
    const wrong = finite.filter((bits) => halfBits(halfValue(bits)) !== bits);
    expect(wrong).toEqual([]);
    expect(finite.length).toBe(65536 - 2 * 1024);
  });

  it.each([
    [0x3c00, 1],
    [0xc000, -2],
    [0x0001, 2 ** -24],
    [0x0400, 2 ** -14],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x8000, -0],
  ])('reads the bits %i as %d', (bits, value) => {
    expect(halfValue(bits)).toBe(value);
    expect(halfBits(value)).toBe(bits);
  });

  it('keeps what is no number', () => {
    expect(halfValue(halfBits(NaN))).toBeNaN();
  });

  it('rounds to the nearest of two neighbours, ties to the even one', () => {
    const positive = finite.filter((bits) => bits < 0x7bff);
    const wrong = positive.filter((bits) => {
      const [low, high] = [halfValue(bits), halfValue(bits + 1)];
      const middle = (low + high) / 2;
      const quarter = (high - low) / 4;
      const even = bits % 2 === 0 ? low : high;
      return roundToHalf(low + quarter) !== low || roundToHalf(high - quarter) !== high || roundToHalf(middle) !== even;
    });
    expect(wrong).toEqual([]);
  });

  it('rounds beyond the largest value to infinity', () => {
    expect([65519, 65520, -70000].map(roundToHalf)).toEqual([65504, Infinity, -Infinity]);
  });
});
