/** `lightmem study export`: the judged answers of a study's runs as a table for other programs. */
import { extname } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../../analysis/wording.js';
import { UserError } from '../../core/errors.js';
import { jsonLines } from '../../files/json-lines.js';
import { writeWhole } from '../../files/write-whole.js';
import { csvLines } from '../../report/export.js';
import { parquetBytes } from '../../report/parquet.js';
import { readRows } from '../../study/run-store.js';
import { readStudy } from '../../study/stored-study.js';
import { visibleLine } from '../../text/visible.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('export')
    .argument('<folder>', "the study's folder")
    .requiredOption('--out <file>', `the file to write; its ending says how: ${ENDINGS.join(', ')}`)
    .option('--json', 'one JSON document on standard output about what was written')
    .action(write);
}

const ENDINGS = ['.csv', '.jsonl', '.parquet'] as const;
type Ending = (typeof ENDINGS)[number];

async function write(folder: string, { out, json }: { out: string; json?: boolean }): Promise<void> {
  const ending = endingOf(out);
  const { runs } = readStudy(folder);
  const done = runs.filter(({ status }) => status === 'done');
  if (done.length === 0)
    throw new UserError(`${folder}: no run is done, so there is no answer to export: carry the study out first`);
  const rows = done.flatMap(readRows);
  if (ending === '.csv') writeWhole(out, csvLines(rows));
  else if (ending === '.jsonl') writeWhole(out, jsonLines(rows));
  else writeWhole(out, await parquetBytes(rows));
  const left = runs.length - done.length;
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ out, rows: rows.length, runs: done.length, runsLeftOut: left })}\n`);
    return;
  }
  const missing = left === 0 ? '' : `; ${counted(left, 'run')} not done, which ${left === 1 ? 'has' : 'have'} none`;
  process.stdout.write(
    visibleLine(`${out}: ${counted(rows.length, 'row')} of ${counted(done.length, 'run')}${missing}`) + '\n',
  );
}

function endingOf(out: string): Ending {
  const ending = extname(out).toLowerCase();
  const found = ENDINGS.find((each) => each === ending);
  if (found === undefined) throw new UserError(`invalid --out "${out}": use a name that ends in ${ENDINGS.join(', ')}`);
  return found;
}
