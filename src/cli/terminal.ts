/** Colours for what is printed to a terminal. */
import pc from 'picocolors';

/**
 * Colours for standard output: on a terminal, unless NO_COLOR is set; FORCE_COLOR has them anywhere. Nothing else turns them on,
 * least of all a CI variable in the environment.
 */
export const colors = pc.createColors(
  !process.env['NO_COLOR'] && (Boolean(process.env['FORCE_COLOR']) || process.stdout.isTTY === true),
);
