/** The table of runs: what it says of held-out items. */
import { expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import type { RunSummary } from '../../src/analysis/run-summary.js';
import { runsSection } from '../../src/report/sections/runs.js';
import { demoReport } from './fixtures.js';

it('shows the best held-out loss, its step, and that training stopped there', () => {
  const { runs, rows } = demoReport();
  const heldOut = { bestLoss: 1.2345, bestStep: 40, lastLoss: 1.5, stoppedEarly: true };
  const shown = (changes: Partial<RunSummary>): string => {
    const [first] = runs.filter(({ rank }) => rank > 0);
    if (first === undefined) throw new Error('nothing was trained');
    const run: RunSummary = { ...first, firstLoss: 3, lastLoss: 1, ...changes };
    return String(runsSection(analyse(rows, [run], { draws: 500 })));
  };
  expect(shown({})).toContain('3.000\u00a0→\u00a01.000<');
  expect(shown({ heldOut })).toContain('3.000\u00a0→\u00a01.000; held out 1.234 at step 40, stopped early');
  expect(shown({ heldOut: { ...heldOut, stoppedEarly: false } })).toContain('held out 1.234 at step 40<');
});
