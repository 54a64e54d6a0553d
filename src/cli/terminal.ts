/** Colours and width of what is printed to a terminal. */
import pc from 'picocolors';

/**
 * Colours for standard output: on a terminal, unless NO_COLOR is set; FORCE_COLOR has them anywhere. Nothing else turns them on,
 * least of all a CI variable in the environment.
 */
export const colors = pc.createColors(
  !process.env['NO_COLOR'] && (Boolean(process.env['FORCE_COLOR']) || process.stdout.isTTY === true),
);

/** Narrower terminals are written to as if they had so many columns. */
const NARROWEST = 40;
/** Longer lines are hard to read. */
const WIDEST = 120;

/** Columns that tables and sentences may take: the terminal's, or what COLUMNS says, else 100. */
export function terminalWidth(): number {
  const told = process.stdout.columns ?? Number(process.env['COLUMNS']);
  return Math.max(NARROWEST, Math.min(WIDEST, Number.isFinite(told) && told > 0 ? told : 100));
}
