/** Settings of the engine in a study file: lightmem's own, or PyTorch with PEFT in a Python process. */
import { z } from 'zod';
import { flag, given, oneOf, text } from '../core/setting-schemas.js';
import { PEFT_DEVICES, PRECISIONS } from '../peft/settings.js';

const peft = z.strictObject({
  kind: z.literal('peft').describe('PyTorch, Transformers and PEFT, in a Python process.'),
  python: text
    .describe('An interpreter that has them; without it, the one that LIGHTMEM_PYTHON names, or one that uv makes.')
    .optional(),
  device: oneOf(['auto', ...PEFT_DEVICES], 'device')
    .describe('Where PyTorch computes; `auto` takes a GPU where it sees one.')
    .default('auto'),
  precision: oneOf(['auto', ...PRECISIONS], 'precision')
    .describe('What it computes in; `auto` is `bf16` on GPUs that have it, else `f32`. Adapters are kept in f32.')
    .default('auto'),
  tf32: flag.describe('Whether products in f32 may be rounded to TF32.').default(false),
  compile: flag.describe('Whether the decoder goes through torch.compile.').default(false),
  asks: oneOf(['peft', 'lightmem', 'server'], 'engine')
    .describe('With `peft`: the same Python process, lightmem’s own engine on `device`, or a `server`.')
    .default('peft'),
});

const lightmem = z.strictObject({
  kind: z.literal('lightmem').describe('lightmem’s own engine, on `device`.'),
  asks: oneOf(['lightmem', 'server'], 'engine')
    .describe('Who answers questions: the engine that trains, or a `server`.')
    .default('lightmem'),
});

const kinds = z.discriminatedUnion('kind', [lightmem, peft]);

/** The setting `engine`: a kind by its name, or with its settings. */
export const engine = z
  .union([oneOf(['lightmem', 'peft'], 'engine').transform((kind) => kinds.parse({ kind })), kinds], {
    error: (raw) => `${given(raw)}: use lightmem or peft, or kind: peft with its settings`,
  })
  .describe('What trains: lightmem’s own engine, or PyTorch with PEFT.');

export type EngineConfig = z.output<typeof kinds>;
