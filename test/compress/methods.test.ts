import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MethodEntry } from '../../src/compress/entry.js';
import { moduleEntry } from '../../src/compress/methods/user-module.js';
import { METHODS } from '../../src/compress/registry.js';
import { conformance, type ConformanceOptions } from './conformance.js';
import { ScriptedModel } from './support/scripted-model.js';
import { wordModel } from './support/word-model.js';

const chat = () => ({ chat: new ScriptedModel() });
const TEXTS = new Map([
  ['a', { summ_l2: { text: 'Misty Buscher is mayor.', method: 'by-hand', provenance: { by: 'me' } } }],
]);

/** One for each entry of the table. */
const CASES: Readonly<Record<string, Omit<ConformanceOptions, 'entry'>>> = {
  summarize: { tools: chat, level: 'summ_l1', cutsParts: true, keepsAmounts: true },
  extract: { tools: chat, level: 'ext', cutsParts: true, keepsAmounts: false },
  hybrid: { tools: chat, level: 'hybrid', cutsParts: true, keepsAmounts: false },
  select: { tools: () => ({}), level: 'select', cutsParts: true, keepsAmounts: true },
  prune: { tools: () => ({ surprisal: wordModel() }), level: 'prune', cutsParts: true, keepsAmounts: false },
  recorded: {
    ...{ tools: () => ({ recorded: TEXTS }), given: { file: 'texts.jsonl' }, level: 'summ_l2' },
    ...{ cutsParts: false, keepsAmounts: false },
  },
};

test('every entry of the table goes through the suite', () => {
  expect(METHODS.map(({ name }) => name).sort()).toEqual(Object.keys(CASES).sort());
});

for (const entry of METHODS) {
  const options = CASES[entry.name];
  if (options !== undefined) conformance(entry.name, { entry, ...options });
}

let folder = '';
let own: MethodEntry | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lightmem-method-'));
  const path = join(folder, 'half.mjs');
  await writeFile(
    path,
    `export const name = 'half'; export const compress = (text) => text.slice(0, Math.ceil(text.length / 2));`,
  );
  own = await moduleEntry(path);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ownEntry = (): MethodEntry => {
  if (own === undefined) throw new Error('not loaded');
  return own;
};
for (const level of ['half', 'summ_l1'])
  conformance(`a method of the user’s own at ${level}`, {
    ...{ entry: ownEntry, tools: () => ({}), level, cutsParts: false, keepsAmounts: false },
  });
