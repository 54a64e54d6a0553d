"""Runs the worker with memory for so many tokens of a batch alone: short-of-memory.py TOKENS WORKER.py."""

import importlib.util
import sys

import torch

limit, path = int(sys.argv[1]), sys.argv[-1]
spec = importlib.util.spec_from_file_location("worker", path)
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
loss = worker.Worker.loss


def short(self, rows):
    if sum(len(row["ids"]) for row in rows) > limit:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
    return loss(self, rows)


worker.Worker.loss = short
worker.main()
