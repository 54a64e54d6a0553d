/** Adapters put into other forms by the command, against what PEFT and llama.cpp's converter made of the same ones. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { GgufFile } from '../../src/models/formats/gguf.js';
import { hubFiles } from '../../src/models/hub/hub-files.js';
import { loadModel } from '../../src/models/load.js';
import { openSafetensors } from '../../src/models/formats/safetensors.js';
import { scratchFolder } from '../study/support/studies.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const golden = fileURLToPath(new URL('../golden/', import.meta.url));
const scratch = scratchFolder();
const FAMILIES = { plain: 'qwen2', rslora: 'llama', patterned: 'llama' } as const;

function lightmem(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], { cwd: scratch, encoding: 'utf8' });
  return { status, stdout, stderr };
}

beforeAll(() => {
  for (const family of ['qwen2', 'qwen3', 'llama']) {
    const folder = join(scratch, family);
    mkdirSync(folder);
    const files = hubFiles(loadModel(join(golden, `models/${family}.gguf`)));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    cpSync(join(golden, 'decoder', family, 'model.safetensors'), join(folder, 'model.safetensors'));
  }
});

const source = (name: keyof typeof FAMILIES): string => join(golden, 'models/adapters', name);
const common = (name: keyof typeof FAMILIES, out: string): string[] => [
  source(name),
  ...['--model', FAMILIES[name], '--out', out],
];

describe('lightmem adapter', { timeout: 120_000 }, () => {
  it.each(['plain', 'rslora', 'patterned'] as const)('merge makes of %s the model that PEFT makes', (name) => {
    expect(lightmem('adapter', 'merge', ...common(name, `${name}-merged`))).toEqual({
      ...{ status: 0, stdout: `wrote ${name}-merged\n`, stderr: '' },
    });
    const made = loadModel(join(scratch, `${name}-merged`)).weights;
    const expected = openSafetensors(join(golden, `models/adapters/${name}-merged.safetensors`));
    for (const weight of expected.names) {
      const [ours, theirs] = [made.read(weight), expected.read(weight)];
      expect(Math.max(...ours.map((value, i) => Math.abs(value - (theirs[i] ?? NaN)))), weight).toBeLessThan(1e-6);
    }
    expect(expected.names.length).toBeGreaterThan(20);
  });

  it('export writes the GGUF file that llama.cpp loads', () => {
    expect(lightmem('adapter', 'export', ...common('rslora', 'rslora.gguf'))).toMatchObject({ status: 0 });
    const file = new GgufFile(join(scratch, 'rslora.gguf'));
    expect(file.metadata.get('adapter.type')).toBe('lora');
    expect(file.metadata.get('adapter.lora.alpha')).toBe(6); // 3 / √4 · 4: llama.cpp divides by the rank
    expect(file.tensors.size).toBe(28);
  });

  it('pad writes a PEFT folder of the rank asked for, in which nothing else changed', () => {
    expect(lightmem('adapter', 'pad', ...common('patterned', 'padded'), '--rank', '16')).toMatchObject({ status: 0 });
    const config: unknown = JSON.parse(readFileSync(join(scratch, 'padded/adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ r: 16, rank_pattern: {}, base_model_name_or_path: 'llama' });
    expect(lightmem('adapter', 'merge', 'padded', '--model', 'llama', '--out', 'again')).toMatchObject({ status: 0 });
    const [ours, theirs] = ['again', 'patterned-merged'].map((name) => loadModel(join(scratch, name)).weights);
    for (const weight of theirs?.names ?? []) {
      const other = theirs?.read(weight);
      const difference = ours?.read(weight).map((value, i) => Math.abs(value - (other?.[i] ?? NaN))) ?? [NaN];
      expect(Math.max(...difference), weight).toBeLessThan(1e-6);
    }
  });

  it('refuses what is there already, another base model, and a rank too small, and leaves nothing', () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['merge', ...common('plain', 'llama')], /llama is there already/],
      [['export', source('plain'), '--model', 'qwen3', '--out', 'x'], /the adapter is of another model|has no place/],
      [['pad', ...common('rslora', 'x'), '--rank', '2'], /invalid rank 2/],
      [['merge', join(golden, 'models'), '--model', 'llama', '--out', 'x'], /is no PEFT adapter/],
      [['merge', ...common('plain', 'x'), '--dtype', 'f8'], /Allowed choices are f32, f16, bf16/],
    ];
    for (const [words, message] of cases) {
      const { status, stderr } = lightmem('adapter', ...words);
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) as string });
      expect(existsSync(join(scratch, 'x'))).toBe(false);
    }
    expect.assertions(2 * cases.length);
  });
});
