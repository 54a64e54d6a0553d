/**
 * An engine of lanes: threads with a program and weights each, which run what does not depend on each other side by side. On few
 * threads they lose nothing to waiting for one another, as the threads of one operation do; each takes memory of its own.
 */
import { Worker } from 'node:worker_threads';
import type { Graph } from '../compiler/ir.js';
import { builtFile } from '../core/built-file.js';
import { ShapeError, UnsupportedOpError, UserError } from '../core/errors.js';
import { LargeBlocks } from './large-blocks.js';
import {
  tensorOf,
  type Engine,
  type Fed,
  type Held,
  type HeldTensor,
  type Program,
  type Tensor,
  type Tensors,
} from './engine.js';
import type { HeldInput, LaneData, LaneReply, LaneRequest } from './lane-messages.js';

/** How many lanes, and what each has. */
export interface LaneOptions {
  /** 1 or more. */
  readonly lanes: number;
  /** Threads within one operation of a lane; default 1. */
  readonly threads?: number;
}

/** An engine whose threads are its own. */
export interface LaneEngine extends Engine {
  /** Ends its threads; what was compiled and held is gone. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (done: Tensors) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread as who asks it sees it. */
class Lane {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #ended: Error | undefined;

  constructor(data: LaneData) {
    this.#worker = new Worker(builtFile('engine/lane.js'), { workerData: data, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (reply: LaneReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', (code) => this.#end(new Error(`a thread of the engine ended with code ${code}`)));
  }

  /** Requests under way. */
  get load(): number {
    return this.#waiting.length;
  }

  ask(request: LaneRequest, transfer: readonly ArrayBuffer[] = []): Promise<Tensors> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(request, transfer);
      this.#waiting.push({ resolve, reject });
      this.#worker.ref();
    });
  }

  /** Ends the thread; what is still waited for rejects. */
  async close(): Promise<void> {
    this.#end(new Error('the engine was closed'));
    await this.#worker.terminate();
  }

  #settle(reply: LaneReply): void {
    const waiting = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    if ('done' in reply) waiting?.resolve(reply.done);
    else waiting?.reject(errorOf(reply.failure));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}

/** Errors that callers decide on, by name. */
const ERRORS = new Map([UserError, ShapeError, UnsupportedOpError, TypeError].map((each) => [each.name, each]));

/** A lane's error as one of this thread. */
function errorOf({ name, message }: Extract<LaneReply, { failure: unknown }>['failure']): Error {
  return new (ERRORS.get(name) ?? Error)(message);
}

/** Results, those of them in the buffers that were given for them. */
function placed(results: Tensors, into: Tensors): Tensors {
  const place = (name: string, made: Tensor): Tensor => {
    const buffer = into[name];
    if (buffer === undefined) return made;
    (buffer.data as Float32Array).set(made.data as Float32Array);
    return { ...made, data: buffer.data };
  };
  return Object.fromEntries(Object.entries(results).map(([name, made]) => [name, place(name, made)]));
}

/** A tensor that every lane holds. */
class LaneTensor implements HeldTensor {
  constructor(
    readonly type: Tensor['type'],
    readonly shape: readonly number[],
    readonly held: Omit<HeldInput, 'input'>,
  ) {}
}

/** Inputs by where they are: with who asks, and in the lanes. */
function sorted(inputs: Fed): { inputs: Tensors; held: HeldInput[] } {
  const own: Record<string, Tensor> = {};
  const held: HeldInput[] = [];
  for (const [input, fed] of Object.entries(inputs)) {
    if (fed instanceof LaneTensor) held.push({ input, ...fed.held });
    else own[input] = tensorOf(input, fed);
  }
  return { inputs: own, held };
}

/** Copies in blocks of their own, which a thread may be given. */
function copied(tensors: Tensors): { tensors: Tensors; blocks: ArrayBuffer[] } {
  const blocks = new LargeBlocks();
  const copies = Object.entries(tensors).map(([name, { data, ...rest }]) => [
    name,
    { ...rest, data: blocks.copy(data) },
  ]);
  const made = Object.fromEntries(copies) as Tensors;
  return { tensors: made, blocks: [...new Set(Object.values(made).map(({ data }) => data.buffer as ArrayBuffer))] };
}

/** The engine on the processor in so many threads, which are started at once; they keep the process alive only while they compute. */
export function laneEngine({ lanes: count, threads = 1 }: LaneOptions): LaneEngine {
  const lanes = Array.from({ length: count }, () => new Lane({ threads }));
  const all = (request: LaneRequest): Promise<unknown> => Promise.all(lanes.map((lane) => lane.ask(request)));
  const idlest = (): Lane => lanes.reduce((best, lane) => (lane.load < best.load ? lane : best));
  let numbers = 0;

  const compile = async (graph: Graph): Promise<Program> => {
    const program = numbers++;
    await all({ do: 'compile', program, graph });
    return {
      run: async (inputs, into = {}) => placed(await idlest().ask({ do: 'run', program, ...sorted(inputs) }), into),
      dispose: async () => void (await all({ do: 'dispose', program })),
    };
  };

  const hold = async (tensors: Tensors): Promise<Held> => {
    const held = numbers++;
    // One after the other, so that no more than one copy is on its way.
    for (const lane of lanes) {
      const { tensors: copies, blocks } = copied(tensors);
      await lane.ask({ do: 'hold', held, tensors: copies }, blocks);
    }
    const handles = Object.entries(tensors).map(
      ([name, { type, shape }]) => [name, new LaneTensor(type, shape, { held, name })] as const,
    );
    return {
      tensors: Object.fromEntries(handles),
      release: async () => void (await all({ do: 'release', held })),
    };
  };

  return {
    name: 'onnxruntime-cpu',
    lanes: count,
    compile,
    hold,
    close: async () => void (await Promise.all(lanes.map((lane) => lane.close()))),
  };
}
