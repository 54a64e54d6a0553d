"""FOLDER: writes what bitsandbytes makes of random weights in NF4 with double quantisation (blocks of 64 and 256, on the CPU, in f32).

Needs: pip install torch==2.13.0 bitsandbytes==0.50.2 safetensors. Written for test/models/quantise.test.ts; the folder is test/golden/models.
nf4.safetensors: for each case its values, codes (one a value), absmax codes, nested scales, offset and dequantised values; both codebooks.
The absmax goes through bitsandbytes' generic path (64-bit input): its 32-bit CPU kernel does not always take the nearest of the 256
values (it gives -0.071873 the code of -0.0733 in place of -0.0705), while the generic path and the CUDA kernel do.
"""
import os
import sys

import torch
from bitsandbytes import functional as F
from safetensors.torch import save_file

folder = sys.argv[1]
generator = torch.Generator().manual_seed(17)
normal = lambda *shape: torch.randn(*shape, generator=generator)
outliers = normal(48, 64) * 0.02
outliers[::7, ::13] *= 40
zeros = normal(8, 64) * 0.1
zeros[3] = 0
cases = {'normal': normal(40, 128) * 0.05, 'outliers': outliers, 'zeros': zeros, 'wide': normal(300, 64) * torch.logspace(-4, 1, 300)[:, None], 'broken': normal(7, 10)}
out = {'codebook': F.get_4bit_type('nf4', device='cpu'), 'dynamic': F.create_dynamic_map(signed=True)}
for name, values in cases.items():
    packed, state = F.quantize_4bit(values, blocksize=64, quant_type='nf4')
    offset = state.absmax.mean()
    codes8, nested = torch.ops.bitsandbytes.quantize_blockwise((state.absmax - offset).double(), out['dynamic'], 256)
    absmax = torch.ops.bitsandbytes.dequantize_blockwise(codes8, nested, out['dynamic'], 256, torch.float32) + offset
    dequantised = torch.ops.bitsandbytes.dequantize_4bit(packed, absmax, 64, 'nf4', values.shape, torch.float32)
    flat = packed.flatten()
    codes = torch.stack([flat >> 4, flat & 15], dim=1).flatten()[:values.numel()]
    out |= {f'{name}.values': values, f'{name}.codes': codes.bfloat16(), f'{name}.absmax_codes': codes8.bfloat16(), f'{name}.absmax_scales': nested,
            f'{name}.offset': offset.reshape(1), f'{name}.dequantised': dequantised}
save_file({key: value.contiguous().clone() for key, value in out.items()}, os.path.join(folder, 'nf4.safetensors'))
