/** `lightmem pretrain`: makes the bundled base model from nothing, by this repository's own engine, on the synthetic world. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import { loadModel } from '../models/load.js';
import { loadChatTemplate } from '../models/text/chat-template.js';
import { loadTokenizer } from '../models/text/tokenizer.js';
import { baseModelConfig, PRETRAINING_STAGES, READ_SHARE, worldSource, writeBaseModel } from '../study/pretraining.js';
import { PRETRAINING_DEFAULTS, pretrain } from '../train/pretrain.js';
import type { PretrainingReport } from '../train/pretraining-plan.js';
import { visibleText } from '../text/visible.js';
import { addDeviceOption, deviceFor } from './device.js';
import { Interruption, interruption } from './interrupt.js';

/**
 * What the last stage sets differently. What is told is to be stored in few tokens, so that steps are small; and once the rate has decayed
 * nothing is stored any more, so that what is asked then teaches not to look: the decay is short.
 */
const RECALL_SETTINGS = { earlierShare: 0, batchTokens: 1024, decayShare: 0.1 } as const;

interface Options {
  readonly out: string;
  readonly work: string;
  readonly from?: string;
  readonly learningRate: string;
  readonly tokens: string;
  readonly seed: string;
  readonly advanceAt: string;
  readonly readShare: string;
  readonly decayShare?: string;
  readonly threads?: string;
  readonly device?: string;
  readonly json?: boolean;
}

function line(report: PretrainingReport): string {
  const { step, tokens, stage, loss, accuracy, tokensPerSecond } = report;
  return `step ${step}  ${(tokens / 1e6).toFixed(2)} M tokens  stage ${stage}  loss ${loss.toFixed(3)}  right ${(100 * accuracy).toFixed(1)} %  ${tokensPerSecond} tokens/s`;
}

async function run(options: Options): Promise<void> {
  const signal = interruption();
  const tokenizer = loadTokenizer(options.out);
  const template = loadChatTemplate(options.out);
  const eos = tokenizer.encodePrompt(template.endOfTurn);
  const seed = Number(options.seed);
  const config = baseModelConfig(tokenizer.vocabSize, eos[0] ?? 0);
  const from = options.from === undefined ? undefined : loadModel(options.from);
  const trainer = await pretrain({
    engine: onnxRuntimeEngine({
      device: await deviceFor(options.device),
      ...(options.threads === undefined ? {} : { threads: Number(options.threads) }),
    }),
    config,
    source: worldSource(
      { tokenizer, template, config },
      { seed, maxLength: config.maxPositions, readShare: Number(options.readShare) },
    ),
    settings: {
      ...PRETRAINING_DEFAULTS,
      seed,
      totalTokens: Number(options.tokens),
      learningRate: Number(options.learningRate),
      advanceAt: Number(options.advanceAt),
      ...(from !== undefined && { firstStage: PRETRAINING_STAGES - 1, ...RECALL_SETTINGS }),
      ...(options.decayShare !== undefined && { decayShare: Number(options.decayShare) }),
    },
    ...(from !== undefined && { initial: ({ name }) => Float32Array.from(from.weights.read(name)) }),
    folder: options.work,
    ...{ signal, onReport: (report: PretrainingReport) => process.stderr.write(`${line(report)}\n`) },
  }).catch((error: unknown) => {
    if (error instanceof Interruption)
      process.stderr.write(
        `stopped: the same command goes on from its last checkpoint in ${visibleText(options.work)}\n`,
      );
    throw error;
  });
  writeBaseModel(options.out, config, trainer);
  await trainer.dispose();
  const path = join(options.out, 'model.safetensors');
  process.stdout.write(options.json === true ? `${JSON.stringify({ model: path })}\n` : `wrote ${visibleText(path)}\n`);
}

/** Adds the command. */
export function register(program: Command): void {
  const command = program
    .command('pretrain')
    .requiredOption('--out <folder>', 'model folder; must hold tokenizer.json and tokenizer_config.json')
    .requiredOption('--work <folder>', 'where checkpoints and the curve go')
    .option('--from <folder>', 'a model that has passed all stages but the last: only the last is trained')
    .option('--tokens <n>', 'tokens to train on', String(PRETRAINING_DEFAULTS.totalTokens))
    .option('--learning-rate <rate>', 'highest learning rate', String(PRETRAINING_DEFAULTS.learningRate))
    .option('--seed <n>', 'seed of weights and items', String(PRETRAINING_DEFAULTS.seed))
    .option(
      '--advance-at <share>',
      'share of questions answered right at which the next stage begins',
      String(PRETRAINING_DEFAULTS.advanceAt),
    )
    .option('--read-share <share>', 'share of the last stage’s rows that are read', String(READ_SHARE))
    .option('--decay-share <share>', 'share of the tokens, at the end, over which the learning rate falls')
    .option('--threads <n>', 'threads, default all cores')
    .option('--json', 'one JSON document on standard output')
    .action(run);
  addDeviceOption(command);
}
