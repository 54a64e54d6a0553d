// FOLDER [peft]: trains a tiny model's adapter there with dropout and held-out items, from wherever the folder stands; says "step" at every step.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
const dist = (path) => import(new URL(`../../../dist/${path}`, import.meta.url).href);
const { TARGET_MODULES } = await dist('core/settings.js');
const { readModelConfig } = await dist('models/formats/hub-config.js');
const { openSafetensors } = await dist('models/formats/safetensors.js');
const { finetune } = await dist('train/finetune.js');

const path = fileURLToPath(new URL('../../golden/decoder/llama', import.meta.url));
const { batches } = JSON.parse(readFileSync(`${path}.json`, 'utf8'));
const samples = batches.flatMap((batch, item) =>
  batch.map((sample, i) => ({ ...sample, id: `${item}/${i}`, item: String(item), contextTruncated: false })),
);
const weights = openSafetensors(`${path}/model.safetensors`);
await finetune({
  model: { name: 'llama', path, config: readModelConfig(path), weights, identity: 'llama' },
  samples,
  settings: {
    lora: { rank: 4, alpha: 8, rslora: false, dropout: 0.3, targets: TARGET_MODULES },
    ...{ learningRate: 1e-3, schedule: 'cosine', warmupRatio: 0.1, epochs: 14, batchTokens: 32, accumulation: 1 },
    ...{ clipNorm: 1, weightDecay: 0.01, betas: [0.9, 0.999], epsilon: 1e-8, seed: 5, maxLength: 64 },
    ...{ quantisation: 'none', checkpointEverySteps: 7, heldOut: { share: 0.25, everySteps: 5, patience: 1000 } },
  },
  folder: process.argv[2],
  threads: 1,
  ...(process.argv[3] === 'peft' && {
    peft: { settings: { device: 'cpu', precision: 'f32', tf32: false, compile: false, versions: {} } },
  }),
  onProgress: () => process.stdout.write('step\n'),
});
