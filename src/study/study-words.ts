/** What reading a data set advises, in a study file's words: a study has no options for columns, format and encoding. */
import { UserError, UserErrors } from '../core/errors.js';

/** The keys of a data set in the study file in place of the options that other commands have. */
export function inStudyWords(text: string): string {
  return text
    .replace(/--column (\S+?)=("[^"]*"|[^\s;,)]+)(?: (?:takes it instead))?/g, 'columns: { $1: $2 } in the study file')
    .replace(/--(format|encoding) says/g, '"$1" says')
    .replace(/--(format|encoding) ([\w-]+)(?! in the study)/g, '$1: $2 in the study file')
    .replace(/--(format|encoding)/g, '"$1" in the study file');
}

/** Carries out a reading; what it throws speaks of the study file. */
export async function toldInStudyWords<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserErrors)
      throw new UserErrors(inStudyWords(error.heading), error.problems.map(inStudyWords));
    if (error instanceof UserError) throw new UserError(inStudyWords(error.message), { cause: error.cause });
    throw error;
  }
}
