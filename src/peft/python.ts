/** Which Python trains with PEFT: the user's own, or one that uv makes with the versions that the worker's script names. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../core/errors.js';

/** Names the interpreter where the study file does not. */
export const PYTHON_VARIABLE = 'LIGHTMEM_PYTHON';

/** The script that the interpreter runs. */
export const workerScript = (): string => fileURLToPath(new URL('../../assets/peft/worker.py', import.meta.url));

/** A program of the PATH; undefined where there is none of the name. */
export function onPath(name: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const names = process.platform === 'win32' ? [`${name}.exe`] : [name];
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => names.map((each) => join(folder, each))).find((path) => existsSync(path));
}

/**
 * The words of the command that starts the worker: `python`, else the interpreter that LIGHTMEM_PYTHON names, else uv. Throws
 * UserError where there is none of them.
 */
export function pythonCommand(python?: string, environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = python ?? environment[PYTHON_VARIABLE];
  if (named !== undefined && named !== '') return [named, '-u', workerScript()];
  const uv = onPath('uv', environment);
  if (uv !== undefined) return [uv, 'run', '--quiet', '--script', workerScript()];
  throw new UserError(
    `engine peft needs a Python with PyTorch, Transformers and PEFT: install uv (docs.astral.sh/uv), which fetches them, or name an interpreter that has them by ${PYTHON_VARIABLE} or engine: { kind: peft, python: … }`,
  );
}
