/** One run, carried out in this process, stage by stage: its training, its answers, its verdicts, its rows; what is there is reused. */
import { rmSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { itemTrr } from '../audit/trr.js';
import { retention } from '../audit/retention.js';
import { eitherSignal } from '../core/concurrency.js';
import { RunConflictError, UserError } from '../core/errors.js';
import { answerRecord, itemRecord } from '../core/record-schemas.js';
import type { AnswerRecord, GridPlace, Item, Row, TextGroup } from '../core/records.js';
import type { Level } from '../core/levels.js';
import { loraScale } from '../core/settings.js';
import { AnswerLog } from '../evaluate/answer-log.js';
import { answerItems } from '../evaluate/answer-items.js';
import { judgeAnswers } from '../evaluate/judge-answers.js';
import { openJudge, type JudgeChoice } from '../evaluate/judges/open-judge.js';
import { localModel, type Respondent } from '../evaluate/respondent.js';
import { servedAdapter } from '../evaluate/served-adapter.js';
import { rowOf, type Kept } from '../evaluate/rows.js';
import { VerdictLog } from '../evaluate/verdict-log.js';
import { lockFolder } from '../files/folder-lock.js';
import { jsonText } from '../files/json-file.js';
import { jsonLines, readJsonLines } from '../files/json-lines.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeWhole } from '../files/write-whole.js';
import { fileIdentity, loadModel } from '../models/load.js';
import type { LoadedModel, Tokenizer } from '../models/model.js';
import { PromptRenderer } from '../models/text/prompt.js';
import { answersHash, askedHash, IDENTITY_VERSION, showsText, type TrainingIdentity } from './identity.js';
import { readContentFile } from './content-file.js';
import { ensureProbe } from './probe-stage.js';
import { learntHash, learntSamples, readFormSamples, type FormSamples, type LearntFrom } from './learnt-samples.js';
import { ANSWERS_FILES, answersPath, RUN_FILES, STUDY_FILES, studyOf, TRAINING_FILES } from './layout.js';
import type { RunReport, RunResult, RunStage } from './study-records.js';
import { readSpec } from './run-store.js';
import { openPurse, type Purse } from './purse.js';
import { runFolderName, type RunSpec } from './run-spec.js';
import { keepTold, servedModel, servedTokenizer } from './served.js';
import { describeFiles } from './stage-files.js';
import { textGroups } from './text-groups.js';
import { ensureTraining } from './training-stage.js';
import { readTraining, resolveTraining, type ResolvedTraining } from './training-store.js';

/** How a run that was asked is judged: what is unscored alone, or all of it again, whatever was said before. */
export type Judging = 'unscored' | 'anew';

export interface RunOptions {
  /** Judges the answers that the run's folder holds, without training or asking; without it, the run is carried out. */
  readonly judging?: Judging;
  /** Threads of this run; default: as many as the engine takes by itself. */
  readonly threads?: number;
  readonly onReport?: (report: RunReport) => void;
  readonly signal?: AbortSignal;
}

/** Carries out the run of a folder, from wherever it stands to `result.json`. */
export async function runFolder(folder: string, options: RunOptions = {}): Promise<RunResult> {
  const spec = readSpec(folder);
  const start = performance.now();
  const run = new Run(folder, spec, options);
  return run.execute((performance.now() - start) / 1000);
}

/** The last model and the last items stay open for the next run: runs of a grid share them. */
let openedModel: LoadedModel | undefined;
let openedItems: { readonly path: string; readonly items: ReadonlyMap<string, Item> } | undefined;

function openModel(path: string): LoadedModel {
  if (openedModel?.path !== path) openedModel = loadModel(path);
  return openedModel;
}

function openItems(path: string): ReadonlyMap<string, Item> {
  if (openedItems?.path === path) return openedItems.items;
  const items = new Map(readContentFile(path, itemRecord).records.map((item) => [item.id, item]));
  openedItems = { path, items };
  return items;
}

/** A run's adapter: where it lies, and the training that it came of. */
interface Adapter {
  readonly folder: string;
  readonly training: ResolvedTraining;
  readonly seconds: number;
}

const weightsIdentity = ({ folder }: Adapter): string => fileIdentity(join(folder, 'adapter_model.safetensors'));

/** Where a server finds an adapter, and where files are made of it that servers take. */
const adapterFolders = ({ folder, training }: Adapter) => ({
  folder: resolve(folder),
  scratch: resolve(training.folder, TRAINING_FILES.served),
});

interface JudgeWork {
  readonly log: VerdictLog;
  readonly purse: Purse;
}

class Run {
  readonly study: string;
  readonly #model: LoadedModel | null;
  readonly #trained: readonly Item[];
  readonly #asked: readonly Item[];
  readonly #formSamples: FormSamples | null;
  readonly #work = { trainings: 0, questions: 0, judgements: 0 };
  #heldOutLoss: number | undefined;
  /** Stops the run: its caller's, and that of the lock under which it asks and judges. */
  #signal: AbortSignal | undefined;

  constructor(
    readonly folder: string,
    readonly spec: RunSpec,
    readonly options: RunOptions,
  ) {
    this.#signal = options.signal;
    this.#report('loading', 0);
    this.study = studyOf(folder);
    const { place } = spec;
    this.#model = place.model.kind === 'local' ? openModel(place.model.path) : null;
    const items = openItems(join(folder, place.data));
    this.#trained = place.trained.map((id) => found(items, id));
    this.#asked = place.asked.map((id) => found(items, id));
    this.#formSamples = place.samples === undefined ? null : readFormSamples(join(folder, place.samples));
    this.#checkIdentity();
  }

  /** `loading` is how many seconds it took to open what the run reads. */
  async execute(loading: number): Promise<RunResult> {
    rmSync(this.#path('error'), { force: true });
    const before = process.cpuUsage();
    const adapter = this.options.judging === undefined ? await this.#train() : this.#trainedBefore();
    const { rows, seconds } = await this.#answerAndJudge(adapter);
    writeWhole(this.#path('rows'), jsonLines(rows));
    const probe = adapter === null ? null : await timed(() => this.#probe(adapter));
    const result: RunResult = {
      version: IDENTITY_VERSION,
      id: this.spec.id,
      seconds: {
        ...{ training: adapter?.seconds ?? 0, ...seconds, loading },
        ...(probe?.value?.isNew === true && { probing: probe.seconds }),
      },
      processorSeconds: processorSeconds(before),
      training: adapter === null ? null : basename(adapter.training.folder),
      answers: rows.length,
      unscored: rows.filter(({ status }) => status === 'unscored').length,
      truncated: rows.filter(({ contextTruncated }) => contextTruncated).length,
      work: this.#work,
      files: describeFiles(this.folder, [RUN_FILES.answers, RUN_FILES.rows]),
      ...(probe?.value !== undefined && { probe: probe.value.hash }),
      environment: this.#environment(),
    };
    writeWhole(this.#path('result'), jsonText(result));
    return result;
  }

  /** What lies here must be what was planned: the same model, renderer and texts. */
  #checkIdentity(): void {
    const { training, answering, asked, level } = this.spec.identity;
    const pairs = [
      ['text or questions of asked items', asked, askedHash(this.#asked, level)],
      ...(training === null
        ? []
        : [['text or questions of trained items', training.samples, learntHash(this.#learntFrom())]]),
      ...(this.#model === null || answering.kind === 'served'
        ? []
        : [
            ['model', answering.model, this.#model.identity],
            ['tokenizer or chat template', answering.prompt.renderer, this.#renderer(this.#model).identity],
          ]),
    ];
    for (const [part, planned, here] of pairs)
      if (planned !== here)
        throw new RunConflictError(
          `${this.folder}: the ${part} changed since the study was planned: run the study again`,
        );
  }

  /** What the adapter costs the base, where the plan asks for that. */
  async #probe(adapter: Adapter): Promise<{ hash: string; isNew: boolean } | undefined> {
    const { text, answering } = this.spec.identity;
    const { general, trained } = this.spec.place;
    const model = this.#model;
    if (text?.probe === undefined || general === undefined || model === null || answering.kind === 'served')
      return undefined;
    this.#report('probing', 0);
    const isTrained = new Set(trained);
    return ensureProbe({
      ...{ study: this.study, probe: text.probe, model, engine: answering.engine },
      ...{ style: answering.prompt.style, generation: answering.generation },
      ...{ adapter: adapter.folder, weights: weightsIdentity(adapter), general: join(this.folder, general) },
      taught: this.#trained,
      reading: this.#asked.filter(({ id }) => !isTrained.has(id)),
      ...this.#machine(),
      onProgress: (share) => this.#report('probing', share),
    });
  }

  #learntFrom(): LearntFrom {
    return { spec: this.spec, trained: this.#trained, samples: this.#formSamples };
  }

  #learning(model: LoadedModel, identity: TrainingIdentity) {
    return { model, identity, teachers: join(this.study, STUDY_FILES.teachers), ...this.#machine() };
  }

  /** The level whose text stands in the prompt. */
  #shownLevel(): Level | 'none' {
    const { identity } = this.spec;
    return showsText(identity) ? identity.level : 'none';
  }

  #renderer(model: LoadedModel): PromptRenderer {
    const { answering } = this.spec.identity;
    return new PromptRenderer(model, answering.kind === 'local' ? answering.prompt.style : answering.style);
  }

  async #train(): Promise<Adapter | null> {
    const { training: planned } = this.spec.identity;
    const model = this.#model;
    if (planned === null || model === null) return null;
    const training = resolveTraining(this.study, planned);
    this.#report('training', 0);
    const { record, isNew } = await ensureTraining({
      ...{
        training,
        model,
        samples: () => learntSamples(this.#learntFrom(), this.#learning(model, training.identity)),
      },
      place: this.spec.place,
      bases: join(this.study, STUDY_FILES.bases),
      ...this.#python(),
      ...this.#machine(),
      onProgress: ({ step, steps, loss, heldOutLoss }) => {
        this.#heldOutLoss = heldOutLoss ?? this.#heldOutLoss;
        this.#report('training', step / steps, loss);
      },
    });
    this.#work.trainings = Number(isNew);
    return { folder: join(training.folder, TRAINING_FILES.adapter), training, seconds: record.result.seconds };
  }

  /** The adapter that was asked. Throws UserError where it is gone. */
  #trainedBefore(): Adapter | null {
    const { training: planned } = this.spec.identity;
    if (planned === null) return null;
    const training = resolveTraining(this.study, planned);
    const stored = readTraining(training);
    if (stored.status !== 'done')
      throw new UserError(`${training.folder}: the adapter that was asked is not there: run the study again`);
    return { folder: join(training.folder, TRAINING_FILES.adapter), training, seconds: stored.record.result.seconds };
  }

  /** Answers of one asker lie in one folder, which one run at a time adds to. */
  async #answerAndJudge(adapter: Adapter | null) {
    const weights = adapter === null ? null : weightsIdentity(adapter);
    const path = answersPath(this.study, answersHash(this.spec.identity, weights));
    const lock = await lockFolder(path, { patienceMs: Infinity, ...this.#machine() });
    const before = this.#signal;
    this.#signal = eitherSignal(lock.signal, before);
    try {
      removeLeftovers(path);
      const isAsked = this.options.judging !== undefined;
      const asking = await timed(() => (isAsked ? this.#answersHere() : this.#ask(path, adapter)));
      writeWhole(this.#path('answers'), jsonLines(asking.value));
      const judging = await timed(() => this.#judge(path, asking.value));
      return { rows: judging.value, seconds: { asking: asking.seconds, judging: judging.seconds } };
    } finally {
      this.#signal = before;
      lock.release();
    }
  }

  #answersHere(): Promise<AnswerRecord[]> {
    return Promise.resolve(readJsonLines(this.#path('answers'), answerRecord));
  }

  async #ask(path: string, adapter: Adapter | null): Promise<AnswerRecord[]> {
    this.#report('asking', 0);
    const { answering } = this.spec.identity;
    const signal = this.#signal;
    return answerItems(this.#respondent(adapter, path), this.#asked, this.#shownLevel(), {
      settings: answering.generation,
      log: await AnswerLog.open(join(path, ANSWERS_FILES.answers)),
      onProgress: (done, total) => this.#report('asking', done / total),
      onAsked: (questions) => (this.#work.questions += questions),
      ...(signal !== undefined && { signal }),
    });
  }

  /** An adapter is asked on the base that it was trained on, quantised or not. */
  #respondent(adapter: Adapter | null, path: string): Respondent {
    const { answering } = this.spec.identity;
    const { model } = this.spec.place;
    if (answering.kind === 'served' || this.#model === null) return servedModel(model, this.#style());
    const { threads } = this.options;
    if (answering.server !== undefined) return this.#served(this.#model, adapter, path);
    return localModel(this.#model, {
      adapter: adapter?.folder ?? null,
      style: answering.prompt.style,
      device: answering.engine.device,
      maxLength: answering.prompt.maxLength,
      answerRoom: answering.prompt.answerRoom,
      quantisation: adapter?.training.identity.settings.quantisation ?? 'none',
      ...(answering.peft !== undefined && { peft: { settings: answering.peft, ...this.#python() } }),
      ...(threads !== undefined && { threads }),
    });
  }

  /** Whoever answers behind a server, which must stay the one that the answers there are of. */
  #served(model: LoadedModel, adapter: Adapter | null, path: string): Respondent {
    const { answering } = this.spec.identity;
    const { server } = this.spec.place;
    if (server === undefined || answering.kind === 'served' || answering.server === undefined)
      throw new RunConflictError(`${this.folder}: its spec names no server: run the study again`);
    const { style, maxLength, answerRoom } = answering.prompt;
    return servedAdapter(model, {
      adapter: adapter === null ? null : adapterFolders(adapter),
      ...{ server, identity: answering.server, style, maxLength, answerRoom },
      onTold: (told) => keepTold(join(path, ANSWERS_FILES.server), { kind: server.kind, ...told }),
    });
  }

  #python(): { python?: string } {
    const { python } = this.spec.place;
    return python === undefined ? {} : { python };
  }

  #style() {
    const { answering } = this.spec.identity;
    return answering.kind === 'local' ? answering.prompt.style : answering.style;
  }

  async #judge(path: string, records: readonly AnswerRecord[]): Promise<Row[]> {
    this.#report('judging', 0);
    const log = await VerdictLog.open(join(path, ANSWERS_FILES.verdicts));
    const kept = this.#kept();
    const place = this.#gridPlace();
    const groups = this.#groups();
    const rows: Row[] = [];
    for (const choice of this.spec.place.judges) {
      const verdicts = await this.#verdicts(choice, records, log);
      for (const { label, record, verdict } of verdicts) {
        const own = kept.get(record.item);
        const group = groups.get(`${record.item}/${record.question}`);
        rows.push(
          rowOf({
            ...{ place, judge: label, record, verdict },
            ...(own !== undefined && { kept: own }),
            ...(group !== undefined && { group }),
          }),
        );
      }
    }
    return rows;
  }

  async #verdicts(choice: JudgeChoice, records: readonly AnswerRecord[], log: VerdictLog) {
    const purse = await openPurse(this.study, choice, this.#machine());
    try {
      return await this.#verdictsOf(choice, records, { log, purse });
    } finally {
      purse.close();
    }
  }

  async #verdictsOf(choice: JudgeChoice, records: readonly AnswerRecord[], { log, purse }: JudgeWork) {
    const signal = this.#signal;
    const renew = this.options.judging === 'anew';
    const { judge, label, concurrency, chat } = openJudge(choice, { renew, spent: purse.spent, onSent: purse.note });
    const verdicts = await judgeAnswers(judge, records, {
      ...{ concurrency, log, renew },
      ...(signal !== undefined && { signal }),
      onVerdict: (done, total) => this.#report('judging', done / total),
      onJudged: () => this.#work.judgements++,
    }).finally(() => chat?.drain());
    return records.flatMap((record, i) => {
      const verdict = verdicts[i];
      return verdict === undefined ? [] : [{ label, record, verdict }];
    });
  }

  #gridPlace(): GridPlace {
    const { dataset, book, level, rank, items, seed, training, text } = this.spec.identity;
    const scale = training === null ? 0 : loraScale(training.settings.lora);
    const { form, exposures, control } = text ?? {};
    return {
      ...{ run: runFolderName(this.spec), dataset, book, level, rank, scale, items, seed },
      ...(form !== undefined && { form }),
      ...(exposures !== undefined && { exposures }),
      ...(control !== undefined && { control }),
    };
  }

  /** What a trained text had of each question; of nobody else is it known. */
  #groups(): ReadonlyMap<string, TextGroup> {
    const { text } = this.spec.identity;
    if (text === undefined || text.control !== undefined) return new Map();
    return textGroups({
      asked: this.#asked,
      trained: new Set(this.spec.place.trained),
      taught: new Set(this.spec.place.taught),
      samples: this.#formSamples?.records ?? [],
    });
  }

  /** What is the same for all questions of an item is counted once. */
  #kept(): ReadonlyMap<string, Kept> {
    const { level } = this.spec.identity;
    if (level === 'none') return new Map();
    const tokenizer = this.#tokenizer();
    return new Map(
      this.#asked.map((item) => [item.id, { trr: itemTrr(item, level, tokenizer), retention: retention(item, level) }]),
    );
  }

  #tokenizer(): Tokenizer {
    return this.#model?.tokenizer ?? servedTokenizer(this.spec.place.model);
  }

  #environment(): RunResult['environment'] {
    const { answering, training } = this.spec.identity;
    const local = answering.kind === 'local' ? answering.engine.device : 'endpoint';
    const device = training?.peft?.device ?? (answering.kind === 'local' ? answering.peft?.device : undefined) ?? local;
    const { threads } = this.options;
    return {
      node: process.version,
      platform: `${platform()}-${arch()}`,
      device,
      ...(threads !== undefined && { threads }),
    };
  }

  #machine() {
    const { threads } = this.options;
    const signal = this.#signal;
    return { ...(threads !== undefined && { threads }), ...(signal !== undefined && { signal }) };
  }

  #report(stage: RunStage, share: number, loss?: number): void {
    const heldOutLoss = stage === 'training' ? this.#heldOutLoss : undefined;
    this.options.onReport?.({
      ...{ stage, share },
      ...(loss !== undefined && { loss }),
      ...(heldOutLoss !== undefined && { heldOutLoss }),
    });
  }

  #path(file: keyof typeof RUN_FILES): string {
    return join(this.folder, RUN_FILES[file]);
  }
}

function found(items: ReadonlyMap<string, Item>, id: string): Item {
  const item = items.get(id);
  if (item === undefined) throw new RunConflictError(`the study's data has no item ${id}: run the study again`);
  return item;
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}

function processorSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}
