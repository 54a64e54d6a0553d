/** The trackers that settings name; those that are not named are not loaded. */
import { mlflowAddress, mlflowExperiment } from '../../trackers/mlflow/address.js';
import type { Tracker } from '../../trackers/tracker.js';
import type { TrackConfig } from '../track-config.js';

export interface OpenTrackersOptions {
  /** Name of the study. */
  readonly study: string;
  /** Longest wait for one answer of a server. */
  readonly answerMs: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Opens them, without asking anything of a server. Throws UserError where an address is missing or cannot be one. */
export async function openTrackers(
  { tensorboard: folder, mlflow }: TrackConfig,
  { study, answerMs, env = process.env }: OpenTrackersOptions,
): Promise<Tracker[]> {
  const trackers: Tracker[] = [];
  if (folder !== undefined) {
    const { tensorboard } = await import('../../trackers/tensorboard/tensorboard.js');
    trackers.push(tensorboard(folder));
  }
  if (mlflow !== undefined) {
    const address = mlflowAddress(mlflow.uri, env);
    const { MlflowClient } = await import('../../trackers/mlflow/client.js');
    const { MlflowTracker } = await import('../../trackers/mlflow/mlflow.js');
    const experiment = mlflowExperiment(mlflow.experiment, study, env);
    trackers.push(new MlflowTracker(new MlflowClient(address, env, answerMs), experiment));
  }
  return trackers;
}
