/** The page on data: no form, column or field that is read is missing there. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { questionRecord } from '../../src/core/question.js';
import { COLUMN_PARTS, FORMATS } from '../../src/data/formats/format.js';

const page = readFileSync(new URL('../../docs/data.md', import.meta.url), 'utf8');

it.each([...FORMATS, ...Object.keys(questionRecord.shape)])('names %s', (name) =>
  expect(page).toContain(`\`${name}\``),
);

it('names every part that a column can hold, and every variable whose value is looked at', () => {
  for (const part of COLUMN_PARTS) expect(page).toMatch(new RegExp(`\\b${part}\\b`));
  const sources = [
    'llm/settings.ts',
    'llm/spend/cache-folder.ts',
    'models/hub/hub.ts',
    'models/hub/hub-cache.ts',
    'cli/terminal.ts',
  ];
  const names = sources.flatMap((file) => {
    const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
    return [...source.matchAll(/'((?:LIGHTMEM|OPENAI|DASHSCOPE|HF|NO|FORCE)_[A-Z_]+)'/g)].map(([, name = '']) => name);
  });
  expect(new Set(names).size).toBeGreaterThan(8);
  for (const name of new Set(names)) expect(page, name).toContain(name);
});
