/** Values and gradients against PyTorch's, transformers' and PEFT's golden numbers (scripts/golden/ops.py). */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { GRADIENT_RULES } from '../../src/compiler/gradients.js';
import type { Op } from '../../src/compiler/ir.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { interpret, type NdArray } from '../../src/engine/reference.js';
import { CASES } from './cases.js';
import { buildGradients, buildValues, expectClose, runOn, type Arrays } from './run-case.js';

interface Packed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface GoldenCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Packed>>;
  readonly cotangents: readonly Packed[];
  readonly outputs: readonly Packed[];
  readonly gradients: Readonly<Record<string, Packed>>;
}

const file = new URL('../golden/compiler/ops.json', import.meta.url);
const golden = (JSON.parse(readFileSync(file, 'utf8')) as { cases: readonly GoldenCase[] }).cases;
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });

const array = ({ shape, data }: Packed): NdArray => ({ shape, data: Float64Array.from(data) });

function inputsOf(each: GoldenCase): Arrays {
  const cotangents = each.cotangents.map((packed, i) => [`g${i}`, packed] as const);
  return Object.fromEntries(
    [...Object.entries(each.inputs), ...cotangents].map(([name, packed]) => [name, array(packed)]),
  );
}

function check(results: Arrays, each: GoldenCase, sources: readonly string[], tolerance: number, by: string): void {
  each.outputs.forEach((packed, i) => expectClose(results[`y${i}`], array(packed), tolerance, `output ${i} by ${by}`));
  for (const name of sources) {
    const packed = each.gradients[name];
    if (!packed) throw new Error(`no golden gradient of ${name}`);
    expectClose(results[`d_${name}`], array(packed), tolerance, `gradient of ${name} by ${by}`);
  }
}

describe('golden values and gradients', () => {
  let ran = 0;
  const covered = new Set<Op>();

  for (const each of golden)
    it(`agree for ${each.name}`, async () => {
      const test = CASES.find(({ name }) => name === each.name);
      if (!test) throw new Error(`no case of this name in cases.ts`);
      const built = test.noGradient === undefined ? buildGradients(test) : buildValues(test);
      const inputs = inputsOf(each);
      check(interpret(built.graph, inputs), each, built.sources, 1e-7, 'the reference');
      check(await runOn(engine, built, inputs), each, built.sources, 1e-5, 'ONNX Runtime');
      for (const op of test.ops) covered.add(op);
      ran++;
    });

  it('are there for every operation that has a gradient rule', () => {
    expect(Object.keys(GRADIENT_RULES).filter((op) => !covered.has(op as Op))).toEqual([]);
  });

  afterAll(() => {
    console.log(`golden: ${ran} of ${golden.length} cases agreed`);
  });
});
