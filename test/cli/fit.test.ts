/** `lightmem fit` from documents to an adapter: what it says beforehand, what it leaves, and what comes of killing it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateWorld } from '../../src/data/world/generate.js';
import { readAdapter } from '../../src/models/adapter/adapter.js';
import { loadModel } from '../../src/models/load.js';
import type { FitOutcome } from '../../src/fit/outcome.js';
import { scratchFolder } from '../study/support/studies.js';
import { writeTinyModel } from '../study/support/tiny-model.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KILL = fileURLToPath(new URL('../study/support/kill-at-rename.cjs', import.meta.url));
const scratch = scratchFolder();

const OPTIONS = [
  ...['--model', 'model', '--budget', '20ktok', '--exposures', '8', '--forms', 'study', '--ranks', '2,1'],
  ...['--wordings', '1', '--workers', '1', '--json'],
];

function fit(words: readonly string[], killAtRename?: number) {
  const preload = killAtRename === undefined ? [] : ['--require', KILL];
  const env = { ...process.env, KILL_AT_RENAME: String(killAtRename ?? 0) };
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...preload, MAIN, 'fit', ...words], {
    ...{ cwd: scratch, encoding: 'utf8', env },
  });
  return { status, signal, stdout, stderr };
}

function outcomeIn(folder: string): FitOutcome {
  return JSON.parse(readFileSync(join(scratch, folder, 'fit.json'), 'utf8')) as FitOutcome;
}

beforeAll(() => {
  writeTinyModel(join(scratch, 'model'));
  const items = generateWorld({
    kind: 'articles',
    seed: 3,
    partition: 'study',
    items: 3,
    facts: 2,
    fillers: 0,
    distractors: 0,
  });
  const lines = items.map(({ texts, ...item }) =>
    JSON.stringify({ ...item, texts: { original: texts['original'], summ_l3: texts['summ_l3'] } }),
  );
  writeFileSync(join(scratch, 'docs.jsonl'), lines.join('\n'));
});

describe('lightmem fit', { timeout: 600_000 }, () => {
  it('says what it would try and what that takes, and writes nothing', () => {
    const { status, stdout } = fit(['docs.jsonl', ...OPTIONS, '--out', 'unseen', '--dry-run']);
    expect(status).toBe(0);
    const plan = JSON.parse(stdout) as { tried: unknown[]; schedule: { rungs: unknown[]; cost: number } };
    expect(plan.tried).toHaveLength(4);
    expect(plan.schedule.rungs).toEqual([
      { candidates: 4, exposures: 2 },
      { candidates: 1, exposures: 8 },
    ]);
    expect(plan.schedule.cost).toBeLessThan(20_000);
    expect(existsSync(join(scratch, 'unseen'))).toBe(false);
  });

  it('tries, chooses, and leaves an adapter with what speaks for it; killed again and again it comes to the same', () => {
    const whole = fit(['docs.jsonl', ...OPTIONS, '--out', 'whole']);
    expect(whole).toMatchObject({ status: 0, stderr: '' });
    const outcome = outcomeIn('whole');
    expect(JSON.parse(whole.stdout)).toEqual(outcome);
    expect(outcome.tried.map(({ exposures }) => exposures)).toEqual([2, 2, 2, 2, 8]);
    expect(outcome.tried.filter(({ became }) => became === 'chosen').map(({ name }) => name)).toEqual([
      outcome.chosen.name,
    ]);
    expect(outcome.budget.spent).toBeLessThanOrEqual(20_000);
    expect(outcome.forgetting).toMatchObject({ limit: null, exceeds: false });
    const adapter = readAdapter(join(scratch, 'whole/adapter'), loadModel(join(scratch, 'model')).config);
    expect(adapter.lora.rank).toBe(outcome.chosen.rank);
    expect(readFileSync(join(scratch, 'whole/fit.html'), 'utf8')).toContain(outcome.chosen.name);

    let [kills, last] = [0, fit(['docs.jsonl', ...OPTIONS, '--out', 'killed'], 20)];
    for (; last.signal === 'SIGKILL' && kills < 12; kills++)
      last = fit(['docs.jsonl', ...OPTIONS, '--out', 'killed'], 25 + 13 * kills);
    expect(last).toMatchObject({ status: 0, stderr: '' });
    expect(kills).toBeGreaterThan(1);
    const { chosen, recall, tried, budget } = outcomeIn('killed');
    const untimed = (rows: FitOutcome['tried']) => rows.map((row) => ({ ...row, seconds: null }));
    expect({ chosen, recall, budget }).toEqual({
      chosen: outcome.chosen,
      recall: outcome.recall,
      budget: outcome.budget,
    });
    expect(untimed(tried)).toEqual(untimed(outcome.tried));
  });

  it('goes on at once where all is there, and fails by its exit code where the adapter forgets too much', () => {
    const again = fit(['docs.jsonl', ...OPTIONS, '--out', 'whole', '--max-forgetting', '0.0000001']);
    expect(again.status).toBe(1);
    expect(outcomeIn('whole').forgetting).toMatchObject({ exceeds: true });
  });

  it('refuses a budget that bears no trial, with what it would take', () => {
    const { status, stderr } = fit(['docs.jsonl', ...OPTIONS, '--budget', '10tok', '--out', 'poor']);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /a budget of 10tok bears no trial: measuring and one adapter take about .* tokens; raise the budget/,
    );
  });
});
