/** Asking before a large spend: what is left to make is said, and much of it needs a yes. */
import { createInterface } from 'node:readline/promises';
import { spendText, type SpendForecast } from '../compress/spend-forecast.js';
import { UserError } from '../core/errors.js';
import { visibleText } from '../text/visible.js';

export interface ConfirmOptions {
  /** Whether everything is agreed to beforehand. */
  readonly yes: boolean;
  /** Whether what is left is not said. */
  readonly silent: boolean;
  /** What keeps a spend small, for the refusal: `--limit or --max-tokens`. */
  readonly smaller: string;
}

/** Whether to go on; where nobody can be asked, a large spend is refused with a UserError. */
export async function confirmed(forecast: SpendForecast, { yes, silent, smaller }: ConfirmOptions): Promise<boolean> {
  if (forecast.model === null) return true;
  return agreed(spendText(forecast), forecast.isLarge, { yes, silent, smaller });
}

/** Whether to go on with a spend that a line tells of. */
export async function agreed(
  line: string,
  isLarge: boolean,
  { yes, silent, smaller }: ConfirmOptions,
): Promise<boolean> {
  if (!silent) process.stderr.write(`${visibleText(line)}\n`);
  if (!isLarge || yes) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new UserError(`${line}: add --yes to go on, or ${smaller}`);
  return asked('Go on? [y/N] ');
}

async function asked(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^\s*y(es)?\s*$/i.test(await terminal.question(question));
  } finally {
    terminal.close();
  }
}
