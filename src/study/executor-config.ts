/** Settings of executors in a study file: where runs run, each kind with its own. */
import { z } from 'zod';
import { given, integer, text } from '../core/setting-schemas.js';
import { commandProblem, PLACEHOLDERS } from '../executors/command-template.js';

const threads = integer(1, 1024).describe('Threads of each run; without it, processors / workers.').optional();

const retries = integer(0, 20)
  .describe('How often a run that was lost (its process, its machine, its connection) is started again.')
  .default(2);

const inline = z.strictObject({
  kind: z.literal('inline').describe('One run at a time, in a thread of this process.'),
  threads,
});

const pool = z.strictObject({
  kind: z.literal('pool').describe('Processes side by side.'),
  workers: integer(1, 256)
    .describe('How many at most; without it, as many as processors for a small model, one for a large one.')
    .optional(),
  threads,
});

const command = z.strictObject({
  kind: z.literal('command').describe('A command of yours for each run, such as `ssh node1 lightmem run {folder}`.'),
  command: text
    .superRefine((line, context) => {
      const message = commandProblem(line);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .describe(
      `A line of shell; ${PLACEHOLDERS.map((each) => `\`{${each}}\``).join(', ')} stand for what the run is, quoted as needed.`,
    ),
  slots: integer(1, 10_000).describe('Commands at once; `{slot}` is 0 to one less.').default(1),
  threads,
  retries,
  paths: z
    .record(text, text)
    .describe('Where other machines see folders of this one: `/home/me/study: /mnt/study`.')
    .optional(),
});

const KINDS = [inline, pool, command] as const;

/** The setting `executor`. */
export const executor = z.discriminatedUnion('kind', KINDS, {
  error: (raw) => `${given(raw)}: use kind: ${KINDS.map(({ shape }) => shape.kind.value).join(', ')}`,
});

export type ExecutorConfig = z.output<typeof executor>;
