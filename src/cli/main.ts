/** The command line: finds the command, runs it, and turns what is thrown into a message and an exit code. */
import { Command, CommanderError } from 'commander';
import { messageOf, UserError } from '../core/errors.js';
import { packageInfo } from '../core/package-info.js';
import { handleSignals, Interruption } from './interrupt.js';
import { visibleText } from '../text/visible.js';

interface CommandModule {
  /** Adds the command; `words` stand behind its name. */
  register(program: Command, words: readonly string[]): void | Promise<void>;
}

interface Entry {
  /** What the command does, in the help. */
  readonly about: string;
  readonly load: () => Promise<CommandModule>;
}

/** Commands in the order of the help; a module is loaded when its command is asked for. */
const COMMANDS: Readonly<Record<string, Entry>> = {
  demo: {
    about: 'a small study on a bundled synthetic world with a bundled model, in a few minutes on the CPU',
    load: () => import('./demo.js'),
  },
  doctor: {
    about: 'what this machine can do, how large a model it can train, and the step that mends what it lacks',
    load: () => import('./doctor.js'),
  },
  data: {
    about: 'show what is understood of a data set: counts, lengths, questions, samples',
    load: () => import('./data.js'),
  },
  exam: {
    about: 'write questions about documents that have none: by rules, by a local model, or by one behind an endpoint',
    load: () => import('./exam.js'),
  },
  audit: {
    about: 'tell what each level kept: tokens saved, answers, names, numbers and dates left, samples cut',
    load: () => import('./audit.js'),
  },
  compress: {
    about:
      'make texts at every level: by a model behind an endpoint, a local one, or none; goes on where it was stopped',
    load: () => import('./compress.js'),
  },
  fit: {
    about:
      'train the adapter that suits documents best within a budget: level, form and rank tried out, chosen, measured',
    load: () => import('./fit.js'),
  },
  init: {
    about: 'write a study file for a data set, with comments, sized to the data and this machine',
    load: () => import('./init.js'),
  },
  study: {
    about: 'a grid of runs: train, ask, judge, compare, report',
    load: () => import('./study.js'),
  },
  run: {
    about: 'carry out one run of a study from its folder alone; what is finished is reused',
    load: () => import('./run.js'),
  },
  report: {
    about: 'write the report page of a study, or of rows that evaluate and judge wrote, and print its verdict',
    load: () => import('./report.js'),
  },
  analyse: {
    about: "judge whether levels and ranks differ in anyone's rows: tables, JSON lines, logs of other tools",
    load: () => import('./analyse.js'),
  },
  ask: {
    about: 'put one question to a base model and to its adapter, side by side',
    load: () => import('./ask.js'),
  },
  evaluate: {
    about: 'ask a model all questions of a data set, open or closed book, and judge the answers',
    load: () => import('./evaluate.js'),
  },
  adapter: {
    about: 'a PEFT adapter in other forms',
    load: () => import('./adapter.js'),
  },
  probe: {
    about: 'what an adapter recalls and what it costs its base, over its strength and its rank',
    load: () => import('./probe.js'),
  },
  judge: {
    about:
      'score answers from 1 to 5; JSON lines in (id, question, reference, answer), rows out as JSON lines (id, score, status, reason …)',
    load: () => import('./judge.js'),
  },
  cache: {
    about: "where models' replies are kept, how much that is; --clear removes them",
    load: () => import('./cache.js'),
  },
  longmemeval: {
    about: "LongMemEval's evaluation, as published",
    load: () => import('./longmemeval.js'),
  },
  pretrain: {
    about: 'pretrain the bundled base model on the synthetic world (hours; goes on from its last checkpoint)',
    load: () => import('./pretrain.js'),
  },
};

async function programFor([name, ...words]: readonly string[]): Promise<Command> {
  const { version, description } = packageInfo();
  const program = new Command('lightmem').version(version).description(description);
  program.showHelpAfterError('(add --help for the options)').exitOverride();
  const entry = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined)
    for (const [each, { about }] of Object.entries(COMMANDS)) program.command(each).description(about);
  else await (await entry.load()).register(program, words);
  if (entry !== undefined) program.commands[0]?.description(entry.about);
  inheritSettings(program);
  return program;
}

/** Subcommands throw like the program does, so that one place decides the exit code. */
function inheritSettings(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inheritSettings(child);
  }
}

/** Exit code of anything thrown: 2 for what the user can mend, 130 or 143 for a signal, 1 for a fault of ours. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UserError) return 2;
  return error instanceof Interruption ? error.exitCode : 1;
}

function printError(error: unknown): void {
  if (error instanceof CommanderError || error instanceof Interruption) return;
  const isFault = !(error instanceof UserError) && error instanceof Error;
  process.stderr.write(`error: ${visibleText(isFault ? (error.stack ?? error.message) : messageOf(error))}\n`);
}

/** A reader that went away (`lightmem … | head`) is no error. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

async function main(): Promise<void> {
  handleSignals();
  endQuietlyWithoutReader();
  try {
    const words = process.argv.slice(2);
    await (await programFor(words[0] === 'help' ? words.slice(1, 2) : words)).parseAsync();
  } catch (error) {
    printError(error);
    process.exitCode = exitCodeOf(error);
  }
}

await main();
