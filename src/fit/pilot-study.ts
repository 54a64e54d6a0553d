/** Pilots and the final training as ordinary studies: what a fit asks for, in the words of a study file. */
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import type { DeviceChoice } from '../engine/devices.js';
import { studyConfig } from '../study/config-file.js';
import type { StudyConfig, StudyInput } from '../study/config.js';
import { textBatchTokens } from '../study/starter.js';
import { formInput, type Candidate } from './candidate.js';

/** What all studies of a fit have in common. */
export interface StudySettings {
  readonly model: string;
  /** Items with questions, as JSON lines. */
  readonly file: string;
  /** Documents that are not trained on: an adapter of theirs shows what the form alone gives; 0 for none. */
  readonly kept: number;
  /** Levels that the items do not bring, to be made of their originals. */
  readonly made: readonly Level[];
  /** Who writes questions and rewrites that are trained on. */
  readonly by: 'rules' | 'model';
  /** Whom texts, questions and rewrites are asked of, as a study file says it. */
  readonly compress: StudyInput['compress'];
  readonly wordings: number;
  readonly seed: number;
  readonly device: DeviceChoice;
  /** Runs side by side, and threads of each; default as in any study. */
  readonly workers?: number;
  readonly threads?: number;
}

/** Candidates that are shown every fact so many times. */
export interface Trial {
  readonly exposures: number;
  readonly candidates: readonly Candidate[];
}

/** What the studies of a fit rest on beside its settings. */
export interface StudyContext {
  /** Documents that are trained on. */
  readonly items: readonly Item[];
  /** How many learning rates are tried. */
  readonly rates: number;
}

/** The data set's name in all studies of a fit. */
export const DATASET = 'documents';

/** Answers are short; a long one is a wrong one. */
const ANSWER_TOKENS = 24;
/** Tokens of general text that pilots are probed on: enough to tell what ruins the base. */
const PILOT_PROBE = { generalTokens: 1024, sweep: 'none' } as const;

/** The study of all rungs so far, whose runs are kept; candidates in the order in which they are to be carried out. */
export function pilotStudy(
  settings: StudySettings,
  trials: readonly Trial[],
  { items, rates }: StudyContext,
): StudyConfig {
  const parts = trials.flatMap(({ exposures, candidates }) =>
    candidates.map((candidate) => partOf(settings, candidate, { exposures, items, rates, controls: false })),
  );
  return config(settings, { name: 'pilots', grid: parts, probe: PILOT_PROBE });
}

/** The study of the chosen candidate alone, measured in full, with an adapter of the documents kept apart where there are any. */
export function finalStudy(
  settings: StudySettings,
  { exposures, candidate }: { readonly exposures: number; readonly candidate: Candidate },
  { items, rates }: StudyContext,
): StudyConfig {
  const part = partOf(settings, candidate, { exposures, items, rates, controls: settings.kept > 0 });
  return config(settings, { name: 'fit', grid: [part], probe: { sweep: 'all' } });
}

function config(settings: StudySettings, own: Pick<StudyInput, 'name' | 'grid' | 'probe'>): StudyConfig {
  const { model, file, kept, made, compress, device, workers, threads } = settings;
  return studyConfig({
    ...{ ...own, model, device, compress },
    datasets: { [DATASET]: { file, testItems: kept } },
    texts: Object.fromEntries(made.map((level) => [level, {}])),
    train: { schedule: 'linear' },
    evaluate: { judges: ['lexical'], maxNewTokens: ANSWER_TOKENS },
    executor: {
      kind: 'pool',
      ...(workers !== undefined && { workers }),
      ...(threads !== undefined && { threads }),
    },
  });
}

interface PartOptions extends StudyContext {
  readonly exposures: number;
  readonly controls: boolean;
}

function partOf(
  { by, wordings, seed }: StudySettings,
  candidate: Candidate,
  { exposures, items, rates, controls }: PartOptions,
): StudyInput['grid'][number] {
  return {
    ...{ dataset: DATASET, book: 'text', levels: [candidate.level], ranks: [candidate.rank] },
    forms: [formInput(candidate, rates)],
    ...{ exposures, by, wordings, controls, seeds: [seed] },
    train: { learningRate: candidate.rate, batchTokens: textBatchTokens(items, exposures) },
  };
}
