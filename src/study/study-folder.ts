/** The study's folder: its plan, the items it uses, its audits and its runs, under one lock. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { audit } from '../audit/audit.js';
import { promptFitter } from '../audit/fitting.js';
import type { AuditReport } from '../audit/audit-report.js';
import { attempt } from '../core/attempt.js';
import { UserError } from '../core/errors.js';
import { hashJson, sha256 } from '../core/hash.js';
import type { Item } from '../core/records.js';
import { judgeLabel } from '../evaluate/judges/open-judge.js';
import { FolderInUseError, isHeld, lockFolder, type FolderLock } from '../files/folder-lock.js';
import { jsonText, readJsonFile } from '../files/json-file.js';
import { jsonLines } from '../files/json-lines.js';
import { isLeftover, removeLeftovers } from '../files/scratch.js';
import { writeWhole } from '../files/write-whole.js';
import { promptLimit } from '../models/text/prompt.js';
import type { StudyDataset } from './datasets.js';
import type { FormSet } from './form-sets.js';
import type { RunIdentity } from './identity.js';
import { adapterBytes } from './estimate.js';
import { RUN_FILES, runPath, STUDY_FILES, TRAINING_FILES } from './layout.js';
import { placementHere } from './placement.js';
import type { StudyPlan } from './plan.js';
import { readRun, writeSpec, type StoredRun } from './run-store.js';
import { runFolderName, type GeneralText, type PlannedRun } from './run-spec.js';
import { auditsRecord } from './stored-study.js';
import { estimatesOf } from './study-estimates.js';
import {
  FIX_STUDY,
  readStudyRecord,
  refuseOtherVersion,
  STUDY_VERSION,
  type StudyEstimates,
  type StudyRecord,
} from './study-record.js';
import { resolveTraining } from './training-store.js';

/** Where a planned run stands in a study's folder. */
export function readPlanned(folder: string, { spec }: PlannedRun): StoredRun {
  return readRun(runPath(folder, spec), spec);
}

/** A process that carries out the same runs. */
export type Other = Pick<NonNullable<FolderInUseError['holder']>, 'pid' | 'host'>;

/** The folder while this process works in it, alone or with others that carry out the same runs. */
export class StudyFolder {
  readonly estimates: StudyEstimates;

  private constructor(
    readonly path: string,
    readonly plan: StudyPlan,
    readonly command: string,
    /** The lock, or whoever holds it and carries out the same runs. */
    readonly lock: FolderLock | Other,
  ) {
    this.estimates = estimatesOf(plan, placementHere(plan.config.executor, plan.model));
  }

  /**
   * Takes the folder for a plan: locks it, checks room on the disk, writes items, specs and the plan. Where a process holds it that
   * carries out the same runs, here or in workers of its own, the folder is shared. Throws FolderInUseError where it carries out others.
   */
  static async open(path: string, plan: StudyPlan, command: string): Promise<StudyFolder> {
    refuseOtherVersion(path);
    const lock = await lockOrShare(path, plan);
    if (!('release' in lock)) return new StudyFolder(resolve(path), plan, command, lock);
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
    if ('release' in this.lock) this.lock.release();
  }

  /** Whoever came first; null where this process did. */
  get joined(): Other | null {
    return 'release' in this.lock ? null : { pid: this.lock.pid, host: this.lock.host };
  }

  /** Where a planned run stands. */
  read(run: PlannedRun): StoredRun {
    return readPlanned(this.path, run);
  }

  /** Audits every data set at its grid's levels, unless the same audit lies here already. */
  async audit(onDataset?: (name: string) => void): Promise<readonly AuditReport[]> {
    const identity = this.#auditIdentity();
    const path = join(this.path, STUDY_FILES.audits);
    // One that is absent or damaged is made anew.
    const stored = attempt(() => readJsonFile(path, auditsRecord, FIX_STUDY));
    if (stored?.identity === identity) return stored.audits;
    const audits: AuditReport[] = [];
    for (const dataset of this.plan.datasets.values()) {
      onDataset?.(dataset.name);
      audits.push(await this.#auditOf(dataset));
    }
    writeWhole(path, jsonText({ identity, audits }));
    return audits;
  }

  #auditIdentity(): string {
    const { runs, datasets, model } = this.plan;
    return hashJson({
      runs: runs.map(({ spec: { identity } }) => [identity.dataset, identity.level, limitsOf(identity)]),
      items: [...datasets.values()].map(({ items }) => hashJson(items)),
      renderer: model.kind === 'local' ? model.renderer.identity : model.tokenizer.identity,
    });
  }

  async #auditOf({ name, items }: StudyDataset): Promise<AuditReport> {
    const { model, runs } = this.plan;
    const own = runs.filter(({ spec }) => spec.identity.dataset === name);
    const levels = [
      ...new Set(own.flatMap(({ spec: { identity } }) => (identity.level === 'none' ? [] : [identity.level]))),
    ];
    return audit(items, {
      tokenizer: model.tokenizer,
      ...(levels.length > 0 && { levels }),
      ...(model.kind === 'local' && { fitter: fitterOf(model, own) }),
      views: 3,
    });
  }

  async #write(): Promise<void> {
    this.#removeLeftovers();
    await this.#checkRoom();
    const data = new Map<string, string>();
    for (const { name, items } of this.plan.datasets.values()) data.set(name, this.#writeItems(name, items));
    for (const run of this.plan.runs) this.#writeSpec(run, data.get(run.spec.identity.dataset) ?? '');
    const text = jsonText(recordOf(this.plan, this.command, this.estimates));
    const path = join(this.path, STUDY_FILES.study);
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeWhole(path, text);
  }

  /** What killed processes were writing; left alone while others may be writing. */
  #removeLeftovers(): void {
    const places = ['', STUDY_FILES.data, STUDY_FILES.samples, STUDY_FILES.probes].map((name) => join(this.path, name));
    const found = places.filter((place) => existsSync(place) && readdirSync(place).some(isLeftover));
    if (found.length === 0 || this.plan.runs.some(({ spec }) => isHeld(runPath(this.path, spec)))) return;
    for (const place of found) removeLeftovers(place);
  }

  /** The items under a name that holds their hash: written once, read by every run, whatever becomes of the source. */
  #writeItems(name: string, items: readonly Item[]): string {
    const text = [...jsonLines(items)].join('');
    return this.#writeOnce(STUDY_FILES.data, `${name}-${sha256(text).slice(0, 12)}.jsonl`, text);
  }

  /** A file whose name says what it holds, and its path; one that was damaged is written anew. */
  #writeOnce(folder: string, name: string, text: string): string {
    const path = join(this.path, folder, name);
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeWhole(path, text);
    return path;
  }

  #writeSpec({ spec, set, general }: PlannedRun, data: string): void {
    const folder = runPath(this.path, spec);
    const samples = set === undefined ? {} : { samples: relative(folder, this.#writeSamples(set)) };
    const beside = general === undefined ? {} : { general: relative(folder, this.#writeGeneral(general)) };
    writeSpec(folder, { ...spec, place: { ...spec.place, data: relative(folder, data), ...samples, ...beside } });
  }

  #writeGeneral({ hash, text }: GeneralText): string {
    return this.#writeOnce(STUDY_FILES.probes, `general-${hash.slice(0, 16)}.txt`, text);
  }

  /** Samples of texts under their hash: shared by all ranks and seeds. */
  #writeSamples({ hash, lines }: FormSet): string {
    return this.#writeOnce(STUDY_FILES.samples, `${hash.slice(0, 16)}.jsonl`, lines);
  }

  /** Refuses to begin what the disk has no room for. */
  async #checkRoom(): Promise<void> {
    const needed = bytesNeeded(this.plan, this.path);
    const space = await statfs(dirname(resolve(this.path, '.'))).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error)) throw error;
      return undefined; // a file system that does not tell its room
    });
    const free = space === undefined ? Infinity : space.bavail * space.bsize;
    if (needed > free)
      throw new UserError(
        `${this.path}: the runs need about ${megabytes(needed)} MB and the disk has ${megabytes(free)} MB free: make room, or choose another folder (out)`,
      );
  }
}

/** The folder's lock, or its holder where that carries out the same runs and has written them down. */
async function lockOrShare(path: string, plan: StudyPlan): Promise<FolderLock | Other> {
  const task = taskOf(plan);
  for (;;) {
    try {
      return await lockFolder(path, { task });
    } catch (error) {
      if (!(error instanceof FolderInUseError) || error.holder?.task !== task || isFar(plan)) throw error;
      if (holdsRuns(path, plan)) return error.holder;
    }
    await wait(200);
  }
}

/** What the folder's lock says of its holder: which runs it carries out. */
function taskOf({ runs }: StudyPlan): string {
  return `study run ${hashJson(runs.map(({ spec }) => spec.id)).slice(0, 16)}`;
}

/** On a cluster the scheduler has the runs: a second process would have no share of them. */
function isFar({ config: { executor } }: StudyPlan): boolean {
  return executor.kind !== 'inline' && executor.kind !== 'pool';
}

function holdsRuns(path: string, { runs }: StudyPlan): boolean {
  try {
    const stored = new Set(readStudyRecord(path).runs);
    return stored.size === runs.length && runs.every(({ spec }) => stored.has(runFolderName(spec)));
  } catch {
    return false; // it has not come so far
  }
}

function recordOf({ config, model, runs }: StudyPlan, command: string, estimates: StudyEstimates): StudyRecord {
  const isLocal = model.kind === 'local';
  return {
    version: STUDY_VERSION,
    ...{ command, name: config.name },
    config: JSON.parse(JSON.stringify(config)) as StudyRecord['config'],
    judge: judgeLabel(config.evaluate.judges[0] ?? { name: '' }),
    model: { name: model.name, identity: isLocal ? model.model.identity : hashJson(model.identity) },
    tokenizer: model.tokenizer.identity,
    template: isLocal ? model.model.template.identity : null,
    runs: runs.map(({ spec }) => runFolderName(spec)),
    estimates,
  };
}

/** Bytes of adapters still to be made, each counted once. */
function bytesNeeded({ runs, model }: StudyPlan, path: string): number {
  if (model.kind === 'served') return 0;
  const ranks = new Map<string, number>();
  for (const { spec } of runs) {
    const { training, rank } = spec.identity;
    if (training === null || existsSync(join(runPath(path, spec), RUN_FILES.result))) continue;
    const { folder } = resolveTraining(path, training);
    if (!existsSync(join(folder, TRAINING_FILES.training))) ranks.set(folder, rank);
  }
  return [...ranks.values()].reduce((sum, rank) => sum + adapterBytes(model.model.config, rank), 0);
}

/** The limits of the run that can show least. */
function fitterOf({ renderer, model }: Extract<StudyPlan['model'], { kind: 'local' }>, own: readonly PlannedRun[]) {
  const { maxPositions } = model.config;
  const limits = own
    .flatMap(({ spec }) => limitsOf(spec.identity) ?? [])
    .map(({ maxLength, answerRoom }) => ({ maxLength, limit: promptLimit({ maxLength, answerRoom, maxPositions }) }))
    .sort((a, b) => a.limit - b.limit);
  const least = limits[0] ?? { maxLength: maxPositions, limit: promptLimit({ maxLength: maxPositions, maxPositions }) };
  return promptFitter(renderer, Math.min(least.maxLength, maxPositions), least.limit);
}

function limitsOf({ answering }: RunIdentity): { maxLength: number; answerRoom: number } | null {
  return answering.kind === 'local' ? answering.prompt : null;
}

/** Whole megabytes, two digits of fewer than ten. */
function megabytes(bytes: number): number {
  return bytes < 1e7 ? Number((bytes / 1e6).toPrecision(2)) : Math.ceil(bytes / 1e6);
}
