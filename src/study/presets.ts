/** Studies by name: the files of `examples/`, which come with the package and can be read, copied and changed. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../core/nearest.js';
import { UserError } from '../core/errors.js';
import { readStudyFile, type Change } from './config-file.js';
import type { StudyConfig } from './config.js';

const FOLDER = fileURLToPath(new URL('../../examples', import.meta.url));
const ENDING = '.yaml';

/** Their names, e.g. `experiment-a`. */
export function presetNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => basename(name, ENDING))
    .sort();
}

/** The study of a name. */
export function presetStudy(name: string, changes: readonly Change[] = []): StudyConfig {
  return readStudyFile(join(FOLDER, `${name}${ENDING}`), changes);
}

/** A study by its file, else by its name, with some keys changed. Throws UserError where neither is, UserErrors with every problem of a file. */
export function namedStudy(fileOrName: string, changes: readonly Change[] = []): StudyConfig {
  if (existsSync(fileOrName) || /[./\\]/.test(fileOrName)) return readStudyFile(fileOrName, changes);
  const names = presetNames();
  if (names.includes(fileOrName)) return presetStudy(fileOrName, changes);
  throw new UserError(`no such file, and no study of the name "${fileOrName}"${didYouMean(fileOrName, names)}`);
}
