/** The Python that tests of engine peft run, where there is one that has all it takes. */
import { execFileSync } from 'node:child_process';

const named = process.env['LIGHTMEM_PYTHON'];

/** Why nothing can be tested with it; undefined where it can. */
function obstacle(): string | undefined {
  if (named === undefined) return 'LIGHTMEM_PYTHON names none';
  try {
    execFileSync(named, ['-c', 'import torch, transformers, peft'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? 'it cannot be run') : String(error);
  }
}

const why = obstacle();
if (why !== undefined)
  console.warn(`SKIPPED: no Python with torch, transformers and peft (${why}): set LIGHTMEM_PYTHON to one`);

/** Whether it is there. */
export const hasPython = why === undefined;
