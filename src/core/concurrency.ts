/** Work on many inputs, several at once. */

/** How much at once, and what ends it. */
export interface ConcurrencyOptions {
  /** Pieces of work under way at once; below 1 counts as 1. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `work` gives for each input, in the inputs' order. After an error, or once the signal is aborted, nothing new is begun; it
 * rejects with the first error (the signal's reason) once all that is under way has ended.
 */
export async function mapConcurrently<T, R>(
  inputs: readonly T[],
  { concurrency, signal }: ConcurrencyOptions,
  work: (input: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(inputs.length);
  const errors: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < inputs.length && errors.length === 0) {
      signal?.throwIfAborted();
      const index = next++;
      results[index] = await work(inputs[index] as T, index);
    }
  };
  const width = Math.max(1, Math.min(concurrency, inputs.length));
  await Promise.all(Array.from({ length: width }, () => worker().catch((error: unknown) => errors.push(error))));
  if (errors.length > 0) throw errors[0];
  return results;
}

/** Aborts as soon as one of both does, with its reason. */
export function eitherSignal(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? one : AbortSignal.any([one, other]);
}
