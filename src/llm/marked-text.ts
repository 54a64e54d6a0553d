/** Texts in prompts, set apart so that nothing in them is taken for an instruction. */
import { sha256 } from '../core/hash.js';

/** A text between marks that it cannot hold itself: `<text-0a1b2c3d>`, the digits those of its own hash. */
export function markedText(text: string): string {
  const mark = `text-${sha256(text).slice(0, 8)}`;
  return `<${mark}>\n${text}\n</${mark}>`;
}
