import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Extract } from '../../src/compress/methods/extract.js';
import { Hybrid } from '../../src/compress/methods/hybrid.js';
import type { CompressionMethod } from '../../src/compress/method.js';
import { Prune } from '../../src/compress/methods/prune.js';
import { Recorded } from '../../src/compress/methods/recorded.js';
import { Select } from '../../src/compress/methods/select.js';
import { Summarize } from '../../src/compress/methods/summarize.js';
import { userMethod } from '../../src/compress/methods/user-module.js';
import { conformance } from './conformance.js';
import { ScriptedModel } from './support/scripted-model.js';
import { counter } from './support/texts.js';
import { wordModel } from './support/word-model.js';

const model = (): ScriptedModel => new ScriptedModel();
const partTokens = 500;
const amounts = { cutsParts: true, takesAmounts: true };

conformance('summarize', () => new Summarize({ model: model(), counter, partTokens }), {
  level: 'summ_l1',
  ...amounts,
  asksModel: true,
});
conformance('extract', () => new Extract({ model: model(), counter, partTokens }), {
  level: 'ext',
  cutsParts: true,
  takesAmounts: false,
  asksModel: true,
});
conformance('hybrid', () => new Hybrid({ model: model(), counter, partTokens }), {
  level: 'hybrid',
  cutsParts: true,
  takesAmounts: false,
  asksModel: true,
});
conformance('select', () => new Select({ counter, partTokens }), { level: 'select', ...amounts });
conformance('prune', () => new Prune({ model: wordModel(), counter, partTokens }), {
  level: 'prune',
  cutsParts: true,
  takesAmounts: false,
});

const recorded = new Map([
  ['a', { summ_l2: { text: 'Misty Buscher is mayor.', method: 'by-hand', provenance: { by: 'me' } } }],
]);
conformance('recorded', () => new Recorded({ counter, texts: recorded }), {
  level: 'summ_l2',
  cutsParts: false,
  takesAmounts: false,
});

let folder = '';
let own: CompressionMethod | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lightmem-method-'));
  const path = join(folder, 'half.mjs');
  await writeFile(
    path,
    `export const name = 'half'; export const compress = (text) => text.slice(0, Math.ceil(text.length / 2));`,
  );
  own = await userMethod(path, counter);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ownMethod = (): CompressionMethod => {
  if (own === undefined) throw new Error('not loaded');
  return own;
};
conformance('a method of the user’s own', ownMethod, { level: 'summ_l1', cutsParts: false, takesAmounts: false });
