/** GGUF models by Hugging Face's names: configuration from metadata, tensors renamed, rows of queries and keys put back in order. */
import { UserError } from '../../core/errors.js';
import { chatTemplate, type JinjaTemplate } from '../text/chat-template.js';
import { parseModelConfig } from './hub-config.js';
import { GgufFile, type GgufTensor, type GgufValue } from './gguf.js';
import { ggufTokenizer } from '../text/gguf-tokenizer.js';
import { FAMILIES, GGUF_ARCHITECTURES, familyByGguf, familyOf, type FamilyName } from '../families/families.js';
import type { ModelConfig, WeightSource } from '../model.js';
import { modulesInOrder, parametersOf, type LinearModule, type Module, type ParameterDescription } from '../modules.js';
import type { SizedTokenizer } from '../text/tokenizer.js';

/** Factors on rotary frequencies, kept as a tensor though they are configuration. */
const ROPE_FACTORS = 'rope_freqs.weight';

/** A model's parts as a GGUF file holds them. */
export interface GgufModel {
  readonly config: ModelConfig;
  readonly weights: WeightSource;
  readonly tokenizer: SizedTokenizer;
  readonly template: JinjaTemplate;
}

/** Opens a GGUF model; throws UserError where the file is damaged or anything in it is not supported. */
export function openGguf(path: string): GgufModel {
  const file = new GgufFile(path);
  const config = ggufConfig(file);
  const tokenizer = ggufTokenizer(file, { vocabSize: config.vocabSize });
  return { config, weights: new GgufWeights(file, config), tokenizer, template: ggufTemplate(file) };
}

function ggufTemplate(file: GgufFile): JinjaTemplate {
  const source = file.metadata.get('tokenizer.chat_template');
  if (typeof source !== 'string')
    throw new UserError(`${file.path}: there is no tokenizer.chat_template: use an instruction-tuned model`);
  const tokens = file.metadata.get('tokenizer.ggml.tokens');
  const text = (key: string): string => {
    const id = file.metadata.get(key);
    const token: unknown = Array.isArray(tokens) && typeof id === 'number' ? tokens[id] : undefined;
    return typeof token === 'string' ? token : '';
  };
  const [bos, eos] = [text('tokenizer.ggml.bos_token_id'), text('tokenizer.ggml.eos_token_id')];
  return chatTemplate(source, bos, eos, `${file.path}: tokenizer.chat_template`);
}

/** Reads numbers of one architecture's metadata: `llama.block_count` … */
class Fields {
  constructor(
    readonly file: GgufFile,
    readonly family: FamilyName,
  ) {}

  get architecture(): string {
    return FAMILIES[this.family].gguf.architecture;
  }

  value(name: string): GgufValue | undefined {
    return this.file.metadata.get(`${this.architecture}.${name}`);
  }

  /** A number that may be absent; lists (a size per layer) are refused. */
  optional(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'number') return value;
    throw new UserError(`${this.file.path}: ${this.architecture}.${name} is no single number`);
  }

  number(name: string): number {
    const value = this.optional(name);
    if (value !== undefined) return value;
    throw new UserError(`${this.file.path}: there is no ${this.architecture}.${name}`);
  }
}

/** The configuration as Hugging Face would write it, checked as one read from config.json. */
function ggufConfig(file: GgufFile): ModelConfig {
  const fields = new Fields(file, familyNamed(file));
  const heads = fields.number('attention.head_count');
  const headDim = fields.optional('attention.key_length') ?? fields.number('embedding_length') / heads;
  refuseVariants(fields, headDim);
  const raw = {
    architectures: [FAMILIES[fields.family].architecture],
    vocab_size: file.tensor('token_embd.weight').shape[0],
    hidden_size: fields.number('embedding_length'),
    intermediate_size: fields.number('feed_forward_length'),
    num_hidden_layers: fields.number('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: fields.optional('attention.head_count_kv') ?? heads,
    head_dim: headDim,
    rms_norm_eps: fields.number('attention.layer_norm_rms_epsilon'),
    max_position_embeddings: fields.number('context_length'),
    rope_theta: fields.optional('rope.freq_base') ?? 10_000,
    tie_word_embeddings: !file.tensors.has('output.weight'),
    bos_token_id: file.metadata.get('tokenizer.ggml.bos_token_id'),
    eos_token_id: endTokens(file),
  };
  const config = parseModelConfig(file.path, raw);
  return file.tensors.has(ROPE_FACTORS) ? { ...config, ropeScaling: llama3Scaling(file, config) } : config;
}

function familyNamed(file: GgufFile): FamilyName {
  const kind = file.metadata.get('general.type') ?? 'model';
  if (kind !== 'model')
    throw new UserError(`${file.path}: holds no model (its general.type is ${JSON.stringify(kind)})`);
  const parts = file.metadata.get('split.count');
  if (typeof parts === 'number' && parts > 1)
    throw new UserError(
      `${file.path}: is one of ${parts} parts of a model: merge them first (llama-gguf-split --merge)`,
    );
  const name = file.metadata.get('general.architecture');
  const family = familyByGguf(name);
  if (family !== undefined) return family;
  throw new UserError(
    `${file.path}: architecture ${JSON.stringify(name)?.slice(0, 60)} is not supported: use one of ${GGUF_ARCHITECTURES.join(', ')}`,
  );
}

/** What would change the computation and is not computed. */
function refuseVariants(fields: Fields, headDim: number): void {
  const fail = (problem: string): never => {
    throw new UserError(`${fields.file.path}: ${problem} is not supported`);
  };
  if ((fields.optional('attention.value_length') ?? headDim) !== headDim) fail('a width of values other than of keys');
  if ((fields.optional('rope.dimension_count') ?? headDim) !== headDim)
    fail('a rotary embedding of a part of each head');
  if ((fields.optional('expert_count') ?? 0) > 0) fail('a mixture of experts');
  if ((fields.optional('attention.sliding_window') ?? 0) > 0) fail('attention through a sliding window');
  const scaling = fields.value('rope.scaling.type') ?? 'none';
  if (scaling !== 'none') fail(`rope scaling ${JSON.stringify(scaling)?.slice(0, 60)}`);
  if ((fields.optional('rope.scale_linear') ?? 1) !== 1) fail('linear rope scaling');
  refuseUnknownFields(fields);
}

/** Settings of an architecture that are read, or that change nothing beside those that are. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...['block_count', 'context_length', 'embedding_length', 'feed_forward_length', 'vocab_size', 'tensor_data_layout'],
  ...['attention.head_count', 'attention.head_count_kv', 'attention.key_length', 'attention.value_length'],
  ...['attention.layer_norm_rms_epsilon', 'attention.sliding_window', 'expert_count', 'expert_used_count'],
  ...['rope.freq_base', 'rope.dimension_count', 'rope.scale_linear', 'rope.scaling.type', 'rope.scaling.factor'],
  ...['rope.scaling.original_context_length', 'rope.scaling.finetuned', 'rope.scaling.attn_factor'],
]);

/** Throws UserError where the architecture has a setting that is not known and is not nothing: it may change what is computed. */
function refuseUnknownFields({ file, architecture }: Fields): void {
  const prefix = `${architecture}.`;
  const isNeutral = (name: string, value: GgufValue): boolean =>
    name === 'attention.causal' ? value === true : value === 0 || value === false || value === '';
  for (const [key, value] of file.metadata) {
    const name = key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
    if (name === undefined || KNOWN_FIELDS.has(name) || isNeutral(name, value)) continue;
    const shown = String(value).slice(0, 40);
    throw new UserError(
      `${file.path}: its setting ${key} (${shown}) is not known here and may change what is computed: use the model's Hugging Face folder, or a file without it`,
    );
  }
}

function endTokens(file: GgufFile): number[] {
  const ids = ['tokenizer.ggml.eos_token_id', 'tokenizer.ggml.eot_token_id'].map((key) => file.metadata.get(key));
  return ids.filter((id) => typeof id === 'number');
}

/** Llama 3.1's published scaling but for its factor: files keep only the resulting factors of each frequency. */
const LLAMA3 = { lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 };

function llama3Scaling(file: GgufFile, config: ModelConfig): NonNullable<ModelConfig['ropeScaling']> {
  const factors = file.read(ROPE_FACTORS);
  const factor = factors.reduce((a, b) => Math.max(a, b), 1);
  const { lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions } = LLAMA3;
  const expected = Array.from({ length: config.headDim / 2 }, (_, i) => {
    const turns = originalMaxPositions / (2 * Math.PI * config.ropeTheta ** ((2 * i) / config.headDim));
    if (turns < low) return factor;
    return turns > high ? 1 : 1 / ((1 - (turns - low) / (high - low)) / factor + (turns - low) / (high - low));
  });
  const known =
    factors.length === expected.length && expected.every((value, i) => Math.abs(value / (factors[i] ?? 0) - 1) < 1e-4);
  if (!known)
    throw new UserError(
      `${file.path}: its factors of rotary frequencies are not Llama 3's, and no others are supported`,
    );
  return { type: 'llama3', factor, ...LLAMA3 };
}

/** A tensor of the model, where the file has it. */
interface Placed {
  readonly module: Module;
  readonly tensor: GgufTensor;
}

class GgufWeights implements WeightSource {
  readonly names: readonly string[];
  readonly #placed = new Map<string, Placed>();

  constructor(
    readonly file: GgufFile,
    readonly config: ModelConfig,
  ) {
    const known = new Map(
      modulesInOrder(config).flatMap((module) =>
        parametersOf(module).map((parameter) => [ggufName(module, parameter), { module, parameter }] as const),
      ),
    );
    for (const tensor of file.tensors.values()) {
      if (tensor.name === ROPE_FACTORS) continue;
      const { module, parameter } = known.get(tensor.name) ?? this.#unknown(tensor.name);
      this.#placed.set(parameter.name, { module, tensor });
    }
    this.names = [...this.#placed.keys()];
  }

  shape(name: string): readonly number[] {
    return this.#tensor(name).tensor.shape;
  }

  read(name: string): Float32Array {
    const { module, tensor } = this.#tensor(name);
    const values = this.file.read(tensor.name);
    return module.kind === 'linear' ? separatedHalves(values, module, this.config) : values;
  }

  #tensor(name: string): Placed {
    const placed = this.#placed.get(name);
    if (placed) return placed;
    throw new UserError(`${this.file.path}: there is no tensor for "${name}"`);
  }

  #unknown(name: string): never {
    const { family, layers } = this.config;
    throw new UserError(`${this.file.path}: tensor "${name}" has no place in a ${family} model of ${layers} layers`);
  }
}

/** GGUF's name of a base model's parameter. */
export function ggufName({ ggufPath }: Module, { role }: Pick<ParameterDescription, 'role'>): string {
  return `${ggufPath}.${role === 'bias' ? 'bias' : 'weight'}`;
}

/** Heads whose rows lie interleaved in a linear layer's weight and bias as GGUF has them; 0 where none do. */
function interleavedHeads({ target }: LinearModule, config: ModelConfig): number {
  if (!familyOf(config).gguf.interleavesHeads) return 0;
  if (target === 'q_proj') return config.heads;
  return target === 'k_proj' ? config.keyValueHeads : 0;
}

/** Rows of a matrix moved, within each head of `headDim` rows: row `from` to `place(from)`. */
function movedRows(values: Float32Array, heads: number, headDim: number, place: (row: number) => number): Float32Array {
  const width = values.length / (heads * headDim);
  const out = new Float32Array(values.length);
  for (let row = 0; row < heads * headDim; row++) {
    const within = row % headDim;
    out.set(values.subarray(row * width, (row + 1) * width), (row - within + place(within)) * width);
  }
  return out;
}

/** Rows from GGUF's order to Hugging Face's: where halves are interleaved, row 2i + j of a head goes to j · headDim/2 + i. */
function separatedHalves(values: Float32Array, module: LinearModule, config: ModelConfig): Float32Array {
  const [heads, half] = [interleavedHeads(module, config), config.headDim / 2];
  if (heads === 0) return values;
  return movedRows(values, heads, config.headDim, (row) => (row % 2) * half + (row >> 1));
}

/** Rows of a weight, bias or LoRA's B from Hugging Face's order to GGUF's. */
export function interleavedHalves(values: Float32Array, module: LinearModule, config: ModelConfig): Float32Array {
  const [heads, half] = [interleavedHeads(module, config), config.headDim / 2];
  if (heads === 0) return values;
  return movedRows(values, heads, config.headDim, (row) => 2 * (row % half) + Math.floor(row / half));
}
