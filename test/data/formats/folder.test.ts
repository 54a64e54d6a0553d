/** A folder of texts and questions. */
import { describe, expect, it } from 'vitest';
import { loadAll } from '../../../src/data/load.js';
import { jsonl, scratch } from '../support/files.js';

describe('a folder', () => {
  it('takes texts, their levels and the questions beside them', async () => {
    scratch('f/one.txt', 'A is b.');
    scratch('f/one.summ_l5.txt', 'b');
    scratch('f/one.questions.jsonl', jsonl([{ question: 'What is A?', answer: 'b' }]));
    scratch('f/sub/two.md', '# C\nC is d.');
    scratch('f/sub/two.questions.json', [{ question: 'What is C?', answers: ['d', 'D'] }]);
    const path = scratch('f/notes.pdf', 'x').replace(/\/notes\.pdf$/, '');
    const { items, report } = await loadAll(path);
    expect(items.map(({ id, texts, questions }) => [id, Object.keys(texts), questions[0]?.answers])).toEqual([
      ['one', ['original', 'summ_l5'], ['b']],
      ['sub/two', ['original'], ['d', 'D']],
    ]);
    expect(report.notes.map(({ what }) => what)).toEqual(['a file is neither text nor questions; passed over']);
  });

  it('takes a level of any name where the text it belongs to is there, and says so', async () => {
    scratch('levels/Dr. Ames.txt', 'A is b. C is d.');
    scratch('levels/Dr. Ames.select=0.5.txt', 'A is b.');
    scratch('levels/Dr. Ames.kürzer.txt', 'A b.');
    scratch('levels/Dr. Ames.1899.txt', 'Another text.');
    scratch('levels/Dr. Ames.1899.questions.json', [{ question: 'Q?', answer: 'a' }]);
    const path = scratch('levels/v2.1.txt', 'Alone.').replace(/\/v2.*$/, '');
    const { items, report } = await loadAll(path);
    expect(items.map(({ id, texts }) => [id, Object.keys(texts)])).toEqual([
      ['Dr. Ames.1899', ['original']],
      ['Dr. Ames', ['original', 'kürzer', 'select=0.5']],
      ['v2.1', ['original']],
    ]);
    expect(report.notes.map(({ what, first }) => `${first}: ${what}`)).toContain(
      'Dr. Ames.kürzer.txt: read as the text of Dr. Ames at level kürzer; a text of its own needs another name',
    );
  });

  it('tells of questions without a text', async () => {
    const path = scratch('g/lost.questions.json', [{ question: 'Q?', answer: 'a' }]).replace(/\/lost.*$/, '');
    await expect(loadAll(path)).rejects.toThrow(/lost\.questions\.json: has no text beside it: add lost\.txt/);
  });
});
