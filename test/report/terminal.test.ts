import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import { terminalSummary } from '../../src/report/terminal.js';
import { demoReport, reportData } from './fixtures.js';

describe('terminalSummary', () => {
  const data = demoReport();
  const analysis = analyse(data.rows, data.runs, { draws: 500 });

  it('has the verdict, a line for each cell, and the cautions, without colours', () => {
    const text = terminalSummary(data, { analysis });
    expect(text).toMatch(/^world-articles: use .* an adapter of rank 8.*\n/u);
    expect(text).toContain('Adapter: lightmem-demo/runs/');
    const lines = text.split('\n').filter((line) => /^world-\w+ .* to /u.test(line));
    expect(lines.filter((line) => line.startsWith('world-')).length).toBe(analysis.cells.length);
    expect(text).toContain('1 run of 28 failed');

    expect(text).not.toMatch(/\u001b/u);
  });

  it('colours when asked', () => {
    expect(terminalSummary(data, { analysis, colour: true })).toMatch(/\u001b\[1m/u);
  });

  it('keeps sentences within the width', () => {
    const text = terminalSummary(data, { analysis, width: 60 });
    const sentences = text.split('\n').filter((line) => line.startsWith('  ') && !line.includes('Adapter'));
    expect(Math.max(...sentences.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  it('keeps the table within 80 and 60 columns, and says what it left out', () => {
    for (const width of [80, 60]) {
      const text = terminalSummary(data, { analysis, width });
      const long = text.split('\n').filter((line) => stringWidth(line) > width && !line.includes('Adapter'));
      expect(long, `${width}`).toEqual([]);
      expect(text, `${width}`).toMatch(/\(no room for: [^)]*unscored/u);
      for (const head of ['data set', 'level', 'rank', 'correct']) expect(text).toContain(head);
    }
  });

  it('lets no escape of a data set or path through', () => {
    const evil = '\u001b]0;title\u0007\u001b[2Jevil\u202e\n\rnext';
    const rows = data.rows.slice(0, 400).map((row) => ({ ...row, dataset: evil }));
    const text = terminalSummary(reportData({ rows, runs: [] }), { analysis: analyse(rows, [], { draws: 500 }) });

    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/u);
    expect(text).toContain('evil');
  });
});
