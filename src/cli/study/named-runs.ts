/** Runs of a study by their names, or by enough of them. */
import { UserError } from '../../core/errors.js';
import { visibleLine } from '../../text/visible.js';
import { quoted } from '../quoted.js';

/** The one folder's name that begins so. Throws UserError where none does, or more than one and none is the whole of it. */
export function runNamed(folder: string, names: readonly string[], beginning: string): string {
  const found = runsNamed(folder, names, beginning);
  const [name = ''] = found;
  if (found.length > 1 && !found.includes(beginning))
    throw new UserError(`"${beginning}" is not one run: ${found.map(visibleLine).join(', ')}`);
  return found.includes(beginning) ? beginning : name;
}

/** All folders' names that begin so. Throws UserError where none does. */
export function runsNamed(folder: string, names: readonly string[], beginning: string): string[] {
  const found = names.filter((name) => name.startsWith(beginning));
  if (found.length > 0) return found;
  throw new UserError(
    `no run "${beginning}" in ${folder}: lightmem study list ${quoted(folder)} --json names them all as "id"`,
  );
}
