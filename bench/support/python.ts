/** Python for benches that compare with it: which one runs, and a command of it as a child process with its peak memory. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../src/core/errors.js';

/** The Python that has torch, transformers and peft: `LIGHTMEM_PYTHON`, default `python3`. Throws UserError where a module is missing. */
export function benchPython(modules: readonly string[] = ['torch', 'transformers', 'peft']): string {
  const python = process.env['LIGHTMEM_PYTHON'] ?? 'python3';
  try {
    execFileSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: ['ignore', 'ignore', 'pipe'] });
    return python;
  } catch {
    throw new UserError(
      `${python} lacks ${modules.join(', ')} or is not there: set LIGHTMEM_PYTHON to one that has them`,
    );
  }
}

/** The model benches run: a Hugging Face folder or GGUF file named by `LIGHTMEM_BENCH_MODEL`. */
export function benchModel(): string {
  const path = process.env['LIGHTMEM_BENCH_MODEL'];
  if (path !== undefined && existsSync(path)) return path;
  throw new UserError(
    'no model: set LIGHTMEM_BENCH_MODEL to a Hugging Face folder or a GGUF file of SmolLM2-135M-Instruct',
  );
}

/** The same model in the terms of transformers' `from_pretrained`: a folder, and the GGUF file in it where it is one. */
export function transformersModel(path: string): { folder: string; gguf: string | null } {
  if (statSync(path).isDirectory()) return { folder: path, gguf: null };
  return { folder: join(path, '..'), gguf: path };
}

/** A file of development data: in `LIGHTMEM_DEV_DATA`, default `../shared/data` beside the repository (npm starts benches at its root). */
export function devData(name: string): string {
  const folder = process.env['LIGHTMEM_DEV_DATA'] ?? join(process.cwd(), '../shared/data');
  const path = join(folder, name);
  if (existsSync(path)) return path;
  throw new UserError(`no ${name} in ${folder}: set LIGHTMEM_DEV_DATA to the folder that holds it`);
}

export interface ChildResult {
  /** What it wrote to standard output. */
  readonly output: string;
  readonly seconds: number;
  /** Largest resident memory of the child itself; null where there is no /proc. */
  readonly peakBytes: number | null;
}

/** Milliseconds between looks at a child's memory; the kernel keeps the peak, so only the last moments can be missed. */
const LOOK_MS = 50;

/** Runs a command to its end; its standard error is shown. Throws where it fails. */
export function runChild(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ChildResult> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  let [output, peakBytes] = ['', null as number | null];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const timer = setInterval(() => (peakBytes = peakOf(child.pid) ?? peakBytes), LOOK_MS);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(timer);
      const seconds = (performance.now() - started) / 1000;
      if (code === 0) resolve({ output, seconds, peakBytes });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? 'a signal'}`));
    });
  });
}

function peakOf(pid: number | undefined): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
