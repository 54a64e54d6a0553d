/** Symbolic sizes: one form for equal sizes, and the arithmetic of numbers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  axisOf,
  broadcast,
  evaluateDim,
  product,
  sameShape,
  sum,
  symbolsOf,
  type Dim,
  type Shape,
} from '../../src/compiler/dims.js';
import { ShapeError } from '../../src/core/errors.js';

const SIZES = new Map([
  ['B', 2],
  ['S', 3],
  ['P', 5],
]);

/** Sizes made of numbers, B, S and P by sums and products up to three deep. */
const { dim } = fc.letrec<{ dim: Dim }>((tie) => ({
  dim: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<Dim>('B', 'S', 'P', 0, 1, 2, 7),
    fc.array(tie('dim'), { maxLength: 3 }).map((dims) => sum(dims)),
    fc.array(tie('dim'), { maxLength: 3 }).map((dims) => product(dims)),
  ),
}));

describe('sizes', () => {
  it.each<[string, Dim, Dim]>([
    ['numbers multiply', product([2, 3, 4]), 24],
    ['an empty product is one', product([]), 1],
    ['an empty sum is nothing', sum([]), 0],
    ['symbols are written in order', product(['S', 'B']), 'B*S'],
    ['a factor of one is not written', product([1, 'B']), 'B'],
    ['numbers are gathered in front', product(['B', 2, 'S', 3]), '6*B*S'],
    ['powers repeat the symbol', product(['B', 'B']), 'B*B'],
    ['nothing times anything is nothing', product([0, 'B']), 0],
    ['terms are written in order', sum(['S', 'P']), 'P+S'],
    ['equal terms are counted', sum(['B', 'B']), '2*B'],
    ['zero is not added', sum([0, 'B']), 'B'],
    ['sums of sums have no brackets', sum([sum(['P', 'S']), 'P', 1]), '1+2*P+S'],
    ['products are multiplied out', product([2, 'B', sum(['P', 'S'])]), '2*B*P+2*B*S'],
    ['sums are multiplied with sums', product([sum(['P', 1]), sum(['P', 1])]), '1+2*P+P*P'],
  ])('%s', (_, found, expected) => {
    expect(found).toBe(expected);
  });

  it('stand for the numbers they are made of', () => {
    const value = (each: Dim): number => evaluateDim(each, SIZES);
    fc.assert(
      fc.property(fc.array(dim, { maxLength: 4 }), (dims) => {
        expect(value(sum(dims))).toBe(dims.map(value).reduce((a, b) => a + b, 0));
        expect(value(product(dims))).toBe(dims.map(value).reduce((a, b) => a * b, 1));
      }),
    );
  });

  it('have one form, in whatever order they are made', () => {
    fc.assert(
      fc.property(fc.array(dim, { maxLength: 4 }), dim, (dims, factor) => {
        const turned = [...dims].reverse();
        expect(sum(turned)).toBe(sum(dims));
        expect(product(turned)).toBe(product(dims));
        expect(product([factor, sum(dims)])).toBe(sum(dims.map((each) => product([factor, each]))));
        expect(sum([sum(dims)])).toBe(sum(dims));
      }),
    );
  });

  it.each(['', 'P+', '(P+S)', 'B*', '-1', '2.5', 'B S', '3B'])('refuse "%s"', (wrong) => {
    expect(() => product([wrong])).toThrow(ShapeError);
    expect(() => product([wrong])).toThrow(`invalid size "${wrong}"`);
  });

  it('refuse numbers that are no size', () => {
    for (const wrong of [-1, 0.5, NaN]) expect(() => product([wrong])).toThrow(`invalid size "${wrong}"`);
  });

  it('need every symbol to be known', () => {
    expect(evaluateDim('1+2*P+B*S', SIZES)).toBe(1 + 10 + 6);
    expect(() => evaluateDim('B*Q', SIZES)).toThrow('size of "Q" is not known');
  });

  it('name the symbols they depend on, each once', () => {
    expect(symbolsOf('2*B*P+B*key_length')).toEqual(['B', 'P', 'key_length']);
    expect(symbolsOf(7)).toEqual([]);
  });
});

describe('shapes', () => {
  it.each<[Shape, Shape, Shape]>([
    [[2, 3], [3], [2, 3]],
    [[], [2], [2]],
    [
      ['B', 1],
      [1, 'S'],
      ['B', 'S'],
    ],
    [
      [2, 1, 3],
      [4, 1],
      [2, 4, 3],
    ],
    [['P+S'], ['P+S'], ['P+S']],
  ])('[%s] and [%s] broadcast to [%s]', (a, b, expected) => {
    expect(broadcast(a, b)).toEqual(expected);
    expect(broadcast(b, a)).toEqual(expected);
  });

  it.each<[Shape, Shape]>([
    [[2], [3]],
    [['B'], ['S']],
    [['B'], [2]],
    [
      [2, 3],
      [2, 1, 4],
    ],
  ])('[%s] and [%s] do not broadcast', (a, b) => {
    expect(() => broadcast(a, b)).toThrow(`cannot broadcast [${a.join(', ')}] with [${b.join(', ')}]`);
  });

  it('are the same size by size, not as numbers and texts', () => {
    expect(sameShape(['B', 2], ['B', 2])).toBe(true);
    expect(sameShape(['B', 2], ['B', 2, 1])).toBe(false);
    expect(sameShape(['2'], [2])).toBe(false);
  });

  it('count axes from either end', () => {
    expect([axisOf(0, 3), axisOf(-1, 3), axisOf(-3, 3)]).toEqual([0, 2, 0]);
    for (const wrong of [3, -4])
      expect(() => axisOf(wrong, 3)).toThrow(`axis ${wrong} is outside a tensor of 3 dimensions`);
    expect(() => axisOf(0, 0)).toThrow(ShapeError);
  });
});
