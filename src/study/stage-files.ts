/** Files that a stage left, described so that damage is seen. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileSha256 } from '../files/file-range.js';
import type { StageFiles } from './study-records.js';

/** Sizes and hashes of files by their names within a folder. */
export function describeFiles(folder: string, names: readonly string[]): StageFiles {
  const described = names.map((name) => {
    const path = join(folder, name);
    return [name, { bytes: statSync(path).size, sha256: fileSha256(path) }] as const;
  });
  return Object.fromEntries(described);
}

/** Which files' content is looked at: that of text files, quick for any number of runs, or of all, which tells of a byte changed in weights. */
export type Thoroughness = 'text' | 'all';

/** What is wrong with a folder's files beside their description; null where nothing is. */
export function damageOf(folder: string, files: StageFiles, looksAt: Thoroughness = 'text'): string | null {
  for (const [name, { bytes, sha256 }] of Object.entries(files)) {
    const path = join(folder, name);
    if (!existsSync(path)) return `${name} is gone`;
    if (statSync(path).size !== bytes) return `${name} has another size than when it was written`;
    if ((looksAt === 'all' || name.endsWith('.jsonl')) && fileSha256(path) !== sha256) return `${name} was changed`;
  }
  return null;
}
