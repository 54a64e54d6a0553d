/** `lightmem init`: a study file for a data set, with comments, and sizes that suit the data and the machine. */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import type { Item } from '../core/records.js';
import { writeWhole } from '../files/write-whole.js';
import { BUNDLED } from '../models/load.js';
import { parseStudy, withPathsFrom } from '../study/config-file.js';
import { runCost, runSeconds, wholeSeconds } from '../study/estimate.js';
import { placementHere } from '../study/placement.js';
import { planStudy } from '../study/plan.js';
import { starterStudy } from '../study/starter.js';
import { durationText } from '../text/duration.js';
import { visibleText } from '../text/visible.js';
import { addDataOptions, type DataOptions, loadWithProgress, parseCount, reportLines } from './data-options.js';
import { deviceFor } from './device.js';
import { MODEL_HELP, openModel } from './open-model.js';
import { quoted } from './quoted.js';

interface Options extends DataOptions {
  readonly model?: string;
  readonly out: string;
  readonly budget: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  addDataOptions(program.command('init').argument('<data>', 'a data set with questions (lightmem exam writes some)'))
    .option('--model <path>', `${MODEL_HELP}; default: the bundled model`)
    .option('--out <file>', 'the study file; one that is there is kept', 'study.yaml')
    .option('--budget <minutes>', 'time within which each configuration is trained three times, not once', '60')
    .option('--json', 'one JSON document on standard output')
    .action(run);
}

/** Trainings of one configuration: with one, the noise between trainings is not known. */
const REPLICATES = [0, 1, 2] as const;

async function run(data: string, options: Options): Promise<void> {
  const { out, model = BUNDLED, json = false } = options;
  if (existsSync(out)) throw new UserError(`${out} is there already: name another file with --out, or remove it`);
  const budget = 60 * parseCount('budget', options.budget);
  const { items, report } = await loadWithProgress(data, options);
  for (const note of json ? [] : reportLines(report)) process.stderr.write(`${note}\n`);
  if (items.every(({ questions }) => questions.length === 0))
    throw new UserError(`${data} has no questions: lightmem exam ${quoted(data)} --out exam.jsonl writes some`);
  if (model !== BUNDLED) await openModel(model, json);
  const wanted = { data, model, out };
  const seconds = await estimated(starterText(items, wanted, REPLICATES), out);
  const seeds = seconds.all <= budget ? REPLICATES : REPLICATES.slice(0, 1);
  writeWhole(out, starterText(items, wanted, seeds));
  tell(options, seeds.length, seconds);
}

interface Wanted {
  readonly data: string;
  readonly model: string;
  readonly out: string;
}

function starterText(items: readonly Item[], { data, model, out }: Wanted, seeds: readonly number[]): string {
  const folder = dirname(resolve(out));
  const file = relative(folder, resolve(data));
  return starterStudy(items, { file, name: nameOf(data), model: modelIn(folder, model), seeds });
}

/** What a study takes on this machine with all of its seeds, and with the first alone. */
interface Estimated {
  readonly all: number;
  readonly first: number;
  readonly runs: number;
  readonly runsOfFirst: number;
}

async function estimated(text: string, out: string): Promise<Estimated> {
  const config = withPathsFrom(dirname(resolve(out)), parseStudy(text, out));
  const {
    runs,
    model,
    config: planned,
  } = await planStudy({ ...config, device: await deviceFor('cpu') }, { foresee: true });
  const { workers, threads } = placementHere(planned.executor, model);
  const secondsOf = (some: typeof runs): number =>
    some.reduce((sum, run) => sum + wholeSeconds(runSeconds(runCost(run, model.tokenizer), model, threads)), 0) /
    workers;
  const ofFirst = runs.filter(({ spec }) => spec.identity.seed === REPLICATES[0]);
  return { all: secondsOf(runs), first: secondsOf(ofFirst), runs: runs.length, runsOfFirst: ofFirst.length };
}

/** A model's path from the study file's folder; names stay as they are. */
function modelIn(folder: string, model: string): string {
  return existsSync(model) ? relative(folder, resolve(model)) || '.' : model;
}

/** A data set's name from its file's. */
function nameOf(data: string): string {
  const name = basename(resolve(data), extname(data))
    .replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return /[\p{L}\p{N}]/u.test(name) ? name.slice(0, 60) : 'data';
}

function tell({ out, json }: Options, replicates: number, estimate: Estimated): void {
  const isOnce = replicates === 1;
  const [runs, seconds] = isOnce ? [estimate.runsOfFirst, estimate.first] : [estimate.runs, estimate.all];
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ out, runs, seconds, replicates })}\n`);
    return;
  }
  const noise = isOnce
    ? `each configuration is trained once, so that the noise between trainings is not known (three times: ${durationText(estimate.all)})`
    : 'each configuration is trained three times, so that the noise between trainings is in the intervals';
  process.stdout.write(`${visibleText(out)}: ${runs} runs, about ${durationText(seconds)}; ${noise}\n`);
  process.stdout.write(`Next: lightmem study run ${quoted(out)} (--dry-run says what it takes)\n`);
}
