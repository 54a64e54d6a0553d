/** What an engine of lanes and its threads say to each other. */
import type { Graph } from '../compiler/ir.js';
import type { Tensors } from './engine.js';

/** What a lane may be asked; programs and what is held have numbers that the asker gives. */
export type LaneRequest =
  | { readonly do: 'compile'; readonly program: number; readonly graph: Graph }
  | { readonly do: 'hold'; readonly held: number; readonly tensors: Tensors }
  | { readonly do: 'run'; readonly program: number; readonly inputs: Tensors; readonly held: readonly HeldInput[] }
  | { readonly do: 'dispose'; readonly program: number }
  | { readonly do: 'release'; readonly held: number };

/** An input that a lane holds: what it is fed as, in which of the held, and by which name there. */
export interface HeldInput {
  readonly input: string;
  readonly held: number;
  readonly name: string;
}

/** What a lane is started with. */
export interface LaneData {
  /** Threads within one operation. */
  readonly threads: number;
}

/** How a request ended: with tensors where it was a run. Every lane answers in the order it is asked. */
export type LaneReply =
  { readonly done: Tensors } | { readonly failure: { readonly name: string; readonly message: string } };
