/** Successive halving as arithmetic: how many candidates see how much training, what that takes, and which of them go on. */

/** What trying a candidate takes, in the budget's unit. */
export interface Cost {
  /** Whatever it is shown. */
  readonly fixed: number;
  /** For each time that it is shown every fact. */
  readonly perExposure: number;
}

export interface HalvingRule {
  /** Share of a rung's candidates that go on, between 0 and 1; those that do are shown facts 1 / `keep` times as often. */
  readonly keep: number;
  /** Candidates of the last rung. */
  readonly finalists: number;
  /** Exposures of the last rung, at most; and at least, for fewer teach too little to be an outcome. */
  readonly most: number;
  readonly least: number;
  /** Candidates that are tried at once, each as quickly as alone: a rung takes as long as the fullest place. */
  readonly sideBySide: number;
}

/** A round of trials. */
export interface Rung {
  readonly candidates: number;
  readonly exposures: number;
}

/** Rungs from the first to the last, and what they take together. */
export interface Schedule {
  readonly rungs: readonly Rung[];
  readonly cost: number;
}

/** Fewest exposures of any rung: with one, hardly anything is learnt. */
const FEWEST = 2;

/** How many candidates each rung has: falling to the finalists, never to none. */
export function rungSizes(candidates: number, { keep, finalists }: Pick<HalvingRule, 'keep' | 'finalists'>): number[] {
  const last = Math.max(1, finalists);
  const sizes = [candidates];
  for (let size = candidates; size > last; sizes.push(size))
    size = Math.max(last, Math.min(size - 1, Math.round(keep * size)));
  return sizes;
}

/** Exposures of a last rung, from most to least: in steps of about a fifth, so that small errors of an estimate change nothing. */
export function exposureSteps({ most, least }: Pick<HalvingRule, 'most' | 'least'>): number[] {
  const steps: number[] = [];
  for (let step = most; step >= least; step = Math.min(step - 1, Math.round(step * 0.8))) steps.push(step);
  return steps;
}

/**
 * The schedule with most exposures that a budget bears; null where it bears none. `after` is how often facts were shown in the rung
 * before: all rungs of the schedule show them more often. Costs are of all candidates; who is left later is not known, so that later
 * rungs are reckoned with their mean.
 */
export function schedule(costs: readonly Cost[], rule: HalvingRule, budget: number, after = 0): Schedule | null {
  if (costs.length === 0) return null;
  const sizes = rungSizes(costs.length, rule);
  for (const last of exposureSteps(rule)) {
    const rungs = sizes.map((candidates, i) => ({
      candidates,
      exposures: Math.max(FEWEST, Math.round(last * rule.keep ** (sizes.length - 1 - i))),
    }));
    const cost = rungs.reduce((sum, rung) => sum + rungCost(rung, costs, rule.sideBySide), 0);
    if ((rungs[0]?.exposures ?? 0) > after && cost <= budget) return { rungs, cost };
  }
  return null;
}

/** What a rung takes where its candidates cost what all do in the mean. */
function rungCost({ candidates, exposures }: Rung, costs: readonly Cost[], sideBySide: number): number {
  const each = costs.reduce((sum, { fixed, perExposure }) => sum + fixed + exposures * perExposure, 0) / costs.length;
  return Math.ceil(candidates / sideBySide) * each;
}

export interface Thinned<T> {
  readonly tried: readonly T[];
  readonly left: readonly T[];
  readonly schedule: Schedule;
}

/** As many candidates as the budget bears, the first ones first; null where it does not bear one. `after` is that of `schedule`. */
export function thinned<T extends { readonly cost: Cost }>(
  candidates: readonly T[],
  rule: HalvingRule,
  budget: number,
  after = 0,
): Thinned<T> | null {
  for (let count = candidates.length; count > 0; count--) {
    const tried = candidates.slice(0, count);
    const found = schedule(
      tried.map(({ cost }) => cost),
      rule,
      budget,
      after,
    );
    if (found !== null) return { tried, left: candidates.slice(count), schedule: found };
  }
  return null;
}

/**
 * The same for those that go on from a rung: where the budget bears no rung of as many exposures as the rule asks for at least, one of
 * as many as it bears, so long as facts are shown more often than before.
 */
export function thinnedFurther<T extends { readonly cost: Cost }>(
  candidates: readonly T[],
  rule: HalvingRule,
  budget: number,
  after: number,
): Thinned<T> | null {
  const least = Math.min(rule.least, after + 1);
  return thinned(candidates, rule, budget, after) ?? thinned(candidates, { ...rule, least }, budget, after);
}

/** How a candidate did in a rung. */
export interface Standing {
  readonly key: string;
  /** Its place among those that were tried: of two that recall alike the one thought more of goes before. */
  readonly place: number;
  /** Share recalled. */
  readonly recall: number;
  /** What prefers one of two that recall nearly alike: the smaller rank, then fewer tokens trained. */
  readonly rank: number;
  readonly tokens: number;
}

/**
 * Those that go on, best first: the one that recalls most; then whichever recall at least 1 − `margin` of what it does, the cheapest
 * first; then the others by what they recall. The same whatever the order in which they are given; never none of some.
 */
export function survivors(standings: readonly Standing[], count: number, margin: number): string[] {
  const byRecall = [...standings].sort((a, b) => b.recall - a.recall || a.place - b.place);
  const [best, ...others] = byRecall;
  if (best === undefined) return [];
  const isNear = ({ recall }: Standing): boolean => recall > 0 && recall >= (1 - margin) * best.recall;
  const ordered = [best, ...others.filter(isNear).sort(byCost), ...others.filter((each) => !isNear(each))];
  return ordered.slice(0, Math.max(1, count)).map(({ key }) => key);
}

function byCost(a: Standing, b: Standing): number {
  return a.rank - b.rank || a.tokens - b.tokens || a.place - b.place;
}
