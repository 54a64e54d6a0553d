/** `lightmem compress`: a data set in, the same items with texts at the levels asked for out; nothing finished is ever made twice. */
import { accessSync, constants, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import Table from 'cli-table3';
import { Option, type Command } from 'commander';
import {
  compressItems,
  CompressionStopped,
  type CompressReport,
  type Forecast,
  type LevelReport,
} from '../compress/compress.js';
import { Extract } from '../compress/methods/extract.js';
import { Hybrid } from '../compress/methods/hybrid.js';
import type { CompressionMethod, Target, TokenCounter } from '../compress/method.js';
import { Prune } from '../compress/methods/prune.js';
import { Recorded, type RecordedTexts } from '../compress/methods/recorded.js';
import { Select } from '../compress/methods/select.js';
import { CompressionStore } from '../compress/store.js';
import { Summarize, type LongerPolicy } from '../compress/methods/summarize.js';
import { parseTarget } from '../compress/targets.js';
import { userMethod } from '../compress/methods/user-module.js';
import { distinct } from '../core/collections.js';
import { messageOf, UserError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import type { Item } from '../core/records.js';
import { loadAll, type LoadReport } from '../data/load.js';
import type { SpendTotals } from '../llm/spend/spend.js';
import { SpendJournal } from '../llm/spend/spend-journal.js';
import { jsonLines } from '../files/json-lines.js';
import { writeWhole } from '../files/write-whole.js';
import { loadModel } from '../models/load.js';
import { loadTokenizer } from '../models/text/tokenizer.js';
import { lockFolder } from '../files/folder-lock.js';
import { addChatClientOptions, ChatClient, type ChatClientOptions } from './chat-client.js';
import { bundledTokenizerFolder } from '../models/text/bundled-tokenizer.js';
import {
  addDataOptions,
  loadOptions,
  parseCount,
  ReadingProgress,
  reportLines,
  type DataOptions,
} from './data-options.js';
import { interruption, Interruption } from './interrupt.js';
import { durationText } from '../text/duration.js';
import { Progress } from './progress.js';
import { visibleText } from '../text/visible.js';

interface Options extends DataOptions, ChatClientOptions {
  readonly out: string;
  readonly levels: readonly string[];
  readonly method?: readonly string[];
  readonly language: 'source' | 'english';
  readonly onLonger: LongerPolicy;
  readonly onFailure: 'drop' | 'keep-original';
  readonly recorded?: string;
  readonly tokenizer: string;
  readonly store?: string;
  readonly check: 'match' | 'model';
  readonly partTokens?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const STUDY = ['summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5', 'ext'];

/** Adds the command. */
export function register(program: Command): void {
  const command = addDataOptions(
    program
      .command('compress')
      .argument('<file>', 'a data set, as `lightmem data` reads it')
      .requiredOption('--out <file>', 'where the items with their new texts are written, as JSON lines'),
  );
  addMethodOptions(command);
  addChatClientOptions(command);
  command
    .option('--store <folder>', 'where finished texts are kept; default: lightmem-texts beside the output')
    .option('--yes', 'do not ask before large spends')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(run);
}

const HELP = `
The key of an endpoint is read from LIGHTMEM_API_KEY, else DASHSCOPE_API_KEY or OPENAI_API_KEY for their makers' hosts.
Exit code 2 tells that texts are missing; the same command tries them again and pays for nothing that is there.`;

function addMethodOptions(command: Command): void {
  command
    .option('--levels <levels...>', 'levels, each with an amount if wanted: summ_l2 hybrid=80w select=0.4', STUDY)
    .option(
      '--method <names...>',
      'summarize, extract, hybrid, select, prune, recorded, or the path of an ES module; default: by level',
    )
    .addOption(
      new Option('--language <which>', 'language of the texts').choices(['source', 'english']).default('source'),
    )
    .addOption(
      new Option('--on-longer <policy>', 'a text longer than its source')
        .choices(['flag', 'keep-original', 'fail'])
        .default('flag'),
    )
    .addOption(
      new Option('--on-failure <policy>', 'a text that cannot be made: left out, or the original in its place, marked')
        .choices(['drop', 'keep-original'])
        .default('drop'),
    )
    .option('--recorded <file>', 'texts for the method recorded: a data set with the same ids')
    .addOption(
      new Option('--check <how>', 'hybrid: facts are looked for by match alone, or the model is asked too')
        .choices(['match', 'model'])
        .default('match'),
    )
    .option('--part-tokens <n>', 'longest text in one request; longer ones are compressed in parts')
    .option('--tokenizer <name>', 'what tokens are counted with: qwen2.5, a model folder or a GGUF file', 'qwen2.5');
}

async function run(file: string, options: Options): Promise<void> {
  const targets = options.levels.flatMap((names) => names.split(',')).map(parseTarget);
  const counter = lazyCounter(options.tokenizer);
  const folder = options.store ?? join(dirname(resolve(options.out)), 'lightmem-texts');
  const client = new ChatClient(options, new SpendJournal(join(folder, 'spend.jsonl')));
  await client.open();
  const methods = await methodsFor(targets, options, counter, client);
  refuseUnwritable(options.out);
  const { items, report: loaded } = await load(file, options);
  const store = new CompressionStore(folder);
  const work = { methods, levels: targets, store, counter: counter.identity, onFailure: options.onFailure };
  const lock = await lockFolder(folder);
  const outcome = await compress(items, work, options, client).finally(async () => {
    await client.close();
    lock.release();
  });
  if (outcome.items !== undefined) writeWhole(options.out, jsonLines(outcome.items));
  printOutcome(outcome, options, client, loaded);
  if (outcome.stopped !== undefined) throw outcome.stopped;
  if ((outcome.report?.failed ?? 0) > 0) process.exitCode = 2;
}

async function load(file: string, options: Options): Promise<{ items: readonly Item[]; report: LoadReport }> {
  const progress = new ReadingProgress(options.json === true);
  try {
    return await loadAll(file, { ...loadOptions(options), onBytes: progress.onBytes });
  } finally {
    progress.end();
  }
}

/** Fails before anything is read or spent where the results could not be written. */
function refuseUnwritable(out: string): void {
  const folder = dirname(resolve(out));
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UserError(`cannot write to ${folder}: ${messageOf(error)}`);
  }
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new UserError(`--out ${out} is a folder: name a file`);
  }
}

interface Outcome {
  readonly items?: readonly Item[];
  readonly report?: CompressReport;
  readonly stopped?: Error;
}

type Work = Pick<Parameters<typeof compressItems>[1], 'methods' | 'levels' | 'store' | 'counter' | 'onFailure'>;

async function compress(items: readonly Item[], work: Work, options: Options, client: ChatClient): Promise<Outcome> {
  const signal = interruption();
  const silent = options.json === true;
  let progress: Progress | undefined;
  let report: CompressReport | undefined;
  try {
    const made = await compressItems(items, {
      ...work,
      signal,
      confirm: async (forecast) => {
        const agreed = await confirmed(forecast, options, client);
        progress = new Progress({ label: 'compressing', total: forecast.texts, unit: 'texts', silent }, forecast.kept);
        return agreed;
      },
      onProgress: ({ done, failed }) => progress?.update(done, failed === 0 ? '' : `${failed} failed`),
      onReport: (loaded) => (report = loaded),
    });
    return { items: made, ...(report && { report }) };
  } catch (error) {
    if (!(error instanceof CompressionStopped)) throw error;
    const reason: unknown = signal.reason;
    const stopped = error.reason === 'cancelled' && reason instanceof Interruption ? reason : error;
    return { stopped, ...(report && { report }) };
  } finally {
    progress?.end();
  }
}

/** Spends from here on are asked about: in the price's currency, and in tokens where no price is given. */
const LARGE_COST = 1;
const LARGE_TOKENS = 1_000_000;
/** What an answer takes about, before any is measured. */
const ASSUMED_SECONDS = 4;

async function confirmed(forecast: Forecast, options: Options, client: ChatClient): Promise<boolean> {
  if (forecast.calls === 0) return true;
  const { name, spend, concurrency } = client.get();
  const cost = spend.costOf(forecast.inputTokens, forecast.outputTokens);
  const priced = spend.totals.cost !== null;
  const tokens = forecast.inputTokens + forecast.outputTokens;
  const seconds = (forecast.calls * ASSUMED_SECONDS) / Math.min(concurrency, forecast.calls);
  const price = priced ? `, about ${cost.toFixed(2)} at your prices` : '';
  const time = `, ${durationText(seconds)} if an answer takes ${ASSUMED_SECONDS} s and the endpoint bears ${concurrency} at once`;
  const line = `${forecast.missing} of ${forecast.texts} texts to make with ${name}: about ${forecast.calls} requests, ${forecast.inputTokens} + ${forecast.outputTokens} tokens${price}${client.isOurs ? '' : time}`;
  if (options.json !== true) process.stderr.write(`${visibleText(line)}\n`);
  const isLarge = priced ? cost > LARGE_COST : tokens > LARGE_TOKENS;
  if (!isLarge || options.yes === true || client.isLocal) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UserError(`${line}: add --yes to go on, or --limit or --max-tokens`);
  return asked('Go on? [y/N] ');
}

async function asked(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^\s*y(es)?\s*$/i.test(await terminal.question(question));
  } finally {
    terminal.close();
  }
}

const METHODS = ['summarize', 'extract', 'hybrid', 'select', 'prune', 'recorded'] as const;

/** The methods named, or those that the levels call for. */
async function methodsFor(
  targets: readonly Target[],
  options: Options,
  counter: TokenCounter,
  client: ChatClient,
): Promise<CompressionMethod[]> {
  const names = options.method?.flatMap((each) => each.split(',')) ?? defaultMethods(targets);
  const methods: CompressionMethod[] = [];
  for (const name of names) methods.push(await methodNamed(name, options, counter, client));
  return methods;
}

function defaultMethods(targets: readonly Target[]): string[] {
  const names = targets.map((target) => {
    const level = typeof target === 'string' ? target : target.level;
    if (level.startsWith('summ_')) return 'summarize';
    return level === 'ext' ? 'extract' : level;
  });
  return distinct(names);
}

async function methodNamed(
  name: string,
  options: Options,
  counter: TokenCounter,
  client: ChatClient,
): Promise<CompressionMethod> {
  const { language, onLonger } = options;
  const parts = options.partTokens === undefined ? {} : { partTokens: parseCount('part-tokens', options.partTokens) };
  if (/[/\\]|\.m?js$/.test(name)) {
    return userMethod(name, counter, client.isNamed ? client.get() : undefined);
  }
  switch (name) {
    case 'summarize':
      return new Summarize({ model: client.get(), counter, language, onLonger, ...parts });
    case 'extract':
      return new Extract({ model: client.get(), counter, language, ...parts });
    case 'hybrid':
      return new Hybrid({ model: client.get(), counter, language, check: options.check, ...parts });
    case 'select':
      return new Select({ counter, ...parts });
    case 'prune':
      return new Prune({ model: client.scorer(), counter, ...parts });
    case 'recorded':
      return new Recorded({
        counter,
        ...(options.recorded !== undefined && { texts: await recordedTexts(options.recorded) }),
      });
    default:
      throw new UserError(`unknown method "${name}": use ${METHODS.join(', ')}, or the path of an ES module`);
  }
}

async function recordedTexts(file: string): Promise<RecordedTexts> {
  const { items } = await loadAll(file);
  return new Map(items.map((item) => [item.id, item.texts]));
}

/** Counts with a tokenizer that is loaded at the first count: a run that finds everything made needs only its identity. */
function lazyCounter(name: string): TokenCounter {
  if (/\.gguf$/i.test(name)) {
    const { tokenizer } = loadModel(name);
    return { identity: tokenizer.identity, count: (text) => tokenizer.encode(text).length };
  }
  const folder = name === 'qwen2.5' ? bundledTokenizerFolder() : name;
  let identity: string;
  try {
    identity = sha256(readFileSync(join(folder, 'tokenizer.json')));
  } catch {
    throw new UserError(`no tokenizer at "${name}": use qwen2.5, a GGUF file or a model folder with tokenizer.json`);
  }
  let tokenizer: ReturnType<typeof loadTokenizer> | undefined;
  return { identity, count: (text) => (tokenizer ??= loadTokenizer(folder)).encode(text).length };
}

function printOutcome({ items, report }: Outcome, options: Options, client: ChatClient, loaded: LoadReport): void {
  const spend = client.made?.spend.totals;
  if (options.json === true) {
    const out = items === undefined ? null : options.out;
    process.stdout.write(`${JSON.stringify({ ...report, out, spend: spend ?? null, load: loaded })}\n`);
  } else if (report !== undefined) process.stdout.write(`${page(report, spend)}\n`);
  const notes = [...reportLines(loaded), ...noteLines(report, client)];
  if (items !== undefined && options.json !== true)
    notes.push(`${items.length} items written to ${basename(options.out)}`);
  for (const note of notes) process.stderr.write(`${visibleText(note)}\n`);
}

function page(report: CompressReport, spend: SpendTotals | undefined): string {
  const head = ['level', 'method', 'texts', 'failed', 'TRR % (macro)', 'longer than source', 'remarks'];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const level of report.levels) table.push(levelRow(level));
  const counts = `${report.kept} texts were there, ${report.made} were made in ${durationText(report.seconds)}, ${report.failed} failed`;
  return [visibleText(table.toString()), counts, ...(spend === undefined ? [] : [spendLine(spend)])].join('\n');
}

function levelRow(level: LevelReport): (string | number)[] {
  const trr = level.macroTrr === null ? '' : (100 * level.macroTrr).toFixed(2);
  const remarks = Object.entries({ ...level.flags, ...level.failures }).map(([name, count]) => `${name} ${count}`);
  return [level.target, level.method, level.texts, level.failed, trr, level.longerThanSource, remarks.join(', ')];
}

function spendLine(spend: SpendTotals): string {
  const retries = spend.retries > 0 ? ` (${spend.retries} of them again)` : '';
  const cost = spend.cost === null ? '' : `, cost ${spend.cost.toFixed(4)}`;
  const lost = spend.unconfirmed > 0 ? `, ${spend.unconfirmed} requests without an answer may have been charged` : '';
  return `${spend.requests} requests${retries}, ${spend.cached} answers from the cache, ${spend.promptTokens} + ${spend.completionTokens} tokens${cost}${lost}`;
}

function noteLines(report: CompressReport | undefined, client: ChatClient): string[] {
  const failures = (report?.failures ?? []).map(
    ({ item, failure }) => `failed: ${item}, ${failure.level}: ${failure.reason}: ${failure.message}`,
  );
  const all = client.journal.totals();
  const spent = `spent on this output in all runs: ${all.requests} requests, ${all.promptTokens} + ${all.completionTokens} tokens${all.cost > 0 ? `, cost ${all.cost.toFixed(4)}` : ''}`;
  const models = new Set((report?.levels ?? []).flatMap((level) => level.models));
  const mixed = models.size > 1 ? [`warning: the texts were made by different models (${[...models].join('; ')})`] : [];
  const trouble = client.made?.cacheTrouble ?? null;
  return [
    ...failures,
    ...(all.requests > 0 ? [spent] : []),
    ...mixed,
    ...(trouble === null ? [] : [`warning: answers are not being kept: ${trouble}`]),
  ];
}
