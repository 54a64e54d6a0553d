/** A study from the command line, from its plan to its verdict: what `study run` and `demo` share. */
import { UserError } from '../core/errors.js';
import { BUNDLED } from '../models/load.js';
import type { StudyConfig } from '../study/config.js';
import { formSetText, setsOfRuns } from '../study/form-set-text.js';
import { judgeForecastText, refuseBeyondLimits } from '../study/judge-forecast.js';
import { planStudy, type StudyPlan } from '../study/plan.js';
import { planForecast } from '../study/plan-forecast.js';
import type { TextsOutcome } from '../study/texts.js';
import type { StudyEvent, StudySummary } from '../study/runner.js';
import { planLines, tightText } from './study/plan-text.js';
import { reportLines } from './data-options.js';
import { deviceFor } from './device.js';
import { openModel } from './open-model.js';
import { agreed, confirmed } from './confirm.js';
import { interruption, Interruption } from './interrupt.js';
import { durationText } from '../text/duration.js';
import { Progress } from './progress.js';
import { visibleText } from '../text/visible.js';
import type { Language } from '../words/language.js';

export interface CarryOutOptions {
  /** The command line as the user would type it again. */
  readonly command: string;
  readonly json: boolean;
  /** Shows the plan and its cost, and runs nothing. */
  readonly dryRun?: boolean;
  /** Agrees to large spends beforehand. */
  readonly yes?: boolean;
  /** Of the verdict; default the study's. */
  readonly language?: Language;
}

/** Plans, runs, analyses and reports a study; sets the exit code to 1 where a run failed or a judge scored nothing of one. */
export async function carryOut(config: StudyConfig, options: CarryOutOptions): Promise<void> {
  const device = await deviceFor(config.device);
  if (typeof config.model === 'string' && config.model !== BUNDLED) await openModel(config.model, options.json); // planning finds it in the cache
  const { local } = config.compress;
  if (local !== undefined) await openModel(local, options.json);
  const plan = await planned({ ...config, device }, options);
  if (!options.json) tellData(plan);
  const work = new Work(plan, options);
  if (options.dryRun === true) {
    work.printPlan();
    return;
  }
  for (const line of options.json ? [] : madeLines(plan)) process.stderr.write(`${visibleText(line)}\n`);
  refuseBeyondLimits(plan.judging);
  for (const forecast of plan.judging.filter(({ calls }) => calls > 0)) {
    const asked = { yes: options.yes === true, silent: options.json, smaller: JUDGING_SMALLER };
    if (!(await agreed(judgeForecastText(forecast), forecast.isLarge, asked)))
      throw new UserError('nothing was begun: give the judge a limit, or ask about fewer items');
  }
  const summary = await work.run();
  const { printOutcome } = await import('./study-outcome.js');
  printOutcome(config.out, summary, options);
  if (summary.failed > 0 || summary.silent.length > 0) process.exitCode = 1;
}

/** Says on standard error what was noticed of the study's files: what is no question, not used, or read in a way worth knowing. */
function tellData({ datasets }: StudyPlan): void {
  for (const { report } of datasets.values())
    for (const line of report === null ? [] : reportLines(report)) process.stderr.write(`${line}\n`);
}

/** The plan, with the texts that the study file names made or, for a dry run, foreseen. */
async function planned(config: StudyConfig, options: CarryOutOptions): Promise<StudyPlan> {
  const { json, dryRun = false, yes = false } = options;
  const isLong = Object.keys(config.texts).length > 0 || config.grid.some(({ book }) => book === 'text');
  const signal = isLong ? interruption() : undefined;
  let progress: Progress | undefined;
  try {
    return await planStudy(config, {
      foresee: dryRun,
      agree: async (left) => {
        const agreed = await confirmed(left, { yes, silent: json, smaller: SMALLER });
        progress?.end();
        const { what, texts: total, missing, kept } = left;
        if (missing > 0) progress = new Progress({ label: 'made', total, unit: what, silent: json }, kept);
        return agreed;
      },
      onProgress: ({ done, failed }) => progress?.update(done, failed === 0 ? '' : `${failed} failed`),
      ...(signal && { signal }),
    });
  } catch (error) {
    throw signal?.reason instanceof Interruption ? signal.reason : error;
  } finally {
    progress?.end();
  }
}

/** What the texts, questions and rewrites came to, what was spent on them, and what samples were made of them. */
function madeLines({ texts, forms, runs }: StudyPlan): string[] {
  const outcomes = [texts, forms].filter((each) => each !== null);
  const made = outcomes.map(
    ({ forecast: { texts: all, kept, what } }) => `${all} ${what}: ${kept} were there, ${all - kept} were made`,
  );
  const spent = outcomes.at(-1)?.spent;
  return [
    ...made,
    ...(spent === undefined || spent.requests === 0 ? [] : [spentText(spent)]),
    ...setsOfRuns(runs).map(formSetText),
  ];
}

function spentText({ requests, promptTokens, completionTokens, cost }: TextsOutcome['spent']): string {
  const paid = cost > 0 ? `, cost ${cost.toFixed(4)}` : '';
  return `spent on them in all runs: ${requests} requests, ${promptTokens} + ${completionTokens} tokens${paid}`;
}

const JUDGING_SMALLER = 'limit it in the study file: evaluate: { judges: [{ …, maxTokens: … }] }';
const SMALLER = 'limit it in the study file: compress: { maxTokens: … }';

class Work {
  readonly #signal = interruption();
  #progress: Progress | undefined;

  constructor(
    readonly plan: StudyPlan,
    readonly options: CarryOutOptions,
  ) {}

  async run(): Promise<StudySummary> {
    const { config } = this.plan;
    const { runStudy } = await import('../study/runner.js');
    try {
      return await runStudy(this.plan, {
        folder: config.out,
        command: this.options.command,
        onEvent: (event) => this.#onEvent(event),
        signal: this.#signal,
      });
    } catch (error) {
      if (error instanceof Interruption)
        this.#print(
          `stopped: finished runs lie in ${config.out}, trainings under way have left checkpoints; go on with: ${this.options.command}`,
        );
      throw error;
    } finally {
      this.#progress?.end();
    }
  }

  #onEvent(event: StudyEvent): void {
    switch (event.type) {
      case 'planned':
        this.#begin(event);
        break;
      case 'joined':
        this.#print(`process ${event.pid} on ${event.host} carries this study out: sharing its runs`);
        break;
      case 'auditing':
        this.#print(`auditing ${event.dataset}`);
        break;
      case 'tight':
        this.#print(tightText(event.runs, event.free));
        break;
      case 'progress':
        this.#progress?.update(event.done, progressNote(event), event);
        break;
      case 'finished':
        break;
      case 'notice':
        this.#print(event.message);
        break;
      case 'failed':
        this.#print(`failed: ${event.run}: ${event.message}`);
        break;
      case 'retried':
        this.#print(`again with half the micro-batch: ${event.run}: ${event.retry.reason}`);
        break;
      case 'damaged':
        this.#print(`made anew: ${event.run}: ${event.damage}`);
        break;
    }
  }

  #begin({ runs, finished, seconds, secondsLeft }: Extract<StudyEvent, { type: 'planned' }>): void {
    const open = runs - finished;
    const time = durationText(secondsLeft);
    const reused = finished === 0 ? '' : `, ${finished} of them finished before`;
    this.#print(open === 0 ? `${runs} runs, all finished before` : `${runs} runs${reused}; about ${time} to go`);
    this.#progress = new Progress({ label: 'study', total: seconds, silent: this.options.json });
  }

  /** The plan and what it takes, without touching the folder. */
  printPlan(): void {
    const forecast = planForecast(this.plan, this.plan.config.out);
    if (this.options.json) process.stdout.write(`${JSON.stringify(forecast)}\n`);
    else
      process.stdout.write(
        `${planLines(this.plan, forecast)
          .map((line) => visibleText(line))
          .join('\n')}\n`,
      );
  }

  #print(text: string): void {
    if (this.#progress !== undefined) this.#progress.print(text);
    else if (!this.options.json) process.stderr.write(`${visibleText(text)}\n`);
  }
}

function progressNote({ runsDone, runs, active }: Extract<StudyEvent, { type: 'progress' }>): string {
  const under = active.map(({ run, stage, share, loss, heldOutLoss }) => {
    const depth = loss === undefined ? '' : `, loss ${loss.toFixed(2)}`;
    const heldOut = heldOutLoss === undefined ? '' : ` (held out ${heldOutLoss.toFixed(2)})`;
    return `${run} ${stage} ${Math.floor(100 * share)} %${depth}${heldOut}`;
  });
  return [`${runsDone} of ${runs} runs`, ...under].join(' · ');
}
