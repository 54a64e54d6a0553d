/** How much memory does one optimiser step on 512 tokens take with a model of Qwen2.5-3B's shape, random weights, in NF4, r = 8? */
import { printReport, rounded } from './support/report.js';
import { runSide } from './support/training.js';
import type { ShapeSide } from './sides/shape-3b.js';

const GOAL_BYTES = 6e9;

const { result, peakBytes, seconds } = await runSide<ShapeSide>('shape-3b', { tokens: 512, rank: 8 });
printReport({
  name: 'qlora-3b-shape',
  figures: {
    ...{ tokens: 512, rank: 8, parameters: result.parameters, loss: rounded(result.loss, 3) },
    ...{ stepSeconds: rounded(result.stepSeconds, 1), seconds: rounded(seconds, 1), peakGB: rounded(peakBytes / 1e9) },
  },
  ratio: rounded(GOAL_BYTES / peakBytes),
  goal: 1,
});
