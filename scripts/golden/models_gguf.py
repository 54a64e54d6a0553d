"""FOLDER DECODERS: writes GGUF files and what the Python package gguf reads out of them.

Needs: pip install gguf==0.19.0 safetensors numpy. Written for test/models/gguf.test.ts; the folders are test/golden/models and
test/golden/decoder (the tiny models of decoder.py). formats.gguf holds a tensor of every number format (random blocks with scales of
ordinary size) and formats.safetensors its values as gguf dequantises them. FAMILY.gguf are the tiny models, rows of Llama's q and k
permuted as llama.cpp's conversion does, with a byte-level tokenizer of 89 tokens.
"""
import json
import os
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T
from safetensors.numpy import load_file, save_file

folder, decoders = sys.argv[1:3]
random = np.random.default_rng(5)

writer = gguf.GGUFWriter(os.path.join(folder, 'formats.gguf'), 'none')
values = {}
scale_bytes = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}
for kind, places in scale_bytes.items():
    block, size = gguf.GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (3, 512 // block * size), dtype=np.uint8)
    blocks = data.reshape(-1, size)
    for at in places:  # random bits would give infinite scales
        blocks[:, at:at + 2] = (random.standard_normal(len(blocks)) * 0.01).astype(np.float16).view(np.uint8).reshape(-1, 2)
    writer.add_tensor(kind.name, data, raw_dtype=kind)
    values[kind.name] = gguf.dequantize(data, kind)
plain = random.standard_normal((2, 3, 4)).astype(np.float32)
half = plain.astype(np.float16)
bfloat = gguf.quantize(plain.reshape(6, 4), T.BF16)
for name, data, kind in [('F32', plain, T.F32), ('F16', half, T.F16), ('BF16', bfloat, T.BF16)]:
    writer.add_tensor(name, data, raw_dtype=kind)
values |= {'F32': plain, 'F16': half.astype(np.float32), 'BF16': gguf.dequantize(bfloat, T.BF16)}
for add, key, value in [
    (writer.add_uint8, 'u8', 250), (writer.add_int8, 'i8', -5), (writer.add_uint16, 'u16', 65000), (writer.add_int16, 'i16', -300),
    (writer.add_uint32, 'u32', 2**32 - 1), (writer.add_int32, 'i32', -(2**31)), (writer.add_float32, 'f32', 0.5),
    (writer.add_bool, 'yes', True), (writer.add_bool, 'no', False), (writer.add_string, 'text', 'πé🙂\ufeff'), (writer.add_uint64, 'u64', 2**63),
    (writer.add_int64, 'i64', -(2**60)), (writer.add_float64, 'f64', 0.1), (writer.add_array, 'list', [1, 2, 3]), (writer.add_array, 'words', ['a', '']),
]:
    add(key, value)
writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
save_file({name: np.ascontiguousarray(value, dtype=np.float32) for name, value in values.items()}, os.path.join(folder, 'formats.safetensors'))

ARCHITECTURES = {'llama': gguf.MODEL_ARCH.LLAMA, 'qwen2': gguf.MODEL_ARCH.QWEN2, 'qwen3': gguf.MODEL_ARCH.QWEN3}


def permuted(weights, heads):
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def rope_factors(scaling, dim):
    """The factors llama.cpp's conversion writes for Llama 3's scaling."""
    base, factor, low, high, original = (scaling[k] for k in ('rope_theta', 'factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'))
    factors = []
    for frequency in 1.0 / base ** (np.arange(0, dim, 2, dtype=np.float32) / dim):
        length = 2 * np.pi / frequency
        smooth = (original / length - low) / (high - low)
        factors.append(1 if length < original / high else factor if length > original / low else 1 / ((1 - smooth) / factor + smooth))
    return np.array(factors, dtype=np.float32)


for family, architecture in ARCHITECTURES.items():
    config = json.load(open(os.path.join(decoders, family, 'config.json')))
    weights = load_file(os.path.join(decoders, family, 'model.safetensors'))
    names = gguf.get_tensor_name_map(architecture, config['num_hidden_layers'])
    writer = gguf.GGUFWriter(os.path.join(folder, f'{family}.gguf'), family)
    writer.add_block_count(config['num_hidden_layers'])
    writer.add_context_length(config['max_position_embeddings'])
    writer.add_embedding_length(config['hidden_size'])
    writer.add_feed_forward_length(config['intermediate_size'])
    writer.add_head_count(config['num_attention_heads'])
    writer.add_head_count_kv(config['num_key_value_heads'])
    writer.add_layer_norm_rms_eps(config['rms_norm_eps'])
    rope = config['rope_parameters']
    if family == 'llama':  # Llama 3's published sizes, so that its scaling can be told from the factors
        rope |= {'original_max_position_embeddings': 8192, 'rope_theta': 500000.0}
        writer.add_tensor('rope_freqs.weight', rope_factors(rope, config['head_dim']))
    writer.add_rope_freq_base(rope['rope_theta'])
    if family == 'qwen3':
        writer.add_key_length(config['head_dim'])
        writer.add_value_length(config['head_dim'])
    writer.add_tokenizer_model('gpt2')
    writer.add_tokenizer_pre({'llama': 'llama-bpe', 'qwen2': 'qwen2', 'qwen3': 'qwen2'}[family])
    tokens = ['<|pad|>', '<|begin|>', '<|end|>', *[chr(33 + i) for i in range(84)], 'Ġ', 'Ġa']
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3, *[1] * 86])
    writer.add_token_merges(['Ġ a'])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template("{% for m in messages %}{{ '<|begin|>' + m['content'] + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|begin|>' }}{% endif %}")
    for name, data in weights.items():
        if family == 'llama' and ('q_proj' in name or 'k_proj' in name):
            data = permuted(data, config['num_attention_heads' if 'q_proj' in name else 'num_key_value_heads'])
        writer.add_tensor(names.get_name(name, try_suffixes=('.weight', '.bias')), np.ascontiguousarray(data))
    writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()

# The tiny Llama with adapters merged in (models_adapters.py), its tensors alone.
adapters = os.path.join(folder, 'adapters')
config = json.load(open(os.path.join(decoders, 'llama', 'config.json')))
names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config['num_hidden_layers'])
for name in ['patterned', 'rslora']:
    writer = gguf.GGUFWriter(os.path.join(adapters, f'{name}-merged.gguf'), 'llama')
    for key, data in load_file(os.path.join(adapters, f'{name}-merged.safetensors')).items():
        if 'q_proj' in key or 'k_proj' in key:
            data = permuted(data, config['num_attention_heads' if 'q_proj' in key else 'num_key_value_heads'])
        writer.add_tensor(names.get_name(key, try_suffixes=('.weight', '.bias')), np.ascontiguousarray(data))
    writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
