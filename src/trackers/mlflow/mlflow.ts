/** MLflow: a study is an experiment, or several are one; what the server has says what is left to send. */
import { outcomeStep, type TrackedRun, type Tracker } from '../tracker.js';
import { codeOf, type MlflowBatch, type MlflowClient, type MlflowMetric, type MlflowRun } from './client.js';

/** Tags that find a run again: the study's mark, the run's name in it, and what its end was when it was told whole. */
const TAGS = { mark: 'lightmem.mark', run: 'lightmem.run', version: 'lightmem.version' } as const;

const STATUS = { running: 'RUNNING', waiting: 'SCHEDULED', done: 'FINISHED', failed: 'FAILED' } as const;

/** What of a run the server has. */
interface Told {
  readonly id: string;
  status: string;
  /** Values by step, of each metric of steps. */
  readonly steps: Map<string, Map<number, number>>;
  readonly metrics: Map<string, number>;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
}

/** A run at the server, and the version that it was told whole as, if it was. */
interface Found {
  readonly id: string;
  readonly version: string | undefined;
}

/** The experiment of that name at a server. */
export class MlflowTracker implements Tracker {
  readonly label: string;
  readonly option: Tracker['option'];
  /** Asked for when first needed. */
  #experiment: Promise<string> | undefined;
  #runs: Promise<Map<string, Found>> | undefined;
  /** Runs that may have been made by a request of which nothing was heard. */
  readonly #doubted = new Set<string>();
  readonly #told = new Map<string, Told>();

  constructor(
    readonly client: MlflowClient,
    readonly experiment: string,
  ) {
    const address = client.address.href.replace(/\/$/, '');
    this.label = `MLflow (${address})`;
    this.option = ['--mlflow', address];
  }

  async versions(
    study: TrackedRun['study'],
    _runs: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<string, string>> {
    const runs = [...(await this.#found(study, signal))];
    return new Map(runs.flatMap(([name, { version }]) => (version === undefined ? [] : [[name, version]])));
  }

  async publish(run: TrackedRun, signal: AbortSignal): Promise<void> {
    try {
      await this.#bring(run, await this.#toldOf(run, signal), signal);
      if (run.version !== null) this.#told.delete(run.name);
    } catch (error) {
      // What was done of it is for the server to say.
      this.#told.delete(run.name);
      this.#doubted.add(run.name);
      if (codeOf(error) === 'RESOURCE_DOES_NOT_EXIST') this.#forget();
      throw error;
    }
  }

  /** The server has lost what it had, or somebody deleted it. */
  #forget(): void {
    this.#experiment = undefined;
    this.#runs = undefined;
    this.#told.clear();
  }

  /** The study's runs at the server, by name. */
  async #found(study: TrackedRun['study'], signal: AbortSignal): Promise<Map<string, Found>> {
    this.#runs ??= this.#search(study, signal);
    try {
      return await this.#runs;
    } catch (error) {
      this.#runs = undefined;
      throw error;
    }
  }

  /** Of several runs of one name, which an answer that was lost may leave, the oldest counts. */
  async #search({ mark }: TrackedRun['study'], signal: AbortSignal): Promise<Map<string, Found>> {
    const all = await this.client.runs(await this.#experimentId(signal), [TAGS.mark, mark], signal);
    const runs = new Map<string, Found>();
    for (const { id, tags } of all) {
      const name = tags.get(TAGS.run);
      if (name !== undefined && !runs.has(name)) runs.set(name, { id, version: tags.get(TAGS.version) });
    }
    return runs;
  }

  async #experimentId(signal: AbortSignal): Promise<string> {
    this.#experiment ??= this.client.experiment(this.experiment, signal);
    try {
      return await this.#experiment;
    } catch (error) {
      this.#experiment = undefined;
      throw error;
    }
  }

  async #toldOf(run: TrackedRun, signal: AbortSignal): Promise<Told> {
    const known = this.#told.get(run.name);
    if (known !== undefined) return known;
    const runs = await this.#found(run.study, signal);
    const isDoubted = this.#doubted.has(run.name) && !runs.has(run.name);
    const there = (isDoubted ? await this.#search(run.study, signal) : runs).get(run.name);
    const found = there === undefined ? await this.#create(run, signal) : await this.client.run(there.id, signal);
    this.#doubted.delete(run.name);
    runs.set(run.name, { id: found.id, version: found.tags.get(TAGS.version) });
    const told: Told = {
      ...{ id: found.id, status: found.status, steps: new Map<string, Map<number, number>>() },
      ...{ metrics: new Map(found.metrics), params: new Map(found.params), tags: new Map(found.tags) },
    };
    this.#told.set(run.name, told);
    return told;
  }

  /** Asks what the server has of metrics of steps that it has anything of. */
  async #addHistories(run: TrackedRun, { id, steps, metrics }: Told, signal: AbortSignal): Promise<void> {
    for (const key of stepKeys(run).filter((each) => !steps.has(each)))
      steps.set(key, metrics.has(key) ? await this.client.history(id, key, signal) : new Map<number, number>());
  }

  async #create({ name, label, study, times }: TrackedRun, signal: AbortSignal): Promise<MlflowRun> {
    const experiment = await this.#experimentId(signal);
    const tags = [
      [TAGS.mark, study.mark],
      [TAGS.run, name],
      ['lightmem.study', study.name],
      ['mlflow.source.name', 'lightmem'],
    ] as const;
    return this.client.createRun({ experiment, name: label, startTime: times.begun, tags }, signal);
  }

  async #bring(run: TrackedRun, told: Told, signal: AbortSignal): Promise<void> {
    await this.#addHistories(run, told, signal);
    const left = leftOf(run, told);
    await this.client.log(told.id, left, signal);
    keep(told, left);
    const status = STATUS[run.status];
    if (told.status !== status) await this.client.update(told.id, status, run.times.ended, signal);
    told.status = status;
    if (run.version === null) return;
    if (told.tags.get(TAGS.version) !== run.version)
      await this.client.log(told.id, { metrics: [], params: [], tags: [[TAGS.version, run.version]] }, signal);
  }
}

/** What the server does not have of a run, or has otherwise; a parameter that it has is never another. */
function leftOf(run: TrackedRun, told: Told): MlflowBatch {
  const { stepped, begun, ended } = run.times;
  const at = stepped ?? begun;
  const steps = run.steps.flatMap(({ step, values }) =>
    Object.entries(values).flatMap(([name, value]): MlflowMetric[] => {
      const key = keyOf(name);
      return told.steps.get(key)?.get(step) === value ? [] : [{ key, value, step, timestamp: at }];
    }),
  );
  const outcome = Object.entries(run.outcome).flatMap(([name, value]): MlflowMetric[] => {
    const key = keyOf(name);
    const metric = { key, value, step: outcomeStep(run), timestamp: ended ?? begun };
    return told.metrics.get(key) === value ? [] : [metric];
  });
  const params = Object.entries(run.params).map(([name, value]) => [keyOf(name), String(value)] as const);
  const tags = Object.entries(run.tags).map(([name, value]) => [`lightmem.${name}`, value] as const);
  return {
    metrics: [...steps, ...outcome],
    params: params.filter(([key, value]) => value !== '' && !told.params.has(key)),
    tags: tags.filter(([key, value]) => told.tags.get(key) !== value),
  };
}

/** Notes what the server has now. */
function keep(told: Told, { metrics, params, tags }: MlflowBatch): void {
  for (const { key, value, step } of metrics) {
    told.steps.get(key)?.set(step, value);
    told.metrics.set(key, value);
  }
  for (const [key, value] of params) told.params.set(key, value);
  for (const [key, value] of tags) told.tags.set(key, value);
}

/** Names of metrics that a run has by step. */
function stepKeys({ steps }: TrackedRun): string[] {
  return [...new Set(steps.flatMap(({ values }) => Object.keys(values)))].map(keyOf);
}

/** A name of what MLflow takes in names: letters and digits, and `_ - . /` and spaces. */
function keyOf(name: string): string {
  return name.replace(/[^A-Za-z0-9_\-./ ]+/g, '_').slice(0, 250);
}
