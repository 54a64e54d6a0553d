/** `lightmem init`: a study file for a data set, with comments, and sizes that suit the data and the machine. */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import type { Item } from '../core/records.js';
import { writeWhole } from '../files/write-whole.js';
import { BUNDLED } from '../models/load.js';
import { parseStudy, withPathsFrom } from '../study/config-file.js';
import { runCost, runSeconds } from '../study/estimate.js';
import { wholeSeconds } from '../study/run-seconds.js';
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

/** What is trained how often: seeds of each configuration, and how often each fact of a text is shown. */
interface Amount {
  readonly seeds: readonly number[];
  readonly exposures: number;
  readonly textBookOnly: boolean;
}

const MOST: Amount = { seeds: REPLICATES, exposures: 60, textBookOnly: false };
const ONCE: Amount = { ...MOST, seeds: REPLICATES.slice(0, 1) };
/** What is tried, until one fits the time; fewer exposures teach too little to be worth it. */
const AMOUNTS: readonly Amount[] = [
  ...[MOST, ONCE, { ...ONCE, exposures: 30 }],
  ...[60, 30, 15].map((exposures) => ({ ...ONCE, exposures, textBookOnly: true })),
];

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
  const estimates = await estimated(starterText(items, wanted, MOST), out);
  const least = estimates.at(-1);
  const chosen = estimates.find(({ seconds }) => seconds <= budget) ?? least;
  if (chosen === undefined) throw new Error('nothing was estimated');
  writeWhole(out, starterText(items, wanted, chosen.amount));
  tell(options, chosen, estimates[0] ?? chosen);
}

interface Wanted {
  readonly data: string;
  readonly model: string;
  readonly out: string;
}

function starterText(items: readonly Item[], { data, model, out }: Wanted, amount: Amount): string {
  const folder = dirname(resolve(out));
  const file = relative(folder, resolve(data));
  return starterStudy(items, { file, name: nameOf(data), model: modelIn(folder, model), ...amount });
}

/** What a study takes on this machine. */
interface Estimated {
  readonly amount: Amount;
  readonly seconds: number;
  readonly runs: number;
}

/** One for each amount: the time of training on texts is in proportion to what is shown. */
async function estimated(text: string, out: string): Promise<Estimated[]> {
  const config = withPathsFrom(dirname(resolve(out)), parseStudy(text, out));
  const plan = await planStudy({ ...config, device: await deviceFor('cpu') }, { foresee: true });
  const { model } = plan;
  const { workers, threads } = placementHere(plan.config.executor, model);
  const runs = plan.runs.map((run) => ({
    ...{ seed: run.spec.identity.seed, book: run.spec.identity.book },
    seconds: runSeconds(runCost(run, model.tokenizer), model, threads),
  }));
  return AMOUNTS.map((amount) => {
    const { seeds, exposures, textBookOnly } = amount;
    const own = runs.filter(({ seed, book }) => seeds.includes(seed) && (book === 'text' || !textBookOnly));
    const share = exposures / MOST.exposures;
    const seconds = own.map(({ seconds: each, book }) =>
      wholeSeconds(book === 'text' ? { ...each, train: share * each.train } : each),
    );
    return { amount, seconds: seconds.reduce((sum, each) => sum + each, 0) / workers, runs: own.length };
  });
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

function tell({ out, json }: Options, { amount, seconds, runs }: Estimated, most: Estimated): void {
  const replicates = amount.seeds.length;
  if (json === true) {
    process.stdout.write(
      `${JSON.stringify({ out, runs, seconds, replicates, ...{ exposures: amount.exposures, textBookOnly: amount.textBookOnly } })}\n`,
    );
    return;
  }
  const noise =
    replicates === 1
      ? `each configuration is trained once, so that the noise between trainings is not known (three times: ${durationText(most.seconds)})`
      : 'each configuration is trained three times, so that the noise between trainings is in the intervals';
  const only = amount.textBookOnly ? 'only the text book, for open and closed book there is no time; ' : '';
  const shown = `${only}facts of texts are shown ${amount.exposures} times`;
  process.stdout.write(`${visibleText(out)}: ${runs} runs, about ${durationText(seconds)}; ${shown}; ${noise}\n`);
  process.stdout.write(`Next: lightmem study run ${quoted(out)} (--dry-run says what it takes)\n`);
}
