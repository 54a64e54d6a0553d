import { describe, expect, it } from 'vitest';
import { TARGET_MODULES } from '../../src/core/settings.js';
import { FAMILIES, type FamilyName } from '../../src/models/families/families.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import { openSafetensors } from '../../src/models/formats/safetensors.js';
import { generationGraph } from '../../src/models/graph/generation-graph.js';
import type { Training } from '../../src/models/graph/network.js';
import { lossGraph } from '../../src/models/graph/training-graph.js';
import { linearModules, modelParameters, parametersOf } from '../../src/models/modules.js';

const GOLDEN = new URL('../golden/decoder/', import.meta.url).pathname;
const NAMES = Object.keys(FAMILIES) as readonly FamilyName[];
const ONE: Training = {
  kind: 'lora',
  lora: { rank: 3, alpha: 3, rslora: false, dropout: 0, targets: TARGET_MODULES },
};
const CHECKED = ['name', 'module', 'layer', 'role', 'shape'] as const;

describe.each(NAMES)('the description of %s', (family) => {
  const config = readModelConfig(`${GOLDEN}${family}`);
  const weights = openSafetensors(`${GOLDEN}${family}`);

  it('names the tensors that transformers saves, with their shapes', () => {
    const described = modelParameters(config).map(({ name, shape }) => [name, [...shape]] as const);
    expect(new Map(described)).toEqual(new Map(weights.names.map((name) => [name, [...weights.shape(name)]])));
  });

  it.each([true, false])('lists what the graphs ask for, in their order (tied embeddings: %s)', (tiedEmbeddings) => {
    const changed = { ...config, tiedEmbeddings };
    const expected = modelParameters(changed);
    for (const { parameters } of [
      generationGraph(changed, { kind: 'none' }),
      lossGraph({ config: changed, training: { kind: 'none' } }),
    ]) {
      const asked = parameters.map((each) => Object.fromEntries(CHECKED.map((key) => [key, each[key]])));
      expect(asked).toEqual(expected);
    }
    expect(expected.filter(({ role }) => role === 'head')).toHaveLength(tiedEmbeddings ? 0 : 1);
  });

  it('knows all modules that LoRA adapts, and a graph with LoRA no others', () => {
    const { parameters } = lossGraph({ config, training: ONE });
    const modules = (role: string): string[] =>
      parameters.filter((each) => each.role === role).map(({ module }) => module);
    const paths = linearModules(config).map(({ path }) => path);
    expect(modules('lora_A')).toEqual(paths);
    expect(modules('lora_B')).toEqual(paths);
    expect(new Set(linearModules(config).map(({ target }) => target))).toEqual(new Set(TARGET_MODULES));
  });
});

it('a linear layer has a bias where its family lists it and the configuration has biases', () => {
  const config = readModelConfig(`${GOLDEN}qwen2`);
  const biases = (attentionBias: boolean): string[] =>
    linearModules({ ...config, layers: 1, attentionBias })
      .flatMap(parametersOf)
      .flatMap(({ name, role }) => (role === 'bias' ? [name] : []));
  expect(biases(true)).toEqual(['q', 'k', 'v'].map((each) => `model.layers.0.self_attn.${each}_proj.bias`));
  expect(biases(false)).toEqual([]);
});
