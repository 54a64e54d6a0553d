/** The few error classes a caller decides on; every message says what was wrong with the value and what to do. */

/** A mistake the user can mend: shown without a stack, exit code 2. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}

/** Several mistakes of one input, told at once. */
export class UserErrors extends UserError {
  override readonly name = 'UserErrors';

  constructor(
    readonly heading: string,
    readonly problems: readonly string[],
  ) {
    super(`${heading}\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** Tensor shapes that do not fit an operation. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** An operation for which a rule (shape, gradient, lowering) is missing. */
export class UnsupportedOpError extends Error {
  override readonly name = 'UnsupportedOpError';
}

/** A stored run whose identity differs from the one asked for. */
export class RunConflictError extends Error {
  override readonly name = 'RunConflictError';
}

/** Text for people from anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
