/** `lightmem audit`: what each level of a data set kept, and what a context limit would cut, before anything is trained. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Table from 'cli-table3';
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
import { visibleText } from '../text/visible.js';
import { colors } from './terminal.js';

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
  const verdicts = report.levels.map(({ level, verdict }) => `${colors.bold(level)}: ${verdict}`);
  return [
    title,
    '',
    'Length in tokens; TRR is the share saved, in %',
    lengthTable(report.levels),
    '',
    'Found again, in % of the facts; density of answers in the text',
    keptTable(report.levels),
    ...(report.maxLength === null
      ? []
      : ['', `Samples at ${report.maxLength} tokens, prompt and answer`, cutTable(report.levels)]),
    '',
    ...verdicts,
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const colAligns = head.map((_, index) => (index === 0 ? ('left' as const) : ('right' as const)));
  const made = new Table({ head: [...head], colAligns, style: { head: [], border: [], compact: true } });
  for (const row of rows) made.push([...row]);
  return made.toString();
}

function lengthTable(levels: readonly LevelAudit[]): string {
  const head = [
    'level',
    'n',
    'tokens',
    'TRR macro',
    'micro',
    'sample macro',
    'min',
    '5 %',
    'median',
    '95 %',
    'max',
    'grew',
  ];
  return table(
    head,
    levels.map(({ level, n, tokens, trr, sampleTrr, distribution: { quantiles }, grew }) => [
      level,
      n,
      tokens.mean.toFixed(1),
      percent(trr.macro),
      percent(trr.micro),
      percent(sampleTrr?.macro),
      ...[quantiles?.min, quantiles?.p5, quantiles?.median, quantiles?.p95, quantiles?.max].map((q) => percent(q, 1)),
      grew.count,
    ]),
  );
}

function keptTable(levels: readonly LevelAudit[]): string {
  const head = [
    'level',
    'answers',
    'of original',
    'entities',
    'numbers',
    'dates',
    'facts / 1,000 tokens',
    'bits / token',
  ];
  return table(
    head,
    levels.map(({ level, retention: { answers, entities, numbers, dates }, density }) => [
      level,
      ...[answers.share, answers.ofOriginal, entities.share, numbers.share, dates.share].map((share) =>
        percent(share, 1),
      ),
      density.factsPer1000Tokens?.toFixed(1) ?? '–',
      `${density.bitsPerToken?.toFixed(2) ?? '–'}${density.bits === 'estimated' ? ' est.' : ''}`,
    ]),
  );
}

function cutTable(levels: readonly LevelAudit[]): string {
  const head = [
    'level',
    'samples',
    'longest',
    'text shortened',
    'evidence lost',
    'question cut',
    'answer cut',
    'cannot fit',
  ];
  return table(
    head,
    levels.flatMap(({ level, truncation: cut }) =>
      cut
        ? [
            [
              level,
              cut.samples,
              cut.longest,
              cut.shortened,
              cut.lostEvidence,
              cut.lostQuestion,
              cut.lostAnswer,
              cut.impossible,
            ],
          ]
        : [],
    ),
  );
}

/** A share in percent, without the sign; `–` where there is none. */
function percent(share: number | null | undefined, digits = 2): string {
  return share === null || share === undefined ? '–' : (100 * share).toFixed(digits).replace(/^-(0\.?0*)$/, '$1');
}
