"""FOLDER DECODERS [FAMILY …]: what PEFT computes with the adapters that lightmem trained and wrote (trained_adapters.mjs), in FOLDER/logits.json;
with families named, theirs alone are made anew.

Needs: pip install torch==2.13.0 transformers peft safetensors. Written for test/train/peft.test.ts; the folders are
test/golden/train/adapters and test/golden/decoder (the tiny models of decoder.py). Stops where PEFT misses a tensor or has one left over.
"""
import json
import os
import sys

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

folder, decoders = sys.argv[1:3]
torch.set_num_threads(1)
path = os.path.join(folder, 'logits.json')
golden = json.load(open(path)) if os.path.exists(path) else {}
for family in sys.argv[3:] or sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name))):
    base = AutoModelForCausalLM.from_pretrained(os.path.join(decoders, family), dtype=torch.float32).eval()
    probe = json.load(open(os.path.join(decoders, f'{family}.json')))['probe']
    logits = lambda model: [model(input_ids=torch.tensor([p])).logits[0, -1].tolist() for p in probe]
    with torch.no_grad():
        before = logits(base)
        model = PeftModel.from_pretrained(base, os.path.join(folder, family)).eval()
        after = logits(model)
    ours = load_file(os.path.join(folder, family, 'adapter_model.safetensors'))
    theirs = get_peft_model_state_dict(model)
    assert set(ours) == set(theirs), set(ours) ^ set(theirs)
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    golden[family] = after
    print(family, len(ours), 'tensors, largest change of a logit', max(abs(a - b) for x, y in zip(before, after) for a, b in zip(x, y)))
json.dump(golden, open(path, 'w'))
