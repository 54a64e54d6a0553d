/** Ctrl-C: the first one asks the command to finish cleanly, the second one ends the process at once. */

/** Exit codes by signal, as shells expect them. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type Signal = keyof typeof EXIT_CODES;

/** The reason of the abort signal: thrown through a command, it ends in the signal's exit code and no message of failure. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly exitCode: number;

  constructor(signal: Signal) {
    super(`stopped by ${signal}`);
    this.exitCode = EXIT_CODES[signal];
  }
}

const controller = new AbortController();
let isHeard = false;

/** A signal that Ctrl-C (or SIGTERM) aborts; a command that asks for it finishes by itself. */
export function interruption(): AbortSignal {
  isHeard = true;
  return controller.signal;
}

/** Installs the handlers. A command that does not ask for `interruption()` ends at the first signal. */
export function handleSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!isHeard || controller.signal.aborted) process.exit(EXIT_CODES[signal]);
      process.stderr.write(
        '\nstopping: finished work is kept, trainings write a checkpoint; press Ctrl-C again to end at once\n',
      );
      controller.abort(new Interruption(signal));
    });
  }
}
