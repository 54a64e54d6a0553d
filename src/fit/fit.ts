/** A fit from beginning to end: what is measured, what is tried at which budget, what is chosen, and the adapter that comes of it. */
import { join, resolve } from 'node:path';
import type { KnowledgeCell } from '../analysis/knowledge/knowledge.js';
import { UserError } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import { lockFolder } from '../files/folder-lock.js';
import { openExecutor, placementHere } from '../study/placement.js';
import { planStudy, type StudyModel, type StudyPlan } from '../study/plan.js';
import type { TextsHooks } from '../study/texts.js';
import { runPath } from '../study/layout.js';
import type { PlannedRun } from '../study/run-spec.js';
import { runStudy, type StudyEvent } from '../study/runner.js';
import { readStudy } from '../study/stored-study.js';
import { readPlanned } from '../study/study-folder.js';
import { amountText } from './budget.js';
import { candidateKey, candidatesOf, candidateText, type Candidate } from './candidate.js';
import { choose, type Choice } from './choice.js';
import { costOfRuns, isOfTrial, runOfTrial, secondsOf, trialCost } from './costs.js';
import { carryOutFinal, finalReserve, type FinalResult } from './final.js';
import { FIT_FILES } from './fit-layout.js';
import type { FitSettings } from './fit-settings.js';
import { newState, readState, writeState, type FitState } from './fit-state.js';
import { GatedExecutor } from './gated-executor.js';
import {
  rungSizes,
  survivors,
  thinned,
  thinnedFurther,
  type Cost,
  type HalvingRule,
  type Schedule,
} from './halving.js';
import { Ledger } from './ledger.js';
import { answerBits, measurementOf, type Measurement } from './measure.js';
import { pilotStudy, DATASET, type StudyContext, type Trial } from './pilot-study.js';
import { rankFloor, ranksToTry, type RankFloor } from './rank-floor.js';
import { resultsOf, rungResults, standingsOf, type TrialResult } from './trials.js';

/** What a fit tells while it works. */
export type FitEvent =
  | { readonly type: 'measuring' }
  | { readonly type: 'planned'; readonly plan: FitPlan }
  | { readonly type: 'rung'; readonly number: number; readonly trial: Trial }
  | { readonly type: 'closed'; readonly results: readonly TrialResult[]; readonly spent: number }
  | { readonly type: 'final'; readonly candidate: Candidate; readonly exposures: number }
  | { readonly type: 'study'; readonly event: StudyEvent };

export interface FitHooks extends TextsHooks {
  readonly onEvent?: (event: FitEvent) => void;
}

/** A candidate that was not tried, and why. */
export interface LeftOut {
  readonly candidate: Candidate;
  readonly reason: string;
}

/** What is to be tried, said before it begins. */
export interface FitPlan {
  readonly measured: Measurement;
  readonly floor: RankFloor;
  readonly tried: readonly Candidate[];
  readonly left: readonly LeftOut[];
  /** Null where an earlier process began it. */
  readonly schedule: Schedule | null;
  /** Kept of the budget for measuring the adapter that is chosen. */
  readonly reserve: number;
  readonly rates: number;
}

/** Everything that a fit came to. */
export interface FitResult {
  readonly plan: FitPlan;
  /** Rung by rung, in the order of trying. */
  readonly trials: readonly (readonly TrialResult[])[];
  readonly choice: Choice;
  readonly candidate: Candidate;
  readonly exposures: number;
  readonly final: FinalResult;
  /** Of the budget, in its unit. */
  readonly spent: number;
}

/** Foresees a fit: nothing is trained or written, and what the base knows is not asked. Throws UserError as `fit` does. */
export async function planFit(settings: FitSettings, hooks: FitHooks = {}): Promise<FitPlan> {
  const fit = await Fit.open(settings, hooks, true);
  return fit.foresee();
}

/**
 * Measures, tries, chooses and trains, going on from wherever its folder stands. Throws UserError where the budget bears no trial or
 * nothing can be learnt, and the signal's reason when stopped; what was finished is kept.
 */
export async function fit(settings: FitSettings, hooks: FitHooks = {}): Promise<FitResult> {
  const lock = await lockFolder(settings.out);
  try {
    const work = await Fit.open(settings, hooks, false);
    return await work.carryOut();
  } finally {
    lock.release();
  }
}

/** A study's model that is trained. */
type LocalModel = Extract<StudyModel, { kind: 'local' }>;

class Fit {
  readonly #ledger: Ledger;
  readonly #model: LocalModel;
  readonly #context: StudyContext;
  readonly #rule: HalvingRule;
  #state: FitState;

  private constructor(
    readonly settings: FitSettings,
    readonly hooks: FitHooks,
    readonly base: StudyPlan,
    state: FitState,
  ) {
    const { model, config, datasets } = base;
    if (model.kind !== 'local') throw new UserError('a served model is not trained: name a model on this machine');
    this.#state = state;
    this.#ledger = new Ledger(settings.budget, state.spent);
    this.#model = model;
    this.#context = { items: datasets.get(DATASET)?.trainItems ?? [], rates: settings.space.rates.length };
    const sideBySide = settings.budget.unit === 'tokens' ? 1 : placementHere(config.executor, model).workers;
    this.#rule = { ...settings.halving, sideBySide };
  }

  static async open(settings: FitSettings, hooks: FitHooks, foresee: boolean): Promise<Fit> {
    const { space, out, halving } = settings;
    const [form = 'study'] = space.forms;
    const trial = {
      exposures: halving.most,
      candidates: space.levels.map((level) => ({ level, form, rank: 1, rate: 1 })),
    };
    const config = pilotStudy(settings.study, [trial], { items: [], rates: 1 });
    const base = await planStudy(config, { ...hooks, foresee, folder: join(out, FIT_FILES.pilots) });
    const identity = identityOf(settings, base);
    return new Fit(settings, hooks, base, foresee ? newState(identity) : readState(out, identity));
  }

  async foresee(): Promise<FitPlan> {
    const bits = await answerBits(this.#asked);
    const measured = measurementOf(this.#asked, bits, null);
    const baseRuns = this.base.runs.filter(isOfBase);
    return this.#plan(measured, true, costOfRuns(this.base, baseRuns, this.settings.budget.unit));
  }

  async carryOut(): Promise<FitResult> {
    const measured = this.#state.measured ?? (await this.#measure());
    const plan = await this.#plan(measured, false, 0);
    this.hooks.onEvent?.({ type: 'planned', plan });
    const trials: TrialResult[][] = [];
    for (let number = 0; ; number++) {
      const trial = this.#state.rungs[number] ?? (await this.#next(plan, trials));
      if (trial === null) break;
      if (number === this.#state.rungs.length) this.#keep({ rungs: [...this.#state.rungs, trial] });
      this.hooks.onEvent?.({ type: 'rung', number, trial });
      trials.push(await this.#tryAll(number, trials[number - 1]));
      this.hooks.onEvent?.({ type: 'closed', results: trials[number] ?? [], spent: this.#ledger.spent });
    }
    return this.#finish(plan, trials);
  }

  get #asked() {
    const { items } = this.#context;
    const { model, renderer } = this.#model;
    const { threads } = this.settings.study;
    return { items, model, renderer, ...(threads !== undefined && { threads }) };
  }

  get #pilots(): string {
    return resolve(this.settings.out, FIT_FILES.pilots);
  }

  async #measure(): Promise<Measurement> {
    this.hooks.onEvent?.({ type: 'measuring' });
    const runs = this.base.runs.filter(isOfBase);
    await this.#run({ ...this.base, runs });
    const measured = measurementOf(this.#asked, await answerBits(this.#asked), readStudy(this.#pilots));
    if (measured.known === measured.questions)
      throw new UserError('the base answers every question without any text: there is nothing to learn');
    this.#keep({ measured });
    return measured;
  }

  /** What is tried, and what is not and why; `spent` comes off the budget first. */
  async #plan(measured: Measurement, foresee: boolean, spent: number): Promise<FitPlan> {
    const { space, budget } = this.settings;
    const floor = rankFloor(measured.bits, measured.parametersPerRank);
    const ranks = space.ranks ?? ranksToTry(floor);
    const able = ranks.filter((rank) => rank >= floor.least);
    const { rates } = this.#context;
    const small = candidatesOf({ ...space, ranks: ranks.filter((rank) => rank < floor.least) });
    const all = candidatesOf({ ...space, ranks: able });
    const tooSmall = small.map((candidate) => ({
      candidate,
      reason: `too few parameters for ${Math.round(measured.bits)} bits`,
    }));
    if (all.length === 0)
      throw new UserError(`${Math.round(measured.bits)} bits need rank ${floor.least} at least: try larger ranks`);
    const reserve = await finalReserve(this.settings, all, {
      ...this.#context,
      most: this.#rule.most,
      hooks: this.hooks,
      foresee,
    });
    this.#ledger.reserve(reserve);
    const [begun] = this.#state.rungs;
    const made = begun === undefined ? this.#begin(await this.#costs(all, foresee), reserve, spent) : null;
    const tried = begun?.candidates ?? made?.tried.map(({ candidate }) => candidate) ?? [];
    const isTried = new Set(tried.map(candidateKey));
    const left = all
      .filter((candidate) => !isTried.has(candidateKey(candidate)))
      .map((candidate) => ({ candidate, reason: `no room in the budget of ${budget.text}` }));
    return { measured, floor, tried, left: [...left, ...tooSmall], schedule: made?.schedule ?? null, reserve, rates };
  }

  #begin(costs: readonly Priced[], reserve: number, spent: number) {
    const { budget } = this.settings;
    const made = thinned(costs, this.#rule, this.#ledger.left - spent);
    if (made !== null) return made;
    const { cost } = costs[0] ?? { cost: { fixed: 0, perExposure: 0 } };
    const least = spent + reserve + cost.fixed + this.#rule.least * cost.perExposure + this.#ledger.spent;
    throw new UserError(
      `a budget of ${budget.text} bears no trial: measuring and one adapter take about ${amountText(budget.unit, least)}; raise the budget, or give fewer documents`,
    );
  }

  /** What each candidate takes, as estimated. */
  async #costs(candidates: readonly Candidate[], foresee: boolean): Promise<Priced[]> {
    const { most: exposures } = this.#rule;
    const { rates } = this.#context;
    const plan = await this.#planTrials([{ exposures, candidates }], foresee);
    return candidates.map((candidate) => {
      const run = runOfTrial(plan, { candidate, exposures, rates });
      if (run === undefined) throw new Error(`no run for ${candidateText(candidate, rates)}`);
      return { candidate, cost: trialCost(plan, run, this.settings.budget.unit, exposures) };
    });
  }

  #planTrials(trials: readonly Trial[], foresee = false): Promise<StudyPlan> {
    const config = pilotStudy(this.settings.study, trials, this.#context);
    return planStudy(config, { ...this.hooks, foresee, folder: this.#pilots });
  }

  /** The next rung; null where the last one was the last, was not finished, or leaves nothing of the budget. */
  async #next(plan: FitPlan, trials: readonly (readonly TrialResult[])[]): Promise<Trial | null> {
    const last = trials.at(-1);
    if (last === undefined)
      return { exposures: plan.schedule?.rungs[0]?.exposures ?? this.#rule.least, candidates: [...plan.tried] };
    const isWhole = last.every(({ cell, run }) => cell !== null || run !== null);
    const [, count] = rungSizes(last.length, this.#rule);
    if (!isWhole || count === undefined) return null;
    const candidates = this.#goingOn(last, count);
    const after = last[0]?.exposures ?? 0;
    const costs = await this.#costs(candidates, false);
    const pace = this.#pace(await this.#planTrials(this.#state.rungs), last);
    this.#ledger.reserve(Math.max(1, pace) * plan.reserve);
    const paced = costs.map(({ candidate, cost }) => ({ candidate, cost: scaled(cost, pace) }));
    const made = thinnedFurther(paced, this.#rule, this.#ledger.left, after);
    if (made === null) return null;
    return {
      exposures: made.schedule.rungs[0]?.exposures ?? after,
      candidates: made.tried.map(({ candidate }) => candidate),
    };
  }

  /** Candidates of the next rung, best first; where it has one, that is the choice. */
  #goingOn(results: readonly TrialResult[], count: number): Candidate[] {
    const { choice } = this.settings;
    const cells = results.flatMap(({ cell }) => cell ?? []);
    if (cells.length === 0) return [];
    if (count === 1) {
      const { chosen } = choose(cells, choice);
      return results.filter(({ cell }) => cell === chosen).map(({ candidate }) => candidate);
    }
    return survivors(standingsOf(results), count, choice.margin).flatMap(
      (key) => results.find(({ candidate }) => candidateKey(candidate) === key)?.candidate ?? [],
    );
  }

  /** How much more a rung's runs took than was estimated, in the budget's unit. */
  #pace(plan: StudyPlan, results: readonly TrialResult[]): number {
    const { rates } = this.#context;
    const isOfTokens = this.settings.budget.unit === 'tokens';
    let [estimated, taken] = [0, 0];
    for (const { candidate, exposures, run } of results) {
      const planned = runOfTrial(plan, { candidate, exposures, rates });
      const took = isOfTokens ? run?.trainedTokens : run?.seconds;
      if (planned === undefined || took == null) continue;
      const { train, ask } = secondsOf(plan, planned);
      estimated += isOfTokens ? trialCost(plan, planned, 'tokens', 1).perExposure : train + ask;
      taken += took;
    }
    return estimated === 0 ? 1 : taken / estimated;
  }

  /** Carries out a rung, as far as the budget goes; what it takes is told by the rung before. */
  async #tryAll(number: number, before: readonly TrialResult[] = []): Promise<TrialResult[]> {
    const trial = this.#state.rungs[number];
    if (trial === undefined) throw new Error(`rung ${number} was not decided`);
    const plan = await this.#planTrials(this.#state.rungs.slice(0, number + 1));
    this.#ledger.recount(tokensDone(plan, this.#pilots));
    await this.#run(plan, this.#tokensOf(plan, trial, this.#pace(plan, before)));
    this.#ledger.recount(tokensDone(plan, this.#pilots));
    this.#keep({});
    return rungResults(resultsOf(readStudy(this.#pilots)), trial, this.#context.rates);
  }

  /** Tokens that each run of a rung trains, by its folder. */
  #tokensOf(plan: StudyPlan, { exposures, candidates }: Trial, pace: number): ReadonlyMap<string, number> {
    const { rates } = this.#context;
    const isOwn = ({ spec }: PlannedRun): boolean =>
      candidates.some((candidate) => isOfTrial(spec.identity, { candidate, exposures, rates }));
    return new Map(
      plan.runs.filter(isOwn).map((run) => {
        const { perExposure } = trialCost(plan, run, 'tokens', 1);
        return [runPath(this.#pilots, run.spec), pace * perExposure];
      }),
    );
  }

  /** Carries out a study of trials; runs that are not among `tokens` (the base's) always may begin. */
  async #run(plan: StudyPlan, tokens: ReadonlyMap<string, number> = new Map()): Promise<void> {
    const { signal } = this.hooks;
    const mayBegin = (folder: string): boolean => {
      const own = tokens.get(folder);
      const may = own === undefined || this.#ledger.begin(own);
      this.#keep({});
      return may;
    };
    await runStudy(plan, {
      folder: this.#pilots,
      command: this.settings.command,
      executor: (placement) => new GatedExecutor(openExecutor(plan.config, placement, this.#pilots), mayBegin),
      onEvent: (event) => this.#listen(event),
      ...(signal && { signal }),
    });
    this.#keep({});
  }

  #listen(event: StudyEvent): void {
    if (event.type === 'finished' || event.type === 'progress') this.#note();
    this.hooks.onEvent?.({ type: 'study', event });
  }

  async #finish(plan: FitPlan, trials: readonly (readonly TrialResult[])[]): Promise<FitResult> {
    const cells = decidingCells(trials);
    if (cells.length === 0) throw new UserError(nothingTrained(trials, this.settings.budget.text));
    const choice = choose(cells, this.settings.choice);
    const won = longestTrained(trials, choice);
    if (won === undefined) throw new Error('what was chosen was not tried');
    const { candidate, exposures } = won;
    const trained = won.run?.adapterPath;
    if (trained == null) throw new UserError(`${this.#pilots}: the adapter that was chosen is gone: fit again`);
    this.hooks.onEvent?.({ type: 'final', candidate, exposures });
    const final = await carryOutFinal(
      this.settings,
      { candidate, exposures, trained },
      {
        ...this.#context,
        hooks: this.hooks,
        onEvent: (event) => this.#listen(event),
      },
    );
    this.#keep({});
    return { plan, trials, choice, candidate, exposures, final, spent: this.#ledger.spent };
  }

  /** Writes what is spent by now, not more often than is of use. */
  #note(): void {
    if (Math.abs(this.#ledger.spent - this.#state.spent) >= NOTE_EVERY) this.#keep({});
  }

  /** Writes what has changed, with what is spent by now. */
  #keep(changes: Partial<FitState>): void {
    this.#state = { ...this.#state, ...changes, spent: this.#ledger.spent };
    writeState(this.settings.out, this.#state);
  }
}

/** The adapters among which the choice is made: of the last rung that finished two or more, else of the last that finished one. */
function decidingCells(trials: readonly (readonly TrialResult[])[]): KnowledgeCell[] {
  const cells = trials.map((results) => results.flatMap(({ cell }) => cell ?? []));
  return cells.filter(({ length }) => length > 1).at(-1) ?? cells.filter(({ length }) => length > 0).at(-1) ?? [];
}

/** The trial of the chosen candidate that was shown most. */
function longestTrained(trials: readonly (readonly TrialResult[])[], { chosen }: Choice): TrialResult | undefined {
  const all = trials.flat();
  const decided = all.find(({ cell }) => cell === chosen);
  if (decided === undefined) return undefined;
  const key = candidateKey(decided.candidate);
  return all.filter(({ candidate, cell }) => cell !== null && candidateKey(candidate) === key).at(-1);
}

/** Seconds (or tokens) after which what is spent is noted again. */
const NOTE_EVERY = 2;

/** Tokens that trials which are finished have trained. */
function tokensDone({ runs }: StudyPlan, folder: string): number {
  return runs.reduce((sum, run) => {
    const stored = readPlanned(folder, run);
    return sum + (stored.status === 'done' ? (stored.training?.result.tokens ?? 0) : 0);
  }, 0);
}

interface Priced {
  readonly candidate: Candidate;
  readonly cost: Cost;
}

function scaled({ fixed, perExposure }: Cost, factor: number): Cost {
  return { fixed: factor * fixed, perExposure: factor * perExposure };
}

function isOfBase({ spec }: PlannedRun): boolean {
  return spec.identity.rank === 0;
}

function nothingTrained(trials: readonly (readonly TrialResult[])[], budget: string): string {
  const failed = trials.flat().flatMap(({ run }) => run?.error ?? []);
  const [first] = failed;
  return first === undefined
    ? `the budget of ${budget} ran out before any adapter was trained: raise it`
    : `no adapter could be trained: ${first}`;
}

/** What decisions rest on: settings but for the place of the documents, and the documents, levels and model they are about. */
function identityOf({ study, space, halving, choice, budget }: FitSettings, { runs, model }: StudyPlan): string {
  const said = { version: 1, study: { ...study, file: '' }, space, halving, choice, budget };
  return hashJson({
    settings: JSON.stringify(said),
    base: runs.filter(isOfBase).map(({ spec }) => spec.id),
    model: model.kind === 'local' ? model.model.identity : '',
  });
}
