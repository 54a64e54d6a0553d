/** Inputs declared once: what a graph takes is what it is fed. */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import { ShapeError } from '../../src/core/errors.js';
import { TARGET_MODULES } from '../../src/core/settings.js';
import { fedTensors } from '../../src/generate/fed-tensors.js';
import { KeyValueCache } from '../../src/generate/key-value-cache.js';
import { generationGraph } from '../../src/models/graph/generation-graph.js';
import { addInputs, input, inputTensors } from '../../src/models/graph/inputs.js';
import { pack } from '../../src/models/graph/packing.js';
import { ropeTensors } from '../../src/models/graph/rope.js';
import { batchTensors } from '../../src/models/graph/row-tensors.js';
import { dropoutInputs, lossGraph, trainingGraph } from '../../src/models/graph/training-graph.js';
import { tinyModel, tinySamples } from '../train/tiny-model.js';

const { config } = tinyModel();

const declared = { ids: input('int64', 'T', 1), mask: input('float32', 'T', 'K') };

describe('declared inputs', () => {
  it('are values of a graph, and tensors whose shapes are theirs at the sizes of a run', () => {
    const b = new Builder();
    const { ids, mask } = addInputs(b, declared);
    expect([ids.name, ids.type, ids.shape]).toEqual(['ids', 'int64', ['T', 1]]);
    expect(b.finish({ mask }).inputs).toEqual([ids, mask]);
    const data = { ids: BigInt64Array.of(4n, 5n), mask: Float32Array.of(1, 2, 3, 4, 5, 6) };
    expect(inputTensors(declared, { T: 2, K: 3 }, data)).toEqual({
      ids: { type: 'int64', shape: [2, 1], data: data.ids },
      mask: { type: 'float32', shape: [2, 3], data: data.mask },
    });
  });

  it('refuse values that do not fill them, and sizes that are not told, by name', () => {
    const data = { ids: BigInt64Array.of(4n), mask: Float32Array.of(1, 2) };
    expect(() => inputTensors(declared, { T: 1, K: 3 }, data)).toThrow('input "mask": 2 values do not fill [1, 3]');
    expect(() => inputTensors(declared, { T: 1 }, data)).toThrow(ShapeError);
  });
});

describe('what a graph takes beside its parameters', () => {
  const training = {
    kind: 'lora',
    lora: { rank: 2, alpha: 2, rslora: false, dropout: 0.1, targets: TARGET_MODULES },
  } as const;
  const rows = [pack(tinySamples(1)), pack(tinySamples(2).slice(3))];

  const others = ({ graph, parameters }: ReturnType<typeof lossGraph>): string[] => {
    const known = new Set(parameters.map(({ name }) => name));
    return graph.inputs.map(({ name = '' }) => name).filter((name) => !known.has(name));
  };

  it.each([
    ['hard', 2],
    ['soft', 5],
  ] as const)('is fed by a batch, with %s labels and trunks in %i pieces', (labels, chunks) => {
    const fed = {
      ...batchTensors(rows, { totalWeight: 1, heads: config, labels, chunks }),
      ...ropeTensors(config, 64),
    };
    const graphs = { config, training, labels, chunks };
    expect(others(lossGraph(graphs)).sort()).toEqual(Object.keys(fed).sort());
    expect(others(trainingGraph(graphs)).sort()).toEqual(
      [...Object.keys(fed), ...Object.keys(dropoutInputs(config))].sort(),
    );
  });

  it('is fed by a step of an answer', () => {
    const cache = new KeyValueCache(config, 1, 4);
    const tensors = fedTensors(cache, [[{ id: 5, position: 0, branch: 0 }]], [[0]]);
    const fed = { ...cache.inputs, ...tensors, ...ropeTensors(config, 64) };
    expect(others(generationGraph(config, { kind: 'none' })).sort()).toEqual(Object.keys(fed).sort());
  });
});
