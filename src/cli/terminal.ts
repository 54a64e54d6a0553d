/** Text that is safe to print: whatever a document or a model wrote, it cannot move the cursor, colour or reorder the terminal. */
import pc from 'picocolors';

/**
 * Colours for standard output: on a terminal, unless NO_COLOR is set; FORCE_COLOR has them anywhere. Nothing else turns them on,
 * least of all a CI variable in the environment.
 */
export const colors = pc.createColors(
  !process.env['NO_COLOR'] && (Boolean(process.env['FORCE_COLOR']) || process.stdout.isTTY === true),
);

/** Escape sequences (CSI, OSC and other strings, two-character ones), also cut off ones. */
const ESCAPES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|[ -/]*[0-~]?)/g;

/** C0 and C1 controls but tab and newline, DEL, bidirectional controls, line separators, tags. */
const CONTROLS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** The text without escape sequences, control and bidirectional characters; tab and newline stay, lone surrogates become U+FFFD. */
export function safe(text: string): string {
  return text
    .replace(ESCAPES, '')
    .replace(CONTROLS, '')
    .replace(/[\uD800-\uDFFF]/gu, '\uFFFD');
}
