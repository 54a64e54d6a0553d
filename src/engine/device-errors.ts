/** What a GPU's refusals mean, in words that say what to do. */
import { UserError, messageOf } from '../core/errors.js';
import type { BufferPlan } from '../compiler/buffers.js';

/** Words of Dawn, WebGPU's implementation, where a buffer could not be made; what uses it afterwards calls it invalid. */
const NO_BUFFER =
  /OUT_OF_(DEVICE|HOST)_MEMORY|allocation size too large|max buffer size limit|\[Invalid Buffer|too many storage buffers/i;
const NO_HALF = /requires f16/i;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

function memoryError({ peak, inputs, largest }: BufferPlan, cause: unknown): Error {
  const { bytes, made, shape } = largest;
  return new Error(
    `out of device memory: this step takes up to ${gigabytes(peak)} on the GPU, ${gigabytes(inputs)} of it inputs, its largest buffer ` +
      `${gigabytes(bytes)} (${made}, [${shape.join(', ')}]): use a smaller batchTokens, gradientCheckpointing: true, or quantisation: f16 or nf4`,
    { cause },
  );
}

/** An error of a run on WebGPU with what to do about it; others as they are. `plan` is what the run took. */
export function explained(error: unknown, plan: () => BufferPlan): unknown {
  const message = messageOf(error);
  if (NO_HALF.test(message))
    return new UserError('this GPU has no half precision: use quantisation: nf4 or none, or compute on the CPU');
  return NO_BUFFER.test(message) ? memoryError(plan(), error) : error;
}
