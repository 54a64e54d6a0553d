/** From a level's name to who makes it and what is asked for: `select=0.4` is `select` to four tenths of the tokens. */
import { distinct } from '../core/collections.js';
import { UserError } from '../core/errors.js';
import { levelName, levelStem, parseLevel, type Level } from '../core/levels.js';
import { didYouMean } from '../core/nearest.js';
import type { LevelTask } from './compress-items.js';
import { openMethod, type Form, type MethodEntry, type MethodTools } from './entry.js';
import type { CompressionMethod } from './method.js';
import { METHODS, OFFERED_LEVELS } from './registry.js';
import { amountText, parseAmount, type Amount, type Target } from './target.js';

/** A level to be made, by the entry of the method that makes it. */
export interface LevelPlan {
  readonly target: Target;
  readonly entry: MethodEntry;
  /** What its texts are, in a few words, where that is known. */
  readonly description: string | null;
}

export interface PlanOptions {
  /** Who may make it; default: the method that offers it. */
  readonly entries?: readonly MethodEntry[];
  /** How much, in place of what stands in the name. */
  readonly amount?: Amount;
  /** Whether a name that nobody offers is the user's own for what the method makes; default: it is taken for a slip. */
  readonly ownName?: boolean;
}

/** The plan of a level from its name, in which an amount may stand: `summ_l2=80w`, `select=0.4`, `select=40%`. Throws UserError. */
export function planLevel(text: string, { entries = [], amount, ownName = false }: PlanOptions = {}): LevelPlan {
  const { stem, level, own } = namedAmount(text);
  if (amount !== undefined && own !== undefined)
    throw new UserError(`level ${level}: its name says how much already: leave words and ratio out`);
  const { entry, form } = chosen({ stem, level, ownName }, entries);
  const asked = entry.takesAmounts || entry.readsLevelName !== true ? (amount ?? own) : undefined;
  if (asked !== undefined && !entry.takesAmounts)
    throw new UserError(`invalid level "${text}": ${entry.name} takes no amount; write ${form.level}`);
  if (asked === undefined && form.level !== stem && entry.forms.length > 1 && !entry.readsLevelName)
    throw new UserError(`level ${level}: say how much ${entry.name} is to keep, in words or as a ratio`);
  const target = { level, form: entry.readsLevelName === true ? stem : form.level, amount: asked ?? form.amount };
  return { target: { ...target, isUsual: asked === undefined }, entry, description: form.description };
}

/** The plans as work: each entry's method is opened once for each way in which it is told to work. Throws UserError. */
export async function openLevels(
  plans: readonly LevelPlan[],
  tools: MethodTools,
  optionsOf: (plan: LevelPlan) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<LevelTask[]> {
  const opened = new Map<MethodEntry, Map<string, CompressionMethod>>();
  const tasks: LevelTask[] = [];
  for (const plan of plans) {
    const { target, entry, description } = plan;
    const options = optionsOf(plan);
    const ways = opened.get(entry) ?? new Map<string, CompressionMethod>();
    const way = JSON.stringify(options);
    const method = ways.get(way) ?? (await openMethod(entry, tools, options));
    opened.set(entry, ways.set(way, method));
    tasks.push({ target, method, description });
  }
  return tasks;
}

/** The plans of several levels, no level twice. Throws UserError. */
export function planLevels(texts: readonly string[], entries: readonly MethodEntry[] = []): LevelPlan[] {
  const plans = texts.map((text) => planLevel(text, { entries }));
  const twice = plans.find(({ target }, i) => plans.findIndex((other) => other.target.level === target.level) < i);
  if (twice !== undefined) throw new UserError(`level ${twice.target.level} is asked for twice: name each once`);
  return plans;
}

interface NamedAmount {
  readonly level: Level;
  readonly stem: string;
  readonly own: Amount | undefined;
}

/** A name, its amount in one form: `select=40%` is `select=0.4`. What is behind a familiar name's `=` must be an amount. */
function namedAmount(text: string): NamedAmount {
  const [stem = '', ...rest] = levelName(text).split('=');
  const amount = rest.length === 1 ? parseAmount(rest[0] ?? '') : undefined;
  if (amount !== undefined) {
    const level = parseLevel(`${stem}=${amountText(amount)}`);
    return { level, stem, own: amount };
  }
  if (rest.length > 0 && OFFERED_LEVELS.includes(stem))
    throw new UserError(
      `invalid level "${text}": write ${stem}, ${stem}=80w for words or ${stem}=0.4 for the share of tokens to keep`,
    );
  const level = parseLevel(text);
  return { level, stem: rest.length > 0 ? level : levelStem(level), own: undefined };
}

interface Wanted {
  readonly stem: string;
  readonly level: Level;
  readonly ownName: boolean;
}

/** Who makes a level: of the given, the first that offers it, else the first that makes others; without any, whoever offers it. */
function chosen(wanted: Wanted, entries: readonly MethodEntry[]): { entry: MethodEntry; form: Form } {
  const { stem, level } = wanted;
  if (stem === 'original') throw new UserError('level original is the source itself and is not made: leave it out');
  const offering = (entry: MethodEntry): Form | undefined => entry.forms.find((form) => form.level === stem);
  const from = entries.length > 0 ? entries : METHODS;
  const entry = from.find((each) => offering(each) !== undefined) ?? entries.find((each) => makes(each, wanted));
  if (entry !== undefined) return { entry, form: offering(entry) ?? otherForm(entry, stem) };
  if (entries.length === 0)
    throw new UserError(
      `unknown level "${level}"${didYouMean(stem, OFFERED_LEVELS)}, or name the method that makes it`,
    );
  const names = entries.map((each) => each.name).join(', ');
  const offered = [...OFFERED_LEVELS, ...entries.flatMap(({ forms }) => forms.map((form) => form.level))];
  const meant = offered.includes(stem) ? ': choose another level or method' : didYouMean(stem, distinct(offered));
  throw new UserError(`no method for level "${level}" among ${names}${meant}`);
}

/** Whether an entry makes a level that it does not offer: under the user's own name, or another's form to its amount. */
function makes({ makesOthers, readsLevelName }: MethodEntry, { stem, ownName }: Wanted): boolean {
  if (readsLevelName === true) return makesOthers;
  const others = othersForm(stem);
  return others === undefined ? ownName : makesOthers && others.amount !== null;
}

function othersForm(stem: string): Form | undefined {
  return METHODS.flatMap(({ forms }) => forms).find((form) => form.level === stem);
}

/** What an entry is asked for under a name that it does not offer: to another's amount, or what it makes first. */
function otherForm({ forms: [first], readsLevelName }: MethodEntry, stem: string): Form {
  const others = othersForm(stem);
  const description = first?.description ?? null;
  if (others !== undefined) return { ...others, description };
  return first === undefined || readsLevelName === true ? { level: stem, amount: null, description } : first;
}
