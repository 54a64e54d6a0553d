/** Text that no adapter of a study is trained on: what its cost to the base is measured by. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../core/errors.js';
import { generateWorld } from '../data/world/generate.js';

/** Items of the world that stand for general text where the bundled model knows nothing else. */
const WORLD = { kind: 'articles', seed: 9, items: 40, partition: 'pretraining' } as const;

/** A user's file, else what comes with lightmem: a short English text, or for the bundled model the world. Throws UserError where a file cannot be read. */
export function generalText(file: string | undefined, isBundled: boolean): string {
  if (file !== undefined) return textOf(file);
  if (!isBundled) return textOf(fileURLToPath(new URL('../../assets/general.txt', import.meta.url)));
  return generateWorld(WORLD)
    .flatMap(({ texts }) => texts.original?.text ?? [])
    .join('\n\n');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}: give a text file`);
  }
}
