/** Files that only a developer's machine has; tests that need an absent one are skipped, and say so. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

function found(what: string, path: string, variable: string): string | undefined {
  if (existsSync(path)) return path;
  console.warn(`SKIPPED: tests on ${what}: ${path} is absent (set ${variable})`);
  return undefined;
}

/** SmolLM2-135M-Instruct as GGUF (Q4_1). */
export const smollm2Path = (): string | undefined =>
  found(
    'SmolLM2-135M-Instruct',
    process.env['LIGHTMEM_TEST_MODEL'] ?? join(homedir(), '.cache', 'lightmem-dev', 'SmolLM2-135M-Instruct.Q4_1.gguf'),
    'LIGHTMEM_TEST_MODEL',
  );

/** 150 WikiUpdate articles with recorded compressions. */
export const wikiUpdatePath = (): string | undefined =>
  found(
    'WikiUpdate',
    join(
      process.env['LIGHTMEM_DEV_DATA'] ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url)),
      'wikiupdate-150.json',
    ),
    'LIGHTMEM_DEV_DATA',
  );
