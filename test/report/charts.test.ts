import * as Plot from '@observablehq/plot';
import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import type { Row } from '../../src/core/records.js';
import { distributionChart } from '../../src/report/charts/distribution.js';
import { drawSvg, NARROW, spreadOut, WIDE } from '../../src/report/charts/frame.js';
import { placeNames, roomyPlaces, together } from '../../src/report/charts/place-names.js';
import type { Figure } from '../../src/report/sections/figure.js';
import { studyFigures } from '../../src/report/sections/figures.js';
import type { LossCurve } from '../../src/report/data.js';
import { reportedStudy, runSummary } from '../analysis/fixtures.js';
import { madeAudit } from './fixtures.js';

const analysis = analyse(reportedStudy().rows, [], { draws: 500 });
const figures = studyFigures(analysis);

function parsed(svg: string): Element {
  return new JSDOM(svg, { contentType: 'image/svg+xml' }).window.document.documentElement;
}

function figure(name: string): Figure {
  const found = figures.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no figure ${name} among ${figures.map((one) => one.name).join(', ')}`);
  return found;
}

function texts(svg: string): string[] {
  return [...parsed(svg).querySelectorAll('text')].map(({ textContent }) => textContent);
}

describe('the four figures of the study', () => {
  const four = [
    'wikiupdate-open-compression',
    'longmemeval-open-compression',
    'wikiupdate-open-amount',
    'wikiupdate-open-levels',
  ];

  it('are drawn as they were when last looked at', async () => {
    for (const name of four) await expect(figure(name).draw(WIDE)).toMatchFileSnapshot(`golden/${name}.svg`);
    await expect(distributionChart(madeAudit('made').levels, WIDE)).toMatchFileSnapshot('golden/distribution.svg');
    console.log(`${four.length + 1} drawings compared`);
  });

  it('are well-formed, named for those who cannot see them, and free of styles, scripts and addresses', () => {
    let drawn = 0;
    for (const { draw } of figures) {
      for (const size of [WIDE, NARROW]) {
        const svg = draw(size);
        const root = parsed(svg);
        expect(root.getAttribute('role')).toBe('img');
        expect(root.getAttribute('aria-label')?.length).toBeGreaterThan(10);
        expect(root.querySelectorAll('style, script, image, a, foreignObject, [style], [href]').length).toBe(0);
        expect(svg).not.toMatch(/NaN|undefined|Infinity/u);
        drawn++;
      }
    }
    console.log(`${drawn} drawings checked`);
    expect(drawn).toBe(2 * figures.length);
  });

  it('name all seven levels and the base model, and draw an interval for each level', () => {
    for (const name of ['wikiupdate-open-compression', 'longmemeval-open-compression']) {
      const svg = figure(name).draw(WIDE);
      expect(texts(svg)).toEqual(expect.arrayContaining(['original', 'L1', 'L2', 'L3', 'L4', 'L5', 'ext']));
      expect(texts(svg).some((text) => text.startsWith('base '))).toBe(true);
      expect(svg).toContain('stroke-dasharray="5,4"');
      const intervals = [...parsed(svg).querySelectorAll('[aria-label="rule"]:not([stroke-dasharray]) line')].filter(
        (line) =>
          line.getAttribute('x1') === line.getAttribute('x2') && line.getAttribute('y1') !== line.getAttribute('y2'),
      );
      expect(intervals.length).toBe(7);
    }
  });

  it('tell falls by shape and cut contexts by hollow points, not by colour alone', () => {
    const dots = [
      ...parsed(figure('longmemeval-open-compression').draw(WIDE)).querySelectorAll('[aria-label="dot"] path'),
    ];
    const shapes = new Set(dots.map((dot) => dot.getAttribute('d')?.replace(/[\d.,-]+/gu, '')));
    expect(dots.length).toBe(7);
    expect(shapes.size).toBe(2);
    expect(dots.filter((dot) => dot.getAttribute('fill')?.includes('--paper')).length).toBe(1);
  });

  it('follow the base model from level to level where it was asked at several', () => {
    const rows = reportedStudy(40).rows.filter(({ dataset, rank }) => dataset === 'wikiupdate' && rank === 8);
    const bases = rows
      .filter(({ items }) => items === 500)
      .map((row) => ({ ...row, run: `base-${row.level}`, rank: 0, items: 0 }));
    const [compression] = studyFigures(analyse([...rows, ...bases], [], { draws: 500 }));
    const svg = compression?.draw(WIDE) ?? '';
    const dashed = parsed(svg).querySelectorAll('[stroke-dasharray] path, path[stroke-dasharray]');
    expect(dashed.length).toBe(1);
    expect(dashed[0]?.getAttribute('d')?.match(/L/gu)?.length).toBe(5);
    expect(texts(svg)).toContain('base model');
  });

  it('join the levels of one kind by a line, and no level of another kind', () => {
    const made = reportedStudy(20).rows.filter(
      ({ dataset, rank, items }) => dataset === 'wikiupdate' && rank === 8 && items === 500,
    );
    const as = (from: string, level: string, trr: number): Row[] =>
      made.filter((row) => row.level === from).map((row) => ({ ...row, level, trr, run: `run-${level}` }));
    const rows = [
      ...made,
      ...as('summ_l1', 'select=0.6', 0.41),
      ...as('summ_l3', 'select=0.3', 0.72),
      ...as('ext', '要約', 0.5),
    ];
    const ranks = rows.map((row) => ({ ...row, rank: 4, run: `${row.run}-4`, scale: 4 }));
    const [compression, levels] = studyFigures(analyse([...rows, ...ranks], [], { draws: 500 }));
    const drawn = [compression, levels].map((one) =>
      parsed(one?.draw(WIDE) ?? '').querySelectorAll('[aria-label="line"] path'),
    );
    const corners = drawn.map((paths) => [...paths].map((path) => path.getAttribute('d')?.match(/[ML]/gu)?.length));
    expect(corners).toEqual([
      [6, 3],
      [6, 3, 6, 3],
    ]);
    expect(texts(levels?.draw(WIDE) ?? '')).toEqual(
      expect.arrayContaining(['select=0.3', 'select=0.6', '要約', 'ext', 'L1']),
    );
  });

  it('mark the base model by a cross where a level is alone of its kind', () => {
    const rows = reportedStudy(20).rows.filter(
      ({ dataset, rank, items }) => dataset === 'wikiupdate' && rank === 8 && items === 500,
    );
    const bases = rows.map((row) => ({ ...row, run: `base-${row.level}`, rank: 0, items: 0 }));
    const [compression] = studyFigures(analyse([...rows, ...bases], [], { draws: 500 }));
    const crosses = parsed(compression?.draw(WIDE) ?? '').querySelectorAll('[aria-label="dot"][stroke-opacity] path');
    expect(crosses.length).toBe(1);
  });

  it('name each rank, and join its amounts by a line', () => {
    for (const name of ['wikiupdate-open-amount', 'wikiupdate-open-levels'])
      expect(texts(figure(name).draw(WIDE))).toEqual(expect.arrayContaining(['rank 4', 'rank 8', 'rank 16']));
    const amount = figure('wikiupdate-open-amount').draw(WIDE);
    expect(parsed(amount).querySelectorAll('[aria-label="line"]').length).toBe(3);
  });

  it('draw no line through levels that were not trained at a rank', () => {
    const lines = parsed(figure('wikiupdate-open-levels').draw(WIDE)).querySelectorAll('[aria-label="line"]');
    expect(lines.length, 'only rank 8 was trained at neighbouring levels').toBe(1);
    const made = reportedStudy(20).rows.filter(({ dataset, items }) => dataset === 'wikiupdate' && items === 500);
    const rank4 = made
      .filter(({ rank, level }) => rank === 8 && ['original', 'summ_l1', 'summ_l2', 'summ_l5'].includes(level))
      .map((row) => ({ ...row, rank: 4, scale: 4, run: `${row.run}-4` }));
    const rows = [...made.filter(({ rank }) => rank === 8), ...rank4];
    const drawn = studyFigures(analyse(rows, [], { draws: 500 })).find(({ name }) => name.endsWith('levels'));
    const corners = [...parsed(drawn?.draw(WIDE) ?? '').querySelectorAll('[aria-label="line"] path')].map(
      (path) => path.getAttribute('d')?.match(/[ML]/gu)?.length,
    );
    expect(corners.sort()).toEqual([3, 6]);
  });

  it('leave the levels their room where one text grew far: it stands left of a break, with its own value', () => {
    const svg = figure('wikiupdate-open-compression').draw(WIDE);
    const across = [...parsed(svg).querySelectorAll('[aria-label="dot"] path')].map((dot) =>
      Number(/translate\(([\d.]+)/u.exec(dot.getAttribute('transform') ?? '')?.[1]),
    );
    const [ext = 0, first = 0] = [...across].sort((a, b) => a - b);
    expect(texts(svg)).toContain('−84 %');
    expect((Math.max(...across) - first) / (Math.max(...across) - ext)).toBeGreaterThan(0.6);
    expect(texts(svg)).toContain('⁄⁄');
  });

  it('state a finding, the judge and the number of answers', () => {
    for (const { finding, notes } of figures) {
      expect(finding).toMatch(/^[A-Z].*\.$/u);
      expect(notes.join(' ')).toMatch(/Judge: (llm|yes-no)\. n = 500 answers on 500 items/u);
    }
  });
});

describe('losses of trainings', () => {
  const curve = (from: number, to: number, steps: number): LossCurve => ({
    trained: Array.from({ length: steps }, (_, i) => ({ step: i + 1, loss: from + ((to - from) * i) / (steps - 1) })),
    heldOut: [{ step: steps, loss: to + 0.1 }],
  });
  const runs = [
    runSummary({ id: 'a', level: 'original', rank: 4, firstLoss: 2, lastLoss: 0.02 }),
    runSummary({ id: 'b', level: 'original', rank: 16, firstLoss: 2, lastLoss: 0.5 }),
    runSummary({ id: 'c', level: 'summ_l5', rank: 4, firstLoss: 1, lastLoss: 1.5 }),
    runSummary({ id: 'base', rank: 0 }),
  ];
  const losses = new Map([
    ['a', curve(2, 0.02, 40)],
    ['b', curve(2, 0.5, 40)],
    ['c', curve(1, 1.5, 12)],
  ]);
  const [drawn] = studyFigures(analyse([], runs), losses);

  it('are drawn as a line each, named by what was trained on, the ranks by colour, held-out losses as dots', () => {
    const root = parsed(drawn?.draw(WIDE) ?? '');
    expect(root.querySelectorAll('[aria-label="line"] path').length).toBe(3);
    expect(root.querySelectorAll('[aria-label="dot"] circle').length).toBe(3);
    const colours = [...root.querySelectorAll('[aria-label="line"]')].map((line) => line.getAttribute('stroke'));
    expect(colours[0]).toBe(colours[2]);
    expect(colours[0]).not.toBe(colours[1]);
    expect(texts(drawn?.draw(NARROW) ?? '')).toEqual(expect.arrayContaining(['original', 'L5', 'rank 4', 'rank 16']));
  });

  it('say how many fell and which rose', () => {
    expect(drawn?.finding).toBe('The loss fell in 2 of 3 trainings and rose in 1 (L5, rank 4).');
  });
});

describe('labels', () => {
  it('of points that hide each other stand together', () => {
    const at = (text: string, x: number) => ({ text, x, y: 10, top: 5, bottom: 15 });
    expect(together([at('original', 10), at('L1', 13), at('L2', 60)]).map(({ text }) => text)).toEqual([
      'original, L1',
      'L2',
    ]);
  });

  it('keep their distance and their order, within the bounds', () => {
    const placed = spreadOut([50, 51, 52, 300], 15, 0, 100);
    const sorted = [...placed].sort((a, b) => a - b);
    expect(placed).toEqual(sorted);
    expect(Math.max(...placed)).toBeLessThanOrEqual(100);
    for (let i = 1; i < sorted.length; i++) expect((sorted[i] ?? 0) - (sorted[i - 1] ?? 0)).toBeGreaterThanOrEqual(15);
  });

  it('of points that lie together go to different places', () => {
    const at = (text: string) => ({ text, x: 200, y: 100, top: 90, bottom: 110 });
    const places = placeNames([at('original'), at('L1'), at('ext')], { left: 0, right: 500, top: 0, bottom: 300 });
    expect(new Set(places.map(({ dx, dy }) => `${dx} ${dy}`)).size).toBe(3);
  });

  it('are left out where they would hide one another', () => {
    const crowd = Array.from({ length: 30 }, (_, i) => {
      const y = 100 + (i % 3);
      return { text: `original, ${i} items`, x: 200 + i, y, top: y, bottom: y };
    });
    const bounds = { left: 0, right: 500, top: 0, bottom: 300 };
    const shown = roomyPlaces(crowd, bounds).filter((place) => place !== null).length;
    expect(shown).toBeGreaterThan(2);
    expect(shown).toBeLessThan(12);
    expect(roomyPlaces(crowd.slice(0, 2), bounds)).not.toContain(null);
  });
});

describe('the document that charts are drawn in', () => {
  it('writes texts so that a browser reads them as they are, in a page and in a file', () => {
    const words = `a & b < "c" > 'd' <script>alert(1)</script>`;
    const points = [1, 2.5, 4].map((x) => ({ x, y: x * x, words: `${words}${x}` }));
    const drawn = drawSvg(words, {
      marks: [
        Plot.line(points, { x: 'x', y: 'y', stroke: `${words}red` }),
        Plot.dot(points, { x: 'x', y: 'y', title: 'words', symbol: 'times', ariaLabel: words }),
        Plot.text(points, { x: 'x', y: 'y', text: 'words' }),
        Plot.text([''], { frameAnchor: 'top-left' }),
      ],
      x: { label: words },
    });
    const page = new JSDOM(`<!doctype html><body>${drawn}`).window.document.querySelector('svg') as Element;
    for (const svg of [parsed(drawn), page]) {
      expect(svg.querySelector('script')).toBeNull();
      expect(svg.getAttribute('aria-label')).toBe(words);
      const read = (selector: string): string[] =>
        [...svg.querySelectorAll(selector)].map(({ textContent }) => textContent);
      expect(read('title')).toEqual(points.map((each) => each.words));
      expect(read('text')).toEqual(expect.arrayContaining(points.map((each) => each.words)));
    }
    expect(page.outerHTML).toBe(parsed(drawn).outerHTML.replaceAll(/<(\w+)([^>]*)\/>/g, '<$1$2></$1>'));
  });
});
