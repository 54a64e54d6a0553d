/** LoRA adapters as PEFT's folders: adapter_config.json and adapter_model.safetensors. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UserError, UserErrors } from '../../core/errors.js';
import { isObject } from '../../core/json.js';
import { TARGET_MODULES, loraScale, type LoraSettings } from '../../core/settings.js';
import { jsonText } from '../../files/json-file.js';
import { writeFolder } from '../../files/write-folder.js';
import { writeWhole } from '../../files/write-whole.js';
import { readModelJson } from '../formats/hub-config.js';
import { firstNonFinite } from '../formats/floats.js';
import type { ModelConfig } from '../model.js';
import { linearModules, loraNames, type LinearModule } from '../modules.js';
import { openSafetensors, writeSafetensors, type Safetensors } from '../formats/safetensors.js';

/** One module's matrices: A [rank, in], B [out, rank], row-major. */
export interface LoraPair {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly rank: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** Matrices by module path, e.g. `model.layers.0.self_attn.q_proj`. */
export type LoraTensors = Record<string, LoraPair>;

/** An adapter: its settings and its matrices. */
export interface Adapter {
  readonly lora: LoraSettings;
  readonly tensors: LoraTensors;
}

const PREFIX = 'base_model.model.';
const CONFIG = 'adapter_config.json';
const TENSORS = 'adapter_model.safetensors';

export interface AdapterToWrite extends Adapter {
  /** Written as `base_model_name_or_path`: what PEFT loads the base model by. */
  readonly baseModel: string;
  /** Whether it may change nothing: what training begins with. Default no. */
  readonly untrained?: boolean;
  /** Further text files by name, e.g. `README.md`. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Keys in alphabetical order, as PEFT writes them. */
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

/** Whether an adapter leaves the model as it is: B A is zero everywhere. */
function changesNothing(tensors: LoraTensors): boolean {
  const zero = (values: Float32Array): boolean => values.every((each) => each === 0);
  return Object.values(tensors).every(({ a, b }) => zero(b) || zero(a));
}

/**
 * Writes a PEFT folder, whole or not at all; one that is there is replaced.
 * Throws Error where the adapter changes nothing (unless `untrained`) or holds values that are not finite: such an adapter is a defect.
 */
export function writeAdapter(folder: string, adapter: AdapterToWrite): void {
  const { tensors, untrained = false } = adapter;
  if (!untrained && changesNothing(tensors)) throw new Error('the trained adapter changes nothing: every B is zero');
  for (const [module, { a, b }] of Object.entries(tensors)) {
    if (firstNonFinite(a) >= 0 || firstNonFinite(b) >= 0)
      throw new Error(`the trained adapter of ${module} holds values that are not finite`);
  }
  writeFolder(folder, (scratch) => writeFiles(scratch, adapter));
}

function writeFiles(folder: string, adapter: AdapterToWrite): void {
  const named = Object.entries(adapter.tensors).flatMap(([path, { a, b, rank, inFeatures, outFeatures }]) => [
    { name: namesIn(path).a, shape: [rank, inFeatures], data: a },
    { name: namesIn(path).b, shape: [outFeatures, rank], data: b },
  ]);
  writeSafetensors(join(folder, TENSORS), named, { metadata: { format: 'pt' } });
  for (const [name, text] of Object.entries(adapter.files ?? {})) {
    if (basename(name) !== name) throw new Error(`"${name}" is no plain file name`);
    writeWhole(join(folder, name), text);
  }
  writeWhole(join(folder, CONFIG), jsonText(configOf(adapter)));
}

const empty = (what: string) =>
  z
    .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
    .nullish()
    .refine((value) => Object.keys(value ?? {}).length === 0, `adapters with ${what} are not supported`);

/** Starts that leave the base model's own weights as they are; others train an adapter that fits another base. */
const PLAIN_STARTS = ['gaussian', 'eva', 'orthogonal', 'true'];

const start = z.union([
  z.boolean(),
  z.string().superRefine((name, context) => {
    if (PLAIN_STARTS.includes(name.toLowerCase())) return;
    const message = `"${name.slice(0, 40)}" is not known here; starts such as pissa, olora, loftq, corda and lora_ga change the base model's weights, and the adapter fits no other: convert it to a plain LoRA (PEFT's path_initial_model_for_weight_conversion)`;
    context.addIssue({ code: 'custom', message });
  }),
]);

const targets = z.union([z.string(), z.array(z.string())]).nullish();

const schema = z.object({
  peft_type: z.literal('LORA', 'only LoRA adapters are supported'),
  r: z.number().int().min(1).max(512),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).max(1).default(0),
  use_rslora: z.boolean().default(false),
  use_dora: z.literal(false, 'DoRA adapters are not supported').default(false),
  bias: z.literal('none', 'adapters with biases are not supported').default('none'),
  lora_bias: z.literal(false, 'adapters with biases are not supported').default(false),
  fan_in_fan_out: z.literal(false, 'transposed adapters are not supported').default(false),
  alpha_pattern: empty('an alpha of its own for some modules'),
  modules_to_save: empty('whole modules'),
  layer_replication: empty('repeated layers'),
  init_lora_weights: start.nullish(),
  task_type: z.literal('CAUSAL_LM', 'only adapters of causal language models are supported').nullish(),
  target_modules: targets,
  exclude_modules: targets,
  layers_to_transform: z.union([z.number(), z.array(z.number())]).nullish(),
  layers_pattern: targets,
}); // prettier-ignore

/** Settings of PEFT that change nothing about an adapter once it is trained, whatever they hold. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  ...[
    'auto_mapping',
    'base_model_name_or_path',
    'revision',
    'inference_mode',
    'rank_pattern',
    'peft_version',
    'runtime_config',
  ],
  ...['megatron_core', 'loftq_config', 'eva_config', 'qalora_group_size'],
]);

const isNothing = (value: unknown): boolean =>
  value === null || value === false || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

/** Settings that are not known and are not nothing: an adapter of a kind that came later would be applied in part. */
function unknownSettings(json: unknown): string[] {
  if (!isObject(json)) return [];
  return Object.entries(json)
    .filter(([name, value]) => !Object.hasOwn(schema.shape, name) && !WITHOUT_EFFECT.has(name) && !isNothing(value))
    .map(
      ([name, value]) =>
        `${name}: ${JSON.stringify(value).slice(0, 60)} is a setting that is not known here, and may change what the adapter does`,
    );
}

type PeftConfig = z.infer<typeof schema>;

function readConfig(folder: string): PeftConfig {
  const path = join(folder, CONFIG);
  if (!existsSync(path)) throw new UserError(`${path} is missing: ${folder} is no PEFT adapter`);
  const json = readModelJson(path);
  const parsed = schema.safeParse(json);
  const issues = parsed.success
    ? []
    : parsed.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`);
  const problems = [...issues, ...unknownSettings(json)];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new UserErrors(`${path} is not an adapter that lightmem reads:`, problems);
}

/** Names of a module's matrices in a file of PEFT's. */
const namesIn = (path: string): { readonly a: string; readonly b: string } => loraNames(`${PREFIX}${path}`);

/**
 * Reads a PEFT folder for a model. Ranks are those of the matrices; a module that the adapter leaves alone though others of its name
 * are adapted gets zeros. Throws UserError where tensors are missing, of wrong shape or unknown, and where the adapter changes nothing
 * (unless `allowUntrained`).
 */
export function readAdapter(folder: string, config: ModelConfig, { allowUntrained = false } = {}): Adapter {
  const peft = readConfig(folder);
  const path = join(folder, TENSORS);
  if (!existsSync(path)) throw new UserError(`${path} is missing: only adapters in safetensors are read`);
  const source = openSafetensors(path);
  const modules = linearModules(config);
  refuseUnknown(path, source, modules);
  const named = new Set(source.names);
  const adapted = modules.filter((module) => Object.values(namesIn(module.path)).some((name) => named.has(name)));
  refusePartial(path, peft, modules, adapted);
  const present = new Set(adapted.map(({ target }) => target));
  const targets = TARGET_MODULES.filter((target) => present.has(target));
  const tensors: LoraTensors = {};
  for (const module of modules.filter(({ target }) => present.has(target)))
    tensors[module.path] = adapted.includes(module) ? readPair(path, source, module) : zeroPair(module);
  if (!allowUntrained && changesNothing(tensors))
    throw new UserError(`${path}: every B is zero, so the adapter changes nothing: it was never trained`);
  return { lora: settingsOf(peft, targets, tensors), tensors };
}

/** Throws UserError where the configuration names modules of this model that the file has no matrices for: it is cut, or of another model. */
function refusePartial(
  path: string,
  peft: PeftConfig,
  modules: readonly LinearModule[],
  adapted: readonly LinearModule[],
): void {
  const { target_modules: named, exclude_modules: excluded, layers_to_transform: layers } = peft;
  if (!Array.isArray(named) || !isNothing(excluded ?? null) || (layers !== null && layers !== undefined)) return;
  const isNamed = ({ path: at }: LinearModule): boolean => named.some((name) => at === name || at.endsWith(`.${name}`));
  const absent = modules.filter((module) => isNamed(module) && !adapted.includes(module));
  if (absent.length === 0) return;
  const more = absent.length > 1 ? ` and ${absent.length - 1} more` : '';
  throw new UserError(
    `${path}: has no matrices for ${absent[0]?.path}${more}, which ${CONFIG} names as targets: the file is cut, or of a model with other layers`,
  );
}

function refuseUnknown(path: string, source: Safetensors, modules: readonly LinearModule[]): void {
  const known = new Set(modules.flatMap((module) => Object.values(namesIn(module.path))));
  const unknown = source.names.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new UserError(`${path}: tensor "${unknown[0]}"${unknown.length > 1 ? ` and ${unknown.length - 1} more have` : ' has'} no place in this model`);
  if (source.names.length === 0) throw new UserError(`${path}: the adapter is empty`);
} // prettier-ignore

function readPair(path: string, source: Safetensors, module: LinearModule): LoraPair {
  const { inFeatures, outFeatures } = module;
  const { a: nameA, b: nameB } = namesIn(module.path);
  const rank = source.shape(nameA)[0] ?? 0;
  const check = (name: string, expected: readonly number[]): void => {
    const found = source.shape(name);
    if (rank < 1 || found.join() !== expected.join())
      throw new UserError(
        `${path}: tensor "${name}" is [${found.join(', ')}] and should be [${expected.join(', ')}]: the adapter is of another model`,
      );
  };
  check(nameA, [rank, inFeatures]);
  check(nameB, [outFeatures, rank]);
  return { a: source.read(nameA), b: source.read(nameB), rank, inFeatures, outFeatures };
}

const zeroPair = ({ inFeatures, outFeatures }: LinearModule): LoraPair => ({
  a: new Float32Array(inFeatures),
  b: new Float32Array(outFeatures),
  rank: 1,
  inFeatures,
  outFeatures,
});

function settingsOf(peft: PeftConfig, targets: LoraSettings['targets'], tensors: LoraTensors): LoraSettings {
  const others = Object.entries(tensors).filter(([, { rank }]) => rank !== peft.r);
  return {
    rank: peft.r,
    alpha: peft.lora_alpha,
    rslora: peft.use_rslora,
    dropout: peft.lora_dropout,
    targets,
    ...(others.length > 0
      ? { rankPattern: Object.fromEntries(others.map(([module, { rank }]) => [module, rank])) }
      : {}),
  };
}

/**
 * The same function at a larger rank: A and B filled up with zeros, alpha grown so that the scale stays, and B where a module's rank
 * differed. For servers that take only certain ranks. Throws UserError where a rank is larger than the one asked for.
 */
export function padAdapter({ lora, tensors }: Adapter, rank: number): Adapter {
  const { alpha, rslora, dropout, targets } = lora;
  const grown = alpha * (rslora ? Math.sqrt(rank / lora.rank) : rank / lora.rank);
  const padded: LoraSettings = { rank, alpha: grown, rslora, dropout, targets };
  const pairs = Object.entries(tensors).map(([module, pair]): [string, LoraPair] => {
    if (pair.rank > rank) throw new UserError(`invalid rank ${rank}: ${module} has ${pair.rank}, use that or more`);
    return [module, padPair(pair, rank, loraScale(lora, pair.rank) / loraScale(padded))];
  });
  return { lora: padded, tensors: Object.fromEntries(pairs) };
}

function padPair({ a, b, rank, inFeatures, outFeatures }: LoraPair, to: number, factor: number): LoraPair {
  const [widerA, widerB] = [new Float32Array(to * inFeatures), new Float32Array(outFeatures * to)];
  widerA.set(a);
  for (let row = 0; row < outFeatures; row++)
    for (let i = 0; i < rank; i++) widerB[row * to + i] = (b[row * rank + i] as number) * factor;
  return { a: widerA, b: widerB, rank: to, inFeatures, outFeatures };
}
