/** The reference of the study file: whole, true to the schema, and what spelling and names may be. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { studyConfig } from '../../src/study/config-file.js';
import { formsOf, keysAt, studyJsonSchema, type JsonSchema } from '../../src/study/json-schema.js';
import { studyReference } from '../../src/study/reference.js';
import { runFolderName } from '../../src/study/run-spec.js';
import { trainSettings, withOverride } from '../../src/study/train-settings.js';

const grid = [{ dataset: 'a', book: 'closed', ranks: [8] }];
const datasets = { a: { world: { kind: 'articles' }, items: 4 } };
const study = (changes: object = {}) => studyConfig({ datasets, grid, ...changes });

function problem(changes: object): string {
  try {
    study(changes);
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n').slice(1).join('\n');
    throw error;
  }
  return '';
}

describe('the reference of the study file', () => {
  it('stands in the documents as the schema has it: npm run docs writes it', () => {
    const page = readFileSync(new URL('../../docs/study-file.md', import.meta.url), 'utf8');
    expect(page).toContain(`begin -->\n\n${studyReference()}\n<!--`);
  });

  it('says of every key what it is', () => {
    const without = (schema: JsonSchema, path: string): string[] =>
      formsOf(schema).flatMap(({ properties = {}, items, additionalProperties }) => [
        ...Object.entries(properties).flatMap(([key, inner]) => [
          ...(inner.not !== undefined || formsOf(inner).some(({ description }) => description) || inner.description
            ? []
            : [`${path}.${key}`]),
          ...without(inner, `${path}.${key}`),
        ]),
        ...(items ? without(items, path) : []),
        ...(typeof additionalProperties === 'object' ? without(additionalProperties, path) : []),
      ]);
    expect(without(studyJsonSchema(), '')).toEqual([]);
  });

  it('knows the keys of every place, of all forms that may stand there', () => {
    expect(keysAt(['grid', 0])).toEqual(expect.arrayContaining(['dataset', 'book', 'levels', 'evaluateOn', 'train']));
    expect(keysAt(['datasets', 'mine', 'world'])).toEqual(['kind', 'seed', 'facts']);
    expect(keysAt(['evaluate', 'judges', 0])).toEqual(expect.arrayContaining(['name', 'model', 'endpoint']));
    expect(keysAt(['nothing'])).toEqual([]);
  });
});

describe('what a study file may say', () => {
  it.each([
    [{ trian: {} }, 'trian: is not known here: did you mean train?'],
    [{ train: { learningrate: 1 } }, 'train.learningrate: is not known here: did you mean learningRate?'],
    [{ executor: { kind: 'pool', worker: 2 } }, 'executor.worker: is not known here: did you mean workers?'],
    [{ device: 'gpu' }, 'device: unknown device "gpu": did you mean cpu?'],
    [{ colour: 1 }, 'colour: is not known here: check its spelling or remove it'],
  ])('%j is answered with what may be meant', (changes, said) => expect(problem(changes)).toContain(said));

  it('is read in British and in American spelling', () => {
    expect(study({ train: { quantization: 'nf4' } }).train.quantisation).toBe('nf4');
    expect(study({ grid: [{ ...grid[0], train: { quantization: 'int8' } }] }).grid[0]?.train?.quantisation).toBe(
      'int8',
    );
    expect(problem({ train: { quantization: 'nf4', quantisation: 'int8' } })).toContain('quantization: is not known');
    expect(problem({ texts: { kurz: { method: 'summarise', words: 40 } } })).toBe('');
  });

  it('names data sets in any script', () => {
    for (const name of ['Größe-2', '知识', 'مقالات', 'हिन्दी'])
      expect(
        Object.keys(study({ datasets: { [name]: datasets.a }, grid: [{ ...grid[0], dataset: name }] }).datasets),
      ).toEqual([name]);
    for (const name of ['a b', 'a/b', '..', 'x'.repeat(61), '__proto__x/'])
      expect(problem({ datasets: { [name]: datasets.a } })).toContain('datasets');
    const identity = {
      dataset: '知'.repeat(60),
      book: 'open',
      level: '识'.repeat(60),
      rank: 0,
      items: 0,
      seed: 0,
    } as const;
    const folder = runFolderName({ id: 'f'.repeat(64), identity: identity as never });
    expect(Buffer.byteLength(folder)).toBeLessThan(256);
    expect(folder).toMatch(/^知{60}-open-识+-f{12}$/);
  });

  it('gives one of alpha and scale, and a part its own', () => {
    expect(problem({ train: { alpha: 16, scale: 2 } })).toContain(
      'train.alpha: stands beside scale, which is alpha / r',
    );
    expect(problem({ grid: [{ ...grid[0], train: { alpha: 16, scale: 2 } }] })).toContain('grid[0].train.alpha');
    expect(study().train.scale).toBe(2);
    const { train } = study({ train: { alpha: 16 } });
    const alphaOf = (config: typeof train): number => trainSettings({ ...config, compute: 'f32' }, 4, 0).lora.alpha;
    expect(alphaOf(train)).toBe(16);
    expect(alphaOf(withOverride(train, { scale: 3 }))).toBe(12);
    expect(alphaOf(withOverride(train, { alpha: 8 }))).toBe(8);
  });
});
