import { describe, expect, it } from 'vitest';
import { remembered } from '../../src/core/remembered.js';

describe('what is remembered of an object', () => {
  it('is told once for each object and whatever else it depends on', () => {
    const told: string[] = [];
    const lengths = remembered((list: readonly string[], of: string, least: number) => {
      told.push(`${of} ${least}`);
      return list.filter((each) => each.length >= least).length;
    });
    const list = ['a', 'bb'];
    expect([lengths(list, 'x', 1), lengths(list, 'x', 2), lengths(list, 'x', 1)]).toEqual([2, 1, 2]);
    expect(lengths([...list], 'x', 1)).toBe(2);
    expect(lengths(list, 'y', 1)).toBe(2);
    expect(told).toEqual(['x 1', 'x 2', 'x 1', 'y 1']);
  });

  it('may be nothing, and is not told again for that', () => {
    let times = 0;
    const nothing = remembered((about: object) => {
      expect(about).toBe(one);
      times++;
      return undefined;
    });
    const one = {};
    expect([nothing(one), nothing(one)]).toEqual([undefined, undefined]);
    expect(times).toBe(1);
  });
});
