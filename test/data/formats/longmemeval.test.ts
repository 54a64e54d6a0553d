/** LongMemEval histories with their question. */
import { describe, expect, it } from 'vitest';
import { loadAll } from '../../../src/data/load.js';
import { longmemevalRecord, only, scratch } from '../support/files.js';

describe('longmemeval', () => {
  it('writes the sessions by date, takes integers as answers, and knows abstention', async () => {
    const records = [longmemevalRecord('q1', 3), longmemevalRecord('q2_abs')];
    const { items, report } = await loadAll(scratch('l.json', records));
    expect(report.format).toBe('longmemeval');
    const [first, second] = items;
    expect(first?.texts.original?.text).toBe(
      'Session of 2023/05/20 (Sat) 02:21\nuser: Hello.\n\nSession of 2023/05/21 (Sun) 10:00\nuser: I painted my bicycle blue.\nassistant: Lovely.\n',
    );
    expect(first?.questions[0]).toMatchObject({ answers: ['3'], abstention: false, date: '2023/05/30 (Tue) 23:40' });
    expect(second?.questions[0]?.abstention).toBe(true);
  });

  it('says where the turns marked as evidence stand', async () => {
    const { items } = await loadAll(scratch('l2.json', [longmemevalRecord()]));
    const original = only(items).texts.original;
    const [start, end] = (original?.provenance['evidence'] as [number, number][])[0] ?? [0, 0];
    expect(original?.text.slice(start, end)).toBe('user: I painted my bicycle blue.');
  });

  it('tells of a history with more sessions than dates', async () => {
    const record = { ...longmemevalRecord(), haystack_dates: ['2023/05/21 (Sun) 10:00'] };
    await expect(loadAll(scratch('l3.json', [record]))).rejects.toThrow(
      /l3\.json:2: haystack_dates: has 1 entries for 2 sessions: /,
    );
  });
});
