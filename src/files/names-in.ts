/** The names in a folder, read once where thousands are asked after. */
import { existsSync, readdirSync } from 'node:fs';

/** All of them; none where the folder is not there. */
export function namesIn(folder: string): ReadonlySet<string> {
  return new Set(existsSync(folder) ? readdirSync(folder) : []);
}
