// A study's worker whose first job in a run's folder asks ONNX Runtime for 64 TiB and fails as the runtime does; further ones are carried out.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const dist = (path) => import(new URL(join('../../../dist', path), import.meta.url).href);
const { Builder } = await dist('compiler/builder.js');
const { float32 } = await dist('engine/engine.js');
const { onnxRuntimeEngine } = await dist('engine/onnxruntime.js');
const { serve } = await dist('executors/serve.js');
const { runFolder } = await dist('study/run.js');

async function overeat() {
  const side = 1 << 22;
  const b = new Builder();
  const product = b.mul(b.input('x', 'float32', ['N', 1]), b.input('y', 'float32', [1, 'M']));
  const program = await onnxRuntimeEngine({ device: 'cpu', threads: 1 }).compile(b.finish({ product }));
  await program.run({ x: float32([side, 1]), y: float32([1, side]) });
}

serve(async ({ folder }, report, signal) => {
  const marker = join(folder, 'ate');
  if (!existsSync(marker)) {
    writeFileSync(marker, '');
    await overeat();
  }
  await runFolder(folder, { signal, onReport: (each) => report({ ...each }) });
});
