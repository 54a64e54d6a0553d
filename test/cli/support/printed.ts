/** What a command around a study prints, run in this process. */
import { Command } from 'commander';
import { vi } from 'vitest';
import { register } from '../../../src/cli/study.js';

export interface Printed {
  readonly out: string;
  readonly err: string;
}

/** Standard output and error of `lightmem study WORDS …`; throws what the command throws. */
export async function studyCommand(...words: readonly string[]): Promise<Printed> {
  const said = { out: '', err: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((said.out += String(text)), true));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said.err += String(text)), true));
  const program = new Command('lightmem').exitOverride();
  try {
    await register(program, words);
    await program.parseAsync(['study', ...words], { from: 'user' });
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  return said;
}
