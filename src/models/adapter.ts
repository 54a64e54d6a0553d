/** LoRA adapters as PEFT's folders: adapter_config.json and adapter_model.safetensors. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { UserError, UserErrors } from '../core/errors.js';
import { TARGET_MODULES, type LoraSettings } from '../core/settings.js';
import { generationGraph } from './decoder.js';
import type { ModelConfig } from './model.js';
import { openSafetensors, writeSafetensors } from './safetensors.js';

/** One module's matrices: A [rank, in], B [out, rank]. */
export interface LoraPair {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly rank: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** Matrices by module path, e.g. `model.layers.0.self_attn.q_proj`. */
export type LoraTensors = Record<string, LoraPair>;

const PREFIX = 'base_model.model.';
const CONFIG = 'adapter_config.json';
const TENSORS = 'adapter_model.safetensors';

export interface AdapterToWrite {
  readonly lora: LoraSettings;
  readonly tensors: LoraTensors;
  /** Written as `base_model_name_or_path`. */
  readonly baseModel: string;
}

function configOf({ lora, baseModel }: AdapterToWrite): object {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    modules_to_save: null,
    peft_type: 'LORA',
    r: lora.rank,
    rank_pattern: lora.rankPattern ?? {},
    revision: null,
    target_modules: [...lora.targets],
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: lora.rslora,
  };
}

/** Whether an adapter leaves the model as it is: every B is zero. */
export function changesNothing(tensors: LoraTensors): boolean {
  return Object.values(tensors).every(({ b }) => b.every((each) => each === 0));
}

/** Writes a PEFT folder, whole or not at all. Throws where the adapter changes nothing or holds values that are not finite. */
export function writeAdapter(folder: string, adapter: AdapterToWrite): void {
  const { tensors } = adapter;
  if (changesNothing(tensors)) throw new Error('the trained adapter changes nothing: every B is zero');
  for (const [module, { a, b }] of Object.entries(tensors)) {
    if (![a, b].every((values) => values.every(Number.isFinite)))
      throw new Error(`the trained adapter of ${module} holds values that are not finite`);
  }
  const scratch = `${folder}.${process.pid}.tmp`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const named = Object.entries(tensors).flatMap(([module, { a, b, rank, inFeatures, outFeatures }]) => [
    { name: `${PREFIX}${module}.lora_A.weight`, shape: [rank, inFeatures], data: a },
    { name: `${PREFIX}${module}.lora_B.weight`, shape: [outFeatures, rank], data: b },
  ]);
  writeSafetensors(join(scratch, TENSORS), named, { metadata: { format: 'pt' } });
  writeFileAtomic.sync(join(scratch, CONFIG), JSON.stringify(configOf(adapter), null, 2) + '\n');
  rmSync(folder, { recursive: true, force: true });
  renameSync(scratch, folder);
}

const schema = z.object({
  peft_type: z.literal('LORA'),
  r: z.number().int().min(1).max(512),
  lora_alpha: z.number(),
  lora_dropout: z.number().default(0),
  use_rslora: z.boolean().default(false),
  use_dora: z.literal(false, 'DoRA adapters are not supported').default(false),
  bias: z.literal('none', 'adapters with biases are not supported').default('none'),
  fan_in_fan_out: z.literal(false).default(false),
  target_modules: z.union([z.array(z.string()), z.string()]),
  rank_pattern: z.record(z.string(), z.number().int().positive()).nullish(),
});

function readConfig(folder: string): LoraSettings {
  const path = join(folder, CONFIG);
  if (!existsSync(path)) throw new UserError(`${path} is missing: ${folder} is no PEFT adapter`);
  const parsed = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!parsed.success)
    throw new UserErrors(
      `${path} is not an adapter that lightmem reads:`,
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    );
  const { r, lora_alpha, lora_dropout, use_rslora, target_modules, rank_pattern } = parsed.data;
  const named = [target_modules].flat();
  const targets = TARGET_MODULES.filter((module) =>
    named.some((name) => name === module || name.endsWith(`.${module}`) || name === 'all-linear'),
  );
  return {
    rank: r,
    alpha: lora_alpha,
    rslora: use_rslora,
    dropout: lora_dropout,
    targets,
    ...(rank_pattern && Object.keys(rank_pattern).length > 0 ? { rankPattern: rank_pattern } : {}),
  };
}

/**
 * Reads a PEFT folder for a model. Throws UserError where tensors are missing, of wrong shape or unknown, and where the adapter
 * changes nothing (unless `allowUntrained`).
 */
export function readAdapter(
  folder: string,
  config: ModelConfig,
  { allowUntrained = false } = {},
): { lora: LoraSettings; tensors: LoraTensors } {
  const lora = readConfig(folder);
  const path = join(folder, TENSORS);
  if (!existsSync(path)) throw new UserError(`${path} is missing: only adapters in safetensors are read`);
  const source = openSafetensors(path);
  const expected = new Map(
    generationGraph(config, { kind: 'lora', lora })
      .parameters.filter((each) => each.trained)
      .map((each) => [PREFIX + each.name, each.shape]),
  );
  for (const name of source.names)
    if (!expected.has(name)) throw new UserError(`${path}: tensor "${name}" has no place in this model`);
  const tensors: LoraTensors = {};
  for (const [name, shape] of expected) {
    const module = /^base_model\.model\.(.*)\.lora_A\.weight$/.exec(name)?.[1];
    if (source.shape(name).join() !== shape.join())
      throw new UserError(
        `${path}: tensor "${name}" is [${source.shape(name).join(', ')}] and should be [${shape.join(', ')}]`,
      );
    if (module === undefined) continue;
    const b = source.read(name.replace('lora_A', 'lora_B'));
    const [rank = 0, inFeatures = 0] = shape;
    tensors[module] = { a: source.read(name), b, rank, inFeatures, outFeatures: b.length / rank };
  }
  if (!allowUntrained && changesNothing(tensors))
    throw new UserError(`${path}: every B is zero, so the adapter changes nothing: it was never trained`);
  return { lora, tensors };
}
