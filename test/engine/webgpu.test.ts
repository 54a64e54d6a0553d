/** WebGPU against the suite, where an adapter can be had; Debian's chromium brings a software one (SwiftShader). */
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import { UserError } from '../../src/core/errors.js';
import { TARGET_MODULES, type Quantisation } from '../../src/core/settings.js';
import { float32, type Engine, type Program } from '../../src/engine/engine.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { pack } from '../../src/models/graph/packing.js';
import { Trainer, loraInitialiser } from '../../src/train/trainer.js';
import { tinyModel, tinySamples } from '../train/tiny-model.js';
import { engineSuite } from './engine-suite.js';

const SOFTWARE_ADAPTER = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (process.env.VK_ICD_FILENAMES === undefined && existsSync(SOFTWARE_ADAPTER))
  process.env.VK_ICD_FILENAMES = SOFTWARE_ADAPTER;

const make = (): ReturnType<typeof onnxRuntimeEngine> => onnxRuntimeEngine({ device: 'webgpu', threads: 1 });

/** A program that stays open: the device keeps the shaders that it has compiled, most of the time taken here, as long as any program is. */
let open: Program | undefined;
afterAll(() => open?.dispose());

/** Why WebGPU cannot be used here; undefined where it can. */
async function obstacle(): Promise<string | undefined> {
  const b = new Builder();
  const graph = b.finish({ y: b.exp(b.input('x', 'float32', [1])) });
  try {
    open = await make().compile(graph);
    await open.run({ x: float32([1]) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Losses of three steps of a tiny model, of its base in f32 or in NF4. */
async function losses(engine: Engine, quantisation: Quantisation): Promise<number[]> {
  const { config, weights } = tinyModel('qwen2');
  const lora = { rank: 4, alpha: 8, rslora: false, dropout: 0, targets: TARGET_MODULES };
  const trainer = await Trainer.create({
    engine,
    config,
    training: { kind: 'lora', lora, quantisation },
    initial: loraInitialiser(weights, 3, quantisation),
    optimiser: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    positions: 64,
  });
  const found: number[] = [];
  for (let step = 0; step < 3; step++) found.push((await trainer.step([[pack(tinySamples(1))]], 1e-2, 0)).loss);
  await trainer.dispose();
  return found;
}

const why = await obstacle();
if (why === undefined) {
  engineSuite('onnxruntime-webgpu', make, {
    tolerance: 1e-4,
    repeatable: false,
    without: { 'Cast: floats through half precision': 'software adapters have no f16' },
  });
  describe('a refusal of WebGPU', () => {
    const engine = make();
    it('says what a step takes where a buffer cannot be made', { timeout: 60_000 }, async () => {
      const b = new Builder();
      const [x, y] = [b.input('x', 'float32', ['N', 1]), b.input('y', 'float32', [1, 'M'])];
      const program = await engine.compile(b.finish({ all: b.reduceSum(b.gemm(x, y), [0, 1]) }));
      const [rows, columns] = [60000, 65536];
      await expect(program.run({ x: float32([rows, 1]), y: float32([1, columns]) })).rejects.toThrow(
        /out of device memory: .* 15\.73 GB on the GPU, 0\.00 GB of it inputs, its largest buffer 15\.73 GB \(Gemm, \[60000, 65536\]\): use/,
      );
      await program.dispose();
    });

    it('of half precision says what to use instead, or trains as the CPU does', { timeout: 300_000 }, async () => {
      const found = await losses(engine, 'f16').catch((error: unknown) => error);
      if (Array.isArray(found)) {
        const expected = await losses(onnxRuntimeEngine({ device: 'cpu' }), 'f16');
        found.forEach((loss, i) => expect(Math.abs(loss / (expected[i] ?? NaN) - 1)).toBeLessThan(1e-3));
      } else {
        expect(found).toBeInstanceOf(UserError);
        expect(String(found)).toContain(
          'this GPU has no half precision: use quantisation: nf4 or none, or compute on the CPU',
        );
      }
    });
  });
  describe('training on WebGPU', () => {
    const inPieces = { device: 'webgpu', threads: 1, mostInputBytes: 2048 } as const;
    it.each([
      ['a base in f32 whose weights come in pieces', 'none', () => onnxRuntimeEngine(inPieces)],
      ['a quantised base', 'nf4', make],
    ] as const)('takes the steps on %s that the CPU takes', { timeout: 300_000 }, async (_, quantisation, engine) => {
      const [found, expected] = [
        await losses(engine(), quantisation),
        await losses(onnxRuntimeEngine({ device: 'cpu' }), quantisation),
      ];
      expect(expected).toHaveLength(3);
      found.forEach((loss, i) => expect(Math.abs(loss / (expected[i] ?? NaN) - 1)).toBeLessThan(1e-3));
    });
  });
} else {
  console.warn(`SKIPPED: the engine's suite on WebGPU, as no adapter can be had here: ${why}`);
  describe('the engine onnxruntime-webgpu', () => {
    it.skip('passes the suite (no adapter here)', () => undefined);
  });
}
