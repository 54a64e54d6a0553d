/** A stored study as a report: gathers rows and runs, analyses them, writes the page and the rows beside the runs. */
import { cpus, totalmem } from 'node:os';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Analysis } from '../analysis/analyse.js';
import type { RunSummary } from '../analysis/run-summary.js';
import type { JsonObject } from '../core/json.js';
import { loraScale } from '../core/settings.js';
import { writeWhole } from '../files/write-whole.js';
import type { ReportData } from '../report/data.js';
import { csvLines } from '../report/export.js';
import { analyseReport, renderReport } from '../report/page.js';
import { runFolderName } from '../study/run-spec.js';
import { RUN_FILES, type StoredRun } from '../study/run-store.js';
import { readRows, type StoredStudy } from '../study/study-folder.js';

export interface WrittenReport {
  /** The page. */
  readonly path: string;
  readonly data: ReportData;
  readonly analysis: Analysis;
}

/** Writes `report.html` and `rows.csv` into the study's folder. */
export function writeReport(study: StoredStudy): WrittenReport {
  const data = reportData(study);
  const analysis = analyseReport(data);
  const path = join(study.folder, 'report.html');
  writeWhole(path, renderReport(data, analysis));
  writeWhole(join(study.folder, 'rows.csv'), csvLines(data.rows));
  return { path, data, analysis };
}

/** Everything the report shows of a study. */
export function reportData({ record, runs, audits }: StoredStudy): ReportData {
  const { config, model } = record;
  return {
    title: `lightmem study: ${config.name}`,
    created: new Date().toISOString(),
    command: record.command,
    model: model.name,
    settings: JSON.parse(JSON.stringify(config)) as JsonObject,
    identities: identities(runs, record),
    versions: versions(runs),
    environment: environment(runs),
    rows: runs.flatMap(readRows),
    runs: runs.map(runSummary),
    audits,
  };
}

function identities(runs: readonly StoredRun[], { model, tokenizer, template }: StoredStudy['record']) {
  const renderers = new Set(runs.map(({ spec }) => spec.identity.renderer));
  return { model: model.identity, tokenizer, template, prompt: [...renderers].join(', ') };
}

function versions(runs: readonly StoredRun[]): Record<string, string> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const engines = new Set(runs.map(({ spec }) => spec.identity.engine.name));
  return { lightmem: version, node: process.version, engine: [...engines].join(', ') };
}

function environment(runs: readonly StoredRun[]): Record<string, string> {
  const processors = cpus();
  const threads = new Set(runs.map(({ spec }) => spec.place.threads));
  const devices = new Set(runs.map(({ spec }) => spec.identity.engine.device));
  return {
    processor: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    device: [...devices].join(', '),
    'threads of a run': [...threads].join(', '),
  };
}

/** What analysis needs to know of a run. */
export function runSummary(run: StoredRun): RunSummary {
  const { folder, spec, status } = run;
  const { dataset, book, level, rank, items, seed, training } = spec.identity;
  const result = run.status === 'done' ? run.result : null;
  const heldOut = result?.training?.heldOut ?? null;
  const adapter = join(folder, RUN_FILES.adapter);
  const alpha = training?.lora.alpha ?? 0;
  return {
    id: runFolderName(spec),
    ...{ dataset, book, level, rank, items, seed, status, alpha },
    scale: training === null ? 0 : loraScale(training.lora),
    error: run.status === 'failed' ? run.error.message : null,
    parameters: rank === 0 ? 0 : (result?.training?.parameters ?? null),
    steps: result?.training?.steps ?? null,
    firstLoss: result?.training?.firstLoss ?? null,
    lastLoss: result?.training?.lastLoss ?? null,
    ...(heldOut !== null && { heldOut }),
    seconds: result === null ? null : result.seconds.training + result.seconds.asking + result.seconds.judging,
    adapterPath: rank > 0 && result !== null && existsSync(adapter) ? adapter : null,
  };
}
