/** config.json of a Hugging Face folder, as the configuration lightmem computes with; whatever it could not compute exactly is refused. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { distinct } from '../../core/collections.js';
import { UserError, UserErrors, messageOf } from '../../core/errors.js';
import { isObject } from '../../core/json.js';
import { danglingLink, stubOf } from '../../files/stub.js';
import { ARCHITECTURES, FAMILIES, familyByArchitecture, type FamilyName } from '../families/families.js';
import type { OwnSettings } from '../families/family.js';
import type { ModelConfig, RopeScaling } from '../model.js';

/** Sizes beyond any model of these families: a configuration is not to make lightmem build a graph without end. */
const LIMITS = { vocabulary: 1 << 24, width: 1 << 20, layers: 512, heads: 4096, positions: 1 << 30 };

/** Longest JSON file of a model folder that is read, in bytes; the largest tokenizers have about 35 MB. */
const MAX_JSON_BYTES = 256 << 20;

const count = (limit: number) => z.number().int().positive().max(limit);
/** Some write −1 where there is no such token. */
const tokenId = z.number().int().min(-1).max(LIMITS.vocabulary);
const tokenIds = z.union([tokenId, z.array(tokenId)]).nullish();

const rope = z.object({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: count(LIMITS.positions).optional(),
  partial_rotary_factor: z.literal(1, 'only whole rotary embeddings are supported').optional(),
});

const schema = z.object({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().nullish(),
  vocab_size: count(LIMITS.vocabulary),
  hidden_size: count(LIMITS.width),
  intermediate_size: count(LIMITS.width),
  num_hidden_layers: count(LIMITS.layers),
  num_attention_heads: count(LIMITS.heads),
  num_key_value_heads: count(LIMITS.heads).nullish(),
  head_dim: count(LIMITS.width).multipleOf(2, 'must be even').nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  max_position_embeddings: count(LIMITS.positions),
  rope_theta: z.number().positive().optional(),
  rope_scaling: rope.nullish(),
  rope_parameters: rope.nullish(),
  partial_rotary_factor: z.literal(1, 'only whole rotary embeddings are supported').optional(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().optional(),
  mlp_bias: z.literal(false, 'biases of the MLP are not supported').optional(),
  sliding_window: count(LIMITS.positions).nullish(),
  layer_types: z.array(z.string()).nullish(),
  query_pre_attn_scalar: z.number().positive().nullish(),
  attn_logit_softcapping: z.number().positive().nullish(),
  final_logit_softcapping: z.number().positive().nullish(),
  use_sliding_window: z.literal(false, 'attention through a sliding window is not supported').nullish(),
  bos_token_id: tokenIds,
  eos_token_id: tokenIds,
  hidden_act: z.string().nullish(),
  hidden_activation: z.string().nullish(),
  quantization_config: z
    .null('weights quantised by other tools are not read: use the unquantised model or a GGUF file')
    .optional(),
});

type RawConfig = z.infer<typeof schema>;

const identity = schema.pick({ architectures: true, model_type: true });

const asList = (ids: number | number[] | null | undefined): number[] =>
  ids === null || ids === undefined ? [] : [ids].flat().filter((id) => id >= 0);

/** The text of one of a model folder's small files; throws UserError where it is absent, too long, or something that stands in for it. */
export function readModelText(path: string): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw missingFile(path);
  if (size > MAX_JSON_BYTES) throw new UserError(`${path}: ${size} bytes are too many for this file`);
  const bytes = readFileSync(path);
  const stub = stubOf(bytes);
  if (stub) throw new UserError(`${path} ${stub.what}: ${stub.fix}`);
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

function missingFile(path: string): UserError {
  const link = danglingLink(path);
  if (link === undefined) return new UserError(`${path} is missing: a model folder needs it`);
  return new UserError(
    `${path} is a link to ${link}, which is not there: ${link.includes('annex') ? 'run git annex get on it' : 'fetch the model again'}`,
  );
}

/** The JSON of one of a model folder's files; throws UserError where it is absent, too long or no JSON. */
export function readModelJson(path: string): unknown {
  const text = readModelText(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const isCut = /end of JSON|Unterminated/i.test(messageOf(error));
    throw new UserError(
      isCut
        ? `${path} is no JSON: it ends in the middle, as a download that was cut short: fetch it again`
        : `${path} is no JSON: ${messageOf(error).slice(0, 200)}`,
    );
  }
}

function scalingOf(where: string, raw: z.infer<typeof rope> | null | undefined): RopeScaling | null {
  const type = raw?.rope_type ?? raw?.type ?? 'default';
  if (!raw || type === 'default') return null;
  if (type !== 'llama3')
    throw new UserError(`${where}: rope scaling "${type}" is not supported: only "llama3" and none are`);
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original } = raw;
  if (factor === undefined || low === undefined || high === undefined || original === undefined)
    throw new UserError(
      `${where}: rope scaling "llama3" needs factor, low_freq_factor, high_freq_factor and original_max_position_embeddings`,
    );
  if (low >= high) throw new UserError(`${where}: rope scaling's low_freq_factor must be below its high_freq_factor`);
  return {
    type: 'llama3',
    factor,
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalMaxPositions: original,
  };
}

/** What config.json says the model is: its architecture, or where that is left out its type. */
function familyOfConfig({
  architectures,
  model_type: type,
}: Pick<RawConfig, 'architectures' | 'model_type'>): FamilyName | undefined {
  const [architecture] = architectures ?? [];
  if (architecture !== undefined) return familyByArchitecture(architecture);
  return Object.keys(FAMILIES).find((name): name is FamilyName => name === type);
}

function familyNamed(where: string, raw: RawConfig): FamilyName {
  const family = familyOfConfig(raw);
  if (family === undefined) throw unknownFamily(where, raw);
  // Where biases are a setting, it would put one on the output projection too.
  if (raw.attention_bias === true && FAMILIES[family].biased.length === 0)
    throw new UserError(`${where}: attention biases are not supported in ${FAMILIES[family].architecture}`);
  return family;
}

function unknownFamily(where: string, { architectures, model_type: type }: RawConfig): UserError {
  const [architecture] = architectures ?? [];
  const use = `use one of ${ARCHITECTURES.join(', ')}`;
  if (architecture !== undefined)
    return new UserError(`${where}: architecture "${architecture}" is not supported: ${use}`);
  if (type !== undefined && type !== null && type !== '')
    return new UserError(
      `${where}: names no architecture, and its model_type "${type.slice(0, 60)}" is not supported: ${use}`,
    );
  return new UserError(
    `${where}: says neither by "architectures" nor by "model_type" what model it is: add one of ${ARCHITECTURES.join(', ')}`,
  );
}

/** Refuses layers of kinds that are computed otherwise: a window counts only where the family's contexts are kept within it. */
function checkLayerTypes(where: string, family: FamilyName, { layer_types: types }: RawConfig): void {
  const known = ['full_attention', ...('sliding_window' in FAMILIES[family].settings ? ['sliding_attention'] : [])];
  const other = types?.find((type) => !known.includes(type));
  if (other !== undefined)
    throw new UserError(
      `${where}: layers of the type "${other.slice(0, 60)}" are not supported in ${FAMILIES[family].architecture}: only ${known.join(', ')}`,
    );
}

/** Refuses an activation that is not the family's; where one is named twice, the newer name counts, as in transformers. */
function checkActivation(where: string, family: FamilyName, { hidden_activation, hidden_act }: RawConfig): void {
  const { activation, architecture } = FAMILIES[family];
  const named = hidden_activation ?? hidden_act ?? activation;
  if (named !== activation)
    throw new UserError(
      `${where}: the activation "${named.slice(0, 60)}" is not supported in ${architecture}: only "${activation}" is`,
    );
}

/** A setting that not all families have, where this one has it. */
function ownSetting(family: FamilyName, raw: RawConfig, name: keyof OwnSettings): number | undefined {
  return name in FAMILIES[family].settings ? (raw[name] ?? undefined) : undefined;
}

/** config.json with what transformers takes where its family's settings are left out. */
function withDefaults(json: unknown): unknown {
  const named = identity.safeParse(json);
  const family = named.success ? familyOfConfig(named.data) : undefined;
  if (!isObject(json)) return json;
  return family === undefined ? json : { ...FAMILIES[family].settings, ...json };
}

function headDimOf(where: string, raw: RawConfig, keyValueHeads: number): number {
  if (raw.num_attention_heads % keyValueHeads !== 0)
    throw new UserError(
      `${where}: ${raw.num_attention_heads} attention heads cannot share ${keyValueHeads} heads of keys and values`,
    );
  const headDim = raw.head_dim ?? raw.hidden_size / raw.num_attention_heads;
  if (headDim % 2 !== 0)
    throw new UserError(
      `${where}: hidden_size ${raw.hidden_size} over ${raw.num_attention_heads} heads is no even width of a head`,
    );
  return headDim;
}

/**
 * A configuration from parsed config.json; `moreEos` are further tokens that end an answer.
 * Throws UserError naming `where` and what is supported where the architecture, or anything that changes the computation, is not.
 */
export function parseModelConfig(where: string, json: unknown, moreEos: readonly number[] = []): ModelConfig {
  const parsed = schema.safeParse(withDefaults(json));
  if (!parsed.success)
    throw new UserErrors(`${where} is not a configuration that lightmem computes:`, problems(parsed.error, json));
  const raw = parsed.data;
  const family = familyNamed(where, raw);
  checkActivation(where, family, raw);
  checkLayerTypes(where, family, raw);
  const own = (name: keyof OwnSettings): number | undefined => ownSetting(family, raw, name);
  const [queryScalar, attentionSoftcap, logitSoftcap] = [
    own('query_pre_attn_scalar'),
    own('attn_logit_softcapping'),
    own('final_logit_softcapping'),
  ];
  const keyValueHeads = raw.num_key_value_heads ?? raw.num_attention_heads;
  return {
    family,
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    keyValueHeads,
    headDim: headDimOf(where, raw, keyValueHeads),
    ropeTheta: raw.rope_theta ?? raw.rope_parameters?.rope_theta ?? raw.rope_scaling?.rope_theta ?? 10_000,
    ropeScaling: scalingOf(where, raw.rope_scaling ?? raw.rope_parameters),
    rmsNormEpsilon: raw.rms_norm_eps,
    tiedEmbeddings: raw.tie_word_embeddings,
    attentionBias: FAMILIES[family].biased.length > 0,
    maxPositions: Math.min(raw.max_position_embeddings, own('sliding_window') ?? Infinity),
    ...(queryScalar !== undefined && { queryScalar }),
    ...(attentionSoftcap !== undefined && { attentionSoftcap }),
    ...(logitSoftcap !== undefined && { logitSoftcap }),
    bosTokenId: asList(raw.bos_token_id)[0] ?? null,
    eosTokenIds: distinct([...asList(raw.eos_token_id), ...moreEos]),
  };
}

function problems(error: z.ZodError, json: unknown): string[] {
  return error.issues.map((issue) => {
    const name = issue.path.join('.') || 'the file';
    const value = issue.path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[String(key)] : undefined), json);
    if (!issue.message.startsWith('Invalid')) return `${name}: ${issue.message}`;
    if (value === undefined) return `${name}: is missing`;
    const shown = JSON.stringify(value)?.slice(0, 60);
    return issue.code === 'invalid_type'
      ? `${name}: is ${shown}, not of the type ${issue.expected}`
      : `${name}: is ${shown}, which is no value that is read here`;
  });
}

/** Tokens that end an answer by generation_config.json; none where there is no such file. */
export function generationEos(folder: string): number[] {
  const path = join(folder, 'generation_config.json');
  if (!existsSync(path)) return [];
  const json = readModelJson(path);
  const parsed = z.object({ eos_token_id: tokenIds }).safeParse(json);
  if (!parsed.success) throw new UserErrors(`${path} is not a generation configuration:`, problems(parsed.error, json));
  return asList(parsed.data.eos_token_id);
}

/**
 * Reads a folder's config.json and the end tokens of its generation_config.json.
 * Throws UserError for an architecture that is not supported, with the list of those that are.
 */
export function readModelConfig(folder: string): ModelConfig {
  const path = join(folder, 'config.json');
  return parseModelConfig(path, readModelJson(path), generationEos(folder));
}
