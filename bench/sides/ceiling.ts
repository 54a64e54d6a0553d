/** The GEMM ceiling: billions of operations a second of ONNX Runtime's f32 products at a model's own shapes, weighted by their work. */
import { readFileSync } from 'node:fs';
import { Builder } from '../../src/compiler/builder.js';
import { float32, type Tensor } from '../../src/engine/engine.js';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';

export interface CeilingWorkload {
  readonly threads: number;
  readonly rows: number;
  /** [inputs, outputs] of every linear layer. */
  readonly shapes: readonly (readonly [number, number])[];
}

const { threads, rows, shapes } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as CeilingWorkload;
const REPEATS = 8;
const ROUNDS = 5;

/** As many products as a decoder has, forwards and backwards, each with a weight of its own, as in training. */
const b = new Builder();
const inputs: Record<string, Tensor> = {};
const outputs: Record<string, ReturnType<Builder['input']>> = {};
const filled = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1000) / 1000 - 0.5);
let operations = 0;
for (const [index, [width, height]] of shapes.entries()) {
  const x = b.input(`x${index}`, 'float32', [rows, width]);
  const dy = b.input(`dy${index}`, 'float32', [rows, height]);
  inputs[`x${index}`] = float32([rows, width], filled(rows * width));
  inputs[`dy${index}`] = float32([rows, height], filled(rows * height));
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const name = `w${index}.${repeat}`;
    inputs[name] = float32([height, width], filled(width * height));
    const w = b.input(name, 'float32', [height, width]);
    outputs[`y${name}`] = b.gemm(x, w, { transB: true });
    outputs[`z${name}`] = b.gemm(dy, w);
    operations += 4 * rows * width * height;
  }
}
const program = await onnxRuntimeEngine({ device: 'cpu', threads }).compile(b.finish(outputs));
await program.run(inputs);
let best = Infinity;
for (let round = 0; round < ROUNDS; round++) {
  const started = performance.now();
  await program.run(inputs);
  best = Math.min(best, performance.now() - started);
}
process.stdout.write(JSON.stringify({ gigaflops: operations / best / 1e6 }));
await program.dispose();
