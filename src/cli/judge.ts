/** `lightmem judge`: judges answers of a file, whoever made them; verdicts go to standard output, what they amount to beside it. */
import { access } from 'node:fs/promises';
import type { Command } from 'commander';
import { silentJudges, unscoredLines, unscoredReasons } from '../analysis/unscored.js';
import { readTextFile } from '../files/encoding.js';
import { UserError } from '../core/errors.js';
import type { Row, Verdict } from '../core/records.js';
import type { KappaEstimate, MeanEstimate } from '../core/statistics.js';
import { parseAnswers, type FileAnswer } from '../evaluate/judged-file.js';
import { kinshipWarning } from '../evaluate/families.js';
import { judgeAnswers } from '../evaluate/judge-answers.js';
import { judgeLabel, openJudge, type JudgeChoice, type Spent } from '../evaluate/judges/open-judge.js';
import { CORRECT_FROM, unscored } from '../evaluate/judges/contract.js';
import { JUDGES, needsModel } from '../evaluate/judges/registry.js';
import { agreement, judgeNoise, metrics, type Judged } from '../evaluate/metrics.js';
import { rowOf } from '../evaluate/rows.js';
import { VerdictLog } from '../evaluate/verdict-log.js';
import type { SpendTotals } from '../llm/spend/spend.js';
import { visibleText } from '../text/visible.js';
import {
  addEndpointOptions,
  addSpendOptions,
  judgeChoice,
  type EndpointOptions,
  type SpendOptions,
} from './chat-client.js';

interface Options extends EndpointOptions, SpendOptions {
  readonly judge: readonly string[];
  readonly model?: string;
  readonly repeats: string;
  readonly log?: string;
  readonly json?: boolean;
}

/** A judge's verdicts: one list per repeat, in the file's order. */
interface Judgement {
  readonly judge: string;
  readonly repeats: readonly (readonly Verdict[])[];
}

/** Adds the command. */
export function register(program: Command): void {
  const command = program
    .command('judge')
    .argument('<file>', 'answers as JSON lines')
    .requiredOption('--judge <name...>', `one judge or several: ${JUDGES.join(', ')}`)
    .option('--model <name>', 'the model that judges, for llm and yes-no')
    .option('--repeats <n>', 'judge every answer so often, to measure the noise of the judge itself', '1')
    .option('--log <file>', 'keep verdicts here and go on from those it holds')
    .option('--json', 'one JSON document on standard output: what each judge comes to, and all rows')
    .action(run);
  addSpendOptions(addEndpointOptions(command));
}

async function run(file: string, options: Options): Promise<void> {
  const repeats = wholeNumber(options.repeats);
  if (options.judge.some(needsModel) && options.model === undefined)
    throw new UserError('no judge model: give --model NAME, or use --judge lexical, which needs none');
  const choices = options.judge.map((name) => judgeChoice(name, options));
  for (const choice of choices) openJudge(choice); // unknown names first
  const answers = parseAnswers(await readAnswers(file), file);
  if (answers.length === 0) throw new UserError(`${file} holds no answers: give one JSON object a line`);
  if (options.model !== undefined) warnOfKin(options.model, answers);
  const log = options.log === undefined ? undefined : await VerdictLog.open(options.log);
  const judgements: Judgement[] = [];
  for (const choice of choices) judgements.push(await judgeFile(choice, { answers, repeats, log }));
  const rows = judgements.flatMap((judgement) => rowsOf(answers, judgement));
  if (options.json === true) {
    const judges = judgements.map(({ judge, repeats: [first = []] }) => ({
      judge,
      ...metrics(judgedBy(answers, first)),
    }));
    process.stdout.write(`${JSON.stringify({ file, judges, unscored: unscoredReasons(rows), rows })}\n`);
  } else {
    process.stdout.write(verdictLines(answers, judgements).join(''));
    process.stderr.write(summary(answers, judgements).join('\n') + '\n');
  }
  for (const line of unscoredLines(unscoredReasons(rows))) process.stderr.write(`${visibleText(line)}\n`);
  if (silentJudges(rows).length > 0) process.exitCode = 1;
}

/** Warns where the model that judges is of one family with models that answered, as far as the file names them. */
function warnOfKin(judge: string, answers: readonly FileAnswer[]): void {
  const models = new Set(answers.flatMap(({ model }) => model ?? []));
  for (const model of models) {
    const warning = kinshipWarning(judge, model);
    if (warning !== null) process.stderr.write(`warning: ${visibleText(warning)}\n`);
  }
}

interface JudgeWork {
  readonly answers: readonly FileAnswer[];
  readonly repeats: number;
  readonly log: VerdictLog | undefined;
}

async function judgeFile(choice: JudgeChoice, { answers, repeats, log }: JudgeWork): Promise<Judgement> {
  const verdicts: Verdict[][] = [];
  let spent: Spent = { promptTokens: 0, completionTokens: 0, cost: 0 };
  for (let repeat = 0; repeat < repeats; repeat++) {
    const { judge, concurrency, chat } = openJudge(choice, { repeat, spent });
    const records = answers.map(({ record }) => record);
    verdicts.push(await judgeAnswers(judge, records, { concurrency, ...(log !== undefined && { log }) }));
    await chat?.drain();
    if (chat !== null) spent = sumOf(spent, chat.spend.totals);
  }
  return { judge: judgeLabel(choice), repeats: verdicts };
}

function sumOf(a: Spent, b: SpendTotals): Spent {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    cost: a.cost + (b.cost ?? 0),
  };
}

/** One row a judge and answer, its `id` first. */
function verdictLines(answers: readonly FileAnswer[], judgements: readonly Judgement[]): string[] {
  return judgements.flatMap((judgement) =>
    rowsOf(answers, judgement).map((row, i) => `${JSON.stringify({ id: answers[i]?.id, ...row })}\n`),
  );
}

/** The rows of a judge's first verdicts, in the answers' order. */
function rowsOf(answers: readonly FileAnswer[], { judge, repeats: [verdicts = []] }: Judgement): Row[] {
  return answers.map(({ record, place }, i) =>
    rowOf({ place, judge, record, verdict: verdicts[i] ?? unscored('not judged') }),
  );
}

function summary(answers: readonly FileAnswer[], judgements: readonly Judgement[]): string[] {
  const named = judgements.map(({ judge, repeats: [verdicts = []] }) => ({
    judge,
    judged: judgedBy(answers, verdicts),
  }));
  const recorded = { judge: 'recorded scores', judged: answers.map(recordedScore) };
  const compared = answers.some((answer) => answer.recorded !== null) ? [...named, recorded] : named;
  return [
    ...named.map(({ judge, judged }) => scoreLine(judge, judged)),
    ...judgements.filter(({ repeats }) => repeats.length > 1).map(noiseLine),
    ...compared.flatMap((a, i) =>
      compared.slice(i + 1).map((b) => agreementLine(`${a.judge} and ${b.judge}`, agreement(a.judged, b.judged))),
    ),
  ];
}

function judgedBy(answers: readonly FileAnswer[], verdicts: readonly Verdict[]): Judged[] {
  return answers.flatMap(({ id, record: { item, abstention } }, i) => {
    const verdict = verdicts[i];
    if (verdict === undefined) return [];
    const isScored = verdict.status === 'scored';
    const marks = { score: isScored ? verdict.score : null, correct: isScored ? verdict.correct : null };
    return [{ item, question: String(id), abstention, ...marks }];
  });
}

function recordedScore({ id, record: { item, abstention }, recorded: score }: FileAnswer): Judged {
  return { item, question: String(id), abstention, score, correct: score === null ? null : score >= CORRECT_FROM };
}

function scoreLine(judge: string, judged: readonly Judged[]): string {
  const { score, accuracy, n, unscored: missing } = metrics(judged);
  return `${judge}: ${n} answers, ${missing} unscored, mean score ${shown(score, 1)}, correct ${shown(accuracy, 100)} %`;
}

function noiseLine({ judge, repeats }: Judgement): string {
  const { n, standardDeviation, changed } = judgeNoise(repeats);
  if (n === 0) return `${judge}: own noise unknown: no answer was scored twice`;
  return `${judge}: own noise over ${repeats.length} repeats of ${n} answers: standard deviation ${standardDeviation.toFixed(3)} points, ${(100 * changed).toFixed(1)} % not always the same`;
}

function agreementLine(pair: string, { kappa, low, high, n }: KappaEstimate): string {
  return `${pair}: weighted kappa ${withInterval(kappa, low, high, 3)} on ${n} answers`;
}

function shown({ mean, low, high }: MeanEstimate, factor: number): string {
  return withInterval(factor * mean, factor * low, factor * high, factor === 1 ? 3 : 1);
}

/** `0.73 [0.70, 0.76]`; without the interval where it is unknown, a dash where there is no value. */
function withInterval(value: number, low: number, high: number, digits: number): string {
  const [middle, from, to] = [value, low, high].map((each) => each.toFixed(digits).replace(/^-(0\.?0*)$/, '$1'));
  if (Number.isNaN(value)) return '–';
  return Number.isNaN(low) ? `${middle}` : `${middle} [${from}, ${to}]`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100)
    throw new UserError(`invalid repeats "${text}": use an integer from 1 to 100`);
  return value;
}

async function readAnswers(file: string): Promise<string> {
  await access(file).catch((error: unknown) => {
    throw new UserError(
      `cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}; give a file of JSON lines`,
    );
  });
  return readTextFile(file);
}
