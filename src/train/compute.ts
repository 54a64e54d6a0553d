/** What `compute: int8` needs of engine, device and processor, said before anything is computed. */
import { UserError } from '../core/errors.js';
import type { Compute, ComputeChoice, Device, Quantisation } from '../core/settings.js';
import { FLAG_READERS, hasEightBitProducts, type FlagReaders } from '../engine/eight-bits.js';

/** Where a training would compute. */
export interface ComputePlace {
  /** Default `cpu`. */
  readonly device?: Device | undefined;
  /** Whether PyTorch and PEFT train. */
  readonly isPeft?: boolean;
  /** What tells the processor's flags; default this machine's. */
  readonly readers?: FlagReaders;
}

/** Width of a base from which integers of eight bits pay: on the bundled one, 192 wide, they save nothing of a study (docs/log.md). */
const LEAST_WIDTH = 512;

/** What `auto` is settled by. */
export interface ComputeBase extends ComputePlace {
  readonly hiddenSize: number;
  /** What the base is kept in: who asks for few bits asks for little memory, of which codes take more. */
  readonly quantisation: Quantisation;
  /** Whether trainings run on this machine; default yes. */
  readonly isHere?: boolean;
  /** What trainings of the same study were begun in. */
  readonly before?: Compute | undefined;
}

/** The way of computing that is meant. */
export function settledCompute(choice: ComputeChoice, base: ComputeBase): Compute {
  const { device = 'cpu', isPeft = false, readers = FLAG_READERS, isHere = true, before } = base;
  if (choice !== 'auto') return choice;
  const pays = device === 'cpu' && !isPeft && base.quantisation === 'none' && base.hiddenSize >= LEAST_WIDTH;
  if (!pays) return 'f32';
  return before ?? (isHere && hasEightBitProducts(readers) === true ? 'int8' : 'f32');
}

/** Throws UserError where integers of eight bits are asked for that engine or device do not have. */
export function checkComputePlace(
  compute: Compute | undefined,
  { device = 'cpu', isPeft = false }: ComputePlace,
): void {
  if (compute === undefined || compute === 'f32') return;
  if (isPeft)
    throw new UserError(
      `compute ${compute} is of lightmem’s own engine: with engine peft leave it out and use precision: bf16, or quantisation: int8`,
    );
  if (device !== 'cpu')
    throw new UserError(`compute ${compute} is of processors: on ${device} leave it out, or say device: cpu`);
}

/** Throws UserError where lanes are asked for that engine or device do not have. */
export function checkLanes(lanes: number | undefined, { device = 'cpu', isPeft = false }: ComputePlace): void {
  if (lanes === undefined || lanes === 1) return;
  if (isPeft || device !== 'cpu')
    throw new UserError(
      `lanes ${lanes} are of lightmem’s own engine on processors: ${isPeft ? 'with engine peft' : `on ${device}`} leave lanes out`,
    );
}

/** As checkComputePlace, and where this processor has no instructions for it and `int8-anyway` does not say that this is known. */
export function checkCompute(compute: Compute | undefined, place: ComputePlace): void {
  checkComputePlace(compute, place);
  if (compute !== 'int8') return;
  const has = hasEightBitProducts(place.readers ?? FLAG_READERS);
  if (has === true) return;
  const why =
    has === false ? 'this processor has neither VNNI nor AMX' : 'whether this processor has VNNI or AMX cannot be told';
  throw new UserError(
    `compute int8: ${why}, without which sums of products are cut off and nothing is gained: leave compute at f32, or say int8-anyway to try it all the same`,
  );
}
