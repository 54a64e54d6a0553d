/** The plan: a checked configuration, its data and its model become the list of runs, each with its identity. */
import { join } from 'node:path';
import { UserErrors } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import type { Json } from '../core/json.js';
import type { Level } from '../core/levels.js';
import { nearest } from '../core/nearest.js';
import type { Item } from '../core/records.js';
import { remembered } from '../core/remembered.js';
import {
  apart,
  type Compute,
  type Device,
  type GenerateSettings,
  type TrainPlace,
  type TrainSettings,
} from '../core/settings.js';
import { chooseDevice } from '../engine/devices.js';
import { openJudge, type JudgeChoice } from '../evaluate/judges/open-judge.js';
import { BUNDLED, bundledModelPath, loadModel } from '../models/load.js';
import type { LoadedModel, Tokenizer } from '../models/model.js';
import { DEFAULT_PROMPT_STYLE, PromptRenderer, type PromptStyle } from '../models/text/prompt.js';
import { describePython, settledOn } from '../peft/peft-session.js';
import type { PeftSettings } from '../peft/settings.js';
import type { ServerSettings } from '../serving/settings.js';
import { AskedModels } from './asked-models.js';
import { computeBefore } from './compute-before.js';
import type { GridPart, StudyConfig } from './config.js';
import { FormSets, type FormSet, type TextPart } from './form-sets.js';
import { generalText } from './general-text.js';
import { judgeForecasts, type JudgeForecast } from './judge-forecast.js';
import { loadDatasets, type StudyDataset } from './datasets.js';
import {
  askedHash,
  IDENTITY_VERSION,
  samplesHash,
  textSamplesHash,
  type AnsweringIdentity,
  type EngineIdentity,
  type ProbeIdentity,
  type PromptIdentity,
  type RunIdentity,
  type TrainingIdentity,
} from './identity.js';
import { runSpec, type GeneralText, type ModelPlace, type PlannedRun, type RunPlace } from './run-spec.js';
import { STUDY_FILES } from './layout.js';
import { serverIdentity, serverSettings } from './server-config.js';
import { servedIdentity, servedTokenizer } from './served.js';
import { textBaseCells, textCells, type TextCell } from './text-cells.js';
import { studyTexts, type TextsHooks, type TextsOutcome } from './texts.js';
import { trainSettings, withOverride, type SettledTrain, type TrainConfig } from './train-settings.js';
import { epochTokens } from './train-size.js';
import { ENGINE_VERSION } from '../engine/version.js';
import { checkCompute, checkComputePlace, checkLanes, settledCompute, type ComputeBase } from '../train/compute.js';
import { INT8_RECIPE } from '../models/graph/int8-weights.js';
import { studyWriters, type FormsOutcome } from './written-forms.js';

/** The model that a study trains and asks, or one behind an endpoint that it asks as it is. */
export type StudyModel =
  | {
      readonly kind: 'local';
      readonly name: string;
      readonly place: ModelPlace;
      readonly model: LoadedModel;
      readonly tokenizer: Tokenizer;
      readonly renderer: PromptRenderer;
      /** PyTorch, where that trains. */
      readonly peft?: PeftPlan;
      /** The server that answers, where one does. */
      readonly server?: ServerSettings;
    }
  | {
      readonly kind: 'served';
      readonly name: string;
      readonly place: ModelPlace;
      readonly identity: Json;
      /** Counts texts' tokens. */
      readonly tokenizer: Tokenizer;
    };

/** PyTorch as it was found, and who answers. */
export interface PeftPlan {
  readonly settings: PeftSettings;
  /** GPUs that it sees here. */
  readonly gpus: number;
  readonly asks: boolean;
  readonly python?: string;
}

export interface PlanOptions extends TextsHooks {
  /** The study's folder, in which texts are kept; default the configuration's `out`. */
  readonly folder?: string;
  /** Whether texts that are missing are only foreseen, and nothing is asked, made or written; default no. */
  readonly foresee?: boolean;
}

/** Everything a study needs before its runs begin. */
export interface StudyPlan {
  readonly config: StudyConfig & { readonly device: Device };
  readonly model: StudyModel;
  readonly datasets: ReadonlyMap<string, StudyDataset>;
  /** What making the texts that the study file names came to; null where it names none that the grid uses. */
  readonly texts: TextsOutcome | null;
  /** What having questions and rewrites written by a model came to; null where rules write them, or nothing is trained on texts. */
  readonly forms: FormsOutcome | null;
  /** What judges will ask of models. */
  readonly judging: readonly JudgeForecast[];
  /** Base runs first, then the grid in its order; no run twice. */
  readonly runs: readonly PlannedRun[];
}

/**
 * Loads model and data, makes the texts that the study file names, and lays out the runs; but for those texts it writes
 * nothing. Throws UserError or UserErrors with all that cannot be done, CompressionStopped where texts cannot be made.
 */
export async function planStudy(asked: StudyConfig, options: PlanOptions = {}): Promise<StudyPlan> {
  const device = asked.device === 'auto' ? (await chooseDevice('auto')).device : asked.device;
  const config = { ...asked, device };
  const model = await openStudyModel(config);
  const folder = options.folder ?? config.out;
  const base = model.kind === 'local' ? model.model : undefined;
  const journal = join(folder, STUDY_FILES.texts, 'spend.jsonl');
  const askedModels = new AskedModels({ config, base, journal });
  try {
    return await planned({ config, model, folder, asked: askedModels, options });
  } finally {
    await askedModels.close();
  }
}

interface PlanRequest {
  readonly config: StudyPlan['config'];
  readonly model: StudyModel;
  readonly folder: string;
  readonly asked: AskedModels;
  readonly options: PlanOptions;
}

async function planned({ config, model, folder, asked, options }: PlanRequest): Promise<StudyPlan> {
  const { foresee = false, ...hooks } = options;
  const making = { ...hooks, config, asked, foresee, tokenizer: model.tokenizer };
  let texts: TextsOutcome | null = null;
  const datasets = await loadDatasets(config, async (items) => {
    const made = await studyTexts(items, { ...making, folder: join(folder, STUDY_FILES.texts) });
    if (made !== null) texts = { forecast: made.forecast, spent: made.spent };
    return made?.items ?? items;
  });
  const problems = config.grid.flatMap((part, index) => partProblems(part, index, datasets));
  if (problems.length > 0) throw new UserErrors('the grid does not fit its data:', problems);
  const writers = await studyWriters({ ...making, datasets, folder: join(folder, STUDY_FILES.forms) });
  const sets = new FormSets(writers.writerOf, options.signal);
  const base = model.kind === 'local' ? model.model.identity : undefined;
  const runs = await new Planner({
    config,
    model,
    datasets,
    sets,
    before: base === undefined ? undefined : computeBefore(folder, base),
  }).runs();
  const judging = judgeForecasts({ config, runs, folder });
  return { config, model, datasets, texts, forms: writers.outcome, judging, runs };
}

async function openStudyModel(config: StudyConfig): Promise<StudyModel> {
  if (typeof config.model !== 'string') {
    const { tokenizer = null, ...served } = config.model;
    const { name } = served;
    const place: ModelPlace = { kind: 'served', ...served, tokenizer };
    return { kind: 'served', name, place, identity: servedIdentity(place), tokenizer: servedTokenizer(place) };
  }
  const model = loadModel(config.model === BUNDLED ? bundledModelPath() : config.model);
  const { name, path, tokenizer } = model;
  const renderer = new PromptRenderer(model, promptStyle(config));
  const peft = await openPeft(config);
  const server = config.server === undefined ? undefined : serverSettings(config.server, config, model.config);
  return {
    ...{ kind: 'local', name, place: { kind: 'local', path }, model, tokenizer, renderer },
    ...(peft !== undefined && { peft }),
    ...(server !== undefined && { server }),
  };
}

/** Throws UserError where PyTorch is asked for in vain. */
async function openPeft({ engine }: StudyConfig): Promise<PeftPlan | undefined> {
  if (engine.kind === 'lightmem') return undefined;
  const { python, asks } = engine;
  const there = await describePython(python);
  return {
    settings: settledOn(engine, there),
    gpus: there.gpus.length,
    asks: asks === 'peft',
    ...(python !== undefined && { python }),
  };
}

function promptStyle({ prompt }: StudyConfig): PromptStyle {
  return { version: DEFAULT_PROMPT_STYLE.version, system: prompt.system, open: prompt.open, closed: prompt.closed };
}

/** Items that a part trains on, at most. */
function poolOf(part: GridPart, dataset: StudyDataset): readonly Item[] {
  const keepsItems = part.book === 'text' || (part.book === 'open' && part.evaluateOn === 'test');
  return keepsItems ? dataset.trainItems : dataset.pool;
}

function partProblems(part: GridPart, index: number, datasets: ReadonlyMap<string, StudyDataset>): string[] {
  const dataset = datasets.get(part.dataset);
  if (dataset === undefined) return [];
  const pool = poolOf(part, dataset).length;
  const amounts = (part.amounts ?? [])
    .filter((amount) => amount > pool)
    .map((amount) => `grid[${index}].amounts: ${amount} items asked, "${part.dataset}" has ${pool} to train on`);
  if (part.book === 'closed') return amounts;
  const untested =
    part.book === 'open' && part.evaluateOn === 'test' && dataset.testItems.length === 0
      ? [`grid[${index}]: "${part.dataset}" keeps no item for asking: set its testItems, or evaluateOn: trained`]
      : [];
  const levels = part.levels.flatMap((level) => levelProblem(level, index, dataset));
  return [...amounts, ...untested, ...levels];
}

function levelProblem(level: Level, index: number, { name, items }: StudyDataset): string[] {
  const without = items.filter(({ texts }) => texts[level] === undefined).length;
  if (without === 0) return [];
  const meant = nearest(
    level,
    levelsOf(items).filter((other) => other !== level),
  );
  return [
    `grid[${index}].levels: ${without} of the ${items.length} items of "${name}" have no text at level ${level}: ${meant === undefined ? '' : `did you mean ${meant}? Else `}name it under "texts", or write it with lightmem compress`,
  ];
}

/** The levels at which some item has a text. */
function levelsOf(items: readonly Item[]): Level[] {
  return [...new Set(items.flatMap(({ texts }) => Object.keys(texts)))];
}

interface PlannerInput {
  readonly config: StudyPlan['config'];
  readonly model: StudyModel;
  readonly datasets: ReadonlyMap<string, StudyDataset>;
  readonly sets: FormSets;
  /** What trainings of this base in the study's folder were planned to be computed in, where there are any. */
  readonly before: Compute | undefined;
}

interface Cell {
  readonly level: Level | 'none';
  readonly rank: number;
  readonly seed: number;
  readonly trained: readonly Item[];
  readonly asked: readonly Item[];
}

class Planner {
  readonly config: StudyPlan['config'];
  #general: GeneralText | undefined;
  readonly #judges: readonly Json[];
  readonly #engine: EngineIdentity;

  /** Shared by all runs of a length, as `#prompt` is: what identities share is told once. */
  readonly #answering = remembered((model: StudyModel, maxLength: number): AnsweringIdentity => {
    const generation = generationOf(this.config);
    if (model.kind === 'served')
      return { kind: 'served', model: model.identity, style: promptStyle(this.config), generation };
    const prompt = this.#prompt(model.renderer, maxLength);
    return {
      ...{ kind: 'local', model: model.model.identity, prompt, generation, engine: this.#engine },
      ...(model.peft?.asks === true && { peft: model.peft.settings }),
      ...(model.server !== undefined && { server: serverIdentity(model.server) }),
    };
  });

  readonly #prompt = remembered(({ identity, style }: PromptRenderer, maxLength: number): PromptIdentity => {
    return { renderer: identity, style, maxLength, answerRoom: this.config.prompt.answerRoom };
  });

  /** Settings of a part's trainings of a rank, which differ by their seeds alone. */
  readonly #settings = remembered((part: GridPart, rank: number, tokens: number): TrainSettings =>
    trainSettings(this.#train(part), rank, 0, tokens),
  );

  constructor(readonly input: PlannerInput) {
    this.config = input.config;
    this.#engine = { name: ENGINE_VERSION, device: this.config.device };
    this.#judges = this.config.evaluate.judges.map((choice: JudgeChoice) => openJudge(choice).judge.identity);
  }

  /** Throws what making forms throws. */
  async runs(): Promise<PlannedRun[]> {
    const grid: PlannedRun[] = [];
    for (const part of this.config.grid)
      grid.push(...(part.book === 'text' ? await this.#textRuns(part) : this.#trainedRuns(part)));
    const all = [...(this.config.base ? this.#baseRuns() : []), ...grid];
    return [...new Map(all.map((run) => [run.spec.id, run])).values()];
  }

  #trainedRuns(part: GridPart): PlannedRun[] {
    const dataset = this.#dataset(part);
    const pool = poolOf(part, dataset);
    // One list for each amount, whatever runs share it: what is told of a list is told once.
    const lists = (part.amounts ?? [pool.length]).map((amount) => pool.slice(0, amount));
    return this.#levels(part).flatMap((level) =>
      lists.flatMap((trained) =>
        (part.ranks ?? []).flatMap((rank) =>
          part.seeds.map((seed) => {
            const asked = this.#asked(part, trained);
            return this.#run(part, { level, rank, seed, trained, asked });
          }),
        ),
      ),
    );
  }

  /** One for each way of asking; where amounts differ, the largest holds the questions of all. */
  #baseRuns(): PlannedRun[] {
    return this.config.grid.flatMap((part) => {
      if (part.book === 'text')
        return textBaseCells(part, this.#dataset(part)).map((cell) => this.#textRun(part, cell));
      const pool = poolOf(part, this.#dataset(part));
      const most = pool.slice(0, Math.max(...(part.amounts ?? [pool.length])));
      const asked = this.#asked(part, most);
      return this.#levels(part).map((level) => this.#run(part, { level, rank: 0, seed: 0, trained: [], asked }));
    });
  }

  #levels(part: GridPart): (Level | 'none')[] {
    return part.book === 'closed' ? ['none'] : part.levels;
  }

  #asked(part: GridPart, trained: readonly Item[]): readonly Item[] {
    return part.book === 'open' && part.evaluateOn === 'test' ? this.#dataset(part).testItems : trained;
  }

  #run(part: GridPart, { level, rank, seed, trained, asked }: Cell): PlannedRun {
    const tokens = epochTokens(trained, level, part.train?.maxLength ?? this.config.train.maxLength);
    const { settings, place } = apart({ ...this.#settings(part, rank, tokens), seed });
    const training = rank === 0 ? null : this.#training(settings, samplesHash(trained, level));
    const identity = this.#identity(part, { level, rank, seed, trained, asked }, training, settings.maxLength);
    return { spec: runSpec(identity, this.#place({ trained, asked }, place)), trained, asked };
  }

  #identity(
    { dataset, book }: GridPart,
    { level, rank, seed, trained, asked }: Cell,
    training: TrainingIdentity | null,
    maxLength: number,
  ): RunIdentity {
    return {
      version: IDENTITY_VERSION,
      ...{ dataset, book, level, rank, items: trained.length, seed, training },
      answering: this.#answering(this.input.model, maxLength),
      asked: askedHash(asked, level),
      judges: this.#judges,
    };
  }

  /** Where its data lies is known when the study's folder is written. */
  #place({ trained, asked }: Pick<Cell, 'trained' | 'asked'>, place: TrainPlace): RunPlace {
    const { model } = this.input;
    checkLanes(place.lanes, { device: this.config.device, isPeft: this.#peft !== undefined });
    return {
      ...{ model: model.place, data: '', ...place },
      ...(this.#peft?.python !== undefined && { python: this.#peft.python }),
      ...(model.kind === 'local' && model.server !== undefined && { server: model.server }),
      trained: idsOf(trained),
      asked: idsOf(asked),
      judges: this.config.evaluate.judges,
    };
  }

  async #textRuns(part: TextPart): Promise<PlannedRun[]> {
    const cells = await textCells(part, this.#dataset(part), this.input.sets);
    return cells.map((cell) => this.#textRun(part, cell));
  }

  #textRun(part: TextPart, cell: TextCell): PlannedRun {
    const { control, level, rank, seed, trained, asked, set } = cell;
    const config = this.#train(part);
    const isMeasured = control === null && set !== null && this.#peft === undefined;
    const general = isMeasured ? this.#generalText() : undefined;
    const objective = set?.mix.shares.distil === undefined ? {} : { objective: 'distil' };
    const { settings, place: own } = apart(trainSettings({ ...config, ...objective, epochs: 1 }, rank, seed));
    const training = set === null ? null : this.#textTraining(settings, set, trained);
    const identity: RunIdentity = {
      ...this.#identity(part, cell, training, settings.maxLength),
      text: {
        ...(set !== null && { form: set.mix.name, exposures: set.exposures }),
        ...(control !== null && { control }),
        taught: set?.taught.length ?? 0,
        ...(general !== undefined && { probe: this.#probe(part, { level, rank }, general) }),
      },
    };
    const place: RunPlace = {
      ...this.#place(cell, own),
      ...(set !== null && { samples: '', taught: set.taught, forms: { writer: set.writer, ...set.report } }),
      ...(general !== undefined && { general: '' }),
    };
    const learns = { ...(set !== null && { set }), ...(general !== undefined && { general }) };
    return { spec: runSpec(identity, place), trained, asked, ...learns };
  }

  #generalText(): GeneralText {
    const { config } = this;
    this.#general ??= withHash(generalText(config.probe.general, config.model === BUNDLED));
    return this.#general;
  }

  /** Strengths and ranks are tried where the study's widest view is: at the first level, of the largest rank. */
  #probe(part: TextPart, { level, rank }: Pick<TextCell, 'level' | 'rank'>, { hash }: GeneralText): ProbeIdentity {
    const { generalTokens, scales, ranks, sweep } = this.config.probe;
    const isWidest = level === part.levels[0] && rank === Math.max(...(part.ranks ?? []));
    const isSwept = sweep === 'all' || (sweep === 'some' && isWidest);
    const smaller = ranks.filter((other) => other < rank);
    return { general: hash, generalTokens, scales: isSwept ? scales : [], ranks: isSwept ? smaller : [] };
  }

  #textTraining(
    settings: TrainingIdentity['settings'],
    { mix: { shares }, exposures, level, hash, report }: FormSet,
    trained: readonly Item[],
  ): TrainingIdentity {
    const forms = { shares, exposures, facts: report.facts };
    return { ...this.#training(settings, textSamplesHash(hash, shares, trained, level)), forms };
  }

  #training(settings: TrainingIdentity['settings'], samples: string): TrainingIdentity {
    const { model } = this.input;
    if (model.kind === 'served') throw new Error('a served model is not trained');
    this.#checkCompute(settings.compute);
    return {
      version: IDENTITY_VERSION,
      model: model.model.identity,
      prompt: this.#prompt(model.renderer, settings.maxLength),
      ...{ samples, settings, engine: this.#engine },
      ...(settings.compute !== undefined && { recipe: INT8_RECIPE }),
      ...(model.peft !== undefined && { peft: model.peft.settings }),
    };
  }

  /** A part's own settings in place of the study's, what trainings are computed in settled. */
  #train(part: GridPart): SettledTrain {
    const { compute, ...train } = withOverride(this.config.train, defined(part.train));
    const { model, before } = this.input;
    const hiddenSize = model.kind === 'local' ? model.model.config.hiddenSize : 0;
    const base = { ...this.#computePlace, hiddenSize, quantisation: train.quantisation, before };
    return { ...train, compute: settledCompute(compute, base) };
  }

  /** Where runs go elsewhere, the processor there is asked when they begin. */
  #checkCompute(compute: TrainingIdentity['settings']['compute']): void {
    const { isHere, ...place } = this.#computePlace;
    const check = isHere ? checkCompute : checkComputePlace;
    check(compute, place);
  }

  get #computePlace(): Pick<ComputeBase, 'device' | 'isPeft'> & { readonly isHere: boolean } {
    const { executor, device } = this.config;
    return {
      ...{ device, isPeft: this.#peft !== undefined },
      isHere: executor.kind === 'inline' || executor.kind === 'pool',
    };
  }

  get #peft(): PeftPlan | undefined {
    return this.input.model.kind === 'local' ? this.input.model.peft : undefined;
  }

  #dataset({ dataset }: GridPart): StudyDataset {
    const found = this.input.datasets.get(dataset);
    if (found === undefined) throw new Error(`data set ${dataset} was not loaded`);
    return found;
  }
}

const idsOf = remembered((items: readonly Item[]): readonly string[] => items.map(({ id }) => id));

function withHash(text: string): GeneralText {
  return { text, hash: sha256(text) };
}

function generationOf({ evaluate: { maxNewTokens, temperature, stop } }: StudyConfig): GenerateSettings {
  return { maxNewTokens, temperature, seed: 0, stop };
}

/** A part's own settings, those left out not standing in the way of the study's. */
function defined(override: GridPart['train']): Partial<TrainConfig> {
  return Object.fromEntries(Object.entries(override ?? {}).filter(([, value]) => value !== undefined));
}
