/** Small integers that come in as 32 bits: a training graph on a quantised base for WebGPU. */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../../src/compiler/builder.js';
import { isOp } from '../../../src/compiler/ir.js';
import { widenInputs } from '../../../src/compiler/passes/widen-inputs.js';
import { prepareGraph } from '../../../src/compiler/pipeline.js';
import { TARGET_MODULES } from '../../../src/core/settings.js';
import { interpret } from '../../../src/engine/reference.js';
import { trainingGraph } from '../../../src/models/graph/training-graph.js';
import { tinyModel } from '../../train/tiny-model.js';

describe('small integers widened', () => {
  it('computes the same, whatever they are used for', () => {
    const b = new Builder();
    const [codes, table, x] = [
      b.input('codes', 'uint16', [3]),
      b.input('table', 'float32', [4, 2]),
      b.input('x', 'float32', ['B']),
    ];
    const waiting = b.op('After', [codes, x], {});
    const graph = b.finish({
      rows: b.gather(table, b.op('Cast', [waiting], { to: 'int32' })),
      floats: b.op('Cast', [waiting], { to: 'float32' }),
      same: codes,
      late: waiting,
      joined: b.concat([codes, codes], 0),
    });
    const wide = widenInputs(graph);
    expect(wide.inputs.map(({ name, type }) => [name, type])).toEqual([
      ['codes', 'int32'],
      ['table', 'float32'],
      ['x', 'float32'],
    ]);
    const fed = {
      codes: { shape: [3], data: Float64Array.of(3, 0, 2) },
      table: { shape: [4, 2], data: Float64Array.from({ length: 8 }, (_, i) => i / 2) },
      x: { shape: [1], data: Float64Array.of(7) },
    };
    expect(interpret(wide, fed)).toEqual(interpret(graph, fed));
    expect(wide.outputs.map(({ value }) => value.type)).toEqual(graph.outputs.map(({ value }) => value.type));
  });

  it.each(['nf4', 'int4'] as const)('leaves no integer of a base in %s to the processor', (quantisation) => {
    const { config } = tinyModel('qwen2');
    const lora = { rank: 4, alpha: 8, rslora: false, dropout: 0, targets: TARGET_MODULES };
    const { graph } = trainingGraph({ config, training: { kind: 'lora', lora, quantisation } });
    const { inputs, nodes } = prepareGraph(graph, 'webgpu');
    expect(inputs.filter(({ type }) => type === 'uint8' || type === 'uint16')).toEqual([]);
    const late = nodes.filter((node) => isOp(node, 'After'));
    expect(late.length).toBeGreaterThan(10);
    expect(late.filter(({ inputs: [x] }) => x?.type !== 'float32')).toEqual([]);
  });
});
