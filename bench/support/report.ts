/** How benches measure and say so: two sides in turn, the median of their ratios, and one line of JSON at the end. */
import { loadavg } from 'node:os';

/** What a bench prints last. */
export interface BenchReport {
  readonly name: string;
  readonly figures: Readonly<Record<string, unknown>>;
  /** Ours over theirs, where more is better; several where the bench has several questions. */
  readonly ratio: number | Readonly<Record<string, number>>;
  /** What the ratio should reach. */
  readonly goal: number | Readonly<Record<string, number>>;
}

/** Prints the report as one line of JSON. */
export function printReport(report: BenchReport): void {
  const load = loadavg().map((each) => Number(each.toFixed(2)));
  process.stdout.write(`${JSON.stringify({ ...report, load })}\n`);
}

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** Runs both sides `count` times in turn: what disturbs the machine for a while disturbs both. */
export async function inTurn<A, B>(
  count: number,
  ours: () => Promise<A>,
  theirs: () => Promise<B>,
): Promise<{ ours: A; theirs: B }[]> {
  const pairs: { ours: A; theirs: B }[] = [];
  for (let pair = 0; pair < count; pair++) {
    pairs.push({ ours: await ours(), theirs: await theirs() });
    process.stderr.write(`pair ${pair + 1} of ${count} done\n`);
  }
  return pairs;
}

/** Digits that a ratio or a rate is worth. */
export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
