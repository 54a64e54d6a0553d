import { describe, expect, it } from 'vitest';
import { UserErrors } from '../../src/core/errors.js';
import { inStudyWords, toldInStudyWords } from '../../src/study/study-words.js';

describe('what reading advises, told of a study file', () => {
  it.each([
    [
      'name the field that holds it: --column answer=gold (fields not used: gold, note)',
      'name the field that holds it: columns: { answer: gold } in the study file (fields not used: gold, note)',
    ],
    ['give --encoding utf-16le or utf-16be', 'give encoding: utf-16le in the study file or utf-16be'],
    [
      'add it or choose another format with --format',
      'add it or choose another format with "format" in the study file',
    ],
    [
      'begins with the mark of utf-8, and --encoding says gbk',
      'begins with the mark of utf-8, and "encoding" says gbk',
    ],
  ])('%s', (told, expected) => {
    expect(inStudyWords(told)).toBe(expected);
    expect(inStudyWords(told)).not.toMatch(/--\w/);
  });

  it('keeps every problem', async () => {
    const told = toldInStudyWords(() => Promise.reject(new UserErrors('a.csv:', ['one: --column text=a', 'two'])));
    await expect(told).rejects.toThrow(
      new UserErrors('a.csv:', ['one: columns: { text: a } in the study file', 'two']),
    );
  });
});
