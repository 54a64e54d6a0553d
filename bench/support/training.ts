/** What the training benches share: WikiUpdate's questions as tokens, runs of both sides, and what is made of them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../src/core/random.js';
import { loadAll } from '../../src/data/load.js';
import { loadModel } from '../../src/models/load.js';
import type { LoadedModel, ModelConfig } from '../../src/models/model.js';
import { PromptRenderer } from '../../src/models/text/prompt.js';
import { trainingSamples } from '../../src/core/samples.js';
import type { CeilingWorkload } from '../sides/ceiling.js';
import type { TokenQuestion, TrainSide, TrainWorkload } from '../sides/train.js';
import { benchModel, devData, runChild, transformersModel, type ChildResult } from './python.js';
import { median, rounded } from './report.js';

export const PAIRS = Number(process.env['LIGHTMEM_BENCH_PAIRS'] ?? 3);
export const THREADS = Number(process.env['LIGHTMEM_BENCH_THREADS'] ?? 2);
/** Micro-batches of ours computed side by side, which share the threads. */
export const LANES = Number(process.env['LIGHTMEM_BENCH_LANES'] ?? 1);
/** Articles trained on, and held out for the loss in the end. */
export const ARTICLES = Number(process.env['LIGHTMEM_BENCH_ARTICLES'] ?? 24);
const HELD_OUT = 6;
const FOLDER = '.lightmem/bench/train';

/** How the peer makes batches, and what it computes in. */
export type Way = 'plain' | 'tuned' | 'packed';
export type Dtype = 'f32' | 'bf16';
export type Articles = readonly (readonly TokenQuestion[])[];

/** The prompt that the figures of the peers were taken with. */
const STYLE = {
  version: 'bench',
  system: 'Answer briefly.',
  open: 'Text: {context}\n\nComplete the sentence: {question}',
  closed: 'Complete the sentence: {question}',
};

/** WikiUpdate as tokens, one list of questions per article, in an order drawn from a seed. */
export async function articlesOf(model: LoadedModel, book: 'open' | 'closed'): Promise<Articles> {
  const { items } = await loadAll(devData('wikiupdate-150.json'));
  const renderer = new PromptRenderer(model, STYLE);
  return new Random(0, 'bench').shuffle(items).map((item) => {
    const samples = trainingSamples([item], book === 'open' ? 'original' : 'none');
    return renderer.tokenize(samples, model.config.maxPositions).map(({ prompt, answer }) => ({ prompt, answer }));
  });
}

/** Tokens of an article's text that are learnt, at most. */
const TEXT_TOKENS = 512;

/** WikiUpdate's articles as texts alone, every token learnt from those before it, in the same order. */
export async function textsOf({ tokenizer }: LoadedModel): Promise<Articles> {
  const { items } = await loadAll(devData('wikiupdate-150.json'));
  return new Random(0, 'bench').shuffle(items).map(({ texts }) => {
    const tokens = tokenizer.encode(texts.original?.text ?? '').slice(0, TEXT_TOKENS);
    return [{ prompt: tokens.slice(0, 1), answer: tokens.slice(1) }];
  });
}

/**
 * The articles that the loss is measured on, the rest of them, and the part of the rest that stands for it: of those in order of
 * length, one from the middle of each of `ARTICLES` equal stretches. The longest comes first, for the first step is not timed, so
 * that memory has grown when timing begins, as it has for most of an epoch; the others follow in the order drawn.
 */
export function parts(articles: Articles): { items: Articles; rest: Articles; heldOut: Articles } {
  const rest = articles.slice(0, -HELD_OUT);
  const byLength = [...rest].sort((a, b) => lengthOf(a) - lengthOf(b));
  const count = Math.min(ARTICLES, rest.length);
  const chosen = new Set(
    Array.from({ length: count }, (_, i) => byLength[Math.floor(((i + 0.5) * byLength.length) / count)]),
  );
  const items = rest.filter((each) => chosen.has(each));
  const longest = Math.max(...items.map(lengthOf));
  items.sort((a, b) => Number(lengthOf(b) === longest) - Number(lengthOf(a) === longest));
  return { items, rest, heldOut: articles.slice(-HELD_OUT) };
}

const lengthOf = (article: Articles[number]): number =>
  Math.max(0, ...article.map(({ prompt, answer }) => prompt.length + answer.length));

export function file(name: string, content: unknown): string {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

const side = (name: string): string => join(import.meta.dirname, `../sides/${name}.js`);
const last = <T>({ output }: ChildResult): T => JSON.parse(output.trim().split('\n').at(-1) ?? '') as T;

export interface Measured extends TrainSide {
  readonly samplesPerSecond: number;
  readonly peakBytes: number;
}

const measured = (child: ChildResult): Measured => {
  const found = last<TrainSide>(child);
  return {
    ...found,
    samplesPerSecond: found.samples / found.seconds,
    peakBytes: found.peakBytes ?? child.peakBytes ?? NaN,
  };
};

export const DEFAULTS: Omit<TrainWorkload, 'items' | 'heldOut' | 'model'> = {
  ...{
    threads: THREADS,
    lanes: LANES,
    rank: 8,
    alpha: 16,
    learningRate: 2e-4,
    quantisation: 'none',
    int8: false,
    keep: 'everything',
  },
  ...{ articlesPerStep: 1, batchTokens: 2048 },
};

/** One run of ours in a process of its own. */
export async function runOurs(
  workload: Omit<TrainWorkload, keyof typeof DEFAULTS> & Partial<TrainWorkload>,
): Promise<Measured> {
  return measured(await runChild(process.execPath, [side('train'), file('ours.json', { ...DEFAULTS, ...workload })]));
}

/** One run of theirs; null where the kernel killed it for memory. */
export async function runTheirs(
  python: string,
  workload: {
    readonly model: string;
    readonly way: Way;
    /** Default f32; transformers 5 loads most checkpoints in bf16, as they are stored. */
    readonly dtype?: Dtype;
    readonly steps: number;
    readonly items: Articles;
    readonly heldOut: Articles;
    /** Articles of one optimiser step where they are packed; default 1. */
    readonly articlesPerStep?: number;
  },
): Promise<Measured | null> {
  const { rank, alpha, learningRate, threads } = DEFAULTS;
  const given = { ...{ rank, alpha, learningRate, threads }, ...transformersModel(workload.model), ...workload };
  try {
    return measured(await runChild(python, ['bench/peers/train.py', file('theirs.json', given)]));
  } catch (error) {
    if (!String(error).includes('a signal')) throw error;
    process.stderr.write(`theirs (${workload.way}, ${workload.dtype ?? 'f32'}) was killed, most likely for memory\n`);
    return null;
  }
}

/** Inputs and outputs of every linear layer of one decoder layer. */
export function linearShapes({
  hiddenSize,
  intermediateSize,
  heads,
  keyValueHeads,
  headDim,
}: ModelConfig): [number, number][] {
  return [
    [hiddenSize, heads * headDim],
    [hiddenSize, keyValueHeads * headDim],
    [hiddenSize, keyValueHeads * headDim],
    [heads * headDim, hiddenSize],
    [hiddenSize, intermediateSize],
    [hiddenSize, intermediateSize],
    [intermediateSize, hiddenSize],
  ];
}

/** Runs a side with a workload in a process of its own: what it printed, its time and its peak memory. */
export async function runSide<T>(
  name: string,
  workload: unknown,
): Promise<{ result: T; seconds: number; peakBytes: number }> {
  const child = await runChild(process.execPath, [side(name), file(`${name}.json`, workload)]);
  return { result: last<T>(child), seconds: child.seconds, peakBytes: child.peakBytes ?? NaN };
}

/** Billions of useful operations: 4 for every adapted weight and token fed, 4 for every weight of the head and answer token. */
export function usefulWork(config: ModelConfig, tokens: number, answerTokens: number): number {
  const weights =
    linearShapes(config).reduce((total, [inputs, outputs]) => total + inputs * outputs, 0) * config.layers;
  return (4 * weights * tokens + 4 * config.vocabSize * config.hiddenSize * answerTokens) / 1e9;
}

/** The GEMM ceiling of this moment, in billions of operations a second. */
export async function ceiling(config: ModelConfig, rows = 512): Promise<number> {
  const workload: CeilingWorkload = { threads: THREADS, rows, shapes: linearShapes(config) };
  return last<{ gigaflops: number }>(
    await runChild(process.execPath, [side('ceiling'), file('ceiling.json', workload)]),
  ).gigaflops;
}

export const gigabytes = (bytes: number): number => rounded(bytes / 1e9);
export const medianOf = <T>(values: readonly T[], of: (value: T) => number): number => median(values.map(of));

/** The model of the benches, opened. */
export function openBenchModel(): { path: string; model: LoadedModel } {
  const path = benchModel();
  return { path, model: loadModel(path) };
}
