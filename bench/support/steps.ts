/** Steps of ours beside a script's: as many tokens as the largest item takes, so that no text is fed twice, at a rate that goes as far in fewer of them. */
import { groupBy } from '../../src/core/collections.js';
import type { Level } from '../../src/core/levels.js';
import { packedLength } from '../../src/models/graph/packing.js';
import type { Change } from '../../src/study/config-file.js';
import { learntSamples } from '../../src/study/learnt-samples.js';
import { planStudy } from '../../src/study/plan.js';
import { presetStudy } from '../../src/study/presets.js';
import { wholeBatch } from '../../src/study/train-size.js';
import { planSteps } from '../../src/train/batch-plan.js';
import { objectiveNamed } from '../../src/train/objectives/objectives.js';
import { SCRIPT_BATCH } from './one-run.js';

/** How a level is trained. */
export interface LevelSteps {
  readonly level: Level | 'none';
  readonly batchTokens: number;
  readonly steps: number;
  readonly scriptSteps: number;
  /** The script's rate where ours are as many, and in proportion more where they are fewer (Goyal et al., 2017, for SGD): rate times steps is the same. */
  readonly learningRate: number;
}

export interface StepsAsked {
  readonly preset: string;
  /** Changes of the study that say one rank and seed and all levels. */
  readonly changes: readonly Change[];
  readonly scriptRate: number;
  /** In place of the largest item's. */
  readonly batchTokens?: number | undefined;
  /** In place of the rate in proportion. */
  readonly learningRate?: number | undefined;
}

/** Sizes, steps and rates of every level that a study trains. */
export async function stepsByLevel(asked: StepsAsked): Promise<LevelSteps[]> {
  const { runs, model: local } = await planStudy(presetStudy(asked.preset, asked.changes));
  if (local.kind !== 'local') throw new Error('a model on this machine is what the bench is of');
  const found: LevelSteps[] = [];
  for (const { spec, trained } of runs) {
    const identity = spec.identity.training;
    if (identity === null) continue;
    const from = { spec, trained, samples: null };
    const samples = await learntSamples(from, { identity, model: local.model, teachers: '' });
    const longest = Math.max(...[...groupBy(samples, ({ item }) => item).values()].map(packedLength));
    const batchTokens = asked.batchTokens ?? wholeBatch(longest);
    const { settings } = identity;
    const objective = objectiveNamed(settings.objective);
    const steps = planSteps(samples, { ...settings, objective, batchTokens }).length;
    const scriptSteps = settings.epochs * Math.ceil(samples.length / SCRIPT_BATCH);
    const learningRate = asked.learningRate ?? (asked.scriptRate * scriptSteps) / steps;
    found.push({ level: spec.identity.level, batchTokens, steps, scriptSteps, learningRate });
  }
  return found;
}
