/** Settings of executors in a study file: where runs run, each kind with its own. */
import { z } from 'zod';
import { given, integer, oneOf, positive, text } from '../core/setting-schemas.js';
import { commandProblem, PLACEHOLDERS } from '../executors/command-template.js';
import { addressProblem } from '../executors/ray-client.js';

const threads = integer(1, 1024).describe('Threads of each run; without it, processors / workers.').optional();

const retries = integer(0, 20)
  .describe('How often a run that was lost (its process, its machine, its connection) is started again.')
  .default(2);

const paths = z
  .record(text, text)
  .describe('Where other machines see folders of this one: `/home/me/study: /mnt/study`.')
  .optional();

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
  paths,
});

/** What Slurm and Ray are told alike. */
const onCluster = {
  threads,
  memoryGB: positive(100_000).describe('Memory of each run; without it, as estimated and a quarter more.').optional(),
  retries,
  pollSeconds: integer(1, 3600).describe('Seconds between looks at the cluster’s jobs.').default(10),
  onStop: oneOf(['cancel', 'leave'], 'choice')
    .describe('What Ctrl-C does to jobs: cancels them, or leaves them for the next `study run`, which takes them over.')
    .default('cancel'),
  setup: z.string().describe('Lines of shell before each run: `module load nodejs`.').default(''),
  lightmem: text
    .describe('How lightmem is called on the nodes, as words of shell; without it, this very installation.')
    .optional(),
};

const slurm = z.strictObject({
  kind: z.literal('slurm').describe('Jobs of Slurm, one array for each shape of run.'),
  partition: text.describe('Where jobs are submitted; without these three, where Slurm puts them.').optional(),
  account: text.describe('Who pays.').optional(),
  qos: text.describe('Quality of service.').optional(),
  options: z
    .array(text.regex(/^-/, { error: (raw) => `${given(raw)}: give options of sbatch, e.g. --constraint=avx512` }))
    .describe('Further options of sbatch, each with its value: `--constraint=avx512`.')
    .default([]),
  ...onCluster,
  minutes: integer(1, 1_000_000)
    .describe(
      'Longest time of each run; without it, four times the estimate, twice as long each time it is started again.',
    )
    .optional(),
  gpus: integer(0, 64).describe('GPUs of each run; without it, one where `device` is `cuda`.').optional(),
  atOnce: integer(1, 100_000).describe('Most runs that run at once; without it, as many as Slurm lets.').optional(),
  queued: integer(1, 1_000_000)
    .describe('Most runs that wait or run in Slurm at once, where submissions are limited.')
    .optional(),
});

const ray = z.strictObject({
  kind: z.literal('ray').describe('Jobs of Ray, by its Jobs API.'),
  address: z
    .string()
    .superRefine((address, context) => {
      const message = addressProblem(address);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .describe(
      'Ray’s dashboard, such as `http://head:8265`; without it, RAY_API_SERVER_ADDRESS, RAY_ADDRESS, or port 8265 of this machine.',
    )
    .optional(),
  ...onCluster,
  gpus: positive(64, true).describe('With Ray, a share of one too.').optional(),
  resources: z
    .record(text, positive(1_000_000))
    .describe('What else each run takes of what `ray start --resources` gave machines: `{ big: 1 }`.')
    .default({}),
  atOnce: integer(1, 10_000).describe('With Ray, most that wait or run there; without it, 16.').default(16),
  paths,
});

const KINDS = [inline, pool, command, slurm, ray] as const;

/** The setting `executor`. */
export const executor = z.discriminatedUnion('kind', KINDS, {
  error: (raw) => `${given(raw)}: use kind: ${KINDS.map(({ shape }) => shape.kind.value).join(', ')}`,
});

export type ExecutorConfig = z.output<typeof executor>;
