"""Writes a Hugging Face folder with random weights of a model's shape, in bf16: python make_model.py CONFIG.json FOLDER.

CONFIG.json is what the folder's config.json is to hold, `model_type` among it.
"""

import json
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM

given = json.load(open(sys.argv[1]))
config = AutoConfig.for_model(given.pop("model_type"), **given)
torch.manual_seed(0)
with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
model.save_pretrained(sys.argv[2])
print(sum(each.numel() for each in model.parameters()))
