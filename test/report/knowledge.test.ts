import { JSDOM } from 'jsdom';
import stringWidth from 'string-width';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import { knowledgeJson } from '../../src/report/cells-json.js';
import { NARROW, WIDE } from '../../src/report/charts/frame.js';
import { shortCount } from '../../src/report/charts/knowledge/recall-tokens.js';
import { csvLines } from '../../src/report/export.js';
import { renderReport } from '../../src/report/page.js';
import { studyFigures } from '../../src/report/sections/figures.js';
import { terminalSummary } from '../../src/report/terminal.js';
import { madeTextStudy, textStudy, type Adapter } from '../analysis/text-study.js';
import { demoStudy, runSummary } from '../analysis/fixtures.js';
import { reportData } from './fixtures.js';

const study = madeTextStudy(1);
const analysis = analyse(study.rows, study.runs, { draws: 500 });
const figures = studyFigures(analysis);

function drawing(name: string, from = figures): Element {
  const found = from.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no figure ${name} among ${from.map((each) => each.name).join(', ')}`);
  return new JSDOM(found.draw(WIDE), { contentType: 'image/svg+xml' }).window.document.documentElement;
}

const texts = (root: Element): string[] => [...root.querySelectorAll('text')].map(({ textContent }) => textContent);
const titles = (root: Element): string[] => [...root.querySelectorAll('title')].map(({ textContent }) => textContent);
const shapes = (root: Element): Set<string> =>
  new Set(
    [...root.querySelectorAll('[aria-label="dot"]:not([stroke-opacity]) :is(path, circle)')].map((dot) =>
      dot.tagName === 'circle' ? 'circle' : (dot.getAttribute('d') ?? '').replace(/[\d.,-]+/gu, ''),
    ),
  );

describe('the figures of a text book', () => {
  const four = ['a-text-levels', 'a-text-tokens', 'a-text-forgetting', 'a-text-ranks'];

  it('come first, are well-formed at both sizes, and say what they show', () => {
    expect(figures.map(({ name }) => name)).toEqual(four);
    for (const { draw, finding, notes } of figures) {
      expect(finding).toMatch(/^[A-Z].*\d.*\.$/u);
      expect(notes.length).toBeGreaterThan(0);
      for (const size of [WIDE, NARROW]) {
        const svg = draw(size);
        expect(svg).not.toMatch(/NaN|undefined|Infinity/u);
        const root = new JSDOM(svg, { contentType: 'image/svg+xml' }).window.document.documentElement;
        expect(root.getAttribute('aria-label')?.length).toBeGreaterThan(10);
        expect(root.querySelectorAll('style, script, [style], [href]').length).toBe(0);
      }
    }
    console.log(`${2 * figures.length} drawings checked`);
  });

  it('show recall over level below what the texts kept, between floor and ceiling', () => {
    const root = drawing('a-text-levels');
    expect(texts(root)).toEqual(
      expect.arrayContaining([
        'original',
        'L2',
        'L3',
        'raw',
        'mix',
        'kept in text',
        'base reads ×',
        'base 20.0\u00a0%',
      ]),
    );
    expect(titles(root)).toContain('L3: the text keeps 50.0\u00a0% of the answers');
    expect(titles(root).some((title) => title.startsWith('mix, original, rank 16: 87.5'))).toBe(true);
    expect(titles(root).some((title) => title.includes('rank 4'))).toBe(false);
  });

  it('show the rank that was tried at most levels, and recall over items by rank where amounts were', () => {
    const told = (level: string, rank: number, items?: number): Adapter => ({
      ...{ level, form: 'study', rank, ...(items !== undefined && { items }) },
      right: { taught: rank === 16 ? 4 : 3, untaught: 0, unseen: 0 },
    });
    const levels = [told('original', 8), told('summ_l2', 8), told('summ_l3', 8)];
    const others = [told('original', 16), told('summ_l2', 16), told('original', 8, 4), told('original', 16, 4)];
    const { rows, runs } = textStudy([...levels, ...others]);
    const drawn = studyFigures(analyse(rows, runs, { draws: 500 }));
    expect(drawn.find(({ name }) => name === 'a-text-levels')?.title).toMatch(/rank 8$/);
    expect(titles(drawing('a-text-levels', drawn)).filter((title) => title.startsWith('study')).length).toBe(3);
    expect(texts(drawing('a-text-items', drawn))).toEqual(expect.arrayContaining(['4', '16', 'rank 8', 'rank 16']));
  });

  it('tell forms by shape, not by colour alone', () => {
    for (const name of four) expect(shapes(drawing(name)).size, name).toBeGreaterThanOrEqual(2);
  });

  it('join an adapter with itself at other strengths', () => {
    const title = titles(drawing('a-text-forgetting')).find((each) => each.includes('mix, original, rank 16 at 50'));
    expect(title).toBe('mix, original, rank 16 at 50\u00a0% of its strength: 30.0\u00a0%\n+0.16 bits a token');
  });

  it('show the largest adapter cut to ranks beside those trained at them', () => {
    const root = drawing('a-text-ranks');
    expect(titles(root)).toEqual(
      expect.arrayContaining([
        'mix, cut from rank 16 to rank 4: 40.0\u00a0%',
        'mix, cut from rank 16 to rank 1: 20.0\u00a0%',
        'mix, trained at rank 4: 62.5\u00a0%',
      ]),
    );
    expect(figures[3]?.finding).toBe(
      'Of rank 16, mix recalls 87.5\u00a0%; cut to rank 4, 40.0\u00a0%; trained at rank 4, 62.5\u00a0%.',
    );
  });

  it('are left out where there is nothing to draw', () => {
    const one: Adapter = { level: 'original', form: 'mix', rank: 4, right: { taught: 2, untaught: 1, unseen: 0 } };
    const { rows, runs } = textStudy([one]);
    expect(studyFigures(analyse(rows, runs, { draws: 500 }))).toEqual([]);
    const unmeasured = study.runs.map(({ id }) => runSummary({ id, dataset: 'a', book: 'text' }));
    expect(studyFigures(analyse(study.rows, unmeasured, { draws: 500 })).map(({ name }) => name)).toEqual([
      'a-text-levels',
    ]);
  });

  it('count tokens shortly', () => {
    expect([950, 1200, 43_042, 999_700, 1_540_000].map(shortCount)).toEqual(['950', '1.2k', '43k', '1M', '1.5M']);
  });
});

describe('the page of a text book', () => {
  let document: Document;
  beforeAll(() => {
    const data = reportData(study, { audits: [] });
    document = new JSDOM(renderReport(data, analysis), { runScripts: 'dangerously', pretendToBeVisual: true }).window
      .document;
  });

  const line = (table: number, ...words: string[]): string[] => {
    const lines = [...(document.querySelectorAll('#knowledge table')[table]?.querySelectorAll('tbody tr') ?? [])];
    const cells = lines.map((row) => [...row.querySelectorAll('td')].map(({ textContent }) => textContent.trim()));
    return cells.find((row) => words.every((word, i) => row[i] === word)) ?? [];
  };

  function choose(name: string, value: string): string[] {
    const control = document.querySelector(`[name=${name}]`) as HTMLSelectElement;
    control.value = value;
    control.dispatchEvent(new (document.defaultView as unknown as { Event: typeof Event }).Event('change'));
    return [...document.querySelectorAll('#browser .question tbody th')].map(({ textContent }) => textContent);
  }

  it('puts knowledge behind the verdict, whose card has level, rank, form, recall, facts, bits and cost', () => {
    expect([...document.querySelectorAll('main > section')].map(({ id }) => id).slice(0, 2)).toEqual([
      'verdict',
      'knowledge',
    ]);
    const numbers = [...document.querySelectorAll('.numbers > div')].map(({ textContent }) =>
      textContent.trim().replace(/\s+/gu, ' '),
    );
    expect(numbers).toEqual([
      'Level original',
      'Rank 16',
      'Form mix',
      expect.stringMatching(/^Recall without the text 87\.5 %/u),
      'Facts 56',
      'Bits 224',
      'Loss on other text +0.32 bits a token',
      'Known facts lost 20 of 20',
    ]);
  });

  it('orders the card’s sentences by compression, parameters and cost, and leaves none out', () => {
    const card = document.querySelector('article.verdict');
    const topics = [...(card?.querySelectorAll('h3.topic') ?? [])].map(({ textContent }) => textContent);
    expect(topics).toEqual(['Compression quality', 'Parameter efficiency', 'Cost to the base']);
    const said = [...(card?.querySelectorAll('ul.sentences > li') ?? [])].map(({ textContent }) => textContent);
    expect(said).toEqual(analysis.recommendation.datasets[0]?.sentences);
  });

  it('tables what each adapter recalls, is worth and costs, the controls and the comparisons', () => {
    expect(document.querySelectorAll('#knowledge table').length).toBe(4);
    expect(line(0, 'L3', 'mix', '16')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^37\.5 \(/u), '50.0\u00a0%', '75.0\u00a0%']),
    );
    expect(line(1, 'original', 'mix', '16').slice(3)).toEqual([
      '20,000',
      '56',
      '224',
      '0.014',
      '+0.32 (+0.27 to +0.37)',
      '0.10',
      '20 of 20',
      '3, 1 of 20',
    ]);
    expect(line(2, 'base', 'none')[2]).toMatch(/^20\.0 \(/u);
    expect(line(2, 'adapter of other documents, rank 16', 'original as mix, of other documents')[2]).toMatch(/^25\.0/u);
    expect(line(3, 'original', 'mix', '16', 'other documents')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\+62\.5 \(/u), 'yes', '64', '16']),
    );
  });

  it('finds answers by form, by control and by what training had of the question', () => {
    choose('show', 'all');
    expect(new Set(choose('trained', 'mix'))).toEqual(new Set(['mix, original', 'mix, L2', 'mix, L3']));
    expect(new Set(choose('trained', 'base without text'))).toEqual(new Set(['base without text']));
    expect(new Set(choose('trained', 'other documents as mix'))).toEqual(new Set(['other documents as mix, original']));
    choose('trained', '');
    expect(new Set(choose('group', '1'))).toEqual(new Set(['mix, original', 'mix, L2', 'mix, L3']));
    const unseen = choose('group', '4');
    expect(unseen.length).toBeGreaterThan(0);
    expect(document.querySelector('#browser .over')?.textContent).toContain('unseen-0');
  });

  it('has none of it in a study without a text book', () => {
    const { rows, runs } = demoStudy({ items: 7 });
    const page = renderReport(reportData({ rows, runs }), analyse(rows, runs, { draws: 500 }));
    const other = new JSDOM(page).window.document;
    expect(other.querySelector('#knowledge, [name=trained], [name=group]')).toBeNull();
  });
});

describe('a text book elsewhere', () => {
  it('is a table within 60, 80 and 100 columns of a terminal, in place of the empty one of cells', () => {
    for (const width of [60, 80, 100]) {
      const text = terminalSummary(reportData(study), { analysis, width });
      const long = text.split('\n').filter((line) => stringWidth(line) > width && !line.includes('Adapter'));
      expect(long, `${width}`).toEqual([]);
      for (const head of ['level', 'form', 'rank', 'recall']) expect(text).toContain(head);
      expect(text.split('\n').filter((line) => /\b(raw|mix) +\d/u.test(line)).length).toBeGreaterThanOrEqual(12);
      expect(text).not.toContain('score');
    }
  });

  it('is in the exported rows and in the JSON for programs', () => {
    const lines = [...csvLines(study.rows)];
    expect(lines[0]).toContain(',form,exposures,control,group');
    expect(lines.some((each) => each.endsWith(',mix,20,,untaught\r\n'))).toBe(true);
    const adapters = knowledgeJson(analysis);
    expect(adapters.length).toBe(12);
    expect(
      adapters.find(({ level, form, rank }) => level === 'original' && form === 'mix' && rank === 16),
    ).toMatchObject({
      ...{ facts: 56, bits: 224, known: { asked: 20, lost: 20 }, exposures: 20 },
      recall: { trained: { mean: 0.875 }, uncovered: null },
      cost: { rise: { mean: 0.32 }, reading: { asked: 20 } },
    });
  });
});
