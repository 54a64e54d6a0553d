/** Adapters that lightmem trained and wrote, as PEFT on PyTorch computes them (scripts/golden/trained_adapters.mjs and .py). */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { floatsOf } from '../../src/engine/engine.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { adapterSource } from '../../src/generate/adapted.js';
import { readAdapter, writeAdapter } from '../../src/models/adapter/adapter.js';
import { FAMILIES } from '../../src/models/families/families.js';
import { lossGraph } from '../../src/models/graph/training-graph.js';
import { modelTensors } from '../../src/models/graph/model-tensors.js';
import { pack } from '../../src/models/graph/packing.js';
import { batchTensors } from '../../src/models/graph/row-tensors.js';
import { tinyModel } from './tiny-model.js';

const golden = new URL('../golden/', import.meta.url).pathname;
const adapters = join(golden, 'train/adapters');
const expected = JSON.parse(readFileSync(join(adapters, 'logits.json'), 'utf8')) as Record<string, number[][]>;
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const root = mkdtempSync(join(tmpdir(), 'lightmem-peft-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Logits behind each prompt, with an adapter or without. */
async function logitsOf(family: string, adapter: string | null): Promise<number[][]> {
  const model = tinyModel(family);
  const { training, values } = adapterSource(model, adapter);
  const { graph, parameters } = lossGraph({ config: model.config, training });
  const value = graph.nodes.find(({ op }) => op === 'SoftmaxCrossEntropyLoss')?.inputs[0];
  if (value === undefined) throw new Error('the graph computes no loss');
  const program = await engine.compile({ ...graph, outputs: [{ name: 'logits', value }] });
  const { probe } = JSON.parse(readFileSync(join(golden, `decoder/${family}.json`), 'utf8')) as { probe: number[][] };
  const weights = modelTensors(model.config, parameters, values, Math.max(...probe.map(({ length }) => length)) + 1);
  const found: number[][] = [];
  for (const prompt of probe) {
    const row = pack([{ id: 'prompt', prompt, answer: [0] }]);
    const tensors = { ...weights, ...batchTensors([row], { totalWeight: 1, heads: model.config }) };
    found.push([...floatsOf(await program.run(tensors), 'logits')]);
  }
  await program.dispose();
  return found;
}

function largestDifference(found: readonly number[][], others: readonly number[][]): number {
  expect(found.map((each) => each.length)).toEqual(others.map((each) => each.length));
  return Math.max(...found.flatMap((each, i) => each.map((logit, j) => Math.abs(logit - (others[i]?.[j] ?? NaN)))));
}

describe.each(Object.keys(FAMILIES))('an adapter of lightmem for a tiny %s', (family) => {
  const folder = join(adapters, family);

  it('gives the logits that PEFT gives with it', async () => {
    const found = await logitsOf(family, folder);
    const difference = largestDifference(found, expected[family] ?? []);
    const change = largestDifference(found, await logitsOf(family, null));
    console.info(
      `${family}: ${difference.toExponential(1)} from PEFT's, which the adapter moved by ${change.toFixed(2)}`,
    );
    expect(difference).toBeLessThan(1e-4);
    expect(change).toBeGreaterThan(0.1);
  });

  it('is written today as PEFT read it, byte for byte', () => {
    const { lora, tensors } = readAdapter(folder, tinyModel(family).config);
    const { rank_pattern: rankPattern } = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as {
      rank_pattern: Record<string, number>;
    };
    const again = join(root, family);
    writeAdapter(again, { lora: { ...lora, rankPattern }, tensors, baseModel: family });
    const files = readdirSync(folder);
    expect(readdirSync(again)).toEqual(files);
    for (const file of files) expect(readFileSync(join(again, file))).toEqual(readFileSync(join(folder, file)));
  });
});
