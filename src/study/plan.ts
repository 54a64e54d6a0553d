/** The plan: a checked configuration, its data and its model become the list of runs, each with its identity. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { UserErrors } from '../core/errors.js';
import type { Json } from '../core/json.js';
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import type { Device, GenerateSettings, TrainSettings } from '../core/settings.js';
import { chooseDevice } from '../engine/devices.js';
import { bundledModelPath, loadModel } from '../models/load.js';
import type { LoadedModel } from '../models/model.js';
import { DEFAULT_PROMPT_STYLE, PromptRenderer, type PromptStyle } from '../models/text/prompt.js';
import { BUNDLED, type GridPart, type StudyConfig } from './config.js';
import { itemsIdentity, loadDatasets, type StudyDataset } from './datasets.js';
import { linearWeights } from './estimate.js';
import { runJudge } from './run-judge.js';
import { IDENTITY_VERSION, runSpec, type JudgePlace, type PlannedRun } from './run-spec.js';

/** Everything a study needs before its folder is touched. */
export interface StudyPlan {
  readonly config: StudyConfig;
  readonly model: LoadedModel;
  readonly renderer: PromptRenderer;
  readonly datasets: ReadonlyMap<string, StudyDataset>;
  /** Base runs first, then the grid in its order; no run twice. */
  readonly runs: readonly PlannedRun[];
  readonly workers: number;
}

/** Parameters from which a model takes all processors for one run at a time. */
const LARGE_MODEL_PARAMETERS = 50_000_000;

/** Loads model and data and lays out the runs; throws UserError or UserErrors with all that cannot be done, and writes nothing. */
export async function planStudy(asked: StudyConfig): Promise<StudyPlan> {
  const device = asked.device === 'auto' ? (await chooseDevice('auto')).device : asked.device;
  const config = { ...asked, device };
  const model = loadModel(config.model === BUNDLED ? bundledModelPath() : config.model);
  const datasets = await loadDatasets(config);
  const problems = config.grid.flatMap((part, index) => partProblems(part, index, datasets));
  if (problems.length > 0) throw new UserErrors('the grid does not fit its data:', problems);
  const prompt = promptStyle(config);
  const renderer = new PromptRenderer(model, prompt);
  const judge = judgePlace(config);
  const { workers, threads } = placement(config, model);
  const planner = new Planner(config, model, renderer, datasets, judge, runJudge(judge).judge.identity, threads);
  return { config, model, renderer, datasets, runs: planner.runs(), workers };
}

function promptStyle({ prompt }: StudyConfig): PromptStyle {
  return { version: DEFAULT_PROMPT_STYLE.version, system: prompt.system, open: prompt.open, closed: prompt.closed };
}

function judgePlace({ evaluate: { judge, judgeModel, endpoint } }: StudyConfig): JudgePlace {
  return {
    name: judge,
    ...(judgeModel !== undefined && { model: judgeModel }),
    ...(endpoint !== undefined && { endpoint }),
  };
}

/** Runs at once, and threads of each: small models side by side on one thread each, a large one alone on all. */
export function placement({ executor }: StudyConfig, model: LoadedModel): { workers: number; threads: number } {
  const processors = availableParallelism();
  const usual = linearWeights(model.config) < LARGE_MODEL_PARAMETERS ? processors : 1;
  const workers = executor.kind === 'inline' ? 1 : (executor.workers ?? usual);
  return { workers, threads: executor.threads ?? Math.max(1, Math.floor(processors / workers)) };
}

/** Items that a part trains on, at most. */
function poolOf(part: GridPart, dataset: StudyDataset): readonly Item[] {
  return part.book === 'open' && part.evaluateOn === 'test' ? dataset.trainItems : dataset.items;
}

function partProblems(part: GridPart, index: number, datasets: ReadonlyMap<string, StudyDataset>): string[] {
  const dataset = datasets.get(part.dataset);
  if (dataset === undefined) return [];
  const pool = poolOf(part, dataset).length;
  const amounts = (part.amounts ?? [])
    .filter((amount) => amount > pool)
    .map((amount) => `grid[${index}].amounts: ${amount} items asked, "${part.dataset}" has ${pool} to train on`);
  if (part.book !== 'open') return amounts;
  const untested =
    part.evaluateOn === 'test' && dataset.testItems.length === 0
      ? [`grid[${index}]: "${part.dataset}" keeps no item for asking: set its testItems, or evaluateOn: trained`]
      : [];
  const levels = part.levels.flatMap((level) => levelProblem(level, index, dataset));
  return [...amounts, ...untested, ...levels];
}

function levelProblem(level: Level, index: number, { name, items }: StudyDataset): string[] {
  const without = items.filter(({ texts }) => texts[level] === undefined).length;
  if (without === 0) return [];
  return [
    `grid[${index}].levels: ${without} of the ${items.length} items of "${name}" have no text at level ${level}: write it with lightmem compress`,
  ];
}

const ENGINE = `onnxruntime ${(createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version}`;

class Planner {
  constructor(
    readonly config: StudyConfig & { readonly device: Device },
    readonly model: LoadedModel,
    readonly renderer: PromptRenderer,
    readonly datasets: ReadonlyMap<string, StudyDataset>,
    readonly judge: JudgePlace,
    readonly judgeIdentity: Json,
    readonly threads: number,
  ) {}

  runs(): PlannedRun[] {
    const grid = this.config.grid.flatMap((part) => this.#trainedRuns(part));
    const all = [...(this.config.base ? this.#baseRuns() : []), ...grid];
    return [...new Map(all.map((run) => [run.spec.id, run])).values()];
  }

  #trainedRuns(part: GridPart): PlannedRun[] {
    const dataset = this.#dataset(part);
    const pool = poolOf(part, dataset);
    const cells = this.#levels(part).flatMap((level) =>
      (part.amounts ?? [pool.length]).flatMap((amount) =>
        part.ranks.flatMap((rank) => part.seeds.map((seed) => ({ level, amount, rank, seed }))),
      ),
    );
    return cells.map(({ level, amount, rank, seed }) => {
      const trained = pool.slice(0, amount);
      return this.#run(part, { level, rank, seed, trained, asked: this.#asked(part, trained) });
    });
  }

  /** One for each way of asking; where amounts differ, the largest holds the questions of all. */
  #baseRuns(): PlannedRun[] {
    return this.config.grid.flatMap((part) => {
      const pool = poolOf(part, this.#dataset(part));
      const most = pool.slice(0, Math.max(...(part.amounts ?? [pool.length])));
      const asked = this.#asked(part, most);
      return this.#levels(part).map((level) => this.#run(part, { level, rank: 0, seed: 0, trained: [], asked }));
    });
  }

  #levels(part: GridPart): (Level | 'none')[] {
    return part.book === 'open' ? part.levels : ['none'];
  }

  #asked(part: GridPart, trained: readonly Item[]): readonly Item[] {
    return part.book === 'open' && part.evaluateOn === 'test' ? this.#dataset(part).testItems : trained;
  }

  #run(
    part: GridPart,
    cell: {
      level: Level | 'none';
      rank: number;
      seed: number;
      trained: readonly Item[];
      asked: readonly Item[];
    },
  ): PlannedRun {
    const { level, rank, seed, trained, asked } = cell;
    const { checkpointEverySteps, ...training } = trainSettings(
      { ...this.config.train, ...defined(part.train) },
      rank,
      seed,
    );
    const identity = {
      version: IDENTITY_VERSION,
      ...{ dataset: part.dataset, book: part.book, level, rank, items: trained.length, seed },
      trained: rank === 0 ? null : itemsIdentity(trained, level),
      asked: itemsIdentity(asked, level),
      model: this.model.identity,
      renderer: this.renderer.identity,
      prompt: this.renderer.style,
      training: rank === 0 ? null : training,
      generation: generation(this.config),
      maxLength: Math.min(training.maxLength, this.model.config.maxPositions),
      judge: this.judgeIdentity,
      engine: { name: ENGINE, device: this.config.device },
    };
    const place = {
      modelPath: this.model.path,
      data: '',
      trained: trained.map(({ id }) => id),
      asked: asked.map(({ id }) => id),
      ...{ checkpointEverySteps, threads: this.threads, judge: this.judge },
    };
    return { spec: runSpec(identity, place), trained, asked };
  }

  #dataset({ dataset }: GridPart): StudyDataset {
    const found = this.datasets.get(dataset);
    if (found === undefined) throw new Error(`data set ${dataset} was not loaded`);
    return found;
  }
}

function generation({ evaluate: { maxNewTokens, temperature, stop } }: StudyConfig): GenerateSettings {
  return { maxNewTokens, temperature, seed: 0, stop };
}

type TrainConfig = StudyConfig['train'];

/** Settings of one run: the scale alpha/r is held equal over ranks unless an alpha is given. */
function trainSettings(config: TrainConfig, rank: number, seed: number): TrainSettings {
  const {
    scale,
    alpha,
    rslora,
    dropout,
    targets,
    rankPattern,
    maxSteps,
    heldOut,
    evaluateEverySteps,
    patience,
    gradientCheckpointing,
    ...rest
  } = config;
  const fitting = scale * (rslora ? Math.sqrt(rank) : rank);
  return {
    lora: {
      rank,
      alpha: alpha ?? fitting,
      rslora,
      dropout,
      targets,
      ...(rankPattern !== undefined && { rankPattern }),
    },
    ...rest,
    ...(maxSteps !== undefined && { maxSteps }),
    ...(gradientCheckpointing && { gradientCheckpointing }),
    ...(heldOut > 0 && { heldOut: { share: heldOut, everySteps: evaluateEverySteps, patience } }),
    seed,
  };
}

/** A part's own settings, those left out not standing in the way of the study's. */
function defined(override: GridPart['train']): Partial<TrainConfig> {
  return Object.fromEntries(Object.entries(override ?? {}).filter(([, value]) => value !== undefined));
}
