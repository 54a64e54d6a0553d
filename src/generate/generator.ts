/** Generation: many prompts answered at once, what they share computed once, with a cache of keys and values. */
import { Random } from '../core/random.js';
import type { GenerateSettings } from '../core/settings.js';
import { float32, floatsOf, int64, type Engine, type Program, type Tensor, type Tensors } from '../engine/engine.js';
import { cacheName, generationGraph } from '../models/decoder.js';
import type { ModelConfig, Tokenizer } from '../models/model.js';
import type { Parameter, Training } from '../models/network.js';
import { ropeTables } from '../models/rope.js';
import { GeneratingRow, stepTensors, type Branch } from './cache.js';
import { sample } from './sampling.js';

/** A prompt to answer; prompts of one group are expected to begin alike. */
export interface Prompt {
  readonly id: string;
  readonly group: string;
  readonly tokens: readonly number[];
}

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

export interface GeneratorOptions {
  readonly engine: Engine;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** `none` for the base model, `lora` to apply an adapter. */
  readonly training: Training;
  /** Values of every parameter the graph asks for. */
  readonly values: (parameter: Parameter) => Float32Array;
  /** Longest prompt and answer together; default the model's own limit. */
  readonly positions?: number;
  /** Prompt tokens computed at once, padding included; default 2,048. */
  readonly batchTokens?: number;
  /** Whether an answer so far leads nowhere: it is then cut as if it were full. Default never. */
  readonly isStuck?: (answer: readonly number[]) => boolean;
}

export class Generator {
  readonly #weights: Record<string, Tensor> = {};

  private constructor(
    readonly program: Program,
    parameters: readonly Parameter[],
    readonly options: GeneratorOptions,
  ) {
    const { config } = options;
    const positions = options.positions ?? config.maxPositions;
    for (const parameter of parameters)
      this.#weights[parameter.name] = float32(parameter.shape, options.values(parameter));
    const { cos, sin } = ropeTables(config, positions);
    this.#weights['cos'] = float32([positions, config.headDim / 2], cos);
    this.#weights['sin'] = float32([positions, config.headDim / 2], sin);
  }

  static async create(options: GeneratorOptions): Promise<Generator> {
    const { graph, parameters } = generationGraph(options.config, options.training);
    return new Generator(await options.engine.compile(graph), parameters, options);
  }

  /** Answers all prompts, in their order; `onProgress` is told how many are done, and the new ones. */
  async generate(
    prompts: readonly Prompt[],
    settings: GenerateSettings,
    onProgress?: (done: number, fresh: readonly FreshGeneration[]) => void | Promise<void>,
  ): Promise<Generation[]> {
    const answers = new Array<Generation>(prompts.length);
    let done = 0;
    for (const rows of this.#batches(prompts)) {
      const fresh = (await this.#run(rows, prompts, settings)).map((branch) => ({
        index: branch.index,
        generation: this.#generation(prompts[branch.index] as Prompt, branch, settings),
      }));
      for (const { index, generation } of fresh) answers[index] = generation;
      done += fresh.length;
      await onProgress?.(done, fresh);
    }
    return answers;
  }

  async dispose(): Promise<void> {
    await this.program.dispose();
  }

  /** Rows by group, rows of like length together, as many as fit the batch. */
  #batches(prompts: readonly Prompt[]): GeneratingRow[][] {
    const limit = this.options.batchTokens ?? 2048;
    const groups = new Map<string, { index: number; tokens: readonly number[] }[]>();
    prompts.forEach(({ group, tokens }, index) => {
      const same = groups.get(group);
      if (same) same.push({ index, tokens });
      else groups.set(group, [{ index, tokens }]);
    });
    const rows = [...groups.values()]
      .map((group) => new GeneratingRow(group))
      .sort((a, b) => a.prompt.length - b.prompt.length);
    const batches: GeneratingRow[][] = [];
    for (const row of rows) {
      const last = batches.at(-1);
      if (last && (last.length + 1) * row.prompt.length <= limit) last.push(row);
      else batches.push([row]);
    }
    return batches;
  }

  async #run(
    rows: readonly GeneratingRow[],
    prompts: readonly Prompt[],
    settings: GenerateSettings,
  ): Promise<readonly Branch[]> {
    const random = new Map(
      rows
        .flatMap((row) => row.branches)
        .map((branch) => [branch, new Random(settings.seed, 'generate', prompts[branch.index]?.id ?? '')]),
    );
    let cache = this.#emptyCache(rows.length);
    let fed = rows.map((row) => row.prompt);
    let asking = rows.map((row) => row.branches.map((branch, i) => ({ branch, at: row.lastOfPrompt[i] ?? 0 })));
    while (asking.some((each) => each.length > 0)) {
      const { logits, present } = await this.#step(
        rows,
        fed,
        asking.map((each) => each.map(({ at }) => at)),
        cache,
      );
      asking.flat().forEach(({ branch }, i) => {
        const row = logits.subarray(i * this.options.config.vocabSize, (i + 1) * this.options.config.vocabSize);
        this.#accept(branch, sample(row, settings.temperature, random.get(branch) as Random), settings);
      });
      cache = present;
      fed = rows.map((row) => row.next());
      asking = rows.map((row) => row.active.map((branch, at) => ({ branch, at })));
    }
    return rows.flatMap((row) => row.branches);
  }

  #accept(branch: Branch, token: number, settings: GenerateSettings): void {
    branch.answer.push(token);
    branch.position++;
    const full =
      branch.answer.length >= settings.maxNewTokens ||
      branch.position >= (this.options.positions ?? this.options.config.maxPositions);
    branch.finished = full || this.#ended(branch.answer, settings) || this.options.isStuck?.(branch.answer) === true;
  }

  #ended(answer: readonly number[], settings: GenerateSettings): boolean {
    if (this.options.config.eosTokenIds.includes(answer.at(-1) ?? -1)) return true;
    if (settings.stop.length === 0) return false;
    const text = this.options.tokenizer.decode(answer);
    return settings.stop.some((stop) => text.includes(stop));
  }

  async #step(
    rows: readonly GeneratingRow[],
    fed: Parameters<typeof stepTensors>[1],
    wanted: readonly (readonly number[])[],
    cache: Tensors,
  ): Promise<{ logits: Float32Array; present: Tensors }> {
    const { ids, positions, mask, length, width } = stepTensors(rows, fed);
    const shape = [rows.length, length];
    const flat = wanted.flatMap((places, row) => places.map((place) => row * length + place));
    const result = await this.program.run({
      ...this.#weights,
      ...cache,
      ids: { type: 'int64', shape, data: ids },
      positions: { type: 'int64', shape, data: positions },
      mask: float32([rows.length, length, width], mask),
      rows: int64([flat.length], flat),
    });
    return { logits: floatsOf(result, 'logits'), present: this.#asPast(result) };
  }

  #emptyCache(batch: number): Tensors {
    const { layers, keyValueHeads, headDim } = this.options.config;
    const names = Array.from({ length: layers }, (_, layer) => [
      cacheName('past', layer, 'keys'),
      cacheName('past', layer, 'values'),
    ]).flat();
    return Object.fromEntries(names.map((name) => [name, float32([batch, keyValueHeads, 0, headDim])]));
  }

  #asPast(result: Tensors): Tensors {
    return Object.fromEntries(
      Object.entries(result).flatMap(([name, tensor]) =>
        name.startsWith('present.') ? [[name.replace('present', 'past'), tensor]] : [],
      ),
    );
  }

  #generation(prompt: Prompt, branch: Branch, settings: GenerateSettings): Generation {
    const ended = this.#ended(branch.answer, settings);
    const eos = this.options.config.eosTokenIds.includes(branch.answer.at(-1) ?? -1);
    const text = this.options.tokenizer.decode(eos ? branch.answer.slice(0, -1) : branch.answer);
    const cut = settings.stop.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
    return {
      id: prompt.id,
      text: (cut.length > 0 ? text.slice(0, Math.min(...cut)) : text).trim(),
      tokens: branch.answer,
      finish: ended ? 'stop' : 'length',
    };
  }
}
