/** A folder for one test file's files, removed when its tests are over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lightmem-models-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
