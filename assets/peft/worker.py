# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.13.0",
#   "transformers==5.23.0",
#   "peft==0.21.2",
#   "accelerate==1.15.0",
#   "bitsandbytes==0.50.2; sys_platform == 'linux' or sys_platform == 'win32'",
# ]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
# ///
"""Trains and asks LoRA adapters with PyTorch, Transformers and PEFT, step by step as lightmem says.

lightmem plans everything: samples, rows, batches, learning rates, when to measure and when to keep. It writes one request a
line to standard input ({"do": ..., ...}) and reads one answer a line from standard output; what libraries print goes to
standard error. Larger things (adapters, optimiser states) are handed over as safetensors files. The process ends when its
input does. Transformers 5.24.0 asks for a peft that does not exist, hence the pins.

A row is [trunk][branch][branch] ...: `ids`, `positions`, and `branch`, 0 for the trunk and 1, 2 ... behind it. A token sees the
trunk and its own branch. What is learnt is `at` (indices of the row), with `labels` and `weights`, K of each for every index:
the loss is sum w (log sum exp z - z[label]) over the sum of all weights of a step.
"""

import importlib.metadata
import json
import math
import os
import signal
import sys

# Logits are computed for so many learnt tokens at once; where there are more, each piece is computed again on the way back.
PLACES = 2048
# Attention's fast kernels want rows of a multiple of this.
MULTIPLE = 8


def describe(_request):
    """What there is to compute with, without loading a model."""
    import torch

    gpus = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            gpus.append({"name": properties.name, "bytes": properties.total_memory})
    return {"gpus": gpus, "versions": versions(), "bf16": bool(gpus) and torch.cuda.is_bf16_supported()}


def versions():
    found = {}
    for name in ("torch", "transformers", "peft", "bitsandbytes"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


class Worker:
    """One base model, and one adapter on it at a time."""

    def __init__(self):
        self.base = None  # the model as Transformers has it
        self.model = None  # the same, or with an adapter as PEFT has it
        self.trained = {}  # parameters by lightmem's names
        self.optimiser = None
        self.seed = 0

    # -- models ---------------------------------------------------------------------------------------------------------------

    def open(self, request):
        """Loads a base model from a Hugging Face folder, frozen."""
        import torch
        from transformers import AutoModelForCausalLM

        self.torch = torch
        self.device = torch.device(request["device"])
        self.bf16 = request["precision"] == "bf16"
        self.compiles = request["compile"]
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = request["tf32"]
        if request.get("threads"):
            torch.set_num_threads(request["threads"])
        dtype = torch.bfloat16 if self.bf16 else torch.float32
        options = {"dtype": dtype, "local_files_only": True, "device_map": {"": self.device}}
        quantisation = request["quantisation"]
        if quantisation != "none":
            from transformers import BitsAndBytesConfig

            options["quantization_config"] = {
                "nf4": lambda: BitsAndBytesConfig(
                    load_in_4bit=True,
                    bnb_4bit_quant_type="nf4",
                    bnb_4bit_use_double_quant=True,
                    bnb_4bit_compute_dtype=dtype,
                ),
                "int8": lambda: BitsAndBytesConfig(load_in_8bit=True),
            }[quantisation]()
        self.base = AutoModelForCausalLM.from_pretrained(request["model"], **options)
        self.base.requires_grad_(False)
        for module in self.base.modules():
            if hasattr(module, "attention_dropout"):
                module.attention_dropout = 0.0  # only the adapter's own dropout is asked for
        self.model = self.base
        return {"dtype": str(dtype).removeprefix("torch.")}

    def adapter(self, request):
        """Puts an adapter on the base in place of the one before; none where no folder is given."""
        from peft import PeftModel

        if self.model is not self.base:
            self.base = self.model.unload()
            self.base.requires_grad_(False)
        self.model, self.trained, self.optimiser = self.base, {}, None
        if request["folder"] is not None:
            self.model = PeftModel.from_pretrained(self.base, request["folder"], is_trainable=request["trainable"])
            for name, parameter in self.model.named_parameters():
                if ".lora_" in name and parameter.requires_grad:
                    self.trained[name.removeprefix("base_model.model.").replace(".default.", ".")] = parameter
        self.decoder = self.base.model
        if self.compiles:
            # Layer by layer: what is compiled for the first serves all of them.
            for layer in self.decoder.layers:
                layer.compile(dynamic=True)
        return {"parameters": sum(parameter.numel() for parameter in self.trained.values())}

    # -- training -------------------------------------------------------------------------------------------------------------

    def train(self, request):
        """Makes the optimiser: AdamW over the adapter's matrices, in f32."""
        torch = self.torch
        self.seed = request["seed"]
        if request["gradientCheckpointing"]:
            self.base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            self.base.enable_input_require_grads()
        else:
            self.base.gradient_checkpointing_disable()
        self.optimiser = torch.optim.AdamW(
            list(self.trained.values()),
            lr=0.0,
            betas=tuple(request["betas"]),
            eps=request["epsilon"],
            weight_decay=request["weightDecay"],
        )
        return {}

    def tensors(self, rows):
        """A batch's ids, positions, mask, and the flat places, labels and weights of what is learnt."""
        torch = self.torch
        length = -(-max(len(row["ids"]) for row in rows) // MULTIPLE) * MULTIPLE
        labels_at_most = max((len(labels) for row in rows for labels in row["labels"]), default=1)
        ids = torch.zeros((len(rows), length), dtype=torch.long)
        positions = torch.zeros_like(ids)
        branch = torch.full_like(ids, -1)
        places, labels, weights = [], [], []
        for index, row in enumerate(rows):
            count = len(row["ids"])
            ids[index, :count] = torch.tensor(row["ids"])
            positions[index, :count] = torch.tensor(row["positions"])
            branch[index, :count] = torch.tensor(row["branch"])
            places += [index * length + at for at in row["at"]]
            for own, weight in zip(row["labels"], row["weights"]):
                filler = [0] * (labels_at_most - len(own))
                labels.append(own + filler)
                weights.append(weight + filler)
        branch = branch.to(self.device)
        key, query = branch[:, None, :], branch[:, :, None]
        sees = torch.ones((length, length), dtype=torch.bool, device=self.device).tril()
        sees = sees & ((key == 0) | (key == query))
        lowest = torch.finfo(self.base.dtype).min
        mask = torch.zeros(sees.shape, dtype=self.base.dtype, device=self.device).masked_fill_(~sees, lowest)
        return (
            ids.to(self.device),
            positions.to(self.device),
            mask[:, None],
            torch.tensor(places, device=self.device),
            torch.tensor(labels, device=self.device),
            torch.tensor(weights, dtype=torch.float32, device=self.device),
        )

    def loss(self, rows):
        """Sum over what the rows learn, not yet divided by the weights."""
        torch = self.torch
        ids, positions, mask, places, labels, weights = self.tensors(rows)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            hidden = self.decoder(
                input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False
            ).last_hidden_state.flatten(0, 1)
            total = 0.0
            for piece in torch.arange(len(places), device=self.device).split(PLACES):
                given = (hidden[places[piece]], labels[piece], weights[piece])
                if len(places) > PLACES and torch.is_grad_enabled():
                    total = total + torch.utils.checkpoint.checkpoint(self.piece, *given, use_reentrant=False)
                else:
                    total = total + self.piece(*given)
        return total

    def piece(self, hidden, labels, weights):
        logits = self.base.get_output_embeddings()(hidden).float()
        softcap = getattr(self.base.config, "final_logit_softcapping", None)
        if softcap:
            logits = self.torch.tanh(logits / softcap) * softcap
        picked = logits.gather(1, labels)
        return (weights * (logits.logsumexp(1, keepdim=True) - picked)).sum()

    def step(self, request):
        """One step of the optimiser over micro-batches as if they were one; left out where loss or gradient is not finite."""
        torch = self.torch
        batches, clip = request["batches"], request["clipNorm"]
        self.model.train()
        self.optimiser.zero_grad(set_to_none=True)
        weight = weight_of(batches)
        total = 0.0
        for micro, rows in enumerate(batches):
            torch.manual_seed(hash((self.seed, request["step"], micro)) & 0x7FFFFFFF)
            loss = self.loss(rows) / weight
            loss.backward()
            total += loss.detach()
        limit = clip if clip > 0 else math.inf
        norm = torch.nn.utils.clip_grad_norm_(list(self.trained.values()), limit)
        total, norm = float(total), float(norm)
        if math.isfinite(total) and math.isfinite(norm):
            for group in self.optimiser.param_groups:
                group["lr"] = request["learningRate"]
            self.optimiser.step()
        return {"loss": text_of(total), "gradientNorm": text_of(norm)}

    def evaluate(self, request):
        """Mean loss over batches, without dropout."""
        batches = request["batches"]
        self.model.eval()
        with self.torch.no_grad():
            total = sum(float(self.loss(rows)) for rows in batches)
        return {"loss": text_of(total / weight_of(batches))}

    # -- states ---------------------------------------------------------------------------------------------------------------

    def save(self, request):
        """Writes the trained parameters, and with `moments` the optimiser's."""
        from safetensors.torch import save_file

        tensors = {}
        for name, parameter in self.trained.items():
            tensors[name] = parameter.detach()
            if request["moments"]:
                state = self.optimiser.state[parameter]
                tensors[name + "#first"] = state.get("exp_avg", self.torch.zeros_like(parameter))
                tensors[name + "#second"] = state.get("exp_avg_sq", self.torch.zeros_like(parameter))
        save_file({name: tensor.float().contiguous().cpu() for name, tensor in tensors.items()}, request["path"])
        return {}

    def restore(self, request):
        """Goes on from what `save` wrote with moments, so many steps in."""
        from safetensors.torch import load_file

        tensors = load_file(request["path"], device=str(self.device))
        for name, parameter in self.trained.items():
            parameter.data.copy_(tensors[name].view_as(parameter))
            self.optimiser.state[parameter] = {
                "step": self.torch.tensor(float(request["steps"])),
                "exp_avg": tensors[name + "#first"].view_as(parameter).clone(),
                "exp_avg_sq": tensors[name + "#second"].view_as(parameter).clone(),
            }
        return {}

    def memory(self, _request):
        """Most bytes held so far: on the GPU, or by this process."""
        if self.device.type == "cuda":
            return {"bytes": self.torch.cuda.max_memory_allocated(self.device)}
        try:
            import resource
        except ImportError:  # Windows
            return {"bytes": 0}
        unit = 1 if sys.platform == "darwin" else 1024
        return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}

    # -- asking ---------------------------------------------------------------------------------------------------------------

    def answer(self, request, tell):
        """Answers prompts greedily, the longest first; tells of every batch. Where memory runs out, fewer are answered at once."""
        prompts, new = request["prompts"], request["maxNewTokens"]
        waiting = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
        budget = request["batchTokens"]
        self.model.eval()
        while waiting:
            length = len(prompts[waiting[0]]) + new
            together = waiting[: max(1, budget // length)]
            try:
                answers = self.generate([prompts[index] for index in together], new, request["stopTokens"])
            except self.torch.OutOfMemoryError:
                if len(together) == 1:
                    raise
                self.torch.cuda.empty_cache()
                budget = length * (len(together) // 2)
                continue
            waiting = waiting[len(together) :]
            tell({"answers": [{"index": index, "tokens": tokens} for index, tokens in zip(together, answers)]})
        return {}

    def generate(self, prompts, new, stop_tokens):
        torch = self.torch
        length = max(len(prompt) for prompt in prompts)
        ids = torch.zeros((len(prompts), length), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for index, prompt in enumerate(prompts):
            ids[index, length - len(prompt) :] = torch.tensor(prompt)
            mask[index, length - len(prompt) :] = 1
        with torch.no_grad(), torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            given = self.model.generate(
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                generation_config=self.greedy(new, stop_tokens),
            )
        return [until_stop(row[length:].tolist(), stop_tokens) for row in given]

    def greedy(self, new, stop_tokens):
        from transformers import GenerationConfig

        return GenerationConfig(
            max_new_tokens=new, do_sample=False, use_cache=True, eos_token_id=stop_tokens, pad_token_id=stop_tokens[0]
        )


def until_stop(tokens, stop_tokens):
    """An answer's tokens, the one that ends it included."""
    for index, token in enumerate(tokens):
        if token in stop_tokens:
            return tokens[: index + 1]
    return tokens


def weight_of(batches):
    return sum(weight for rows in batches for row in rows for weights in row["weights"] for weight in weights)


def text_of(number):
    """A number as JSON has it; what is not finite as text."""
    return number if math.isfinite(number) else str(number)


def problem_of(error):
    """An error as lightmem tells it: running out of memory is mended by smaller batches, anything else is not."""
    message = str(error).strip().split("\n")[0] or type(error).__name__
    is_memory = type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError)
    if is_memory or "can't allocate memory" in message:  # the last is how PyTorch says it on the CPU
        return f"out of memory: {message}"
    return f"{type(error).__name__}: {message}"


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is lightmem's: it says what is finished first
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker()

    def send(message):
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    requests = {
        "describe": describe,
        "open": worker.open,
        "adapter": worker.adapter,
        "train": worker.train,
        "step": worker.step,
        "evaluate": worker.evaluate,
        "save": worker.save,
        "restore": worker.restore,
        "memory": worker.memory,
        "answer": lambda request: worker.answer(request, lambda told: send({"told": told})),
    }
    for line in iter(sys.stdin.buffer.readline, b""):
        request = json.loads(line)
        try:
            send({"done": requests[request["do"]](request)})
        except Exception as error:  # whatever went wrong is told, and the next request is read
            import traceback

            traceback.print_exc()
            send({"failed": problem_of(error)})


if __name__ == "__main__":
    main()
