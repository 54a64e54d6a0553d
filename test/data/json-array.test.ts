import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonArray } from '../../src/data/containers/json-array.js';
import { ProblemLog } from '../../src/data/problems.js';
import type { SourceRecord } from '../../src/data/containers/source-record.js';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function read(text: string, size: number): Promise<{ records: SourceRecord[]; log: ProblemLog }> {
  const log = new ProblemLog();
  const records: SourceRecord[] = [];
  for await (const record of jsonArray(pieces(Buffer.from(text), size), 'F', log)) records.push(record);
  return { records, log };
}

describe('the streamed JSON array', () => {
  it('reads any array, however written and cut into pieces, as JSON.parse does', async () => {
    const array = fc.array(fc.jsonValue({ maxDepth: 3 }));
    await fc.assert(
      fc.asyncProperty(
        array,
        fc.constantFrom(0, 1, '\t'),
        fc.integer({ min: 1, max: 20 }),
        async (values, space, size) => {
          const text = JSON.stringify(values, null, space);
          const { records, log } = await read(text, size);
          expect(log.count).toBe(0);
          expect(records.map(({ value }) => value)).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('follows quotes behind any number of backslashes over every cut', async () => {
    const values = ['\\', '"', '\\"', '\\\\"', 'a\\\\', ']', '},{'];
    const text = JSON.stringify(values.map((value) => ({ value })));
    for (let size = 1; size <= text.length; size++) {
      const { records } = await read(text, size);
      expect(records.map(({ value }) => (value as { value: string }).value)).toEqual(values);
    }
  });

  it('gives each record the line on which it starts', async () => {
    const { records } = await read('[\n {"a":\n 1},\n\n {"a": 2}\n]\n', 4);
    expect(records.map(({ place }) => [place.line, place.record])).toEqual([
      [2, 1],
      [5, 2],
    ]);
  });

  it('goes on after a record that is no JSON', async () => {
    const { records, log } = await read('[{"a": 1},\n{a: 2},\n{"a": 3}]', 5);
    expect(records.map(({ value }) => value)).toEqual([{ a: 1 }, { a: 3 }]);
    expect(log.problems.map(({ line }) => line)).toEqual([2]);
  });
});
