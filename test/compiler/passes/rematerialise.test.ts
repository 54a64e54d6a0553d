/** Recomputation: the text of a graph before and after it, and the same results whatever is computed again. */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../../src/compiler/builder.js';
import { gradients } from '../../../src/compiler/gradients.js';
import { isOp, type Value } from '../../../src/compiler/ir.js';
import { pruneUnused } from '../../../src/compiler/passes/prune.js';
import { rematerialise } from '../../../src/compiler/passes/rematerialise.js';
import { print } from '../../../src/compiler/print.js';
import { verify } from '../../../src/compiler/verify.js';
import { Random } from '../../../src/core/random.js';
import { onnxRuntimeEngine } from '../../../src/engine/onnxruntime.js';
import { interpret } from '../../../src/engine/reference.js';
import { CASES } from '../cases.js';
import { buildGradients, drawInputs, expectAllClose, runOn } from '../run-case.js';

const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });
const differentiable = CASES.filter((each) => each.noGradient === undefined);

/** The sum of what is made of exp(x w), and its gradient by w. */
function smallGraph(made: (b: Builder, hidden: Value) => Value) {
  const b = new Builder();
  const x = b.input('x', 'float32', ['T', 4]);
  const w = b.input('w', 'float32', [4, 4]);
  const product = b.gemm(x, w);
  const hidden = b.exp(product);
  const loss = b.reduceSum(made(b, hidden), [0, 1], false);
  const forwardNodes = b.nodes.length;
  const [dw] = gradients(b, loss, [w]) as [Value];
  return { graph: pruneUnused(b.finish({ loss, dw })), forwardNodes, product, hidden };
}

describe('rematerialise', () => {
  it('computes values of the forward half again once a gradient of the backward half is there', () => {
    const { graph, forwardNodes, hidden } = smallGraph((b, value) => b.mul(b.sigmoid(value), value));
    expect(print(graph)).toMatchInlineSnapshot(`
      "input x: f32[T,4]
      input w: f32[4,4]
      %2: f32[T,4] = Gemm{transA=false transB=false alpha=1}(x, w)
      %3: f32[T,4] = Exp(%2)
      %4: f32[T,4] = Sigmoid(%3)
      %5: f32[T,4] = Mul(%4, %3)
      %6: f32[] = ReduceSum{axes=[0,1] keepdims=false}(%5)
      %7: f32[] = ConstantOfShape{shape=[] value=1}()
      %8: f32[1,1] = Reshape{shape=[1,1]}(%7)
      %9: f32[T,4] = Expand{shape=["T",4]}(%8)
      %10: f32[T,4] = Mul(%9, %3)
      %11: f32[T,4] = Mul(%9, %4)
      %12: f32[] = Constant{1}()
      %13: f32[T,4] = Sub(%12, %4)
      %14: f32[T,4] = Mul(%4, %13)
      %15: f32[T,4] = Mul(%10, %14)
      %16: f32[T,4] = Add(%11, %15)
      %17: f32[T,4] = Mul(%16, %3)
      %18: f32[4,4] = Gemm{transA=true transB=false alpha=1}(x, %17)
      output loss = %6
      output dw = %18"
    `);
    expect(print(pruneUnused(rematerialise(graph, { forwardNodes, isRecomputed: (value) => value.id === hidden.id }))))
      .toMatchInlineSnapshot(`
      "input x: f32[T,4]
      input w: f32[4,4]
      %2: f32[T,4] = Gemm{transA=false transB=false alpha=1}(x, w)
      %3: f32[T,4] = Exp(%2)
      %4: f32[T,4] = Sigmoid(%3)
      %5: f32[T,4] = Mul(%4, %3)
      %6: f32[] = ReduceSum{axes=[0,1] keepdims=false}(%5)
      %7: f32[] = ConstantOfShape{shape=[] value=1}()
      %8: f32[1,1] = Reshape{shape=[1,1]}(%7)
      %9: f32[T,4] = Expand{shape=["T",4]}(%8)
      %10: f32[T,4] = After(%2, %9)
      %11: f32[T,4] = Exp(%10)
      %12: f32[T,4] = Mul(%9, %11)
      %13: f32[T,4] = Mul(%9, %4)
      %14: f32[] = Constant{1}()
      %15: f32[T,4] = Sub(%14, %4)
      %16: f32[T,4] = Mul(%4, %15)
      %17: f32[T,4] = Mul(%12, %16)
      %18: f32[T,4] = Add(%13, %17)
      %19: f32[T,4] = Mul(%18, %11)
      %20: f32[4,4] = Gemm{transA=true transB=false alpha=1}(x, %19)
      output loss = %6
      output dw = %20"
    `);
  });

  it('keeps values in half precision, divided where that is said, and reads them as they are on the way forward', () => {
    const { graph, forwardNodes, product, hidden } = smallGraph((_, value) => value);
    const halved = ({ id }: Value): number | undefined => (id === hidden.id ? 8 : id === product.id ? 1 : undefined);
    expect(print(pruneUnused(rematerialise(graph, { forwardNodes, isRecomputed: () => false, halved }))))
      .toMatchInlineSnapshot(`
      "input x: f32[T,4]
      input w: f32[4,4]
      %2: f32[T,4] = Gemm{transA=false transB=false alpha=1}(x, w)
      %3: f32[T,4] = Exp(%2)
      %4: f32[] = Constant{0.125}()
      %5: f32[T,4] = Mul(%3, %4)
      %6: f16[T,4] = Cast{to="float16"}(%5)
      %7: f32[T,4] = After(%3, %6)
      %8: f32[] = ReduceSum{axes=[0,1] keepdims=false}(%7)
      %9: f32[] = ConstantOfShape{shape=[] value=1}()
      %10: f32[1,1] = Reshape{shape=[1,1]}(%9)
      %11: f32[T,4] = Expand{shape=["T",4]}(%10)
      %12: f16[T,4] = After(%6, %11)
      %13: f32[T,4] = Cast{to="float32"}(%12)
      %14: f32[] = Constant{8}()
      %15: f32[T,4] = Mul(%13, %14)
      %16: f32[T,4] = Mul(%11, %15)
      %17: f32[4,4] = Gemm{transA=true transB=false alpha=1}(x, %16)
      output loss = %8
      output dw = %17"
    `);
  });

  it('leaves a graph alone of which nothing is computed again', () => {
    for (const test of differentiable) {
      const { graph, forwardNodes } = buildGradients(test);
      for (const halved of [undefined, () => undefined])
        expect(
          print(rematerialise(graph, { forwardNodes, isRecomputed: () => false, ...(halved && { halved }) })),
          test.name,
        ).toBe(print(graph));
    }
  });

  it('changes no result, whichever values are computed again', () => {
    const random = new Random(1, 'again');
    let nodesAdded = 0;
    for (const test of differentiable) {
      const { graph, forwardNodes, specs } = buildGradients(test);
      const inputs = drawInputs(specs, test.sizes, test.name);
      const expected = interpret(graph, inputs);
      for (const share of [0.3, 0.7, 1]) {
        const chosen = new Set(
          graph.nodes
            .flatMap((node) => node.outputs)
            .map((each) => each.id)
            .filter(() => random.uniform() < share),
        );
        const changed = rematerialise(graph, { forwardNodes, isRecomputed: (value) => chosen.has(value.id) });
        verify(changed);
        nodesAdded += changed.nodes.length - graph.nodes.length;
        expectAllClose(interpret(changed, inputs), expected, 1e-12, `${test.name}, ${share} again`);
      }
    }
    expect(nodesAdded).toBeGreaterThan(differentiable.length);
    console.log(`rematerialise: ${3 * differentiable.length} graphs with ${nodesAdded} nodes more, same results`);
  });

  it('changes results by half precision’s rounding alone, whichever values are halved or computed again', async () => {
    const random = new Random(2, 'halved');
    const isFloat = ({ type, shape }: Value): boolean => type === 'float32' && shape.length > 0;
    let halves = 0;
    for (const test of differentiable) {
      const built = buildGradients(test);
      const inputs = drawInputs(built.specs, test.sizes, test.name);
      const values = built.graph.nodes.flatMap((node) => node.outputs);
      const drawn = (share: number): Set<number> =>
        new Set(values.filter(() => random.uniform() < share).map(({ id }) => id));
      const [again, divided] = [drawn(0.3), drawn(0.5)];
      const changed = rematerialise(built.graph, {
        forwardNodes: built.forwardNodes,
        isRecomputed: ({ id }) => again.has(id),
        halved: (value) => (isFloat(value) ? (divided.has(value.id) ? 64 : 1) : undefined),
      });
      verify(changed);
      halves += changed.nodes.filter((node) => isOp(node, 'Cast') && node.attributes.to === 'float16').length;
      const expected = interpret(built.graph, inputs);
      expectAllClose(interpret(changed, inputs), expected, 5e-2, test.name);
      expectAllClose(await runOn(engine, { ...built, graph: changed }, inputs), expected, 5e-2, test.name);
    }
    expect(halves).toBeGreaterThan(differentiable.length / 4);
    console.log(`rematerialise: ${halves} values halved in ${differentiable.length} graphs, same results`);
  });

  it('changes no result on ONNX Runtime when everything is computed again', async () => {
    let ran = 0;
    for (const test of differentiable) {
      const built = buildGradients(test);
      const inputs = drawInputs(built.specs, test.sizes, test.name);
      const changed = rematerialise(built.graph, { forwardNodes: built.forwardNodes, isRecomputed: () => true });
      expectAllClose(
        await runOn(engine, { ...built, graph: changed }, inputs),
        interpret(built.graph, inputs),
        1e-5,
        test.name,
      );
      ran++;
    }
    expect(ran).toBe(differentiable.length);
  });
});
