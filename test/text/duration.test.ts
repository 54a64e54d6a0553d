import { expect, it } from 'vitest';
import { durationText } from '../../src/text/duration.js';

it.each([
  [-1, '0 s'],
  [0.04, '0 s'],
  [0.2, '0.2 s'],
  [4, '4 s'],
  [9.94, '9.9 s'],
  [9.95, '10 s'],
  [59.4, '59 s'],
  [59.5, '1 min 0 s'],
  [200, '3 min 20 s'],
  [599.4, '9 min 59 s'],
  [599.5, '10 min'],
  [1529, '25 min'],
  [3599, '1 h 0 min'],
  [7500, '2 h 5 min'],
  [360_000, '100 h 0 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
