/** Generation: many prompts answered at once, what they share computed once, with a cache of keys and values. */
import { Random } from '../core/random.js';
import type { GenerateSettings } from '../core/settings.js';
import { floatsOf, type Engine, type Held, type Program, type Tensors } from '../engine/engine.js';
import { generationGraph } from '../models/graph/generation-graph.js';
import type { ModelConfig, Tokenizer } from '../models/model.js';
import type { Parameter, Training } from '../models/graph/network.js';
import { modelTensors } from '../models/graph/model-tensors.js';
import { answerText } from './answer-text.js';
import { placeInRows, type Branch, type Fed, type Row } from './answer-batch.js';
import { fedTensors } from './fed-tensors.js';
import { bytesPerToken, KeyValueCache } from './key-value-cache.js';
import { sample } from './sampling.js';

/** A prompt to answer; prompts of one group are expected to begin alike. */
export interface Prompt {
  readonly id: string;
  readonly group: string;
  readonly tokens: readonly number[];
}

/** An answer. */
export interface Generation {
  readonly id: string;
  readonly text: string;
  /** Tokens generated, the one that ended the answer included. */
  readonly tokens: readonly number[];
  readonly finish: 'stop' | 'length';
}

/** An answer just made, with its prompt's index. */
export interface FreshGeneration {
  readonly index: number;
  readonly generation: Generation;
}

/** A model to generate with, and how much is computed at once. */
export interface GeneratorOptions {
  readonly engine: Engine;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** `none` for the base model or merged weights, `lora` to apply an adapter beside them. */
  readonly training: Training;
  /** Values of every parameter the graph asks for. */
  readonly values: (parameter: Parameter) => Float32Array;
  /** Longest prompt and answer together; default the model's own limit. */
  readonly positions?: number;
  /** Prompt tokens computed at once; default 2,048. */
  readonly batchTokens?: number;
  /** Tokens of one row computed at once, for attention's scores grow with its square; default 1,024. */
  readonly chunkTokens?: number;
  /** Memory for the keys and values of prompts that are answered together, in bytes; default 512 MiB. */
  readonly cacheBytes?: number;
  /** Whether an answer so far leads nowhere: it is then cut as if it were full. Default never. */
  readonly isStuck?: (answer: readonly number[]) => boolean;
}

const BATCH_TOKENS = 2048;
const CACHE_BYTES = 512 << 20;
const CHUNK_TOKENS = 1024;
/** Columns added to a cache whenever a row is full. */
const ROOM = 64;

const positionsOf = ({ positions, config }: GeneratorOptions): number => positions ?? config.maxPositions;

/** Rows answered together, and the random stream of each prompt. */
interface Wave {
  readonly rows: readonly Row[];
  readonly settings: GenerateSettings;
  readonly random: (branch: Branch) => Random;
}

/** Answers prompts with one model. */
export class Generator {
  readonly #weights: Held;

  private constructor(
    /** For prompts, whose past is short or none, and for answers, whose past is long. */
    readonly programs: { readonly prompts: Program; readonly answers: Program },
    weights: Held,
    readonly options: GeneratorOptions,
  ) {
    this.#weights = weights;
  }

  static async create(options: GeneratorOptions): Promise<Generator> {
    const { config, training, engine } = options;
    const { graph, parameters } = generationGraph(config, training, 'joined');
    const prompts = await engine.compile(graph);
    const answers = await engine.compile(generationGraph(config, training, 'apart').graph);
    const weights = await engine.hold(modelTensors(config, parameters, options.values, positionsOf(options)));
    return new Generator({ prompts, answers }, weights, options);
  }

  /** Answers all prompts, in their order; `onProgress` is told how many are done, and the new ones. */
  async generate(
    prompts: readonly Prompt[],
    settings: GenerateSettings,
    onProgress?: (done: number, fresh: readonly FreshGeneration[]) => void | Promise<void>,
  ): Promise<Generation[]> {
    const answers = new Array<Generation>(prompts.length);
    const random = ({ index }: Branch): Random => new Random(settings.seed, 'generate', prompts[index]?.id ?? '');
    let done = 0;
    const placed = placeInRows(
      prompts.map(({ group, tokens }, index) => ({ index, group, tokens })),
      this.#batchTokens,
    );
    const head = await this.#head(placed.head);
    for (const rows of this.#waves(placed.rows, placed.head.length)) {
      await this.#answer(head, { rows, settings, random: remembered(random) });
      const fresh = rows.flatMap(({ branches }) =>
        branches.map((branch) => ({
          index: branch.index,
          generation: this.#generation(prompts[branch.index] as Prompt, branch, settings),
        })),
      );
      for (const { index, generation } of fresh) answers[index] = generation;
      done += fresh.length;
      await onProgress?.(done, fresh);
    }
    return answers;
  }

  /** Logits of the token that follows. */
  async nextLogits(tokens: readonly number[]): Promise<Float32Array> {
    const { rows } = placeInRows([{ index: 0, group: '', tokens }], this.#batchTokens);
    const cache = new KeyValueCache(this.options.config, 1, tokens.length);
    let logits = new Float32Array();
    await this.#readPrompts(rows, cache, 0, (_, found) => (logits = found.slice()));
    return logits;
  }

  async dispose(): Promise<void> {
    await this.programs.prompts.dispose();
    await this.programs.answers.dispose();
    await this.#weights.release();
  }

  get #batchTokens(): number {
    return this.options.batchTokens ?? BATCH_TOKENS;
  }

  /** What all prompts begin with, computed once: a cache of one row. */
  async #head(tokens: readonly number[]): Promise<KeyValueCache> {
    const cache = new KeyValueCache(this.options.config, 1, tokens.length);
    const prompt = tokens.map((id, position) => ({ id, position, branch: 0 }));
    if (tokens.length > 0) await this.#readPrompts([{ prompt, branches: [] }], cache, 0, () => undefined);
    return cache;
  }

  /** Rows of like length, as many as the memory for their cache allows. */
  #waves(rows: readonly Row[], head: number): Row[][] {
    const most = (this.options.cacheBytes ?? CACHE_BYTES) / bytesPerToken(this.options.config);
    const waves: Row[][] = [];
    for (const row of rows) {
      const last = waves.at(-1);
      if (last && (last.length + 1) * (head + row.prompt.length + ROOM) <= most) last.push(row);
      else waves.push([row]);
    }
    return waves;
  }

  async #answer(head: KeyValueCache, wave: Wave): Promise<void> {
    const longest = Math.max(...wave.rows.map(({ prompt }) => prompt.length));
    const cache = head.take(
      wave.rows.map(() => 0),
      head.capacity + longest + ROOM,
    );
    for (const { start, rows } of this.#batches(wave.rows))
      await this.#readPrompts(rows, cache, start, (branch, logits) => this.#accept(branch, logits, wave));
    await this.#continue(cache, wave);
  }

  /** Consecutive rows with at most `batchTokens` tokens together. */
  #batches(rows: readonly Row[]): { start: number; rows: Row[] }[] {
    const batches: { start: number; rows: Row[]; tokens: number }[] = [];
    rows.forEach((row, start) => {
      const last = batches.at(-1);
      if (last && last.tokens + row.prompt.length <= this.#batchTokens) {
        last.rows.push(row);
        last.tokens += row.prompt.length;
      } else batches.push({ start, rows: [row], tokens: row.prompt.length });
    });
    return batches;
  }

  /** Computes rows' prompts into the cache, its row `start` being the first; `onLast` is given the logits after each prompt. */
  async #readPrompts(
    rows: readonly Row[],
    cache: KeyValueCache,
    start: number,
    onLast: (branch: Branch, logits: Float32Array) => void,
  ): Promise<void> {
    const longest = Math.max(...rows.map(({ prompt }) => prompt.length));
    const chunk = this.options.chunkTokens ?? CHUNK_TOKENS;
    for (let from = 0; from < longest; from += chunk) {
      const fed = rows.map(({ prompt }) => prompt.slice(from, from + chunk));
      const columns = Math.max(...rows.map((_, i) => cache.used(start + i)));
      const past = cache.take(
        rows.map((_, i) => start + i),
        columns,
      );
      const ending = rows.map(({ branches }) =>
        branches.flatMap((branch) =>
          branch.last >= from && branch.last < from + chunk ? [{ branch, at: branch.last - from }] : [],
        ),
      );
      const result = await this.#run(
        this.programs.prompts,
        past,
        fed,
        ending.map((each) => each.map(({ at }) => at)),
      );
      const slots = Math.max(...fed.map((each) => each.length));
      fed.forEach((tokens, slot) =>
        cache.append(
          start + slot,
          { result, slot, slots },
          tokens.map(({ branch }) => branch),
        ),
      );
      ending.flat().forEach(({ branch }, i) => onLast(branch, this.#logitsOf(result, i)));
    }
  }

  /** Answers of a wave whose prompts are read, token by token; rows that are finished are dropped as they grow many. */
  async #continue(first: KeyValueCache, wave: Wave): Promise<void> {
    let [cache, rows] = [first, wave.rows];
    for (;;) {
      const live = rows.flatMap((row, i) => (row.branches.some(({ finished }) => !finished) ? [i] : []));
      if (live.length === 0) return;
      const full = live.some((i) => cache.used(i) + active(rows[i]).length > cache.capacity);
      if (full || live.length * 2 <= rows.length) {
        const columns = Math.max(...live.map((i) => cache.used(i) + active(rows[i]).length));
        cache = cache.take(live, columns + ROOM);
        rows = live.map((i) => rows[i] as Row);
      }
      await this.#step(cache, rows, wave);
    }
  }

  /** One more token for every branch that is not finished. */
  async #step(cache: KeyValueCache, rows: readonly Row[], wave: Wave): Promise<void> {
    const branches = rows.map(active);
    const fed = branches.map((each) =>
      each.map(({ answer, position, number }) => ({ id: answer.at(-1) ?? 0, position: position - 1, branch: number })),
    );
    const result = await this.#run(
      this.programs.answers,
      cache,
      fed,
      fed.map((each) => each.map((_, i) => i)),
    );
    const slots = Math.max(...fed.map((each) => each.length));
    fed.forEach((tokens, row) =>
      cache.append(
        row,
        { result, slot: row, slots },
        tokens.map(({ branch }) => branch),
      ),
    );
    branches.flat().forEach((branch, i) => this.#accept(branch, this.#logitsOf(result, i), wave));
  }

  #logitsOf(result: Tensors, index: number): Float32Array {
    const { vocabSize } = this.options.config;
    return floatsOf(result, 'logits').subarray(index * vocabSize, (index + 1) * vocabSize);
  }

  #accept(branch: Branch, logits: Float32Array, { settings, random }: Wave): void {
    branch.answer.push(sample(logits, settings.temperature, random(branch)));
    branch.position++;
    const full = branch.answer.length >= settings.maxNewTokens || branch.position >= positionsOf(this.options);
    branch.finished = full || this.#ended(branch.answer, settings) || this.options.isStuck?.(branch.answer) === true;
  }

  #ended(answer: readonly number[], settings: GenerateSettings): boolean {
    if (this.options.config.eosTokenIds.includes(answer.at(-1) ?? -1)) return true;
    if (settings.stop.length === 0) return false;
    const text = this.options.tokenizer.decode(answer);
    return settings.stop.some((stop) => text.includes(stop));
  }

  /** Runs fed tokens, one list per row of the cache; `wanted` are the indices in each list whose logits are asked for. */
  #run(
    program: Program,
    cache: KeyValueCache,
    fed: readonly (readonly Fed[])[],
    wanted: readonly (readonly number[])[],
  ): Promise<Tensors> {
    return program.run({ ...this.#weights.tensors, ...cache.inputs, ...fedTensors(cache, fed, wanted) });
  }

  #generation(prompt: Prompt, branch: Branch, settings: GenerateSettings): Generation {
    const { answer: tokens } = branch;
    return { id: prompt.id, tokens, ...answerText(tokens, { model: this.options, stop: settings.stop }) };
  }
}

const active = (row: Row | undefined): readonly Branch[] => row?.branches.filter(({ finished }) => !finished) ?? [];

/** A function of a branch that is computed once for each. */
function remembered<T>(make: (branch: Branch) => T): (branch: Branch) => T {
  const known = new Map<Branch, T>();
  return (branch) => {
    const value = known.get(branch) ?? make(branch);
    known.set(branch, value);
    return value;
  };
}
