/** Options that messages name exist on the commands that can print them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';

const CLI = 'src/cli';

interface CommandModule {
  register?: (program: Command, words: readonly string[]) => void | Promise<void>;
}

/** The long names of a command's options and those of its parts. */
function optionsOf(command: Command): string[] {
  return [...command.options.map(({ long }) => long ?? ''), ...command.commands.flatMap(optionsOf)];
}

/** Every `--option` in a file outside comments. */
function namedIn(file: string): string[] {
  const code = readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...new Set(code.match(/(?<![\w(-])--[a-z][a-z-]+(?![\w(]|\s*===)/g) ?? [])];
}

describe('messages', () => {
  it('of a command name only options that it has', async () => {
    let checked = 0;
    for (const file of readdirSync(CLI, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || ['main.ts', 'bin.ts'].includes(file)) continue;
      const module = (await import(join('../..', CLI, file))) as CommandModule;
      if (module.register === undefined) continue;
      const program = new Command();
      await module.register(program, []);
      const has = new Set([...optionsOf(program), '--help']);
      const cache = file === 'cache.ts' ? ['--endpoint-name', '--no-cache'] : []; // its help speaks of others
      for (const option of namedIn(join(CLI, file)).filter((each) => !cache.includes(each))) {
        expect([...has], `${file} names ${option}`).toContain(option);
        checked++;
      }
    }
    console.log(`${checked} options looked up`);
    expect(checked).toBeGreaterThan(60);
  });

  it('of rooms that every command and the library use name no option at all', () => {
    const slurm =
      '--allocations --array --cpus-per-task --format --gres --job-name --jobs --mem --name --noheader --open-mode --output --parsable --requeue --signal --states --time';
    const vllm =
      '--dtype --enable-lora --gpu-memory-utilization --host --max-cpu-loras --max-lora-rank --max-loras --max-model-len --port';
    const llama = '--ctx-size --host --lora --lora-init-without-apply --model --parallel --port';
    const allowed: Readonly<Record<string, readonly string[]>> = {
      'src/executors/slurm.ts': slurm.split(' '), // those of Slurm's own commands
      'src/executors/slurm-arrays.ts': ['--threads'], // of lightmem run, in the script that is submitted
      'src/executors/ray-jobs.ts': ['--threads'],
      'src/data': ['--column', '--format', '--encoding'], // told of a study file by its keys: study-words
      'src/study/study-words.ts': ['--column', '--format', '--encoding'],
      'src/study/datasets.ts': ['--data'], // study run alone reads files
      'src/study/config.ts': ['--data'],
      'src/engine/devices.ts': ['--device'], // tried for the commands that have it
      'src/text/terminal-table.ts': ['--json'], // of every command that prints a table
      'src/words/tables.ts': ['--json'], // likewise
      'src/study/executor-config.ts': ['--constraint', '--resources'], // those of sbatch and of ray start
      'src/models/formats/gguf-model.ts': ['--merge'], // llama.cpp's own
      'src/peft/python.ts': ['--quiet', '--script'], // uv's own
      'src/serving/vllm.ts': vllm.split(' '), // those of vllm serve
      'src/serving/llama-server.ts': llama.split(' '), // those of llama-server
      'src/evaluate/served-adapter.ts': ['--enable-lora', '--lora'], // of both
      'src/trackers': ['--mlflow', '--tensorboard'], // of study export, which catches up
      'src/study/track-config.ts': ['--logdir'], // TensorBoard's own
      'src/study/server-config.ts': ['--max-cpu-loras', '--max-loras'],
      'src/doctor/devices.ts': ['--query-gpu', '--format', '--gpus'], // nvidia-smi's and docker's own
      'src/doctor/memory.ts': ['--memory', '--mem'], // docker's and sbatch's own
      'src/doctor/python.ts': ['--offline', '--force-reinstall'], // uv's and pip's own
      'src/doctor/uv.ts': ['--version'], // uv's own
    };
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .map((file) => join('src', file))
      .filter((file) => file.endsWith('.ts') && !file.startsWith(CLI) && !file.startsWith('src/report/style'));
    for (const file of files) {
      const known = Object.entries(allowed).flatMap(([place, options]) => (file.startsWith(place) ? options : []));
      const named = namedIn(file).filter((option) => !known.includes(option));
      expect(named, file).toEqual([]);
    }
    expect(files.length).toBeGreaterThan(300);
  });
});
