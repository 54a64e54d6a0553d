import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import type { Row } from '../../src/core/records.js';
import { distributionChart } from '../../src/report/charts/distribution.js';
import { NARROW, spreadOut, WIDE } from '../../src/report/charts/frame.js';
import { placeNames } from '../../src/report/charts/place-names.js';
import { studyFigures, type Figure } from '../../src/report/sections/figures.js';
import { reportedStudy } from '../analysis/fixtures.js';
import { madeAudit } from './fixtures.js';

const analysis = analyse(reportedStudy().rows, [], { resamples: 400 });
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
      const intervals = [...parsed(svg).querySelectorAll('[aria-label="rule"] line')].filter(
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
    const [compression] = studyFigures(analyse([...rows, ...bases], [], { resamples: 50 }));
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
    const [compression, levels] = studyFigures(analyse([...rows, ...ranks], [], { resamples: 50 }));
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
    const [compression] = studyFigures(analyse([...rows, ...bases], [], { resamples: 50 }));
    const crosses = parsed(compression?.draw(WIDE) ?? '').querySelectorAll('[aria-label="dot"][stroke-opacity] path');
    expect(crosses.length).toBe(1);
  });

  it('have one line for each rank, with its name', () => {
    for (const name of ['wikiupdate-open-amount', 'wikiupdate-open-levels']) {
      const svg = figure(name).draw(WIDE);
      expect(texts(svg)).toEqual(expect.arrayContaining(['rank 4', 'rank 8', 'rank 16']));
      expect(parsed(svg).querySelectorAll('[aria-label="line"]').length).toBe(3);
    }
  });

  it('state a finding, the judge and the number of answers', () => {
    for (const { finding, notes } of figures) {
      expect(finding).toMatch(/^[A-Z].*\.$/u);
      expect(notes.join(' ')).toMatch(/Judge: (llm|yes-no)\. n = 500 answers on 500 items/u);
    }
  });
});

describe('labels', () => {
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
});
