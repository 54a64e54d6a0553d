/** `lightmem analyse` as a user runs it: a verdict on rows that lightmem did not make, and how it refuses. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { register } from '../../src/cli/analyse.js';
import { Random } from '../../src/core/random.js';
import type { Recommendation } from '../../src/analysis/verdict.js';

const folder = mkdtempSync(join(tmpdir(), 'lightmem-analyse-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function analyse(...args: string[]): Promise<{ out: string; err: string }> {
  const said = { out: '', err: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((said.out += String(text)), true));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said.err += String(text)), true));
  try {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    register(program);
    await program.parseAsync(['node', 'lightmem', 'analyse', ...args]);
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  return said;
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Sixty documents with four questions each, at three setups of which the last loses 1.5 of 5 points. */
const graded = ((): string => {
  const lines = ['doc,part,grade,setup,saved,seed'];
  for (const [setup, saved, loss] of [
    ['original', 0, 0],
    ['L2', 0.5, 0],
    ['L5', 0.9, 1.5],
  ] as const)
    for (const seed of [1, 2, 3])
      for (let doc = 0; doc < 60; doc++)
        for (let part = 0; part < 4; part++) {
          const ease =
            4 + 0.6 * new Random(1, doc, part).normal() + 0.3 * new Random(1, setup, seed, doc, part).normal();
          lines.push(`d${doc},${part},${Math.max(1, Math.min(5, ease - loss)).toFixed(2)},${setup},${saved},${seed}`);
        }
  return `${lines.join('\n')}\n`;
})();
const columns = ['--columns', 'item=doc', 'question=part', 'score=grade', 'level=setup', 'trr=saved'];

describe('lightmem analyse', () => {
  it('says it in Chinese where it is asked to, and by the same keys for programs', async () => {
    const file = write('graded.csv', graded);
    const asked = [file, ...columns, '--set', 'rank=8', '--tolerance', '0.3'];
    const { out } = await analyse(...asked, '--lang', 'zh');
    expect(out).toContain('graded：建议使用 L2，配合秩 8 的适配器。');
    expect(out).toMatch(/L5 的损失超过这一限度（−1\.\d\d，联合区间 −1\.\d\d 至 −1\.\d\d）。/);
    expect(out).toContain(`报告：${join(folder, 'graded.html')}`);
    expect(readFileSync(join(folder, 'graded.html'), 'utf8')).toContain('<html lang="zh-Hans">');
    const { out: told } = await analyse(...asked, '--lang', 'zh', '--json');
    const { recommendation } = JSON.parse(told) as { recommendation: Recommendation };
    expect(recommendation).toMatchObject({ level: 'summ_l2', rank: 8 });
    expect(recommendation.sentences[0]).toContain('建议使用');
    await expect(analyse(...asked, '--lang', 'de')).rejects.toThrow(/Allowed choices are en, zh/);
  });

  it('says of graded rows how far compression may go, and writes the page', async () => {
    const file = write('graded.csv', graded);
    const { out, err } = await analyse(file, ...columns, '--set', 'rank=8', '--tolerance', '0.3');
    expect(err).toContain('2160 answers, read as table');
    expect(out).toMatch(/graded: use L2/);
    expect(out).toContain('0.30');
    const page = readFileSync(join(folder, 'graded.html'), 'utf8');
    expect(page).toContain('token reduction');
  });

  it('has the verdict as JSON, by right and wrong where that is asked for', async () => {
    const file = write('again.csv', graded);
    const { out } = await analyse(file, ...columns, '--set', 'rank=8', '--measure', 'correct', '--json');
    const { recommendation, report } = JSON.parse(out) as { recommendation: Recommendation; report: string };
    expect(report).toBe(join(folder, 'again.html'));
    expect(recommendation.level).not.toBe('summ_l5');
    expect(recommendation.sentences.join(' ')).toContain('points');
  });

  it('compares models that nobody trained without noise of training, and speaks of no adapter', async () => {
    const { out } = await analyse(write('untrained.csv', graded.replaceAll(/,[23]\n/g, ',1\n')), ...columns);
    expect(out).toContain('untrained: use L2');
    expect(out).not.toContain('adapter');
    expect(out).toContain('No rank is known');
  });

  it('takes a file a level, and logs of other tools', async () => {
    const log = (share: number): string =>
      Array.from({ length: 80 }, (_, i) =>
        JSON.stringify({
          question_id: `q${i}`,
          hypothesis: 'x',
          autoeval_label: { model: 'm', label: i / 80 < share },
        }),
      ).join('\n');
    const files = [write('whole.jsonl', log(0.9)), write('short.jsonl', log(0.2))];
    const { out, err } = await analyse(`original=${files[0] ?? ''}`, `L5=${files[1] ?? ''}`, '--set', 'rank=4');
    expect(err.match(/read as longmemeval/g)).toHaveLength(2);
    expect(out).toMatch(/original .*90\.0/);
    expect(out).toMatch(/L5 .*20\.0/);
  });

  it('says what is wrong with what it is given', async () => {
    const file = write('small.csv', 'item,score\na,3\n');
    await expect(analyse('absent.csv')).rejects.toThrow('no such file: absent.csv: check the path');
    await expect(analyse(file, '--columns', 'scor=score')).rejects.toThrow('did you mean score=score?');
    await expect(analyse(file, '--set', 'rank=big')).rejects.toThrow(
      'invalid --set rank=big: use a whole number of 0 or more',
    );
    await expect(analyse(file, '--scale', '5,1')).rejects.toThrow(
      'invalid --scale "5,1": use the least and the greatest score',
    );
    await expect(analyse(file, '--tolerance', '-1')).rejects.toThrow('invalid --tolerance "-1": use a number above 0');
  });
});
