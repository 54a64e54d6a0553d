"""MODEL_FOLDER WIKIUPDATE_JSON OUT_JSON: golden numbers of PEFT on PyTorch for SmolLM2-135M-Instruct on real texts.

MODEL_FOLDER is the model in f32 as a Hugging Face folder; WIKIUPDATE_JSON the processed WikiUpdate items.
Needs: pip install torch==2.13.0 transformers peft. Written for test/train/smollm2.test.ts.
Token ids are stored, so that the test does not depend on a tokenizer. LoRA's A starts from a formula both sides know:
A[k] = (2 · frac(k · 0.6180339887498949 + 0.1 · layer) − 1) / √in, over the flattened matrix, the same for every module; B is zero.
"""
import json
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, data, out = sys.argv[1:4]
torch.set_num_threads(2)
targets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
end = tokenizer.convert_tokens_to_ids('<|im_end|>')


def encode(item, triplet):
    question = triplet['prompt'].replace('{}', triplet['subject'])
    user = f"Text: {item['original_text'][:900]}\n\nComplete the sentence: {question}"
    text = f'<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n'
    ids = tokenizer(text, add_special_tokens=False).input_ids
    return {'prompt': ids, 'answer': tokenizer(triplet['target'], add_special_tokens=False).input_ids + [end]}


items = sorted(json.load(open(data)), key=lambda item: len(item['original_text']))[:40]
batches = [[encode(item, t) for t in item['ground_truth_triplets'][:3]] for item in items[:20]]
prompts = [encode(item, item['ground_truth_triplets'][0])['prompt'] for item in items[20:40]]
golden = {'batches': batches, 'prompts': prompts, 'greedy': [], 'margins': []}
with torch.no_grad():
    golden['base_logits'] = [model(input_ids=torch.tensor([p])).logits[0, -1, :256].tolist() for p in prompts[:4]]
    for p in prompts:
        ids = torch.tensor([p])
        made = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=16, do_sample=False, eos_token_id=end, pad_token_id=end, output_logits=True, return_dict_in_generate=True)
        golden['greedy'].append(made.sequences[0, len(p):].tolist())
        golden['margins'].append([float(top[0] - top[1]) for top in (step[0].topk(2).values for step in made.logits)])

peft_model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=targets, task_type='CAUSAL_LM'))
with torch.no_grad():
    for name, p in peft_model.named_parameters():
        if 'lora_A' in name:
            layer = int(name.split('.layers.')[1].split('.')[0])
            k = torch.arange(p.numel(), dtype=torch.float64)
            p.copy_(((2 * torch.frac(k * 0.6180339887498949 + 0.1 * layer) - 1) / p.shape[1] ** 0.5).reshape(p.shape).float())
trained = [p for p in peft_model.parameters() if p.requires_grad]
optimiser = torch.optim.AdamW(trained, lr=2e-4, weight_decay=0.0)
golden['losses'] = []
for batch in batches:
    total, count = 0.0, 0
    for s in batch:
        ids = torch.tensor([s['prompt'] + s['answer']])
        logits = peft_model(input_ids=ids).logits[0, len(s['prompt']) - 1:-1]
        total = total + torch.nn.functional.cross_entropy(logits, torch.tensor(s['answer']), reduction='sum')
        count += len(s['answer'])
    loss = total / count
    loss.backward()
    optimiser.step()
    optimiser.zero_grad()
    golden['losses'].append(loss.item())
    print(loss.item(), flush=True)
golden['adapter_norm'] = sum(float((p.double() ** 2).sum()) for p in trained) ** 0.5
with torch.no_grad():
    golden['adapted_logits'] = [peft_model(input_ids=torch.tensor([p])).logits[0, -1, :256].tolist() for p in prompts[:4]]
json.dump(golden, open(out, 'w'))
