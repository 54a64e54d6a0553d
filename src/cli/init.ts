/** `lightmem init`: a study file for a data set, with comments, and sizes that suit the data and the machine. */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import type { Item } from '../core/records.js';
import { loadAll } from '../data/load.js';
import { writeWhole } from '../files/write-whole.js';
import { BUNDLED } from '../models/load.js';
import { parseStudy, withPathsFrom } from '../study/config-file.js';
import { runCost, runSeconds } from '../study/estimate.js';
import { placementHere } from '../study/placement.js';
import { planStudy } from '../study/plan.js';
import { starterStudy } from '../study/starter.js';
import { durationText } from '../text/duration.js';
import { visibleText } from '../text/visible.js';
import {
  addDataOptions,
  loadOptions,
  parseCount,
  ReadingProgress,
  reportLines,
  type DataOptions,
} from './data-options.js';
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
const REPLICATES = [[0, 1, 2], [0]] as const;

async function run(data: string, options: Options): Promise<void> {
  const { out, model = BUNDLED, json = false } = options;
  if (existsSync(out)) throw new UserError(`${out} is there already: name another file with --out, or remove it`);
  const budget = 60 * parseCount('budget', options.budget);
  const progress = new ReadingProgress(json);
  const { items, report } = await loadAll(data, { ...loadOptions(options), onBytes: progress.onBytes }).finally(() =>
    progress.end(),
  );
  for (const note of json ? [] : reportLines(report)) process.stderr.write(`${visibleText(note)}\n`);
  if (items.every(({ questions }) => questions.length === 0))
    throw new UserError(`${data} has no questions: lightmem exam ${quoted(data)} --out exam.jsonl writes some`);
  if (model !== BUNDLED) await openModel(model, json);
  const choices = [];
  for (const seeds of REPLICATES) choices.push(await estimated(items, { data, model, out, seeds }));
  const [three, one] = choices;
  const chosen = three !== undefined && three.seconds <= budget ? three : one;
  if (chosen === undefined) throw new Error('no choice of seeds');
  writeWhole(out, chosen.text);
  tell(chosen, options, three?.seconds ?? 0);
}

interface Estimated {
  readonly text: string;
  readonly runs: number;
  readonly seconds: number;
  readonly replicates: number;
}

interface Wanted {
  readonly data: string;
  readonly model: string;
  readonly out: string;
  readonly seeds: readonly number[];
}

/** A file, and what its study takes on this machine. */
async function estimated(items: readonly Item[], { data, model, out, seeds }: Wanted): Promise<Estimated> {
  const folder = dirname(resolve(out));
  const file = relative(folder, resolve(data));
  const text = starterStudy(items, { file, name: nameOf(data), model: modelIn(folder, model), seeds });
  const config = withPathsFrom(folder, parseStudy(text, out));
  const plan = await planStudy({ ...config, device: await deviceFor('cpu') }, { foresee: true });
  const { workers, threads } = placementHere(plan.config.executor, plan.model);
  const seconds = plan.runs.reduce((sum, planned) => {
    const { start, train, ask } = runSeconds(runCost(planned, plan.model.tokenizer), plan.model, threads);
    return sum + start + train + ask;
  }, 0);
  return { text, runs: plan.runs.length, seconds: seconds / workers, replicates: seeds.length };
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

function tell({ runs, seconds, replicates }: Estimated, { out, json }: Options, three: number): void {
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ out, runs, seconds, replicates })}\n`);
    return;
  }
  const noise =
    replicates > 1
      ? 'each configuration is trained three times, so that the noise between trainings is in the intervals'
      : `each configuration is trained once, so that the noise between trainings is not known (three times: ${durationText(three)})`;
  process.stdout.write(`${visibleText(out)}: ${runs} runs, about ${durationText(seconds)}; ${noise}\n`);
  process.stdout.write(`Next: lightmem study run ${quoted(out)} (--dry-run says what it takes)\n`);
}
