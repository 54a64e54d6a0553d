/** One run, carried out in this process: train, ask, judge; each stage's outcome is kept, so that a killed run goes on after the last. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { itemTrr } from '../audit/trr.js';
import { retention } from '../audit/retention.js';
import { RunConflictError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import type { AnswerRecord, Item, Row, Verdict } from '../core/records.js';
import { loraScale, type TrainSettings } from '../core/settings.js';
import { answerQuestions } from '../evaluate/answer.js';
import { judgeInput } from '../evaluate/judges/judge.js';
import { judgeAll } from '../evaluate/judging.js';
import { needsModel } from '../evaluate/judges/registry.js';
import { VerdictLog } from '../evaluate/verdict-log.js';
import { jsonText } from '../files/json-file.js';
import { jsonLines } from '../files/json-lines.js';
import { writeWhole } from '../files/write-whole.js';
import { loadModel } from '../models/load.js';
import type { LoadedModel } from '../models/model.js';
import { promptLimit, PromptRenderer } from '../models/text/prompt.js';
import { roundedWeights } from '../models/formats/quantise.js';
import { finetune } from '../train/finetune.js';
import { itemsIdentity } from './datasets.js';
import { runJudge } from './run-judge.js';
import { IDENTITY_VERSION, runFolderName, type RunSpec } from './run-spec.js';
import {
  describeFiles,
  readJson,
  readJsonLines,
  readSpec,
  RUN_FILES,
  type Retry,
  type RunResult,
  type TrainingRecord,
} from './run-store.js';
import { askedPrompt, askedSamples, trainingSamples } from './samples.js';

export type RunStage = 'loading' | 'training' | 'asking' | 'judging';

/** How far a run is. */
export interface RunReport {
  readonly stage: RunStage;
  /** Share of the stage that is done, 0 to 1. */
  readonly share: number;
  /** Loss of the last step, in training. */
  readonly loss?: number;
  /** Loss on held-out items, where it was last measured. */
  readonly heldOutLoss?: number;
}

export interface RunOptions {
  readonly onReport?: (report: RunReport) => void;
  readonly signal?: AbortSignal;
}

/** Carries out the run of a folder, from wherever it stands to `result.json`. */
export async function runFolder(folder: string, options: RunOptions = {}): Promise<RunResult> {
  return new Run(folder, readSpec(folder), options).execute();
}

/** Models and items stay open for the next run: a grid shares them. */
const models = new Map<string, LoadedModel>();
const data = new Map<string, ReadonlyMap<string, Item>>();

function openModel(path: string): LoadedModel {
  const model = models.get(path) ?? loadModel(path);
  models.set(path, model);
  return model;
}

function openData(path: string): ReadonlyMap<string, Item> {
  const known = data.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(path, 'utf8');
  if (!path.includes(sha256(text).slice(0, 12)))
    throw new RunConflictError(`${path} was changed since the study was planned: remove it and run the study again`);
  const items = new Map(readJsonLines<Item>(path).map((item) => [item.id, item]));
  data.set(path, items);
  return items;
}

class Run {
  readonly model: LoadedModel;
  readonly renderer: PromptRenderer;
  readonly trained: readonly Item[];
  readonly asked: readonly Item[];
  #heldOutLoss: number | undefined;

  constructor(
    readonly folder: string,
    readonly spec: RunSpec,
    readonly options: RunOptions,
  ) {
    this.#tell('loading', 0);
    this.model = openModel(spec.place.modelPath);
    this.renderer = new PromptRenderer(this.model, spec.identity.prompt);
    const items = openData(join(folder, spec.place.data));
    this.trained = spec.place.trained.map((id) => found(items, id));
    this.asked = spec.place.asked.map((id) => found(items, id));
    this.#checkIdentity();
  }

  async execute(): Promise<RunResult> {
    rmSync(this.#path('error'), { force: true });
    const before = process.cpuUsage();
    const training = await this.#train();
    const asking = await timed(() => this.#ask());
    const judging = await timed(() => this.#judge(asking.value));
    const rows = judging.value;
    const result: RunResult = {
      version: IDENTITY_VERSION,
      id: this.spec.id,
      seconds: { training: training?.seconds ?? 0, asking: asking.seconds, judging: judging.seconds },
      processorSeconds: processorSeconds(before),
      training,
      answers: rows.length,
      unscored: rows.filter(({ status }) => status === 'unscored').length,
      truncated: rows.filter(({ contextTruncated }) => contextTruncated).length,
      retry: this.#retry(),
      files: await describeFiles(this.folder, this.#files()),
      environment: environment(this.spec),
    };
    writeWhole(this.#path('result'), jsonText(result));
    return result;
  }

  /** What lies here must be what was planned: the same model, renderer and texts. */
  #checkIdentity(): void {
    const { identity } = this.spec;
    const found = {
      model: this.model.identity,
      renderer: this.renderer.identity,
      asked: itemsIdentity(this.asked, identity.level),
      trained: identity.trained === null ? null : itemsIdentity(this.trained, identity.level),
    };
    for (const [part, value] of Object.entries(found))
      if (value !== identity[part as keyof typeof found])
        throw new RunConflictError(
          `${this.folder}: the ${PARTS[part as keyof typeof found]} changed since the study was planned: run the study again`,
        );
  }

  async #train(): Promise<TrainingRecord | null> {
    const { training, level } = this.spec.identity;
    if (training === null) return null;
    const path = this.#path('training');
    if (existsSync(path) && existsSync(this.#path('adapter'))) return readJson(path) as unknown as TrainingRecord;
    this.#tell('training', 0);
    const samples = this.renderer.tokenize(trainingSamples(this.trained, level), this.#limit(0));
    const trained = await finetune({
      model: this.model,
      samples,
      settings: this.#settings(training),
      folder: this.folder,
      ...this.#machine(),
      onProgress: ({ step, steps, loss, heldOutLoss }) => {
        this.#heldOutLoss = heldOutLoss ?? this.#heldOutLoss;
        this.#tell('training', step / steps, loss);
      },
    });
    const record: TrainingRecord = { ...trained, adapterPath: RUN_FILES.adapter };
    writeWhole(path, jsonText(record));
    return record;
  }

  #limit(maxNewTokens: number): number {
    const { maxPositions } = this.model.config;
    return promptLimit({ maxLength: this.spec.identity.maxLength, maxPositions, maxNewTokens });
  }

  #settings(training: NonNullable<RunSpec['identity']['training']>): TrainSettings {
    const retry = this.#retry();
    return {
      ...training,
      ...(retry !== null && { batchTokens: retry.batchTokens.to, accumulation: retry.accumulation.to }),
      checkpointEverySteps: this.spec.place.checkpointEverySteps,
    };
  }

  #retry(): Retry | null {
    const path = this.#path('retry');
    return existsSync(path) ? (readJson(path) as unknown as Retry) : null;
  }

  /** An adapter is asked on the base that it was trained on, quantised or not. */
  #questioned(): LoadedModel {
    const quantisation = this.spec.identity.training?.quantisation ?? 'none';
    if (quantisation === 'none') return this.model;
    return { ...this.model, weights: roundedWeights(this.model, quantisation) };
  }

  async #ask(): Promise<AnswerRecord[]> {
    const path = this.#path('answers');
    if (existsSync(path)) return readJsonLines<AnswerRecord>(path);
    this.#tell('asking', 0);
    const { level, generation, training } = this.spec.identity;
    const samples = this.renderer.promptTokens(askedSamples(this.asked, level), this.#limit(generation.maxNewTokens));
    const answers = await answerQuestions({
      model: this.#questioned(),
      adapter: training === null ? null : this.#path('adapter'),
      samples,
      settings: generation,
      ...this.#machine(),
      onProgress: (done, total) => this.#tell('asking', done / total),
    });
    const records = this.#questions().map(({ item, question }, index): AnswerRecord => ({
      item: item.id,
      question: question.id,
      type: question.type,
      prompt: askedPrompt(question),
      reference: question.answers[0] ?? '',
      answers: question.answers,
      answer: answers[index]?.text ?? '',
      finish: answers[index]?.finish ?? 'length',
      abstention: question.abstention === true,
      contextTruncated: samples[index]?.contextTruncated ?? false,
      bits: question.bits ?? null,
    }));
    writeWhole(path, jsonLines(records));
    return records;
  }

  async #judge(records: readonly AnswerRecord[]): Promise<Row[]> {
    this.#tell('judging', 0);
    const { judge, concurrency } = runJudge(this.spec.place.judge);
    const log = needsModel(judge.name) ? await VerdictLog.open(this.#path('verdicts')) : undefined;
    const questions = this.#questions();
    const inputs = records.map((record, index) => judgeInput(record, questions[index]?.question.subject));
    const verdicts = await judgeAll(judge, inputs, {
      concurrency,
      ...(log !== undefined && { log }),
      ...(this.options.signal !== undefined && { signal: this.options.signal }),
      onVerdict: (done, total) => this.#tell('judging', done / total),
    });
    const row = this.#rowMaker(judge.name);
    const rows = records.map((record, index) => row(record, verdicts[index] as Verdict));
    writeWhole(this.#path('scores'), jsonLines(rows));
    return rows;
  }

  #questions() {
    return this.asked.flatMap((item) => item.questions.map((question) => ({ item, question })));
  }

  /** Rows of this run; what is the same for all questions of an item is counted once. */
  #rowMaker(judge: string): (record: AnswerRecord, verdict: Verdict) => Row {
    const { dataset, book, level, rank, items, seed, training } = this.spec.identity;
    const kept = new Map(
      this.asked.map((item) => [
        item.id,
        level === 'none'
          ? { trr: null, retention: null }
          : { trr: itemTrr(item, level, this.model.tokenizer), retention: retention(item, level) },
      ]),
    );
    const run = runFolderName(this.spec);
    const scale = training === null ? 0 : loraScale(training.lora);
    return (record, verdict) => ({
      ...{ run, dataset, item: record.item, question: record.question, type: record.type },
      ...{ book, level, rank, scale, items, seed, judge },
      status: verdict.status,
      score: verdict.status === 'scored' ? verdict.score : null,
      correct: verdict.status === 'scored' ? verdict.correct : null,
      ...{ abstention: record.abstention, contextTruncated: record.contextTruncated },
      ...(kept.get(record.item) ?? { trr: null, retention: null }),
      ...{ bits: record.bits, prompt: record.prompt, reference: record.reference, answer: record.answer },
    });
  }

  #files(): string[] {
    const adapter = this.#path('adapter');
    const parts = existsSync(adapter) ? readdirSync(adapter).map((name) => `${RUN_FILES.adapter}/${name}`) : [];
    const metrics = existsSync(this.#path('metrics')) ? [RUN_FILES.metrics] : [];
    return [...metrics, RUN_FILES.answers, RUN_FILES.scores, ...parts.sort()];
  }

  #machine() {
    const { signal } = this.options;
    const { threads } = this.spec.place;
    return { threads, device: this.spec.identity.engine.device, ...(signal !== undefined && { signal }) };
  }

  #tell(stage: RunStage, share: number, loss?: number): void {
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

const PARTS = {
  model: 'model',
  renderer: 'tokenizer or chat template',
  asked: 'text or questions of asked items',
  trained: 'text or questions of trained items',
};

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

function environment({ place, identity }: RunSpec): RunResult['environment'] {
  const { threads } = place;
  return { node: process.version, platform: `${platform()}-${arch()}`, device: identity.engine.device, threads };
}
