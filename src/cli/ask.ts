/** `lightmem ask`: one question to a base model and, beside it, to its adapter. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { readTextFile } from '../files/encoding.js';
import { UserError } from '../core/errors.js';
import { localModel, type Outcome } from '../evaluate/respondent.js';
import { parseCount } from './data-options.js';
import { addDeviceOption, deviceFor } from './device.js';
import { MODEL_HELP, openModel } from './open-model.js';
import { visibleText } from '../text/visible.js';

interface Options {
  readonly model?: string;
  readonly adapter?: string;
  readonly context?: string;
  readonly maxTokens: string;
  readonly device?: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  const command = program
    .command('ask')
    .argument('<question>', 'the question, as it should be put')
    .option('--model <path>', `${MODEL_HELP}; default: the bundled model`)
    .option('--adapter <folder>', 'a PEFT adapter of that model')
    .option('--context <file>', 'a text to ask about (open book); without it, nothing is shown (closed book)')
    .option('--max-tokens <n>', 'longest answer in tokens', '48')
    .option('--json', 'one JSON document on standard output')
    .action(run);
  addDeviceOption(command);
}

function contextOf(path: string | undefined): { context?: string } {
  if (path === undefined) return {};
  if (!existsSync(path)) throw new UserError(`${path} cannot be read: give a text file with --context`);
  return { context: readTextFile(path) };
}

async function run(question: string, options: Options): Promise<void> {
  const maxNewTokens = parseCount('max-tokens', options.maxTokens);
  const device = await deviceFor(options.device);
  if (options.model === undefined)
    process.stderr.write(
      'note: without --model the bundled model answers: it knows the synthetic world that it was made on, and nothing else\n',
    );
  const model = await openModel(options.model, options.json);
  const sample = {
    id: 'question',
    item: 'question',
    prompt: question,
    ...contextOf(options.context),
  };
  const settings = { maxNewTokens, temperature: 0, seed: 0, stop: [] };
  const ask = async (adapter: string | null): Promise<Outcome> => {
    const [outcome] = await localModel(model, { adapter, device }).ask([sample], { settings });
    return outcome ?? { status: 'failed', reason: 'not asked' };
  };
  const outcomes = {
    base: await ask(null),
    ...(options.adapter === undefined ? {} : { adapter: await ask(options.adapter) }),
  };
  const answers = Object.fromEntries(Object.entries(outcomes).map(([who, outcome]) => [who, textOf(who, outcome)]));
  const truncated = outcomes.base.status === 'answered' && outcomes.base.contextTruncated;
  if (truncated) process.stderr.write('note: the text was longer than the model reads at once; its end was left out\n');
  if (options.json) process.stdout.write(`${JSON.stringify({ question, ...answers, contextTruncated: truncated })}\n`);
  else
    for (const [who, answer] of Object.entries(answers))
      process.stdout.write(`${`${who}:`.padEnd(9)}${visibleText(answer) || '(empty answer)'}\n`);
}

/** Throws UserError where there is no answer. */
function textOf(who: string, outcome: Outcome): string {
  if (outcome.status === 'answered') return outcome.text;
  throw new UserError(`no answer of the ${who === 'base' ? 'base model' : who}: ${outcome.reason}`);
}
