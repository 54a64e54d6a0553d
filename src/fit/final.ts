/** The adapter that was chosen: its training taken over from the trials, measured in full, and put where PEFT finds it. */
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../core/errors.js';
import { writeFolder } from '../files/write-folder.js';
import { writeWhole } from '../files/write-whole.js';
import { STUDY_FILES } from '../study/layout.js';
import { planStudy } from '../study/plan.js';
import { runStudy, type StudyEvent } from '../study/runner.js';
import { readStudy } from '../study/stored-study.js';
import { wholeSeconds } from '../study/run-seconds.js';
import type { TextsHooks } from '../study/texts.js';
import type { Candidate } from './candidate.js';
import { costOfRuns, runOfTrial, secondsOf } from './costs.js';
import { FIT_FILES } from './fit-layout.js';
import type { FitSettings } from './fit-settings.js';
import { finalStudy, type StudyContext } from './pilot-study.js';
import { resultsOf, rungResults, type StudyResults } from './trials.js';
import type { KnowledgeCell } from '../analysis/knowledge/knowledge.js';

export interface FinalResult extends StudyResults {
  readonly cell: KnowledgeCell;
  /** Folder of the adapter, as PEFT reads it. */
  readonly adapter: string;
}

/** What was chosen, and the folder of its adapter among the trials. */
export interface Chosen {
  readonly candidate: Candidate;
  readonly exposures: number;
  readonly trained: string;
}

interface FinalContext extends StudyContext {
  readonly hooks: TextsHooks;
}

/** What measuring the chosen adapter takes of the budget, told from the first candidate; its training is there already. */
export async function finalReserve(
  settings: FitSettings,
  [candidate]: readonly Candidate[],
  { most: exposures, hooks, foresee, ...context }: FinalContext & { readonly most: number; readonly foresee: boolean },
): Promise<number> {
  if (candidate === undefined) return 0;
  const folder = join(settings.out, FIT_FILES.pilots);
  const plan = await planStudy(finalStudy(settings.study, { exposures, candidate }, context), {
    ...hooks,
    foresee,
    folder,
  });
  const { unit } = settings.budget;
  const own = runOfTrial(plan, { candidate, exposures, rates: context.rates });
  const controls = plan.runs.filter(({ spec }) => spec.identity.text?.control === 'other documents');
  const probing = own === undefined || unit === 'tokens' ? 0 : wholeSeconds({ ...secondsOf(plan, own), train: 0 });
  return probing + costOfRuns(plan, controls, unit);
}

/** Throws UserError where it fails. */
export async function carryOutFinal(
  settings: FitSettings,
  chosen: Chosen,
  { hooks, onEvent, ...context }: FinalContext & { readonly onEvent: (event: StudyEvent) => void },
): Promise<FinalResult> {
  const folder = join(settings.out, FIT_FILES.final);
  takeOver(join(settings.out, FIT_FILES.pilots), folder, chosen.trained);
  const plan = await planStudy(finalStudy(settings.study, chosen, context), { ...hooks, folder });
  const { signal } = hooks;
  await runStudy(plan, { folder, command: settings.command, onEvent, ...(signal && { signal }) });
  const results = resultsOf(readStudy(folder));
  const trial = { exposures: chosen.exposures, candidates: [chosen.candidate] };
  const [own] = rungResults(results, trial, context.rates);
  if (own?.cell == null || own.run?.adapterPath == null)
    throw new UserError(`the adapter that was chosen could not be measured: ${own?.run?.error ?? 'no answer counts'}`);
  const adapter = join(settings.out, FIT_FILES.adapter);
  const from = own.run.adapterPath;
  writeFolder(adapter, (scratch) => cpSync(from, scratch, { recursive: true }));
  return { ...results, cell: own.cell, adapter };
}

/** Folders of a study whose entries are named by what they depend on: true wherever they lie. */
const SHARED = [STUDY_FILES.texts, STUDY_FILES.forms, STUDY_FILES.teachers, STUDY_FILES.answers];

/** Copies what one study made for another to use, of trainings the one of an adapter. */
function takeOver(from: string, to: string, adapter: string): void {
  for (const name of SHARED) {
    const source = join(from, name);
    for (const entry of existsSync(source) ? readdirSync(source) : []) copy(join(source, entry), join(to, name, entry));
  }
  const training = dirname(adapter);
  copy(training, join(to, STUDY_FILES.trainings, basename(training)));
}

/** A file or folder, whole or not at all; one that is there stays. */
function copy(source: string, target: string): void {
  if (existsSync(target)) return;
  if (statSync(source).isDirectory()) writeFolder(target, (scratch) => cpSync(source, scratch, { recursive: true }));
  else writeWhole(target, readFileSync(source));
}
