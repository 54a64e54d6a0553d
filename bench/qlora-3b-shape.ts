/** How much memory and time does one optimiser step on 512 tokens take with a model of Qwen2.5-3B's shape, random weights, in NF4, r = 8, and what with its products in integers of eight bits? */
import { hasEightBitProducts } from '../src/engine/eight-bits.js';
import { printReport, rounded } from './support/report.js';
import { QWEN_3B } from './support/shapes.js';
import { runSide, THREADS } from './support/training.js';
import type { ShapeSide, ShapeWorkload } from './sides/shape-3b.js';

const GOAL_BYTES = 6e9;
const INT8_GOAL = 3;
/** Fewer layers than the shape has, where memory or time is short. */
const LAYERS = Number(process.env['LIGHTMEM_BENCH_LAYERS'] ?? QWEN_3B.layers);

async function measured(int8: boolean) {
  const workload: ShapeWorkload = { tokens: 512, rank: 8, layers: LAYERS, threads: THREADS, int8 };
  const { result, peakBytes, seconds } = await runSide<ShapeSide>('shape-3b', workload);
  const { loss, stepSeconds, openSeconds, parameters } = result;
  const figures = {
    ...{ loss: rounded(loss, 3), stepSeconds: rounded(stepSeconds, 1), openSeconds: rounded(openSeconds, 1) },
    ...{ seconds: rounded(seconds, 1), peakGB: rounded(peakBytes / 1e9) },
  };
  return { figures, parameters, stepSeconds, peakBytes };
}

const nf4 = await measured(false);
const int8 = hasEightBitProducts() === true ? await measured(true) : null;
printReport({
  name: 'qlora-3b-shape',
  figures: {
    ...{ tokens: 512, rank: 8, layers: LAYERS, threads: THREADS, parameters: nf4.parameters, ...nf4.figures },
    int8: int8 && {
      ...int8.figures,
      ...{ nf4Over: rounded(nf4.stepSeconds / int8.stepSeconds), goal: INT8_GOAL },
      memoryOverNf4: rounded(int8.peakBytes / nf4.peakBytes),
    },
  },
  ratio: rounded(GOAL_BYTES / nf4.peakBytes),
  goal: 1,
});
