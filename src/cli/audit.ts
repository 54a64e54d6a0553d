/** `lightmem audit`: what each level of a data set kept, and what a context limit would cut, before anything is trained. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { audit } from '../audit/audit.js';
import { promptFitter } from '../audit/fitting.js';
import type { AuditReport, LevelAudit } from '../audit/audit-report.js';
import { UserError } from '../core/errors.js';
import { parseLevel } from '../core/levels.js';
import { loadItems, type LoadReport } from '../data/load.js';
import { problemsError } from '../data/problems.js';
import { loadChatTemplate } from '../models/text/chat-template.js';
import { loadModel } from '../models/load.js';
import type { ChatTemplate, Tokenizer } from '../models/model.js';
import { PromptRenderer } from '../models/text/prompt.js';
import { loadTokenizer } from '../models/text/tokenizer.js';
import { bundledTokenizerFolder } from '../models/text/bundled-tokenizer.js';
import {
  addDataOptions,
  loadOptions,
  parseCount,
  ReadingProgress,
  reportLines,
  type DataOptions,
} from './data-options.js';
import { foldedLine, terminalTable, type TerminalColumn } from '../text/terminal-table.js';
import { visibleText } from '../text/visible.js';
import { colors, terminalWidth } from './terminal.js';

interface Options extends DataOptions {
  readonly tokenizer?: string;
  readonly model?: string;
  readonly levels?: readonly string[];
  readonly maxLength: string;
  readonly perItem?: boolean;
  readonly views: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  addDataOptions(program.command('audit').argument('<file>', 'a data set with texts at one level or several'))
    .option('--tokenizer <name>', 'qwen2.5 (bundled), a tokenizer.json, or a model folder')
    .option('--model <path>', 'the base model: its tokenizer and its chat template are used')
    .option('--levels <names...>', 'levels to audit; default: all there are')
    .option('--max-length <tokens>', 'longest sample, prompt and answer', '1024')
    .option('--per-item', 'with --json: one row per item and level too')
    .option('--views <n>', 'with --json: items shown side by side at all levels', '1')
    .option('--json', 'print one JSON document')
    .action(run);
}

/** The options as checked values. */
function settingsOf(options: Options) {
  return {
    load: loadOptions(options),
    levels: options.levels?.flatMap((names) => names.split(',')).map(parseLevel),
    maxLength: parseCount('max-length', options.maxLength),
    views: parseCount('views', options.views),
    perItem: options.perItem === true,
    json: options.json === true,
  };
}

type Settings = ReturnType<typeof settingsOf>;

async function run(file: string, options: Options): Promise<void> {
  const settings = settingsOf(options);
  const model = openTokenizer(options);
  const { report, loaded } = await auditFile(file, settings, model);
  process.stdout.write(settings.json ? `${JSON.stringify({ ...report, load: loaded })}\n` : `${page(report)}\n`);
  const lines = reportLines(loaded);
  if (!model.template) lines.push('note: no chat template beside the tokenizer, so truncation is not audited');
  for (const line of lines) process.stderr.write(`${line}\n`);
  if (settings.load.onProblem === 'error' && loaded.problemCount > 0) process.exitCode = 2;
}

/** Audits a file. A broken item ends it with UserErrors unless it is to be skipped; a broken question is told beside the table, which does not depend on it. */
async function auditFile(
  file: string,
  { load, levels, maxLength, views, perItem, json }: Settings,
  { tokenizer, template }: TokenizerChoice,
): Promise<{ report: AuditReport; loaded: LoadReport }> {
  const progress = new ReadingProgress(json);
  const reports: LoadReport[] = [];
  const onReport = (report: LoadReport) => {
    if (load.onProblem === 'error' && report.skippedItems > 0)
      throw problemsError(file, report.problems, report.problemCount);
    reports.push(report);
  };
  const fitter = template && promptFitter(new PromptRenderer({ tokenizer, template }), maxLength);
  const items = loadItems(file, { ...load, onProblem: 'skip', onBytes: progress.onBytes, onReport });
  const onProgress = (count: number) => progress.update(count);
  try {
    const optional = { ...(levels && { levels }), ...(fitter && { fitter }) };
    const report = await audit(items, { tokenizer, ...optional, perItem, views, onProgress });
    const [loaded] = reports;
    if (!loaded) throw new Error('loading ended without a report');
    return { report, loaded };
  } finally {
    progress.end();
  }
}

interface TokenizerChoice {
  readonly tokenizer: Tokenizer;
  /** Undefined where the tokenizer comes without one. */
  readonly template: ChatTemplate | undefined;
}

/** The tokenizer asked for; throws UserError where none is named or found. */
function openTokenizer(options: Options): TokenizerChoice {
  if (options.tokenizer !== undefined && options.model !== undefined)
    throw new UserError('--tokenizer and --model both name a tokenizer: give one of them');
  const named = options.tokenizer ?? options.model;
  if (named === undefined) throw new UserError('no tokenizer is named: give --tokenizer qwen2.5 or --model PATH');
  if (named !== 'qwen2.5' && /\.gguf$/i.test(named)) return loadModel(named);
  const folder = named === 'qwen2.5' ? bundledTokenizerFolder() : folderOf(named);
  return { tokenizer: loadTokenizer(folder), template: templateOf(folder) };
}

function folderOf(path: string): string {
  if (!existsSync(path))
    throw new UserError(`no tokenizer at "${path}": use qwen2.5, a tokenizer.json or a model folder`);
  return statSync(path).isDirectory() ? path : dirname(path);
}

function templateOf(folder: string): ChatTemplate | undefined {
  try {
    return loadChatTemplate(folder);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function page(report: AuditReport): string {
  const title = `${colors.bold(visibleText(report.dataset))}: ${report.items} items, ${report.questions} questions; tokenizer ${report.tokenizer.slice(0, 12)}`;
  const audited = report.levels.filter(({ truncation }) => truncation !== null);
  const verdicts = report.levels.map(({ level, verdict }) =>
    foldedLine(`${colors.bold(level)}: ${verdict}`, terminalWidth(), '  '),
  );
  return [
    title,
    '',
    'Length in tokens; TRR is the share saved, in %',
    table(LENGTHS, report.levels),
    '',
    'Found again, in % of the facts; density of answers in the text',
    table(KEPT, report.levels),
    ...(report.maxLength === null
      ? []
      : ['', `Samples at ${report.maxLength} tokens, prompt and answer`, table(CUTS, audited)]),
    '',
    ...verdicts,
  ].join('\n');
}

type Column = TerminalColumn<LevelAudit>;

const LEVEL: Column = { name: 'level', value: ({ level }) => level };

function table(columns: readonly Column[], levels: readonly LevelAudit[]): string {
  const [first = LEVEL, ...numbers] = columns;
  return terminalTable(
    [first, ...numbers.map((each) => ({ ...each, align: 'right' as const }))],
    levels,
    terminalWidth(),
  );
}

const LENGTHS: readonly Column[] = [
  LEVEL,
  { name: 'n', spare: 3, value: ({ n }) => n },
  { name: 'tokens', value: ({ tokens }) => tokens.mean.toFixed(1) },
  { name: 'TRR macro', value: ({ trr }) => percent(trr.macro) },
  { name: 'micro', value: ({ trr }) => percent(trr.micro) },
  { name: 'sample macro', spare: 2, value: ({ sampleTrr }) => percent(sampleTrr?.macro) },
  { name: 'min', spare: 5, value: ({ distribution: { quantiles } }) => percent(quantiles?.min, 1) },
  { name: '5 %', spare: 4, value: ({ distribution: { quantiles } }) => percent(quantiles?.p5, 1) },
  { name: 'median', spare: 1, value: ({ distribution: { quantiles } }) => percent(quantiles?.median, 1) },
  { name: '95 %', spare: 4, value: ({ distribution: { quantiles } }) => percent(quantiles?.p95, 1) },
  { name: 'max', spare: 5, value: ({ distribution: { quantiles } }) => percent(quantiles?.max, 1) },
  { name: 'grew', spare: 1, value: ({ grew }) => grew.count },
];

const KEPT: readonly Column[] = [
  LEVEL,
  { name: 'answers', value: ({ retention }) => percent(retention.answers.share, 1) },
  { name: 'of original', spare: 2, value: ({ retention }) => percent(retention.answers.ofOriginal, 1) },
  { name: 'entities', spare: 1, value: ({ retention }) => percent(retention.entities.share, 1) },
  { name: 'numbers', spare: 1, value: ({ retention }) => percent(retention.numbers.share, 1) },
  { name: 'dates', spare: 3, value: ({ retention }) => percent(retention.dates.share, 1) },
  { name: 'facts / 1,000 tokens', value: ({ density }) => density.factsPer1000Tokens?.toFixed(1) ?? '–' },
  { name: 'bits / token', spare: 4, value: ({ density }) => bitsText(density) },
];

function bitsText({ bitsPerToken, bits }: LevelAudit['density']): string {
  return `${bitsPerToken?.toFixed(2) ?? '–'}${bits === 'estimated' ? ' est.' : ''}`;
}

const CUTS: readonly Column[] = [
  LEVEL,
  { name: 'samples', spare: 2, value: ({ truncation }) => truncation?.samples ?? '–' },
  { name: 'longest', spare: 3, value: ({ truncation }) => truncation?.longest ?? '–' },
  { name: 'text shortened', value: ({ truncation }) => truncation?.shortened ?? '–' },
  { name: 'evidence lost', value: ({ truncation }) => truncation?.lostEvidence ?? '–' },
  { name: 'question cut', spare: 1, value: ({ truncation }) => truncation?.lostQuestion ?? '–' },
  { name: 'answer cut', spare: 1, value: ({ truncation }) => truncation?.lostAnswer ?? '–' },
  { name: 'cannot fit', value: ({ truncation }) => truncation?.impossible ?? '–' },
];

/** A share in percent, without the sign; `–` where there is none. */
function percent(share: number | null | undefined, digits = 2): string {
  return share === null || share === undefined ? '–' : (100 * share).toFixed(digits).replace(/^-(0\.?0*)$/, '$1');
}
