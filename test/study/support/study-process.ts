/** The real `lightmem study run` in processes of its own, for tests of what becomes of a study that is disturbed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../../src/core/hash.js';
import type { StudyInput } from '../../../src/study/config.js';
import { builtFile } from '../../../src/core/built-file.js';
import { leastStudy } from './studies.js';

const FAULTS = fileURLToPath(new URL('faults.cjs', import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once something that it wrote to standard error contains a text. */
  readonly says: (text: string) => Promise<void>;
}

/** Writes the least study of a model, two workers' worth of runs, as a file. */
export function writeStudy(path: string, model: string, changes: Partial<StudyInput> = {}): string {
  const study = leastStudy(model, { executor: { kind: 'pool', workers: 1, threads: 1 }, ...changes });
  writeFileSync(path, JSON.stringify(study));
  return path;
}

/** Starts a command of lightmem; `faults` are variables of `faults.cjs`. */
export function lightmem(args: readonly string[], faults: NodeJS.ProcessEnv = {}): Running {
  const start = performance.now();
  const child = spawn(process.execPath, [builtFile('cli/bin.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(Object.keys(faults).length > 0 && { NODE_OPTIONS: `--require ${FAULTS}` }), ...faults },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, seconds: (performance.now() - start) / 1000 }),
    );
  });
  const says = async (text: string): Promise<void> => {
    while (!stderr.includes(text) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { child, ended, says };
}

/** `study run` of a file into a folder, to its end. */
export function studyRun(file: string, out: string, faults: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return lightmem(['study', 'run', file, '--out', out, '--json'], faults).ended;
}

/** What a study came to, by file: rows, and what runs, trainings and askers left; times and places are not of it. */
export function outcomeOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((name) => /(^rows\.csv|\.jsonl|\.safetensors|spec\.json|adapter_config\.json)$/.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, sha256(readFileSync(join(folder, name)))]));
}
