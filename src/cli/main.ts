#!/usr/bin/env node
/** The command line: finds the command, runs it, and turns what is thrown into a message and an exit code. */
import { Command, CommanderError } from 'commander';
import { messageOf, UserError } from '../core/errors.js';
import { packageInfo } from '../core/package-info.js';
import { handleSignals, Interruption } from './interrupt.js';
import { visibleText } from '../text/visible.js';

interface CommandModule {
  register(program: Command): void;
}

/** Command modules in the order of the help; only the one asked for is loaded. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  demo: () => import('./demo.js'),
  data: () => import('./data.js'),
  audit: () => import('./audit.js'),
  compress: () => import('./compress.js'),
  study: () => import('./study.js'),
  run: () => import('./run.js'),
  report: () => import('./report.js'),
  ask: () => import('./ask.js'),
  evaluate: () => import('./evaluate.js'),
  adapter: () => import('./adapter.js'),
  judge: () => import('./judge.js'),
  longmemeval: () => import('./longmemeval.js'),
  pretrain: () => import('./pretrain.js'),
};

async function programFor(name: string | undefined): Promise<Command> {
  const { version, description } = packageInfo();
  const program = new Command('lightmem').version(version).description(description);
  program.showHelpAfterError('(add --help for the options)').exitOverride();
  const one = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  for (const load of one === undefined ? Object.values(COMMANDS) : [one]) (await load()).register(program);
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

function tell(error: unknown): void {
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
    await (await programFor(process.argv[2])).parseAsync();
  } catch (error) {
    tell(error);
    process.exitCode = exitCodeOf(error);
  }
}

await main();
