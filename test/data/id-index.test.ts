import { describe, expect, it } from 'vitest';
import { IdIndex } from '../../src/data/id-index.js';

describe('the index of ids', () => {
  it('knows each of 200,000 ids by the position at which it came first', () => {
    const index = new IdIndex();
    const ids = Array.from({ length: 200_000 }, (_, i) => `document-${i}`);
    const early = ids.filter((id, i) => index.add(id, i + 1) !== undefined);
    expect(early).toEqual([]);
    expect(ids.every((id, i) => index.add(id, 1_000_000) === i + 1)).toBe(true);
  });
});
