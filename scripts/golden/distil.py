"""Writes test/golden/train/distil.json: what PyTorch makes of distilling the tiny models of test/golden/decoder into PEFT's adapters.

    python scripts/golden/distil.py          # needs torch==2.13.0, transformers, peft

Per family: samples whose teacher is the base with a text before the question (its K most probable tokens at temperature T, their
probabilities made to add up to 1) and one without a teacher; the student has no text. The loss is the mean over all answer tokens of
(1 - c) of the cross entropy to the teacher and c of that to the answer; of the sample without a teacher, of that to the answer.
Written for test/train/distil.test.ts.
"""
import json
import math
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

GOLDEN = Path(__file__).parents[2] / 'test' / 'golden'
K, T, C = 5, 1.5, 0.3
# Plain logits, and capped ones with scaled embeddings.
FAMILIES = ['qwen2', 'gemma2']
torch.set_num_threads(1)


def samples():
    """Three questions about one text, one about another, and one without a text."""
    generator = torch.Generator().manual_seed(23)
    draw = lambda n: torch.randint(3, 89, (n,), generator=generator).tolist()
    texts = [draw(15), draw(11)]
    made = [{'text': text, 'prompt': draw(n), 'answer': draw(m) + [2]} for text, n, m in
            [(texts[0], 4, 2), (texts[0], 6, 1), (texts[0], 3, 3), (texts[1], 5, 2)]]
    return made + [{'text': None, 'prompt': draw(5), 'answer': draw(2) + [2]}]


def logits_of(model, prompt, answer):
    return model(input_ids=torch.tensor([prompt + answer])).logits[0, len(prompt) - 1:-1]


def teacher_of(model, sample):
    with torch.no_grad():
        probabilities = torch.softmax(logits_of(model, sample['text'] + sample['prompt'], sample['answer']) / T, -1)
    best = probabilities.topk(K)
    return {'tokens': best.indices.tolist(), 'weights': (best.values / best.values.sum(-1, keepdim=True)).tolist(), 'missing': (1 - best.values.sum(-1)).tolist()}


def loss_of(model, batch):
    total, count = 0.0, 0
    for sample in batch:
        log_q = torch.log_softmax(logits_of(model, sample['prompt'], sample['answer']), -1)
        hard = -log_q.gather(1, torch.tensor(sample['answer'])[:, None])[:, 0]
        if sample['teacher'] is None:
            total = total + hard.sum()
        else:
            soft = -(torch.tensor(sample['teacher']['weights']) * log_q.gather(1, torch.tensor(sample['teacher']['tokens']))).sum(-1)
            total = total + ((1 - C) * soft + C * hard).sum()
        count += len(sample['answer'])
    return total / count


golden = {'k': K, 'temperature': T, 'reference': C, 'families': {}}
for family in FAMILIES:
    where = GOLDEN / 'decoder' / family
    base = AutoModelForCausalLM.from_pretrained(where, attn_implementation='eager', dtype=torch.float32).eval()
    batch = samples()
    for sample in batch:
        sample['teacher'] = None if sample['text'] is None else teacher_of(base, sample)
    model = PeftModel.from_pretrained(base, where / 'adapter', is_trainable=True)
    with torch.no_grad():  # B starts at zero, where A has no gradient
        for name, parameter in model.named_parameters():
            if 'lora_B' in name:
                parameter.copy_(torch.tensor([0.1 * math.sin(1 + i) for i in range(parameter.numel())]).view_as(parameter))
    loss = loss_of(model, batch)
    loss.backward()
    gradients = {
        name.replace('base_model.model.', '').replace('.default', ''): [float(f'{each:.6g}') for each in parameter.grad.flatten().tolist()]
        for name, parameter in model.named_parameters() if parameter.requires_grad
    }
    golden['families'][family] = {'samples': batch, 'loss': loss.item(), 'gradients': gradients}
    print(family, loss.item(), len(gradients))
(GOLDEN / 'train' / 'distil.json').write_text(json.dumps(golden))
