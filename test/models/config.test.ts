import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { parseModelConfig, readModelConfig } from '../../src/models/formats/hub-config.js';
import { configJson } from '../../src/models/hub/hub-files.js';
import { scratchFolder } from './support/scratch.js';

const folder = scratchFolder();

const QWEN25 = {
  architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2', vocab_size: 151936, hidden_size: 896, intermediate_size: 4864, num_hidden_layers: 24,
  num_attention_heads: 14, num_key_value_heads: 2, hidden_act: 'silu', max_position_embeddings: 32768, rms_norm_eps: 1e-6, rope_theta: 1000000.0,
  tie_word_embeddings: true, use_sliding_window: false, sliding_window: 32768, max_window_layers: 21, bos_token_id: 151643, eos_token_id: 151645, torch_dtype: 'bfloat16',
}; // prettier-ignore
const QWEN3 = {
  ...QWEN25,
  architectures: ['Qwen3ForCausalLM'],
  head_dim: 128,
  attention_bias: false,
  rope_scaling: null,
};
const LLAMA32 = {
  architectures: ['LlamaForCausalLM'], vocab_size: 128256, hidden_size: 2048, intermediate_size: 8192, num_hidden_layers: 16, num_attention_heads: 32, num_key_value_heads: 8,
  head_dim: 64, max_position_embeddings: 131072, rms_norm_eps: 1e-5, rope_theta: 500000.0, tie_word_embeddings: true, attention_bias: false, mlp_bias: false, pretraining_tp: 1,
  rope_scaling: { factor: 32.0, high_freq_factor: 4.0, low_freq_factor: 1.0, original_max_position_embeddings: 8192, rope_type: 'llama3' }, bos_token_id: 128000, eos_token_id: [128001, 128008, 128009],
}; // prettier-ignore

const MISTRAL = {
  architectures: ['MistralForCausalLM'], vocab_size: 32000, hidden_size: 4096, intermediate_size: 14336, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 8,
  max_position_embeddings: 32768, rms_norm_eps: 1e-5, rope_theta: 10000.0, sliding_window: 4096, tie_word_embeddings: false, hidden_act: 'silu', bos_token_id: 1, eos_token_id: 2,
}; // prettier-ignore
const GEMMA2 = {
  architectures: ['Gemma2ForCausalLM'], vocab_size: 256000, hidden_size: 2304, intermediate_size: 9216, num_hidden_layers: 26, num_attention_heads: 8, num_key_value_heads: 4, head_dim: 256,
  max_position_embeddings: 8192, rms_norm_eps: 1e-6, rope_theta: 10000.0, sliding_window: 4096, query_pre_attn_scalar: 224, attn_logit_softcapping: 50.0, final_logit_softcapping: 30.0,
  hidden_act: 'gelu_pytorch_tanh', hidden_activation: 'gelu_pytorch_tanh', attention_bias: false, bos_token_id: 2, eos_token_id: 1,
}; // prettier-ignore

const parse = (json: object) => parseModelConfig('config.json', json);

describe('a configuration is read', () => {
  it('of Qwen2.5-0.5B', () => {
    expect(parse(QWEN25)).toEqual({
      family: 'qwen2', vocabSize: 151936, hiddenSize: 896, intermediateSize: 4864, layers: 24, heads: 14, keyValueHeads: 2, headDim: 64, ropeTheta: 1e6, ropeScaling: null,
      rmsNormEpsilon: 1e-6, tiedEmbeddings: true, attentionBias: true, maxPositions: 32768, bosTokenId: 151643, eosTokenIds: [151645],
    }); // prettier-ignore
  });

  it('of Qwen3, whose heads are wider than its states', () => {
    expect(parse(QWEN3)).toMatchObject({ family: 'qwen3', headDim: 128, attentionBias: false });
  });

  it('of Llama 3.2 with its scaling of frequencies, as transformers 4 and 5 write it', () => {
    const scaling = {
      type: 'llama3',
      factor: 32,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalMaxPositions: 8192,
    };
    expect(parse(LLAMA32)).toMatchObject({
      family: 'llama',
      ropeTheta: 5e5,
      ropeScaling: scaling,
      eosTokenIds: [128001, 128008, 128009],
    });
    const { rope_theta, rope_scaling, ...rest } = LLAMA32;
    const five = { ...rest, rope_parameters: { ...rope_scaling, rope_theta } };
    expect(parse(five)).toEqual(parse(LLAMA32));
    expect(parse({ ...rest, rope_parameters: { rope_type: 'default', rope_theta: 7 } })).toMatchObject({
      ropeTheta: 7,
      ropeScaling: null,
    });
  });

  it('of Mistral, whose sliding window is the longest text that is computed', () => {
    expect(parse(MISTRAL)).toMatchObject({ family: 'mistral', maxPositions: 4096, attentionBias: false });
    expect(parse({ ...MISTRAL, sliding_window: null }).maxPositions).toBe(32768);
    const { sliding_window: window, ...rest } = MISTRAL;
    expect(parse(rest).maxPositions).toBe(window);
    expect(parse({ ...MISTRAL, sliding_window: 65536 }).maxPositions).toBe(32768);
    expect(parse({ ...QWEN25, sliding_window: 4096 }).maxPositions).toBe(32768);
  });

  it('of Gemma 2 with its caps and its scale of queries, and with what transformers takes where they are left out', () => {
    const own = { queryScalar: 224, attentionSoftcap: 50, logitSoftcap: 30 };
    expect(parse(GEMMA2)).toMatchObject({ family: 'gemma2', maxPositions: 4096, tiedEmbeddings: true, ...own });
    const left = ['query_pre_attn_scalar', 'attn_logit_softcapping', 'final_logit_softcapping', 'head_dim'];
    const rest = Object.fromEntries(Object.entries(GEMMA2).filter(([key]) => !left.includes(key)));
    expect(parse(rest)).toEqual({ ...parse(GEMMA2), queryScalar: 256 });
    expect(parse({ ...GEMMA2, attn_logit_softcapping: null })).not.toHaveProperty('attentionSoftcap');
    expect(parse({ ...LLAMA32, attn_logit_softcapping: 50 })).toEqual(parse(LLAMA32));
    expect(() => parse({ ...GEMMA2, hidden_activation: 'gelu' })).toThrow(
      /"gelu" is not supported in Gemma2ForCausalLM/,
    );
  });

  it.each([QWEN25, QWEN3, LLAMA32, MISTRAL, GEMMA2, { ...GEMMA2, final_logit_softcapping: null }])(
    'and written so that it reads back the same: $architectures.0',
    (json) => {
      const config = parse(json);
      expect(parse(configJson(config))).toEqual(config);
    },
  );

  it('with what may be left out', () => {
    const optional = ['num_key_value_heads', 'rope_theta', 'tie_word_embeddings', 'bos_token_id', 'eos_token_id'];
    const rest = Object.fromEntries(Object.entries(QWEN25).filter(([key]) => !optional.includes(key)));
    expect(
      Object.keys(QWEN25)
        .filter((key) => !(key in rest))
        .sort(),
    ).toEqual([...optional].sort());
    expect(parse(rest)).toMatchObject({
      keyValueHeads: 14,
      ropeTheta: 1e4,
      tiedEmbeddings: false,
      bosTokenId: null,
      eosTokenIds: [],
    });
  });

  it('from a folder, with the end tokens of generation_config.json', () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    expect(() => readModelConfig(home)).toThrow(/config.json is missing/);
    writeFileSync(join(home, 'config.json'), JSON.stringify(QWEN25));
    expect(readModelConfig(home).eosTokenIds).toEqual([151645]);
    writeFileSync(join(home, 'generation_config.json'), '{"eos_token_id": [151645, 151643]}');
    expect(readModelConfig(home).eosTokenIds).toEqual([151645, 151643]);
    writeFileSync(join(home, 'generation_config.json'), '{"eos_token_id": "x"}');
    expect(() => readModelConfig(home)).toThrow(/generation_config.json is not a generation configuration/);
    writeFileSync(join(home, 'config.json'), '{"a": ');
    expect(() => readModelConfig(home)).toThrow(/config.json is no JSON/);
  });
});

describe('a configuration is refused', () => {
  const cases: [name: string, change: object, message: RegExp][] = [
    ['of another architecture', { architectures: ['MambaForCausalLM'] }, /architecture "MambaForCausalLM" is not supported: use one of Qwen2ForCausalLM, Qwen3ForCausalLM, LlamaForCausalLM, MistralForCausalLM, Gemma2ForCausalLM/],
    ['of an architecture named like an inherited property', { architectures: ['constructor'] }, /not supported/],
    ['of no architecture', { architectures: [], model_type: null }, /says neither by "architectures" nor by "model_type"/],
    ['with a size that is text', { hidden_size: '896' }, /hidden_size/],
    ['with a negative size', { num_hidden_layers: -1 }, /num_hidden_layers/],
    ['with a billion layers', { num_hidden_layers: 1e9 }, /num_hidden_layers/],
    ['with a vocabulary beyond reason', { vocab_size: 2 ** 40 }, /vocab_size/],
    ['with heads that do not divide', { num_key_value_heads: 3 }, /14 attention heads cannot share 3/],
    ['with heads of odd width', { num_attention_heads: 10, num_key_value_heads: 2 }, /no even width/],
    ['with another activation', { hidden_act: 'gelu' }, /activation "gelu" is not supported in Qwen2ForCausalLM: only "silu" is/],
    ['with YaRN', { rope_scaling: { rope_type: 'yarn', factor: 4 } }, /rope scaling "yarn" is not supported/],
    ['with linear scaling in the old spelling', { rope_scaling: { type: 'linear', factor: 2 } }, /rope scaling "linear"/],
    ['with half of Llama 3\'s scaling', { rope_scaling: { rope_type: 'llama3', factor: 8 } }, /needs factor, low_freq_factor/],
    ['with Llama 3\'s scaling upside down', { rope_scaling: { ...LLAMA32.rope_scaling, low_freq_factor: 5 } }, /must be below/],
    ['with part of the head rotated', { partial_rotary_factor: 0.5 }, /only whole rotary/],
    ['with a sliding window in some layers', { use_sliding_window: true }, /sliding window/],
    ['with a sliding window of nothing', { sliding_window: 0 }, /sliding_window/],
    ['with biases of the MLP', { mlp_bias: true }, /biases of the MLP/],
    ['quantised by other tools', { quantization_config: { quant_method: 'gptq' } }, /quantised by other tools/],
    ['with an end token that is none', { eos_token_id: -2 }, /eos_token_id/],
  ]; // prettier-ignore

  it.each(cases)('%s', (_, change, message) => {
    expect(() => parse({ ...QWEN25, ...change })).toThrow(message);
    expect(() => parse({ ...QWEN25, ...change })).toThrow(UserError);
  });

  it('of Llama with attention biases, while all of these are read without the change', () => {
    expect(() => parse({ ...LLAMA32, attention_bias: true })).toThrow(/biases are not supported in LlamaForCausalLM/);
    for (const json of [QWEN25, QWEN3, LLAMA32, MISTRAL, GEMMA2])
      expect(parse(json).layers).toBe(json.num_hidden_layers);
  });
});
