"""FOLDER [FAMILY …]: writes a tiny random model of each family, or of those named, and what Hugging Face transformers and PEFT make of them.

Needs: pip install torch==2.13.0 transformers peft safetensors. Written for test/models/decoder.test.ts; the folder is test/golden/decoder.
Per family: FAMILY/ (the model as transformers saves it), FAMILY/adapter/ (the adapter PEFT starts from) and FAMILY.json:
logits of the base, losses and adapter norm of 20 AdamW steps, logits after them, greedy continuations; of a family that sees through a
window, logits behind a text as long as the window.
"""
import json
import os
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    Gemma2Config, Gemma2ForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM,
)

folder = sys.argv[1]
torch.set_num_threads(1)
common = dict(
    vocab_size=89, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=128, rms_norm_eps=1e-6, initializer_range=0.2, bos_token_id=1, eos_token_id=2, pad_token_id=0,
)
scaling = dict(rope_type='llama3', rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)
families = {
    'qwen2': (Qwen2ForCausalLM, Qwen2Config(**common, tie_word_embeddings=True)),
    'qwen3': (Qwen3ForCausalLM, Qwen3Config(**common, head_dim=16, tie_word_embeddings=False)),
    'llama': (LlamaForCausalLM, LlamaConfig(**common, tie_word_embeddings=False, rope_parameters=scaling)),
    'mistral': (MistralForCausalLM, MistralConfig(**common, head_dim=12, tie_word_embeddings=False, sliding_window=48)),
    'gemma2': (Gemma2ForCausalLM, Gemma2Config(**common | dict(initializer_range=0.1), head_dim=12, query_pre_attn_scalar=20, attn_logit_softcapping=0.7, final_logit_softcapping=1.5,
                                               sliding_window=48, attn_implementation='eager')),
}
targets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
steps = 20


def samples(generator):
    """Three questions behind a shared context: prompts that begin alike, answers of unequal length."""
    draw = lambda n: torch.randint(3, 89, (n,), generator=generator).tolist()
    context = draw(17)
    return [{'prompt': context + draw(n), 'answer': draw(m) + [2]} for n, m in [(4, 2), (6, 1), (3, 3)]]


def loss_of(model, batch):
    """Mean over all answer tokens of the batch, each sample run apart."""
    total, count = 0.0, 0
    for s in batch:
        ids = torch.tensor([s['prompt'] + s['answer']])
        logits = model(input_ids=ids).logits[0, len(s['prompt']) - 1:-1]
        total = total + torch.nn.functional.cross_entropy(logits, torch.tensor(s['answer']), reduction='sum')
        count += len(s['answer'])
    return total / count


for name, (cls, config) in families.items():
    if name not in (sys.argv[2:] or families):
        continue
    torch.manual_seed(7)
    model = cls(config).eval()
    with torch.no_grad():  # norms and biases away from their neutral start
        for key, parameter in model.named_parameters():
            if 'norm' in key or key.endswith('bias'):
                parameter.add_(0.1 * torch.randn_like(parameter))
    where = os.path.join(folder, name)
    model.save_pretrained(where)
    generator = torch.Generator().manual_seed(11)
    batches = [samples(generator) for _ in range(4)]
    probe = [s['prompt'] + s['answer'] for s in batches[0]]
    golden = {'batches': batches, 'probe': probe}
    with torch.no_grad():
        golden['base_logits'] = [model(input_ids=torch.tensor([p])).logits[0, -1].tolist() for p in probe]
        golden['greedy'] = []
        for p in probe:
            ids = torch.tensor([p])
            out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
            golden['greedy'].append(out[0, len(p):].tolist())
        if getattr(config, 'sliding_window', None):
            window = torch.randint(3, 89, (config.sliding_window,), generator=generator)
            golden['window'] = {'ids': window.tolist(), 'logits': model(input_ids=window[None]).logits[0, -1].tolist()}
    peft_model = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=targets, task_type='CAUSAL_LM'))
    torch.manual_seed(3)
    peft_model.save_pretrained(os.path.join(where, 'adapter'))
    trained = [p for p in peft_model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-2, weight_decay=0.01)
    golden['losses'] = []
    for step in range(steps):
        loss = loss_of(peft_model, batches[step % 4])
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        golden['losses'].append(loss.item())
    golden['adapter_norm'] = sum(float((p ** 2).sum()) for p in trained) ** 0.5
    with torch.no_grad():
        golden['adapted_logits'] = [peft_model(input_ids=torch.tensor([p])).logits[0, -1].tolist() for p in probe]
    with open(os.path.join(folder, f'{name}.json'), 'w') as out:
        json.dump(golden, out)
    print(name, golden['losses'][0], golden['losses'][-1], golden['adapter_norm'])
