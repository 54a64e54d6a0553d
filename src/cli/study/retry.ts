/** `lightmem study retry`: forgets that runs failed, so that the next study run shows and counts them as waiting and carries them out anew. */
import type { Command } from 'commander';
import { counted } from '../../analysis/wording.js';
import { retryRuns } from '../../study/retry-runs.js';
import { readStudyRecord } from '../../study/study-record.js';
import { visibleLine, visibleText } from '../../text/visible.js';
import { runsNamed } from './named-runs.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('retry')
    .argument('<folder>', "the study's folder")
    .argument('[run...]', 'runs by their names, or enough of them; default: all that failed')
    .option('--json', 'one JSON document on standard output')
    .action(retry);
}

async function retry(folder: string, runs: readonly string[], { json }: { json?: boolean }): Promise<void> {
  const { command, runs: names } = readStudyRecord(folder);
  const asked = runs.length === 0 ? undefined : runs.flatMap((run) => runsNamed(folder, names, run));
  const { forgotten, waiting } = await retryRuns(folder, asked);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ folder, forgotten, waiting, command })}\n`);
    return;
  }
  const lines = forgotten.map(({ run, message }) => `forgotten: ${visibleLine(`${run}: ${message}`)}`);
  const next = `${counted(waiting.length, 'run')} would be carried out by: ${visibleText(command)}`;
  process.stdout.write(
    `${[...(lines.length === 0 ? ['no run failed'] : lines), ...(waiting.length === 0 ? [] : [next])].join('\n')}\n`,
  );
}
