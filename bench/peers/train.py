"""LoRA training with PEFT on PyTorch, on samples given as tokens; prints seconds, losses and the held-out loss as JSON.

python train.py WORKLOAD.json, which holds folder, gguf, threads, rank, alpha, learningRate, way, steps and `items`: a list of articles, each a list of
{prompt, answer}, the first of which is not timed, and `heldOut`, articles that the loss is measured on in the end. Ways: `plain` (8 samples in random order,
padded to the longest, full logits), `tuned` (8 of like length, logits at answers only), `packed` (one article a step, its questions
behind the tokens they share, a mask between them, logits at answers only). `device`, `dtype` (f32, bf16) and `quantisation` (nf4) may
say otherwise than the CPU in f32. Padding is left out of no sample's loss: labels are -100.
"""

import json
import os
import random
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

work = json.load(open(sys.argv[1]))
torch.manual_seed(0)
torch.set_num_threads(work["threads"])
device = work.get("device", "cpu")
dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[work.get("dtype", "f32")]
options = {"dtype": dtype, "device_map": {"": device}}
if work.get("quantisation") == "nf4":
    from transformers import BitsAndBytesConfig

    options["quantization_config"] = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
if work["gguf"]:
    options["gguf_file"] = os.path.basename(work["gguf"])
model = AutoModelForCausalLM.from_pretrained(work["folder"], **options)
targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = get_peft_model(model, LoraConfig(r=work["rank"], lora_alpha=work["alpha"], task_type="CAUSAL_LM", target_modules=targets))
optimiser = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=work["learningRate"], weight_decay=0.0)
BATCH = 8


def packed(group):
    """Tokens, positions, labels and who sees whom; the last answer token, which nothing follows, is not fed."""
    first = group[0]["prompt"]
    shared = min(next((i for i, (x, y) in enumerate(zip(first, each["prompt"])) if x != y), len(each["prompt"])) for each in group)
    shared = min(shared, min(len(each["prompt"]) for each in group) - 1)
    ids, positions, targets_, own = list(first[:shared]), list(range(shared)), [], [0] * shared
    for j, each in enumerate(group, 1):
        tail = each["prompt"][shared:] + each["answer"][:-1]
        start = len(ids) + len(each["prompt"]) - shared - 1
        targets_ += [(start + i, token) for i, token in enumerate(each["answer"])]
        ids += tail
        positions += range(shared, shared + len(tail))
        own += [j] * len(tail)
    own = torch.tensor(own)
    sees = (torch.ones(len(ids), len(ids)).tril() > 0) & ((own[:, None] == own[None]) | (own[None] == 0))
    mask = torch.where(sees, 0.0, torch.finfo(dtype).min).to(dtype)[None, None].to(device)
    return torch.tensor([ids], device=device), torch.tensor([positions], device=device), mask, targets_


def packed_loss(group):
    ids, positions, mask, targets_ = packed(group)
    base = model.get_base_model()
    hidden = base.model(input_ids=ids, position_ids=positions, attention_mask=mask).last_hidden_state[0]
    logits = base.lm_head(hidden[[at for at, _ in targets_]])
    return torch.nn.functional.cross_entropy(logits, torch.tensor([token for _, token in targets_], device=device))


def answer_tokens(group):
    return sum(len(each["answer"]) for each in group)


def packed_losses(groups):
    """The mean loss of several articles' answer tokens; all articles but the last have gone backwards when it is returned."""
    total, before = sum(map(answer_tokens, groups)), 0.0
    for group in groups[:-1]:
        share = packed_loss(group) * (answer_tokens(group) / total)
        share.backward()
        before += share.item()
    return packed_loss(groups[-1]) * (answer_tokens(groups[-1]) / total) + before


def padded_loss(samples, answers_only):
    longest = max(len(each["prompt"]) + len(each["answer"]) for each in samples)
    rows = [each["prompt"] + each["answer"] for each in samples]
    ids = torch.tensor([row + [2] * (longest - len(row)) for row in rows], device=device)
    seen = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device)
    labels = torch.tensor([[-100] * len(each["prompt"]) + each["answer"] + [-100] * (longest - len(row)) for each, row in zip(samples, rows)], device=device)
    if not answers_only:
        return model(input_ids=ids, attention_mask=seen, labels=labels).loss
    base = model.get_base_model()
    hidden = base.model(input_ids=ids, attention_mask=seen).last_hidden_state
    learnt = labels[:, 1:] != -100
    return torch.nn.functional.cross_entropy(base.lm_head(hidden[:, :-1][learnt]), labels[:, 1:][learnt])


def length(sample):
    return len(sample["prompt"]) + len(sample["answer"])


def spread(batches, count):
    """Batches that stand for all: in order of length, one from the middle of each of `count` stretches; the longest of them once more at the beginning, where it is not timed."""
    sorted_ = sorted(batches, key=lambda batch: max(map(length, batch)))
    chosen = [sorted_[int((i + 0.5) * len(sorted_) / count)] for i in range(count)]
    return [chosen[-1], *chosen]


def batches():
    """Loss functions with the number of their samples, in the order they are taken."""
    if work["way"] == "packed":
        per = work.get("articlesPerStep", 1)
        groups = [work["items"][i : i + per] for i in range(0, len(work["items"]), per)]
        return [(sum(map(len, each)), lambda each=each: packed_losses(each)) for each in groups]
    samples = [each for group in work["items"] for each in group]
    if work["way"] == "tuned":
        samples.sort(key=length)
    else:
        random.Random(0).shuffle(samples)
    cut = [samples[i : i + BATCH] for i in range(0, len(samples) - BATCH + 1, BATCH)]
    cut = spread(cut, work["steps"] - 1)
    return [(BATCH, lambda group=group: padded_loss(group, work["way"] == "tuned")) for group in cut]


seconds, processor, samples, losses = 0.0, 0.0, 0, []
for step, (count, loss_of) in enumerate(batches()[: work["steps"]]):
    started, used = time.perf_counter(), time.process_time()
    loss = loss_of()
    loss.backward()
    optimiser.step()
    optimiser.zero_grad()
    if device == "cuda":
        torch.cuda.synchronize()
    if step > 0:
        seconds += time.perf_counter() - started
        processor += time.process_time() - used
        samples += count
    losses.append(loss.item())
    print(f"{work['way']}: step {step + 1}, loss {losses[-1]:.4f}", file=sys.stderr, flush=True)
held_out = None
if work["heldOut"]:
    with torch.no_grad():
        answers = [answer_tokens(group) for group in work["heldOut"]]
        total = sum(packed_loss(group).item() * n for group, n in zip(work["heldOut"], answers))
    held_out = total / sum(answers)
peak = torch.cuda.max_memory_allocated() if device == "cuda" else None
print(json.dumps({"seconds": seconds, "processorSeconds": processor, "samples": samples, "losses": losses, "heldOut": held_out, "peakBytes": peak}))
