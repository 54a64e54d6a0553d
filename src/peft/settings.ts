/** How PyTorch computes: all that changes its numbers, and so is part of what a training is known by. */
import { UserError } from '../core/errors.js';
import type { Quantisation } from '../core/settings.js';

/** Where PyTorch computes. */
export const PEFT_DEVICES = ['cpu', 'cuda'] as const;
export type PeftDevice = (typeof PEFT_DEVICES)[number];

/** What it computes in: the adapter itself is always kept in f32. */
export const PRECISIONS = ['f32', 'bf16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** PyTorch's settings. */
export interface PeftSettings {
  readonly device: PeftDevice;
  readonly precision: Precision;
  /** f32 products rounded to TF32 on GPUs that have it. */
  readonly tf32: boolean;
  /** The decoder by torch.compile: slow to begin with, faster after. */
  readonly compile: boolean;
  /** Versions of torch, transformers, peft and bitsandbytes that were found. */
  readonly versions: Readonly<Record<string, string>>;
}

/** PyTorch's settings, and which interpreter; default as `pythonCommand` finds one. */
export interface PeftChoice {
  readonly settings: PeftSettings;
  readonly python?: string;
}

/** Throws UserError for a base's format that bitsandbytes does not have, or not here. */
export function checkQuantisation(quantisation: Quantisation, { device, versions }: PeftSettings): void {
  if (quantisation === 'none') return;
  if (quantisation === 'f16')
    throw new UserError(
      'quantisation f16 is lightmem’s own: with engine peft use precision: bf16, nf4 or int8, or none',
    );
  if (quantisation === 'int4')
    throw new UserError('quantisation int4 is lightmem’s own: with engine peft use nf4 or int8, or none');
  if (device === 'cpu')
    throw new UserError(
      `quantisation ${quantisation} with engine peft needs a CUDA GPU: use none, or engine: lightmem`,
    );
  if (versions['bitsandbytes'] === undefined)
    throw new UserError(
      `quantisation ${quantisation} needs bitsandbytes, which this Python lacks: pip install bitsandbytes`,
    );
}
