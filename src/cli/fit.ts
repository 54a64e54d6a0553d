/** `lightmem fit`: documents in, an adapter out: level, form and rank tried out within a budget, chosen, and measured. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import { parseLevel, type Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import { parseDevice } from '../engine/devices.js';
import { jsonText } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { candidateText } from '../fit/candidate.js';
import { amountText, parseBudget } from '../fit/budget.js';
import { FIT_FILES } from '../fit/fit-layout.js';
import { DEFAULT_HALVING, DEFAULT_MARGIN, type FitSettings } from '../fit/fit-settings.js';
import { fit, planFit, type FitEvent, type FitHooks } from '../fit/fit.js';
import { outcomeOf, type FitOutcome } from '../fit/outcome.js';
import { fitPage } from '../fit/page.js';
import { planLines, recallText, summaryLines } from '../fit/summary.js';
import { BUNDLED } from '../models/load.js';
import type { LoadedModel } from '../models/model.js';
import type { StudyInput } from '../study/config.js';
import { modelFrom } from '../study/config-file.js';
import { readStudy } from '../study/stored-study.js';
import type { StudyEvent } from '../study/runner.js';
import { visibleText } from '../text/visible.js';
import { addEndpointOptions, addSpendOptions, type EndpointOptions, type SpendOptions } from './chat-client.js';
import { confirmed } from './confirm.js';
import { addDataOptions, parseCount, type DataOptions } from './data-options.js';
import { addDeviceOption, deviceFor } from './device.js';
import { fitDocuments } from './fit-documents.js';
import { interruption, Interruption } from './interrupt.js';
import { MODEL_HELP, openModel } from './open-model.js';
import { Progress } from './progress.js';
import { quoted } from './quoted.js';
import { terminalWidth } from './terminal.js';

interface Options extends DataOptions, EndpointOptions, SpendOptions {
  readonly model?: string;
  readonly budget: string;
  readonly priceHour?: string;
  readonly out: string;
  readonly levels?: string;
  readonly forms: string;
  readonly ranks?: string;
  readonly rates?: string;
  readonly exposures: string;
  readonly margin: string;
  readonly maxForgetting?: string;
  readonly kept: string;
  readonly questions: string;
  readonly wordings: string;
  readonly writer?: string;
  readonly local?: string;
  readonly by: 'rules' | 'model';
  readonly seed: string;
  readonly workers?: string;
  readonly device?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  const command = addDataOptions(
    program.command('fit').argument('<documents>', 'a folder of .md or .txt files, or any data set with texts'),
  )
    .option('--model <path>', `${MODEL_HELP}; default: the bundled model`)
    .requiredOption('--budget <amount>', 'time (90s, 30m, 2h), trained tokens (500ktok, 3Mtok) or money (5eur)')
    .option('--price-hour <amount>', 'what an hour of this machine costs, for a budget of money')
    .option('--out <folder>', 'where everything goes; what is there already is used again', 'lightmem-fit')
    .option('--levels <list>', 'levels tried; default: those of the data, or original and select=0.6')
    .option('--forms <list>', 'forms tried, those thought most of first', 'study,distil,mix')
    .option('--ranks <list>', 'ranks tried; default: from what the answers need')
    .option('--rates <list>', 'learning rates tried; default: 0.01 for the bundled model, else 0.001')
    .option('--exposures <n>', 'most times that a fact is shown', String(DEFAULT_HALVING.most))
    .option('--margin <share>', 'recall that a smaller rank or a cheaper level may lose', String(DEFAULT_MARGIN))
    .option('--max-forgetting <bits>', 'exit code 1 where the loss on general text rises by more bits a token')
    .option('--kept <n>', 'documents kept from training: an adapter of theirs shows what the form alone gives', '0')
    .option('--questions <n>', 'most questions on a part of a document that brings none', '8')
    .option('--wordings <n>', 'wordings of each question that is trained', '5')
    .option('--writer <name>', 'a model at --endpoint that writes exam and levels')
    .option('--local <model>', 'a model on this machine that does')
    .option('--by <writer>', 'who writes what is trained: rules, or model for the one named', 'rules')
    .option('--seed <n>', 'another seed, other trainings', '0')
    .option('--workers <n>', 'trainings side by side')
    .option('--yes', 'do not ask before large spends')
    .option('--dry-run', 'say what would be tried and what it takes, and train nothing')
    .option('--json', 'one JSON document on standard output, no progress')
    .addHelpText('after', HELP)
    .action(run);
  addSpendOptions(addEndpointOptions(addDeviceOption(command)));
}

const HELP = `
All candidates (level × form × rank × rate) are trained a little; a quarter of them goes on and is trained four times as much, and so on, within
the budget. The smallest rank and the cheapest level that keep up with the best are taken. Stopped anywhere, the same command goes on.`;

async function run(documents: string, options: Options): Promise<void> {
  const model = await openModel(options.model, options.json);
  const scratch = options.dryRun === true ? mkdtempSync(join(tmpdir(), 'lightmem-fit-')) : undefined;
  try {
    const settings = await settingsOf(documents, { ...options, out: scratch ?? options.out }, model);
    if (scratch === undefined) await carryOut(settings, model, options);
    else tellPlan(await planFit(settings), settings, options);
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

async function settingsOf(documents: string, options: Options, model: LoadedModel): Promise<FitSettings> {
  const { model: base = BUNDLED, ...others } = options;
  const { forms, ranks, rates, budget, priceHour, out, workers, writer, local } = others;
  const asked = parseBudget(budget, priceHour === undefined ? undefined : amountOf('price-hour', priceHour));
  const space = {
    forms: listOf(forms),
    ranks: ranks === undefined ? null : listOf(ranks).map((each) => parseCount('ranks', each)),
    rates:
      rates === undefined ? [base === BUNDLED ? 1e-2 : 1e-3] : listOf(rates).map((each) => amountOf('rates', each)),
  };
  const { most: usual, least } = DEFAULT_HALVING;
  const most = parseCount('exposures', options.exposures) || usual;
  const choice = {
    margin: amountOf('margin', options.margin),
    maxForgetting: options.maxForgetting === undefined ? null : amountOf('max-forgetting', options.maxForgetting),
  };
  const chat = { ...others, ...(writer !== undefined && { model: writer }), maxConcurrency: '64', timeout: '180' };
  const perPart = parseCount('questions', options.questions);
  const { file, items } = await fitDocuments(documents, out, { ...options, perPart, chat, tokenizer: model.tokenizer });
  const levels = options.levels === undefined ? usualLevels(items) : listOf(options.levels).map(parseLevel);
  return {
    study: {
      model: modelFrom('.', base),
      file,
      kept: keptOf(options.kept, items.length),
      made: levels.filter((level) => items.some(({ texts }) => texts[level] === undefined)),
      by: options.by,
      compress: compressOf(options, local),
      wordings: parseCount('wordings', options.wordings),
      seed: seedOf(options.seed),
      device: parseDevice(await deviceFor(options.device)),
      ...(workers !== undefined && { workers: parseCount('workers', workers), threads: 1 }),
    },
    space: { ...space, levels },
    halving: { ...DEFAULT_HALVING, most, least: Math.min(least, most) },
    ...{ choice, budget: asked, out, command: commandLine(documents, options) },
  };
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function amountOf(option: string, value: string): number {
  const amount = Number(value);
  if (value.trim() !== '' && Number.isFinite(amount) && amount > 0) return amount;
  throw new UserError(`invalid --${option} "${value}": use a number above 0`);
}

function seedOf(value: string): number {
  const seed = Number(value);
  if (Number.isSafeInteger(seed) && seed >= 0 && seed < 2 ** 31) return seed;
  throw new UserError(`invalid --seed "${value}": use an integer from 0`);
}

function keptOf(value: string, items: number): number {
  const kept = value === '0' ? 0 : parseCount('kept', value);
  if (kept < items) return kept;
  throw new UserError(`--kept ${kept} of ${items} documents leaves none to train on: keep fewer`);
}

/** At most so many of the levels that the data bring are tried unless all are named. */
const MOST_LEVELS = 3;

/** The levels that all documents have, or the original and one made by rules. */
function usualLevels(items: readonly Item[]): Level[] {
  const own = Object.keys(items[0]?.texts ?? {}).filter((level) =>
    items.every(({ texts }) => texts[level] !== undefined),
  );
  const others = own.filter((level) => level !== 'original');
  return ['original', ...(others.length === 0 ? ['select=0.6'] : others)].slice(0, MOST_LEVELS);
}

/** Whom texts are asked of, as a study file says it. */
function compressOf(options: Options, local: string | undefined): StudyInput['compress'] {
  const { writer, endpoint, endpointName, cache, priceInput, priceOutput, maxCost, maxTokens } = options;
  const number = (value: string): number => Number(value);
  return {
    ...(writer !== undefined && { model: writer }),
    ...(endpoint !== undefined && { endpoint }),
    ...(endpointName !== undefined && { endpointName }),
    ...(!cache && { cache }),
    ...(local !== undefined && { local: modelFrom('.', local) }),
    ...(priceInput !== undefined && { priceInput: number(priceInput) }),
    ...(priceOutput !== undefined && { priceOutput: number(priceOutput) }),
    ...(maxCost !== undefined && { maxCost: number(maxCost) }),
    ...(maxTokens !== undefined && { maxTokens: number(maxTokens) }),
  };
}

/** Options that say how a fit is carried out, not what it is. */
const LEFT = new Set(['json', 'dryRun', 'yes', 'onProblem', 'cache', 'by']);

function commandLine(documents: string, options: Options): string {
  const said = Object.entries(options).flatMap(([name, value]) =>
    value === undefined || LEFT.has(name)
      ? []
      : [`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, ...[value].flat().map(String)],
  );
  return ['lightmem fit', ...[documents, ...said].map(quoted)].join(' ');
}

async function carryOut(settings: FitSettings, model: LoadedModel, options: Options): Promise<void> {
  const teller = new Teller(settings, options);
  const signal = interruption();
  try {
    const agree: FitHooks['agree'] = (left) =>
      confirmed(left, {
        yes: options.yes === true,
        silent: options.json === true,
        smaller: 'limit it with --max-tokens',
      });
    const result = await fit(settings, { agree, signal, onEvent: (event) => teller.tell(event) });
    teller.end();
    const outcome = outcomeOf(settings, model.name, result);
    await writeOutcome(settings, outcome);
    tellOutcome(outcome, options);
    if (outcome.forgetting.exceeds) process.exitCode = 1;
  } catch (error) {
    teller.end();
    if (!(signal.reason instanceof Interruption)) throw error;
    if (options.json !== true)
      process.stderr.write(
        `${visibleText(`stopped: what is finished lies in ${settings.out}; go on with: ${settings.command}`)}\n`,
      );
    throw signal.reason;
  }
}

/** The pages of both studies, then the fit's own. */
async function writeOutcome({ out }: FitSettings, outcome: FitOutcome): Promise<void> {
  const { writeReport } = await import('../study/report.js');
  for (const name of [FIT_FILES.pilots, FIT_FILES.final]) writeReport(readStudy(join(out, name)));
  writeWhole(join(out, FIT_FILES.page), fitPage(outcome));
  writeWhole(join(out, FIT_FILES.outcome), jsonText(outcome));
}

function tellOutcome(outcome: FitOutcome, { json }: Options): void {
  if (json === true) {
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
    return;
  }
  const { folder, adapter } = outcome;
  process.stdout.write(
    `\n${summaryLines(outcome, terminalWidth())
      .map((each) => visibleText(each))
      .join('\n')}\n`,
  );
  process.stdout.write(`Report:  ${visibleText(relative('.', join(folder, FIT_FILES.page)))}\n`);
  process.stdout.write(`Adapter: ${visibleText(relative('.', adapter))} (PEFT)\n`);
}

function tellPlan(plan: Awaited<ReturnType<typeof planFit>>, settings: FitSettings, { json }: Options): void {
  const text =
    json === true ? JSON.stringify({ ...plan, budget: settings.budget }) : planLines(plan, settings.budget).join('\n');
  process.stdout.write(`${json === true ? text : visibleText(text)}\n`);
}

/** Says on standard error what a fit does. */
class Teller {
  #progress: Progress | undefined;
  #label = 'measuring';

  constructor(
    readonly settings: FitSettings,
    readonly options: Options,
  ) {}

  tell(event: FitEvent): void {
    const { budget } = this.settings;
    switch (event.type) {
      case 'measuring':
        this.#print('measuring what the base knows and the levels keep');
        break;
      case 'planned':
        for (const line of planLines(event.plan, budget)) this.#print(line);
        break;
      case 'rung': {
        const { candidates, exposures } = event.trial;
        this.#label = `trials ${event.number + 1}`;
        this.#print(`${this.#label}: ${candidates.length} candidates, every fact shown ${exposures} times`);
        break;
      }
      case 'closed': {
        const rates = this.settings.space.rates.length;
        const told = event.results.map(
          ({ candidate, cell }) => `${candidateText(candidate, rates)} ${recallText(cell?.trained ?? null)}`,
        );
        this.#print(
          `${told.join('; ')}; spent ${amountText(budget.unit, event.spent)} of ${amountText(budget.unit, budget.amount)}`,
        );
        break;
      }
      case 'final':
        this.#label = 'measuring the choice';
        this.#print(
          `chosen: ${candidateText(event.candidate, this.settings.space.rates.length)}; measuring it in full`,
        );
        break;
      case 'study':
        this.#tellStudy(event.event);
        break;
    }
  }

  end(): void {
    this.#progress?.end();
    this.#progress = undefined;
  }

  #tellStudy(event: StudyEvent): void {
    if (event.type === 'planned') {
      this.end();
      this.#progress = new Progress({ label: this.#label, total: event.seconds, silent: this.options.json === true });
    }
    if (event.type === 'progress') this.#progress?.update(event.done, `${event.runsDone} of ${event.runs} runs`, event);
    if (event.type === 'failed') this.#print(`failed: ${event.run}: ${event.message}`);
    if (event.type === 'damaged') this.#print(`made anew: ${event.run}: ${event.damage}`);
  }

  #print(text: string): void {
    if (this.#progress !== undefined) this.#progress.print(text);
    else if (this.options.json !== true) process.stderr.write(`${visibleText(text)}\n`);
  }
}
