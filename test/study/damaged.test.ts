/** Every kind of file in a study's folder cut short, with a bit turned, emptied or overwritten: what comes of going on is the same rows, or an error that says where and what to do. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';
import { messageOf, UserError } from '../../src/core/errors.js';
import { studyConfig } from '../../src/study/config-file.js';
import { planStudy, type StudyPlan } from '../../src/study/plan.js';
import { writeReport } from '../../src/study/report.js';
import { runStudy, type StudyEvent } from '../../src/study/runner.js';
import { readStudy } from '../../src/study/stored-study.js';
import { outcomeOf } from './support/study-process.js';
import { lastingExecutor } from './support/lasting-worker.js';
import { leastStudy, scratchFolder } from './support/studies.js';
import { writeTinyModel } from './support/tiny-model.js';

/** Times that every kind of file is damaged in every way; as it is, one kind after another once in one of the ways, a part of them in each study. */
const SEEDS = Number(process.env['LIGHTMEM_DAMAGE_SEEDS'] ?? 0);

const scratch = scratchFolder();
/** A study that is done, one whose runs are to be carried out again from what is there, and one that was stopped in its training behind a checkpoint. */
const [whole, open, stopped] = ['whole', 'open', 'stopped'].map((name) => join(scratch, name)) as [
  string,
  string,
  string,
];
let plan: StudyPlan;
let outcome: Record<string, string> = {};

beforeAll(async () => {
  plan = await planStudy(studyConfig(leastStudy(writeTinyModel(join(scratch, 'model')))));
  await carryOut(whole);
  outcome = outcomeOf(whole);
  cpSync(whole, open, { recursive: true });
  for (const run of readdirSync(join(open, 'runs'))) rmSync(join(open, 'runs', run, 'result.json'));
  const stop = new AbortController();
  const atCheckpoint = (event: StudyEvent): void => {
    if (event.type === 'progress' && event.active.some(({ stage, share }) => stage === 'training' && share > 0.5))
      stop.abort(new Error('stopped'));
  };
  await expect(carryOut(stopped, { signal: stop.signal, onEvent: atCheckpoint })).rejects.toThrow('stopped');
}, 60_000);

interface Watched {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: StudyEvent) => void;
}

/** Carries the study out and gives the messages of the runs that failed. */
async function carryOut(folder: string, { signal, onEvent }: Watched = {}): Promise<string[]> {
  const failures: string[] = [];
  await runStudy(plan, {
    ...{ folder, command: 'test', executor: lastingExecutor },
    ...(signal !== undefined && { signal }),
    onEvent: (event) => {
      if (event.type === 'failed') failures.push(event.message);
      onEvent?.(event);
    },
  });
  if (failures.length === 0) writeReport(readStudy(folder));
  return failures;
}

const DAMAGES: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  'cut short': (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  'with a bit turned': turned,
  empty: () => Buffer.alloc(0),
  'of zeros': (bytes) => Buffer.alloc(bytes.length),
};

function turned(bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  const at = random.below(bytes.length);
  changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
  return changed;
}

/** Files of a study's folder, one of each kind: of the runs that of the adapter. */
function kindsOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const kinds = new Map(names.map((name) => [kindOf(name), name]));
  return [...kinds.values()];
}

const kindOf = (name: string): string => name.replace(/^(\w+)\/[^/]+/, '$1/…').replace(/step-\d+/, 'step');

/** What the message of a damage tells to do: its file removed, or the folder that it is in. */
function mend(folder: string, name: string, message: string): void {
  const isFolder = /remove the (run’s|training’s) folder/.test(message);
  rmSync(join(folder, isFolder ? dirname(name) : name), { recursive: true, force: true });
}

/** The file damaged in one way, and the study carried out: its rows must be the same, at once or after what is told to do. */
async function goesOn(from: string, name: string, damage: string, seed: number): Promise<void> {
  const label = `${name} ${damage}, seed ${seed}`;
  // A name of its own: workers know a study's data by the path that they read it from.
  const folder = join(scratch, `${basename(from)}: ${label.replaceAll('/', ' ')}`);
  cpSync(from, folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, DAMAGES[damage]?.(readFileSync(path), new Random(seed, label)) ?? '');
  const told = await carryOut(folder).catch((error: unknown) => {
    expect(error, label).toBeInstanceOf(UserError);
    return [messageOf(error)];
  });
  if (told.length > 0) {
    for (const message of told) {
      expect(message, label).toContain(basename(name));
      expect(message, label).toMatch(/remove|run the study again|into another folder/);
    }
    mend(folder, name, told[0] ?? '');
    expect(await carryOut(folder), label).toEqual([]);
  }
  expect(comparable(outcomeOf(folder), from), label).toEqual(comparable(outcome, from));
  rmSync(folder, { recursive: true });
}

/** Without logs, in which what was asked again stands elsewhere; weights are not looked at again once all runs that ask them are done. */
function comparable(files: Readonly<Record<string, string>>, from: string): Record<string, string> {
  const left = from === whole ? /^answers\/|^trainings\// : /^answers\//;
  return Object.fromEntries(Object.entries(files).filter(([name]) => !left.test(name)));
}

describe.each([
  ['is done', whole, 0],
  ['is carried out again from what is there', open, 1],
  ['was stopped', stopped, 0],
])('a study that %s', (_, from, part) => {
  it(
    'comes to the same rows whichever of its files is damaged, or says where and what to do',
    { timeout: 3_600_000 },
    async () => {
      const ways = Object.keys(DAMAGES);
      for (const [index, name] of kindsOf(from).entries()) {
        if (SEEDS === 0 && index % 2 === part) await goesOn(from, name, ways[(index >> 1) % ways.length] ?? '', 0);
        for (let seed = 1; seed <= SEEDS; seed++) for (const damage of ways) await goesOn(from, name, damage, seed);
      }
    },
  );
});
