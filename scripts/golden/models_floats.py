"""FOLDER: writes what the Python library safetensors and PyTorch make of floats of 16, 32 and 64 bits.

Needs: pip install torch==2.13.0 safetensors. Written for test/models/safetensors.test.ts; the folder is test/golden/models.
types.safetensors and types.json: one tensor of each type and its values. rounding.json: 32-bit values and the bits PyTorch rounds them to.
"""
import json
import os
import struct
import sys

import torch
from safetensors.torch import save_file

folder = sys.argv[1]
generator = torch.Generator().manual_seed(3)
values = torch.randn(2, 7, generator=generator, dtype=torch.float64) * torch.tensor([1e-6, 1e-3, 0.1, 1, 10, 1e3, 6e4])
tensors = {'f64': values, 'f32': values.float(), 'f16': values.half(), 'bf16': values.bfloat16(), 'i64': torch.arange(3)}
save_file(tensors, os.path.join(folder, 'types.safetensors'), metadata={'format': 'pt'})
listed = {name: tensor.double().flatten().tolist() for name, tensor in tensors.items() if name != 'i64'}
json.dump({'values': listed}, open(os.path.join(folder, 'types.json'), 'w'))

bits = torch.randint(0, 2**32, (4000,), generator=generator).tolist()
ties = [b & ~0x1fff | 0x1000 for b in bits[:500]] + [b & ~0xffff | 0x8000 for b in bits[500:1000]]  # halfway between two halves, two bfloats
small = [(b & 0x80ffffff) | (100 + b % 24) << 23 for b in bits[1000:1500]]  # around the smallest halves
floats = [struct.unpack('<f', struct.pack('<I', b))[0] for b in ties + small + bits]
finite = [x for x in floats if x == x and abs(x) != float('inf') and abs(x) < 3e38][:2000]
pattern = lambda tensor: (tensor.view(torch.int16).int() & 0xffff).tolist()
single = torch.tensor(finite, dtype=torch.float32)
rows = zip(single.double().tolist(), pattern(single.half()), pattern(single.bfloat16()))
json.dump([{'value': v, 'f16': h, 'bf16': b} for v, h, b in rows], open(os.path.join(folder, 'rounding.json'), 'w'))
