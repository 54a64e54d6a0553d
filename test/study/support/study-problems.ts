/** What is said of a study file that cannot be used. */
import { UserError } from '../../../src/core/errors.js';
import { parseStudy } from '../../../src/study/config-file.js';

/** The lines of the refusal, without its heading; none of a file that is taken. */
export function problems(source: string): string[] {
  try {
    parseStudy(source, 'x.yaml');
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}
