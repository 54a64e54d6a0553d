/** Is a budget of rank better spread over modules by what the frozen base's activations, or the loss's gradients, say of them? Equal parameters, three seeds, texts trained on and asked without. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { adapterContrast } from '../src/analysis/knowledge/contrasts.js';
import type { KnowledgeCell } from '../src/analysis/knowledge/knowledge.js';
import type { Value } from '../src/compiler/ir.js';
import { sumOf } from '../src/core/collections.js';
import { BUNDLED } from '../src/models/load.js';
import { floatsOf, type Tensors } from '../src/engine/engine.js';
import { onnxRuntimeEngine } from '../src/engine/onnxruntime.js';
import { resultsOf } from '../src/fit/trials.js';
import { hiddenStates, tokenInputs, type ModelGraph } from '../src/models/graph/decoder.js';
import { addInputs } from '../src/models/graph/inputs.js';
import { modelTensors } from '../src/models/graph/model-tensors.js';
import { Network, type LinearOptions } from '../src/models/graph/network.js';
import { DEFAULT_CHUNKS, packedAttention, packedInputs } from '../src/models/graph/packed-attention.js';
import { ropeInputs } from '../src/models/graph/rope.js';
import { batchTensors } from '../src/models/graph/row-tensors.js';
import { gradientName, trainingGraph } from '../src/models/graph/training-graph.js';
import type { LoadedModel, ModelConfig } from '../src/models/model.js';
import { linearModules, weightParameter, type LinearModule } from '../src/models/modules.js';
import { parseStudy } from '../src/study/config-file.js';
import { planStudy, type StudyPlan } from '../src/study/plan.js';
import { runStudy } from '../src/study/runner.js';
import { readStudy } from '../src/study/stored-study.js';
import { textTrainingSamples } from '../src/study/text-samples.js';
import { planSteps } from '../src/train/batch-plan.js';
import { weightOf, type Batch } from '../src/train/batches.js';
import { objectiveNamed } from '../src/train/objectives/objectives.js';
import { printReport, rounded } from './support/report.js';

const RANKS = (process.argv[2] ?? '2,4').split(',').map(Number);
const BATCHES = 16;
const out = '.lightmem/bench/layers';
const engine = onnxRuntimeEngine({ device: 'cpu', threads: 1 });

/** Weights by which a module's components are worth their parameters, the largest first. */
type Spectra = ReadonlyMap<string, readonly number[]>;
type Pattern = Readonly<Record<string, number>>;

const study = (rank: number, pattern?: Pattern) =>
  parseStudy(
    JSON.stringify({
      name: 'layers',
      model: BUNDLED,
      datasets: { documents: { world: { kind: 'articles', seed: 3 }, items: 30, testItems: 10 } },
      grid: [
        {
          ...{ dataset: 'documents', book: 'text', levels: ['original'], ranks: [rank], forms: ['study'] },
          ...{ exposures: 40, seeds: [0, 1, 2] },
        },
      ],
      train: {
        ...{ learningRate: 1e-2, schedule: 'linear', batchTokens: 512 },
        ...(pattern !== undefined && { rankPattern: pattern }),
      },
      evaluate: { judges: ['lexical'], maxNewTokens: 16 },
      probe: { generalTokens: 2048, sweep: 'none' },
      executor: { kind: 'pool', workers: 1, threads: 1 },
    }),
    'bench/layers.ts',
  );

const planned = (rank: number, folder: string, pattern?: Pattern): Promise<StudyPlan> =>
  planStudy({ ...study(rank, pattern), device: 'cpu' }, { folder });

async function cellOf(rank: number, name: string, pattern?: Pattern): Promise<KnowledgeCell> {
  const folder = join(out, `r${rank}-${name}`);
  const plan = await planned(rank, folder, pattern);
  await runStudy(plan, {
    ...{ folder, command: 'bench layers' },
    onEvent: (event) => event.type === 'finished' && process.stderr.write(`${name}: ${event.run}\n`),
  });
  const cell = resultsOf(readStudy(folder)).knowledge?.cells.find((each) => each.rank === rank);
  if (cell === undefined) throw new Error(`no adapter of rank ${rank} by ${name}`);
  return cell;
}

/** The first batches of an epoch over what is trained. */
async function batchesOf({ model, runs }: StudyPlan): Promise<Batch[]> {
  const run = runs.find(({ spec, set }) => spec.identity.training !== null && set?.isOfOthers === false);
  if (run?.set === undefined || run.spec.identity.training === null || model.kind !== 'local')
    throw new Error('the study trains on no text');
  const { training } = run.spec.identity;
  const samples = await textTrainingSamples({
    ...{ identity: training, model: model.model, samples: run.set.samples, textOf: () => '', teachers: out },
  });
  const { settings } = training;
  const steps = planSteps(samples, { ...settings, objective: objectiveNamed(settings.objective), maxSteps: BATCHES });
  return steps.flatMap(({ batches }) => batches);
}

/** A network that remembers what goes into its linear layers. */
class Watched extends Network {
  readonly inputs = new Map<string, Value>();

  override linear(x: Value, module: LinearModule, options: LinearOptions = {}): Value {
    this.inputs.set(module.path, x);
    return super.linear(x, module, options);
  }
}

/** XᵀX of what goes into every linear layer of the base. */
function activationGraph(config: ModelConfig): ModelGraph {
  const net = new Watched({ kind: 'none' });
  const b = net.builder;
  const tokens = addInputs(b, { ...tokenInputs('R', 1), ...ropeInputs(config) });
  const attend = packedAttention(config, addInputs(b, packedInputs(config, DEFAULT_CHUNKS)));
  hiddenStates(net, config, tokens.ids, { ...tokens, attend, select: (x) => x });
  const products = [...net.inputs].map(([path, x]) => [path, b.gemm(x, x, { transA: true })] as const);
  return { graph: b.finish(Object.fromEntries(products)), parameters: net.parameters };
}

/** What a graph gives, summed over batches. */
async function summed(
  model: LoadedModel,
  { graph, parameters }: ModelGraph,
  batches: readonly Batch[],
): Promise<Map<string, Float64Array>> {
  const { config, weights } = model;
  const program = await engine.compile(graph);
  const held = await engine.hold(
    modelTensors(config, parameters, ({ name }) => weights.read(name), config.maxPositions),
  );
  const names = new Set(graph.inputs.map(({ name }) => name));
  const sums = new Map<string, Float64Array>();
  for (const batch of batches) {
    const made = batchTensors(batch, { totalWeight: weightOf(batch), heads: config });
    const fed: Tensors = Object.fromEntries(Object.entries(made).filter(([name]) => names.has(name)));
    const result = await program.run({ ...held.tensors, ...fed });
    for (const name of Object.keys(result)) {
      const values = floatsOf(result, name);
      const sum = sums.get(name) ?? new Float64Array(values.length);
      sums.set(name, sum);
      for (let i = 0; i < values.length; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0);
    }
  }
  await program.dispose();
  await held.release();
  return sums;
}

function eigenvalues(gram: Matrix): number[] {
  const { realEigenvalues } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  return realEigenvalues.map((each) => Math.max(0, each)).sort((a, b) => b - a);
}

/** EVA's shares of explained variance (Paischer et al., 2024): σ²ⱼ of the activations over their sum. */
async function byActivations(model: LoadedModel, batches: readonly Batch[]): Promise<Spectra> {
  const grams = await summed(model, activationGraph(model.config), batches);
  return new Map(
    linearModules(model.config).map(({ path, inFeatures }) => {
      const values = eigenvalues(Matrix.from1DArray(inFeatures, inFeatures, grams.get(path) ?? []));
      const all = sumOf(values);
      return [path, values.map((each) => each / all)];
    }),
  );
}

/** σ² of the loss's gradient by the weight: what a step of that rank along it gains, to first order. */
async function byGradients(model: LoadedModel, batches: readonly Batch[]): Promise<Spectra> {
  const gradients = await summed(model, trainingGraph({ config: model.config, training: { kind: 'all' } }), batches);
  return new Map(
    linearModules(model.config).map((module) => {
      const { path, inFeatures, outFeatures } = module;
      const gradient = gradients.get(gradientName(weightParameter(module).name)) ?? [];
      const g = Matrix.from1DArray(outFeatures, inFeatures, gradient);
      return [path, eigenvalues(outFeatures < inFeatures ? g.mmul(g.transpose()) : g.transpose().mmul(g))];
    }),
  );
}

const cost = ({ inFeatures, outFeatures }: LinearModule): number => inFeatures + outFeatures;

/** Ranks of at least 1 that spend no more parameters than `rank` everywhere does: components in the order of their weights, or of weight a parameter. */
function patternOf(config: ModelConfig, spectra: Spectra, rank: number, isByParameter: boolean): Pattern {
  const modules = linearModules(config);
  const ranks = new Map(modules.map(({ path }) => [path, 1]));
  let left = (rank - 1) * modules.reduce((sum, module) => sum + cost(module), 0);
  const components = modules
    .flatMap((module) =>
      (spectra.get(module.path) ?? [])
        .slice(1)
        .map((weight) => ({ module, worth: isByParameter ? weight / cost(module) : weight })),
    )
    .sort((a, b) => b.worth - a.worth);
  for (const { module } of components) {
    if (cost(module) > left) continue;
    left -= cost(module);
    ranks.set(module.path, (ranks.get(module.path) ?? 0) + 1);
  }
  return Object.fromEntries(ranks);
}

function against(cell: KnowledgeCell, other: KnowledgeCell): string {
  const found = adapterContrast(cell, other);
  if (found === null) return '0';
  return `${found.difference.toFixed(3)} (${found.low.toFixed(3)} to ${found.high.toFixed(3)})`;
}

mkdirSync(out, { recursive: true });
const first = await planned(4, join(out, 'plan'));
if (first.model.kind !== 'local') throw new Error('the bundled model is local');
const { model } = first.model;
const batches = await batchesOf(first);
const spectra = {
  activations: await byActivations(model, batches),
  gradients: await byGradients(model, batches),
};
type Told = ReturnType<typeof told>;

/** An adapter's recall of what it was trained on and its cost to the base, and what it recalls less another with its 95 % interval. */
function told(cell: KnowledgeCell, uniform?: KnowledgeCell) {
  return {
    recall: rounded(cell.trained.mean, 3),
    rise: cell.cost === null ? null : rounded(cell.cost.generalRise.mean, 3),
    parameters: cell.parameters,
    ...(uniform !== undefined && { lessUniform: against(cell, uniform) }),
  };
}

async function atRank(rank: number): Promise<Record<string, Told>> {
  const uniform = await cellOf(rank, 'uniform');
  const found: Record<string, Told> = { uniform: told(uniform) };
  for (const [name, spectrum] of Object.entries(spectra)) {
    const pattern = patternOf(model.config, spectrum, rank, name === 'gradients');
    process.stderr.write(`${name}, rank ${rank}: ${Object.values(pattern).join(' ')}\n`);
    found[name] = told(await cellOf(rank, name, pattern), uniform);
  }
  return found;
}

const figures: Record<string, Record<string, Told>> = {};
for (const rank of RANKS) figures[`rank ${rank}`] = await atRank(rank);
const recall = (name: string): number =>
  Object.values(figures).reduce((sum, each) => sum + (each[name]?.recall ?? NaN), 0);
printReport({ name: 'layers', figures, ratio: rounded(recall('activations') / recall('uniform'), 3), goal: 1 });
