"""FOLDER DECODERS: writes adapters as PEFT does, and the models they make when PEFT merges them.

Needs: pip install torch==2.13.0 transformers peft safetensors. Written for test/models/adapter.test.ts; the folders are
test/golden/models/adapters and test/golden/decoder (the tiny models of decoder.py). NAME/ is the adapter, NAME-merged.safetensors the
merged model. plain: Qwen2, two targets, one layer. patterned: Llama, all targets, rsLoRA or not, ranks of their own for some modules.
"""
import os
import sys

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

folder, decoders = sys.argv[1:3]
every = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
adapters = {
    'plain': ('qwen2', dict(r=4, lora_alpha=6, target_modules=['q_proj', 'v_proj'], layers_to_transform=[1])),
    'patterned': ('llama', dict(r=4, lora_alpha=8, target_modules=every, lora_dropout=0.05,
                                rank_pattern={'down_proj': 3, r'layers\.1\.self_attn\.(q|k)_proj': 2})),
    'rslora': ('llama', dict(r=4, lora_alpha=3, target_modules=every, use_rslora=True)),
}
for name, (family, settings) in adapters.items():
    torch.manual_seed(21)
    base = AutoModelForCausalLM.from_pretrained(os.path.join(decoders, family), dtype=torch.float32)
    model = get_peft_model(base, LoraConfig(task_type='CAUSAL_LM', **settings))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if 'lora_B' in key:
                parameter.normal_(0, 0.3)
    model.save_pretrained(os.path.join(folder, name))
    os.remove(os.path.join(folder, name, 'README.md'))
    merged = {key: value.contiguous() for key, value in model.merge_and_unload().state_dict().items() if key != 'lm_head.weight' or family != 'qwen2'}
    save_file(merged, os.path.join(folder, f'{name}-merged.safetensors'))
