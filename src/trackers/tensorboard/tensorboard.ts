/** TensorBoard's files: one of events for each run, added to as the run goes on. */
import { readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, readError } from '../../files/disk-error.js';
import { withFile } from '../../files/file-range.js';
import { addToFile, cutFile } from '../../files/grown-file.js';
import { writeWhole } from '../../files/write-whole.js';
import type { Tracker } from '../tracker.js';
import { eventsOf, lastEvent, saysTheSame } from './events.js';
import { framed, records } from './records.js';

/** Seconds since 1970, then the host, in names of files of events; these files are of no one second and host. */
const FILE = 'events.out.tfevents.0.lightmem';

/**
 * A folder of event files: `FOLDER/STUDY/RUN/events.out.tfevents…`. What a run's file has is compared with what the run's records
 * say: where it is their beginning, the rest is added; otherwise the file is replaced in one step. Throws UserError where the disk refuses.
 */
export function tensorboard(folder: string): Tracker {
  const fileOf = (study: string, run: string): string => join(folder, folderName(study), folderName(run), FILE);
  return {
    label: `TensorBoard (${folder})`,
    option: ['--tensorboard', folder],
    versions: ({ name }, runs) =>
      Promise.resolve(
        new Map(
          runs.flatMap((run) => {
            const version = versionIn(fileOf(name, run));
            return version === null ? [] : [[run, version] as const];
          }),
        ),
      ),
    publish: (run) =>
      Promise.resolve(fileOf(run.study.name, run.name)).then((path) =>
        bring(path, [...eventsOf(run)], run.version !== null),
      ),
  };
}

/** A name as one of a folder: TensorBoard reads slashes as folders. */
function folderName(name: string): string {
  return name.replace(/[^\p{L}\p{M}\p{N}_.=-]+/gu, '-').replace(/^\.+/, '') || 'study';
}

/** Has a file hold these events. A run that goes on may have fewer than were told before it was killed: then nothing is done yet. */
function bring(path: string, events: readonly Uint8Array[], hasEnded: boolean): void {
  const file = bytesIn(path);
  let [same, end] = [0, 0];
  let isOther = false;
  for (const each of records(file)) {
    const event = events[same];
    if (event === undefined || !saysTheSame(event, each.record)) {
      isOther = event !== undefined || hasEnded;
      break;
    }
    same++;
    end = each.end;
  }
  const isBehind = same === events.length && !hasEnded;
  if (isBehind) return;
  if (isOther || file.length === 0) writeWhole(path, events.map(framed));
  else {
    if (end < file.length) cutFile(path, end);
    addToFile(path, Buffer.concat(events.slice(same).map(framed)));
  }
}

function bytesIn(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    // Where a folder cannot be, writing says so.
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return Buffer.alloc(0);
    throw readError(path, error);
  }
}

const ENDING_BYTES = framed(lastEvent('0'.repeat(16), 0)).length;

/** The version that a whole file ends with; null where it is not whole, or there is none. */
function versionIn(path: string): string | null {
  const [last] = records(tailOf(path, ENDING_BYTES));
  const version = last === undefined ? undefined : /[0-9a-f]{16}/.exec(last.record.toString('latin1'))?.[0];
  if (last === undefined || version === undefined) return null;
  return saysTheSame(lastEvent(version, 0), last.record) ? version : null;
}

/** The last bytes of a file; none of one that is not there or smaller. */
function tailOf(path: string, bytes: number): Buffer {
  const tail = Buffer.alloc(bytes);
  try {
    const isRead = withFile(
      path,
      (file, size) => size >= bytes && readSync(file, tail, 0, bytes, size - bytes) === bytes,
    );
    return isRead ? tail : Buffer.alloc(0);
  } catch {
    return Buffer.alloc(0);
  }
}
