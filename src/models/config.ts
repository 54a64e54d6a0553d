/** config.json of a Hugging Face folder, as the configuration lightmem computes with. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError, UserErrors } from '../core/errors.js';
import type { ModelConfig, RopeScaling } from './model.js';

const FAMILIES: Readonly<Record<string, ModelConfig['family']>> = {
  Qwen2ForCausalLM: 'qwen2',
  Qwen3ForCausalLM: 'qwen3',
  LlamaForCausalLM: 'llama',
};

const count = z.number().int().positive();
const tokenIds = z.union([z.number().int(), z.array(z.number().int())]).nullish();

const rope = z.object({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: count.optional(),
});

const schema = z.object({
  architectures: z.array(z.string()).min(1),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  max_position_embeddings: count.default(2048),
  rope_theta: z.number().positive().optional(),
  rope_scaling: rope.nullish(),
  rope_parameters: rope.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().optional(),
  bos_token_id: tokenIds,
  eos_token_id: tokenIds,
  hidden_act: z.string().default('silu'),
});

const asList = (ids: number | number[] | null | undefined): number[] =>
  ids === null || ids === undefined ? [] : [ids].flat();

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new UserError(`${path} cannot be read: a model folder needs it`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
}

function scalingOf(path: string, raw: z.infer<typeof rope> | null | undefined): RopeScaling | null {
  const type = raw?.rope_type ?? raw?.type ?? 'default';
  if (!raw || type === 'default') return null;
  if (type !== 'llama3')
    throw new UserError(`${path}: rope scaling "${type}" is not supported: only "llama3" and none are`);
  return {
    type: 'llama3',
    factor: raw.factor ?? 8,
    lowFrequencyFactor: raw.low_freq_factor ?? 1,
    highFrequencyFactor: raw.high_freq_factor ?? 4,
    originalMaxPositions: raw.original_max_position_embeddings ?? 8192,
  };
}

/** Tokens that end an answer: config.json's and generation_config.json's. */
function endTokens(folder: string, configured: number[]): number[] {
  const path = join(folder, 'generation_config.json');
  const parsed = existsSync(path) ? z.object({ eos_token_id: tokenIds }).safeParse(readJson(path)) : undefined;
  return [...new Set([...configured, ...asList(parsed?.data?.eos_token_id)])];
}

/** Reads a folder's config.json; throws UserError for an architecture that is not supported, with the list of those that are. */
export function readModelConfig(folder: string): ModelConfig {
  const path = join(folder, 'config.json');
  const parsed = schema.safeParse(readJson(path));
  if (!parsed.success)
    throw new UserErrors(
      `${path} is not a model configuration:`,
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    );
  const raw = parsed.data;
  const family = FAMILIES[raw.architectures[0] ?? ''];
  if (!family)
    throw new UserError(
      `${path}: architecture "${raw.architectures[0]}" is not supported: use one of ${Object.keys(FAMILIES).join(', ')}`,
    );
  if (raw.hidden_act !== 'silu')
    throw new UserError(`${path}: activation "${raw.hidden_act}" is not supported: only "silu" is`);
  const keyValueHeads = raw.num_key_value_heads ?? raw.num_attention_heads;
  if (raw.num_attention_heads % keyValueHeads !== 0)
    throw new UserError(`${path}: ${raw.num_attention_heads} heads cannot share ${keyValueHeads} keys and values`);
  return {
    family,
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    keyValueHeads,
    headDim: raw.head_dim ?? Math.floor(raw.hidden_size / raw.num_attention_heads),
    ropeTheta: raw.rope_theta ?? raw.rope_parameters?.rope_theta ?? 10_000,
    ropeScaling: scalingOf(path, raw.rope_scaling ?? raw.rope_parameters),
    rmsNormEpsilon: raw.rms_norm_eps,
    tiedEmbeddings: raw.tie_word_embeddings,
    attentionBias: family === 'qwen2' ? true : (raw.attention_bias ?? false),
    maxPositions: raw.max_position_embeddings,
    bosTokenId: asList(raw.bos_token_id)[0] ?? null,
    eosTokenIds: endTokens(folder, asList(raw.eos_token_id)),
  };
}
