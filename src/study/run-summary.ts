/** A stored run as analysis, tables and the report see it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSummary } from '../analysis/run-summary.js';
import { loraScale } from '../core/settings.js';
import type { TrainingIdentity } from './identity.js';
import { STUDY_FILES, studyOf, TRAINING_FILES } from './layout.js';
import { readProbe } from './probe-store.js';
import { runFolderName } from './run-spec.js';
import type { StoredRun } from './run-store.js';

/** What analysis needs to know of a run. */
export function runSummary(run: StoredRun): RunSummary {
  const { folder, spec, status } = run;
  const { dataset, book, level, rank, items, seed, training, text } = spec.identity;
  const result = run.status === 'done' ? run.result : null;
  const trained = run.training?.result ?? null;
  const heldOut = trained?.heldOut ?? null;
  const lora = training?.settings.lora;
  return {
    id: runFolderName(spec),
    ...{ dataset, book, level, rank, items, seed, status, alpha: lora?.alpha ?? 0 },
    ...(text?.form !== undefined && { form: text.form }),
    ...(text?.control !== undefined && { control: text.control }),
    scale: lora === undefined ? 0 : loraScale(lora),
    error: run.status === 'failed' ? run.error.message : null,
    parameters: rank === 0 ? 0 : (trained?.parameters ?? null),
    ...(training !== null && { training: changeable(training.settings) }),
    ...(trained !== null && { trainedTokens: trained.tokens }),
    ...costOf(folder, result?.probe),
    answerLimit: spec.identity.answering.generation.maxNewTokens,
    steps: trained?.steps ?? null,
    firstLoss: trained?.firstLoss ?? null,
    lastLoss: trained?.lastLoss ?? null,
    ...(heldOut !== null && { heldOut }),
    seconds: result === null ? null : result.seconds.training + result.seconds.asking + result.seconds.judging,
    adapterPath: result === null ? null : adapterOf(folder, result.training),
  };
}

/** What the adapter costs the base, where it was measured. */
function costOf(folder: string, probe: string | undefined): Pick<RunSummary, 'cost'> {
  if (probe === undefined) return {};
  const [asTrained, ...others] = readProbe(studyOf(folder), probe).points;
  if (asTrained === undefined) return {};
  const { generalRise, divergence, recall, reading } = asTrained;
  return { cost: { generalRise, divergence, recall, reading, variants: [asTrained, ...others] } };
}

function changeable({ epochs, maxSteps, batchTokens, learningRate }: TrainingIdentity['settings']) {
  return { epochs, ...(maxSteps !== undefined && { maxSteps }), batchTokens, learningRate };
}

function adapterOf(folder: string, training: string | null): string | null {
  if (training === null) return null;
  const path = join(studyOf(folder), STUDY_FILES.trainings, training, TRAINING_FILES.adapter);
  return existsSync(path) ? path : null;
}
