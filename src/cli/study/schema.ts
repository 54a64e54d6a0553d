/** `lightmem study schema`: every key of a study file, for editors and for people. */
import type { Command } from 'commander';
import { studyJsonSchema } from '../../study/json-schema.js';
import { studyReference } from '../../study/reference.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('schema')
    .option('--markdown', 'as tables, with what each key is, accepts and has as its default')
    .action(schema);
}

function schema({ markdown }: { markdown?: boolean }): void {
  process.stdout.write(markdown === true ? studyReference() : `${JSON.stringify(studyJsonSchema(), null, 2)}\n`);
}
