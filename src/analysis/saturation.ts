/** How much an adapter holds at most: a saturating curve of what it recalls over what it was asked to learn, with an interval. */

/** One amount: what there was to learn, what of it was recalled, and that figure's standard error. */
export interface Load {
  readonly asked: number;
  readonly recalled: number;
  readonly error: number;
}

/** recalled = limit · (1 − exp(−yield · asked / limit)): `yield` of little is kept, and never more than `limit`. */
export interface Saturation {
  /** Share of what was asked that is kept while there is room, 0 to 1. */
  readonly yield: number;
  /** What is held at most. */
  readonly limit: number;
  /** Its 95 % interval by profile likelihood; `high` is infinite where the amounts tried do not bound it. */
  readonly low: number;
  readonly high: number;
  /** Whether the curve bends within the amounts tried: the interval is bounded, and it fits better than a straight line. */
  readonly reached: boolean;
}

/** χ² with one degree of freedom at 95 %. */
const ONE_FREEDOM = 3.841;
/** Limits beyond this many times the most that was asked are as good as none. */
const FARTHEST = 50;
/** Limits and yields that are tried. */
const STEPS = 240;

/** Fits three amounts or more by weighted least squares; null of fewer, or where nothing is recalled. */
export function saturationOf(loads: readonly Load[]): Saturation | null {
  const most = Math.max(...loads.map(({ asked }) => asked));
  const recalled = Math.max(...loads.map((load) => load.recalled));
  if (loads.length < 3 || !(recalled > 0)) return null;
  const least = recalled / 4;
  const limits = Array.from({ length: STEPS + 1 }, (_, i) => least * ((FARTHEST * most) / least) ** (i / STEPS));
  const profile = limits.map((limit) => ({ limit, ...bestYield(loads, limit) }));
  const best = profile.reduce((a, b) => (b.misfit < a.misfit ? b : a));
  const within = profile.filter(
    ({ misfit }) => misfit <= best.misfit + ONE_FREEDOM * inflation(best.misfit, loads.length),
  );
  const straight = (profile.at(-1) as (typeof profile)[number]).misfit;
  const isBounded = within.at(-1)?.limit !== limits.at(-1);
  return {
    yield: best.yield,
    limit: best.limit,
    low: within[0]?.limit ?? best.limit,
    high: isBounded ? (within.at(-1)?.limit ?? Infinity) : Infinity,
    reached: isBounded && straight > best.misfit + ONE_FREEDOM,
  };
}

/** What the curve says is recalled of an amount. */
export function recalledOf({ yield: share, limit }: Pick<Saturation, 'yield' | 'limit'>, asked: number): number {
  return limit * (1 - Math.exp((-share * asked) / limit));
}

/** Where the curve fits worse than the errors allow, they are taken to be larger (Birge's ratio). */
function inflation(misfit: number, loads: number): number {
  return Math.max(1, misfit / Math.max(1, loads - 2));
}

/** The yield that fits best at a limit, and Σ ((recalled − curve) / error)² there. */
function bestYield(loads: readonly Load[], limit: number): { yield: number; misfit: number } {
  const misfitAt = (share: number): number =>
    loads.reduce(
      (sum, { asked, recalled, error }) => sum + ((recalled - recalledOf({ yield: share, limit }, asked)) / error) ** 2,
      0,
    );
  let best = { yield: 0, misfit: Infinity };
  for (let i = 1; i <= STEPS; i++) {
    const misfit = misfitAt(i / STEPS);
    if (misfit < best.misfit) best = { yield: i / STEPS, misfit };
  }
  return best;
}
