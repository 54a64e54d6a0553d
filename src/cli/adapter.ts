/** `lightmem adapter`: a PEFT adapter put into other forms: GGUF for llama.cpp, merged into its base model, or padded to a larger rank. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { UserError } from '../core/errors.js';
import { padAdapter, readAdapter, writeAdapter, type Adapter } from '../models/adapter/adapter.js';
import { writeGgufAdapter } from '../models/adapter/adapter-gguf.js';
import { mergeAdapter } from '../models/adapter/adapter-merge.js';
import type { LoadedModel } from '../models/model.js';
import { parseCount } from './data-options.js';
import { MODEL_HELP, openModel } from './open-model.js';
import { visibleText } from '../text/visible.js';

interface Options {
  readonly model?: string;
  readonly out: string;
  readonly json?: boolean;
}

const DTYPES = { f32: 'F32', f16: 'F16', bf16: 'BF16' } as const;

/** Adds the command and its parts. */
export function register(program: Command): void {
  const adapter = program.command('adapter');
  part(adapter, 'export', 'as a GGUF file that llama.cpp loads beside the base model', 'the file to write').action(
    (folder: string, options: Options) => convert(folder, options, exported),
  );
  part(adapter, 'merge', 'into its base model: a Hugging Face folder of its own', 'the folder to write')
    .addOption(new Option('--dtype <type>', 'number format').choices(Object.keys(DTYPES)).default('f32'))
    .action((folder: string, options: Options & { dtype: keyof typeof DTYPES }) =>
      convert(folder, options, (model, read, out) => mergeAdapter(model, read, out, DTYPES[options.dtype])),
    );
  part(
    adapter,
    'pad',
    'at a larger rank with the same function, for servers that take only some',
    'the folder to write',
  )
    .requiredOption('--rank <r>', 'the rank to pad to')
    .action((folder: string, options: Options & { rank: string }) => {
      const rank = parseCount('rank', options.rank);
      return convert(folder, options, (model, read, out) =>
        writeAdapter(out, { ...padAdapter(read, rank), baseModel: model.name }),
      );
    });
}

function part(command: Command, name: string, what: string, out: string): Command {
  return command
    .command(name)
    .description(what)
    .argument('<folder>', 'the adapter: a PEFT folder')
    .option('--model <path>', `its base model: ${MODEL_HELP}; default: the bundled model`)
    .requiredOption('--out <path>', out)
    .option('--json', 'one JSON document on standard output');
}

type Conversion = (model: LoadedModel, adapter: Adapter, out: string) => void;

const exported: Conversion = (model, adapter, out) => writeGgufAdapter(out, adapter, model.config);

async function convert(folder: string, options: Options, write: Conversion): Promise<void> {
  const out = resolve(options.out);
  if (existsSync(out)) throw new UserError(`${options.out} is there already: name one that is not, or remove it`);
  const model = await openModel(options.model, options.json);
  write(model, readAdapter(folder, model.config), out);
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ wrote: out })}\n` : `wrote ${visibleText(options.out)}\n`,
  );
}
