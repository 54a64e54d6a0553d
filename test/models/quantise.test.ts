import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import {
  DYNAMIC_CODEBOOK,
  NF4_CODEBOOK,
  dequantise,
  quantise,
  roundedWeights,
  type Quantised,
} from '../../src/models/formats/quantise.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import { modelParameters } from '../../src/models/modules.js';
import { openSafetensors } from '../../src/models/formats/safetensors.js';

const golden = openSafetensors(join(new URL('../golden/models/', import.meta.url).pathname, 'nf4.safetensors'));
const CASES = ['normal', 'outliers', 'zeros', 'wide', 'broken'];

const nibbles = ({ codes, shape }: Quantised): number[] =>
  Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((codes[i >> 1] ?? 0) >> (4 * (i & 1))) & 15);

/** Bytes of a tensor when stored, nested scales in place of plain ones. */
function storedBytes({ codes, scales, zeroPoints, nested }: Quantised): number {
  const scaleBytes = nested ? nested.codes.length + 4 * nested.scales.length + 4 : 4 * scales.length;
  return codes.length + scaleBytes + Math.ceil((zeroPoints?.length ?? 0) / 2);
}

describe('NF4 with double quantisation', () => {
  it("has bitsandbytes' two codebooks", () => {
    expect(NF4_CODEBOOK).toEqual(golden.read('codebook'));
    expect(DYNAMIC_CODEBOOK).toHaveLength(256);
    expect(DYNAMIC_CODEBOOK).toEqual(golden.read('dynamic'));
  });

  it.each(CASES)('makes of %s weights what bitsandbytes makes: codes, scales, values', (name) => {
    const tensor = quantise(golden.read(`${name}.values`), golden.shape(`${name}.values`), 'nf4');
    expect(nibbles(tensor)).toEqual([...golden.read(`${name}.codes`)]);
    expect([...(tensor.nested?.codes ?? [])]).toEqual([...golden.read(`${name}.absmax_codes`)]);
    expect(tensor.nested?.offset).toBeCloseTo(golden.read(`${name}.offset`)[0] ?? NaN, 6);
    const scales = golden.read(`${name}.absmax_scales`);
    tensor.nested?.scales.forEach((scale, i) =>
      expect(Math.abs(scale - (scales[i] ?? NaN))).toBeLessThanOrEqual(1e-6 * scale),
    );
    const expected = golden.read(`${name}.dequantised`);
    const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    dequantise(tensor).forEach((value, i) =>
      expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThanOrEqual(1e-6 * largest),
    );
  });
});

describe.each(['f16', 'nf4', 'int4', 'int8'] as const)('%s', (format) => {
  const worst = { f16: 2 ** -11, nf4: 0.16, int4: 0.034, int8: 1 / 253 }[format];
  const bits = { f16: 16, nf4: 4.127 + 0.02, int4: 4.5 + 0.07, int8: 8.5 }[format];

  it("keeps every value to a part of its block's largest", () => {
    const random = new Random(3);
    const values = Float32Array.from({ length: 64 * 512 }, () => random.normal() * 0.02);
    const tensor = quantise(values, [512, 64], format);
    const back = dequantise(tensor);
    for (let block = 0; block < 512; block++) {
      const part = values.subarray(64 * block, 64 * block + 64);
      const range = format === 'int4' ? Math.max(...part) - Math.min(...part) : Math.max(...part.map(Math.abs));
      part.forEach((value, i) =>
        expect(Math.abs(value - (back[64 * block + i] ?? NaN))).toBeLessThanOrEqual(
          worst * range + 1e-3 * Math.abs(value),
        ),
      );
    }
    expect((8 * storedBytes(tensor)) / values.length).toBeLessThan(bits + 0.01);
  });

  it('keeps zeros zero, empty tensors empty, and broken blocks', () => {
    expect([...dequantise(quantise(new Float32Array(128), [2, 64], format))].every((value) => value === 0)).toBe(true);
    expect(dequantise(quantise(new Float32Array(0), [0], format))).toHaveLength(0);
    const broken = quantise(Float32Array.of(1, -1, 0.5), [3], format);
    expect(broken.codes).toHaveLength({ f16: 6, nf4: 32, int4: 32, int8: 64 }[format]);
    const back = dequantise(broken);
    expect(back).toHaveLength(3);
    expect(Math.abs((back[0] ?? 0) - 1)).toBeLessThan(0.1);
    expect(() => quantise(new Float32Array(3), [2, 2], format)).toThrow(/has 4 values, not 3/);
  });

  it('rounds a second time to the same values', () => {
    const random = new Random(4);
    const values = Float32Array.from({ length: 1024 }, () => random.normal());
    const once = dequantise(quantise(values, [1024], format));
    const twice = dequantise(quantise(once, [1024], format));
    const tolerance = format === 'nf4' ? 0.02 : 1e-5; // NF4's scales are themselves rounded
    once.forEach((value, i) => expect(Math.abs(value - (twice[i] ?? NaN))).toBeLessThanOrEqual(tolerance * 4));
  });
});

describe('a quantised base', () => {
  it('rounds the linear layers of the blocks and nothing else', () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
    const config = readModelConfig(join(new URL('../golden/', import.meta.url).pathname, 'decoder/qwen2'));
    const names = modelParameters({ ...config, tiedEmbeddings: false }).map(({ name }) => name);
    const weights = { names, shape: () => [64], read: () => values.slice() };
    const rounded = roundedWeights({ config, weights }, 'nf4');
    const changed = names.filter((name) => !Buffer.from(rounded.read(name).buffer).equals(Buffer.from(values.buffer)));
    const linears = ['q', 'k', 'v', 'o'].map((each) => `self_attn.${each}_proj`);
    const layer = [...linears, 'mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj'];
    expect(changed).toEqual([0, 1].flatMap((i) => layer.map((each) => `model.layers.${i}.${each}.weight`)));
    expect(names.length).toBeGreaterThan(changed.length);
    expect(rounded.read(changed[0] ?? '')).toEqual(dequantise(quantise(values, [64], 'nf4')));
  });
});
