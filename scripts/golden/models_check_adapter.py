"""DECODERS ADAPTER FAMILY MERGED: loads an adapter that lightmem wrote with PEFT and compares its merged weights with MERGED (safetensors).

Needs: pip install torch==2.13.0 transformers peft safetensors. Prints the largest difference of any weight; nothing is written.
"""
import os
import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

decoders, adapter, family, expected = sys.argv[1:5]
base = AutoModelForCausalLM.from_pretrained(os.path.join(decoders, family), dtype=torch.float32)
before = {key: value.clone() for key, value in base.state_dict().items()}
merged = PeftModel.from_pretrained(base, adapter).merge_and_unload().state_dict()
reference = load_file(expected)
print('largest difference', max((merged[key] - value).abs().max().item() for key, value in reference.items()))
print('largest change', max((merged[key] - before[key]).abs().max().item() for key in reference))
