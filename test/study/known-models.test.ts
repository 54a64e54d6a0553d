import { describe, expect, it } from 'vitest';
import { modelParameters } from '../../src/models/modules.js';
import { KNOWN_MODELS } from '../../src/study/known-models.js';

/** Parameters as the models' pages on the hub count them. */
const PARAMETERS: Readonly<Record<string, number>> = {
  'SmolLM2-135M': 134_515_008,
  'SmolLM2-360M': 361_821_120,
  'Qwen2.5-0.5B': 494_032_768,
  'Llama-3.2-1B': 1_235_814_400,
  'Qwen2.5-1.5B': 1_543_714_304,
  'SmolLM2-1.7B': 1_711_376_384,
  'Qwen2.5-3B': 3_085_938_688,
  'Llama-3.2-3B': 3_212_749_824,
  'Qwen2.5-7B': 7_615_616_512,
  'Llama-3.1-8B': 8_030_261_248,
  'Qwen2.5-14B': 14_770_033_664,
  'Qwen2.5-32B': 32_763_876_352,
};

describe('well-known models', () => {
  it('have the parameters that they are known to have, and stand by size', () => {
    const counts = KNOWN_MODELS.map(({ name, config }) => {
      const sizes = modelParameters(config).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
      return [name, sizes.reduce((a, b) => a + b, 0)] as const;
    });
    expect(Object.fromEntries(counts)).toEqual(PARAMETERS);
    expect(counts.map(([, count]) => count)).toEqual(counts.map(([, count]) => count).sort((a, b) => a - b));
  });
});
