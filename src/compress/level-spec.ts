/** A level as a study file or a program asks for it: by its name alone, or with a method, an amount and options. */
import { UserError } from '../core/errors.js';
import type { Level } from '../core/levels.js';
import type { LevelTask } from './compress-items.js';
import type { MethodTools } from './entry.js';
import { openLevels, planLevel, type LevelPlan } from './level-task.js';
import { methodEntry } from './registry.js';
import type { Amount } from './target.js';

export interface LevelSpec {
  /** Any name; in it an amount may stand (`select=0.4`). */
  readonly level: Level;
  /** A method's name, or the path of an ES module; default: the method that offers the level. */
  readonly method?: string;
  /** Words to write, at least 1. */
  readonly words?: number;
  /** Share of the original's tokens to keep, above 0, to 1. */
  readonly ratio?: number;
  /** What the method is told beside its defaults. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The plan of a level that is asked for so. Throws UserError where it cannot be made. */
export async function planSpec(spec: LevelSpec): Promise<LevelPlan> {
  const amount = amountOf(spec);
  const entries = spec.method === undefined ? [] : [await methodEntry(spec.method)];
  const plan = planLevel(spec.level, { entries, ownName: true, ...(amount && { amount }) });
  return { ...plan, target: { ...plan.target, level: spec.level } };
}

/** The levels as work. Throws UserError where one cannot be made, or a model that it needs is not named. */
export async function openSpecs(specs: readonly LevelSpec[], tools: MethodTools): Promise<LevelTask[]> {
  const options = new Map<LevelPlan, LevelSpec['options']>();
  for (const spec of specs) options.set(await planSpec(spec), spec.options);
  return openLevels([...options.keys()], tools, (plan) => options.get(plan) ?? {});
}

function amountOf({ level, words, ratio }: LevelSpec): Amount | undefined {
  if (words !== undefined && ratio !== undefined)
    throw new UserError(`level ${level}: words and ratio both say how much: give one of them`);
  if (words !== undefined) return { words };
  return ratio === undefined ? undefined : { ratio };
}
