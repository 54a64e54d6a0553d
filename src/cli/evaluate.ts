/** `lightmem evaluate`: a model, with or without an adapter, asked all questions of a data set and judged. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import { parseLevel, type Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import type { MeanEstimate } from '../core/statistics.js';
import { loadAll } from '../data/load.js';
import { answerQuestions } from '../evaluate/answer.js';
import { judgeAll } from '../evaluate/judging.js';
import { JUDGES } from '../evaluate/judges.js';
import { metrics, type Metrics } from '../evaluate/metrics.js';
import { bundledModelPath, loadModel } from '../models/load.js';
import { PromptRenderer } from '../models/prompt.js';
import { runJudge } from '../study/run-judge.js';
import { askedSamples } from '../study/samples.js';
import { addDataOptions, loadOptions, parseCount, reportLines, type DataOptions } from './data-options.js';
import { Progress } from './progress.js';

interface Options extends DataOptions {
  readonly model?: string;
  readonly adapter?: string;
  readonly book: string;
  readonly level: string;
  readonly judge: string;
  readonly judgeModel?: string;
  readonly endpoint?: string;
  readonly maxTokens: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  addDataOptions(
    program
      .command('evaluate')
      .description('ask a model all questions of a data set, open or closed book, and judge the answers')
      .argument('<file>', 'data set: items with questions'),
  )
    .option('--model <path>', 'Hugging Face folder or GGUF file; default: the bundled model')
    .option('--adapter <folder>', 'a PEFT adapter of that model')
    .option('--book <open|closed>', 'whether the text is shown with the question', 'open')
    .option('--level <name>', 'which text is shown, in open book', 'original')
    .option('--judge <name>', `one of ${JUDGES.join(', ')}`, 'lexical')
    .option('--judge-model <name>', 'the model that judges, for llm and yes-no')
    .option('--endpoint <url>', "OpenAI-compatible address of the judge's model")
    .option('--max-tokens <n>', 'longest answer in tokens', '48')
    .option('--out <file>', 'answers and verdicts as JSON lines')
    .option('--json', 'one JSON document on standard output')
    .action(run);
}

function levelOf(options: Options): Level | 'none' {
  if (options.book === 'closed') return 'none';
  if (options.book === 'open') return parseLevel(options.level);
  throw new UserError(`invalid --book "${options.book}": use open or closed`);
}

function refuseMissing(items: readonly Item[], level: Level | 'none', file: string): void {
  if (items.every((item) => item.questions.length === 0)) throw new UserError(`${file} has no questions to ask`);
  const without = level === 'none' ? undefined : items.find((item) => item.texts[level] === undefined);
  if (without)
    throw new UserError(
      `${file}: item "${without.id}" has no text at level ${level}: compress it first, or choose another level`,
    );
}

const share = ({ mean, low, high }: MeanEstimate, digits: number, factor = 1): string =>
  `${(factor * mean).toFixed(digits)} (${(factor * low).toFixed(digits)} to ${(factor * high).toFixed(digits)})`;

function lines(result: Metrics): string[] {
  const { score, accuracy, n, unscored } = result;
  return [
    `score     ${share(score, 2)} of 1 to 5`,
    `correct   ${share(accuracy, 1, 100)} %`,
    `answers   ${n} of ${score.clusters} items, ${unscored} unscored; intervals at 95 %, clustered by item`,
  ];
}

async function run(file: string, options: Options): Promise<void> {
  const level = levelOf(options);
  const maxNewTokens = parseCount('max-tokens', options.maxTokens);
  const { judge, concurrency } = runJudge({
    name: options.judge,
    ...(options.judgeModel === undefined ? {} : { model: options.judgeModel }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
  });
  const { items, report } = await loadAll(file, loadOptions(options));
  for (const line of reportLines(report)) process.stderr.write(`${line}\n`);
  refuseMissing(items, level, file);
  const model = loadModel(options.model ?? bundledModelPath());
  const samples = new PromptRenderer(model).tokenize(
    askedSamples(items, level),
    model.config.maxPositions - maxNewTokens,
  );
  const progress = new Progress({
    label: 'asking',
    total: samples.length,
    unit: 'questions',
    silent: options.json === true,
  });
  const answers = await answerQuestions({
    model,
    adapter: options.adapter ?? null,
    samples,
    settings: { maxNewTokens, temperature: 0, seed: 0, stop: [] },
    onProgress: (done) => {
      progress.update(done);
    },
  });
  progress.end();
  const asked = items.flatMap((item) => item.questions.map((question) => ({ item, question })));
  const inputs = asked.map(({ question }, i) => ({
    question: question.testPrompt ?? question.prompt,
    type: question.type,
    reference: question.answers[0] ?? '',
    answers: question.answers,
    answer: answers[i]?.text ?? '',
    abstention: question.abstention === true,
    ...(question.subject === undefined ? {} : { subject: question.subject }),
  }));
  const verdicts = await judgeAll(judge, inputs, { concurrency });
  const judged = asked.flatMap(({ item, question }, i) => {
    const verdict = verdicts[i];
    return verdict ? [{ item: item.id, question: question.id, verdict, abstention: question.abstention === true }] : [];
  });
  const result = metrics(judged);
  if (options.out !== undefined) {
    const records = judged.map(({ item, question, verdict }, i) => ({
      item,
      question,
      prompt: inputs[i]?.question,
      reference: inputs[i]?.reference,
      answer: inputs[i]?.answer,
      verdict,
      contextTruncated: samples[i]?.contextTruncated ?? false,
    }));
    writeFileSync(options.out, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }
  if (options.json)
    process.stdout.write(`${JSON.stringify({ file, book: options.book, level, judge: judge.name, ...result })}\n`);
  else process.stdout.write(`${lines(result).join('\n')}\n`);
}
