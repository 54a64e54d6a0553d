import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { TARGET_MODULES, loraScale, type LoraSettings } from '../../src/core/settings.js';
import { padAdapter, readAdapter, writeAdapter, type Adapter } from '../../src/models/adapter/adapter.js';
import { writeGgufAdapter } from '../../src/models/adapter/adapter-gguf.js';
import { addLora, mergeAdapter } from '../../src/models/adapter/adapter-merge.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import { GgufFile } from '../../src/models/formats/gguf.js';
import { ggufName } from '../../src/models/formats/gguf-model.js';
import { loadModel } from '../../src/models/load.js';
import { linearModules, weightParameter } from '../../src/models/modules.js';
import { openSafetensors, writeSafetensors } from '../../src/models/formats/safetensors.js';
import { scratchFolder } from './support/scratch.js';

const folder = scratchFolder();
const golden = new URL('../golden/', import.meta.url).pathname;
const FAMILY = { plain: 'qwen2', patterned: 'llama', rslora: 'llama' } as const;
const NAMES = ['plain', 'patterned', 'rslora'] as const;

const configOf = (name: (typeof NAMES)[number]) => readModelConfig(join(golden, 'decoder', FAMILY[name]));
const read = (name: (typeof NAMES)[number]): Adapter =>
  readAdapter(join(golden, 'models/adapters', name), configOf(name));
const json = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs((a[i] ?? NaN) - (b[i] ?? NaN)));
  return largest;
}

/** W + scale B A of one of the adapter's modules. */
function merged(adapter: Adapter, module: string, weights: Float32Array): Float32Array {
  const pair = adapter.tensors[module];
  if (pair) addLora(weights, pair, loraScale(adapter.lora, pair.rank));
  return weights;
}

describe('an adapter of PEFT', () => {
  it.each(NAMES)('%s changes every weight as PEFT merges it', (name) => {
    const adapter = read(name);
    const base = openSafetensors(join(golden, 'decoder', FAMILY[name]));
    const expected = openSafetensors(join(golden, `models/adapters/${name}-merged.safetensors`));
    expect([...expected.names].sort()).toEqual([...base.names].sort());
    for (const weight of base.names) {
      const values = merged(adapter, weight.replace(/\.weight$/, ''), base.read(weight));
      expect(largestDifference(values, expected.read(weight)), weight).toBeLessThan(1e-6);
    }
  });

  it('is read whatever PEFT writes beside what counts', () => {
    const quiet = {
      init_lora_weights: 'gaussian', alora_invocation_tokens: null, trainable_token_indices: null, use_qalora: false, qalora_group_size: 16,
      megatron_config: null, megatron_core: 'megatron.core', peft_version: '0.19.0', eva_config: null, loftq_config: {}, exclude_modules: null,
      ensure_weight_tying: false, arrow_config: null, a_setting_to_come: null,
    }; // prettier-ignore
    const copy = join(folder, 'quiet');
    cpSync(join(golden, 'models/adapters/rslora'), copy, { recursive: true });
    const path = join(copy, 'adapter_config.json');
    writeFileSync(path, JSON.stringify({ ...json(path), ...quiet }));
    expect(readAdapter(copy, configOf('rslora')).lora.rslora).toBe(true);
  });

  it('keeps ranks of single modules, whatever pattern named them', () => {
    const { lora, tensors } = read('patterned');
    expect(lora).toMatchObject({ rank: 4, alpha: 8, rslora: false, dropout: 0.05, targets: TARGET_MODULES });
    expect(lora.rankPattern).toEqual({
      'model.layers.0.mlp.down_proj': 3,
      'model.layers.1.self_attn.q_proj': 2,
      'model.layers.1.self_attn.k_proj': 2,
      'model.layers.1.mlp.down_proj': 3,
    });
    expect(Object.keys(tensors)).toHaveLength(14);
  });

  it('of one layer gives the others zeros', () => {
    const { lora, tensors } = read('plain');
    expect(lora.targets).toEqual(['q_proj', 'v_proj']);
    expect(Object.keys(tensors)).toHaveLength(4);
    expect(tensors['model.layers.0.self_attn.q_proj']?.b.every((value) => value === 0)).toBe(true);
    expect(lora.rankPattern).toEqual({ 'model.layers.0.self_attn.q_proj': 1, 'model.layers.0.self_attn.v_proj': 1 });
  });

  it('is refused for another model, empty, untrained, or of a kind that is not computed', () => {
    expect(() =>
      readAdapter(join(golden, 'models/adapters/plain'), readModelConfig(join(golden, 'decoder/qwen3'))),
    ).toThrow(/is \[32, 4\] and should be \[64, 4\]: the adapter is of another model/);
    expect(() => readAdapter(join(golden, 'decoder/llama/adapter'), configOf('rslora'))).toThrow(
      /every B is zero, so the adapter changes nothing/,
    );
    expect(() => readAdapter(join(folder, 'absent'), configOf('rslora'))).toThrow(/is no PEFT adapter/);
    const changes: [change: object, message: RegExp][] = [
      [{ peft_type: 'IA3' }, /peft_type: only LoRA/],
      [{ r: 0 }, /r: /],
      [{ r: 513 }, /r: /],
      [{ use_dora: true }, /DoRA/],
      [{ bias: 'all' }, /biases/],
      [{ lora_bias: true }, /biases/],
      [{ fan_in_fan_out: true }, /transposed/],
      [{ alpha_pattern: { q_proj: 3 } }, /an alpha of its own/],
      [{ modules_to_save: ['lm_head'] }, /whole modules/],
      [{ layer_replication: [[0, 1]] }, /repeated layers/],
      [{ init_lora_weights: 'pissa_niter_4' }, /"pissa_niter_4" is not known here; .* change the base model's weights/],
      [{ init_lora_weights: 'lora_ga' }, /"lora_ga" is not known here/],
      [{ init_lora_weights: 'some_day' }, /"some_day" is not known here/],
      [{ alora_invocation_tokens: [1, 2] }, /alora_invocation_tokens: \[1,2\] is a setting that is not known here/],
      [{ use_qalora: true }, /use_qalora: true is a setting/],
      [{ trainable_token_indices: [5] }, /trainable_token_indices/],
      [{ target_parameters: ['w'] }, /target_parameters/],
      [{ corda_config: { x: 1 } }, /corda_config/],
      [{ task_type: 'SEQ_CLS' }, /task_type: only adapters of causal language models/],
    ]; // prettier-ignore
    for (const [i, [change, message]] of changes.entries()) {
      const copy = join(folder, `changed-${i}`);
      cpSync(join(golden, 'models/adapters/rslora'), copy, { recursive: true });
      writeFileSync(
        join(copy, 'adapter_config.json'),
        JSON.stringify({ ...json(join(copy, 'adapter_config.json')), ...change }),
      );
      expect(() => readAdapter(copy, configOf('rslora')), JSON.stringify(change)).toThrow(message);
      expect(() => readAdapter(copy, configOf('rslora'))).toThrow(UserError);
    }
  });

  it('with tensors that have no place, lack their other half, or are a pickle is refused', () => {
    const copy = join(folder, 'tensors');
    cpSync(join(golden, 'models/adapters/rslora'), copy, { recursive: true });
    const path = join(copy, 'adapter_model.safetensors');
    const source = openSafetensors(path);
    const tensors = source.names.map((name) => ({ name, shape: source.shape(name), data: source.read(name) }));
    writeSafetensors(path, [
      ...tensors,
      { name: 'base_model.model.lm_head.lora_A.weight', shape: [1], data: new Float32Array(1) },
    ]);
    expect(() => readAdapter(copy, configOf('rslora'))).toThrow(
      /"base_model.model.lm_head.lora_A.weight" has no place/,
    );
    writeSafetensors(path, tensors.slice(1));
    expect(() => readAdapter(copy, configOf('rslora'))).toThrow(/there is no tensor|no place/);
    writeSafetensors(path, []);
    expect(() => readAdapter(copy, configOf('rslora'))).toThrow(/empty/);
    const pickled = join(folder, 'pickled');
    mkdirSync(pickled);
    cpSync(join(copy, 'adapter_config.json'), join(pickled, 'adapter_config.json'));
    writeFileSync(join(pickled, 'adapter_model.bin'), 'x');
    expect(() => readAdapter(pickled, configOf('rslora'))).toThrow(/only adapters in safetensors/);
  });
});

describe('an adapter that is written', () => {
  it.each(NAMES)('%s has the tensors and settings that PEFT writes, and reads back the same', (name) => {
    const adapter = read(name);
    const out = join(folder, `written-${name}`);
    writeAdapter(out, { ...adapter, baseModel: 'base/model', files: { 'README.md': '# An adapter\n' } });
    expect(readdirSync(out).sort()).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors']);
    expect(readAdapter(out, configOf(name))).toEqual(adapter);
    const theirs = openSafetensors(join(golden, 'models/adapters', name, 'adapter_model.safetensors'));
    const ours = openSafetensors(join(out, 'adapter_model.safetensors'));
    expect(ours.metadata).toEqual(theirs.metadata);
    expect(theirs.names.filter((tensor) => !ours.names.includes(tensor))).toEqual([]);
    for (const tensor of theirs.names) expect(ours.read(tensor), tensor).toEqual(theirs.read(tensor));
    const [config, reference] = [
      json(join(out, 'adapter_config.json')),
      json(join(golden, 'models/adapters', name, 'adapter_config.json')),
    ];
    const own = ['base_model_name_or_path', 'target_modules', 'rank_pattern', 'layers_to_transform'];
    for (const key of Object.keys(config).filter((each) => !own.includes(each)))
      expect(config[key], key).toEqual(reference[key]);
    expect(Object.keys(config)).toEqual(Object.keys(config).sort());
    expect(Object.keys(config)).toHaveLength(20);
  });

  it('is refused where it changes nothing or is not finite, and leaves what was there', () => {
    const adapter = read('rslora');
    const out = join(folder, 'kept');
    writeAdapter(out, { ...adapter, baseModel: 'b' });
    const changed = (value: number) => ({
      ...adapter,
      baseModel: 'b',
      tensors: Object.fromEntries(
        Object.entries(adapter.tensors).map(([module, pair]) => [module, { ...pair, b: pair.b.map(() => value) }]),
      ),
    });
    expect(() => writeAdapter(out, changed(0))).toThrow(/changes nothing/);
    expect(() => writeAdapter(out, changed(NaN))).toThrow(/not finite/);
    expect(() => writeAdapter(out, { ...adapter, baseModel: 'b', files: { '../x': '' } })).toThrow(/plain file name/);
    expect(readAdapter(out, configOf('rslora'))).toEqual(adapter);
    expect(readdirSync(folder).filter((each) => each.includes('kept'))).toEqual(['kept']);
  });

  it.each(NAMES)('%s padded to rank 16 makes the same change', (name) => {
    const adapter = read(name);
    const padded = padAdapter(adapter, 16);
    expect(padded.lora.rank).toBe(16);
    expect(loraScale(padded.lora)).toBeCloseTo(loraScale(adapter.lora), 12);
    for (const { path, inFeatures, outFeatures } of linearModules(configOf(name))) {
      const zeros = () => new Float32Array(inFeatures * outFeatures);
      const difference = largestDifference(merged(padded, path, zeros()), merged(adapter, path, zeros()));
      expect(difference, path).toBeLessThan(1e-6);
    }
    expect(() => padAdapter(adapter, 2)).toThrow(/has 4, use that or more/);
  });
});

describe('an adapter merged into its model', () => {
  it('is a Hugging Face folder that loads, with the weights PEFT merges', () => {
    const model = loadModel(join(golden, 'models/qwen2.gguf'));
    const out = join(folder, 'merged');
    mergeAdapter(model, read('plain'), out);
    const back = loadModel(out);
    const expected = openSafetensors(join(golden, 'models/adapters/plain-merged.safetensors'));
    for (const name of expected.names)
      expect(largestDifference(back.weights.read(name), expected.read(name)), name).toBeLessThan(1e-6);
    expect(back.config).toEqual(model.config);
    expect(back.tokenizer.identity).toBe(model.tokenizer.identity);
    expect(back.template.identity).toBe(model.template.identity);
    expect(back.identity).not.toBe(model.identity);
    expect(() => mergeAdapter(model, read('plain'), out)).toThrow(/is there already/);
  });

  it("keeps Llama 3's scaling of frequencies, and may be of 16 bits", () => {
    const model = loadModel(join(golden, 'models/llama.gguf'));
    const out = join(folder, 'merged-llama');
    mergeAdapter(model, read('patterned'), out, 'BF16');
    expect(loadModel(out).config).toEqual(model.config);
    expect(openSafetensors(out).dtype('model.norm.weight')).toBe('BF16');
  });

  it('leaves nothing where it fails', () => {
    const model = loadModel(join(golden, 'models/qwen2.gguf'));
    const adapter = read('plain');
    const huge: LoraSettings = { ...adapter.lora, alpha: 1e9 };
    expect(() => mergeAdapter(model, { ...adapter, lora: huge }, join(folder, 'huge'), 'F16')).toThrow(
      /too large for F16/,
    );
    expect(existsSync(join(folder, 'huge'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('an adapter as GGUF', () => {
  it("of Mistral is one of the architecture llama, its rows as Llama's; of Gemma 2, of its own", () => {
    const config = configOf('rslora');
    const files = (['llama', 'mistral'] as const).map((family) => {
      const path = join(folder, `rslora-${family}.gguf`);
      writeGgufAdapter(path, read('rslora'), { ...config, family });
      return readFileSync(path);
    });
    expect(files[0]).toEqual(files[1]);
    const gemma2 = join(folder, 'rslora-gemma2.gguf');
    writeGgufAdapter(gemma2, read('rslora'), { ...config, family: 'gemma2' });
    expect(new GgufFile(gemma2).metadata.get('general.architecture')).toBe('gemma2');
    writeGgufAdapter(join(folder, 'plain-rows.gguf'), read('rslora'), { ...config, family: 'qwen2' });
    expect(readFileSync(join(folder, 'plain-rows.gguf'))).not.toEqual(files[0]);
  });

  it.each(['patterned', 'rslora'] as const)('%s makes the change that PEFT makes, on rows as GGUF has them', (name) => {
    const path = join(folder, `${name}.gguf`);
    const config = configOf(name);
    writeGgufAdapter(path, read(name), config);
    const file = new GgufFile(path);
    const base = new GgufFile(join(golden, 'models/llama.gguf'));
    const expected = new GgufFile(join(golden, `models/adapters/${name}-merged.gguf`));
    const alpha = file.metadata.get('adapter.lora.alpha') as number;
    expect([...file.metadata].filter(([key]) => key !== 'adapter.lora.alpha')).toEqual([
      ['general.architecture', 'llama'],
      ['general.type', 'adapter'],
      ['adapter.type', 'lora'],
    ]);
    expect(file.tensors.size).toBe(28);
    for (const module of linearModules(config)) {
      const { inFeatures, outFeatures } = module;
      const weight = ggufName(module, weightParameter(module));
      const [a, b] = [`${weight}.lora_a`, `${weight}.lora_b`];
      const rank = file.tensor(a).shape[0] ?? 0;
      const values = base.read(weight);
      addLora(values, { a: file.read(a), b: file.read(b), rank, inFeatures, outFeatures }, alpha / rank); // llama.cpp's scale
      expect(largestDifference(values, expected.read(weight)), module.path).toBeLessThan(1e-6);
    }
    expect(() => loadModel(path)).toThrow(/holds no model/);
  });
});
