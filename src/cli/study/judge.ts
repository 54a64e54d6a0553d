/** `lightmem study judge`: the answers that a study's folder holds, judged anew or by others. */
import type { Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { openJudge } from '../../evaluate/judges/open-judge.js';
import { JUDGES } from '../../evaluate/judges/registry.js';
import { judgeStudy } from '../../study/judge-study.js';
import { readStudy } from '../../study/stored-study.js';
import { visibleText } from '../../text/visible.js';
import {
  addEndpointOptions,
  addSpendOptions,
  judgeChoice,
  type EndpointOptions,
  type SpendOptions,
} from '../chat-client.js';
import { interruption } from '../interrupt.js';
import { Progress } from '../progress.js';
import { judgingLines } from './judging-lines.js';

interface JudgeOptions extends EndpointOptions, SpendOptions {
  readonly judge?: readonly string[];
  readonly model?: string;
  readonly unscored?: boolean;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(study: Command): void {
  const command = study
    .command('judge')
    .argument('<folder>', "the study's folder")
    .option('--judge <name...>', `who judges: ${JUDGES.join(', ')}; default: the study's judges`)
    .option('--model <name>', 'the model that judges, for llm and yes-no')
    .option('--unscored', 'only what is unscored; verdicts that were given stay')
    .option('--json', 'one JSON document on standard output, no progress')
    .action(judge);
  addSpendOptions(addEndpointOptions(command));
}

/** Judges, writes the report again, and says what became of it; exit code 1 where a judge scored nothing. */
async function judge(folder: string, options: JudgeOptions): Promise<void> {
  const { judge: names, unscored = false, json = false } = options;
  if (names === undefined && options.model !== undefined)
    throw new UserError('--model is for a judge that is named: add --judge llm or --judge yes-no');
  const judges = names?.map((name) => judgeChoice(name, options));
  for (const choice of judges ?? []) openJudge(choice); // what is missing is told before anything is done
  const progress = new Progress({ label: 'judging', total: 1, silent: json });
  const outcome = await judgeStudy(folder, {
    judging: unscored ? 'unscored' : 'anew',
    signal: interruption(),
    ...(judges && { judges }),
    onProgress: ({ done, runs, run: name }) => progress.update(done / runs, name),
  }).finally(() => progress.end());
  const { writeReport } = await import('../../study/report.js');
  const report = writeReport(readStudy(folder));
  const { judged, withoutAnswers, judgements } = outcome;
  if (json) process.stdout.write(`${JSON.stringify({ folder, report: report.path, ...outcome })}\n`);
  else {
    const without = withoutAnswers === 0 ? '' : `, ${withoutAnswers} hold no answers`;
    process.stdout.write(`${judged} runs judged${without}: ${judgements} judgements\n`);
    for (const line of judgingLines(outcome, folder)) process.stdout.write(`${visibleText(line)}\n`);
    process.stdout.write(`Report:  ${visibleText(report.path)}\n`);
  }
  if (outcome.silent.length > 0) process.exitCode = 1;
}
