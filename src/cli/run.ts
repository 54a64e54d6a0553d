/** `lightmem run`: one run of a study carried out from its folder alone, as a cluster's worker does it. */
import type { Command } from 'commander';
import { unscoredLines } from '../analysis/unscored.js';
import { carryOutFolder } from '../study/carry-out.js';
import { runName } from '../study/identity.js';
import type { RunReport } from '../study/study-records.js';
import { judgingOf } from '../study/runner.js';
import { readRun, readSpec } from '../study/run-store.js';
import { parseCount } from './data-options.js';
import { Interruption, interruption } from './interrupt.js';
import { quoted } from './quoted.js';
import { Progress } from './progress.js';
import { visibleText } from '../text/visible.js';

interface Options {
  readonly threads?: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('run')
    .argument('<folder>', "the run's folder, STUDY/runs/NAME")
    .option('--threads <n>', 'threads it may use; default: as many as there are')
    .option('--json', 'one JSON document on standard output, no progress')
    .action(run);
}

/** Stages in their order, each taken for as long as the others: how long they take is not known here. */
const STAGES: Readonly<Record<RunReport['stage'], number>> = {
  loading: 0,
  training: 1,
  asking: 2,
  judging: 3,
  probing: 4,
};

async function run(folder: string, { threads, json }: Options): Promise<void> {
  const name = runName(readSpec(folder).identity);
  const progress = new Progress({ label: name, total: 5, silent: json === true });
  try {
    const result = await carryOutFolder(folder, {
      ...(threads !== undefined && { threads: parseCount('threads', threads) }),
      signal: interruption(),
      onReport: ({ stage, share }) => progress.update(STAGES[stage] + share, stage),
    });
    progress.end();
    const { answers, unscored, work } = result;
    process.stdout.write(
      json === true
        ? `${JSON.stringify({ run: name, answers, unscored, ...work })}\n`
        : visibleText(`${name}: ${answers} answers judged, ${unscored} unscored; ${workText(work)}\n`),
    );
    const outcome = judgingOf([readRun(folder)]);
    for (const line of unscoredLines(outcome.unscored)) process.stderr.write(`${visibleText(line)}\n`);
    if (outcome.silent.length > 0) process.exitCode = 1;
  } catch (error) {
    progress.end();
    if (error instanceof Interruption)
      process.stderr.write(visibleText(`stopped: what was done is kept; go on with: lightmem run ${quoted(folder)}\n`));
    throw error;
  } finally {
    progress.end();
  }
}

function workText({
  trainings,
  questions,
  judgements,
}: {
  trainings: number;
  questions: number;
  judgements: number;
}): string {
  return `done now: ${trainings} trained, ${questions} questions asked, ${judgements} answers judged`;
}
