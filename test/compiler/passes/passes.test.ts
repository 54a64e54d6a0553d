/** Passes, each by the text of a graph before and after it. */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../../src/compiler/builder.js';
import type { Shape } from '../../../src/compiler/dims.js';
import type { Graph, Value } from '../../../src/compiler/ir.js';
import { rebuild } from '../../../src/compiler/passes/rebuild.js';
import { lowerComposites, lowerForWebGpu } from '../../../src/compiler/passes/lower.js';
import { gradientsWhenDue } from '../../../src/compiler/passes/order.js';
import { fuseFrozenHead } from '../../../src/compiler/passes/frozen-head.js';
import { foldAddends, transposeThinProducts, fuseTransposes } from '../../../src/compiler/passes/products.js';
import { pruneUnused } from '../../../src/compiler/passes/prune.js';
import { mergeReshapes, subtractNegated } from '../../../src/compiler/passes/simplify.js';
import { print } from '../../../src/compiler/print.js';
import { verify } from '../../../src/compiler/verify.js';
import { ShapeError } from '../../../src/core/errors.js';
import { interpret, type NdArray } from '../../../src/engine/reference.js';
import { CASES, type InputSpec } from '../cases.js';
import { buildGradients, buildValues, drawInputs, expectAllClose, type Built } from '../run-case.js';

const opsOf = (graph: Graph): string[] => graph.nodes.map((node) => node.op);

function expectSameResults(pass: (graph: Graph) => Graph): void {
  for (const test of CASES) {
    const built: Built = test.noGradient === undefined ? buildGradients(test) : buildValues(test);
    const inputs = drawInputs(built.specs, test.sizes, test.name);
    const changed = pass(built.graph);
    verify(changed);
    expectAllClose(interpret(changed, inputs), interpret(built.graph, inputs), 1e-12, test.name);
  }
  console.log(`${pass.name}: ${CASES.length} graphs give the same results before and after`);
}

describe('pruneUnused', () => {
  it('drops nodes that no output needs, and what only they need', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [4]);
    b.mul(b.exp(x), b.scalar(3));
    const [kept] = b.split(b.log(x), [1, 3], 0) as [Value, Value];
    const graph = b.finish({ kept });
    expect(opsOf(graph)).toEqual(['Exp', 'Constant', 'Mul', 'Log', 'Split']);
    expect(print(pruneUnused(graph))).toMatchInlineSnapshot(`
      "input x: f32[4]
      %1: f32[4] = Log(x)
      %2: f32[1], %3: f32[3] = Split{axis=0 sizes=[1,3]}(%1)
      output kept = %2"
    `);
  });

  it('keeps inputs that nothing uses, so that a program is fed alike', () => {
    const b = new Builder();
    const [x, unused] = [b.input('x', 'float32', [1]), b.input('unused', 'float32', [1])];
    b.exp(unused);
    expect(pruneUnused(b.finish({ x })).inputs.map((each) => each.name)).toEqual(['x', 'unused']);
  });

  it('changes no result', () => {
    expectSameResults(pruneUnused);
  });
});

describe('lowerComposites', () => {
  it('writes cross entropy in primitives', () => {
    const b = new Builder();
    const scores = b.input('scores', 'float32', ['M', 5]);
    const loss = b.op('SoftmaxCrossEntropyLoss', [scores, b.input('labels', 'int64', ['M', 'K'])], {});
    const graph = b.finish({ loss });
    expect(print(graph)).toMatchInlineSnapshot(`
      "input scores: f32[M,5]
      input labels: i64[M,K]
      %2: f32[M,K], %3: f32[M,5] = SoftmaxCrossEntropyLoss(scores, labels)
      output loss = %2"
    `);
    expect(print(pruneUnused(lowerComposites(graph)))).toMatchInlineSnapshot(`
      "input scores: f32[M,5]
      input labels: i64[M,K]
      %2: f32[M,5] = Softmax{axis=-1}(scores)
      %3: f32[M,K] = GatherElements{axis=1}(scores, labels)
      %4: f32[M,1] = ReduceMax{axes=[-1] keepdims=true}(scores)
      %5: f32[M,1] = ReduceMax{axes=[-1] keepdims=true}(%2)
      %6: f32[M,1] = Log(%5)
      %7: f32[M,1] = Sub(%4, %6)
      %8: f32[M,K] = Sub(%7, %3)
      output loss = %8"
    `);
  });

  it('writes attention, and rows in other slots, in primitives', () => {
    const b = new Builder();
    const [q, k, v] = [
      b.input('q', 'float32', ['M', 4]),
      b.input('k', 'float32', ['N', 4]),
      b.input('v', 'float32', ['N', 4]),
    ];
    const y = b.op('Attention', [q, k, v, b.input('mask', 'float32', ['M', 'N'])], {});
    const indices = [b.input('slots', 'int64', ['M']), b.input('indices', 'int64', ['P'])];
    const graph = b.finish({ rows: b.op('GatherRows', [y, ...indices], { empty: 'zeros' }) });
    expect(print(pruneUnused(lowerComposites(graph)))).toMatchInlineSnapshot(`
      "input q: f32[M,4]
      input k: f32[N,4]
      input v: f32[N,4]
      input mask: f32[M,N]
      input slots: i64[M]
      input indices: i64[P]
      %6: f32[4,N] = Transpose{perm=[1,0]}(k)
      %7: f32[M,N] = MatMul(q, %6)
      %8: f32[M,N] = Add(%7, mask)
      %9: f32[M,N] = Softmax{axis=-1}(%8)
      %10: f32[M,4] = MatMul(%9, v)
      %11: f32[1,4] = ConstantOfShape{shape=[1,4] value=0}()
      %12: f32[1+M,4] = Concat{axis=0}(%10, %11)
      %13: f32[P,4] = Gather{axis=0}(%12, indices)
      output rows = %13"
    `);
  });

  it('rotates token by token, so that rows may be longer than the tables', () => {
    const b = new Builder();
    const tables = [b.input('cos', 'float32', ['R', 2]), b.input('sin', 'float32', ['R', 2])];
    const places = [b.input('x', 'float32', ['B', 'S', 8]), b.input('positions', 'int64', ['B', 'S'])];
    const graph = b.finish({ y: b.op('RotaryEmbedding', [...places, ...tables], { heads: 2 }) });
    expect(print(lowerComposites(graph))).toMatchInlineSnapshot(`
      "input cos: f32[R,2]
      input sin: f32[R,2]
      input x: f32[B,S,8]
      input positions: i64[B,S]
      %4: f32[B*S,1,8] = Reshape{shape=["B*S",1,8]}(x)
      %5: i64[B*S,1] = Reshape{shape=["B*S",1]}(positions)
      %6: f32[B*S,1,8] = RotaryEmbedding{heads=2}(%4, %5, cos, sin)
      %7: f32[B,S,8] = Reshape{shape=["B","S",8]}(%6)
      output y = %7"
    `);
  });

  it('changes no result', () => {
    expectSameResults(lowerComposites);
  });

  it('lowers what is lowered to itself', () => {
    for (const test of CASES) {
      const once = lowerComposites(buildValues(test).graph);
      expect(opsOf(pruneUnused(lowerComposites(once))), test.name).toEqual(opsOf(pruneUnused(once)));
    }
  });
});

describe('foldAddends', () => {
  it('hands products what is added to them, the sums of other values first', () => {
    const b = new Builder();
    const [x, u, v] = [
      b.input('x', 'float32', ['T', 3]),
      b.input('u', 'float32', [3, 2]),
      b.input('v', 'float32', [3, 2]),
    ];
    const y = b.input('y', 'float32', ['T', 2]);
    const sum = b.add(b.add(b.gemm(x, u), y), b.add(b.gemm(x, v), b.exp(y)));
    expect(print(foldAddends(b.finish({ sum })))).toMatchInlineSnapshot(`
      "input x: f32[T,3]
      input u: f32[3,2]
      input v: f32[3,2]
      input y: f32[T,2]
      %4: f32[T,2] = Exp(y)
      %5: f32[T,2] = Add(y, %4)
      %6: f32[T,2] = Gemm{transA=false transB=false alpha=1}(x, u, %5)
      %7: f32[T,2] = Gemm{transA=false transB=false alpha=1}(x, v, %6)
      output sum = %7"
    `);
  });

  it('leaves alone a product that is used elsewhere, and one whose addend is of another shape', () => {
    const b = new Builder();
    const [x, u, bias] = [
      b.input('x', 'float32', ['T', 3]),
      b.input('u', 'float32', [3, 2]),
      b.input('c', 'float32', [2]),
    ];
    const product = b.gemm(x, u);
    const graph = b.finish({ biased: b.add(product, bias), twice: b.add(product, b.exp(product)) });
    expect(opsOf(foldAddends(graph))).toEqual(opsOf(graph));
  });

  it('changes no result', () => {
    expectSameResults(foldAddends);
  });
});

describe('foldAddends, of products of several depths', () => {
  it('begins with the shallow ones, whose sum the deep ones add to as they compute', () => {
    const b = new Builder();
    const [x, w, narrow, up] = [
      b.input('x', 'float32', ['T', 9]),
      b.input('w', 'float32', [9, 2]),
      b.input('narrow', 'float32', ['T', 1]),
      b.input('up', 'float32', [1, 2]),
    ];
    expect(print(foldAddends(b.finish({ sum: b.add(b.gemm(x, w), b.gemm(narrow, up)) })))).toMatchInlineSnapshot(`
      "input x: f32[T,9]
      input w: f32[9,2]
      input narrow: f32[T,1]
      input up: f32[1,2]
      %4: f32[T,2] = Gemm{transA=false transB=false alpha=1}(narrow, up)
      %5: f32[T,2] = Gemm{transA=false transB=false alpha=1}(x, w, %4)
      output sum = %5"
    `);
  });

  it('computes thin ones of a wide sum as one, however they are read', () => {
    const b = new Builder();
    const floats = (...shape: Shape): InputSpec => ({ type: 'float32', shape });
    const specs = {
      ...{ x: floats('T', 9), w: floats(9, 24), low: floats('T', 2), up: floats(24, 2) },
      ...{ along: floats(3, 'T'), through: floats(3, 24) },
    };
    const inputOf = (name: keyof typeof specs): Value => b.input(name, 'float32', specs[name].shape);
    const [x, w, low, up] = [inputOf('x'), inputOf('w'), inputOf('low'), inputOf('up')];
    const [along, through] = [inputOf('along'), inputOf('through')];
    const adapted = b.gemm(low, up, { transB: true, alpha: 0.5 });
    const sum = b.add(b.gemm(x, w), b.add(adapted, b.gemm(along, through, { transA: true })));
    const graph = b.finish({ sum });
    const folded = foldAddends(graph);
    expect(print(folded)).toMatchInlineSnapshot(`
      "input x: f32[T,9]
      input w: f32[9,24]
      input low: f32[T,2]
      input up: f32[24,2]
      input along: f32[3,T]
      input through: f32[3,24]
      %6: f32[T,3] = Transpose{perm=[1,0]}(along)
      %7: f32[2,24] = Transpose{perm=[1,0]}(up)
      %8: f32[] = Constant{0.5}()
      %9: f32[2,24] = Mul(%7, %8)
      %10: f32[T,5] = Concat{axis=1}(low, %6)
      %11: f32[5,24] = Concat{axis=0}(%9, through)
      %12: f32[T,24] = Gemm{transA=false transB=false alpha=1}(%10, %11)
      %13: f32[T,24] = Gemm{transA=false transB=false alpha=1}(x, w, %12)
      output sum = %13"
    `);
    verify(folded);
    const inputs = drawInputs(specs, { T: 5 }, 'thin');
    expectAllClose(interpret(folded, inputs), interpret(graph, inputs), 1e-12, 'thin');
  });
});

describe('fuseFrozenHead', () => {
  it('takes the gradient of cross entropy through a frozen head without spreading it over the vocabulary', () => {
    const b = new Builder();
    const [p, head] = [b.input('p', 'float32', ['M', 9]), b.input('head', 'float32', [9, 2])];
    const inputs = [p, b.input('labels', 'int64', ['M', 1]), b.input('dy', 'float32', ['M', 1])];
    const graph = b.finish({ dx: b.gemm(b.op('CrossEntropyGradient', inputs, {}), head) });
    expect(print(pruneUnused(fuseFrozenHead(graph)))).toMatchInlineSnapshot(`
      "input p: f32[M,9]
      input head: f32[9,2]
      input labels: i64[M,1]
      input dy: f32[M,1]
      %4: f32[M,2] = Gemm{transA=false transB=false alpha=1}(p, head)
      %5: i64[M] = Reshape{shape=["M"]}(labels)
      %6: f32[M,2] = Gather{axis=0}(head, %5)
      %7: f32[M,2] = Sub(%4, %6)
      %8: f32[M,2] = Mul(%7, dy)
      output dx = %8"
    `);
  });

  it('takes that of soft targets so too, the rows of the labels alone weighted', () => {
    const b = new Builder();
    const [p, head] = [b.input('p', 'float32', ['M', 9]), b.input('head', 'float32', [9, 2])];
    const inputs = [p, b.input('labels', 'int64', ['M', 'K']), b.input('dy', 'float32', ['M', 'K'])];
    const graph = b.finish({ dx: b.gemm(b.op('CrossEntropyGradient', inputs, {}), head) });
    expect(print(pruneUnused(fuseFrozenHead(graph)))).toMatchInlineSnapshot(`
      "input p: f32[M,9]
      input head: f32[9,2]
      input labels: i64[M,K]
      input dy: f32[M,K]
      %4: f32[M,2] = Gemm{transA=false transB=false alpha=1}(p, head)
      %5: f32[M,1] = ReduceSum{axes=[1] keepdims=true}(dy)
      %6: f32[M,K] = Div(dy, %5)
      %7: f32[M,1,K] = Reshape{shape=["M",1,"K"]}(%6)
      %8: f32[M,K,2] = Gather{axis=0}(head, labels)
      %9: f32[M,1,2] = MatMul(%7, %8)
      %10: f32[M,2] = Reshape{shape=["M",2]}(%9)
      %11: f32[M,2] = Sub(%4, %10)
      %12: f32[M,2] = Mul(%11, %5)
      output dx = %12"
    `);
  });

  it.each([1, 2])('keeps what improbable tokens have of a head in eight bits, %s labels each', (labels) => {
    const b = new Builder();
    const [rows, vocabulary] = [3, 64];
    const scores = [b.input('p', 'float32', [rows, vocabulary]), b.input('labels', 'int64', [rows, labels])];
    const gradient = b.op('CrossEntropyGradient', [...scores, b.input('dy', 'float32', [rows, labels])], {});
    const codes = [b.input('c', 'int8', [vocabulary, 4]), b.input('s', 'float32', [4, 1, 4])];
    const others = [b.input('backC', 'int8', [4, vocabulary]), b.input('backS', 'float32', [vocabulary])];
    const graph = b.finish({
      dx: b.op('Int8MatMul', [gradient, ...codes, ...others], { rotation: 1, backRotation: 1 }),
    });
    // The label has 0.9 of each row, 63 others what is left: 1/500 each and less.
    const share = (i: number): number => (i % vocabulary === 5 ? 0.9 : (0.1 * ((i * 7) % 11)) / 320);
    const code = (i: number): number => ((i * 37) % 255) - 127;
    const array = (shape: number[], value: (i: number) => number): NdArray => ({
      shape,
      data: Float64Array.from({ length: shape.reduce((x, y) => x * y) }, (_, i) => value(i)),
    });
    const inputs = {
      ...{ p: array([rows, vocabulary], share), labels: array([rows, labels], (i) => (i % labels === 0 ? 5 : 40)) },
      ...{ dy: array([rows, labels], (i) => (i % labels === 0 ? 0.75 : 0.25)), c: array([vocabulary, 4], code) },
      ...{ s: array([4, 1, 4], (i) => 1 + i / 16), backC: array([4, vocabulary], code) },
      backS: array([vocabulary], () => 1),
    };
    const decoded = ({ c, s }: typeof inputs): NdArray =>
      array([vocabulary, 4], (i) => (c.data[i] ?? NaN) * (s.data[4 * Math.floor(i / 64) + (i % 4)] ?? NaN));
    const plain = new Builder();
    const [p, at, dy] = [
      plain.input('p', 'float32', [rows, vocabulary]),
      plain.input('labels', 'int64', [rows, labels]),
      plain.input('dy', 'float32', [rows, labels]),
    ];
    const exactly = plain.finish({
      dx: plain.gemm(plain.op('CrossEntropyGradient', [p, at, dy], {}), plain.input('w', 'float32', [vocabulary, 4])),
    });
    const expected = (interpret(exactly, { ...inputs, w: decoded(inputs) })['dx'] as NdArray).data;
    const error = (made: Graph): number => {
      const found = (interpret(made, inputs)['dx'] as NdArray).data;
      return Math.hypot(...found.map((value, i) => value - (expected[i] ?? NaN))) / Math.hypot(...expected);
    };
    expect(error(lowerComposites(fuseFrozenHead(graph)))).toBeLessThan(labels === 1 ? 0.01 : 0.05);
    expect(error(lowerComposites(graph))).toBeGreaterThan(error(lowerComposites(fuseFrozenHead(graph))));
  });

  it('changes no result', () => {
    expectSameResults(fuseFrozenHead);
  });
});

describe('mergeReshapes', () => {
  it('reshapes once, or not at all where it leads back', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', ['B', 6]);
    const apart = b.reshape(x, ['B', 2, 3]);
    const graph = b.finish({ back: b.exp(b.reshape(apart, ['B', 6])), flat: b.reshape(apart, ['6*B']) });
    expect(print(mergeReshapes(graph))).toMatchInlineSnapshot(`
      "input x: f32[B,6]
      %1: f32[B,6] = Exp(x)
      %2: f32[6*B] = Reshape{shape=["6*B"]}(x)
      output back = %1
      output flat = %2"
    `);
  });

  it('changes no result', () => {
    expectSameResults(mergeReshapes);
  });
});

describe('subtractNegated', () => {
  it('subtracts, on whichever side the negated term is', () => {
    const b = new Builder();
    const [x, y] = [b.input('x', 'float32', ['T']), b.input('y', 'float32', ['T'])];
    expect(print(subtractNegated(b.finish({ u: b.add(x, b.neg(y)), v: b.add(b.neg(x), y) })))).toMatchInlineSnapshot(`
      "input x: f32[T]
      input y: f32[T]
      %2: f32[T] = Sub(x, y)
      %3: f32[T] = Sub(y, x)
      output u = %2
      output v = %3"
    `);
  });

  it('changes no result', () => {
    expectSameResults(subtractNegated);
  });
});

describe('transposeThinProducts', () => {
  it('computes a tall thin product transposed, and transposes it back', () => {
    const b = new Builder();
    const [dy, down] = [b.input('dy', 'float32', ['T', 6]), b.input('down', 'float32', ['T', 2])];
    const graph = b.finish({ gradient: b.gemm(dy, down, { transA: true, alpha: 2 }) });
    expect(print(transposeThinProducts(graph))).toMatchInlineSnapshot(`
      "input dy: f32[T,6]
      input down: f32[T,2]
      %2: f32[2,6] = Gemm{transA=true transB=false alpha=2}(down, dy)
      %3: f32[6,2] = Transpose{perm=[1,0]}(%2)
      output gradient = %3"
    `);
  });

  it('changes no result', () => {
    expectSameResults(transposeThinProducts);
  });
});

describe('fuseTransposes', () => {
  it('has products read what was transposed for them, and leaves other transposes alone', () => {
    const b = new Builder();
    const [x, y] = [b.input('x', 'float32', ['B', 'S', 3]), b.input('y', 'float32', ['B', 'S', 4])];
    const gradient = b.matmul(b.transpose(x, [0, 2, 1]), y);
    const rows = b.matmul(b.transpose(x, [1, 0, 2]), b.transpose(x, [1, 2, 0]));
    expect(print(fuseTransposes(b.finish({ gradient, rows })))).toMatchInlineSnapshot(`
      "input x: f32[B,S,3]
      input y: f32[B,S,4]
      %2: f32[B,3,4] = FusedMatMul{transA=true transB=false}(x, y)
      %3: f32[S,B,3] = Transpose{perm=[1,0,2]}(x)
      %4: f32[S,3,B] = Transpose{perm=[1,2,0]}(x)
      %5: f32[S,B,B] = MatMul(%3, %4)
      output gradient = %2
      output rows = %5"
    `);
  });

  it('has what waits for a transposed copy wait for what is copied', () => {
    const b = new Builder();
    const [x, y] = [b.input('x', 'float32', [2, 3]), b.input('y', 'float32', [2, 4])];
    const turned = b.transpose(b.exp(x), [1, 0]);
    expect(print(fuseTransposes(b.finish({ product: b.matmul(turned, y), late: b.op('After', [x, turned], {}) }))))
      .toMatchInlineSnapshot(`
      "input x: f32[2,3]
      input y: f32[2,4]
      %2: f32[2,3] = Exp(x)
      %3: f32[3,4] = FusedMatMul{transA=true transB=false}(%2, y)
      %4: f32[2,3] = After(x, %2)
      output product = %3
      output late = %4"
    `);
  });

  it('changes no result', () => {
    expectSameResults(fuseTransposes);
  });
});

describe('lowerForWebGpu', () => {
  it('computes the inverse deviation of a norm beside it, where it is asked for', () => {
    const b = new Builder();
    const inputs = [b.input('x', 'float32', ['T', 4]), b.input('w', 'float32', [4])];
    const [y, inverse] = b.apply('SimplifiedLayerNormalization', inputs, { epsilon: 0.25 }) as [Value, Value];
    expect(print(pruneUnused(lowerForWebGpu(b.finish({ y, inverse }))))).toMatchInlineSnapshot(`
      "input x: f32[T,4]
      input w: f32[4]
      %2: f32[T,4], %3: f32[T,1] = SimplifiedLayerNormalization{epsilon=0.25}(x, w)
      %4: f32[T,4] = Mul(x, x)
      %5: f32[T,1] = ReduceMean{axes=[-1] keepdims=true}(%4)
      %6: f32[] = Constant{0.25}()
      %7: f32[T,1] = Add(%5, %6)
      %8: f32[T,1] = Log(%7)
      %9: f32[] = Constant{-0.5}()
      %10: f32[T,1] = Mul(%8, %9)
      %11: f32[T,1] = Exp(%10)
      output y = %2
      output inverse = %11"
    `);
    expect(opsOf(pruneUnused(lowerForWebGpu(b.finish({ y }))))).toEqual(['SimplifiedLayerNormalization']);
  });

  it('changes no result', () => {
    expectSameResults(lowerForWebGpu);
  });
});

describe('rebuild', () => {
  it('keeps a graph in which nothing is rewritten', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', ['B', 2]);
    const graph = b.finish({ y: b.exp(b.add(x, x)), x });
    expect(print(rebuild(graph, () => undefined))).toBe(print(graph));
  });

  it('refuses a graph that uses a value before it is made', () => {
    const b = new Builder();
    const graph = b.finish({ y: b.exp(b.log(b.input('x', 'float32', [1]))) });
    expect(() => rebuild({ ...graph, nodes: [...graph.nodes].reverse() }, () => undefined)).toThrow(ShapeError);
  });
});

describe('gradientsWhenDue', () => {
  it('puts what nothing needs last, the latest first', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [2]);
    const early = b.exp(b.neg(x));
    const middle = b.mul(x, x);
    const late = b.add(middle, b.scalar(1));
    const graph = b.finish({ early, middle, late });
    expect(print(graph)).toMatchInlineSnapshot(`
      "input x: f32[2]
      %1: f32[2] = Neg(x)
      %2: f32[2] = Exp(%1)
      %3: f32[2] = Mul(x, x)
      %4: f32[] = Constant{1}()
      %5: f32[2] = Add(%3, %4)
      output early = %2
      output middle = %3
      output late = %5"
    `);
    expect(print(gradientsWhenDue(graph))).toMatchInlineSnapshot(`
      "input x: f32[2]
      %1: f32[2] = Neg(x)
      %2: f32[2] = Mul(x, x)
      %3: f32[] = Constant{1}()
      %4: f32[2] = Add(%2, %3)
      %5: f32[2] = Exp(%1)
      output early = %5
      output middle = %2
      output late = %4"
    `);
  });

  it('changes no result', () => {
    expectSameResults(gradientsWhenDue);
  });
});
