/** How do time and memory of training grow with rank, context length and questions per context, against the arithmetic there is to do? Draws docs/growth.svg. */
import * as Plot from '@observablehq/plot';
import { Random } from '../src/core/random.js';
import { mean } from '../src/core/statistics.js';
import type { ModelConfig } from '../src/models/model.js';
import { chart, drawPanels, type Panel } from './support/draw.js';
import { printReport, rounded } from './support/report.js';
import { linearShapes, openBenchModel, runOurs, type Articles } from './support/training.js';

const TAIL = 24;
const ANSWER = 8;

interface Point {
  readonly rank: number;
  readonly context: number;
  readonly questions: number;
}

interface Measurement extends Point {
  readonly sweep: Sweep;
  readonly secondsPerStep: number;
  readonly gigabytes: number;
  /** Billions of operations of a step, LoRA's and attention's own included. */
  readonly operations: number;
}

const PANEL: Panel = { width: 310, height: 250 };

type Sweep = 'rank' | 'context' | 'questions';
const MIDDLE: Point = { rank: 8, context: 512, questions: 8 };
const SWEEPS: Readonly<Record<Sweep, readonly number[]>> = {
  rank: [1, 4, 16, 64, 256],
  context: [256, 512, 1024, 2048, 4096],
  questions: [1, 2, 4, 8, 16, 32],
};

const { path, model } = openBenchModel();
const random = new Random(0, 'growth');
const draw = (count: number): number[] =>
  Array.from({ length: count }, () => 100 + random.below(model.config.vocabSize - 100));

/** Steps that are timed after the first. */
const stepsOf = ({ context }: Point): number => (context < 2048 ? 4 : 2);

function articles(point: Point): Articles {
  const { context, questions } = point;
  return Array.from({ length: stepsOf(point) + 1 }, () => {
    const shared = draw(context);
    return Array.from({ length: questions }, () => ({
      prompt: [...shared, ...draw(TAIL - ANSWER)],
      answer: draw(ANSWER),
    }));
  });
}

/** What a step must compute at least: 4 a weight and token, LoRA's 6 a weight and token, attention's 12 a pair and width, the head's 4. */
function operationsOf(config: ModelConfig, { rank, context, questions }: Point): number {
  const tokens = context + questions * (TAIL - 1);
  const shapes = linearShapes(config);
  const weights = shapes.reduce((total, [inputs, outputs]) => total + inputs * outputs, 0);
  const lora = shapes.reduce((total, [inputs, outputs]) => total + rank * (inputs + outputs), 0);
  const pairs = context ** 2 / 2 + questions * (TAIL - 1) * (context + TAIL / 2);
  const layer = 4 * weights * tokens + 6 * lora * tokens + 12 * config.heads * config.headDim * pairs;
  return (config.layers * layer + 4 * config.vocabSize * config.hiddenSize * questions * ANSWER) / 1e9;
}

async function measure(sweep: Sweep, value: number): Promise<Measurement> {
  const point: Point = { ...MIDDLE, [sweep]: value };
  const keep = sweep === 'context' ? 'layer-inputs' : 'everything';
  const side = await runOurs({
    model: path,
    items: articles(point),
    heldOut: [],
    rank: point.rank,
    keep,
    batchTokens: 8192,
  });
  const secondsPerStep = side.seconds / stepsOf(point);
  process.stderr.write(`${sweep} ${value}: ${secondsPerStep.toFixed(2)} s a step\n`);
  return {
    ...point,
    sweep,
    secondsPerStep,
    gigabytes: side.peakBytes / 1e9,
    operations: operationsOf(model.config, point),
  };
}

/** Slope of the line through measurements on log-log axes, by least squares. */
function slope(sweep: Sweep, points: readonly Measurement[], of: (each: Measurement) => number): number {
  const [x, y] = [points.map((each) => Math.log(each[sweep])), points.map((each) => Math.log(of(each)))];
  const middle = mean(x);
  const spread = x.reduce((sum, each) => sum + (each - middle) ** 2, 0);
  return x.reduce((sum, each, i) => sum + (each - middle) * (y[i] ?? NaN), 0) / spread;
}

const measured: Measurement[] = [];
for (const sweep of Object.keys(SWEEPS) as Sweep[])
  for (const value of SWEEPS[sweep]) measured.push(await measure(sweep, value));

const pointsOf = (sweep: Sweep): readonly Measurement[] => measured.filter((each) => each.sweep === sweep);

/** By how much the slope of time or memory over some points of a sweep exceeds that of the arithmetic. */
function excess(sweep: Sweep, of: (each: Measurement) => number, from = 0, to = Infinity): number {
  const points = pointsOf(sweep).slice(from, to);
  return rounded(slope(sweep, points, of) - slope(sweep, points, ({ operations }) => operations));
}

/** The largest such excess between neighbours, where a busy moment in one measurement shows most. */
const steepest = (sweep: Sweep, of: (each: Measurement) => number): number =>
  Math.max(...SWEEPS[sweep].slice(1).map((_, i) => excess(sweep, of, i, i + 2)));

function panel(sweep: Sweep, label: string, of: (each: Measurement) => number): string {
  const points = pointsOf(sweep);
  const scale = of(points[0] as Measurement) / (points[0] as Measurement).operations;
  return chart({
    ...{ ...PANEL, marginLeft: 50, grid: true },
    x: { type: 'log', base: 2, label: sweep, tickFormat: 'd' },
    y: { type: 'log', label },
    marks: [
      Plot.line(points, {
        x: sweep,
        y: (each: Measurement) => each.operations * scale,
        stroke: '#999',
        strokeDasharray: '4 3',
      }),
      Plot.line(points, { x: sweep, y: of, stroke: '#0072b2', marker: 'circle' }),
    ],
  });
}

const time = ({ secondsPerStep }: Measurement): number => secondsPerStep;
const memory = ({ gigabytes }: Measurement): number => gigabytes;
const panels = (Object.keys(SWEEPS) as Sweep[]).flatMap((sweep) => [
  panel(sweep, 'seconds a step', time),
  panel(sweep, 'peak GB', memory),
]);
drawPanels('docs/growth.svg', panels, PANEL, 2);
const perSweep = (of: (sweep: Sweep) => number) =>
  Object.fromEntries((Object.keys(SWEEPS) as Sweep[]).map((sweep) => [sweep, of(sweep)] as const));
printReport({
  name: 'growth',
  figures: {
    points: measured.map(({ sweep, secondsPerStep, gigabytes, operations, ...point }) => ({
      ...{
        sweep,
        at: point[sweep],
        seconds: rounded(secondsPerStep, 3),
        GB: rounded(gigabytes),
        operations: rounded(operations, 0),
      },
    })),
    betweenNeighbours: {
      time: perSweep((sweep) => steepest(sweep, time)),
      memory: perSweep((sweep) => steepest(sweep, memory)),
    },
    memory: perSweep((sweep) => excess(sweep, memory)),
  },
  ratio: perSweep((sweep) => excess(sweep, time)),
  goal: 0.1,
});
