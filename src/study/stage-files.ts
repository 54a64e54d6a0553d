/** Files that a stage left, described so that damage is seen. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageFiles } from './study-records.js';

/** Sizes and hashes of files by their names within a folder. */
export async function describeFiles(folder: string, names: readonly string[]): Promise<StageFiles> {
  const described = names.map(async (name) => {
    const path = join(folder, name);
    return [name, { bytes: statSync(path).size, sha256: await hashFile(path) }] as const;
  });
  return Object.fromEntries(await Promise.all(described));
}

/** What is wrong with a folder's files beside their description; null where nothing is. Content is looked at in text files alone. */
export function damageOf(folder: string, files: StageFiles): string | null {
  for (const [name, { bytes, sha256 }] of Object.entries(files)) {
    const path = join(folder, name);
    if (!existsSync(path)) return `${name} is gone`;
    if (statSync(path).size !== bytes) return `${name} has another size than when it was written`;
    if (name.endsWith('.jsonl') && hashBytes(readFileSync(path)) !== sha256) return `${name} was changed`;
  }
  return null;
}

async function hashFile(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}

function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
