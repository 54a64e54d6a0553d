/** Shapes of well-known models, by which it is told how large a model a machine has room for. */
import type { ModelConfig } from '../models/model.js';
import type { FamilyName } from '../models/families/families.js';

/** A model by its name on the hub, with what its config.json says of its sizes. */
export interface KnownModel {
  readonly name: string;
  readonly config: ModelConfig;
}

/** Hidden width, inner width, layers, heads, heads of keys and values, vocabulary. */
type Sizes = readonly [number, number, number, number, number, number];

function known(family: FamilyName, name: string, sizes: Sizes, tiedEmbeddings: boolean): KnownModel {
  const [hiddenSize, intermediateSize, layers, heads, keyValueHeads, vocabSize] = sizes;
  const config = {
    ...{ family, hiddenSize, intermediateSize, layers, heads, keyValueHeads, vocabSize, tiedEmbeddings },
    ...{ headDim: hiddenSize / heads, ropeTheta: 10_000, ropeScaling: null, rmsNormEpsilon: 1e-6 },
    ...{ attentionBias: family === 'qwen2', maxPositions: 8192, bosTokenId: null, eosTokenIds: [] },
  };
  return { name, config };
}

/** From the smallest to the largest. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  known('llama', 'SmolLM2-135M', [576, 1536, 30, 9, 3, 49_152], true),
  known('llama', 'SmolLM2-360M', [960, 2560, 32, 15, 5, 49_152], true),
  known('qwen2', 'Qwen2.5-0.5B', [896, 4864, 24, 14, 2, 151_936], true),
  known('llama', 'Llama-3.2-1B', [2048, 8192, 16, 32, 8, 128_256], true),
  known('qwen2', 'Qwen2.5-1.5B', [1536, 8960, 28, 12, 2, 151_936], true),
  known('llama', 'SmolLM2-1.7B', [2048, 8192, 24, 32, 32, 49_152], true),
  known('qwen2', 'Qwen2.5-3B', [2048, 11_008, 36, 16, 2, 151_936], true),
  known('llama', 'Llama-3.2-3B', [3072, 8192, 28, 24, 8, 128_256], true),
  known('qwen2', 'Qwen2.5-7B', [3584, 18_944, 28, 28, 4, 152_064], false),
  known('llama', 'Llama-3.1-8B', [4096, 14_336, 32, 32, 8, 128_256], false),
  known('qwen2', 'Qwen2.5-14B', [5120, 13_824, 48, 40, 8, 152_064], false),
  known('qwen2', 'Qwen2.5-32B', [5120, 27_648, 64, 40, 8, 152_064], false),
];
