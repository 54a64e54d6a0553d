/** The builder: what it shares, what it leaves out, and how it undoes broadcasting. */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import type { Shape } from '../../src/compiler/dims.js';
import type { Value } from '../../src/compiler/ir.js';

function begin(): { b: Builder; x: Value; y: Value } {
  const b = new Builder();
  return { b, x: b.input('x', 'float32', ['B', 3]), y: b.input('y', 'float32', ['B', 3]) };
}

describe('a node', () => {
  it('asked for twice is made once', () => {
    const { b, x, y } = begin();
    expect(b.add(x, y)).toBe(b.add(x, y));
    expect(b.scale(b.exp(x), 2)).toBe(b.scale(b.exp(x), 2));
    expect(b.split(x, [1, 2], 1)).toBe(b.split(x, [1, 2], 1));
    expect(b.nodes.map((node) => node.op)).toEqual(['Add', 'Exp', 'Constant', 'Mul', 'Split']);
  });

  it('is another one with other operands, in another order, or with other attributes', () => {
    const { b, x, y } = begin();
    const made = [
      b.add(x, y),
      b.add(y, x),
      b.sub(x, y),
      b.softmax(x, 0),
      b.softmax(x, 1),
      b.gather(x, b.constant([0], [1], 'int64')),
    ];
    expect(new Set(made.map((each) => each.id)).size).toBe(made.length);
  });

  it('holding one number is not shared with one holding another, however alike in JSON', () => {
    const { b } = begin();
    const numbers = [0, -0, Infinity, -Infinity, NaN];
    const ids = numbers.map((each) => b.scalar(each).id);
    expect(new Set(ids).size).toBe(numbers.length);
    expect(b.scalar(NaN).id).toBe(ids[4]);
  });

  it('is of the type asked for', () => {
    const { b } = begin();
    expect(b.scalar(1)).not.toBe(b.scalar(1, 'int64'));
    expect(b.scalar(1, 'int64')).toMatchObject({ type: 'int64', shape: [] });
    expect(b.constant([1, 2])).toMatchObject({ type: 'float32', shape: [2] });
  });

  it('that would change nothing is not made', () => {
    const { b, x } = begin();
    const same = [
      b.transpose(x, [0, 1]),
      b.reshape(x, ['B', 3]),
      b.expand(x, ['B', 3]),
      b.reduceSum(x, []),
      b.concat([x], 0),
      ...b.split(x, [3], 1),
      b.scale(x, 1),
      b.sumTo(x, ['B', 3]),
    ];
    expect(same.every((each) => each === x)).toBe(true);
    expect(b.nodes).toEqual([]);
  });
});

describe('an input', () => {
  it('has its sizes in the one form they have', () => {
    const b = new Builder();
    expect(b.input('x', 'float32', ['S*B', 'S+P', 2]).shape).toEqual(['B*S', 'P+S', 2]);
  });
});

describe('sumTo', () => {
  it.each<[Shape, Shape, string[]]>([
    [['B', 3], [3], ['ReduceSum', 'Reshape']],
    [['B', 3], ['B', 1], ['ReduceSum']],
    [['B', 3], [], ['ReduceSum', 'Reshape']],
    [[1, 3], [3], ['Reshape']],
    [[1, 3], [1, 3], []],
  ])('sums [%s] to [%s] by %j', (from, to, ops) => {
    const b = new Builder();
    const summed = b.sumTo(b.input('x', 'float32', from), to);
    expect(summed.shape).toEqual(to);
    expect(b.nodes.map((node) => node.op)).toEqual(ops);
  });

  it('refuses a shape that was not stretched to the value', () => {
    const { b, x } = begin();
    expect(() => b.sumTo(x, [4])).toThrow('cannot broadcast');
  });
});

describe('a finished graph', () => {
  it('has its outputs by name, in order', () => {
    const { b, x, y } = begin();
    const graph = b.finish({ second: y, first: b.add(x, y) });
    expect(graph.outputs.map(({ name, value }) => [name, value.id])).toEqual([
      ['second', y.id],
      ['first', 2],
    ]);
  });

  it('does not change when building goes on', () => {
    const { b, x, y } = begin();
    const graph = b.finish({ sum: b.add(x, y) });
    b.exp(x);
    b.input('z', 'float32', []);
    expect([graph.nodes.length, graph.inputs.length]).toEqual([1, 2]);
  });
});
