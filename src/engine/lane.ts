/** A lane: a thread that compiles, holds and runs, one request at a time, what its parent asks it to. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../core/errors.js';
import type { Program, Tensors } from './engine.js';
import type { LaneData, LaneReply, LaneRequest } from './lane-messages.js';
import { onnxRuntimeEngine } from './onnxruntime.js';

const { threads } = workerData as LaneData;
const engine = onnxRuntimeEngine({ device: 'cpu', threads });
const programs = new Map<number, Program>();
const held = new Map<number, Tensors>();

function programOf(number: number): Program {
  const program = programs.get(number);
  if (program === undefined) throw new TypeError(`program ${number} is not compiled in this lane`);
  return program;
}

async function carryOut(request: LaneRequest): Promise<Tensors> {
  switch (request.do) {
    case 'compile':
      programs.set(request.program, await engine.compile(request.graph));
      return {};
    case 'hold':
      held.set(request.held, request.tensors);
      return {};
    case 'run': {
      const inputs = request.held.map(({ input, held: number, name }) => [input, held.get(number)?.[name]] as const);
      return programOf(request.program).run({ ...request.inputs, ...(Object.fromEntries(inputs) as Tensors) });
    }
    case 'dispose':
      await programOf(request.program).dispose();
      programs.delete(request.program);
      return {};
    case 'release':
      held.delete(request.held);
      return {};
  }
}

let before: Promise<unknown> = Promise.resolve();
parentPort?.on('message', (request: LaneRequest) => {
  before = before
    .then(() => carryOut(request))
    .then(
      (done): LaneReply => ({ done }),
      (error: unknown): LaneReply => ({
        failure: { name: error instanceof Error ? error.name : 'Error', message: messageOf(error) },
      }),
    )
    .then((reply) => parentPort?.postMessage(reply));
});
