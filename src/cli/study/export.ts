/** `lightmem study export`: the judged answers of a study's runs as a table for other programs, and the runs for trackers. */
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
import { readStudyRecord } from '../../study/study-record.js';
import { track as trackSchema, type MlflowConfig } from '../../study/track-config.js';
import { publishStudy } from '../../study/tracking/publish.js';
import { visibleLine } from '../../text/visible.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('export')
    .argument('<folder>', "the study's folder")
    .option('--out <file>', `the file to write; its ending says how: ${ENDINGS.join(', ')}`)
    .option('--tensorboard <folder>', 'where files of events are written, one for each run')
    .option('--mlflow [address]', 'a server that is told the runs; default: MLFLOW_TRACKING_URI')
    .option('--json', 'one JSON document on standard output about what was written')
    .action(exportStudy);
}

const ENDINGS = ['.csv', '.jsonl', '.parquet'] as const;
type Ending = (typeof ENDINGS)[number];

interface ExportOptions {
  readonly out?: string;
  readonly tensorboard?: string;
  /** True without an address. */
  readonly mlflow?: string | true;
  readonly json?: boolean;
}

async function exportStudy(folder: string, { out, tensorboard, mlflow, json }: ExportOptions): Promise<void> {
  if (out === undefined && tensorboard === undefined && mlflow === undefined)
    throw new UserError('nowhere to export to: give --out FILE, --tensorboard FOLDER or --mlflow [ADDRESS]');
  const table = out === undefined ? null : await writeTable(folder, out);
  const track = {
    ...(tensorboard !== undefined && { tensorboard }),
    ...(mlflow !== undefined && { mlflow: mlflowOf(folder, mlflow) }),
  };
  const trackers = Object.keys(track).length === 0 ? [] : await publishStudy(folder, track);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ ...table, ...(trackers.length > 0 && { trackers }) })}\n`);
    return;
  }
  const lines = trackers.map(({ tracker, runs }) => `${tracker}: ${counted(runs, 'run')}`);
  for (const line of [...(table === null ? [] : [tableText(table)]), ...lines])
    process.stdout.write(`${visibleLine(line)}\n`);
}

/** The server that is named here, and the experiment that the study file names. Throws UserError where the address cannot be one. */
function mlflowOf(folder: string, given: string | true): MlflowConfig {
  const { success, data } = trackSchema.safeParse(readStudyRecord(folder).config['track']);
  const experiment = success ? data.mlflow?.experiment : undefined;
  return { ...(given !== true && { uri: given }), ...(experiment !== undefined && { experiment }) };
}

interface WrittenTable {
  readonly out: string;
  readonly rows: number;
  readonly runs: number;
  readonly runsLeftOut: number;
}

async function writeTable(folder: string, out: string): Promise<WrittenTable> {
  const ending = endingOf(out);
  const { runs } = readStudy(folder);
  const done = runs.filter(({ status }) => status === 'done');
  if (done.length === 0)
    throw new UserError(`${folder}: no run is done, so there is no answer to export: carry the study out first`);
  const rows = done.flatMap(readRows);
  if (ending === '.csv') writeWhole(out, csvLines(rows));
  else if (ending === '.jsonl') writeWhole(out, jsonLines(rows));
  else writeWhole(out, await parquetBytes(rows));
  return { out, rows: rows.length, runs: done.length, runsLeftOut: runs.length - done.length };
}

function tableText({ out, rows, runs, runsLeftOut: left }: WrittenTable): string {
  const missing = left === 0 ? '' : `; ${counted(left, 'run')} not done, which ${left === 1 ? 'has' : 'have'} none`;
  return `${out}: ${counted(rows, 'row')} of ${counted(runs, 'run')}${missing}`;
}

function endingOf(out: string): Ending {
  const ending = extname(out).toLowerCase();
  const found = ENDINGS.find((each) => each === ending);
  if (found === undefined) throw new UserError(`invalid --out "${out}": use a name that ends in ${ENDINGS.join(', ')}`);
  return found;
}
