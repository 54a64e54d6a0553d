/** `lightmem compress`: a data set in, the same items with texts at the levels asked for out; nothing finished is ever made twice. */
import { accessSync, constants, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { CompressionStopped, type CompressReport, type LevelTask } from '../compress/compress-items.js';
import type { MethodEntry, MethodTools } from '../compress/entry.js';
import { openLevels, planLevels, type LevelPlan } from '../compress/level-task.js';
import type { TokenCounter } from '../compress/method.js';
import { FACT_CHECKS } from '../compress/methods/hybrid.js';
import { LONGER_POLICIES, type LongerPolicy } from '../compress/methods/summarize.js';
import { OUTPUT_LANGUAGES, type OutputLanguage } from '../compress/asking/prompts.js';
import { methodEntry, METHODS } from '../compress/registry.js';
import { makeTexts, type TextsRequest } from '../compress/stage.js';
import { tokenCounter } from '../compress/token-counter.js';
import { UserError } from '../core/errors.js';
import type { Item } from '../core/records.js';
import type { LoadReport } from '../data/load.js';
import { recordedTexts } from '../data/recorded-texts.js';
import { writeError } from '../files/disk-error.js';
import { makeFolder } from '../files/flush.js';
import { jsonLines } from '../files/json-lines.js';
import { writeWhole } from '../files/write-whole.js';
import type { TextModels } from '../generate/text-models.js';
import { SpendJournal } from '../llm/spend/spend-journal.js';
import { visibleText } from '../text/visible.js';
import { addChatClientOptions, openTextModels, type ChatClientOptions } from './chat-client.js';
import { noteLines, reportPage } from './compress-report.js';
import { confirmed } from './confirm.js';
import { addDataOptions, type DataOptions, loadWithProgress, parseCount, reportLines } from './data-options.js';
import { interruption, Interruption } from './interrupt.js';
import { Progress } from './progress.js';

interface Options extends DataOptions, ChatClientOptions {
  readonly out: string;
  readonly levels?: readonly string[];
  readonly method?: readonly string[];
  readonly language: OutputLanguage;
  readonly onLonger: LongerPolicy;
  readonly onFailure: 'drop' | 'keep-original';
  readonly recorded?: string;
  readonly tokenizer: string;
  readonly store?: string;
  readonly check: (typeof FACT_CHECKS)[number];
  readonly partTokens?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What is made where neither levels nor methods are named: the study's. */
const USUAL = ['summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5', 'ext'];

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
Methods, and the levels they offer:
${METHODS.map(methodLine).join('\n')}
The key of an endpoint is read from LIGHTMEM_API_KEY, else DASHSCOPE_API_KEY or OPENAI_API_KEY for their makers' hosts.
Exit code 2 tells that texts are missing; the same command tries them again and pays for nothing that is there.`;

function methodLine({ name, about, forms }: MethodEntry): string {
  const levels = forms.length === 0 ? 'any' : forms.map(({ level }) => level).join(', ');
  return `  ${name.padEnd(10)} ${about} (${levels})`;
}

function addMethodOptions(command: Command): void {
  const names = METHODS.map(({ name }) => name).join(', ');
  command
    .option(
      '--levels <levels...>',
      `levels, each with an amount if wanted: summ_l2 hybrid=80w select=0.4; default: those of the methods named, else ${USUAL.join(', ')}`,
    )
    .option('--method <names...>', `${names}, or the path of an ES module; default: by level`)
    .addOption(new Option('--language <which>', 'language of the texts').choices(OUTPUT_LANGUAGES).default('source'))
    .addOption(
      new Option('--on-longer <policy>', 'a text longer than its source').choices(LONGER_POLICIES).default('flag'),
    )
    .addOption(
      new Option('--on-failure <policy>', 'a text that cannot be made: left out, or the original in its place, marked')
        .choices(['drop', 'keep-original'])
        .default('drop'),
    )
    .option('--recorded <file>', 'texts for the method recorded: a data set with the same ids')
    .addOption(
      new Option('--check <how>', 'hybrid: facts are looked for by match alone, or the model is asked too')
        .choices(FACT_CHECKS)
        .default('match'),
    )
    .option('--part-tokens <n>', 'longest text in one request; longer ones are compressed in parts')
    .option('--tokenizer <name>', 'what tokens are counted with: qwen2.5, a model folder or a GGUF file', 'qwen2.5');
}

async function run(file: string, options: Options): Promise<void> {
  const plans = await plansOf(options);
  const counter = tokenCounter(options.tokenizer);
  const folder = options.store ?? join(dirname(resolve(options.out)), 'lightmem-texts');
  const journal = new SpendJournal(join(folder, 'spend.jsonl'), relative(resolve(folder), resolve(options.out)));
  const models = await openTextModels(options, journal);
  const levels = await openLevels(plans, toolsOf(models, counter), ({ entry }) => told(entry, options));
  refuseUnwritable(options.out);
  const { items, report: loaded } = await loadWithProgress(file, options);
  const work = { levels, folder, models, counter: counter.identity, onFailure: options.onFailure };
  const outcome = await compress(items, work, options).finally(() => models.close());
  if (outcome.items !== undefined) writeWhole(options.out, jsonLines(outcome.items));
  tell(outcome, options, loaded, { models, journal });
  if (outcome.stopped !== undefined) throw outcome.stopped;
  if ((outcome.report?.failed ?? 0) > 0) process.exitCode = 2;
}

/** The levels asked for, by the methods named; without levels those that these offer, without methods those that offer the levels. */
async function plansOf({ levels, method }: Options): Promise<LevelPlan[]> {
  const names = method?.flatMap((each) => each.split(',')) ?? [];
  const entries = await Promise.all(names.map(methodEntry));
  const offered = entries.length === 0 ? USUAL : entries.flatMap(({ forms }) => forms.map(({ level }) => level));
  const asked = levels?.flatMap((each) => each.split(',')) ?? offered;
  if (asked.length === 0) throw new UserError(`${names.join(', ')} makes any level: say which with --levels`);
  return planLevels(asked, entries);
}

function toolsOf(models: TextModels, counter: TokenCounter): MethodTools {
  return {
    counter,
    hasChat: models.hasChat,
    chat: () => models.chat(),
    surprisal: () => models.surprisal(),
    recorded: recordedTexts,
  };
}

/** What the command's options tell a method: those that it knows. */
function told({ options: { shape } }: MethodEntry, options: Options): Record<string, unknown> {
  const { language, onLonger, check, partTokens, recorded: file } = options;
  const given = { language, onLonger, check, file, partTokens: partTokens && parseCount('part-tokens', partTokens) };
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => value !== undefined && Object.hasOwn(shape, name)),
  );
}

/** Fails before anything is read or spent where the results could not be written. */
function refuseUnwritable(out: string): void {
  const folder = dirname(resolve(out));
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw writeError(folder, error);
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

type Work = Pick<TextsRequest, 'folder' | 'models' | 'counter' | 'onFailure'> & {
  readonly levels: readonly LevelTask[];
};

async function compress(items: readonly Item[], work: Work, { json, yes }: Options): Promise<Outcome> {
  const signal = interruption();
  const silent = json === true;
  let progress: Progress | undefined;
  let report: CompressReport | undefined;
  try {
    const made = await makeTexts(items, {
      ...work,
      signal,
      agree: async (left) => {
        const agreed = await confirmed(left, { yes: yes === true, silent, smaller: '--limit or --max-tokens' });
        progress = new Progress({ label: 'compressing', total: left.texts, unit: 'texts', silent }, left.kept);
        return agreed;
      },
      onProgress: ({ done, failed }) => progress?.update(done, failed === 0 ? '' : `${failed} failed`),
      onReport: (told) => (report = told),
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

function tell(
  { items, report }: Outcome,
  { json, out }: Options,
  loaded: LoadReport,
  { models, journal }: { readonly models: TextModels; readonly journal: SpendJournal },
): void {
  const spend = models.opened?.spend.totals;
  if (json === true) {
    const outcome = { ...report, out: items === undefined ? null : out, spend: spend ?? null, load: loaded };
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
  } else if (report !== undefined) process.stdout.write(`${reportPage(report, spend)}\n`);
  const notes = [...reportLines(loaded), ...noteLines(report, models, journal)];
  if (items !== undefined && json !== true) notes.push(`${items.length} items written to ${basename(out)}`);
  for (const note of notes) process.stderr.write(`${visibleText(note)}\n`);
}
