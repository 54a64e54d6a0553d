/** Shapes of models that benches give random weights. */
import type { ModelConfig } from '../../src/models/model.js';

/** config.json of Qwen/Qwen2.5-3B-Instruct. */
export const QWEN_3B: ModelConfig = {
  family: 'qwen2',
  ...{ hiddenSize: 2048, layers: 36, heads: 16, keyValueHeads: 2, headDim: 128, intermediateSize: 11008 },
  ...{ vocabSize: 151936, maxPositions: 32768, ropeTheta: 1e6, ropeScaling: null, rmsNormEpsilon: 1e-6 },
  ...{ tiedEmbeddings: true, attentionBias: true, bosTokenId: null, eosTokenIds: [151645] },
};
