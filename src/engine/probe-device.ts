/** A process of its own that tries a device and prints how long a multiplication took there: what a driver prints or breaks stays in it. */
import { Builder } from '../compiler/builder.js';
import { messageOf } from '../core/errors.js';
import type { Device } from '../core/settings.js';
import { PROBE_SIZE, type ProbeReply } from './devices.js';
import { float32, floatsOf } from './engine.js';
import { onnxRuntimeEngine } from './onnxruntime.js';

/** Milliseconds of x xᵀ for x of ones, the second time; throws where the device cannot be had or gives other numbers than the size. */
async function milliseconds(device: Device): Promise<number> {
  const shape = [PROBE_SIZE, PROBE_SIZE];
  const ones = float32(shape, new Float32Array(PROBE_SIZE * PROBE_SIZE).fill(1));
  const b = new Builder();
  const x = b.input('x', 'float32', shape);
  const program = await onnxRuntimeEngine({ device }).compile(b.finish({ y: b.gemm(x, x, { transB: true }) }));
  await program.run({ x: ones });
  const started = performance.now();
  const result = floatsOf(await program.run({ x: ones }), 'y');
  const elapsed = performance.now() - started;
  if (!result.every((value) => value === PROBE_SIZE)) throw new Error('it computes wrong numbers');
  return elapsed;
}

async function main(): Promise<void> {
  const reply = await milliseconds(process.argv[2] as Device).then(
    (elapsed): ProbeReply => ({ milliseconds: elapsed }),
    (error: unknown): ProbeReply => ({ error: messageOf(error) }),
  );
  process.send?.(reply, () => process.exit(0));
}

await main();
