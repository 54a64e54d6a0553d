/** Thinking blocks that reasoning models leave in their answers. */

const BLOCK = /<(think|thinking|reasoning)>[\s\S]*?<\/\1>/gi;
const END = /^[\s\S]*<\/(?:think|thinking|reasoning)>/i;
const UNFINISHED = /<(?:think|thinking|reasoning)>[\s\S]*$/i;

/**
 * The answer without thinking: whole blocks, a block whose opening tag stood in the prompt (only the end tag is left), and
 * one that never ends.
 */
export function withoutThinking(text: string): string {
  return text.replace(BLOCK, '').replace(END, '').replace(UNFINISHED, '').trim();
}
