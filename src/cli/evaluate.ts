/** `lightmem evaluate`: a model asked all questions of a data set and judged, be it local, with an adapter, or behind an endpoint. */
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Command } from 'commander';
import { silentJudges, unscoredLines, unscoredReasons } from '../analysis/unscored.js';
import { distinct } from '../core/collections.js';
import { UserError } from '../core/errors.js';
import { parseLevel, type Level } from '../core/levels.js';
import type { AnswerRecord, GridPlace, Item, Row, Verdict } from '../core/records.js';
import { loraScale, type LoraSettings } from '../core/settings.js';
import type { MeanEstimate } from '../core/statistics.js';
import { loadAll } from '../data/load.js';
import { answerItems } from '../evaluate/answer-items.js';
import { AnswerLog } from '../evaluate/answer-log.js';
import { kinshipWarning } from '../evaluate/families.js';
import { judgeAnswers } from '../evaluate/judge-answers.js';
import { scored, unscored } from '../evaluate/judges/contract.js';
import { openJudge } from '../evaluate/judges/open-judge.js';
import { JUDGES, needsModel } from '../evaluate/judges/registry.js';
import { formatAggregates, longMemEvalMetrics, type LongMemEvalMetrics } from '../evaluate/longmemeval/metrics.js';
import { officialEvaluation } from '../evaluate/longmemeval/official.js';
import { parseReferences, type EvaluationResult, type Hypothesis } from '../evaluate/longmemeval/records.js';
import { metrics, type Metrics } from '../evaluate/metrics.js';
import { endpointModel, localModel, type Respondent } from '../evaluate/respondent.js';
import { rowOf } from '../evaluate/rows.js';
import { VerdictLog } from '../evaluate/verdict-log.js';
import { jsonLines } from '../files/json-lines.js';
import { writeWhole } from '../files/write-whole.js';
import { ChatEndpoint } from '../llm/endpoint.js';
import { endpointSettings } from '../llm/settings.js';
import { readAdapter } from '../models/adapter/adapter.js';
import { loadModel } from '../models/load.js';
import { markedPrompt } from '../models/text/prompt.js';
import { judgeChoice, type EndpointOptions, type SpendOptions } from './chat-client.js';
import { addDataOptions, loadOptions, parseCount, reportLines, type DataOptions } from './data-options.js';
import { addDeviceOption, deviceFor } from './device.js';
import { MODEL_HELP, openModel } from './open-model.js';
import { Progress } from './progress.js';
import { visibleText } from '../text/visible.js';

interface Options extends DataOptions, Omit<SpendOptions, 'maxTokens'>, EndpointOptions {
  readonly model?: string;
  readonly adapter?: string;
  readonly modelEndpoint?: string;
  readonly rawPrompts?: string;
  readonly book: string;
  readonly level: string;
  readonly judge?: string;
  readonly judgeModel?: string;
  readonly modelEndpointName?: string;
  readonly maxJudgeTokens?: string;
  readonly official?: string;
  readonly python?: string;
  readonly maxTokens: string;
  readonly log?: string;
  readonly device?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** The judge that `--official` asks the benchmark's script for, where none is named. */
const OFFICIAL_JUDGE = 'gpt-4o';

/** Adds the command. */
export function register(program: Command): void {
  const command = addDataOptions(program.command('evaluate').argument('<file>', 'data set: items with questions'))
    .option('--model <path>', `${MODEL_HELP}; with --model-endpoint, the name there; default: the bundled model`)
    .option('--adapter <folder>', 'a PEFT adapter of that model')
    .option('--model-endpoint <url>', 'OpenAI-compatible address (vLLM, Ollama) that serves the model')
    .option(
      '--raw-prompts <path>',
      'send that address whole prompts, rendered by the template of the model at this path',
    )
    .option('--model-endpoint-name <name>', 'tells it from another one at that address under the same model name')
    .option('--book <open|closed>', 'whether the text is shown with the question', 'open')
    .option('--level <name>', 'which text is shown, in open book', 'original')
    .option(
      '--judge <name>',
      `one of ${JUDGES.join(', ')}; default lexical; with --official the script's own name, default ${OFFICIAL_JUDGE}`,
    )
    .option('--judge-model <name>', 'the model that judges, for llm and yes-no')
    .option('--endpoint <url>', "OpenAI-compatible address of the judge's model")
    .option('--endpoint-name <name>', 'tells it from another one at that address under the same model name')
    .option('--no-cache', 'keep no replies of endpoints and look none up (see lightmem cache)')
    .option('--price-input <amount>', "price of a million prompt tokens of the judge's model")
    .option('--price-output <amount>', 'price of a million of its reply tokens')
    .option('--max-cost <amount>', 'most to spend on the judge; needs the prices')
    .option('--max-judge-tokens <n>', 'most tokens to spend on the judge, prompts and replies together')
    .option('--official <path>', "judge with LongMemEval's own evaluate_qa.py, for a LongMemEval file")
    .option('--python <path>', 'the Python that runs it; default python3')
    .option('--max-tokens <n>', 'longest answer in tokens', '48')
    .option('--log <folder>', 'keep answers and verdicts here as they come, and go on from those it holds')
    .option('--out <file>', 'answers and verdicts as JSON lines')
    .option('--json', 'one JSON document on standard output')
    .action(run);
  addDeviceOption(command);
}

async function run(file: string, options: Options): Promise<void> {
  const level = levelOf(options);
  const maxNewTokens = parseCount('max-tokens', options.maxTokens);
  const judging = judgingOf(options);
  const { model, lora } = await respondentOf(options);
  const kinship = kinshipWarning(judging.modelName, model.name);
  if (kinship !== null) process.stderr.write(`warning: ${kinship}\n`);
  const { items, report } = await loadAll(file, loadOptions(options));
  for (const line of reportLines(report)) process.stderr.write(`${line}\n`);
  refuseMissing(items, level, file);
  const records = await ask(model, items, options, { level, maxNewTokens });
  const { verdicts, longMemEval } = await judging.judge(file, records);
  const place = {
    ...placeOf(model, file, level, options),
    rank: lora?.rank ?? 0,
    scale: lora === null ? 0 : loraScale(lora),
  };
  const rows = records.map((record, i) =>
    rowOf({ place, judge: judging.name, record, verdict: verdicts[i] ?? unscored('not judged') }),
  );
  if (options.out !== undefined) writeWhole(options.out, jsonLines(rows));
  const result = metrics(rows);
  if (options.json === true) {
    const printed = { file, model: model.name, book: options.book, level, judge: judging.name, ...result };
    process.stdout.write(`${JSON.stringify({ ...printed, ...(longMemEval && { longMemEval }) })}\n`);
  } else {
    const aggregates = longMemEval === undefined ? [] : [formatAggregates(longMemEval.published)];
    process.stdout.write(`${[...lines(result, records), ...unscoredNotes(rows), ...aggregates].join('\n')}\n`);
  }
  if (silentJudges(rows).length > 0) process.exitCode = 1;
}

/** Where the answers belong in a grid, but for rank and scale. */
function placeOf(
  model: Respondent,
  file: string,
  level: Level | 'none',
  { adapter, book }: Options,
): Omit<GridPlace, 'rank' | 'scale'> {
  return {
    run: adapter === undefined ? model.name : `${model.name} with ${adapter}`,
    dataset: basename(file, extname(file)),
    book: book === 'closed' ? 'closed' : 'open',
    level,
    items: 0,
    seed: 0,
  };
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

/** Who answers, and the settings of its adapter where it has one; throws UserError where options contradict each other. */
async function respondentOf(options: Options): Promise<{ model: Respondent; lora: LoraSettings | null }> {
  const { model, adapter, modelEndpoint: baseUrl, rawPrompts } = options;
  if (baseUrl === undefined) {
    if (rawPrompts !== undefined) throw new UserError('--raw-prompts is for a served model: give --model-endpoint URL');
    const device = await deviceFor(options.device);
    const loaded = await openModel(model, options.json);
    const lora = adapter === undefined ? null : readAdapter(adapter, loaded.config).lora;
    return { model: localModel(loaded, { adapter: adapter ?? null, device }), lora };
  }
  if (options.device !== undefined)
    throw new UserError('--device is for a local model: what an endpoint computes on is its own affair');
  if (adapter !== undefined)
    throw new UserError('--adapter is for a local model: name an adapter that the endpoint serves with --model');
  if (model === undefined) throw new UserError('no model to ask: name what the endpoint serves with --model NAME');
  return { model: servedModel({ model, baseUrl, ...namedEndpoint(options) }, rawPrompts), lora: null };
}

function namedEndpoint({ modelEndpointName: endpointName, cache }: Options) {
  return { ...(endpointName !== undefined && { endpointName }), ...(!cache && { cacheFolder: null }) };
}

/** A model behind an endpoint, sent messages, or whole prompts by the template of the model at a path. */
function servedModel(given: Parameters<typeof endpointSettings>[0], rawPrompts: string | undefined): Respondent {
  if (rawPrompts === undefined) return endpointModel(new ChatEndpoint(endpointSettings(given)));
  const model = loadModel(rawPrompts);
  const settings = endpointSettings({ ...given, prompts: 'raw' });
  return endpointModel(new ChatEndpoint(settings), {
    render: (messages) => model.tokenizer.brokenApart(markedPrompt(model, messages)),
    stop: [model.template.endOfTurn],
  });
}

async function ask(
  model: Respondent,
  items: readonly Item[],
  { log, json }: Options,
  { level, maxNewTokens }: { level: Level | 'none'; maxNewTokens: number },
): Promise<AnswerRecord[]> {
  const questions = items.reduce((sum, { questions }) => sum + questions.length, 0);
  const progress = new Progress({ label: 'asking', total: questions, unit: 'questions', silent: json === true });
  const records = await answerItems(model, items, level, {
    settings: { maxNewTokens, temperature: 0, seed: 0, stop: [] },
    ...(log !== undefined && { log: await AnswerLog.open(join(log, 'answers.jsonl')) }),
    onProgress: (done) => {
      progress.update(done);
    },
  });
  progress.end();
  return records;
}

/** How answers are judged: by one of our judges, or by the benchmark's script. */
interface Judging {
  /** What rows call it. */
  readonly name: string;
  /** The model behind it, as far as it is known. */
  readonly modelName: string;
  judge(
    file: string,
    records: readonly AnswerRecord[],
  ): Promise<{ readonly verdicts: readonly Verdict[]; readonly longMemEval?: LongMemEvalMetrics }>;
}

function judgingOf(options: Options): Judging {
  const { official, judge: named, judgeModel, log } = options;
  if (official !== undefined) return officialJudging(official, named ?? OFFICIAL_JUDGE, options);
  const name = named ?? 'lexical';
  if (needsModel(name) && judgeModel === undefined) throw new UserError(`judge "${name}" needs --judge-model NAME`);
  const { judge, label, concurrency } = openJudge(judgeChoice(name, judgeOptions(options)));
  return {
    ...{ name: label, modelName: judgeModel ?? name },
    async judge(_, records) {
      const verdicts = log === undefined ? undefined : await VerdictLog.open(join(log, 'verdicts.jsonl'));
      return { verdicts: await judgeAnswers(judge, records, { concurrency, ...(verdicts && { log: verdicts }) }) };
    },
  };
}

/** The options that choose the judge, by the names that `lightmem judge` gives them. */
function judgeOptions({ judgeModel, maxJudgeTokens, ...options }: Options): Parameters<typeof judgeChoice>[1] {
  const { endpoint, endpointName, cache, priceInput, priceOutput, maxCost } = options;
  return {
    cache,
    ...(judgeModel !== undefined && { model: judgeModel }),
    ...(endpoint !== undefined && { endpoint }),
    ...(endpointName !== undefined && { endpointName }),
    ...(priceInput !== undefined && { priceInput }),
    ...(priceOutput !== undefined && { priceOutput }),
    ...(maxCost !== undefined && { maxCost }),
    ...(maxJudgeTokens !== undefined && { maxTokens: maxJudgeTokens }),
  };
}

function officialJudging(script: string, metricModel: string, { python }: Options): Judging {
  return {
    ...{ name: metricModel, modelName: metricModel },
    async judge(referencePath, records) {
      const references = parseReferences(await readFile(referencePath, 'utf8'), referencePath);
      const hypotheses = records.flatMap(({ item, answer }): Hypothesis[] =>
        answer === null ? [] : [{ question_id: item, hypothesis: answer }],
      );
      if (hypotheses.length === 0) throw new UserError('no question was answered: there is nothing to judge');
      const settings = { script, metricModel, hypotheses, referencePath, ...(python !== undefined && { python }) };
      const results = await officialEvaluation(settings);
      return { verdicts: labelsOf(records, results), longMemEval: longMemEvalMetrics(results, references) };
    },
  };
}

/** The script's labels as verdicts: 5 where right, 1 where wrong. */
function labelsOf(records: readonly AnswerRecord[], results: readonly EvaluationResult[]): Verdict[] {
  const labels = new Map(results.map(({ question_id, autoeval_label: { label } }) => [question_id, label]));
  return records.map(({ item, failure }) => {
    const label = labels.get(item);
    const why = failure === null ? 'not judged by the script' : `not answered: ${failure}`;
    return label === undefined ? unscored(why) : scored(label ? 5 : 1, label ? 'yes' : 'no');
  });
}

/** A mean with its interval where that is known; a dash where nothing was scored. */
function share({ mean, low, high }: MeanEstimate, digits: number, factor = 1): string {
  const [middle, from, to] = [mean, low, high].map((each) => (factor * each).toFixed(digits));
  if (Number.isNaN(mean)) return '–';
  return Number.isNaN(low) ? `${middle}` : `${middle} (${from} to ${to})`;
}

function lines(result: Metrics, records: readonly AnswerRecord[]): string[] {
  const { score, accuracy, n, unscored } = result;
  const items = distinct(records.map(({ item }) => item)).length;
  return [
    `score     ${share(score, 2)} of 1 to 5`,
    `correct   ${share(accuracy, 1, 100)} %`,
    `answers   ${n} of ${items} items, ${unscored} unscored; intervals at 95 %, clustered by item`,
  ];
}

/** Why answers are unscored. */
function unscoredNotes(rows: readonly Row[]): string[] {
  return unscoredLines(unscoredReasons(rows)).map((line) => `unscored  ${visibleText(line)}`);
}
