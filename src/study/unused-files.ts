/** What lies in a study's folder that no run of it names: found by what runs name, so that nothing else is ever touched. */
import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { isHeld } from '../files/folder-lock.js';
import { isLeftover, scratchPath } from '../files/scratch.js';
import { fileIdentity } from '../models/load.js';
import { answersHash } from './identity.js';
import { answersPath, STUDY_FILES, TRAINING_FILES, trainingPath } from './layout.js';
import { probePath } from './probe-store.js';
import { glanceRun } from './run-glance.js';
import { readSpec } from './run-store.js';
import type { RunSpec } from './run-spec.js';
import { readStudyRecord } from './study-record.js';
import { readTraining, resolveTraining } from './training-store.js';

export const UNUSED_KINDS = [
  'checkpoints',
  'leftovers',
  'runs',
  'trainings',
  'samples',
  'answers',
  'probes',
  'data',
  'bases',
] as const;
export type UnusedKind = (typeof UNUSED_KINDS)[number];

/** A file or folder that can go. */
export interface Unused {
  readonly kind: UnusedKind;
  readonly path: string;
  readonly bytes: number;
}

export interface UnusedFiles {
  readonly found: readonly Unused[];
  /** What was not looked at, and why. */
  readonly kept: readonly string[];
}

export interface UnusedOptions {
  /** Whether runs count that lie in the folder and that the study as it was last planned does not name; default yes: what they name is kept, as they are. */
  readonly keepsOtherRuns?: boolean;
}

/**
 * Finds checkpoints of trainings that are whole, what killed processes were writing, and what no run names. Throws UserError where a
 * run's spec cannot be read: what it names is not known then. Whoever deletes holds the study's lock.
 */
export function unusedFiles(study: string, { keepsOtherRuns = true }: UnusedOptions = {}): UnusedFiles {
  const root = resolve(study);
  const { runs } = readStudyRecord(root);
  const planned = new Set(runs);
  const others = names(join(root, STUDY_FILES.runs)).filter((name) => !planned.has(name));
  const gone = keepsOtherRuns ? [] : others.filter((name) => !isHeld(join(root, STUDY_FILES.runs, name)));
  const naming = [...runs, ...others.filter((name) => !gone.includes(name))].filter((name) =>
    existsSync(join(root, STUDY_FILES.runs, name)),
  );
  const named = new Named(root, naming);
  const runsGone = gone.map((name) => unused('runs', join(root, STUDY_FILES.runs, name)));
  const within = [
    ...entries(root, STUDY_FILES.trainings).flatMap((path) => trainingFiles(path, named.trainings)),
    ...orphans(root, 'samples', named.samples),
    ...orphans(root, 'data', named.data),
    ...(named.unasked === 0 ? orphans(root, 'answers', named.answers) : []),
    ...(named.unasked === 0 ? orphans(root, 'bases', new Set()) : []),
    ...(named.unprobed === 0 ? orphans(root, 'probes', named.probes) : []),
  ];
  const whole = [...runsGone, ...within];
  const leftovers = leftoversIn(root, new Set(whole.map(({ path }) => path)));
  return { found: [...leftovers, ...whole], kept: named.unknown };
}

/** Takes each out of its place in one step, then deletes it: a kill leaves whole things or leftovers. */
export function removeUnused(found: readonly Unused[]): void {
  for (const { path, kind } of found) {
    if (kind === 'leftovers') {
      rmSync(path, { recursive: true, force: true });
      continue;
    }
    const aside = scratchPath(path);
    renameSync(path, aside);
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Paths that runs name, by what they are. */
class Named {
  readonly trainings = new Set<string>();
  readonly samples = new Set<string>();
  readonly data = new Set<string>();
  readonly answers = new Set<string>();
  readonly probes = new Set<string>();
  /** Runs whose adapter is not there yet, so that their answers have no name; runs whose probe is not known. */
  unasked = 0;
  unprobed = 0;

  constructor(
    readonly root: string,
    runs: readonly string[],
  ) {
    for (const name of runs) this.#add(name);
  }

  get unknown(): string[] {
    const runs = (count: number): string => (count === 1 ? '1 run is' : `${count} runs are`);
    return [
      ...(this.unasked === 0
        ? []
        : [`answers and bases, for ${runs(this.unasked)} not trained: which they use is not known yet`]),
      ...(this.unprobed === 0 ? [] : [`probes, for ${runs(this.unprobed)} not done: which they use is not known yet`]),
    ];
  }

  #add(name: string): void {
    const folder = join(this.root, STUDY_FILES.runs, name);
    const spec = readSpec(folder);
    const { data, samples, general } = spec.place;
    this.data.add(resolve(folder, data));
    if (samples !== undefined) this.samples.add(resolve(folder, samples));
    if (general !== undefined) this.probes.add(resolve(folder, general));
    this.#addAnswers(spec);
    const { result } = glanceRun(this.root, name);
    if (result?.probe !== undefined) this.probes.add(probePath(this.root, result.probe));
    else if (general !== undefined) this.unprobed++;
  }

  /** The training that is planned and the one that stands for it, and the answers of the adapter that is there. */
  #addAnswers({ identity }: RunSpec): void {
    const { training } = identity;
    if (training === null) {
      this.answers.add(answersPath(this.root, answersHash(identity, null)));
      return;
    }
    const resolved = resolveTraining(this.root, training);
    this.trainings.add(trainingPath(this.root, training)).add(resolved.folder);
    const weights = join(resolved.folder, TRAINING_FILES.adapter, 'adapter_model.safetensors');
    if (readTraining(resolved).status === 'done')
      this.answers.add(answersPath(this.root, answersHash(identity, fileIdentity(weights))));
    else this.unasked++;
  }
}

/** A training's folder where no run names it, else its checkpoints where it is whole. */
function trainingFiles(path: string, named: ReadonlySet<string>): Unused[] {
  if (isHeld(path)) return [];
  if (!named.has(path)) return [unused('trainings', path)];
  const checkpoints = join(path, TRAINING_FILES.checkpoints);
  const isWhole = existsSync(join(path, TRAINING_FILES.training));
  return isWhole && existsSync(checkpoints) ? [unused('checkpoints', checkpoints)] : [];
}

function orphans(
  root: string,
  kind: Exclude<UnusedKind, 'checkpoints' | 'leftovers' | 'runs' | 'trainings'>,
  named: ReadonlySet<string>,
): Unused[] {
  const free = entries(root, STUDY_FILES[kind]).filter((path) => !named.has(path) && !isHeld(path));
  return free.map((path) => unused(kind, path));
}

/** Folders that hold what processes write: two deep at most. */
const WRITTEN = [
  ...[STUDY_FILES.runs, STUDY_FILES.trainings, STUDY_FILES.answers, STUDY_FILES.samples, STUDY_FILES.data],
  STUDY_FILES.bases,
];

function leftoversIn(root: string, whole: ReadonlySet<string>): Unused[] {
  const folders = [root, ...[...WRITTEN, STUDY_FILES.probes].map((name) => join(root, name))];
  const deeper = folders
    .slice(1)
    .flatMap((folder) => entriesOf(folder))
    .filter((path) => !whole.has(path));
  return [...folders, ...deeper]
    .flatMap((folder) => (folder !== root && isHeld(folder) ? [] : entriesOf(folder)))
    .filter((path) => isLeftover(basename(path)))
    .map((path) => unused('leftovers', path));
}

/** What lies in a part of the folder, leftovers aside. */
function entries(root: string, part: string): string[] {
  return entriesOf(join(root, part)).filter((path) => !isLeftover(basename(path)));
}

function entriesOf(folder: string): string[] {
  return names(folder).map((name) => join(folder, name));
}

function names(folder: string): string[] {
  if (!existsSync(folder) || !lstatSync(folder).isDirectory()) return [];
  return readdirSync(folder).sort();
}

function unused(kind: UnusedKind, path: string): Unused {
  return { kind, path, bytes: bytesIn(path) };
}

/** Bytes of a file or of all files in a folder; links count as nothing and are not followed. */
function bytesIn(path: string): number {
  const found = lstatSync(path);
  if (found.isDirectory()) return entriesOf(path).reduce((sum, each) => sum + bytesIn(each), 0);
  return found.isFile() ? found.size : 0;
}
