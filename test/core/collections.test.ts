import { expect, it } from 'vitest';
import { distinct, elementCount, groupBy, largest } from '../../src/core/collections.js';

it('groupBy keeps groups and values in the order of their coming, for keys of any type', () => {
  const words = ['pear', 'fig', 'plum', 'date', 'kiwi', 'fig'];
  expect([...groupBy(words, (word) => word.length)]).toEqual([
    [4, ['pear', 'plum', 'date', 'kiwi']],
    [3, ['fig', 'fig']],
  ]);
  expect(groupBy([], String).size).toBe(0);
});

it('distinct keeps the first of each, of any iterable', () => {
  expect(distinct([3, 1, 3, 2, 1])).toEqual([3, 1, 2]);
  expect(distinct('abba')).toEqual(['a', 'b']);
});

it('elementCount multiplies sizes; a scalar has one element, an empty axis none', () => {
  expect([[2, 3, 4], [5], [], [3, 0]].map(elementCount)).toEqual([24, 5, 1, 0]);
});

it('largest takes more values than a call takes arguments', () => {
  expect(largest(Array.from({ length: 500_000 }, (_, i) => (i * 7919) % 500_000))).toBe(499_999);
  expect(largest([])).toBe(-Infinity);
});
