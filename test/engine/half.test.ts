/** Half-precision floats: all 65,536 of them, and rounding between them. */
import { describe, expect, it } from 'vitest';
import { halfBits, halfValue, halvesOf, roundToHalf } from '../../src/engine/half.js';

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

  it('rounds many values as it rounds one, of every kind', () => {
    const edges = [NaN, -NaN, Infinity, -Infinity, 0, -0, 65504, 65519.9, 65520, -65520, 2 ** -24, 2 ** -25, 2 ** -26];
    const near = finite.flatMap((bits) => [halfValue(bits), 1.0001 * halfValue(bits), 1.0004883 * halfValue(bits)]);
    const values = Float32Array.from([...edges, ...near]);
    expect([...halvesOf(values)]).toEqual(Array.from(values, halfBits));
  });

  it('keeps what is no number', () => {
    expect(halfBits(NaN)).toBe(0x7e00);
    const nans = ALL.filter((bits) => Number.isNaN(halfValue(bits)));
    expect(nans).toEqual(ALL.filter((bits) => (bits & 0x7fff) > 0x7c00));
    expect(roundToHalf(NaN)).toBeNaN();
  });

  it('rounds numbers that single precision cannot hold once, not twice', () => {
    const wrong = finite.filter((bits) => {
      const [low, high] = [halfValue(bits), halfValue(bits === 0x7bff || bits === 0xfbff ? bits - 1 : bits + 1)];
      const middle = (low + high) / 2;
      // So near to the middle that single precision makes it the middle.
      const towards = (to: number): number => middle + (to - middle) * 2 ** -40;
      return roundToHalf(towards(low)) !== low || roundToHalf(towards(high)) !== high;
    });
    expect(wrong).toEqual([]);
    expect([1e-300, -1e-300, 2 ** -25, -(2 ** -25) * (1 + 2 ** -50)].map(halfBits)).toEqual([0, 0x8000, 0, 0x8001]);
    expect([1e300, -1e300, 65520 - 2 ** -30].map(roundToHalf)).toEqual([Infinity, -Infinity, 65504]);
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
