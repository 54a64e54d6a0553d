/** `lightmem study clean`: deletes what no run of a study uses, shown and asked about first. */
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { groupBy } from '../../core/collections.js';
import { lockFolder } from '../../files/folder-lock.js';
import { readStudyRecord } from '../../study/study-record.js';
import { removeUnused, unusedFiles, type Unused, type UnusedFiles } from '../../study/unused-files.js';
import { bytesText } from '../../text/bytes.js';
import { visibleLine } from '../../text/visible.js';
import { agreed } from '../confirm.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('clean')
    .argument('<folder>', "the study's folder")
    .option('--other-runs', 'also runs that an earlier plan left in the folder, and what they alone use')
    .option('--yes', 'delete without asking')
    .option('--json', 'one JSON document on standard output; deletes nothing unless --yes stands beside it')
    .action(clean);
}

interface CleanOptions {
  readonly otherRuns?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

async function clean(folder: string, { otherRuns = false, yes = false, json = false }: CleanOptions): Promise<void> {
  readStudyRecord(folder); // else a folder that holds no study would be locked
  const lock = await lockFolder(resolve(folder));
  try {
    const unused = unusedFiles(folder, { keepsOtherRuns: !otherRuns });
    const bytes = bytesOf(unused.found);
    if (!json) for (const line of cleanLines(folder, unused)) process.stdout.write(`${line}\n`);
    const question = `${unused.found.length} things of ${bytesText(bytes)} are deleted`;
    const asked = { yes, silent: true, smaller: 'look at what is listed first' };
    const isAgreed = unused.found.length > 0 && (json ? yes : await agreed(question, true, asked));
    if (isAgreed) removeUnused(unused.found);
    if (json) process.stdout.write(`${JSON.stringify({ folder, ...unused, bytes, deleted: isAgreed })}\n`);
    else if (isAgreed) process.stdout.write(`deleted: ${bytesText(bytes)}\n`);
    else if (unused.found.length > 0) process.stdout.write('nothing was deleted\n');
  } finally {
    lock.release();
  }
}

function cleanLines(folder: string, { found, kept }: UnusedFiles): string[] {
  const lines = [...groupBy(found, ({ kind }) => kind)].flatMap(([kind, own]) => [
    `${kind}: ${own.length}, ${bytesText(bytesOf(own))}`,
    ...own.map(({ path, bytes }) => `  ${visibleLine(relative(resolve(folder), path))}  ${bytesText(bytes)}`),
  ]);
  const left = kept.map((text) => `not looked at: ${text}`);
  return found.length === 0 ? ['nothing to delete: runs use all that lies here', ...left] : [...lines, ...left];
}

function bytesOf(found: readonly Unused[]): number {
  return found.reduce((sum, { bytes }) => sum + bytes, 0);
}
