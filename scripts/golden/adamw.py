"""OUT_JSON: ten steps of PyTorch's AdamW, plain and with clipped gradients. Needs: pip install torch==2.13.0."""
import json
import sys

import torch

torch.manual_seed(5)
start = torch.randn(12)
gradients = [torch.randn(12) * 10 ** ((i % 5) - 2) for i in range(10)]
out = {'start': start.tolist(), 'gradients': [g.tolist() for g in gradients], 'runs': []}
for settings in [dict(lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0), dict(lr=3e-3, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1)]:
    for clip in [0.0, 1.0]:
        p = torch.nn.Parameter(start.clone())
        optimiser = torch.optim.AdamW([p], **settings)
        values = []
        for g in gradients:
            p.grad = g.clone()
            if clip:
                torch.nn.utils.clip_grad_norm_([p], clip)
            optimiser.step()
            values.append(p.detach().tolist())
        out['runs'].append({'settings': settings, 'clip': clip, 'values': values})
json.dump(out, open(sys.argv[1], 'w'))
