/** A stored study as a report: gathers rows and runs, analyses them, writes the page and the rows beside the runs. */
import { cpus, totalmem } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { Analysis } from '../analysis/analyse.js';
import { runsOfRows, type RunSummary } from '../analysis/run-summary.js';
import { UserError } from '../core/errors.js';
import { rowRecord } from '../core/record-schemas.js';
import type { Row } from '../core/records.js';
import { packageInfo } from '../core/package-info.js';
import { readJsonLines } from '../files/json-lines.js';
import { writeWhole } from '../files/write-whole.js';
import type { PeftSettings } from '../peft/settings.js';
import type { LossCurve, ReportData } from '../report/data.js';
import { csvLines } from '../report/export.js';
import { analyseReport } from '../report/analyse-report.js';
import { renderReport } from '../report/page.js';
import { inLanguage, LANGUAGES, type Language } from '../words/language.js';
import { pageWords } from '../words/page.js';
import { STUDY_FILES } from './layout.js';
import { lossCurve } from './loss-curves.js';
import { runFolderName } from './run-spec.js';
import { readRows, type StoredRun } from './run-store.js';
import { runSummary } from './run-summary.js';
import { shownPrompts } from './shown-prompts.js';
import type { StoredStudy } from './stored-study.js';

export interface WrittenReport {
  /** The page. */
  readonly path: string;
  readonly data: ReportData;
  readonly analysis: Analysis;
}

/** How a page reads rows, in which language it tells of them, and how many of them it holds. */
export type PageOptions = Pick<ReportData, 'judge' | 'reading' | 'language' | 'mostQuestions'>;

/** Writes `report.html` and `rows.csv` into the study's folder; `reading` says how rows are read where the study does not. */
export function writeReport(study: StoredStudy, reading: PageOptions = {}): WrittenReport {
  const data = { ...reportData(study, reading.language), ...reading };
  const analysis = analyseReport(data);
  const path = join(study.folder, STUDY_FILES.report);
  writeWhole(path, renderReport(data, analysis));
  writeWhole(join(study.folder, STUDY_FILES.rows), csvLines(data.rows));
  return { path, data, analysis };
}

/** Writes the page of rows that evaluate or judge wrote, beside the first file unless told where. Throws UserError naming a damaged line. */
export function writeRowsReport(files: readonly string[], out?: string, reading: PageOptions = {}): WrittenReport {
  const rows = files.flatMap((file) => readJsonLines(file, rowRecord));
  if (rows.length === 0) throw new UserError(`${files.join(', ')}: no rows: give files that evaluate or judge wrote`);
  return writeReportOfRows(rows, {
    ...reading,
    files,
    command: ['lightmem report', ...files].join(' '),
    ...(out !== undefined && { out }),
  });
}

/** Where rows came from, and how they are read. */
export interface RowsReportOptions extends PageOptions {
  readonly files: readonly string[];
  /** The command that makes the page again. */
  readonly command: string;
  /** Where the page goes; default beside the first file, as .html. */
  readonly out?: string;
}

/** Writes the page of rows, whoever made them. */
export function writeReportOfRows(rows: readonly Row[], options: RowsReportOptions): WrittenReport {
  const { files, command, out, judge, reading, language, mostQuestions } = options;
  const [first = ''] = files;
  const path = out ?? `${first.replace(/\.(?:jsonl?|csv|tsv|parquet)$/, '')}.html`;
  const data: ReportData = {
    title: `lightmem: ${files.map((file) => basename(file)).join(', ')}`,
    created: new Date().toISOString(),
    command,
    model: [...new Set(rows.map(({ run }) => run))].slice(0, 3).join(', '),
    ...{ settings: {}, identities: {}, versions: { lightmem: packageInfo().version, node: process.version } },
    ...{ environment: {}, rows, runs: runsOfRows(rows), audits: [] },
    files: { rows: files.map((file) => pathFrom(dirname(path), file)), runs: new Map() },
    ...(judge !== undefined && { judge }),
    ...(reading !== undefined && { reading }),
    ...(mostQuestions !== undefined && { mostQuestions }),
    ...(language !== undefined && { language }),
  };
  const analysis = analyseReport(data);
  writeWhole(path, renderReport(data, analysis));
  return { path, data, analysis };
}

/** Everything the report shows of a study, in a language: default the study's own. */
export function reportData(
  { folder, record, runs, audits }: StoredStudy,
  language: Language = studyLanguage(record.config),
): ReportData {
  const summaries = runs.map(runSummary);
  const shown = shownPrompts(runs);
  return {
    title: inLanguage(language, () => pageWords().studyTitle(record.name)),
    language,
    created: new Date().toISOString(),
    command: record.command,
    model: record.model.name,
    settings: record.config,
    identities: identities(runs, record),
    versions: versions(runs),
    environment: environment(runs),
    rows: runs.flatMap(readRows),
    runs: summaries,
    losses: lossCurves(folder, runs),
    ...(shown !== null && { shown }),
    files: {
      rows: [STUDY_FILES.rows],
      runs: new Map(summaries.map((run) => [run.id, placesOf(folder, run)])),
    },
    audits,
    judge: record.judge,
  };
}

/** What the study file says; English where it says nothing. */
function studyLanguage({ language }: StoredStudy['record']['config']): Language {
  return LANGUAGES.find((each) => each === language) ?? 'en';
}

function lossCurves(folder: string, runs: readonly StoredRun[]): Map<string, LossCurve> {
  const curves = runs.map(({ spec }) => [runFolderName(spec), lossCurve(folder, spec, runs.length)] as const);
  return new Map(curves.flatMap(([id, curve]) => (curve === null ? [] : [[id, curve] as const])));
}

function placesOf(folder: string, { id, adapterPath }: RunSummary) {
  return {
    folder: `${STUDY_FILES.runs}/${id}`,
    adapter: adapterPath === null ? null : pathFrom(folder, adapterPath),
  };
}

/** A path as a page in a folder links to it. */
function pathFrom(folder: string, path: string): string {
  return relative(folder, path).split(sep).join('/');
}

function identities(runs: readonly StoredRun[], { model, tokenizer, template }: StoredStudy['record']) {
  const renderers = new Set(runs.flatMap((run) => promptOf(run)?.renderer ?? []));
  return {
    model: model.identity,
    tokenizer,
    ...(template !== null && { template }),
    prompt: [...renderers].join(', '),
  };
}

function promptOf({ spec: { identity } }: StoredRun) {
  return identity.answering.kind === 'local' ? identity.answering.prompt : undefined;
}

function versions(runs: readonly StoredRun[]): Record<string, string> {
  const engines = new Set(
    runs.flatMap(({ spec: { identity } }) =>
      identity.answering.kind === 'local' ? identity.answering.engine.name : [],
    ),
  );
  const torch = new Set(runs.flatMap(({ spec: { identity } }) => torchOf(identity.training?.peft)));
  return {
    ...{ lightmem: packageInfo().version, node: process.version, engine: [...engines].join(', ') },
    ...(torch.size > 0 && { trained: [...torch].join('; ') }),
  };
}

/** PyTorch with its versions and settings, where it trains. */
function torchOf(peft: PeftSettings | undefined): string[] {
  if (peft === undefined) return [];
  const { device, precision, tf32, compile, versions } = peft;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const settings = [device, precision, ...(tf32 ? ['TF32'] : []), ...(compile ? ['compiled'] : [])];
  return [`${packages.join(', ')} (${settings.join(', ')})`];
}

function environment(runs: readonly StoredRun[]): Record<string, string> {
  const processors = cpus();
  const seen = (key: string): string =>
    [...new Set(runs.flatMap((run) => (run.status === 'done' ? (run.result.environment[key] ?? []) : [])))].join(', ');
  return {
    processor: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    device: seen('device'),
    'threads of a run': seen('threads'),
  };
}
