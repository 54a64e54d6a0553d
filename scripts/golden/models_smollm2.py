"""HF_FOLDER DATA OUT: writes what transformers makes of SmolLM2-135M-Instruct's GGUF: a digest of every tensor, and of the tokens of texts.

Needs: pip install torch==2.13.0 transformers safetensors. Written for test/models/smollm2.test.ts; OUT is test/golden/models/smollm2.json.
HF_FOLDER is the GGUF as transformers loads it, saved as a Hugging Face folder in f32. DATA is the file of 150 WikiUpdate articles.
"""
import hashlib
import json
import os
import sys

from safetensors.numpy import load_file
from transformers import AutoTokenizer

hf, data, out = sys.argv[1:4]
digest = lambda blob: hashlib.sha256(blob).hexdigest()[:16]
tensors = {name: digest(value.tobytes()) for name, value in load_file(os.path.join(hf, 'model.safetensors')).items()}
tokenizer = AutoTokenizer.from_pretrained(hf)
articles = []
for item in json.load(open(data)):
    ids = tokenizer(item['original_text'], add_special_tokens=False).input_ids
    articles.append({'id': str(item['original_id']), 'tokens': len(ids), 'digest': digest(json.dumps(ids, separators=(',', ':')).encode())})
messages = [{'role': 'system', 'content': 'Answer briefly.'}, {'role': 'user', 'content': 'Complete the sentence: Misty Buscher is the mayor of'}]
prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
bare = tokenizer.apply_chat_template(messages[1:], add_generation_prompt=True, tokenize=False)
ids = tokenizer(prompt, add_special_tokens=False).input_ids
json.dump({'tensors': tensors, 'articles': articles, 'prompt': prompt, 'prompt_without_system': bare, 'prompt_ids': ids}, open(out, 'w'), indent=0)
