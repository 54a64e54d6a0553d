/** What a model is made of, told from its configuration alone: its modules in order, and the parameters each of them has. */
import type { LoraSettings, TargetModule } from '../core/settings.js';
import { familyOf } from './families/families.js';
import type { LayerNorms, ModuleNames } from './families/family.js';
import type { ModelConfig } from './model.js';

interface Named {
  /** Hugging Face's path, e.g. `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  /** GGUF's path, e.g. `blk.0.attn_q`. */
  readonly ggufPath: string;
  /** Null outside of the layers. */
  readonly layer: number | null;
}

/** A linear layer of a decoder's layer: weight [outFeatures, inFeatures]. LoRA can adapt it, and few bits hold it where the base is quantised. */
export interface LinearModule extends Named {
  readonly kind: 'linear';
  readonly target: TargetModule;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly hasBias: boolean;
}

/** A norm over the last axis: weight [size]. */
export interface NormModule extends Named {
  readonly kind: 'norm';
  readonly size: number;
  /** What its weight is stored less of. */
  readonly offset: number;
}

/** A row for every token, embedding or output head: weight [vocabSize, hiddenSize]. */
export interface TokenModule extends Named {
  readonly kind: 'embedding' | 'head';
  readonly vocabSize: number;
  readonly hiddenSize: number;
}

export type Module = LinearModule | NormModule | TokenModule;

/** The modules of one layer. */
export interface LayerModules {
  readonly linears: Readonly<Record<TargetModule, LinearModule>>;
  readonly norms: LayerNorms<NormModule>;
}

/** All modules of a model. */
export interface ModelModules {
  readonly embedding: TokenModule;
  readonly layers: readonly LayerModules[];
  readonly norm: NormModule;
  /** The embedding itself where the two are tied. */
  readonly head: TokenModule;
}

/**
 * The part a tensor plays: a linear layer's weight or bias, a norm's weight, the embedding, the output head, LoRA's A or B. Of a base in
 * few bits a weight is `codes` and what belongs to them; a `table` is shared by all weights of a format.
 */
export type Role = 'weight' | 'bias' | 'norm' | 'embedding' | 'head' | 'lora_A' | 'lora_B' | QuantisedRole | Int8Role;
/** What a linear layer is computed with in integers of eight bits: codes and scales of both directions. */
export const INT8_CODES = ['forwardCodes', 'forwardScales', 'backCodes', 'backScales'] as const;
/** The same, and what goes through in f32. */
export const INT8_ROLES = [...INT8_CODES, 'directions', 'through', 'factors'] as const;
export type Int8Role = (typeof INT8_ROLES)[number];
export type QuantisedRole = 'codes' | 'scales' | 'zeroPoints' | 'scaleCodes' | 'scaleScales' | 'scaleOffset' | 'table';

/** One tensor of weights. */
export interface ParameterDescription {
  /** Hugging Face's or PEFT's name: `model.layers.0.mlp.up_proj.weight`, `….up_proj.lora_A.weight`. */
  readonly name: string;
  /** Path of the module it belongs to; empty for a table that modules share. */
  readonly module: string;
  /** Null outside of the layers. */
  readonly layer: number | null;
  readonly role: Role;
  readonly shape: readonly number[];
}

function linearsOf(config: ModelConfig, layer: number): LayerModules['linears'] {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headDim, attentionBias } = config;
  const { linears, biased } = familyOf(config);
  const [wide, narrow] = [heads * headDim, keyValueHeads * headDim];
  const linear = (target: TargetModule, inFeatures: number, outFeatures: number): LinearModule => ({
    kind: 'linear',
    ...namedIn(layer, linears[target]),
    target,
    inFeatures,
    outFeatures,
    hasBias: attentionBias && biased.includes(target),
  });
  return {
    q_proj: linear('q_proj', hiddenSize, wide),
    k_proj: linear('k_proj', hiddenSize, narrow),
    v_proj: linear('v_proj', hiddenSize, narrow),
    o_proj: linear('o_proj', wide, hiddenSize),
    gate_proj: linear('gate_proj', hiddenSize, intermediateSize),
    up_proj: linear('up_proj', hiddenSize, intermediateSize),
    down_proj: linear('down_proj', intermediateSize, hiddenSize),
  };
}

function normsOf(config: ModelConfig, layer: number): LayerModules['norms'] {
  const { norms, normOffset: offset = 0 } = familyOf(config);
  const { attention, mlp, query, key, attentionOutput, mlpOutput } = norms;
  const norm = (names: ModuleNames, size: number): NormModule => ({
    kind: 'norm',
    ...namedIn(layer, names),
    size,
    offset,
  });
  return {
    attention: norm(attention, config.hiddenSize),
    mlp: norm(mlp, config.hiddenSize),
    ...(query && { query: norm(query, config.headDim) }),
    ...(key && { key: norm(key, config.headDim) }),
    ...(attentionOutput && { attentionOutput: norm(attentionOutput, config.hiddenSize) }),
    ...(mlpOutput && { mlpOutput: norm(mlpOutput, config.hiddenSize) }),
  };
}

const namedIn = (layer: number, { hub, gguf }: ModuleNames): Named => ({
  path: `model.layers.${layer}.${hub}`,
  ggufPath: `blk.${layer}.${gguf}`,
  layer,
});

/** The modules of a model. */
export function modelModules(config: ModelConfig): ModelModules {
  const { vocabSize, hiddenSize, tiedEmbeddings } = config;
  const tokens = { layer: null, vocabSize, hiddenSize };
  const embedding: TokenModule = {
    kind: 'embedding',
    path: 'model.embed_tokens',
    ggufPath: 'token_embd',
    ...tokens,
  };
  return {
    embedding,
    layers: Array.from({ length: config.layers }, (_, layer) => ({
      linears: linearsOf(config, layer),
      norms: normsOf(config, layer),
    })),
    norm: {
      kind: 'norm',
      path: 'model.norm',
      ggufPath: 'output_norm',
      layer: null,
      size: hiddenSize,
      offset: familyOf(config).normOffset ?? 0,
    },
    head: tiedEmbeddings ? embedding : { kind: 'head', path: 'lm_head', ggufPath: 'output', ...tokens },
  };
}

/** A layer's modules in the order in which the graph asks for them. */
function layerOrder({ linears, norms }: LayerModules): Module[] {
  const { q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj } = linears;
  const there = (...some: readonly (NormModule | undefined)[]): NormModule[] =>
    some.filter((norm) => norm !== undefined);
  return [
    ...[norms.attention, q_proj, k_proj, v_proj, ...there(norms.query, norms.key), o_proj],
    ...[...there(norms.attentionOutput), norms.mlp, gate_proj, up_proj, down_proj, ...there(norms.mlpOutput)],
  ];
}

/** All modules of a model in the order in which the graph asks for them, each once. */
export function modulesInOrder(config: ModelConfig): Module[] {
  const { embedding, layers, norm, head } = modelModules(config);
  return [embedding, ...layers.flatMap(layerOrder), norm, ...(head === embedding ? [] : [head])];
}

/** The linear layers of a model, in order: what LoRA can adapt, and what is quantised of a quantised base. */
export function linearModules(config: ModelConfig): LinearModule[] {
  return modulesInOrder(config).filter((module) => module.kind === 'linear');
}

/** A module's own weight. */
export function weightParameter(module: Module): ParameterDescription {
  const { path, layer } = module;
  const named = { name: `${path}.weight`, module: path, layer };
  switch (module.kind) {
    case 'linear':
      return { ...named, role: 'weight', shape: [module.outFeatures, module.inFeatures] };
    case 'norm':
      return { ...named, role: 'norm', shape: [module.size] };
    case 'embedding':
    case 'head':
      return { ...named, role: module.kind, shape: [module.vocabSize, module.hiddenSize] };
  }
}

/** A linear layer's bias [outFeatures]. */
export function biasParameter({ path, layer, outFeatures }: LinearModule): ParameterDescription {
  return { name: `${path}.bias`, module: path, layer, role: 'bias', shape: [outFeatures] };
}

/** Names of LoRA's matrices beside the module of a path. */
export const loraNames = (path: string): { readonly a: string; readonly b: string } => ({
  a: `${path}.lora_A.weight`,
  b: `${path}.lora_B.weight`,
});

/** A LoRA adapter's rank for a module: `rank_pattern` first (a suffix of the module's path), then `rank`. */
export function rankOf(lora: LoraSettings, module: string): number {
  const pattern = Object.entries(lora.rankPattern ?? {}).find(
    ([suffix]) => module === suffix || module.endsWith(`.${suffix}`),
  );
  return pattern?.[1] ?? lora.rank;
}

/** The parameters of a LoRA adapter, module by module. */
export function loraParameters(config: ModelConfig, lora: LoraSettings): ParameterDescription[] {
  return linearModules(config)
    .filter(({ target }) => lora.targets.includes(target))
    .flatMap((module) => {
      const rank = rankOf(lora, module.path);
      return [loraAParameter(module, rank), loraBParameter(module, rank)];
    });
}

/** LoRA's A [rank, inFeatures] beside a linear layer. */
export function loraAParameter({ path, layer, inFeatures }: LinearModule, rank: number): ParameterDescription {
  return { name: loraNames(path).a, module: path, layer, role: 'lora_A', shape: [rank, inFeatures] };
}

/** LoRA's B [outFeatures, rank] beside a linear layer. */
export function loraBParameter({ path, layer, outFeatures }: LinearModule, rank: number): ParameterDescription {
  return { name: loraNames(path).b, module: path, layer, role: 'lora_B', shape: [outFeatures, rank] };
}

/** The parameters of a module of the base model. */
export function parametersOf(module: Module): ParameterDescription[] {
  return [weightParameter(module), ...(module.kind === 'linear' && module.hasBias ? [biasParameter(module)] : [])];
}

/** The parameters of a base model, in order; names and shapes as Hugging Face stores them. */
export function modelParameters(config: ModelConfig): ParameterDescription[] {
  return modulesInOrder(config).flatMap(parametersOf);
}
