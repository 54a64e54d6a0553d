/** WebGPU against the suite, where an adapter can be had; Debian's chromium brings a software one (SwiftShader). */
import { existsSync } from 'node:fs';
import { describe, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import { float32 } from '../../src/engine/engine.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { engineSuite } from './engine-suite.js';

const SOFTWARE_ADAPTER = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (process.env.VK_ICD_FILENAMES === undefined && existsSync(SOFTWARE_ADAPTER))
  process.env.VK_ICD_FILENAMES = SOFTWARE_ADAPTER;

const make = (): ReturnType<typeof onnxRuntimeEngine> => onnxRuntimeEngine({ device: 'webgpu', threads: 1 });

/** Why WebGPU cannot be used here; undefined where it can. */
async function obstacle(): Promise<string | undefined> {
  const b = new Builder();
  const graph = b.finish({ y: b.exp(b.input('x', 'float32', [1])) });
  try {
    const program = await make().compile(graph);
    await program.run({ x: float32([1]) });
    await program.dispose();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const why = await obstacle();
if (why === undefined) {
  engineSuite('onnxruntime-webgpu', make, {
    tolerance: 1e-4,
    repeatable: false,
    without: { 'Cast: floats through half precision': 'software adapters have no f16' },
  });
} else {
  console.warn(`SKIPPED: the engine's suite on WebGPU, as no adapter can be had here: ${why}`);
  describe('the engine onnxruntime-webgpu', () => {
    it.skip('passes the suite (no adapter here)', () => undefined);
  });
}
