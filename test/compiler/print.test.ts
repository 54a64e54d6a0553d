/** Graphs as text, pinned: the form of every kind of line, and the gradients of small layers as they are compiled. */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import { gradients } from '../../src/compiler/gradients.js';
import type { Value } from '../../src/compiler/ir.js';
import { pruneUnused } from '../../src/compiler/passes/prune.js';
import { print } from '../../src/compiler/print.js';

/** Text of what is left of the gradients' graph once unused nodes are gone. */
function gradientText(b: Builder, loss: Value, parameters: Readonly<Record<string, Value>>): string {
  const found = gradients(b, loss, Object.values(parameters));
  const outputs = Object.keys(parameters).map((name, i) => [`d_${name}`, found[i] as Value] as const);
  return print(pruneUnused(b.finish(Object.fromEntries(outputs))));
}

describe('print', () => {
  it('writes inputs, nodes with their attributes, types and shapes, and outputs', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', ['B', 'S', 6]);
    const ids = b.input('ids', 'int64', ['M']);
    const [left, right] = b.split(x, [2, 4], -1) as [Value, Value];
    const rows = b.gather(b.reshape(right, ['B*S', 4]), ids);
    const graph = b.finish({
      left,
      rows: b.add(rows, b.constant([1, 2, 3, 4])),
      mask: b.op('Cast', [ids], { to: 'bool' }),
    });
    expect(print(graph)).toMatchInlineSnapshot(`
      "input x: f32[B,S,6]
      input ids: i64[M]
      %2: f32[B,S,2], %3: f32[B,S,4] = Split{axis=-1 sizes=[2,4]}(x)
      %4: f32[B*S,4] = Reshape{shape=["B*S",4]}(%3)
      %5: f32[M,4] = Gather{axis=0}(%4, ids)
      %6: f32[4] = Constant{1 2 3 4}()
      %7: f32[M,4] = Add(%5, %6)
      %8: b[M] = Cast{to="bool"}(ids)
      output left = %2
      output rows = %7
      output mask = %8"
    `);
  });

  it('shortens long constants and numbers values in the order in which they are made', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [8]);
    b.exp(x);
    const graph = b.finish({ y: b.mul(x, b.constant([...Array(8).keys()])) });
    expect(print(graph)).toMatchInlineSnapshot(`
      "input x: f32[8]
      %1: f32[8] = Exp(x)
      %2: f32[8] = Constant{0 1 2 3 4 5 … 8}()
      %3: f32[8] = Mul(x, %2)
      output y = %3"
    `);
    expect(print(pruneUnused(graph))).toMatchInlineSnapshot(`
      "input x: f32[8]
      %1: f32[8] = Constant{0 1 2 3 4 5 … 8}()
      %2: f32[8] = Mul(x, %1)
      output y = %2"
    `);
  });

  it('shows that LoRA takes no gradient of the frozen weight', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', ['T', 64]);
    const w = b.input('w', 'float32', [32, 64]);
    const lora = { A: b.input('A', 'float32', [8, 64]), B: b.input('B', 'float32', [32, 8]) };
    const down = b.gemm(x, lora.A, { transB: true });
    const y = b.add(b.gemm(x, w, { transB: true }), b.gemm(down, lora.B, { transB: true, alpha: 2 }));
    expect(gradientText(b, b.reduceSum(b.mul(y, y), [0, 1], false), lora)).toMatchInlineSnapshot(`
      "input x: f32[T,64]
      input w: f32[32,64]
      input A: f32[8,64]
      input B: f32[32,8]
      %4: f32[T,8] = Gemm{transA=false transB=true alpha=1}(x, A)
      %5: f32[T,32] = Gemm{transA=false transB=true alpha=1}(x, w)
      %6: f32[T,32] = Gemm{transA=false transB=true alpha=2}(%4, B)
      %7: f32[T,32] = Add(%5, %6)
      %8: f32[] = ConstantOfShape{shape=[] value=1}()
      %9: f32[1,1] = Reshape{shape=[1,1]}(%8)
      %10: f32[T,32] = Expand{shape=["T",32]}(%9)
      %11: f32[T,32] = Mul(%10, %7)
      %12: f32[T,32] = Add(%11, %11)
      %13: f32[T,8] = Gemm{transA=false transB=false alpha=2}(%12, B)
      %14: f32[32,8] = Gemm{transA=true transB=false alpha=2}(%12, %4)
      %15: f32[8,64] = Gemm{transA=true transB=false alpha=1}(%13, x)
      output d_A = %15
      output d_B = %14"
    `);
  });

  it('shows that a norm uses the inverse deviation of its forward pass again', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', ['T', 8]);
    const w = b.input('w', 'float32', [8]);
    const y = b.op('SimplifiedLayerNormalization', [x, w], { epsilon: 1e-6 });
    expect(gradientText(b, b.reduceSum(y, [0, 1], false), { x, w })).toMatchInlineSnapshot(`
      "input x: f32[T,8]
      input w: f32[8]
      %2: f32[T,8], %3: f32[T,1] = SimplifiedLayerNormalization{epsilon=0.000001}(x, w)
      %4: f32[] = ConstantOfShape{shape=[] value=1}()
      %5: f32[1,1] = Reshape{shape=[1,1]}(%4)
      %6: f32[T,8] = Expand{shape=["T",8]}(%5)
      %7: f32[T,8] = Mul(%6, w)
      %8: f32[T,1] = Mul(%3, %3)
      %9: f32[T,8] = Mul(%7, x)
      %10: f32[T,1] = ReduceMean{axes=[-1] keepdims=true}(%9)
      %11: f32[T,1] = Mul(%8, %10)
      %12: f32[T,8] = Mul(x, %11)
      %13: f32[T,8] = Sub(%7, %12)
      %14: f32[T,8] = Mul(%3, %13)
      %15: f32[T,8] = Mul(x, %3)
      %16: f32[T,8] = Mul(%6, %15)
      %17: f32[1,8] = ReduceSum{axes=[0] keepdims=true}(%16)
      %18: f32[8] = Reshape{shape=[8]}(%17)
      output d_x = %14
      output d_w = %18"
    `);
  });

  it('shows what broadcasting is undone by', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', ['B', 'S', 4]);
    const bias = b.input('bias', 'float32', [4]);
    const row = b.input('row', 'float32', ['S', 1]);
    const loss = b.reduceSum(b.exp(b.add(b.add(x, bias), row)), [0, 1, 2], false);
    expect(gradientText(b, loss, { bias, row })).toMatchInlineSnapshot(`
      "input x: f32[B,S,4]
      input bias: f32[4]
      input row: f32[S,1]
      %3: f32[B,S,4] = Add(x, bias)
      %4: f32[B,S,4] = Add(%3, row)
      %5: f32[B,S,4] = Exp(%4)
      %6: f32[] = ConstantOfShape{shape=[] value=1}()
      %7: f32[1,1,1] = Reshape{shape=[1,1,1]}(%6)
      %8: f32[B,S,4] = Expand{shape=["B","S",4]}(%7)
      %9: f32[B,S,4] = Mul(%8, %5)
      %10: f32[1,S,1] = ReduceSum{axes=[0,2] keepdims=true}(%9)
      %11: f32[S,1] = Reshape{shape=["S",1]}(%10)
      %12: f32[1,1,4] = ReduceSum{axes=[0,1] keepdims=true}(%9)
      %13: f32[4] = Reshape{shape=[4]}(%12)
      output d_bias = %13
      output d_row = %11"
    `);
  });
});
