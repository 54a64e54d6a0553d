/** The study's folder: its plan, the items it uses, its audits and its runs, under one lock. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { audit } from '../audit/audit.js';
import { promptFitter } from '../audit/fitting.js';
import type { AuditReport } from '../audit/report.js';
import { UserError } from '../core/errors.js';
import { hashJson, sha256 } from '../core/hash.js';
import type { Item, Row } from '../core/records.js';
import { jsonText } from '../files/json-file.js';
import { jsonLines } from '../files/json-lines.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeWhole } from '../files/write-whole.js';
import type { StudyConfig } from './config.js';
import type { StudyDataset } from './datasets.js';
import { adapterBytes } from './estimate.js';
import { lockFolder, type FolderLock } from '../files/folder-lock.js';
import type { StudyPlan } from './plan.js';
import { runFolderName, type PlannedRun, type RunSpec } from './run-spec.js';
import { readJson, readJsonLines, readRun, RUN_FILES, writeSpec, type StoredRun } from './run-store.js';

/** Form of `study.json`. */
export const STUDY_VERSION = 1;

const FILES = { study: 'study.json', audits: 'audits.json', runs: 'runs', data: 'data' } as const;

/** `study.json`: what was asked for, and the runs that answer it. */
export interface StudyRecord {
  readonly version: number;
  /** The command line that carries it out, for people. */
  readonly command: string;
  readonly config: StudyConfig;
  readonly model: { readonly name: string; readonly path: string; readonly identity: string };
  readonly tokenizer: string;
  readonly template: string;
  /** Names of the runs' folders, in the plan's order. */
  readonly runs: readonly string[];
}

/** A study as its folder holds it. */
export interface StoredStudy {
  readonly folder: string;
  readonly record: StudyRecord;
  readonly runs: readonly StoredRun[];
  /** One for each data set. */
  readonly audits: readonly AuditReport[];
}

/** Where a run's folder lies. */
export function runPath(folder: string, spec: RunSpec): string {
  return join(folder, FILES.runs, runFolderName(spec));
}

/** Reads a study's folder; throws UserError where it holds none. */
export function readStudy(folder: string): StoredStudy {
  const path = join(folder, FILES.study);
  if (!existsSync(path)) throw new UserError(`${folder} holds no study: give the folder that lightmem study run wrote`);
  const record = readJson(path) as unknown as StudyRecord;
  if (record.version !== STUDY_VERSION)
    throw new UserError(
      `${folder} was written by another version of lightmem (study format ${record.version}, this one reads ${STUDY_VERSION}): use that version`,
    );
  const runs = record.runs.map((name) => readRun(join(folder, FILES.runs, name)));
  return { folder: resolve(folder), record, runs, audits: readAudits(folder) };
}

/** The rows of a run that is done; none of one that is not. */
export function readRows(run: StoredRun): Row[] {
  return run.status === 'done' ? readJsonLines<Row>(join(run.folder, RUN_FILES.scores)) : [];
}

function readAudits(folder: string): AuditReport[] {
  const path = join(folder, FILES.audits);
  if (!existsSync(path)) return [];
  return (readJson(path) as unknown as { audits: AuditReport[] }).audits;
}

/** The folder while this process works in it. */
export class StudyFolder {
  private constructor(
    readonly path: string,
    readonly plan: StudyPlan,
    readonly command: string,
    readonly lock: FolderLock,
  ) {}

  /** Takes the folder for a plan: locks it, checks room on the disk, writes items, specs and the plan. */
  static async open(path: string, plan: StudyPlan, command: string): Promise<StudyFolder> {
    const lock = await lockFolder(path);
    try {
      const folder = new StudyFolder(resolve(path), plan, command, lock);
      await folder.#write();
      return folder;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  close(): void {
    this.lock.release();
  }

  /** Where a planned run stands. */
  read({ spec }: PlannedRun): StoredRun {
    return readRun(runPath(this.path, spec));
  }

  /** Audits every data set at its grid's levels, unless the same audit lies here already. */
  async audit(onDataset?: (name: string) => void): Promise<readonly AuditReport[]> {
    const identity = hashJson({
      runs: this.plan.runs.map(({ spec }) => [spec.identity.dataset, spec.identity.level, spec.identity.maxLength]),
      items: [...this.plan.datasets.values()].map(({ items }) => hashJson(items)),
      renderer: this.plan.renderer.identity,
    });
    const path = join(this.path, FILES.audits);
    if (existsSync(path) && readJson(path)['identity'] === identity) return readAudits(this.path);
    const audits: AuditReport[] = [];
    for (const dataset of this.plan.datasets.values()) {
      onDataset?.(dataset.name);
      audits.push(await this.#auditOf(dataset));
    }
    writeWhole(path, jsonText({ identity, audits }));
    return audits;
  }

  async #auditOf({ name, items }: StudyDataset): Promise<AuditReport> {
    const own = this.plan.runs.filter(({ spec }) => spec.identity.dataset === name);
    const levels = [
      ...new Set(own.flatMap(({ spec: { identity } }) => (identity.level === 'none' ? [] : [identity.level]))),
    ];
    const maxLength = Math.min(...own.map(({ spec }) => spec.identity.maxLength));
    return audit(items, {
      tokenizer: this.plan.model.tokenizer,
      ...(levels.length > 0 && { levels }),
      fitter: promptFitter(this.plan.renderer, maxLength),
      views: 3,
    });
  }

  async #write(): Promise<void> {
    for (const name of ['', FILES.data]) removeLeftovers(join(this.path, name));
    await this.#checkRoom();
    const data = new Map<string, string>();
    for (const { name, items } of this.plan.datasets.values()) data.set(name, this.#writeItems(name, items));
    for (const run of this.plan.runs) await this.#writeSpec(run, data.get(run.spec.identity.dataset) ?? '');
    const { config, model, runs } = this.plan;
    const record: StudyRecord = {
      version: STUDY_VERSION,
      command: this.command,
      config,
      model: { name: model.name, path: model.path, identity: model.identity },
      tokenizer: model.tokenizer.identity,
      template: model.template.identity,
      runs: runs.map(({ spec }) => runFolderName(spec)),
    };
    const text = jsonText(record);
    const path = join(this.path, FILES.study);
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeWhole(path, text);
  }

  /** The items under a name that holds their hash: written once, read by every run, whatever becomes of the source. */
  #writeItems(name: string, items: readonly Item[]): string {
    const text = [...jsonLines(items)].join('');
    const file = `${name}-${sha256(text).slice(0, 12)}.jsonl`;
    const path = join(this.path, FILES.data, file);
    if (!existsSync(path)) writeWhole(path, text);
    return join('..', '..', FILES.data, file);
  }

  async #writeSpec({ spec }: PlannedRun, data: string): Promise<void> {
    const folder = runPath(this.path, spec);
    await mkdir(folder, { recursive: true });
    writeSpec(folder, { ...spec, place: { ...spec.place, data } });
  }

  /** Refuses to begin what the disk has no room for. */
  async #checkRoom(): Promise<void> {
    const { runs, model } = this.plan;
    const unfinished = runs.filter(({ spec }) => !existsSync(join(runPath(this.path, spec), RUN_FILES.result)));
    const needed = unfinished.reduce((sum, { spec }) => sum + adapterBytes(model.config, spec.identity.rank), 0);
    const space = await statfs(dirname(resolve(this.path, '.'))).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error)) throw error;
      return undefined; // a file system that does not tell its room
    });
    const free = space === undefined ? Infinity : space.bavail * space.bsize;
    if (needed > free)
      throw new UserError(
        `${this.path}: the runs need about ${megabytes(needed)} MB and the disk has ${megabytes(free)} MB free: make room, or choose another folder with --out`,
      );
  }
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
