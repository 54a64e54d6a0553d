/** `lightmem longmemeval`: LongMemEval's own aggregates from files in its forms, and results in its form from any judge. */
import { access } from 'node:fs/promises';
import type { Command } from 'commander';
import { unscoredLines, unscoredReasons } from '../analysis/unscored.js';
import { visibleText } from '../text/visible.js';
import { readTextFile } from '../files/encoding.js';
import { UserError } from '../core/errors.js';
import {
  addEndpointOptions,
  addSpendOptions,
  judgeChoice,
  type EndpointOptions,
  type SpendOptions,
} from './chat-client.js';
import { openJudge } from '../evaluate/judges/open-judge.js';
import { JUDGES, needsModel } from '../evaluate/judges/registry.js';
import { evaluateHypotheses, type HypothesesEvaluation } from '../evaluate/longmemeval/evaluation.js';
import {
  formatAggregates,
  longMemEvalMetrics,
  rounded,
  type LongMemEvalMetrics,
} from '../evaluate/longmemeval/metrics.js';
import { officialEvaluation } from '../evaluate/longmemeval/official.js';
import { parseHypotheses, parseReferences, parseResults, toJsonLines } from '../evaluate/longmemeval/records.js';

interface EvaluateOptions extends EndpointOptions, SpendOptions {
  readonly judge: string;
  readonly model?: string;
  readonly official?: string;
  readonly python?: string;
  readonly json?: boolean;
}

/** Adds the command with its two parts. */
export function register(program: Command): void {
  const command = program.command('longmemeval');
  command
    .command('metrics')
    .description('print the aggregates of a results file in the form evaluate_qa.py writes')
    .argument('<results>', 'JSON lines with question_id and autoeval_label {model, label}')
    .argument('<reference>', "the benchmark's file of questions")
    .option('--json', 'print JSON')
    .action(printMetrics);
  const evaluateCommand = command
    .command('evaluate')
    .description('judge hypotheses; results go to standard output in the form evaluate_qa.py writes')
    .argument('<hypotheses>', 'JSON lines with question_id and hypothesis')
    .argument('<reference>', "the benchmark's file of questions")
    .option('--judge <name>', `one of ${JUDGES.join(', ')}; with --official the script's own name`, 'yes-no')
    .option('--model <name>', 'the model that judges, for llm and yes-no')
    .option('--official <path>', "run the benchmark's own evaluate_qa.py")
    .option('--python <path>', 'the Python that runs it; default python3')
    .option('--json', 'one JSON document on standard output: results and counts')
    .action(printEvaluation);
  addSpendOptions(addEndpointOptions(evaluateCommand));
}

async function printMetrics(results: string, reference: string, { json }: { json?: boolean }): Promise<void> {
  const rows = parseResults(await read(results), results);
  const references = parseReferences(await read(reference), reference);
  if (rows.length === 0) throw new UserError(`${results} holds no results: give the file that evaluate_qa.py wrote`);
  const metrics = longMemEvalMetrics(rows, references);
  process.stdout.write(json === true ? `${JSON.stringify(metrics, null, 2)}\n` : `${text(metrics)}\n`);
}

async function printEvaluation(hypotheses: string, reference: string, options: EvaluateOptions): Promise<void> {
  const answers = parseHypotheses(await read(hypotheses), hypotheses).map(({ value }) => value);
  const references = parseReferences(await read(reference), reference);
  const known = new Set(references.map(({ question_id: id }) => id));
  const judged = answers.filter(({ question_id: id }) => known.has(id));
  if (judged.length === 0) throw new UserError(`${hypotheses} answers no question of ${reference}: check question_id`);
  const { results, unscored, reasons } = await evaluate(judged, references, reference, options);
  const left = answers.length - judged.length;
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ judged: results.length, unscored, unknown: left, results })}\n`);
  else process.stdout.write(toJsonLines(results));
  process.stderr.write(`${results.length} judged, ${unscored} unscored, ${left} not in the reference\n`);
  for (const line of unscoredLines(unscoredReasons(reasons))) process.stderr.write(`${visibleText(line)}\n`);
  if (results.length === 0) process.exitCode = 1;
}

async function evaluate(
  hypotheses: Parameters<typeof evaluateHypotheses>[1],
  references: Parameters<typeof evaluateHypotheses>[2],
  referencePath: string,
  options: EvaluateOptions,
): Promise<HypothesesEvaluation> {
  const { judge: name, official, python } = options;
  if (official !== undefined) {
    const settings = { script: official, metricModel: name, hypotheses, referencePath };
    const results = await officialEvaluation({ ...settings, ...(python !== undefined && { python }) });
    return { results, unscored: hypotheses.length - results.length, reasons: [] };
  }
  if (needsModel(name) && options.model === undefined) throw new UserError(`judge "${name}" needs --model NAME`);
  const { judge, concurrency } = openJudge(judgeChoice(name, options));
  return evaluateHypotheses(judge, hypotheses, references, { concurrency });
}

function text({ published, strict, missing, unknown, repeated, judges }: LongMemEvalMetrics): string {
  const strictly = `Overall Accuracy: ${rounded(strict.overall.accuracy)} (${strict.overall.n}), Task-averaged Accuracy: ${rounded(strict.taskAveraged)}`;
  const { accuracy, n } = published.withoutAbstention;
  return [
    formatAggregates(published),
    '',
    `Without abstention: ${rounded(accuracy)} (${n})`,
    `Missing answers: ${missing}; counted as wrong: ${strictly}`,
    ...(unknown > 0 ? [`Rows left out, for the reference does not have their question: ${unknown}`] : []),
    ...(repeated > 0 ? [`Rows of questions already answered: ${repeated}`] : []),
    `Judge: ${judges.join(', ')}`,
  ].join('\n');
}

async function read(file: string): Promise<string> {
  await access(file).catch((error: unknown) => {
    throw new UserError(
      `cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}; check the path`,
    );
  });
  return readTextFile(file);
}
