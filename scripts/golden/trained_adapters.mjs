// FOLDER DECODERS [FAMILY …]: trains one small adapter for each tiny model of DECODERS (test/golden/decoder), or for those named, with
// lightmem and leaves its PEFT folder in FOLDER.
// Run after `npm run build`; then trained_adapters.py asks PEFT what these adapters compute.
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
const dist = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { TARGET_MODULES } = await dist('core/settings.js');
const { readModelConfig } = await dist('models/formats/hub-config.js');
const { openSafetensors } = await dist('models/formats/safetensors.js');
const { finetune } = await dist('train/finetune.js');

const [out, decoders, ...named] = process.argv.slice(2);
const families = readdirSync(decoders, { withFileTypes: true }).flatMap((each) =>
  each.isDirectory() ? [each.name] : [],
);
const lora = { rank: 4, alpha: 8, rslora: false, dropout: 0.1, targets: TARGET_MODULES };
/** Settings that some families' adapters are trained with in place of those. */
const others = {
  qwen3: { ...lora, rank: 6, alpha: 3, rslora: true, targets: ['q_proj', 'v_proj', 'down_proj'] },
  llama: { ...lora, rankPattern: { down_proj: 2, 'layers.1.self_attn.q_proj': 7 } },
};
const settings = {
  ...{ learningRate: 1e-2, schedule: 'linear', warmupRatio: 0.1, epochs: 6, batchTokens: 96, accumulation: 1 },
  ...{ clipNorm: 1, weightDecay: 0.01, betas: [0.9, 0.999], epsilon: 1e-8, seed: 5, maxLength: 64 },
  ...{ quantisation: 'none', checkpointEverySteps: 0 },
};
for (const family of named.length > 0 ? named : families) {
  const path = join(decoders, family);
  const { batches } = JSON.parse(readFileSync(join(decoders, `${family}.json`), 'utf8'));
  const samples = batches.flatMap((batch, item) =>
    batch.map((sample, i) => ({ ...sample, id: `${item}/${i}`, item: String(item), contextTruncated: false })),
  );
  const weights = openSafetensors(join(path, 'model.safetensors'));
  const model = { name: family, path, config: readModelConfig(path), weights, identity: family };
  const folder = mkdtempSync(join(tmpdir(), 'lightmem-golden-'));
  const result = await finetune({
    model,
    samples,
    settings: { ...settings, lora: others[family] ?? lora },
    folder,
    threads: 1,
  });
  rmSync(join(out, family), { recursive: true, force: true });
  renameSync(result.adapterPath, join(out, family));
  rmSync(folder, { recursive: true });
  console.log(family, result.steps, 'steps, loss', result.firstLoss.toFixed(3), 'to', result.lastLoss.toFixed(3));
}
