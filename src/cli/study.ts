/** `lightmem study`: the commands around a grid of runs; the one that is asked for is loaded. */
import type { Command } from 'commander';

interface StudyCommand {
  /** What it does, in the help. */
  readonly about: string;
  readonly load: () => Promise<{ register(study: Command): void }>;
}

/** In the order of the help. */
export const STUDY_COMMANDS: Readonly<Record<string, StudyCommand>> = {
  run: {
    about: 'carry out a study file; what is finished already is reused',
    load: () => import('./study/run.js'),
  },
  plan: {
    about: 'what a study will take, and what of it is there: runs, what they share, time, memory, tokens, money',
    load: () => import('./study/plan.js'),
  },
  status: {
    about: 'how a study stands, from any terminal: what is done, runs now, failed, and how long the rest takes',
    load: () => import('./study/status.js'),
  },
  list: {
    about: 'the runs of a study and how they stand',
    load: () => import('./study/list.js'),
  },
  show: {
    about: 'one run: settings, outcome, some answers',
    load: () => import('./study/show.js'),
  },
  logs: {
    about: 'losses, warnings and errors of runs, while they work and after',
    load: () => import('./study/logs.js'),
  },
  retry: {
    about: 'forget that runs failed, and say what the next study run carries out',
    load: () => import('./study/retry.js'),
  },
  judge: {
    about: "judge a study's answers anew, or by other judges; nothing is trained or asked",
    load: () => import('./study/judge.js'),
  },
  diff: {
    about: 'two studies: what was set differently, and what came out differently',
    load: () => import('./study/diff.js'),
  },
  export: {
    about: 'the judged answers as CSV, JSON lines or Parquet; the runs to MLflow and TensorBoard',
    load: () => import('./study/export.js'),
  },
  clean: {
    about: 'delete checkpoints, leftovers and what no run uses; shows them and asks first',
    load: () => import('./study/clean.js'),
  },
  schema: {
    about: 'every key of a study file, as JSON Schema for editors',
    load: () => import('./study/schema.js'),
  },
};

/** Adds the command and the part that the words ask for, or the names of all. */
export async function register(program: Command, words: readonly string[] = []): Promise<void> {
  const study = program.command('study');
  const asked = words[0] === 'help' ? words[1] : words[0];
  const part = asked !== undefined && Object.hasOwn(STUDY_COMMANDS, asked) ? STUDY_COMMANDS[asked] : undefined;
  if (part === undefined)
    for (const [name, { about }] of Object.entries(STUDY_COMMANDS)) study.command(name).description(about);
  else {
    (await part.load()).register(study);
    study.commands[0]?.description(part.about);
  }
}
