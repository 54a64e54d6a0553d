import { describe, expect, it } from 'vitest';
import { isFamiliarLevel, isLevel, levelFamily, levelStem, parseLevel } from '../../src/core/levels.js';
import { didYouMean, nearest } from '../../src/core/nearest.js';

describe('a level', () => {
  it('is a name in letters of any script, digits and a few signs', () => {
    const names = ['original', 'summ_l2', 'select=0.4', 'kürzer', '要約', 'संक्षेप', 'first-2', 'v1.2', 'None'];
    for (const name of names) expect(isLevel(name), name).toBe(true);
    const others = [
      '',
      'none',
      'a b',
      'a/b',
      '..',
      '=',
      'select=40%',
      'a\n',
      '__proto__',
      'constructor',
      'x'.repeat(61),
    ];
    for (const name of others) expect(isLevel(name), name).toBe(false);
  });

  it('is kept in one form: what reports call L2 is summ_l2, and accents are whole', () => {
    expect([' summ_l2 ', 'L2', 'L2=80w', 'L6', 'XL2'].map(parseLevel)).toEqual([
      ...['summ_l2', 'summ_l2', 'summ_l2=80w', 'L6', 'XL2'],
    ]);
    expect(parseLevel('ku\u0308rzer')).toBe('kürzer');
    expect(() => parseLevel('none')).toThrow('invalid level "none": use 1 to 60 letters');
  });

  it('has a stem without its amount, and a family without its number', () => {
    expect(['select=0.4', 'summ_l2', 'summ_l2=80w', 'ext'].map(levelStem)).toEqual([
      ...['select', 'summ_l2', 'summ_l2', 'ext'],
    ]);
    expect(['select=0.4', 'summ_l2', 'summ_l2=80w', 'ext', 'v1.2', '2024', '要約3'].map(levelFamily)).toEqual([
      ...['select', 'summ_l', 'summ_l', 'ext', 'v', '2024', '要約'],
    ]);
  });

  it('is recognised in a file by its name where it is one of the study or of our methods', () => {
    expect(['summ_l2', 'summ_l9', 'prune=0.6', 'ext'].every(isFamiliarLevel)).toBe(true);
    expect(['short', 'L1', 'extra', 'title'].some(isFamiliarLevel)).toBe(false);
  });
});

describe('a name that is not known', () => {
  it('is answered with the nearest there is, else with all', () => {
    const known = ['original', 'summ_l2', 'select=0.5'];
    expect(['sumn_l2', 'Summ_l2', 'selct=0.5', 'orignal', 'hybrid', ''].map((name) => nearest(name, known))).toEqual([
      ...['summ_l2', 'summ_l2', 'select=0.5', 'original', undefined, undefined],
    ]);
    expect(didYouMean('orginal', known)).toBe(': did you mean original? (there are original, summ_l2, select=0.5)');
    expect(didYouMean('hybrid', ['original'])).toBe(': use one of original');
    expect(didYouMean('hybrid', [])).toBe('');
  });
});
