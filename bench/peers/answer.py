"""Hugging Face `generate` with a PEFT adapter on prompts given as tokens; prints seconds and answers of each way as JSON.

python answer.py WORKLOAD.json, which holds folder, gguf, adapter, maxNewTokens, eos, padding, threads, merge, and `runs`: a list of
{way, prompts}: `batches` pads prompts on the left, `batch` of them together; `shared` computes the keys and values that an
article's prompts begin with once and gives them to `generate`.
"""

import json
import os
import sys
import time

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, DynamicCache

work = json.load(open(sys.argv[1]))
torch.set_num_threads(work["threads"])
options = {"dtype": torch.float32}
if work["gguf"]:
    options["gguf_file"] = os.path.basename(work["gguf"])
base = AutoModelForCausalLM.from_pretrained(work["folder"], **options)
model = PeftModel.from_pretrained(base, work["adapter"])
if work["merge"]:
    model = model.merge_and_unload()
model.eval()
PADDING = work["padding"]


def generate(ids, mask, cache=None):
    made = model.generate(
        input_ids=ids,
        attention_mask=mask,
        past_key_values=cache,
        max_new_tokens=work["maxNewTokens"],
        do_sample=False,
        temperature=None,
        top_p=None,
        eos_token_id=work["eos"],
        pad_token_id=PADDING,
    )
    return [cut(row) for row in made[:, ids.shape[1] :].tolist()]


def cut(row):
    ends = [i for i, token in enumerate(row) if token in work["eos"]]
    return row[: ends[0] + 1] if ends else row


def padded(prefix, tails):
    """Prefix, padding, tail: with an empty prefix, plain padding on the left."""
    longest = max(len(tail) for tail in tails)
    ids = [prefix + [PADDING] * (longest - len(tail)) + tail for tail in tails]
    mask = [[1] * len(prefix) + [0] * (longest - len(tail)) + [1] * len(tail) for tail in tails]
    return torch.tensor(ids), torch.tensor(mask)


def batches(prompts, size):
    for start in range(0, len(prompts), size):
        yield from generate(*padded([], [each["tokens"] for each in prompts[start : start + size]]))


def shared_length(rows):
    most = min(len(row) for row in rows) - 1
    same = 0
    while same < most and all(row[same] == rows[0][same] for row in rows):
        same += 1
    return same


def shared(prompts, size):
    items = {}
    for each in prompts:
        items.setdefault(each["item"], []).append(each["tokens"])
    for rows in items.values():
        length = shared_length(rows)
        prefix = rows[0][:length]
        kept = DynamicCache()
        model(input_ids=torch.tensor([prefix]), past_key_values=kept, logits_to_keep=1)
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            cache = DynamicCache()
            for i, layer in enumerate(kept.layers):
                keys, values = (each.expand(len(some), -1, -1, -1) for each in (layer.keys, layer.values))
                cache.update(keys.contiguous(), values.contiguous(), i)
            yield from generate(*padded(prefix, [row[length:] for row in some]), cache)


WAYS = {"batches": batches, "shared": shared}


def run(way, prompts, batch):
    started, used = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        answers = list(WAYS[way](prompts, batch))
    seconds = time.perf_counter() - started
    print(f"theirs: {way}, {len(prompts)} prompts, {seconds:.1f} s", file=sys.stderr)
    return {"seconds": seconds, "processorSeconds": time.process_time() - used, "answers": answers}


first = work["runs"][0]
run(first["way"], first["prompts"][:2], 2)  # what is loaded or compiled on the first call is not counted
print(json.dumps([run(each["way"], each["prompts"], each["batch"]) for each in work["runs"]]))
