import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/llm/pace/retry-after.js';

const now = Date.parse('2025-06-01T12:00:00Z');
const headers = (fields: Record<string, string>) => ({ get: (name: string): string | null => fields[name] ?? null });

const CASES: readonly (readonly [Record<string, string>, number | null])[] = [
  [{}, null],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': '1' }, 1000],
  [{ 'retry-after': ' 2 ' }, 2000],
  [{ 'retry-after': '0.25' }, 250],
  [{ 'retry-after': '-3' }, 0],
  [{ 'retry-after': '1500ms' }, 1500],
  [{ 'retry-after': '2s' }, 2000],
  [{ 'retry-after': '86400' }, 86_400_000],
  [{ 'retry-after': '9'.repeat(400) }, null],
  [{ 'retry-after': '' }, null],
  [{ 'retry-after': 'soon' }, null],
  [{ 'retry-after': '1e9' }, null],
  [{ 'retry-after': '1, 2' }, null],
  [{ 'retry-after': 'NaN' }, null],
  [{ 'retry-after': 'Sun, 01 Jun 2025 12:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Sun, 01 Jun 2025 11:00:00 GMT' }, 0],
  [{ 'retry-after': 'Sun, 01 Jun 2025 15:00:30 GMT', date: 'Sun, 01 Jun 2025 15:00:00 GMT' }, 30_000],
  [{ 'retry-after': 'Sun, 01 Jun 2025 12:00:30 GMT', date: 'nonsense' }, 30_000],
  [{ 'retry-after': 'Sunday, 01-Jun-25 12:00:30 GMT' }, 30_000],
  [{ 'retry-after-ms': '150', 'retry-after': '9' }, 150],
  [{ 'retry-after-ms': 'x', 'retry-after': '9' }, 9000],
  [{ 'retry-after-ms': '-1' }, 0],
];

test('Retry-After is read in all its forms', () => {
  for (const [fields, expected] of CASES)
    expect(retryAfterMs(headers(fields), now), JSON.stringify(fields)).toBe(expected);
  console.log(`${CASES.length} forms of Retry-After`);
});
