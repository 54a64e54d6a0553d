"""One run of a grid as a person's script does it, everything anew: loads the base, asks it, trains an adapter with PEFT and asks that; prints seconds of each stage, losses and answers as JSON.

python one_run.py WORKLOAD.json, which holds folder, gguf, dtype (f32, bf16), threads, rank, alpha, batch, learningRate, warmupRatio, clipNorm, epochs, seed, eos, maxNewTokens,
`train` (a list of {prompt, answer} as tokens) and `asked` (a list of prompts as tokens). Training takes `batch` samples a step in random order, padded to the longest, with the full
logits, as transformers' Trainer does by default; questions are answered by `generate` one after another, greedily.
"""

import json
import math
import os
import random
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, get_cosine_schedule_with_warmup

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

work = json.load(open(sys.argv[1]))
torch.manual_seed(work["seed"])
torch.set_num_threads(work["threads"])
PADDING = work["eos"][0]


def load():
    options = {"dtype": {"f32": torch.float32, "bf16": torch.bfloat16}[work["dtype"]]}
    if work["gguf"]:
        options["gguf_file"] = os.path.basename(work["gguf"])
    return AutoModelForCausalLM.from_pretrained(work["folder"], **options)


def padded(samples):
    longest = max(len(each["prompt"]) + len(each["answer"]) for each in samples)

    def rows(row, padding):
        return torch.tensor([row(each) + [padding] * (longest - len(row(each))) for each in samples])

    return {
        "input_ids": rows(lambda each: each["prompt"] + each["answer"], PADDING),
        "attention_mask": rows(lambda each: [1] * (len(each["prompt"]) + len(each["answer"])), 0),
        "labels": rows(lambda each: [-100] * len(each["prompt"]) + each["answer"], -100),
    }


def train(model):
    model.train()
    trained = [each for each in model.parameters() if each.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=work["learningRate"], weight_decay=0.0)
    samples, order = list(work["train"]), random.Random(work["seed"])
    steps = work["epochs"] * math.ceil(len(samples) / work["batch"])
    schedule = get_cosine_schedule_with_warmup(optimiser, math.ceil(work["warmupRatio"] * steps), steps)
    losses = []
    for epoch in range(work["epochs"]):
        order.shuffle(samples)
        for start in range(0, len(samples), work["batch"]):
            loss = model(**padded(samples[start : start + work["batch"]])).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, work["clipNorm"])
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            losses.append(loss.item())
            print(f"theirs: step {len(losses)} of {steps}, loss {losses[-1]:.4f}", file=sys.stderr, flush=True)
    return losses


def answers(model):
    model.eval()
    greedy = {"max_new_tokens": work["maxNewTokens"], "do_sample": False, "temperature": None, "top_p": None}
    made = []
    with torch.inference_mode():
        for prompt in work["asked"]:
            ids = torch.tensor([prompt])
            row = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), eos_token_id=work["eos"], pad_token_id=PADDING, **greedy)
            made.append(row[0, len(prompt) :].tolist())
    return made


seconds = {}


def timed(stage, make):
    started = time.perf_counter()
    made = make()
    seconds[stage] = time.perf_counter() - started
    print(f"theirs: {stage}, {seconds[stage]:.1f} s", file=sys.stderr, flush=True)
    return made


model = timed("loading", load)
base = timed("askingBase", lambda: answers(model))
lora = LoraConfig(r=work["rank"], lora_alpha=work["alpha"], task_type="CAUSAL_LM", target_modules=TARGETS)
model = get_peft_model(model, lora)
losses = timed("training", lambda: train(model))
adapter = timed("asking", lambda: answers(model))
print(json.dumps({"seconds": seconds, "processorSeconds": time.process_time(), "losses": losses, "answers": {"base": base, "adapter": adapter}}))
