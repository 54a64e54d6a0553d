import { expect, it } from 'vitest';
import { isObject } from '../../src/core/json.js';

it('isObject accepts objects with fields and nothing else', () => {
  expect([{}, { a: 1 }, JSON.parse('{"a":null}')].map(isObject)).toEqual([true, true, true]);
  expect([null, undefined, [], [{}], 'text', 0, true].some(isObject)).toBe(false);
});
