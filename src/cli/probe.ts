/** `lightmem probe`: what an adapter recalls and what it costs its base, over its strength and its rank, without training anything. */
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import type { Item } from '../core/records.js';
import type { MeanEstimate } from '../core/statistics.js';
import { loadAll } from '../data/load.js';
import { probeAdapter, type Probe, type ProbePoint, type Turned } from '../evaluate/probe/probe.js';
import { readAdapter } from '../models/adapter/adapter.js';
import { BUNDLED } from '../models/load.js';
import { generalText } from '../study/general-text.js';
import { terminalTable, type TerminalColumn } from '../text/terminal-table.js';
import { interruption, Interruption } from './interrupt.js';
import { MODEL_HELP, openModel } from './open-model.js';
import { Progress } from './progress.js';
import { terminalWidth } from './terminal.js';

interface Options {
  readonly model?: string;
  readonly adapter: string;
  readonly general?: string;
  readonly taught?: string;
  readonly known?: string;
  readonly reading?: string;
  readonly scales: string;
  readonly ranks: string;
  readonly maxForgetting?: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('probe')
    .option('--model <path>', `${MODEL_HELP}; default: the bundled model`)
    .requiredOption('--adapter <folder>', 'a PEFT adapter of that model')
    .option('--general <file>', 'plain text that nobody trained on; default: a short English one, or the bundled world')
    .option('--taught <data>', 'a data set whose questions were taught: they are asked without text')
    .option('--known <data>', 'a data set that the base may know: what is lost and won is counted')
    .option(
      '--reading <data>',
      'a data set never trained on: asked with its text shown, for whether the adapter still reads',
    )
    .option('--scales <list>', 'strengths of the adapter, 1 being as trained', '0.25,0.5,0.75,1')
    .option('--ranks <list>', 'ranks that the adapter is cut to, by its largest singular values', '16,8,4,2,1')
    .option(
      '--max-forgetting <bits>',
      'exit code 1 where the loss on general text rises by more bits a token than this',
    )
    .option('--json', 'one JSON document on standard output, no progress')
    .addHelpText('after', HELP)
    .action(run);
}

const HELP = `
Loss: how much more, in bits a token, general text surprises the model with the adapter than without. Divergence: the same on texts that the
base wrote by itself, which estimates the Kullback–Leibler divergence from it. Both are 0 for an adapter that costs the base nothing.`;

async function run(options: Options): Promise<void> {
  const limit = options.maxForgetting === undefined ? null : numbersOf('max-forgetting', options.maxForgetting)[0];
  const scales = numbersOf('scales', options.scales);
  const ranks = numbersOf('ranks', options.ranks).map(Math.trunc);
  const model = await openModel(options.model, options.json);
  const adapter = readAdapter(options.adapter, model.config);
  const signal = interruption();
  const progress = new Progress({
    label: 'probe',
    total: variantsOf(scales, ranks, adapter.lora.rank) + 1,
    unit: 'variants',
    silent: options.json === true,
  });
  try {
    const probe = await probeAdapter({
      ...{ model, adapter, scales, ranks, signal },
      general: [generalText(options.general, options.model === undefined || options.model === BUNDLED)],
      ...(await given(options)),
      onProgress: (done) => progress.update(done),
    });
    progress.end();
    tell(probe, options);
    judge(probe, limit ?? null);
  } catch (error) {
    throw signal.reason instanceof Interruption ? signal.reason : error;
  } finally {
    progress.end();
  }
}

const variantsOf = (scales: readonly number[], ranks: readonly number[], own: number): number =>
  scales.length + ranks.filter((rank) => rank < own).length;

async function given({
  taught,
  known,
  reading,
}: Options): Promise<{ taught?: Item[]; known?: Item[]; reading?: Item[] }> {
  const load = async (path: string): Promise<Item[]> => [...(await loadAll(path)).items];
  return {
    ...(taught !== undefined && { taught: await load(taught) }),
    ...(known !== undefined && { known: await load(known) }),
    ...(reading !== undefined && { reading: await load(reading) }),
  };
}

function numbersOf(option: string, list: string): number[] {
  const numbers = list.split(',').map(Number);
  if (numbers.every((each) => Number.isFinite(each) && each >= 0) && list.trim() !== '') return numbers;
  throw new UserError(`invalid --${option} "${list}": use numbers from 0, parted by commas`);
}

function interval({ mean, low, high }: MeanEstimate): string {
  const value = mean.toFixed(3);
  return Number.isFinite(low)
    ? `${value} (${low.toFixed(3)} to ${high.toFixed(3)})`
    : `${value} (one text: no interval)`;
}

const percent = (share: number | null): string => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);
const turned = (each: Turned | null): string =>
  each === null ? '–' : `−${each.rightToWrong} +${each.wrongToRight} of ${each.asked}`;

const COLUMNS: readonly TerminalColumn<ProbePoint>[] = [
  { name: 'strength', value: ({ scale }) => String(scale) },
  { name: 'rank', value: ({ rank }) => String(rank) },
  { name: 'recall', value: ({ recall }) => percent(recall) },
  { name: 'loss, bits/token', value: ({ generalRise }) => interval(generalRise) },
  { name: 'divergence, bits/token', value: ({ divergence }) => interval(divergence), spare: 1 },
  { name: 'known', value: ({ known }) => turned(known) },
  { name: 'reading', value: ({ reading }) => turned(reading) },
];

function tell(probe: Probe, { json, taught, known, reading }: Options): void {
  if (json === true) {
    process.stdout.write(`${JSON.stringify(probe)}\n`);
    return;
  }
  const unasked = new Set([
    ...(taught === undefined ? ['recall'] : []),
    ...(known === undefined ? ['known'] : []),
    ...(reading === undefined ? ['reading'] : []),
  ]);
  const columns = COLUMNS.filter(({ name }) => !unasked.has(name));
  const recall = probe.baseRecall === null ? '' : `; it answers ${percent(probe.baseRecall)} of what was taught`;
  process.stdout.write(`base model: ${probe.baseBits.toFixed(3)} bits a token on general text${recall}\n`);
  process.stdout.write(`${terminalTable(columns, probe.points, terminalWidth())}\n`);
}

/** The gate: by how much the adapter as trained may raise the loss on general text. */
function judge({ points }: Probe, limit: number | null): void {
  const asTrained = points.find(({ scale }) => scale === 1);
  if (limit === null || asTrained === undefined || asTrained.generalRise.mean <= limit) return;
  process.stderr.write(
    `forgets too much: the loss on general text rises by ${interval(asTrained.generalRise)} bits a token, more than ${limit}: train for fewer steps or at a lower rate, or use the adapter at a lower strength\n`,
  );
  process.exitCode = 1;
}
