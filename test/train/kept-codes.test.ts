/** What a base in eight bits is computed with, kept for the trainings that follow. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainSettings } from '../../src/core/settings.js';
import { isHeld } from '../../src/files/folder-lock.js';
import { openSafetensors, writeSafetensors, type StoredArray } from '../../src/models/formats/safetensors.js';
import { finetune } from '../../src/train/finetune.js';
import { TINY_SETTINGS, tinyModel, tinySamples } from './tiny-model.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-codes-'));
const bases = join(root, 'bases');
const settings: TrainSettings = { ...TINY_SETTINGS, epochs: 1, compute: 'int8-anyway' };
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

interface Changes {
  readonly settings?: Partial<TrainSettings>;
  readonly items?: number;
  /** Default kept nowhere. */
  readonly bases?: string;
}

/** The bytes of an adapter that is trained in a folder of its own. */
async function trained(name: string, { settings: changes, items = 8, ...kept }: Changes = {}): Promise<string> {
  const folder = join(root, name);
  await finetune({
    ...{ model: tinyModel(), samples: tinySamples(items), settings: { ...settings, ...changes }, folder, threads: 1 },
    ...kept,
  });
  return readFileSync(join(folder, 'adapter/adapter_model.safetensors')).toString('base64');
}

/** The only file of codes. */
function codesFile(): string {
  const [name = '', ...others] = readdirSync(bases);
  expect(others).toEqual([]);
  return join(bases, name, 'codes.safetensors');
}

describe('codes of a base', () => {
  let plain = '';
  beforeAll(async () => {
    plain = await trained('plain');
  });

  it('kept and read again come to the same bits as made anew', async () => {
    expect(await trained('first', { bases })).toBe(plain);
    const kept = readFileSync(codesFile());
    expect(await trained('second', { bases })).toBe(plain);
    expect(readFileSync(codesFile()).equals(kept)).toBe(true);
    expect(isHeld(join(codesFile(), '..'))).toBe(false);
  });

  it('are kept as integers, and are what is computed with', async () => {
    const file = openSafetensors(codesFile());
    const name = 'model.layers.0.mlp.up_proj.int8.forwardCodes';
    expect(file.dtype(name)).toBe('I8');
    const before = readFileSync(codesFile());
    const tensors = file.names.map((each) => {
      const shape = file.shape(each);
      const count = shape.reduce((a, b) => a * b, 1);
      const data: StoredArray = file.dtype(each) === 'I8' ? new Int8Array(count) : new Float32Array(count);
      file.readInto(each, data);
      return { name: each, shape, data: each === name ? new Int8Array(count) : data };
    });
    writeSafetensors(codesFile(), tensors);
    expect(await trained('changed', { bases })).not.toBe(plain);
    writeFileSync(codesFile(), before);
  });

  it('are shared by ranks and seeds, and by nothing that has others', async () => {
    await trained('rank', { bases, settings: { lora: { ...settings.lora, rank: 2 }, seed: 6 } });
    expect(readdirSync(bases)).toHaveLength(1);
    const others = join(root, 'others');
    await trained('samples', { bases: others, items: 1 });
    await trained('quantised', { bases: others, settings: { quantisation: 'nf4' } });
    await trained('both', { bases: others });
    expect(readdirSync(others)).toHaveLength(3);
  });

  it.each([
    ['cut short', (path: string) => truncateSync(path, 5000)],
    ['of zeros', (path: string) => writeFileSync(path, Buffer.alloc(9000))],
    [
      'of other tensors',
      (path: string) => writeSafetensors(path, [{ name: 'x', shape: [1], data: new Float32Array(1) }]),
    ],
  ])('are made again where the file is damaged: %s', async (name, damage) => {
    const before = readFileSync(codesFile());
    damage(codesFile());
    expect(await trained(name, { bases })).toBe(plain);
    expect(readFileSync(codesFile()).equals(before)).toBe(true);
  });

  it('are made once by two that come at the same time', async () => {
    const together = join(root, 'together');
    const both = await Promise.all(['left', 'right'].map((name) => trained(name, { bases: together })));
    expect(both).toEqual([plain, plain]);
    expect(readdirSync(together)).toHaveLength(1);
  });

  it('are not kept where the disk does not take them', async () => {
    const full = join(root, 'full');
    const name = join(codesFile(), '..').split('/').at(-1) ?? '';
    mkdirSync(join(full, name, 'codes.safetensors', 'in the way'), { recursive: true });
    expect(await trained('unkept', { bases: full })).toBe(plain);
    expect(existsSync(join(full, name, 'codes.safetensors', 'in the way'))).toBe(true);
  });

  it('are made by no training in f32', async () => {
    const none = join(root, 'none');
    await trained('float', { bases: none, settings: { compute: 'f32' } });
    expect(existsSync(none)).toBe(false);
  });
});
